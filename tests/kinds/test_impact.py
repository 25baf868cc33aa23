"""How many people: counted where it is cheap, bounded where groups may overlap, from a sample where it says so."""

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
PEOPLE = tuple(
    {"id": str(number), "accountEnabled": True, "department": department}
    for number, department in enumerate(("Sales", "IT", None))
)


def spec(scope="assigned"):
    provisioning = {"enabled": True, **({"scope": scope} if scope else {})}
    return Spec.model_validate(
        {"version": 1, "name": "a", "application": {"display_name": "A"}, "provisioning": provisioning}
    )


def live(filters=(), everyone="False", source=("department", "givenName")):
    """The schema and the settings of a job: who can be in scope."""
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
    """What was read of a tenant: the snapshot, and the data for the estimates."""

    snapshot: Snapshot
    data: ImpactData


def seen(rows=ROWS, members=None, sample=None, schema=None, users=None):
    documents = {"service_principals": [{"id": "service_principal"}], **({} if rows is None else {"assignments": rows})}
    documents |= live() if schema is None else schema
    names = {"service_principal": "service_principal", "job": "j"}
    data = ImpactData(
        members={GROUP: 5} if members is None else members,
        user_count=users,
        sample=UserSample(sample) if isinstance(sample, tuple) else sample,
    )
    return Reading(Snapshot(documents, names=names), data)


def annotated(spec, changes, reading):
    """The changes with their impact."""
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
        ([], seen(), ImpactQueries()),
        ([SCOPE], seen(members={}), ImpactQueries(user_count=True, groups=(GROUP,))),
        ([USER_IN], seen(), ImpactQueries()),
        ([GROUP_IN], seen(), ImpactQueries(groups=(OTHER,))),
        ([change("assignment", "group:?/admin", action=Action.CREATE, key=("?G", ROLE))], seen(), ImpactQueries()),
        ([change("assignment", "group:?/admin", action=Action.CREATE)], seen(), ImpactQueries()),
        ([GROUP_OUT], seen(members={}), ImpactQueries(groups=(GROUP,))),
        (
            [filters("IT", "Sales")],
            seen(),
            ImpactQueries(properties=NEEDED, population=SamplePopulation((USER,), (GROUP,))),
        ),
        (
            [
                filters("IT", "Sales"),
                GROUP_IN,
                USER_IN,
                change("assignment", "user:?/x", action=Action.CREATE, key=("?x", ROLE)),
            ],
            seen(),
            ImpactQueries(
                groups=(OTHER,), properties=NEEDED, population=SamplePopulation((USER, "u2"), (GROUP, OTHER))
            ),
        ),
        ([filters("IT", "Sales")], seen(schema=live(everyone="True")), ImpactQueries(properties=NEEDED)),
        ([filters("IT", "Sales")], seen(schema={}), ImpactQueries(properties=NEEDED)),
        ([filters("IT", "Sales")], seen(None), ImpactQueries()),
        (
            [source("[department]", "[mail]")],
            seen(schema=live([("givenName", "Ada")])),
            ImpactQueries(
                properties=("accountEnabled", "department", "givenName", "id", "mail", "userPrincipalName"),
                population=SamplePopulation((USER,), (GROUP,)),
            ),
        ),
        ([filters("True", "False", "IsSoftDeleted")], seen(), ImpactQueries()),
    ],
)
def test_only_what_a_change_needs_is_counted(changes, snapshot, expected):
    """And nothing twice; a plan without people in it reads nothing more."""
    found = impact_queries(impact_inputs(spec(), changes, snapshot.snapshot))
    assert (found, bool(found)) == (expected, expected != ImpactQueries())


