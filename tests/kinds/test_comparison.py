"""All kinds together: effects, the pause around danger, guards and permits, selection, notices, fingerprint."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scimconf.impact.estimates import guard_queries
from scimconf.kinds import KINDS
from scimconf.kinds.connection import needed_secrets
from scimconf.plan import Change, Effect, Resource, Tenant
from scimconf.plan.guards import GuardExemption
from scimconf.plan.impact import ImpactData
from scimconf.snapshot import Lookup, Principal, Snapshot
from scimconf.steps import Phase, Send
from scimconf.workflow.compilation import PlanOptions, check, documents
from scimconf.workflow.plan import PlannedApplication
from tests.kinds.cases import TODAY, compare, line, loaded_of, overlaid, planned, snapshot, spec_of

USER, ADMIN, MEMBER = (f"20000000-0000-4000-8000-00000000000{letter}" for letter in "abc")
ADA, BOB, CLEO = (f"10000000-0000-4000-8000-0000000000a{number}" for number in "123")
EDITORS = "10000000-0000-4000-8000-0000000000b1"
NEVER = {"code": "Paused", "lastExecution": None, "steadyStateFirstAchievedTime": "0001-01-01T00:00:00Z"}
OFF = {"jobs+": {"0/schedule/state": "Disabled"}}
NEW = {"jobs+": {"0/schedule/state": "Disabled", "0/status": NEVER}}
FILTER = "{name: x, all: [{attribute: department, operator: is_null}]}"
SCOPE = "synchronizationRules/0/objectMappings/0/scope"
FILTERED = {"schema+": {SCOPE: {"groups": [{"name": "old", "clauses": []}]}}}


def held(principal: str, role: str, kind: str = "User") -> dict[str, Any]:
    number = f"{principal[-2:]}-{role[-1]}"
    return {
        "id": number,
        "principalId": principal,
        "principalType": kind,
        "principalDisplayName": None,
        "appRoleId": role,
    }


def users(text: str) -> str:
    return f"mappings: {{users: {{{text}}}}}"


def secrets(**pairs: str) -> dict[str, Any]:
    return {"secrets": [{"key": key, "value": value} for key, value in pairs.items()]}


# --- what changes do to people -----------------------------------------------------------------------------------

EFFECTS: dict[str, tuple[str, dict[str, Any], str, str]] = {
    # name: spec, documents, effects of the one change on a live job, effects before the first start
    "a mapping is made": (users("attributes: {externalId: objectId}"), {}, "resync", ""),
    "a mapping is removed": (users("attributes: {title: {absent: true}}"), {}, "data_loss resync", ""),
    "a match is moved": (
        users("attributes: {userName: {source: userPrincipalName, match: 2}}"),
        {},
        "deprovisions provisions resync",
        "",
    ),
    "a match has another source": (
        users("attributes: {userName: {source: mail, match: 1}}"),
        {},
        "deprovisions provisions resync",
        "",
    ),
    "a match has another default": (
        users("attributes: {userName: {source: userPrincipalName, match: 1, default: x}}"),
        {},
        "resync",
        "",
    ),
    "groups come": ("mappings: {groups: {enabled: true}}", {}, "provisions resync", ""),
    "users go": (users("enabled: false"), {}, "deprovisions resync", ""),
    "an action more": (
        users("actions: [create, update, delete]"),
        {"schema+": {"synchronizationRules/0/objectMappings/0/flowTypes": "Update,Delete"}},
        "provisions resync",
        "",
    ),
    "deletion more": (
        users("actions: [create, delete]"),
        {"schema+": {"synchronizationRules/0/objectMappings/0/flowTypes": "Add"}},
        "deprovisions resync",
        "",
    ),
    "an action less": (users("actions: [create]"), {}, "deprovisions resync", ""),
    "a first filter": (users(f"filters: [{FILTER}]"), {}, "deprovisions resync", ""),
    "another filter": (users(f"filters: [{FILTER}]"), FILTERED, "deprovisions provisions resync", ""),
    "no filter any more": (users("filters: []"), FILTERED, "provisions resync", ""),
    "a definition is made": (users("target_attributes: {nickName: {}}"), {}, "", ""),
    "a definition is changed": (users("target_attributes: {title: {required: true}}"), {}, "resync", ""),
    "everyone is in scope": ("provisioning: {enabled: true, scope: all}", {}, "provisions resync", ""),
    "only who is assigned": (
        "provisioning: {enabled: true, scope: assigned}",
        secrets(SyncAll="true"),
        "deprovisions resync",
        "",
    ),
    "a scope that was not written": ("provisioning: {enabled: true, scope: assigned}", secrets(A="x"), "resync", ""),
    "everyone, where no scope was written": (
        "provisioning: {enabled: true, scope: all}",
        secrets(A="x"),
        "provisions resync",
        "",
    ),
    "deletions are skipped": ("provisioning: {enabled: true, skip_out_of_scope_deletions: true}", {}, "", ""),
    "deletions are not skipped any more": (
        "provisioning: {enabled: true, skip_out_of_scope_deletions: false}",
        secrets(SkipOutOfScopeDeletions="True"),
        "deprovisions",
        "",
    ),
    "another mail": ("provisioning: {enabled: true, notifications: {email: a@b.c}}", {}, "", ""),
    "another address": ("connection: {base_address: https://x.example}", secrets(A="x"), "credentials", "credentials"),
    "a role is made": ("app_roles: {roles: [{value: new}]}", {}, "", ""),
    "a role is called otherwise": (
        "app_roles: {roles: [{value: admin, display_name: A, description: Administers}]}",
        {},
        "resync",
        "",
    ),
    "a role is described otherwise": ("app_roles: {roles: [{value: admin, description: A}]}", {}, "", ""),
    "a role that nobody has goes": ("app_roles: {roles: [{value: admin, absent: true}]}", {}, "data_loss", "data_loss"),
    "a role that somebody has goes": (
        "app_roles: {roles: [{value: admin, absent: true}]}",
        {"assignments": [held(ADA, ADMIN)]},
        "data_loss deprovisions",
        "data_loss deprovisions",
    ),
    "somebody new": (
        "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: admin}]}",
        {},
        "provisions",
        "",
    ),
    "somebody gets another role": (
        "assignments: {unlisted: keep, users: [{user: ada@contoso.com, roles: [admin, member]}]}",
        {"assignments": [held(ADA, ADMIN)]},
        "resync",
        "",
    ),
    "somebody loses one of two roles": (
        "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: admin}]}",
        {"assignments": [held(ADA, ADMIN), held(ADA, MEMBER)]},
        "resync",
        "",
    ),
    "somebody loses the last role": (
        "assignments: {unlisted: keep, users: [{user: ada@contoso.com, absent: true}]}",
        {"assignments": [held(ADA, ADMIN)]},
        "deprovisions",
        "deprovisions",
    ),
}


def only_change(found: PlannedApplication) -> Change:
    (change,) = [one for one in found.plan.changes if one.kind != "schedule"]
    return change


@pytest.mark.parametrize(("text", "more", "live", "calm"), EFFECTS.values(), ids=EFFECTS)
def test_what_a_change_does_to_people(text, more, live, calm):
    """On a job that has run; before its first start only access and credentials are touched by anything."""
    assert " ".join(sorted(only_change(planned(text, **more)).effects)) == live
    assert " ".join(sorted(only_change(planned(text, **{**more, **NEW})).effects)) == calm


def test_schedule_effects_of_start_and_stop():
    """A start provisions, whether or not the job ever ran; switching off stops provisioning."""
    for documents_ in (OFF, NEW):
        (change,) = planned("", **documents_).plan.changes
        assert change.effects == {Effect.PROVISIONS, Effect.RESYNC}
    (change,) = planned("provisioning: {enabled: false}").plan.changes
    assert change.effects == {Effect.STOPS}


# --- the pause around danger -------------------------------------------------------------------------------------

DANGERS = {"deprovisions", "data_loss"}


def schedule_of(found: PlannedApplication) -> list[str]:
    """The calls that stop and start the job, in their phases."""
    sends = [one for one in found.steps if isinstance(one, Send) and one.addresses[0].kind == "schedule"]
    return [f"{one.phase.name.lower()} {one.path.rpartition('/')[2]}" for one in sends]


AROUND = ["stop pause", "start restart", "start start"]


@pytest.mark.parametrize(("text", "more", "live", "_calm"), EFFECTS.values(), ids=EFFECTS)
def test_an_active_job_is_paused_around_danger(text, more, live, _calm):
    """What narrows, destroys, or changes the scope stops the job first and starts it anew last; nothing else does."""
    dangerous = DANGERS & set(live.split()) or " scope: " in text
    assert schedule_of(planned(text, **more)) == (AROUND if dangerous else [])


@pytest.mark.parametrize(("text", "more", "live", "_calm"), EFFECTS.values(), ids=EFFECTS)
def test_a_job_that_is_off_and_left_out_is_neither_paused_nor_started(text, more, live, _calm):
    """Danger or not, nothing runs that one would have to stop."""
    assert schedule_of(planned(text, options={"exclude": ["schedule"]}, **{**more, **OFF})) == []


@pytest.mark.parametrize(
    ("text", "more", "options", "expected"),
    [
        ("", NEW, {}, ["start start"]),
        ("", OFF, {}, ["start restart", "start start"]),
        ("provisioning: {enabled: false}", {}, {}, ["stop pause"]),
        ("provisioning: {enabled: false}\n" + users("attributes: {title: {absent: true}}"), {}, {}, ["stop pause"]),
        (users("attributes: {title: {absent: true}}"), OFF, {}, ["start restart", "start start"]),
        (users("attributes: {title: {absent: true}}"), OFF, {"exclude": ["schedule"]}, []),
        (users("attributes: {title: {absent: true}}"), NEW, {"only": ["attribute_mapping/*"]}, []),
        (
            "provisioning: {enabled: false}\n" + users("attributes: {title: {absent: true}}"),
            {},
            {"exclude": ["schedule"]},
            AROUND,
        ),
        (
            "provisioning: {enabled: false}\n" + users("attributes: {externalId: mail}"),
            {},
            {"exclude": ["schedule"]},
            [],
        ),
    ],
)
def test_the_switch_itself(text, more, options, expected):
    """A switch that was left out of the plan is not touched: who was off stays off, who was on is on again."""
    assert schedule_of(planned(text, options=options, **more)) == expected


# --- guards and what opens them ----------------------------------------------------------------------------------

GUARDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "tenant-mismatch": ("tenant: fabrikam.com\n" + users("attributes: {externalId: mail}"), {}, ""),
    "application-created": (
        "application: {display_name: Writer, create: {from_template: custom}}",
        {"service_principals": [], "applications": []},
        "application",
    ),
    "initial-start": ("", NEW, "schedule"),
    "job-replaced": (
        "job: {template: scim}",
        {"jobs+": {"0/templateId": "other"}, "template_schema": "=schema"},
        "job",
    ),
    "role-in-use": (
        "app_roles: {roles: [{value: admin, absent: true}]}",
        {"assignments": [held(ADA, ADMIN), held(BOB, ADMIN)]},
        "app_role/admin",
    ),
    "scope-widened": ("provisioning: {enabled: true, scope: all}", {}, "settings"),
    "scope-narrowed": (users(f"filters: [{FILTER}]"), {}, "object_mapping/users"),
    "matching-changed": (
        users("attributes: {userName: {source: mail, match: 1}}"),
        {},
        "attribute_mapping/users/userName",
    ),
    "deprovisioning-disabled": (users("attributes: {active: {absent: true}}"), {}, "attribute_mapping/users/active"),
    "group-removed": (
        "assignments: {unlisted: delete, users: [{user: ada@contoso.com, role: admin}]}",
        {"assignments": [held(EDITORS, MEMBER, "Group")]},
        "assignment/group:Writer editors/member",
    ),
    "all-assignments-removed": ("assignments: {unlisted: delete}", {"assignments": [held(ADA, MEMBER)]}, ""),
    "deletion-threshold-disabled": ("provisioning: {enabled: true, deletion_threshold: none}", {}, "settings"),
    "endpoint-changed": (
        "connection: {base_address: https://x.example}",
        secrets(BaseAddress="https://y.example"),
        "connection",
    ),
    "secret-unavailable": (
        "connection: {base_address: https://x.example, on_unreadable_secret: send_changed_keys}",
        secrets(SecretToken="*"),
        "",
    ),
    "quarantined": (
        "mappings: {groups: {enabled: true}}",
        {"jobs+": {"0/status/code": "Quarantine"}},
        "object_mapping/groups",
    ),
}
PERMIT = "guard_exemptions: [{guard: %s, until: %s, reason: CHG-1%s}]"


def guard_of(name: str, extra: str = "", **options: Any) -> Any:
    text, more, _ = GUARDS[name]
    found = planned(f"{text}\n{extra}", options=options, **more)
    (guard,) = [one for one in found.plan.guards if one.id == name]
    return guard


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_is_closed_until_something_opens_it(name):
    """Open by `--allow` and by a permit in time, not by one for another guard; what opens it is said."""
    assert not guard_of(name).is_allowed
    other = next(one for one in GUARDS if one != name)
    assert not guard_of(name, allow=[other]).is_allowed
    assert not guard_of(name, PERMIT % (other, "2026-12-01", "")).is_allowed
    assert guard_of(name, allow=[name]).allowed_by == f"--allow {name}"
    assert guard_of(name, PERMIT % (name, "2026-11-25", "")).allowed_by == "guard exemption until 2026-11-25: CHG-1"


@pytest.mark.parametrize("name", [name for name, (_, _, address) in GUARDS.items() if address])
def test_a_permit_for_one_address_opens_that_only(name):
    """An address as a plan shows it, with the application's name; `*` stands for any characters."""
    address = GUARDS[name][2]
    for here in (f"writer:{address}", f"writer:{address[:4]}*"):
        assert guard_of(name, PERMIT % (name, "2026-12-01", f", address: '{here}'")).is_allowed
    assert not guard_of(name, PERMIT % (name, "2026-12-01", ", address: 'writer:other'")).is_allowed


