"""Tests of `workflow.retire`: an application ends, over a tenant that really provisions."""

import copy
import json
from dataclasses import replace

import pytest
from retired_tenant import (
    NAME,
    Ending,
    Owner,
    accounts,
    applied,
    minutes,
    provisioned,
    routed,
    spec_of,
    tenant_with,
    write_spec,
)
from tenant_fixture import NOON, changes, mapping

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.graph.execution.lock import LockOptions
from scimconf.monitoring.accounts import Account, AccountRecord, AccountState
from scimconf.monitoring.history import HistoryEntry, RunContext
from scimconf.monitoring.retirement import RetirementStage
from scimconf.plan import ApplyStatus
from scimconf.sandbox.target import start_target
from scimconf.workflow.history import begin_command, history_entries
from scimconf.workflow.history_entry import OpenHistory
from scimconf.workflow.history_folder import FolderStore
from scimconf.workflow.retire import RetireStatus
from scimconf.workflow.retired import with_retired
from scimconf.workflow.retirement_record import FILE, find_record, write_record
from scimconf.workflow.retirement_state import RetirementReading, read_retirement
from scimconf.workflow.shutdown import delete_application
from scimconf.workflow.targets import NoApplicationError
from scimconf.workflow.validate import validate

REFUSED = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "403", "detail": "owner of a team"}


class Prepared:
    """An application with users after its first cycle; each ending begins there."""

    def __init__(self, folder, target, users):
        tenant, self.names = tenant_with(users)
        self.file, self.target = write_spec(folder, spec_of(self.names)), target
        self.tenant = provisioned(applied(tenant, self.file), target)
        self.stored = copy.deepcopy(target._peer._storage.resources)

    def ending(self, folder):
        with self.target._peer._storage.lock:
            self.target._peer._storage.resources = copy.deepcopy(self.stored)
        return Ending(routed(self.tenant.copy(), self.target), self.file, folder / "history")

    def refuse(self, ending, name):
        """Let the application refuse every change of one user."""
        (user,) = [user for user in self.target.users() if user["userName"] == name]
        for method in ("PATCH", "DELETE", "PUT"):
            fault = {"status": 403, "body": REFUSED}
            ending.tenant.fault(fault, method=method, path=f"*/Users/{user['id']}", times=0)

    @property
    def active(self):
        return [user["userName"] for user in self.target.users() if user["active"]]


@pytest.fixture(scope="module")
def target():
    with start_target("tolerant", token="sandbox") as running:  # noqa: S106
        yield running


@pytest.fixture(scope="module")
def small(tmp_path_factory, target):
    return Prepared(tmp_path_factory.mktemp("small"), target, 3)


@pytest.fixture
def ending(small, tmp_path):
    return small.ending(tmp_path)


def setting(ending, key, value):
    """Store a setting of the portal."""
    pairs = [{"key": key, "value": value} for key, value in {**ending.tenant.saved(NAME), key: value}.items()]
    pairs = [pair | ({"value": "sandbox"} if pair["key"] == "SecretToken" else {}) for pair in pairs]
    ending.tenant.request("PUT", f"{ending.tenant.sync(NAME)}/secrets", {"value": pairs})
    ending.tenant.forget()


def job_document(ending, **status):
    (job,) = ending.tenant.service.tenant.documents.all("job")
    ending.tenant.service.tenant.documents.put("job", job["id"], job | {"status": job["status"] | status})


# --- the whole ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_of_twenty_accounts_that_cannot_be_closed_is_listed_and_the_next_run_ends_the_retirement(tmp_path, target):
    many = Prepared(tmp_path, target, 20)
    ending, name = many.ending(tmp_path), many.names[3]
    many.refuse(ending, name)
    result = ending(deletes_application=True)
    assert result.status is RetireStatus.ACCOUNTS_REMAIN
    [account] = result.retirement.open_accounts
    assert (account.name, account.state, many.active) == (name, AccountState.FAILED, [name])
    assert "owner of a team" in account.reason
    assert "--confirmed" in account.action
    assert (ending.tenant.saved(NAME)["SecretToken"], result.retirement.is_on) == ("*", True)
    assert ending.tenant.principal(NAME)
    ending.tenant.forget()
    again = ending(deletes_application=True)
    assert (again.status, again.is_deleted, many.active) == (RetireStatus.RETIRED, True, [])
    assert "failed accounts are tried again" in ending.person.messages[-1]


