"""All kinds together: effects, the pause around dangerous changes, guards, exemptions, selection, warnings, fingerprint."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scimconf.impact.queries import guard_groups
from scimconf.kinds import KINDS
from scimconf.kinds.sent_secrets import needed_secrets
from scimconf.plan import Change, Effect, Resource, Tenant
from scimconf.plan.guards import GuardExemption
from scimconf.plan.impact import ImpactData, Members
from scimconf.snapshot import Lookup, Principal, Snapshot
from scimconf.steps import NameCheck, Phase, Send
from scimconf.workflow.checks import check
from scimconf.workflow.compilation import PlanOptions, documents
from scimconf.workflow.plan import PlannedApplication
from tests.kinds.cases import (
    TODAY,
    compare,
    line,
    loaded_of,
    make_plan,
    read_document,
    snapshot,
    spec_of,
    tenant_documents,
)

USER, ADMIN, MEMBER = (f"20000000-0000-4000-8000-00000000000{letter}" for letter in "abc")
ADA, BOB, CLEO = (f"10000000-0000-4000-8000-0000000000a{number}" for number in "123")
EDITORS = "10000000-0000-4000-8000-0000000000b1"
NEVER = {"code": "Paused", "lastExecution": None, "steadyStateFirstAchievedTime": "0001-01-01T00:00:00Z"}
OFF = {"jobs+": {"0/schedule/state": "Disabled"}}
NEW = {"jobs+": {"0/schedule/state": "Disabled", "0/status": NEVER}}
FILTER = "{name: x, all: [{attribute: department, operator: is_null}]}"
SCOPE = "synchronizationRules/0/objectMappings/0/scope"
FILTERED = {"schema+": {SCOPE: {"groups": [{"name": "old", "clauses": []}]}}}


def assignment_row(principal: str, role: str, kind: str = "User") -> dict[str, Any]:
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


# --- effects of changes ------------------------------------------------------------------------------------------

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
    "a role that nobody has goes": (
        "app_roles: {roles: [{value: admin, absent: true}]}",
        {},
        "data_loss",
        "data_loss",
    ),
    "a role that somebody has goes": (
        "app_roles: {roles: [{value: admin, absent: true}]}",
        {"assignments": [assignment_row(ADA, ADMIN)]},
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
        {"assignments": [assignment_row(ADA, ADMIN)]},
        "resync",
        "",
    ),
    "somebody loses one of two roles": (
        "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: admin}]}",
        {"assignments": [assignment_row(ADA, ADMIN), assignment_row(ADA, MEMBER)]},
        "resync",
        "",
    ),
    "somebody loses the last role": (
        "assignments: {unlisted: keep, users: [{user: ada@contoso.com, absent: true}]}",
        {"assignments": [assignment_row(ADA, ADMIN)]},
        "deprovisions",
        "deprovisions",
    ),
}


def only_change(found: PlannedApplication) -> Change:
    (change,) = [one for one in found.plan.changes if one.kind != "schedule"]
    return change


@pytest.mark.parametrize(("text", "more", "live", "before_start"), EFFECTS.values(), ids=EFFECTS)
def test_effects_of_a_change_on_a_live_job_and_before_its_first_start(text, more, live, before_start):
    """Before the first start of a job, only changes of access and of credentials have effects."""
    assert " ".join(sorted(only_change(make_plan(text, **more)).effects)) == live
    assert " ".join(sorted(only_change(make_plan(text, **{**more, **NEW})).effects)) == before_start


def test_schedule_effects_of_start_and_stop():
    """A start provisions, whether or not the job ever ran; switching off stops provisioning."""
    for documents_ in (OFF, NEW):
        (change,) = make_plan("", **documents_).plan.changes
        assert change.effects == {Effect.PROVISIONS, Effect.RESYNC}
    (change,) = make_plan("provisioning: {enabled: false}").plan.changes
    assert change.effects == {Effect.STOPS}


# --- the pause around dangerous changes --------------------------------------------------------------------------

DANGEROUS = {"deprovisions", "data_loss"}


def schedule_of(found: PlannedApplication) -> list[str]:
    """Return the phases and calls that stop and start the job."""
    sends = [one for one in found.steps if isinstance(one, Send) and one.addresses[0].kind == "schedule"]
    return [f"{one.phase.name.lower()} {one.path.rpartition('/')[2]}" for one in sends]


TEST = "start validateCredentials"
AROUND = ["stop pause", TEST, "start restart", "start start"]


@pytest.mark.parametrize(("text", "more", "live", "_before_start"), EFFECTS.values(), ids=EFFECTS)
def test_an_active_job_is_paused_around_dangerous_changes_only(text, more, live, _before_start):
    """A change that deprovisions, loses data or changes the scope pauses the job first and restarts it last."""
    dangerous = DANGEROUS & set(live.split()) or " scope: " in text
    assert schedule_of(make_plan(text, **more)) == (AROUND if dangerous else [])


@pytest.mark.parametrize(("text", "more", "live", "_before_start"), EFFECTS.values(), ids=EFFECTS)
def test_a_job_that_is_off_and_excluded_is_neither_paused_nor_started(text, more, live, _before_start):
    assert schedule_of(make_plan(text, options={"exclude": ["schedule"]}, **{**more, **OFF})) == []


@pytest.mark.parametrize(
    ("text", "more", "options", "expected"),
    [
        ("", NEW, {}, [TEST, "start start"]),
        ("", OFF, {}, [TEST, "start restart", "start start"]),
        ("provisioning: {enabled: false}", {}, {}, ["stop pause"]),
        ("provisioning: {enabled: false}\n" + users("attributes: {title: {absent: true}}"), {}, {}, ["stop pause"]),
        (users("attributes: {title: {absent: true}}"), OFF, {}, [TEST, "start restart", "start start"]),
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
def test_schedule_steps_follow_the_spec_and_the_selection(text, more, options, expected):
    """If the schedule is excluded, a job that was off stays off, and one that was on is started again."""
    assert schedule_of(make_plan(text, options=options, **more)) == expected


# --- guards and their exemptions ---------------------------------------------------------------------------------

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
        {"assignments": [assignment_row(ADA, ADMIN), assignment_row(BOB, ADMIN)]},
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
        {"assignments": [assignment_row(EDITORS, MEMBER, "Group")]},
        "assignment/group:Writer editors/member",
    ),
    "all-assignments-removed": ("assignments: {unlisted: delete}", {"assignments": [assignment_row(ADA, MEMBER)]}, ""),
    "deletion-threshold-disabled": ("provisioning: {enabled: true, deletion_threshold: none}", {}, "settings"),
    "endpoint-changed": (
        "connection: {base_address: https://x.example}",
        secrets(BaseAddress="https://y.example"),
        "connection",
    ),
    "secret-redirected": ("connection: {secret_token: {env: TOKEN, rotation: '2'}}", {}, "connection"),
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
EXEMPTION = "guard_exemptions: [{guard: %s, until: %s, reason: CHG-1%s}]"


def guard_of(name: str, extra: str = "", **options: Any) -> Any:
    text, more, _ = GUARDS[name]
    found = make_plan(f"{text}\n{extra}", options=options, **more)
    (guard,) = [one for one in found.plan.guards if one.id == name]
    return guard


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_blocks_until_allow_or_an_exemption_allows_it(name):
    """An exemption or `--allow` for another guard does not allow it."""
    assert not guard_of(name).is_allowed
    other = next(one for one in GUARDS if one != name)
    assert not guard_of(name, allow=[other]).is_allowed
    assert not guard_of(name, EXEMPTION % (other, "2026-12-01", "")).is_allowed
    assert guard_of(name, allow=[name]).allowed_by == f"--allow {name}"
    assert guard_of(name, EXEMPTION % (name, "2026-11-25", "")).allowed_by == "guard exemption until 2026-11-25: CHG-1"


@pytest.mark.parametrize("name", [name for name, (_, _, address) in GUARDS.items() if address])
def test_an_exemption_for_one_address_allows_only_that_address(name):
    """The address is as printed in a plan, with the name of the application; `*` matches any characters."""
    address = GUARDS[name][2]
    for here in (f"writer:{address}", f"writer:{address[:4]}*"):
        assert guard_of(name, EXEMPTION % (name, "2026-12-01", f", address: '{here}'")).is_allowed
    assert not guard_of(name, EXEMPTION % (name, "2026-12-01", ", address: 'writer:other'")).is_allowed


@pytest.mark.parametrize(("number", "allowed"), [(1, False), (2, True), (3, True)])
def test_an_exemption_with_max_allows_role_in_use_up_to_that_count(number, allowed):
    """Two users have the deleted role."""
    assert guard_of("role-in-use").count == 2
    assert guard_of("role-in-use", EXEMPTION % ("role-in-use", "2026-12-01", f", max: {number}")).is_allowed is allowed


def test_an_exemption_with_max_does_not_allow_a_guard_without_a_count():
    assert not guard_of("scope-widened", EXEMPTION % ("scope-widened", "2026-12-01", ", max: 10")).is_allowed


def test_an_expired_exemption_is_error_k003():
    """The guard does not just block: an expired exemption must be noticed."""
    text, more, _ = GUARDS["scope-widened"]
    found = make_plan(f"{text}\n{EXEMPTION % ('scope-widened', '2026-11-24', '')}", **more)
    assert [problem.code for problem in found.errors] == ["K003"]
    assert found.plan.changes == ()
    guard = guard_of("scope-widened")
    assert not GuardExemption("scope-widened", TODAY.replace(day=24)).allows(guard, TODAY)


HARMLESS = {
    "tenant-mismatch": ("tenant: CONTOSO.onmicrosoft.com", {}),
    "application-created": ("application: {display_name: Writer, create: {from_template: custom}}", {}),
    "initial-start": ("", OFF),
    "job-replaced": ("job: {template: scim}", {}),
    "role-in-use": ("app_roles: {roles: [{value: admin, absent: true}]}", {}),
    "scope-widened": ("provisioning: {enabled: true, scope: all}", NEW),
    "scope-narrowed": (users(f"filters: [{FILTER}]"), NEW),
    "matching-changed": (users("attributes: {userName: {source: mail, match: 1}}"), NEW),
    "secret-redirected": ("connection: {secret_token: {env: TOKEN, rotation: '2'}}", NEW),
    "secret-unavailable": ("connection: {base_address: https://x.example}", secrets(SecretToken="*")),
    "quarantined": (users("enabled: false"), {"jobs+": {"0/status/code": "Quarantine"}}),
}


@pytest.mark.parametrize(("name", "text", "more"), [(name, *rest) for name, rest in HARMLESS.items()], ids=HARMLESS)
def test_a_guard_does_not_block_a_harmless_change(name, text, more):
    """The change is the same or similar, but harmless."""
    assert name not in [guard.id for guard in make_plan(text, **more).plan.guards]


def test_role_in_use_does_not_count_assignments_that_the_plan_removes():
    """The plan removes Ada's assignment; Bob's would be deleted with the role. Ids match in any letter case."""
    text = (
        "app_roles: {roles: [{value: admin, absent: true}]}\n"
        "assignments: {unlisted: keep, users: [{user: ada@contoso.com, absent: true}]}"
    )
    rows = [assignment_row(ADA.upper(), ADMIN.upper()), assignment_row(BOB, ADMIN)]
    (guard,) = [one for one in make_plan(text, assignments=rows).plan.guards if one.id == "role-in-use"]
    assert (guard.count, guard.message) == (1, "the role admin would be deleted together with 1 assignment")


def test_tenant_mismatch_uses_the_token_if_the_tenant_cannot_be_read():
    """If reading the organization is denied, the tenant id of the token is compared; without one, the guard blocks."""
    spec = spec_of("tenant: 0a0a0a0a-0000-4000-8000-000000000001")
    tenant = snapshot(spec, tenant_documents({}), ["organization"])
    found = compare(KINDS, spec, tenant, PlanOptions(today=TODAY))
    assert [guard.message for guard in found.plan.guards] == [
        "the tenant could not be read without Organization.Read.All, and the spec is for 0a0a0a0a-0000-4000-8000-000000000001"
    ]
    token = replace(tenant, names={**tenant.names, "token_tenant": "0A0A0A0A-0000-4000-8000-000000000001"})
    found = compare(KINDS, spec, token, PlanOptions(today=TODAY))
    assert (found.plan.guards, found.tenant) == ((), Tenant("0A0A0A0A-0000-4000-8000-000000000001"))


# --- counts of group members -------------------------------------------------------------------------------------


def test_guard_groups_are_the_assigned_groups_if_a_last_role_is_removed():
    """All assigned groups, once each and by lower-case id; none if no role is removed."""
    rows = [
        assignment_row(EDITORS.upper(), MEMBER, "Group"),
        assignment_row(EDITORS.upper(), ADMIN, "Group"),
        assignment_row(ADA, MEMBER),
    ]
    spec = spec_of("assignments: {unlisted: keep, users: [{user: ada@contoso.com, absent: true}]}")
    tenant = snapshot(spec, tenant_documents({"assignments": rows}))
    found = compare(KINDS, spec, tenant, PlanOptions(today=TODAY))
    assert guard_groups(found.plan.changes, tenant) == {EDITORS}
    unchanged = make_plan("assignments: {unlisted: keep}", assignments=rows)
    assert guard_groups(unchanged.plan.changes, tenant) == set()


def test_mass_removal_and_group_removed_count_the_members_of_a_group():
    """The count of the guard is users, not assignments."""
    rows = [
        assignment_row(EDITORS.upper(), MEMBER, "Group"),
        assignment_row(ADA, MEMBER),
        assignment_row(CLEO, MEMBER, "ServicePrincipal"),
    ]
    spec = spec_of("assignments: {unlisted: keep, groups: [{name: Writer editors, absent: true}]}")
    tenant = snapshot(spec, tenant_documents({"assignments": rows}))
    for ids, message in (((), "at most 12 of 13"), (range(12), "12 of 13"), ((ADA, *range(11)), "11 of 12")):
        members = Members({EDITORS: frozenset(map(str, ids))}, {EDITORS: 12})
        found = compare(KINDS, spec, tenant, PlanOptions(today=TODAY), data=ImpactData(members=members))
        messages = {guard.id: guard.message for guard in found.plan.guards}
        assert messages["mass-removal"] == f"{message} users would lose their last role"
        assert messages["group-removed"] == "a group (its 12 members) would lose its last role assignment"


def test_protect_with_a_pattern_of_many_stars_does_not_backtrack():
    """Names come from the tenant: a name of many equal letters must not make a plan hang."""
    row = {**assignment_row(EDITORS, MEMBER, "Group"), "principalDisplayName": "a" * 200}
    text = 'assignments: {unlisted: delete, protect: [{group: "' + "*a" * 60 + '*b"}]}'
    found = make_plan(text, assignments=[row])
    assert [change.action.value for change in found.plan.changes] == ["delete"]


def test_plan_masks_a_secret_in_the_live_base_address():
    """A spec cannot contain it, so the address differs."""
    text = "connection: {authentication: bearer, base_address: https://app.example.com/v2, secret_token: {env: T}}"
    live = {"BaseAddress": "https://app.example.com/v2?token=hunter2&a=1", "SecretToken": "*"}
    (change,) = make_plan(text, **secrets(**live)).plan.changes
    (field,) = change.fields
    assert (field.name, field.before) == ("base_address", "https://app.example.com/v2?token=***&a=1")


TARGETS = "directories/1/objects/0/attributes/+"
ROLES_LIST = "role_attribute: {target: '%s', expression: 'AssertiveAppRoleAssignmentsComplex([appRoleAssignments])'}"
OWN_ROLES = "urn:ietf:params:scim:schemas:extension:acme:2.0:User:roles"
PRIMARY_ROLE = 'roles[primary eq "True"].value'


@pytest.mark.parametrize(
    ("text", "live", "expected"),
    [
        pytest.param(ROLES_LIST % "roles", "", ["multivalued"], id="a list that the application lacks"),
        pytest.param(ROLES_LIST % "roles", "roles", [], id="a built-in attribute is not redefined"),
        pytest.param(ROLES_LIST % PRIMARY_ROLE, PRIMARY_ROLE, [], id="a single value of a built-in attribute"),
        pytest.param(ROLES_LIST % OWN_ROLES, OWN_ROLES, ["multivalued"], id="an attribute of its own"),
        pytest.param(
            ROLES_LIST % OWN_ROLES.upper().replace("URN:", "urn:"), OWN_ROLES, ["multivalued"], id="another attribute"
        ),
        pytest.param(
            f"{ROLES_LIST % 'roles'}\n{users('target_attributes: {roles: {multivalued: true}}')}",
            "roles",
            ["multivalued"],
            id="a built-in attribute that the spec redefines",
        ),
    ],
)
def test_role_attribute_never_redefines_a_built_in_attribute(text, live, expected):
    definition = {"name": live, "type": "String", "multivalued": False}
    planned = make_plan(text, **({"schema+": {TARGETS: definition}} if live else {}))
    assert planned.errors == ()
    definitions = [change for change in planned.plan.changes if change.kind == "target_attribute"]
    assert [field.name for change in definitions for field in change.fields] == expected


def test_role_attribute_of_a_joined_list_is_a_string():
    text = "role_attribute: {target: %s, expression: 'Join(\",\", AppRoleAssignmentsComplex([appRoleAssignments]))'}"
    changes = make_plan(text % OWN_ROLES).plan.changes
    assert [change.fields for change in changes if change.kind == "target_attribute"] == [()]


# --- selection ---------------------------------------------------------------------------------------------------

SELECTABLE = """
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
    ("options", "selected", "prerequisites"),
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
def test_only_and_exclude_select_changes_and_add_prerequisites(options, selected, prerequisites):
    """Patterns are addresses as printed, or globs; prerequisites are warned about, and excluded changes are counted."""
    found = make_plan(SELECTABLE, options=options)
    assert [change.address.local for change in found.plan.changes] == selected
    messages = [line(one) for one in found.plan.warnings if one.code == "K002"]
    note = "warning K002 writer:%s is included, because a selected change needs it."
    assert sorted(messages) == sorted(note % one for one in prerequisites)
    compared = [change for change in make_plan(SELECTABLE).plan.changes if change.kind not in found.plan.not_compared]
    assert found.plan.excluded_changes == len(compared) - len(selected)
    assert {address for step in found.steps for address in step.addresses} == {
        one.address for one in found.plan.changes
    }