@pytest.mark.parametrize(("number", "opened"), [(1, False), (2, True), (3, True)])
def test_a_permit_up_to_a_number(number, opened):
    """Two people hold the role that goes."""
    assert guard_of("role-in-use").count == 2
    assert guard_of("role-in-use", PERMIT % ("role-in-use", "2026-12-01", f", max: {number}")).is_allowed is opened


def test_a_number_does_not_open_what_counts_nothing():
    """A permit up to ten is none for a guard without a number."""
    assert not guard_of("scope-widened", PERMIT % ("scope-widened", "2026-12-01", ", max: 10")).is_allowed


def test_a_permit_that_is_over_is_a_problem():
    """Not merely a guard that stays closed: nobody should believe that it still opens anything."""
    text, more, _ = GUARDS["scope-widened"]
    found = planned(f"{text}\n{PERMIT % ('scope-widened', '2026-11-24', '')}", **more)
    assert [problem.code for problem in found.errors] == ["K003"]
    assert found.plan.changes == ()
    guard = guard_of("scope-widened")
    assert not GuardExemption("scope-widened", TODAY.replace(day=24)).allows(guard, TODAY)


QUIET = {
    "tenant-mismatch": ("tenant: CONTOSO.onmicrosoft.com", {}),
    "application-created": ("application: {display_name: Writer, create: {from_template: custom}}", {}),
    "initial-start": ("", OFF),
    "job-replaced": ("job: {template: scim}", {}),
    "role-in-use": ("app_roles: {roles: [{value: admin, absent: true}]}", {}),
    "scope-widened": ("provisioning: {enabled: true, scope: all}", NEW),
    "scope-narrowed": (users(f"filters: [{FILTER}]"), NEW),
    "matching-changed": (users("attributes: {userName: {source: mail, match: 1}}"), NEW),
    "secret-unavailable": ("connection: {base_address: https://x.example}", secrets(SecretToken="*")),
    "quarantined": (users("enabled: false"), {"jobs+": {"0/status/code": "Quarantine"}}),
}