def test_an_application_ends_and_a_second_run_has_nothing_to_do(ending, small):
    result = ending()
    assert (result.status, result.is_deleted) == (RetireStatus.RETIRED, False)
    assert (set(accounts(result).values()), small.active) == ({"closed"}, [])
    assert ending.tenant.assigned(NAME) == {}
    assert "SecretToken" not in ending.tenant.saved(NAME)
    assert result.retirement.stage is RetirementStage.RETIRED
    end, start = history_entries(FolderStore(str(ending.history)), "expenses")
    assert (end.command, end.status, start.status, len(start.changes)) == ("retire", "retired", "applied", 3)
    folder = ending.history / "expenses" / end.time
    names = {file.name for file in folder.iterdir()}
    assert {FILE, "schema.json", "assignments.json", "secrets.json", "jobs.json"} <= names
    assert json.loads((folder / FILE).read_text())["ended"] is True
    ending.tenant.forget()
    assert ending().status is RetireStatus.RETIRED
    assert ending.tenant.writes == []


def test_showing_writes_nothing(ending):
    result = ending(shows_only=True, allow=())
    [(retirement, planned)] = ending.person.shown
    assert (result.status, retirement.stage, retirement.users) == (
        RetireStatus.REFUSED,
        RetirementStage.ASSIGNMENTS,
        3,
    )
    assert len(planned.plan.changes) == 3
    assert "all-assignments-removed" in result.error
    assert (ending.tenant.writes, ending.history.exists()) == ([], False)


def test_a_retirement_that_is_not_approved_writes_nothing(ending):
    ending.person.yes = False
    assert ending().status is RetireStatus.DECLINED
    assert ending.tenant.writes == []


def test_guards_block_as_those_of_a_plan(ending):
    result = ending(allow=())
    assert (result.status, ending.tenant.writes) == (RetireStatus.REFUSED, [])
    assert "--allow all-assignments-removed" in result.hint


def test_another_tenant_is_refused(ending, tmp_path):
    ending.file = write_spec(tmp_path, spec_of([], tenant="fabrikam.com"))
    result = ending(allow=())
    assert "tenant-mismatch" in result.error


def test_a_scope_of_everybody_and_a_job_that_is_off_are_in_the_plan(ending):
    setting(ending, "SyncAll", "true")
    ending.tenant.request("POST", f"{ending.tenant.job(NAME)}/pause")
    ending(shows_only=True)
    [(retirement, planned)] = ending.person.shown
    assert {"~ schedule", "~ settings"} < set(changes(planned))
    assert "the scope is `all`" in retirement.unknown


def test_the_lock_of_another_run_stops_it_before_its_first_write(ending):
    other = f"/servicePrincipals/{ending.tenant.principal(NAME)['id']}"
    ending.tenant.request("PATCH", other, {"tags": ["scimconf-lock:2026-11-25T13:00:00Z aaaaaaaa pipeline 7"]})
    ending.tenant.forget()
    result = ending(locking=locking("me"))
    assert (result.status, result.report.status) == (RetireStatus.INCOMPLETE, ApplyStatus.LOCKED)
    assert ending.tenant.writes == []


@pytest.mark.parametrize(("day", "codes"), [("2026-11-20", []), ("2030-01-01", ["K009"])])
def test_the_date_of_the_end_is_not_in_the_future_and_expired_exemptions_do_not_matter(small, tmp_path, day, codes):
    exemptions = [{"guard": "mass-removal", "until": "2026-01-01", "reason": "old"}]
    file = write_spec(tmp_path, spec_of([], retired=day, guard_exemptions=exemptions))
    found = [error.code for error in validate(small.tenant.load(file), NOON.date()) if error.is_error]
    assert found == codes


@pytest.mark.slow
def test_another_tenant_is_refused_also_when_nobody_is_assigned_any_more(ending, tmp_path):
    ending.cycles = False
    ending(wait=minutes(0))
    ending.file = write_spec(tmp_path, spec_of([], tenant="fabrikam.com"))
    ending.tenant.forget()
    result = ending(allow=())
    assert ("tenant-mismatch" in result.error, ending.tenant.writes) == (True, [])