def test_only_adds_an_application_that_does_not_exist_yet():
    """The plan is partial, since the documents of the new application are not known yet."""
    text = "application: {display_name: Writer, create: {from_template: custom}}\napp_roles: {roles: [{value: admin}]}"
    found = make_plan(text, options={"only": ["app_role/*"]}, service_principals=[], applications=[])
    assert [change.address.local for change in found.plan.changes] == ["application", "app_role/admin"]
    assert not found.plan.complete
    assert {step.phase for step in found.steps} == {Phase.BUILD}


# --- warnings ----------------------------------------------------------------------------------------------------


def test_plan_warns_with_k001_if_the_spec_has_no_tenant():
    files = {"spec.yaml": "{version: 1, name: w, application: {display_name: Writer}, provisioning: {enabled: true}}"}
    spec = loaded_of("", files).spec
    assert spec is not None
    found = compare(KINDS, spec, snapshot(spec, tenant_documents({})), PlanOptions(today=TODAY))
    assert [warning.code for warning in found.plan.warnings] == ["K001"]


def test_the_first_plan_lists_all_secrets_that_apply_needs():
    """It plans only the creation of the application, and apply would stop after it without the secrets."""
    text = (
        "application: {display_name: Writer, create: {from_template: custom}}\n"
        "connection: {authentication: other, base_address: https://acme.example.com/scim, "
        "other: {UserName: svc, Password: {env: PASSWORD}, AppKey: {file: key.txt}}}"
    )
    found = make_plan(text, service_principals=[], applications=[])
    messages = [warning.message for warning in found.plan.warnings if warning.code == "K402"]
    assert messages == ["apply needs PASSWORD for Password", "apply needs key.txt for AppKey"]