@pytest.mark.parametrize(("name", "text", "more"), [(name, *rest) for name, rest in QUIET.items()], ids=QUIET)
def test_a_guard_that_has_no_reason(name, text, more):
    """The same wish where it does no harm."""
    assert name not in [guard.id for guard in planned(text, **more).plan.guards]


def test_a_role_in_use_does_not_count_whom_the_plan_removes_anyway():
    """Ada's assignment goes by itself; Bob's would go with the role. Ids are the same in any case."""
    text = (
        "app_roles: {roles: [{value: admin, absent: true}]}\n"
        "assignments: {unlisted: keep, users: [{user: ada@contoso.com, absent: true}]}"
    )
    rows = [held(ADA.upper(), ADMIN.upper()), held(BOB, ADMIN)]
    (guard,) = [one for one in planned(text, assignments=rows).plan.guards if one.id == "role-in-use"]
    assert (guard.count, guard.message) == (1, "the role admin would be deleted together with 1 assignment")


def test_the_tenant_that_cannot_be_read_is_the_tokens():
    """Where the tenant is refused the token's own id counts; without that it is not sure to be the right one."""
    spec = spec_of("tenant: 0a0a0a0a-0000-4000-8000-000000000001")
    seen = snapshot(spec, overlaid({}), ["organization"])
    found = compare(KINDS, spec, seen, PlanOptions(today=TODAY))
    assert [guard.message for guard in found.plan.guards] == [
        "the tenant could not be read, and the spec is for 0a0a0a0a-0000-4000-8000-000000000001"
    ]
    token = replace(seen, names={**seen.names, "token_tenant": "0A0A0A0A-0000-4000-8000-000000000001"})
    found = compare(KINDS, spec, token, PlanOptions(today=TODAY))
    assert (found.plan.guards, found.tenant) == ((), Tenant("0A0A0A0A-0000-4000-8000-000000000001"))