def test_an_interrupt_ends_the_wait(ending):
    ending.person.interrupt = lambda: bool(ending.tenant.made)
    result = ending()
    assert result.status in (RetireStatus.INTERRUPTED, RetireStatus.INCOMPLETE)
    ending.person = Owner()
    assert ending().status is RetireStatus.RETIRED


def test_a_refused_token_after_the_first_writes_leaves_the_run_incomplete(ending, small):
    small.refuse(ending, small.names[0])
    ending()
    ending.tenant.fault({"status": 400, "body": {}}, method="POST", path="*/validateCredentials", times=0)
    with pytest.raises(ScimconfError, match="refuses the stored credentials"):
        ending()


# --- what prevents it -----------------------------------------------------------------------------------------------


def test_the_setting_that_leaves_leavers_alone_is_refused(ending):
    setting(ending, "SkipOutOfScopeDeletions", "true")
    result = ending()
    assert (result.status, ending.tenant.writes) == (RetireStatus.REFUSED, [])
    assert "skip_out_of_scope_deletions" in result.error


def test_a_quarantine_is_refused(ending):
    quarantine = {"reason": "EncounteredQuarantineException", "seriesBegan": "2026-11-24T10:00:00Z"}
    job_document(ending, code="Quarantine", quarantine=quarantine)
    result = ending()
    assert (result.status, ending.tenant.writes) == (RetireStatus.QUARANTINED, [])
    assert "nobody can be disabled" in result.error


def test_a_confirmed_name_that_is_unknown_is_refused(ending):
    result = ending(confirmed=("nobody@contoso.com",))
    assert (result.status, ending.tenant.writes) == (RetireStatus.REFUSED, [])


def test_an_application_that_does_not_exist(ending, tmp_path):
    ending.file = write_spec(tmp_path, spec_of([], application={"display_name": "Nope"}))
    with pytest.raises(NoApplicationError):
        ending()


# --- accounts -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_without_a_cycle_the_accounts_remain_and_a_later_run_continues(ending, small):
    ending.cycles = False
    result = ending(wait=minutes(0))
    assert (result.status, set(accounts(result).values())) == (RetireStatus.ACCOUNTS_REMAIN, {"not proven"})
    assert "no cycle of" in ending.person.messages[0]
    ending.cycles = True
    assert ending().status is RetireStatus.RETIRED
    assert small.active == []


def test_held_back_deletions_are_released_only_if_that_is_approved(ending, small):
    stored = json.dumps({"DeleteThresholdEnabled": True, "DeleteThresholdValue": 2})
    setting(ending, "SyncNotificationSettings", stored)
    ending.person.releases = False
    result = ending()
    assert (result.status, set(accounts(result).values())) == (RetireStatus.ACCOUNTS_REMAIN, {"held back"})
    assert ending.person.shown[0][0].exceeds_threshold
    assert len(small.active) == 3
    ending.person.releases = True
    assert ending().status is RetireStatus.RETIRED
    assert (small.active, ending.person.messages[-1]) == ([], "3 deletions are released.")
    commands = [entry.command for entry in history_entries(FolderStore(str(ending.history)), "expenses")]
    assert commands == ["retire", "allow-deletions --expect 3", "apply"]


def test_an_account_that_a_person_looked_up_does_not_prevent_the_end(ending, small):
    small.refuse(ending, small.names[0])
    assert ending().status is RetireStatus.ACCOUNTS_REMAIN
    result = ending(confirmed=(small.names[0].upper(),))
    assert (result.status, accounts(result)[small.names[0]]) == (RetireStatus.RETIRED, "confirmed")


@pytest.mark.slow
def test_a_scope_of_everybody_is_narrowed_and_unknown_accounts_have_to_be_accepted(ending, small):
    setting(ending, "SyncAll", "true")
    result = ending()
    assert (result.status, result.retirement.scope) == (RetireStatus.ACCOUNTS_REMAIN, "assigned")
    assert "does not know everybody" in result.retirement.unknown
    assert ending(accepts_unknown=True).status is RetireStatus.RETIRED
    assert small.active == []