def test_a_plan_lists_no_secret_that_is_available():
    text = "connection: {authentication: other, other: {UserName: new, Password: {env: PASSWORD}, AppKey: {file: key.txt}}}"
    masked = secrets(UserName="svc", Password="*", AppKey="*")
    options = PlanOptions(today=TODAY, is_available=lambda reference: reference.source == "env")
    spec = spec_of(text)
    found = compare(KINDS, spec, snapshot(spec, tenant_documents(masked)), options)
    messages = [warning.message for warning in found.plan.warnings if warning.code == "K402"]
    assert messages == ["apply needs key.txt for AppKey: the secrets are written as a whole"]


def test_needed_secrets_are_the_written_and_the_masked_ones():
    """None if nothing is written, and none for a removed key; a reference takes precedence over a mask."""
    text = "connection: {authentication: other, other: {UserName: %s, Password: {env: PASSWORD}}}"
    masked = secrets(UserName="svc", Password="*", AppKey="*")
    nothing, something = make_plan(text % "svc", **masked), make_plan(text % "new", **masked)
    spec = spec_of(text % "svc")
    tenant = snapshot(spec, tenant_documents(masked))
    assert needed_secrets(nothing.steps, tenant) == {}
    needed = needed_secrets(something.steps, tenant)
    assert {key: str(value) for key, value in needed.items()} == {"Password": "PASSWORD", "AppKey": "None"}
    assert needed_secrets(something.steps, Snapshot()) == {}