# --- groups are counted where people lose -------------------------------------------------------------------------


def test_groups_are_counted_once_somebody_loses_a_last_role():
    """All assigned groups, by id in small letters; nothing is asked twice, nor where nobody loses."""
    rows = [held(EDITORS.upper(), MEMBER, "Group"), held(EDITORS.upper(), ADMIN, "Group"), held(ADA, MEMBER)]
    spec = spec_of("assignments: {unlisted: keep, users: [{user: ada@contoso.com, absent: true}]}")
    seen = snapshot(spec, overlaid({"assignments": rows}))
    found = compare(KINDS, spec, seen, PlanOptions(today=TODAY))
    assert guard_queries(found.plan.changes, seen).groups == (EDITORS,)
    nobody = planned("assignments: {unlisted: keep}", assignments=rows)
    assert guard_queries(nobody.plan.changes, seen).groups == ()


def test_people_are_counted_through_their_groups():
    """A group stands for its members; the number of the guard is people."""
    rows = [held(EDITORS.upper(), MEMBER, "Group"), held(ADA, MEMBER), held(CLEO, MEMBER, "ServicePrincipal")]
    spec = spec_of("assignments: {unlisted: keep, groups: [{name: Writer editors, absent: true}]}")
    seen = snapshot(spec, overlaid({"assignments": rows}))
    found = compare(KINDS, spec, seen, PlanOptions(today=TODAY), data=ImpactData(members={EDITORS: 12}))
    said = {guard.id: guard.message for guard in found.plan.guards}
    assert said["mass-removal"] == "at most 12 of 13 users would lose their last role"
    assert said["group-removed"] == "a group (its 12 members) would lose its last role assignment"


