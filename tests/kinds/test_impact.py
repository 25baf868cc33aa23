"""Impact estimates: exact counts, bounds where groups may overlap, and counts of a sample."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import pytest

from scimconf.impact.estimates import annotate, impact_inputs, impact_queries
from scimconf.plan import Action, Address, Change, Effect, FieldChange, Impact, Plan, Resource
from scimconf.plan.impact import ImpactData, ImpactQueries, SamplePopulation, UserSample
from scimconf.plan.redact import redact_plan
from scimconf.render import html, markdown
from scimconf.render import json as machine
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec
from tests.tenant_fixture import WRITER, Rehearsal, everything_open, told, wishes

USER, GROUP, OTHER = "u1", "g1", "g2"
ROLE = "r1"
TODAY = date(2026, 11, 25)
ROWS = [
    {"id": "1", "principalId": USER, "principalType": "User", "principalDisplayName": "U", "appRoleId": ROLE},
    {"id": "2", "principalId": GROUP, "principalType": "Group", "principalDisplayName": "G", "appRoleId": ROLE},
    {
        "id": "3",
        "principalId": "s1",
        "principalType": "ServicePrincipal",
        "principalDisplayName": "S",
        "appRoleId": ROLE,
    },
]
SAMPLED = tuple(
    {"id": str(number), "accountEnabled": True, "department": department}
    for number, department in enumerate(("Sales", "IT", None))
)


def spec(scope="assigned"):
    provisioning = {"enabled": True, **({"scope": scope} if scope else {})}
    return Spec.model_validate(
        {"version": 1, "name": "a", "application": {"display_name": "A"}, "provisioning": provisioning}
    )


def job_documents(filters=(), everyone="False", source=("department", "givenName")):
    """Return the schema and the settings of a job, which determine the users in scope."""
    groups = [
        {
            "name": "f",
            "clauses": [{"sourceOperandName": name, "operatorName": "EQUALS", "targetOperand": {"values": [value]}}],
        }
        for name, value in filters
    ]
    mapping = {
        "sourceObjectName": "User",
        "targetObjectName": "User",
        "attributeMappings": [],
        "scope": {"groups": groups},
    }
    rule = {"name": "out", "editable": True, "sourceDirectoryName": "Entra", "targetDirectoryName": "App"}
    return {
        "schema": {"directories": [], "synchronizationRules": [rule | {"objectMappings": [mapping]}]},
        "secrets": [{"key": "SyncAll", "value": everyone}],
    }


class Reading(NamedTuple):
    """The data of a tenant: the snapshot, and the results of the impact queries."""

    snapshot: Snapshot
    data: ImpactData


def make_reading(rows=ROWS, members=None, sample=None, schema=None, users=None):
    documents = {"service_principals": [{"id": "service_principal"}], **({} if rows is None else {"assignments": rows})}
    documents |= job_documents() if schema is None else schema
    names = {"service_principal": "service_principal", "job": "j"}
    data = ImpactData(
        members={GROUP: 5} if members is None else members,
        user_count=users,
        sample=UserSample(sample) if isinstance(sample, tuple) else sample,
    )
    return Reading(Snapshot(documents, names=names), data)


def annotate_changes(spec, changes, reading):
    """Return the changes with their impact."""
    return annotate(impact_inputs(spec, changes, reading.snapshot), reading.data, TODAY)


def change(
    kind, rest="", field=None, before=None, after=None, effects=(Effect.PROVISIONS,), action=Action.UPDATE, key=None
):
    resource = Resource(Address("a", kind, rest), key=key)
    fields = () if field is None else (FieldChange(field, before, after),)
    sides = (None if action is Action.CREATE else resource, None if action is Action.DELETE else resource)
    return Change(resource.address, action, *sides, fields, frozenset(effects))


SCOPE = change("settings", field="scope", before="assigned", after="all")
START = change("schedule", field="enabled", before=False, after=True)
STOP = change("schedule", field="enabled", before=True, after=False, effects=(Effect.STOPS,))
MATCH = change("attribute_mapping", "users/userName", "match", 1, 2, (Effect.PROVISIONS, Effect.DEPROVISIONS))
GROUP_IN = change("assignment", "group:G/admin", action=Action.CREATE, key=(OTHER, ROLE))
GROUP_OUT = change(
    "assignment", "group:G/admin", action=Action.DELETE, key=(GROUP, ROLE), effects=(Effect.DEPROVISIONS,)
)
USER_IN = change("assignment", "user:x/admin", action=Action.CREATE, key=("u2", ROLE))


def filters(before, after, attribute="department"):
    def one(value):
        return [{"name": "f", "all": [{"attribute": attribute, "operator": "equals", "value": value}]}]

    both = (Effect.PROVISIONS, Effect.DEPROVISIONS)
    sides = [[] if value is None else one(value) for value in (before, after)]
    return change("object_mapping", "users", "filters", *sides, both)


NEEDED = ("accountEnabled", "department", "id", "userPrincipalName")


def source(before, after, rest="users/title", effects=(Effect.RESYNC,)):
    return change("attribute_mapping", rest, "source", before, after, effects)


@pytest.mark.parametrize(
    ("changes", "snapshot", "expected"),
    [
        ([], make_reading(), ImpactQueries()),
        ([SCOPE], make_reading(members={}), ImpactQueries(user_count=True, groups=(GROUP,))),
        ([USER_IN], make_reading(), ImpactQueries()),
        ([GROUP_IN], make_reading(), ImpactQueries(groups=(OTHER,))),
        (
            [change("assignment", "group:?/admin", action=Action.CREATE, key=("?G", ROLE))],
            make_reading(),
            ImpactQueries(),
        ),
        ([change("assignment", "group:?/admin", action=Action.CREATE)], make_reading(), ImpactQueries()),
        ([GROUP_OUT], make_reading(members={}), ImpactQueries(groups=(GROUP,))),
        (
            [filters("IT", "Sales")],
            make_reading(),
            ImpactQueries(properties=NEEDED, population=SamplePopulation((USER,), (GROUP,))),
        ),
        (
            [
                filters("IT", "Sales"),
                GROUP_IN,
                USER_IN,
                change("assignment", "user:?/x", action=Action.CREATE, key=("?x", ROLE)),
            ],
            make_reading(),
            ImpactQueries(
                groups=(OTHER,), properties=NEEDED, population=SamplePopulation((USER, "u2"), (GROUP, OTHER))
            ),
        ),
        (
            [filters("IT", "Sales")],
            make_reading(schema=job_documents(everyone="True")),
            ImpactQueries(properties=NEEDED),
        ),
        ([filters("IT", "Sales")], make_reading(schema={}), ImpactQueries(properties=NEEDED)),
        ([filters("IT", "Sales")], make_reading(None), ImpactQueries()),
        (
            [source("[department]", "[mail]")],
            make_reading(schema=job_documents([("givenName", "Ada")])),
            ImpactQueries(
                properties=("accountEnabled", "department", "givenName", "id", "mail", "userPrincipalName"),
                population=SamplePopulation((USER,), (GROUP,)),
            ),
        ),
        ([filters("True", "False", "IsSoftDeleted")], make_reading(), ImpactQueries()),
    ],
)
def test_impact_queries_ask_only_for_what_the_changes_need(changes, snapshot, expected):
    """Nothing is queried twice; changes without impact need no query."""
    found = impact_queries(impact_inputs(spec(), changes, snapshot.snapshot))
    assert (found, bool(found)) == (expected, expected != ImpactQueries())


@pytest.mark.parametrize(
    ("one", "snapshot", "expected"),
    [
        (STOP, make_reading(users=100), {Effect.STOPS: Impact(6, 100, "at_most")}),
        (SCOPE, make_reading(users=100), {Effect.PROVISIONS: Impact(94, 100, "at_least")}),
        (SCOPE, make_reading(ROWS[:1], users=100), {Effect.PROVISIONS: Impact(99, 100)}),
        (SCOPE, make_reading(users=3), {Effect.PROVISIONS: Impact(0, 3, "at_least")}),
        (SCOPE, make_reading(), {}),
        (SCOPE, make_reading(members={}, users=100), {}),
        (SCOPE, make_reading(None, users=100), {}),
        (SCOPE, make_reading(users=100, schema={}), {Effect.PROVISIONS: Impact(99, 100, "at_most")}),
        (SCOPE, make_reading(users=100, schema=job_documents([("department", "IT")])), {Effect.PROVISIONS: Impact(99, 100, "at_most")}),
        (SCOPE, make_reading(users=0, schema={}), {Effect.PROVISIONS: Impact(0, 0, "at_most")}),
        (USER_IN, make_reading(), {Effect.PROVISIONS: Impact(1, precision="at_most", examples=("x",))}),
        (USER_IN, make_reading(ROWS[:1]), {Effect.PROVISIONS: Impact(1, examples=("x",))}),
        (USER_IN, make_reading(None), {Effect.PROVISIONS: Impact(1, precision="at_most", examples=("x",))}),
        (GROUP_IN, make_reading(members={OTHER: 7}), {Effect.PROVISIONS: Impact(7, precision="at_most")}),
        (GROUP_IN, make_reading(members={OTHER: None}), {}),
        (GROUP_OUT, make_reading(), {Effect.DEPROVISIONS: Impact(5, precision="at_most")}),
        (filters("IT", "Sales"), make_reading(sample=SAMPLED), {Effect.PROVISIONS: Impact(1, sample_size=3), Effect.DEPROVISIONS: Impact(1, sample_size=3)}),
        (filters(None, "Sales"), make_reading(sample=SAMPLED), {Effect.PROVISIONS: Impact(0, sample_size=3), Effect.DEPROVISIONS: Impact(2, sample_size=3)}),
        (filters("IT", "Sales"), make_reading(sample=UserSample(SAMPLED, assigned=True, complete=True)), {Effect.PROVISIONS: Impact(1, 3, population="assigned"), Effect.DEPROVISIONS: Impact(1, 3, population="assigned")}),
        (filters("IT", "Sales", "noSuchThing"), make_reading(sample=SAMPLED), {Effect.PROVISIONS: Impact(0, sample_size=3, undetermined=3), Effect.DEPROVISIONS: Impact(0, sample_size=3, undetermined=3)}),
        (filters("IT", "Sales"), make_reading(), {}),
        (filters("a", "b", "IsSoftDeleted"), make_reading(sample=SAMPLED), {}),
        (change("app_role", "admin", effects=(Effect.DATA_LOSS,)), make_reading(), {}),
        (change("app_role", "admin", effects=()), make_reading(), {}),
    ],
)  # fmt: skip
def test_annotate_sets_the_impact_of_each_effect(one, snapshot, expected):
    """An effect that cannot be counted has no impact."""
    assert dict(annotate_changes(spec(), [one], snapshot)[0].impact) == expected


@pytest.mark.parametrize(
    ("scope", "more", "snapshot", "expected"),
    [
        ("assigned", [], make_reading(users=100), Impact(6, 100, "at_most")),
        ("assigned", [GROUP_OUT], make_reading(users=100), Impact(1, 100, "at_most")),
        (
            "assigned",
            [GROUP_IN, USER_IN],
            make_reading(members={GROUP: 5, OTHER: 7}, users=100),
            Impact(14, 100, "at_most"),
        ),
        (
            "assigned",
            [change("assignment", "user:y/z", action=Action.DELETE, key=("y", ROLE))],
            make_reading(users=9),
            Impact(6, 9, "at_most"),
        ),
        ("assigned", [], make_reading(members={GROUP: None}), None),
        ("assigned", [], make_reading(None), None),
        ("assigned", [USER_IN], Reading(Snapshot(), ImpactData(user_count=9)), Impact(1, 9, "at_most")),
        ("assigned", [], make_reading(users=4), Impact(4, 4, "at_most")),
        ("all", [], make_reading(users=100), Impact(100, precision="at_most")),
        ("all", [], make_reading(), None),
        (None, [], make_reading(users=100), None),
    ],
)
@pytest.mark.parametrize("one", [START, MATCH], ids=["start", "matching"])
def test_impact_of_a_start_and_of_a_matching_change_is_the_users_in_scope(one, scope, more, snapshot, expected):
    """The count is an upper bound, since a user may be in several groups."""
    actual = annotate_changes(spec(scope), [one, *more], snapshot)[0].impact
    assert set(actual.values()) == (set() if expected is None else {expected})


NAMED_USERS = (
    {
        "mail": None,
        "id": "1",
        "accountEnabled": True,
        "userPrincipalName": "ada@x.y",
        "givenName": "Ada",
        "department": "Sales",
    },
    {
        "mail": None,
        "id": "2",
        "accountEnabled": True,
        "userPrincipalName": "bob@x.y",
        "givenName": "Bob",
        "department": "IT",
    },
    {
        "mail": None,
        "id": "3",
        "accountEnabled": True,
        "userPrincipalName": "cat@x.y",
        "givenName": None,
        "department": None,
    },
)


@pytest.mark.parametrize(
    ("one", "names", "expected"),
    [
        (source("[givenName]", 'Join("", [givenName], "!")'), "givenName", (3, ("ada@x.y", "bob@x.y", "cat@x.y"))),
        (source("[givenName]", "[givenName]"), "givenName", (0, ())),
        (source(None, "[department]"), "department", (2, ("ada@x.y", "bob@x.y"))),
        (source("[department]", None), "department", (2, ("ada@x.y", "bob@x.y"))),
        (
            source("[department]", 'Word([department], "one", " ")'),
            "department",
            (3, ("ada@x.y", "bob@x.y", "cat@x.y")),
        ),
        (source('Word([department], "one", " ")', 'Word([department], "two", " ")'), "department", (0, ())),
        (source("[department]", 'IIF([department] = "IT", "a", "b")'), "department", (2, ("ada@x.y", "bob@x.y"), 1)),
        (source("[department]", '"fixed"'), "department", (3, ("ada@x.y", "bob@x.y", "cat@x.y"))),
        (source("[department]", {"type": "Odd"}), "department", (2, ("ada@x.y", "bob@x.y"))),
        (source("[department]", "Not("), "department", (2, ("ada@x.y", "bob@x.y"))),
        (source("[manager]", "[department]"), "", None),
        (source("[IsSoftDeleted]", "[department]"), "", None),
        (source("[department]", "[givenName]", effects=(Effect.DATA_LOSS,)), "", None),
        (source("[displayName]", "[mail]", "groups/displayName"), "", None),
    ],
)
def test_impact_of_a_source_counts_the_users_whose_value_changes(one, names, expected):
    """A failure is another value; undetermined users are counted separately; at most three users are named."""
    queried = impact_queries(impact_inputs(spec(), [one], make_reading().snapshot)).properties
    assert queried == (tuple(sorted({"accountEnabled", "id", "userPrincipalName", names})) if names else ())
    actual = annotate_changes(spec(), [one], make_reading(sample=NAMED_USERS))[0].impact
    unknown = (expected or ())[2:]
    impact = (
        Impact(expected[0], sample_size=3, examples=expected[1], population="in_scope", undetermined=sum(unknown))
        if expected
        else None
    )
    assert dict(actual) == ({} if impact is None else {Effect.RESYNC: impact})
    assert dict(annotate_changes(spec(), [one], make_reading())[0].impact) == {}


@pytest.mark.parametrize(
    ("filtered", "expected"),
    [
        ([], Impact(2, 3, examples=("ada@x.y", "bob@x.y"), population="in_scope")),
        ([("department", "IT")], Impact(1, 1, examples=("bob@x.y",), population="in_scope")),
        ([("department", "x")], Impact(0, 0, population="in_scope")),
        ([("IsSoftDeleted", "False")], Impact(0, 3, population="in_scope", undetermined=3)),
        ([("noSuchThing", "x")], Impact(0, 3, population="in_scope", undetermined=3)),
    ],
)
def test_impact_of_a_source_counts_only_users_in_scope(filtered, expected):
    """A user whom the filters exclude is not provisioned, whatever the value."""
    complete_sample = UserSample(NAMED_USERS, assigned=True, complete=True)
    snapshot = make_reading(sample=complete_sample, schema=job_documents(filtered))
    actual = annotate_changes(spec(), [source("[givenName]", "[mail]")], snapshot)[0].impact
    assert dict(actual) == {Effect.RESYNC: expected}
    partial_sample = make_reading(sample=UserSample(NAMED_USERS, assigned=True), schema=job_documents(filtered))
    actual = annotate_changes(spec(), [source("[givenName]", "[mail]")], partial_sample)[0].impact
    sampled = replace(expected, total=None, sample_size=expected.total)
    assert dict(actual) == ({Effect.RESYNC: sampled} if expected.total else {})
    no_users = make_reading(sample=UserSample(assigned=True, complete=True), schema=job_documents(filtered))
    actual = annotate_changes(spec(), [source("[givenName]", "[mail]")], no_users)[0].impact
    assert dict(actual) == {Effect.RESYNC: Impact(0, 0, population="in_scope")}


@pytest.fixture
def writer():
    tenant = Rehearsal()
    planned = tenant.plan(WRITER)
    tenant.apply(planned, everything_open(planned))
    tenant.forget()
    return tenant


def test_plan_prints_the_impact_unless_no_impact_is_set(writer, tmp_path):
    """The effect is then printed without a count."""
    (tmp_path / "people.csv").write_text((WRITER.parent / "people.csv").read_text("utf-8"), "utf-8")
    path = tmp_path / "scimconf.yaml"
    path.write_text(WRITER.read_text("utf-8").replace("scope: assigned", "scope: all"), "utf-8")
    assert "at least 2 of 12 users" in told(writer.plan(path))
    writer.forget()
    assert "users may be created\n" in told(writer.plan(path, wishes(impact=False)))
    assert not [one for one in writer.journal if one["path"] == "/users" and "count" in one["query"]]


def test_plan_has_no_counts_if_reading_users_is_denied(tmp_path):
    tenant = Rehearsal()
    planned = tenant.plan(WRITER)
    tenant.apply(planned, everything_open(planned))
    path = tmp_path / "scimconf.yaml"
    rows = "\n      - {name: f, all: [{attribute: department, operator: equals, value: Research}]}"
    path.write_text(
        "version: 1\nname: writer\ntenant: contoso.com\napplication: {display_name: Writer}\n"
        f"provisioning: {{enabled: true}}\nmappings:\n  users:\n    filters:{rows}\n",
        "utf-8",
    )
    tenant.fault({"status": 403, "body": {"error": {"code": "Denied", "message": "No."}}}, path="/users", times=0)
    assert "users may be disabled\n" in told(tenant.plan(path))
    tenant.forget()
    assert "(8 of 8 users who are assigned)" in told(tenant.plan(path))


def test_every_renderer_names_the_users_whose_value_changes(writer, tmp_path):
    """A redacted plan has a pseudonym instead."""
    (tmp_path / "people.csv").write_text((WRITER.parent / "people.csv").read_text("utf-8"), "utf-8")
    path = tmp_path / "scimconf.yaml"
    rows = '      externalId: {expression: \'Replace([mailNickname], "grace", , , "hopper", , )\'}'
    path.write_text(re.sub("(?m)^      externalId: .*$", lambda _: rows, WRITER.read_text("utf-8")), "utf-8")
    planned = writer.plan(path)
    text_of_impact = "the value changes for 1 of 8 users in scope: grace@contoso.com"
    assert text_of_impact in " ".join(told(planned).split())
    plan = Plan(planned.tenant, (planned.plan,))
    assert text_of_impact in markdown.plan(plan)
    assert text_of_impact in html.plan(plan)
    assert '"grace@contoso.com"' in machine.plan(plan)
    redacted = redact_plan(plan)
    for form in (markdown.plan(redacted), html.plan(redacted), machine.plan(redacted)):
        assert "grace@contoso.com" not in form


def test_impact_samples_the_assigned_users(tmp_path):
    """A group whose members cannot be read makes the sample partial; a denied read of users is warning K004."""
    tenant = Rehearsal()
    planned = tenant.plan(WRITER)
    tenant.apply(planned, everything_open(planned))
    path = tmp_path / "scimconf.yaml"
    path.write_text(
        "version: 1\nname: writer\ntenant: contoso.com\napplication: {display_name: Writer}\n"
        "provisioning: {enabled: true}\nmappings: {users: {attributes: {title: displayName}}}\n",
        "utf-8",
    )
    assert "the value changes for 8 of 8 users in scope" in told(tenant.plan(path))
    denied = {"status": 403, "body": {"error": {"code": "Denied", "message": "No."}}}
    tenant.fault(denied, path="/groups/*/members*", times=0)
    assert re.search(r"the value changes for \d of \d sampled users in scope", told(tenant.plan(path)))
    tenant.forget()
    tenant.fault({"status": 400, "body": {"error": {"code": "Odd", "message": "No."}}}, path="/users", times=0)
    text_of_impact = told(tenant.plan(path))
    assert "K004: affected users are not counted: Graph denied reading users (400 Odd)." in text_of_impact
    assert "~ attribute_mapping/users/title  (resync)" in text_of_impact
    assert "K004" not in told(tenant.plan(path, wishes(impact=False)))
    tenant.forget()
    tenant.fault(denied, path="/groups/*/members*", times=0)
    tenant.fault(denied, path="/servicePrincipals/*/appRoleAssignedTo", times=0)
    assert "the value changes for" not in told(tenant.plan(path))


def test_plan_reports_the_denied_read_if_no_member_can_be_read(tmp_path):
    """Only a group is assigned, and reading its members is denied."""
    tenant = Rehearsal()
    path = tmp_path / "scimconf.yaml"
    text = (
        "version: 1\nname: writer\ntenant: contoso.com\napplication: {display_name: Writer, create: {from_template: custom}}\n"
        "provisioning: {enabled: true, scope: assigned}\nconnection: {base_address: 'https://x.example/scim', secret_token: {env: WRITER_SCIM_TOKEN}}\n"
        "app_roles: {roles: [{value: member}]}\n"
        "assignments: {unlisted: keep, groups: [{name: Writer editors, role: member}]}\n"
        "mappings: {users: {attributes: {title: TITLE}}}\n"
    )
    path.write_text(text.replace("TITLE", "jobTitle"), "utf-8")
    planned = tenant.plan(path)
    tenant.apply(planned, everything_open(planned))
    path.write_text(text.replace("TITLE", "displayName"), "utf-8")
    tenant.forget()
    tenant.fault(
        {"status": 403, "body": {"error": {"code": "Denied", "message": "No."}}}, path="/groups/*/members*", times=0
    )
    assert "Graph denied reading users (403 Denied)" in " ".join(told(tenant.plan(path)).split())


@pytest.mark.parametrize(("affected", "named"), [(2, 2), (3, 3), (4, 3)])
def test_impact_names_at_most_three_affected_users(affected, named):
    users = tuple(
        {**NAMED_USERS[0], "id": str(number), "userPrincipalName": f"{number}@x.y"} for number in range(affected)
    )
    actual = annotate_changes(spec(), [source("[givenName]", "[department]")], make_reading(sample=users))[0].impact
    [impact] = actual.values()
    assert (impact.count, impact.examples) == (affected, tuple(f"{number}@x.y" for number in range(named)))