def test_plan_with_errors_has_no_changes_and_no_steps():
    """It still has the tenant that was read."""
    found = make_plan("tenant: fabrikam.com\napp_roles: {roles: [{value: x}]}", applications=[])
    assert (found.plan.changes, found.steps) == ((), ())
    assert [guard.id for guard in found.plan.guards] == ["tenant-mismatch"]
    assert found.tenant is not None
    assert found.tenant.domain == "contoso.com"


# --- documents ---------------------------------------------------------------------------------------------------


def test_documents_returns_only_what_the_spec_needs():
    """A minimal spec needs the application and its job; each section adds its documents, each once."""
    minimal = {"organization", "service_principals", "similar_applications", "applications", "templates", "jobs"}
    assert {one.name for one in documents(KINDS, [spec_of("provisioning: {enabled: false}")])} == minimal
    assert {one.name for one in documents(KINDS, [spec_of("")])} == {*minimal, "secrets"}
    full = spec_of(
        "app_roles: {unlisted: delete}\nassignments: {unlisted: keep}\nconnection: {base_address: https://x.example}\n"
        f"provisioning: {{enabled: true, scope: all}}\n{users(f'filters: [{FILTER}]')}"
    )
    names = [one.name for one in documents(KINDS, [full, spec_of("")])]
    more = {"schema", "template_schema", "filter_operators", "template_filter_operators", "secrets", "assignments"}
    assert len(names) == len(set(names))
    assert set(names) == minimal | more
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
def test_service_principals_query_uses_the_identifier_of_the_spec(how, query):
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
def test_application_is_instantiated_from_its_template(template, path):
    """The template is the custom one, one by id, or the only gallery application of that name."""
    text = f"application: {{display_name: Writer, create: {{from_template: {template}}}}}"
    found = make_plan(text, service_principals=[], applications=[], application_templates=[{"id": "t1"}])
    step, check = found.steps
    assert isinstance(step, Send)
    assert step.path == f"/applicationTemplates/{path}/instantiate"
    assert isinstance(check, NameCheck)