def test_a_pattern_to_keep_costs_no_more_than_it_is_long():
    """Names come from the tenant: one of many equal letters must not stop a plan for ever."""
    row = {**held(EDITORS, MEMBER, "Group"), "principalDisplayName": "a" * 200}
    text = 'assignments: {unlisted: delete, protect: [{group: "' + "*a" * 60 + '*b"}]}'
    found = planned(text, assignments=[row])
    assert [change.action.value for change in found.plan.changes] == ["delete"]


def test_a_secret_in_a_live_address_is_in_no_plan():
    """A spec never holds one, so it differs, and is shown without it."""
    text = "connection: {authentication: bearer, base_address: https://app.example.com/v2, secret_token: {env: T}}"
    live = {"BaseAddress": "https://app.example.com/v2?token=hunter2&a=1", "SecretToken": "*"}
    (change,) = planned(text, **secrets(**live)).plan.changes
    (field,) = change.fields
    assert (field.name, field.before) == ("base_address", "https://app.example.com/v2?token=***&a=1")


# --- selection ---------------------------------------------------------------------------------------------------

WHOLE = """
app_roles: {roles: [{value: reader}]}
assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: reader}, {user: bob@contoso.com, role: member}]}
mappings:
  users:
    source_attributes: {extension_x: {}, extension_y: {}}
    target_attributes: {nickName: {}}
    attributes:
      'emails[type eq "work"].value': mail
      nickName: {expression: 'Join(" ", [extension_x], [mail])'}
"""
EMAIL = 'attribute_mapping/users/emails[type eq "work"].value'