@pytest.mark.slow
def test_members_of_an_assigned_group_are_among_the_accounts(ending, small):
    tenant = ending.tenant
    group = tenant.request(
        "POST",
        "/groups",
        {"displayName": "Team", "mailEnabled": False, "mailNickname": "team", "securityEnabled": True},
    )
    ada = tenant.request("GET", "/users/ada@contoso.com")["id"]
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{ada}"}
    tenant.request("POST", f"/groups/{group['id']}/members/$ref", reference)
    principal = tenant.principal(NAME)
    role = principal["appRoles"][0]["id"]
    body = {"principalId": group["id"], "resourceId": principal["id"], "appRoleId": role}
    tenant.request("POST", f"/servicePrincipals/{principal['id']}/appRoleAssignedTo", body)
    tenant.request("POST", "/_sandbox/cycle", {})
    assert "ada@contoso.com" in small.active
    result = ending()
    assert (result.status, accounts(result)["ada@contoso.com"], small.active) == (RetireStatus.RETIRED, "closed", [])


@pytest.mark.slow
def test_without_a_history_nobody_knows_who_was_assigned(ending):
    tenant = ending.tenant
    for row in tenant.state["appRoleAssignments"]:
        tenant.request("DELETE", f"/servicePrincipals/{row['resourceId']}/appRoleAssignedTo/{row['id']}")
    tenant.request("POST", "/_sandbox/cycle", {})
    result = ending()
    assert (result.status, set(accounts(result).values())) == (RetireStatus.ACCOUNTS_REMAIN, {"closed"})
    assert "no history entry" in result.retirement.unknown
    assert ending(accepts_unknown=True).status is RetireStatus.RETIRED


@pytest.mark.slow
def test_a_log_that_cannot_be_read_prevents_the_end(ending):
    ending.tenant.fault({"status": 403, "body": {}}, method="GET", path="*/auditLogs/provisioning*", times=0)
    result = ending()
    assert result.status is RetireStatus.ACCOUNTS_REMAIN
    assert result.retirement.log_problem


def test_members_that_cannot_be_read_may_have_accounts(ending):
    tenant = ending.tenant
    group = tenant.request("GET", "/groups")["value"][0]
    principal = tenant.principal(NAME)
    body = {"principalId": group["id"], "resourceId": principal["id"], "appRoleId": principal["appRoles"][0]["id"]}
    tenant.request("POST", f"/servicePrincipals/{principal['id']}/appRoleAssignedTo", body)
    tenant.fault({"status": 403, "body": {}}, method="GET", path="*/groups/*/members/*", times=0)
    ending(shows_only=True)
    assert "the members of" in ending.person.shown[0][0].unknown


# --- the job --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_job_that_is_off_is_started_so_that_the_users_are_disabled(ending, small):
    ending.tenant.request("POST", f"{ending.tenant.job(NAME)}/pause")
    result = ending()
    [(_, planned)] = ending.person.shown
    assert "~ schedule" in changes(planned)
    assert (result.status, small.active) == (RetireStatus.RETIRED, [])


@pytest.mark.slow
def test_an_application_that_was_never_started_has_no_accounts(tmp_path):
    tenant, names = tenant_with(2)
    spec = spec_of(names, provisioning={"enabled": False, "scope": "assigned"})
    ending = Ending(applied(tenant, write_spec(tmp_path, spec)), tmp_path / "scimconf.yaml", tmp_path / "history")
    result = ending(deletes_application=True)
    assert (result.status, result.is_deleted) == (RetireStatus.RETIRED, True)


def test_a_write_that_fails_ends_the_run_incomplete(ending):
    ending.tenant.fault({"status": 403, "body": {}}, method="DELETE", path="*/appRoleAssignedTo/*", times=0)
    result = ending()
    assert (result.status, result.report.status) == (RetireStatus.INCOMPLETE, ApplyStatus.PARTIALLY_APPLIED)
    ending.tenant.forget()
    assert ending().status is RetireStatus.RETIRED


@pytest.mark.slow
def test_secrets_that_cannot_be_deleted_leave_the_retirement_incomplete(ending):
    ending.tenant.fault({"status": 403, "body": {}}, method="PUT", path="*/secrets", times=0)
    result = ending()
    assert (result.status, result.report.status) == (RetireStatus.INCOMPLETE, ApplyStatus.PARTIALLY_APPLIED)
    ending.tenant.forget()
    assert ending(deletes_application=True).is_deleted