# --- fingerprint -------------------------------------------------------------------------------------------------

MANAGED = (
    "app_roles: {roles: [{value: admin, description: Administers}]}\n"
    "assignments: {unlisted: %s, users: [{user: ada@contoso.com, role: admin}]}"
)


def fingerprint(unlisted: str = "keep", **more: Any) -> str:
    return make_plan(MANAGED % unlisted, **{"assignments": [assignment_row(ADA, ADMIN)], **more}).plan.fingerprint


@pytest.mark.parametrize(
    "more",
    [
        {"jobs+": {"0/status/code": "Quarantine", "0/status/lastExecution": None}},
        {"assignments": [{**assignment_row(ADA, ADMIN), "id": "another"}]},
        {"assignments": [assignment_row(BOB, MEMBER), assignment_row(ADA, ADMIN)]},
        {"applications+": {"0/appRoles/2/displayName": "renamed"}},
        {"assignments": [assignment_row(ADA.upper(), ADMIN.upper())]},
    ],
)
def test_fingerprint_ignores_what_the_spec_does_not_manage(more):
    """Cycle states, ids of rows, and unlisted resources are not part of it."""
    assert fingerprint(**more) == fingerprint()


@pytest.mark.parametrize(
    "more",
    [
        {"jobs+": {"0/schedule/state": "Disabled"}},
        {"applications+": {"0/appRoles/1/description": "changed"}},
        {"assignments": [assignment_row(ADA, ADMIN), assignment_row(ADA, MEMBER)]},
        {"assignments": []},
    ],
)
def test_fingerprint_changes_with_what_the_spec_manages(more):
    """The schedule, a listed role, and all roles of a listed user are part of it."""
    assert fingerprint(**more) != fingerprint()