@pytest.mark.parametrize(
    ("options", "kept", "pulled"),
    [
        (
            {"only": ["assignment/user:ada*"]},
            ["app_role/reader", "assignment/user:ada@contoso.com/reader"],
            ["app_role/reader"],
        ),
        ({"only": ["writer:assignment/user:bob@contoso.com/member"]}, ["assignment/user:bob@contoso.com/member"], []),
        (
            {"only": ["attribute_mapping/users/nickName"]},
            [
                "source_attribute/users/extension_x",
                "target_attribute/users/nickName",
                "attribute_mapping/users/nickName",
            ],
            ["source_attribute/users/extension_x", "target_attribute/users/nickName"],
        ),
        ({"only": [EMAIL]}, [EMAIL], []),
        ({"exclude": ["app_role/*", "*_attribute/*", "*/nickName", f"writer:{EMAIL}", "assignment/*"]}, [], []),
        (
            {"only": ["assignment/*"], "exclude": ["app_role/reader", "*bob*"]},
            ["app_role/reader", "assignment/user:ada@contoso.com/reader"],
            ["app_role/reader"],
        ),
        ({"only": ["nothing/*"]}, [], []),
    ],
)
def test_a_part_of_a_plan_comes_with_what_it_needs(options, kept, pulled):
    """Addresses as they are shown, and globs; what comes along is said, what is left out is counted."""
    found = planned(WHOLE, options=options)
    assert [change.address.local for change in found.plan.changes] == kept
    said = [line(one) for one in found.plan.warnings if one.code == "K002"]
    note = "warning K002 writer:%s is included, because a selected change needs it."
    assert sorted(said) == sorted(note % one for one in pulled)
    assert found.plan.excluded_changes == len(planned(WHOLE).plan.changes) - len(kept)
    assert {address for step in found.steps for address in step.addresses} == {
        one.address for one in found.plan.changes
    }


def test_a_whole_that_is_missing_comes_along():
    """A role of an application that is not there yet needs the application, and the plan ends where that hides."""
    text = "application: {display_name: Writer, create: {from_template: custom}}\napp_roles: {roles: [{value: admin}]}"
    found = planned(text, options={"only": ["app_role/*"]}, service_principals=[], applications=[])
    assert [change.address.local for change in found.plan.changes] == ["application", "app_role/admin"]
    assert not found.plan.complete
    assert [step.phase for step in found.steps] == [Phase.BUILD]


# --- notices -----------------------------------------------------------------------------------------------------


def test_without_a_tenant_nothing_guards_against_the_wrong_one():
    """Which is said in every plan."""
    files = {"spec.yaml": "{version: 1, name: w, application: {display_name: Writer}, provisioning: {enabled: true}}"}
    spec = loaded_of("", files).spec
    assert spec is not None
    found = compare(KINDS, spec, snapshot(spec, overlaid({})), PlanOptions(today=TODAY))
    assert [warning.code for warning in found.plan.warnings] == ["K001"]


def test_secrets_are_needed_for_what_is_written_and_for_what_is_masked():
    """Nothing is needed where nothing is written; a removed key needs none; a reference beats a mask."""
    text = "connection: {authentication: other, other: {UserName: %s, Password: {env: PASSWORD}}}"
    masked = secrets(UserName="svc", Password="*", AppKey="*")
    nothing, something = planned(text % "svc", **masked), planned(text % "new", **masked)
    spec = spec_of(text % "svc")
    seen = snapshot(spec, overlaid(masked))
    assert needed_secrets(nothing.steps, seen) == {}
    needed = needed_secrets(something.steps, seen)
    assert {key: str(value) for key, value in needed.items()} == {"Password": "PASSWORD", "AppKey": "None"}
    assert needed_secrets(something.steps, Snapshot()) == {}


def test_a_plan_with_errors_has_nothing_but_its_notices():
    """No change, no step, no guard; what was read of the tenant is still told."""
    found = planned("tenant: fabrikam.com\napp_roles: {roles: [{value: x}]}", applications=[])
    assert (found.plan.changes, found.plan.guards, found.steps) == ((), (), ())
    assert found.tenant is not None
    assert found.tenant.domain == "contoso.com"