# --- the application itself -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_application_with_single_sign_on_is_not_deleted(ending):
    principal = ending.tenant.principal(NAME)["id"]
    ending.tenant.request("PATCH", f"/servicePrincipals/{principal}", {"preferredSingleSignOnMode": "saml"})
    result = ending(deletes_application=True)
    assert (result.status, result.is_deleted) == (RetireStatus.NOT_DELETED, False)
    assert "single sign-on uses it (mode saml)" in result.error


def test_deleting_the_application_is_a_yes_of_its_own_and_a_later_run_knows_it(ending):
    ending.person.deletes = False
    assert ending(deletes_application=True).status is RetireStatus.NOT_DELETED
    assert ending.tenant.principal(NAME)
    ending.person = Owner()
    assert ending(deletes_application=True).is_deleted
    again = ending()
    assert (again.status, again.retirement, again.is_deleted) == (RetireStatus.RETIRED, None, True)


def reading(ending, **fields):
    """Return the state as it is read, without doing anything."""
    spec = ending.tenant.load(ending.file).spec
    return ending.tenant.run(lambda session: read_retirement(session, spec, RetirementReading(NOON, **fields)))


def state(ending, **fields):
    return reading(ending, **fields).retirement


@pytest.mark.parametrize(
    ("properties", "sign_on"),
    [
        ({"preferredSingleSignOnMode": "oidc"}, "mode oidc"),
        ({"preferredSingleSignOnMode": "notSupported"}, ""),
        ({"replyUrls": ["https://expenses.example.com/auth"]}, "no mode, but 1 redirect URI"),
        ({"replyUrls": ["https://a.example.com", "https://b.example.com"]}, "no mode, but 2 redirect URIs"),
    ],
)
def test_an_application_through_which_users_may_sign_in_is_not_deleted(ending, properties, sign_on):
    documents = ending.tenant.service.tenant.documents
    (principal,) = [row for row in documents.all("servicePrincipal") if row["displayName"] == NAME]
    documents.put("servicePrincipal", principal["id"], principal | properties)
    assert state(ending).sign_on == sign_on


def deletion(ending):
    """Delete the application, without looking whether it may be deleted."""
    read = reading(ending)
    return lambda: delete(ending, read)


def delete(ending, read):
    history = OpenHistory(None, RunContext(), lambda: NOON)
    spec = ending.tenant.load(ending.file).spec
    ending.tenant.run(lambda session: delete_application(session, spec, read, history))


def test_the_deletion_of_an_application_that_another_tenant_owns_deletes_the_enterprise_application(ending):
    read = reading(ending)
    read = replace(read, retirement=replace(read.retirement, application_id=""))
    delete(ending, read)
    assert ending.tenant.made[-1] == f"DELETE /servicePrincipals/{read.retirement.principal}"


def test_a_deletion_that_is_refused_is_an_error_and_one_whose_answer_is_lost_is_looked_up(ending):
    attempt = deletion(ending)
    ending.tenant.fault({"status": 403, "body": {}}, method="DELETE", path="/applications/*")
    with pytest.raises(GraphError):
        attempt()
    ending.tenant.fault({"status": 404, "body": {}}, method="DELETE", path="/applications/*")
    with pytest.raises(GraphError) as missing:
        attempt()
    assert "may be deleted" in missing.value.hint
    ending.tenant.fault("drop", method="DELETE", path="/applications/*", when="after")
    attempt()
    assert all(row["displayName"] != NAME for row in ending.tenant.state["servicePrincipals"])


def test_what_a_state_says_about_a_log_sign_on_and_leavers(ending, small, tmp_path):
    ending.file = write_spec(
        tmp_path, spec_of([], preset="github-emu", application={"display_name": NAME, "single_sign_on": "saml"})
    )
    schema = ending.tenant.schema(NAME)
    users = mapping(schema)
    users["attributeMappings"] = [row for row in users["attributeMappings"] if row["targetAttributeName"] != "active"]
    ending.tenant.put_schema(schema, NAME)
    ending.tenant.fault({"status": 403, "body": {}}, method="GET", path="*/auditLogs/provisioning*", times=1)
    read = state(ending)
    assert "suspended at GitHub" in read.leavers.vendor
    assert (read.sign_on, read.leavers.closes, bool(read.log_problem)) == ("the spec requires saml", False, True)
    known = {"x": {"id": "x"}}
    assert state(ending, known=known, known_until=NOON).log_problem == ""


# --- the lock -------------------------------------------------------------------------------------------------------