def test_fingerprint_includes_unlisted_assignments_with_report_or_delete():
    for unlisted in ("report", "delete"):
        assert fingerprint(
            unlisted, assignments=[assignment_row(ADA, ADMIN), assignment_row(BOB, MEMBER)]
        ) != fingerprint(unlisted)


def test_plan_of_an_empty_snapshot_has_the_errors_of_check():
    for text, _, _, _ in EFFECTS.values():
        spec = spec_of(text)
        found = compare(KINDS, spec, Snapshot(), PlanOptions(today=TODAY))
        assert found.errors == check(KINDS, spec, Snapshot())


# --- lookups and desired resources -------------------------------------------------------------------------------


def test_assignment_lookups_ask_for_users_without_a_live_assignment():
    """Groups at once, since their names may repeat; users only after the principals of live assignments are known."""
    spec = spec_of(
        "assignments: {unlisted: keep, groups: [{name: Twins, role: admin}], "
        "users: [{user: Ada@contoso.com, role: admin}, {user: bob@contoso.com, role: admin}]}"
    )
    (kind,) = [one for one in KINDS if one.name == "assignment"]
    rows = [assignment_row(ADA.upper(), ADMIN), assignment_row(CLEO, ADMIN, "ServicePrincipal")]
    (document,) = [one for one in kind.reads(spec) if one.resolves_principals]
    assignments, named = read_document(document, rows)
    group, by_id, bob = Lookup("group", "Twins"), Lookup("id", ADA), Lookup("user", "bob@contoso.com")
    ada = {by_id: (Principal(ADA, "user", "ada@contoso.com"),)}
    started, with_assignments = Snapshot(complete=False), Snapshot({"assignments": assignments}, complete=False)
    assert list(kind.lookups(spec, started)) == [group]
    assert named == [by_id]
    assert list(kind.lookups(spec, replace(with_assignments, principals=ada))) == [group, bob]
    assert list(kind.lookups(spec, Snapshot())) == [group, Lookup("user", "ada@contoso.com"), bob]