# --- reading -----------------------------------------------------------------------------------------------------


def test_only_what_a_spec_speaks_of_is_read():
    """A bare spec reads the application and its job; each section adds its own documents, each once."""
    bare = {"organization", "service_principals", "similar_applications", "applications", "templates", "jobs"}
    assert {one.name for one in documents(KINDS, [spec_of("")])} == bare
    wide = spec_of(
        "app_roles: {unlisted: delete}\nassignments: {unlisted: keep}\nconnection: {base_address: https://x.example}\n"
        f"provisioning: {{enabled: true, scope: all}}\n{users(f'filters: [{FILTER}]')}"
    )
    names = [one.name for one in documents(KINDS, [wide, spec_of("")])]
    more = {"schema", "template_schema", "filter_operators", "template_filter_operators", "secrets", "assignments"}
    assert len(names) == len(set(names))
    assert set(names) == bare | more
    gallery = spec_of("application: {display_name: Writer, create: {from_template: Writer}}")
    assert "application_templates" in {one.name for one in documents(KINDS, [gallery])}


@pytest.mark.parametrize(
    ("how", "query"),
    [
        ("display_name: It's", "displayName eq 'It''s'"),
        ("app_id: a0000000-0000-4000-8000-000000000001", "appId eq 'a0000000-0000-4000-8000-000000000001'"),
        ("object_id: a0000000-0000-4000-8000-000000000001", "id eq 'a0000000-0000-4000-8000-000000000001'"),
    ],
)
def test_an_application_is_found_by_what_identifies_it(how, query):
    """By name, application id or object id."""
    written = f"{{version: 1, name: w, application: {{{how}}}, provisioning: {{enabled: true}}}}"
    spec = loaded_of("", {"spec.yaml": written}).spec
    assert spec is not None
    (found,) = [one for one in documents(KINDS, [spec]) if one.name == "service_principals"]
    assert dict(found.query)["$filter"] == query


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("custom", "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"),
        ("11111111-2222-4333-8444-555555555555", "11111111-2222-4333-8444-555555555555"),
        ("Writer Gallery", "t1"),
    ],
)
def test_an_application_is_made_from_its_template(template, path):
    """The custom one, one by id, or the only gallery application of that name."""
    text = f"application: {{display_name: Writer, create: {{from_template: {template}}}}}"
    found = planned(text, service_principals=[], applications=[], application_templates=[{"id": "t1"}])
    (step,) = found.steps
    assert isinstance(step, Send)
    assert step.path == f"/applicationTemplates/{path}/instantiate"


# --- fingerprint -------------------------------------------------------------------------------------------------

MANAGED = (
    "app_roles: {roles: [{value: admin, description: Administers}]}\n"
    "assignments: {unlisted: %s, users: [{user: ada@contoso.com, role: admin}]}"
)


def fingerprint(unlisted: str = "keep", **more: Any) -> str:
    return planned(MANAGED % unlisted, **{"assignments": [held(ADA, ADMIN)], **more}).plan.fingerprint


@pytest.mark.parametrize(
    "more",
    [
        {"jobs+": {"0/status/code": "Quarantine", "0/status/lastExecution": None}},
        {"assignments": [{**held(ADA, ADMIN), "id": "another"}]},
        {"assignments": [held(BOB, MEMBER), held(ADA, ADMIN)]},
        {"applications+": {"0/appRoles/2/displayName": "renamed"}},
        {"assignments": [held(ADA.upper(), ADMIN.upper())]},
    ],
)
def test_a_plan_is_not_stale_for_what_it_does_not_rule(more):
    """Counts, states, ids of rows, and things that nobody lists are no part of the fingerprint."""
    assert fingerprint(**more) == fingerprint()


@pytest.mark.parametrize(
    "more",
    [
        {"jobs+": {"0/schedule/state": "Disabled"}},
        {"applications+": {"0/appRoles/1/description": "changed"}},
        {"assignments": [held(ADA, ADMIN), held(ADA, MEMBER)]},
        {"assignments": []},
    ],
)
def test_a_plan_is_stale_for_what_it_rules(more):
    """The switch, a listed role, all roles of a listed person."""
    assert fingerprint(**more) != fingerprint()