@pytest.mark.parametrize(
    ("one", "snapshot", "expected"),
    [
        (STOP, seen(users=100), {Effect.STOPS: Impact(6, 100, "at_most")}),
        (SCOPE, seen(users=100), {Effect.PROVISIONS: Impact(94, 100, "at_least")}),
        (SCOPE, seen(ROWS[:1], users=100), {Effect.PROVISIONS: Impact(99, 100)}),
        (SCOPE, seen(users=3), {Effect.PROVISIONS: Impact(0, 3, "at_least")}),
        (SCOPE, seen(), {}),
        (SCOPE, seen(members={}, users=100), {}),
        (SCOPE, seen(None, users=100), {}),
        (SCOPE, seen(users=100, schema={}), {Effect.PROVISIONS: Impact(99, 100, "at_most")}),
        (SCOPE, seen(users=100, schema=live([("department", "IT")])), {Effect.PROVISIONS: Impact(99, 100, "at_most")}),
        (SCOPE, seen(users=0, schema={}), {Effect.PROVISIONS: Impact(0, 0, "at_most")}),
        (USER_IN, seen(), {Effect.PROVISIONS: Impact(1, precision="at_most", examples=("x",))}),
        (USER_IN, seen(ROWS[:1]), {Effect.PROVISIONS: Impact(1, examples=("x",))}),
        (USER_IN, seen(None), {Effect.PROVISIONS: Impact(1, precision="at_most", examples=("x",))}),
        (GROUP_IN, seen(members={OTHER: 7}), {Effect.PROVISIONS: Impact(7, precision="at_most")}),
        (GROUP_IN, seen(members={OTHER: None}), {}),
        (GROUP_OUT, seen(), {Effect.DEPROVISIONS: Impact(5, precision="at_most")}),
        (filters("IT", "Sales"), seen(sample=PEOPLE), {Effect.PROVISIONS: Impact(1, sample_size=3), Effect.DEPROVISIONS: Impact(1, sample_size=3)}),
        (filters(None, "Sales"), seen(sample=PEOPLE), {Effect.PROVISIONS: Impact(0, sample_size=3), Effect.DEPROVISIONS: Impact(2, sample_size=3)}),
        (filters("IT", "Sales"), seen(sample=UserSample(PEOPLE, assigned=True, complete=True)), {Effect.PROVISIONS: Impact(1, 3, population="assigned"), Effect.DEPROVISIONS: Impact(1, 3, population="assigned")}),
        (filters("IT", "Sales", "noSuchThing"), seen(sample=PEOPLE), {Effect.PROVISIONS: Impact(0, sample_size=3, undetermined=3), Effect.DEPROVISIONS: Impact(0, sample_size=3, undetermined=3)}),
        (filters("IT", "Sales"), seen(), {}),
        (filters("a", "b", "IsSoftDeleted"), seen(sample=PEOPLE), {}),
        (change("app_role", "admin", effects=(Effect.DATA_LOSS,)), seen(), {}),
        (change("app_role", "admin", effects=()), seen(), {}),
    ],
)  # fmt: skip
def test_a_change_says_how_many(one, snapshot, expected):
    """What could not be counted is not said."""
    assert dict(annotated(spec(), [one], snapshot)[0].impact) == expected


@pytest.mark.parametrize(
    ("scope", "more", "snapshot", "expected"),
    [
        ("assigned", [], seen(users=100), Impact(6, 100, "at_most")),
        ("assigned", [GROUP_OUT], seen(users=100), Impact(1, 100, "at_most")),
        ("assigned", [GROUP_IN, USER_IN], seen(members={GROUP: 5, OTHER: 7}, users=100), Impact(14, 100, "at_most")),
        (
            "assigned",
            [change("assignment", "user:y/z", action=Action.DELETE, key=("y", ROLE))],
            seen(users=9),
            Impact(6, 9, "at_most"),
        ),
        ("assigned", [], seen(members={GROUP: None}), None),
        ("assigned", [], seen(None), None),
        ("assigned", [USER_IN], Reading(Snapshot(), ImpactData(user_count=9)), Impact(1, 9, "at_most")),
        ("assigned", [], seen(users=4), Impact(4, 4, "at_most")),
        ("all", [], seen(users=100), Impact(100, precision="at_most")),
        ("all", [], seen(), None),
        (None, [], seen(users=100), None),
    ],
)
@pytest.mark.parametrize("one", [START, MATCH], ids=["start", "matching"])
def test_a_start_and_another_way_of_matching_are_about_whoever_will_be_in_scope(one, scope, more, snapshot, expected):
    """At most, since somebody may be in several groups."""
    told = annotated(spec(scope), [one, *more], snapshot)[0].impact
    assert set(told.values()) == (set() if expected is None else {expected})