def test_desired_attribute_mapping_keeps_the_text_of_an_invalid_expression():
    """The error is reported by check(); desired() does not raise."""
    (kind,) = [one for one in KINDS if one.name == "attribute_mapping"]
    (desired,) = kind.desired(spec_of(users("attributes: {title: {expression: 'Join('}}")), Snapshot())
    assert isinstance(desired, Resource)
    assert desired.fields["source"] == "Join("


def test_an_exemption_matches_an_address_with_brackets_literally():
    """The value of a role may contain brackets."""
    role = {"id": USER, "displayName": "x", "value": "[x]", "isEnabled": True, "allowedMemberTypes": ["User"]}
    text = "app_roles: {roles: [{value: '[x]', absent: true}]}\n" + EXEMPTION % (
        "role-in-use",
        "2026-12-01",
        ", address: 'writer:app_role/[x]'",
    )
    found = make_plan(text, **{"applications+": {"0/appRoles/0": role}}, assignments=[assignment_row(ADA, USER)])
    assert [(guard.id, guard.is_allowed) for guard in found.plan.guards] == [("role-in-use", True)]
    (all_removed,) = make_plan(GUARDS["all-assignments-removed"][0], **GUARDS["all-assignments-removed"][1]).plan.guards
    assert not GuardExemption("all-assignments-removed", address="*").allows(all_removed, TODAY), (
        "a guard of the whole plan has no address"
    )


