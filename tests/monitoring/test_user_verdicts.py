"""Tests of the verdict about a user: which fact decides, in a table of facts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scimconf.impact.user_scope import FailedClause, UserScope, ValueProblem
from scimconf.monitoring.job_status import job_status
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.monitoring.user_history import event_text
from scimconf.monitoring.why import Presence, UserFacts, verdict
from scimconf.monitoring.why_checks import explain, redacted_facts

YES, NO, UNKNOWN = Presence.YES, Presence.NO, Presence.UNKNOWN
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=400)
ASSIGNED = UserScope(assigned=True, routes=("directly",), roles=("agent",))
NOBODY = UserScope(assigned=False)
WRITTEN = "created on 2026-11-25 11:00 UTC"


def job(is_on=True, interval="PT40M", **status):
    last = {"timeEnded": "2026-11-25T11:48:00Z"}
    steady = {"code": "Active", "steadyStateFirstAchievedTime": "2026-11-02T08:00:00Z", "lastExecution": last}
    schedule = {"state": "Active" if is_on else "Disabled", "interval": interval}
    return job_status({"id": "j", "templateId": "scim", "schedule": schedule, "status": steady | status}, NOW)


def event(action="create", status="success", code="", **fields):
    values = {"time": datetime(2026, 11, 25, 11, tzinfo=UTC), **fields}
    return LoggedEvent(
        change_id="1", cycle_id="1", action=action, status=status, kind="User", source_id="id-of-ada", source_name="ada",
        target_id="", code=code, **values,
    )  # fmt: skip


def facts(**known):
    values = {"is_enabled": True, "user_scope": ASSIGNED, "job": job(), "created": OLD, "assigned_since": OLD, **known}
    if "events" in known:
        values["events"] = tuple(known["events"])
    return UserFacts(user="ada@contoso.com", application="Desk", now=NOW, **values)


SKIPPED = event("create", "skipped", "NotEffectivelyEntitled")
CREATED, DISABLED, STAGED = event(), event("disable"), event("stageddelete")
FAILED = event("create", "failure", "EntryConflict")
UPDATE_FAILED, DISABLE_FAILED = event("update", "failure", "BadRequest"), event("disable", "failure", "Timeout")
LOST = event("update", "failure", "InvalidAnchor")
IN_SYNC = event("other", "skipped", "RedundantExport")
QUARANTINED = job(quarantine={"reason": "TooManyDeletes", "seriesBegan": "2026-11-24T10:00:00Z"})
RELEASED = replace(QUARANTINED, deletions_allowed=NOW)
PRUNED = job(is_on=False, escrowsPruned=True)
NEVER = job(is_on=False, code="NotRun", steadyStateFirstAchievedTime=None, lastExecution=None)
FIRST = job(code="NotRun", steadyStateFirstAchievedTime=None, lastExecution=None)
AGAIN = job(code="NotRun")
REFUSED = job(
    lastExecution={"timeEnded": "2026-11-25T11:48:00Z", "state": "Failed", "error": {"code": "InvalidCredentials"}}
)
LATE = job(lastExecution={"timeEnded": "2026-11-25T04:00:00Z"})
NO_INTERVAL = job(interval="")
NEW = NOW - timedelta(days=2)
SILENT = UserScope(assigned=None, assignment_gap="assignments could not be read")
OPEN_FILTER = replace(ASSIGNED, passes=None, filter_gap="manager equals: filters do not support this attribute")
CLAUSE = FailedClause("Lab", 'department equals "Lab"', "Sales")
FILTERED = replace(ASSIGNED, passes=False, failed=(CLAUSE,))


@pytest.mark.parametrize(
    ("known", "provisioning", "words"),
    [
        # the application has the user
        ({"events": [CREATED]}, YES, WRITTEN),
        ({"events": [event(time=None)]}, YES, "the application has the user"),
        ({"events": [IN_SYNC]}, YES, "the application has the user"),
        ({"events": [event("other")]}, YES, "processed on"),
        ({"events": [UPDATE_FAILED, CREATED]}, YES, "but updating the user failed"),
        ({"events": [CREATED], "job": job(is_on=False)}, YES, f"{WRITTEN}, but provisioning is paused"),
        ({"events": [CREATED], "job": PRUNED}, YES, "but provisioning is off: its first cycle had too many failures"),
        ({"events": [CREATED], "job": None}, YES, "but provisioning was removed"),
        ({"events": [CREATED], "job": None, "problems_of_reads": (("job", "denied"),)}, YES, WRITTEN),
        ({"events": [CREATED], "problems": (ValueProblem("t", "t fails"),)}, YES, WRITTEN),
        # and is to lose it
        ({"events": [CREATED], "user_scope": NOBODY}, YES, "the next cycle disables the user"),
        ({"events": [CREATED], "user_scope": NOBODY, "leavers": ""}, YES, "no mapping disables the user"),
        ({"events": [CREATED], "user_scope": NOBODY, "keeps_leavers": True}, YES, "does not change users who leave"),
        ({"events": [CREATED], "is_enabled": False, "keeps_leavers": True}, YES, "disables the user"),
        ({"events": [CREATED], "deleted": "2026-11-20", "keeps_leavers": True}, YES, "disables the user"),
        ({"events": [STAGED], "user_scope": NOBODY}, YES, "so this was held back"),
        ({"events": [STAGED], "user_scope": NOBODY, "job": None}, YES, "so this was held back"),
        ({"events": [STAGED], "user_scope": NOBODY, "job": RELEASED}, YES, "12:00 UTC: the next cycle disables the user"),
        ({"events": [DISABLE_FAILED], "user_scope": NOBODY}, YES, "disabling the user failed: the application or the"),
        ({"events": [CREATED], "user_scope": NOBODY, "job": QUARANTINED}, YES, "the user stays active, because"),
        # the application had the user
        ({"events": [DISABLED], "user_scope": NOBODY}, NO, "disabled in the application on 2026-11-25 11:00 UTC: not"),
        ({"events": [event("delete", time=None)], "deleted": ""}, NO, "deleted in the application: the user was deleted"),
        ({"events": [event("disable", "skipped", "RedundantExport")]}, NO, "in scope again"),
        ({"events": [FAILED, DISABLED]}, NO, "and creating the user failed: the application has another"),
        ({"events": [DISABLED], "job": job(is_on=False)}, NO, "and provisioning is paused"),
        ({"events": [LOST, CREATED]}, NO, "the user was deleted in the application"),
        ({"events": [LOST], "user_scope": NOBODY}, NO, "the user was deleted in the application, and not assigned"),
        # why the user was never there
        ({"deleted": "2026-11-20"}, NO, "the user was deleted in Entra on 2026-11-20"),
        ({"is_enabled": False}, NO, "the account is disabled in Entra"),
        ({"is_enabled": False, "user_scope": NOBODY}, NO, "the account is disabled in Entra, and not assigned"),
        ({"user_scope": NOBODY}, NO, "not assigned to the application"),
        ({"user_scope": NOBODY, "nested": (("Staff", "Core"),)}, NO, "only in the group Core inside Staff"),
        ({"user_scope": NOBODY, "nested": (("Staff",),)}, NO, "only in a group inside Staff"),
        ({"is_mapped": False}, NO, "the mapping of users is switched off"),
        ({"user_scope": FILTERED}, NO, 'department equals "Lab", and the user has "Sales" (filter "Lab")'),
        ({"user_scope": replace(FILTERED, failed=(FailedClause("", "x is null", None),))}, NO, "the user has no value"),
        ({"user_scope": replace(FILTERED, failed=())}, NO, "the scoping filters leave the user out"),
        ({"events": [FAILED]}, NO, "creating the user failed: the application has another object"),
        ({"events": [event(status="failure", code="New", reason="odd. This operation was retried 1 times.")]}, NO, "odd"),
        ({"events": [event(status="failure", code="New")]}, NO, "the service wrote no reason"),
        ({"events": [event(status="failure", code="X", reason="StatusCode: Conflict")]}, NO, "must be unique"),
        ({"problems": (ValueProblem("t", "t fails", "two roles"),)}, NO, "t fails (two roles)"),
        ({"problems": (ValueProblem("t", "t fails"),)}, NO, "t fails"),
        ({"creates": False}, NO, "creating users is switched off"),
        ({"job": None}, NO, "no provisioning job"),
        ({"job": NEVER}, NO, "provisioning is off, no cycle has ended"),
        ({"job": FIRST}, NO, "the first cycle has not ended"),
        ({"job": RELEASED, "created": NEW}, UNKNOWN, "in quarantine until the next cycle, which carries out"),
        ({"job": replace(REFUSED, restarted=NOW), "created": NEW}, UNKNOWN, "no cycle has ended since provisioning"),
        ({"job": AGAIN, "created": NEW}, UNKNOWN, "no cycle has ended since provisioning was started"),
        ({"job": REFUSED, "created": NEW}, UNKNOWN, "the last cycle failed: the application refused the credentials"),
        ({"job": job(quarantine={"reason": "Unknown"}, steadyStateFirstAchievedTime=None)}, NO, "in quarantine: the"),
        ({"events": [SKIPPED]}, NO, "in scope now, so the next cycle creates"),
        ({"events": [SKIPPED], "job": job(is_on=False)}, NO, "provisioning is paused"),
        ({"job": job(is_on=False), "created": NEW}, UNKNOWN, "no entry about the user"),
        ({"job": job(is_on=False, lastExecution=None), "created": NEW}, NO, "provisioning is paused"),
        ({"job": job(is_on=False), "created": NOW}, NO, "provisioning is paused"),
        ({"job": LATE, "assigned_since": NEW}, NO, "no cycle has ended for 8 h"),
        ({"job": NO_INTERVAL, "assigned_since": NEW}, NO, "has not processed the user yet"),
        ({"assigned_since": NEW}, NO, "has not processed the user yet"),
        # what nothing shows
        ({"assigned_since": NOW - timedelta(minutes=3)}, UNKNOWN, "in scope since 3 min, and not in the log yet (next"),
        ({"assigned_since": NOW, "job": NO_INTERVAL}, UNKNOWN, "and not in the log yet"),
        ({}, UNKNOWN, "in scope, and the provisioning log has no entry"),
        ({"created": None, "assigned_since": None}, UNKNOWN, "in scope, and the provisioning log has no entry"),
        ({"job": job(is_on=False)}, UNKNOWN, "provisioning is paused; the provisioning log has no entry"),
        ({"job": job(is_on=False), "created": None, "assigned_since": None}, UNKNOWN, "provisioning is paused; the"),
        ({"job": None, "problems_of_reads": (("job", "denied"),)}, UNKNOWN, "the provisioning job cannot be read"),
        ({"problems_of_reads": (("log", "denied"),)}, UNKNOWN, "the provisioning log cannot be read"),
        ({"problems_of_reads": (("mappings", "denied"),)}, UNKNOWN, "the attribute mappings cannot be read"),
        ({"user_scope": SILENT}, UNKNOWN, "assignments could not be read"),
        ({"user_scope": SILENT, "problems_of_reads": (("assignment", "x"),)}, UNKNOWN, "assignments could not be read"),
        ({"user_scope": NOBODY, "scope": None}, UNKNOWN, "whether only assigned users are in scope is not known"),
        ({"user_scope": SILENT, "scope": "all"}, UNKNOWN, "in scope, and the provisioning log has no entry"),
        ({"user_scope": OPEN_FILTER}, UNKNOWN, "whether the user passes the scoping filters is not known"),
        ({"events": [event(status="warning")]}, UNKNOWN, "in scope, and the provisioning log has no entry"),
    ],
)  # fmt: skip
def test_verdicts(known, provisioning, words):
    result = verdict(facts(**known))
    assert result.provisioning is provisioning, result
    assert words in result.sentence, result


@pytest.mark.parametrize(("known", "command"), [(NEVER, "scimconf apply PATH"), (job(is_on=False), "scimconf resume")])
def test_the_action_for_a_job_that_is_off_is_a_command_that_is_not_refused(known, command):
    """The first start belongs to apply."""
    assert command in verdict(facts(job=known, created=NEW)).action


def test_an_action_names_some_of_the_assigned_groups():
    result = verdict(facts(user_scope=NOBODY, assigned_groups=tuple("dcba")))
    assert result.action.endswith("an assigned group, for example a, b, c and 1 more.")


@pytest.mark.parametrize(
    ("known", "concerned"),
    [
        ({}, True),
        ({"user_scope": NOBODY}, False),
        ({"user_scope": NOBODY, "events": [SKIPPED]}, False),
        ({"user_scope": NOBODY, "events": [DISABLED]}, True),
        ({"user_scope": NOBODY, "nested": (("Staff",),)}, True),
        ({"user_scope": NOBODY, "scope": "all"}, True),
        ({"deleted": "2026-11-20"}, False),
        ({"deleted": "2026-11-20", "events": [CREATED]}, True),
    ],
)
def test_which_applications_concern_a_user(known, concerned):
    assert facts(**known).is_concerned is concerned


TAKEN = "the application has another object with a value that must be unique"
AGAIN = NOW + timedelta(hours=6)


@pytest.mark.parametrize(
    ("logged", "text"),
    [
        (CREATED, "created 60 min ago"),
        (event(time=None), "created at an unknown time"),
        (STAGED, "the deletion was held back 60 min ago, because too many users would have been deleted at once"),
        (IN_SYNC, "checked 60 min ago: the application has these values already"),
        (
            event("create", "failure", "EntryConflict", attribute="userName", next_attempt=AGAIN),
            f"creating the user failed 60 min ago (EntryConflict: userName): {TAKEN}; the service tries again in 6 h",
        ),
        (event("create", "skipped", "New"), "skipped 60 min ago (New): the service wrote no reason"),
        (event("update", "warning"), "updating ended with a warning 60 min ago: the service wrote no reason"),
    ],
)
def test_events_in_words(logged, text):
    assert event_text(logged, NOW) == text


@pytest.mark.parametrize(
    ("known", "label", "text"),
    [
        ({}, "account", "enabled"),
        ({"is_guest": True, "is_enabled": None}, "account", "a guest, its state could not be read; grant User.Read.All"),
        ({"deleted": ""}, "account", "deleted; deleted users can be restored for 30 days"),
        ({"deleted": "2026-11-20"}, "account", "deleted on 2026-11-20; deleted users can be restored for 30 days"),
        ({}, "assignment", "directly"),
        ({"user_scope": NOBODY}, "assignment", "none, neither directly nor through a group"),
        ({"user_scope": NOBODY, "scope": "all"}, "assignment", "not needed: all users of the tenant are in scope"),
        ({"user_scope": SILENT}, "assignment", "unknown: assignments could not be read"),
        ({"problems_of_reads": (("scope", "denied"),)}, "scope", "could not be read: denied"),
        ({"user_scope": NOBODY, "nested": (("A", "B"),)}, "inner groups", "A > B: only direct members of A are provisioned"),
        ({}, "role", "agent"),
        ({"user_scope": replace(ASSIGNED, roles=("a", "b"))}, "roles", "2: a, b"),
        ({"is_mapped": False}, "mapping", "the mapping of users is switched off"),
        ({"creates": False}, "mapping", "creating users is switched off; only users whom the application has are changed"),
        ({"user_scope": FILTERED}, "filter", 'department equals "Lab", and the user has "Sales" (filter "Lab")'),
        ({"user_scope": OPEN_FILTER}, "filter", "unknown: manager equals: filters do not support this attribute"),
        ({"problems": (ValueProblem("t", "t fails", "why"),)}, "value", "t fails (why)"),
        ({"problems": (ValueProblem("t", "t fails"),)}, "value", "t fails"),
        ({"job": None}, "job", "none"),
        ({"job": None, "problems_of_reads": (("job", "denied"),)}, "job", "could not be read: denied"),
        ({}, "job", "on: last cycle 12 min ago, next in 28 min"),
        ({"job": NEVER}, "job", "off, no cycle has ended"),
        ({"job": LATE}, "job", "on: last cycle 8 h ago, next due 7 h ago"),
        ({"job": QUARANTINED}, "job", "in quarantine: last cycle 12 min ago; TooManyDeletes"),
        ({"jobs": 2}, "job", "on: last cycle 12 min ago, next in 28 min; the application has 2 jobs, this is scim"),
        ({}, "log", "no entry about the user in 30 days"),
        ({"problems_of_reads": (("log", "denied"),)}, "log", "could not be read: denied"),
        ({"events": [CREATED]}, "log", "created 60 min ago"),
        ({"events": [event(status="failure", reason="Web Response: no")]}, "answer", "the application answered: no"),
    ],
)  # fmt: skip
def test_checks(known, label, text):
    assert dict(explain(facts(**known)).checks)[label] == text


@pytest.mark.parametrize(("default_access", "held"), [(True, "Default Access"), (False, "none")])
def test_no_role_in_an_application_with_roles(default_access, held):
    scope = replace(ASSIGNED, roles=(), default_access=default_access)
    assert "role" not in dict(explain(facts(user_scope=scope)).checks)
    assert dict(explain(facts(user_scope=scope, has_roles=True)).checks)["role"].startswith(f"{held}, although")


def test_redaction():
    failed = event(status="failure", code="New", reason="ada is taken")
    known = {"user_scope": FILTERED, "problems": (ValueProblem("t", "t fails", "ada"),), "events": [failed]}
    checks = dict(explain(redacted_facts(facts(**known), "user-1")).checks)
    assert checks["filter"] == 'department equals "Lab", and the user has "…" (filter "Lab")'
    assert checks["value"] == "t fails"
    assert "taken" not in checks["log"]


PAUSED = job(is_on=False)
HELD_BACK = job(quarantine={"reason": "TooManyDeletes", "seriesBegan": "2026-11-24T10:00:00Z"})
REFUSED = job(quarantine={"reason": "EncounteredQuarantineException", "seriesBegan": "2026-11-24T10:00:00Z"})
SMARTSHEET = "Smartsheet deletes an account for good when it becomes inactive"
AGAIN, AFTER = "When provisioning runs again, the next cycle ", "After a restart, the next cycle "
LEFT = {"events": [CREATED], "user_scope": NOBODY}


@pytest.mark.parametrize(
    ("known", "words"),
    [
        # who is out of scope, and whom the application has
        ({**LEFT, "job": PAUSED}, f"{AGAIN}disables the user in the application. "),
        ({**LEFT, "job": PAUSED, "vendor": SMARTSHEET}, f"{AGAIN}disables the user in the application ({SMARTSHEET}). "),
        ({**LEFT, "job": PAUSED, "leavers": "delete"}, f"{AGAIN}deletes the user in the application, which has no"),
        ({**LEFT, "job": PAUSED, "leavers": ""}, f"{AGAIN}does not disable the user either: no mapping does. "),
        ({**LEFT, "job": REFUSED}, f"{AGAIN}disables the user in the application. "),
        ({**LEFT, "events": [STAGED], "job": HELD_BACK}, f"{AGAIN}disables the user in the application, unless that"),
        ({**LEFT, "events": [DISABLED], "user_scope": FILTERED, "job": PAUSED}, None),
        ({"events": [CREATED], "deleted": "2026-11-20", "job": PAUSED}, f"{AGAIN}disables the user in the application. "),
        ({**LEFT, "events": [STAGED], "keeps_leavers": True, "job": HELD_BACK}, f"{AGAIN}does not change the user, because"),
        ({**LEFT, "events": [LOST]}, None),
        # who is in scope
        ({"job": PAUSED}, f"{AGAIN}creates the user in the application, or takes over an account that matches. "),
        ({"events": [CREATED], "job": PAUSED}, f"{AGAIN}keeps the user active, and sends what has changed. "),
        ({"events": [STAGED], "job": HELD_BACK}, f"{AGAIN}keeps the user active, and sends what has changed. "),
        ({"events": [DISABLED], "job": PAUSED}, f"{AGAIN}enables the user in the application. "),
        ({"job": LATE, "assigned_since": NEW}, f"{AFTER}creates the user in the application, or takes"),
        ({"events": [LOST]}, f"{AFTER}tries this user again. "),
        # of whom that is not known
        ({"events": [CREATED], "user_scope": OPEN_FILTER, "job": PAUSED}, "in scope: if not, it disables the user in the"),
        ({"events": [SKIPPED], "user_scope": OPEN_FILTER}, None),
        ({"events": [DISABLED], "user_scope": OPEN_FILTER, "job": PAUSED}, "in scope: if so, it creates or enables the"),
        ({"user_scope": replace(SILENT, passes=True), "scope": "all", "job": PAUSED}, f"{AGAIN}creates the user"),
        # and no command that lets a cycle run
        ({**LEFT}, None),
        ({"job": FIRST}, None),
    ],
)  # fmt: skip
def test_the_action_says_what_a_cycle_does_to_this_user_before_the_command(known, words):
    action = verdict(facts(**known)).action
    assert (words or "") in action, action
    assert ("the next cycle " in action and "`scimconf" in action or "must restart" in action) is (words is not None)


def test_the_vendor_is_named_before_the_cycle_too():
    assert verdict(facts(**LEFT, vendor=SMARTSHEET)).sentence.endswith(
        f"disables the user in the application ({SMARTSHEET})"
    )