def test_unlisted_things_count_where_a_list_is_ruled_whole():
    """With `unlisted: report` or `delete` somebody new is news."""
    for unlisted in ("report", "delete"):
        assert fingerprint(unlisted, assignments=[held(ADA, ADMIN), held(BOB, MEMBER)]) != fingerprint(unlisted)


def test_an_empty_tenant_is_no_reason_to_fall_over():
    """Every question may be asked of a snapshot in which nothing is."""
    for text, _, _, _ in EFFECTS.values():
        spec = spec_of(text)
        found = compare(KINDS, spec, Snapshot(), PlanOptions(today=TODAY))
        assert found.errors == check(KINDS, spec, Snapshot())


# --- what is asked before all is read ----------------------------------------------------------------------------


def test_users_are_looked_up_where_no_live_assignment_names_them():
    """Groups at once, since their names repeat; users by name only once the ids of live assignments have names."""
    spec = spec_of(
        "assignments: {unlisted: keep, groups: [{name: Twins, role: admin}], "
        "users: [{user: Ada@contoso.com, role: admin}, {user: bob@contoso.com, role: admin}]}"
    )
    (kind,) = [one for one in KINDS if one.name == "assignment"]
    rows = [held(ADA.upper(), ADMIN), held(CLEO, ADMIN, "ServicePrincipal")]
    group, by_id, bob = Lookup("group", "Twins"), Lookup("id", ADA), Lookup("user", "bob@contoso.com")
    ada = {by_id: (Principal(ADA, "user", "ada@contoso.com"),)}
    begun, arrived = Snapshot(complete=False), Snapshot({"assignments": rows}, complete=False)
    assert list(kind.lookups(spec, begun)) == [group]
    assert list(kind.lookups(spec, arrived)) == [group, by_id]
    assert list(kind.lookups(spec, replace(arrived, principals=ada))) == [group, by_id, bob]
    assert list(kind.lookups(spec, Snapshot())) == [group, Lookup("user", "ada@contoso.com"), bob]


def test_an_expression_that_cannot_be_read_is_wanted_as_it_is_written():
    """It is a problem of its own; what is wanted can still be told."""
    (kind,) = [one for one in KINDS if one.name == "attribute_mapping"]
    (wanted,) = kind.desired(spec_of(users("attributes: {title: {expression: 'Join('}}")), Snapshot())
    assert isinstance(wanted, Resource)
    assert wanted.fields["source"] == "Join("


def test_an_address_is_itself_whatever_a_pattern_would_make_of_it():
    """Roles may have brackets in their values; the address as it is shown opens the guard."""
    role = {"id": USER, "displayName": "x", "value": "[x]", "isEnabled": True, "allowedMemberTypes": ["User"]}
    text = "app_roles: {roles: [{value: '[x]', absent: true}]}\n" + PERMIT % (
        "role-in-use",
        "2026-12-01",
        ", address: 'writer:app_role/[x]'",
    )
    found = planned(text, **{"applications+": {"0/appRoles/0": role}}, assignments=[held(ADA, USER)])
    assert [(guard.id, guard.is_allowed) for guard in found.plan.guards] == [("role-in-use", True)]
    (all_removed,) = planned(GUARDS["all-assignments-removed"][0], **GUARDS["all-assignments-removed"][1]).plan.guards
    assert not GuardExemption("all-assignments-removed", address="*").allows(all_removed, TODAY), (
        "a guard of the whole plan has no address"
    )


NOBODYS = "00000000-0000-0000-0000-000000000000"
SENT = "role_attribute: {target: roles, source: appRoleAssignments}"


@pytest.mark.parametrize(
    ("text", "rows", "said"),
    [
        (SENT, [held(ADA, NOBODYS)], ["1 unmanaged assignment has no role"]),
        (SENT, [held(ADA, NOBODYS), held(BOB, NOBODYS)], ["2 unmanaged assignments have no role"]),
        (SENT, [held(ADA, MEMBER)], []),
        ("", [held(ADA, NOBODYS)], []),
    ],
)
def test_who_has_no_role_is_told_where_roles_are_sent(text, rows, said):
    """Of those whom the spec leaves alone."""
    found = planned(f"assignments: {{unlisted: keep}}\n{text}", assignments=rows)
    told = [one.message for one in found.plan.warnings if one.code == "K812"]
    assert [one.partition(" (")[0] for one in told] == said