NAMED = (
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
def test_a_changed_mapping_says_for_whom_it_gives_another_value(one, names, expected):
    """Another value or a failure; of whom it cannot be known is counted by itself; three are named."""
    asked = impact_queries(impact_inputs(spec(), [one], seen().snapshot)).properties
    assert asked == (tuple(sorted({"accountEnabled", "id", "userPrincipalName", names})) if names else ())
    told = annotated(spec(), [one], seen(sample=NAMED))[0].impact
    unknown = (expected or ())[2:]
    impact = (
        Impact(expected[0], sample_size=3, examples=expected[1], population="in_scope", undetermined=sum(unknown))
        if expected
        else None
    )
    assert dict(told) == ({} if impact is None else {Effect.RESYNC: impact})
    assert dict(annotated(spec(), [one], seen())[0].impact) == {}


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
def test_only_those_in_scope_count(filtered, expected):
    """Whom the filters keep out is sent nothing, whatever the mapping gives."""
    people = UserSample(NAMED, assigned=True, complete=True)
    snapshot = seen(sample=people, schema=live(filtered))
    told = annotated(spec(), [source("[givenName]", "[mail]")], snapshot)[0].impact
    assert dict(told) == {Effect.RESYNC: expected}
    some = seen(sample=UserSample(NAMED, assigned=True), schema=live(filtered))
    told = annotated(spec(), [source("[givenName]", "[mail]")], some)[0].impact
    sampled = replace(expected, total=None, sample_size=expected.total)
    assert dict(told) == ({Effect.RESYNC: sampled} if expected.total else {})
    nobody = seen(sample=UserSample(assigned=True, complete=True), schema=live(filtered))
    told = annotated(spec(), [source("[givenName]", "[mail]")], nobody)[0].impact
    assert dict(told) == {Effect.RESYNC: Impact(0, 0, population="in_scope")}


@pytest.fixture
def writer():
    tenant = Rehearsal()
    planned = tenant.plan(WRITER)
    tenant.apply(planned, everything_open(planned))
    tenant.forget()
    return tenant


def test_the_plan_says_it_and_can_be_asked_not_to(writer, tmp_path):
    """Counting costs a few reads: `--no-impact` leaves them out, and the effect stands without a number."""
    (tmp_path / "people.csv").write_text((WRITER.parent / "people.csv").read_text("utf-8"), "utf-8")
    path = tmp_path / "scimconf.yaml"
    path.write_text(WRITER.read_text("utf-8").replace("scope: assigned", "scope: all"), "utf-8")
    assert "at least 2 of 12 users" in told(writer.plan(path))
    writer.forget()
    assert "users may be created\n" in told(writer.plan(path, wishes(impact=False)))
    assert not [one for one in writer.journal if one["path"] == "/users" and "count" in one["query"]]


def test_who_may_not_count_people_gets_the_plan_without_numbers(tmp_path):
    """A refusal is no reason to stop."""
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


def test_a_changed_expression_shows_the_right_users_in_every_form(writer, tmp_path):
    """Whose value changes stands in the plan, under a pseudonym where people are to stay out of it."""
    (tmp_path / "people.csv").write_text((WRITER.parent / "people.csv").read_text("utf-8"), "utf-8")
    path = tmp_path / "scimconf.yaml"
    rows = '      externalId: {expression: \'Replace([mailNickname], "grace", , , "hopper", , )\'}'
    path.write_text(re.sub("(?m)^      externalId: .*$", lambda _: rows, WRITER.read_text("utf-8")), "utf-8")
    planned = writer.plan(path)
    said = "the value changes for 1 of 8 users in scope: grace@contoso.com"
    assert said in " ".join(told(planned).split())
    plan = Plan(planned.tenant, (planned.plan,))
    assert said in markdown.plan(plan)
    assert said in html.plan(plan)
    assert '"grace@contoso.com"' in machine.plan(plan)
    hidden = redact_plan(plan)
    for form in (markdown.plan(hidden), html.plan(hidden), machine.plan(hidden)):
        assert "grace@contoso.com" not in form


def test_people_are_sampled_where_they_are(tmp_path):
    """Of the assigned, page by page no further than the sample; a group that is refused is passed over and not whole."""
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
    refused = {"status": 403, "body": {"error": {"code": "Denied", "message": "No."}}}
    tenant.fault(refused, path="/groups/*/members*", times=0)
    assert re.search(r"the value changes for \d of \d sampled users in scope", told(tenant.plan(path)))
    tenant.forget()
    tenant.fault({"status": 400, "body": {"error": {"code": "Odd", "message": "No."}}}, path="/users", times=0)
    said = told(tenant.plan(path))
    assert "K004: affected users are not counted: Graph denied reading users (400 Odd)." in said
    assert "~ attribute_mapping/users/title  (resync)" in said
    assert "K004" not in told(tenant.plan(path, wishes(impact=False)))
    tenant.forget()
    tenant.fault(refused, path="/groups/*/members*", times=0)
    tenant.fault(refused, path="/servicePrincipals/*/appRoleAssignedTo", times=0)
    assert "the value changes for" not in told(tenant.plan(path))


def test_nobody_to_be_read_is_told(tmp_path):
    """Only groups are assigned, and none of them shows its members."""
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
def test_at_most_three_affected_users_are_named(affected, named):
    users = tuple({**NAMED[0], "id": str(number), "userPrincipalName": f"{number}@x.y"} for number in range(affected))
    told = annotated(spec(), [source("[givenName]", "[department]")], seen(sample=users))[0].impact
    [impact] = told.values()
    assert (impact.count, impact.examples) == (affected, tuple(f"{number}@x.y" for number in range(named)))