NO_ROLE = "00000000-0000-0000-0000-000000000000"
ROLE_ATTRIBUTE = "role_attribute: {target: roles, source: appRoleAssignments}"


@pytest.mark.parametrize(
    ("text", "rows", "messages"),
    [
        (ROLE_ATTRIBUTE, [assignment_row(ADA, NO_ROLE)], ["1 unmanaged assignment has no role"]),
        (
            ROLE_ATTRIBUTE,
            [assignment_row(ADA, NO_ROLE), assignment_row(BOB, NO_ROLE)],
            ["2 unmanaged assignments have no role"],
        ),
        (ROLE_ATTRIBUTE, [assignment_row(ADA, MEMBER)], []),
        ("", [assignment_row(ADA, NO_ROLE)], []),
    ],
)
def test_plan_warns_with_k812_about_unmanaged_assignments_without_a_role(text, rows, messages):
    """Only if the spec provisions roles."""
    found = make_plan(f"assignments: {{unlisted: keep}}\n{text}", assignments=rows)
    warnings = [one.message for one in found.plan.warnings if one.code == "K812"]
    assert [one.partition(" (")[0] for one in warnings] == messages


@pytest.mark.parametrize(
    ("connection", "hint"),
    [
        ("connection: {authentication: portal}", "Select Authorize in the portal"),
        ("", "Add `connection:` to the spec"),
        ("connection: {base_address: https://x.example}", "Correct the credentials of `connection`."),
    ],
)
def test_the_test_of_stored_credentials_says_how_to_fix_them(connection, hint):
    tested = [step for step in make_plan(connection, **OFF).steps if "before provisioning starts" in step.description]
    assert all(hint in step.hint for step in tested)
    assert tested