def locking(holder):
    return LockOptions(holder=holder, run=holder.encode().hex()[:8].ljust(8, "0"), clock=lambda: NOON)


@pytest.mark.slow
def test_a_retirement_takes_the_lock_and_stops_if_another_run_has_it(ending):
    other = f"/servicePrincipals/{ending.tenant.principal(NAME)['id']}"
    ending.tenant.request("PATCH", other, {"tags": ["scimconf-lock:2026-11-25T13:00:00Z aaaaaaaa pipeline 7"]})
    result = ending(locking=locking("me"))
    assert (result.status, result.report.status) == (RetireStatus.INCOMPLETE, ApplyStatus.LOCKED)
    ending.tenant.request("PATCH", other, {"tags": []})
    assert ending(locking=locking("me")).status is RetireStatus.RETIRED


@pytest.mark.slow
def test_two_retirements_of_an_application_end_it_once(ending):
    """The second one begins when the first one has removed the assignments."""
    ending.cycles = False
    ending(wait=minutes(0))
    ending.cycles = True
    other = Ending(ending.tenant, ending.file, ending.history)
    assert {other().status, ending().status} == {RetireStatus.RETIRED}


# --- the spec -------------------------------------------------------------------------------------------------------


def test_the_plan_of_a_retired_spec_has_no_changes_and_says_if_it_is_provisioned(small, tmp_path):
    file = write_spec(tmp_path, spec_of(small.names[:1], retired="2026-11-20"))
    planned = small.tenant.copy().plan(file)
    assert (changes(planned), [warning.code for warning in planned.plan.warnings]) == ([], ["K008"])
    gone = write_spec(tmp_path, spec_of([], retired="2026-11-20", application={"display_name": "Nope"}))
    planned = small.tenant.copy().plan(gone)
    assert (changes(planned), planned.plan.warnings, planned.errors) == ([], (), ())


def test_a_retired_spec_for_another_tenant_is_blocked(small, tmp_path):
    file = write_spec(tmp_path, spec_of([], retired="2026-11-20", tenant="fabrikam.com"))
    assert small.tenant.copy().plan(file).tenant_mismatch is not None


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (
            "version: 1\nname: a\ntenant: contoso.com\n",
            "version: 1\nname: a\ntenant: contoso.com\nretired: 2026-11-30\n",
        ),
        ("version: 1\r\nname: a # x\r\n", "version: 1\r\nname: a # x\r\nretired: 2026-11-30\r\n"),
        ("version: 1\nname:\n  a\n", None),
        ("{version: 1, name: a, application: {display_name: A}, provisioning: {enabled: false}}", None),
        ("version: 1\nname: a\nretired: 2020-01-01\n", "version: 1\nname: a\nretired: 2020-01-01\n"),
    ],
)
def test_the_date_is_written_below_the_name(small, tmp_path, text, changed):
    rest = "" if text.startswith("{") else "application: {display_name: A}\nprovisioning: {enabled: false}\n"
    file = tmp_path / "scimconf.yaml"
    file.write_bytes((text + rest).encode())
    loaded = small.tenant.load(file)
    assert with_retired(loaded, text + rest, NOON.date().replace(day=30)) == (
        None if changed is None else changed + rest
    )


def test_a_record_that_cannot_be_read_is_none(tmp_path):
    begin_command(FolderStore(str(tmp_path)), HistoryEntry(application="expenses", time="20261130T120000.000000Z"))
    (tmp_path / "expenses" / "20261130T120000.000000Z" / FILE).write_text("{", "utf-8")
    assert find_record(FolderStore(str(tmp_path)), "expenses") is None


def test_the_record_of_an_application_that_is_used_again_does_not_count(tmp_path):
    store = FolderStore(str(tmp_path))
    for day, has_ended in ((1, True), (2, None), (3, False), (4, None)):
        stored = HistoryEntry(application="expenses", time=f"2026110{day}T120000.000000Z")
        begin_command(store, stored)
        if has_ended is not None:
            account = Account(f"user{day}", "ada", AccountState.CLOSED)
            write_record(store, stored, AccountRecord({account.id: account}, NOON, is_ended=has_ended))
    record = find_record(FolderStore(str(tmp_path)), "expenses")
    assert (list(record.accounts), record.is_ended) == (["user3"], False)
