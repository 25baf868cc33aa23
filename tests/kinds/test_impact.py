"""The numbers of users of a plan: exact, a bound, or from a sample. They come from the evaluation of a preview."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from scimconf.documents.assignments import assignments
from scimconf.impact.estimates import ImpactInputs, annotate
from scimconf.impact.preview import Preview, evaluation_context
from scimconf.impact.projection import states_before_and_after
from scimconf.impact.queries import affected_by, assigned_groups, scope_documents, user_query
from scimconf.impact.target_checks import TargetCheck
from scimconf.plan import Action, Address, Change, Effect, FieldChange, Impact, Plan, Resource
from scimconf.plan.impact import ImpactData, Members, UserQuery, UserSample
from scimconf.plan.redact import redact_plan
from scimconf.render import html, markdown
from scimconf.render import json as machine
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec
from tests.kinds.cases import read_document
from tests.tenant_fixture import WRITER, Rehearsal, everything_open, told, wishes

GROUP, OTHER, ROLE, BOTH = "g1", "g2", "r1", (Effect.PROVISIONS, Effect.DEPROVISIONS)
LINKED = "only those who came into scope after the cycle of 2026-11-24 00:00 UTC; others have an account, which is updated at most"
UNLINKED = "the job has no links to accounts, so users are matched by nothing, and created only if no account matches"
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def user(name, **more):
    known = {"id": name, "userPrincipalName": f"{name}@x.y", "accountEnabled": True, "mail": None}
    return known | {"department": None, "givenName": None} | more


ADA, BOB, CAT = user("ada", department="Sales", givenName="Ada"), user("bob", department="IT"), user("cat")
USERS = (ADA, BOB, CAT)


def row(number, id_, type_):
    return {"id": number, "principalId": id_, "principalType": type_, "principalDisplayName": id_, "appRoleId": ROLE}


ROWS = [row("1", "ada", "User"), row("2", GROUP, "Group"), row("3", "s1", "ServicePrincipal")]
ADA_AND_CAT = Members({GROUP: {"ada", "cat"}})


def spec(scope="assigned"):
    provisioning = {"enabled": True, **({"scope": scope} if scope else {})}
    tree = {"version": 1, "name": "a", "application": {"display_name": "A"}, "provisioning": provisioning}
    return Spec.model_validate(tree)


def mapping_row(target, name):
    return {"targetAttributeName": target, "source": {"type": "Attribute", "name": name, "expression": f"[{name}]"}}


def job_documents(filters=(), everyone="False", has_run=True, state="Succeeded", counts=()):
    """Return the job with its schema and settings, which determine the users in scope and what they get."""
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
        "attributeMappings": [mapping_row("title", "department")],
        "enabled": True,
        "flowTypes": "Add,Update,Delete",
        "scope": {"groups": groups},
    }
    rule = {"name": "out", "editable": True, "sourceDirectoryName": "Entra", "targetDirectoryName": "App"}
    last = {"timeEnded": "2026-11-24T00:00:00Z", "state": state} if has_run else None
    by_type = [{"key": "User to urn:ietf:params:scim:schemas:core:2.0:User", "value": number} for number in counts]
    status = {"lastExecution": last, "synchronizedEntryCountByType": by_type}
    return {
        "jobs": [{"id": "j", "schedule": {"state": "Active" if has_run else "Disabled"}, "status": status}],
        "schema": {"directories": [], "synchronizationRules": [rule | {"objectMappings": [mapping]}]},
        "secrets": [{"key": "SyncAll", "value": everyone}],
    }


class Reading(NamedTuple):
    """What was read of a tenant."""

    snapshot: Snapshot
    members: Members = ADA_AND_CAT
    sample: UserSample | None = UserSample(USERS, complete=True)


def reading(rows=ROWS, documents=None, members=ADA_AND_CAT, users=USERS, size=None, **job):
    """Return a reading; `size` is the number of users in the directory, if it has more than were read."""
    found = {"service_principals": [{"id": "service_principal"}]}
    if rows is not None:
        found["assignments"], _ = read_document(assignments(), rows)
    found |= job_documents(**job) if documents is None else documents
    sample = None if users is None else UserSample(users, size is None, size)
    return Reading(Snapshot(found, names={"service_principal": "service_principal", "job": "j"}), members, sample)


def evaluate(changes, tenant, scope="assigned"):
    """Return the query of the changes, the changes with their impact, and the impact of all of them."""
    states = states_before_and_after(spec(scope), tenant.snapshot, changes)
    evaluator = Preview(*states, tenant.members, evaluation_context(None, NOON))
    query = user_query(changes, evaluator, tenant.members)
    sample = tenant.sample
    if sample is not None and query is not None and query.ids is not None and sample.complete:
        sample = UserSample(tuple(one for one in sample.users if one["id"] in query.ids), True)
    sample = None if query is None else sample
    inputs = ImpactInputs(
        changes=changes, evaluator=evaluator, query=query, knows_filters="schema" in tenant.snapshot.documents
    )
    counted = annotate(inputs, ImpactData(members=tenant.members, sample=sample))
    return query, counted.changes, counted.totals


@pytest.mark.parametrize(
    ("held", "count", "message"),
    [
        ({}, 1, ""),
        ({"bob": "bob@x.y"}, 0, "1 deletion that is held back ends, since the user is in scope again: bob@x.y"),
        ({"ada": "ada@x.y"}, 1, ""),
    ],
)
def test_users_whose_deletion_is_held_back_are_not_created(held, count, message):
    changed, diagnostics = counted_with(BOB_IN, reading(), held)
    assert changed.impact[Effect.PROVISIONS].count == count
    texts = [diagnostic.message for diagnostic in diagnostics if diagnostic.code == "K304"]
    assert [text[: len(message)] for text in texts] == ([message] if message else [])


def test_many_deletions_that_are_held_back_are_named_in_part():
    everybody = {name: f"{name}@x.y" for name in ("new1", "new2", "new3", "new4")}
    users = tuple(user(name) for name in everybody)
    _, (diagnostic,) = counted_with(WIDEN, reading(rows=[], users=users, members=Members()), everybody, scope="all")
    assert diagnostic.message.startswith(
        "4 deletions that are held back end, since the users are in scope again: new1@x.y"
    )
    assert "new3@x.y and 1 more" in diagnostic.message


def counted_with(change, tenant, held, scope="assigned"):
    """Return the counted change and the diagnostics if the deletions of these users are held back."""
    states = states_before_and_after(spec(scope), tenant.snapshot, [change])
    evaluator = Preview(*states, tenant.members, evaluation_context(None, NOON))
    query = user_query([change], evaluator, tenant.members)
    inputs = ImpactInputs(changes=[change], evaluator=evaluator, query=query, held_back=held)
    counted = annotate(inputs, ImpactData(members=tenant.members, sample=tenant.sample))
    return counted.changes[0], counted.diagnostics


def impact_of(change, tenant, *more, scope="assigned"):
    return dict(evaluate([change, *more], tenant, scope)[1][0].impact)


def change(
    kind, rest="", field=None, before=None, after=None, effects=(Effect.PROVISIONS,), action=Action.UPDATE, key=None
):
    fields = () if field is None else (FieldChange(field, before, after),)
    facts = {"source": before, "match": None, "default": None, "apply": "always"} if kind == "attribute_mapping" else {}
    old = Resource(Address("a", kind, rest), facts, key=key)
    new = Resource(old.address, facts | ({field: after} if field else {}), key=key)
    sides = (None if action is Action.CREATE else old, None if action is Action.DELETE else new)
    return Change(old.address, action, *sides, fields, frozenset(effects))


WIDEN = change("settings", field="scope", before="assigned", after="all")
NARROW = change("settings", field="scope", before="all", after="assigned", effects=BOTH[1:])
START = change("schedule", field="enabled", before=False, after=True)
STOP = change("schedule", field="enabled", before=True, after=False, effects=(Effect.STOPS,))
URL = change("connection", "", "base_address", "https://a.example.com", "https://b.example.com", (Effect.ENDPOINT,))
ROTATION = change("connection", "", "secret_token.rotation", "1", "2", (Effect.CREDENTIALS,))
MATCH = change("attribute_mapping", "users/title", "match", None, 1, BOTH)


def assign(name, action=Action.CREATE, key=None, type_="user"):
    effects = BOTH[:1] if action is Action.CREATE else BOTH[1:]
    return change("assignment", f"{type_}:{name}/admin", action=action, key=(key or name, ROLE), effects=effects)


BOB_IN, ADA_OUT = assign("bob"), assign("ada", Action.DELETE)
GROUP_IN, GROUP_OUT = assign("G", key=OTHER, type_="group"), assign("G", Action.DELETE, GROUP, "group")


def filters(before, after, attribute="department"):
    def clauses(value):
        return [{"name": "f", "all": [{"attribute": attribute, "operator": "equals", "value": value}]}]

    sides = [[] if value is None else clauses(value) for value in (before, after)]
    return change("object_mapping", "users", "filters", *sides, BOTH)


def source(before, after, rest="users/title", effects=(Effect.RESYNC,)):
    return change("attribute_mapping", rest, "source", before, after, effects)


# --- what is read ---------------------------------------------------------------------------------------------------

NEEDED = ("accountEnabled", "department", "id", "userPrincipalName")


@pytest.mark.parametrize(
    ("changes", "tenant", "expected"),
    [
        ([], reading(), None),
        ([WIDEN], reading(), UserQuery(NEEDED)),
        ([STOP], reading(), UserQuery(NEEDED, ("ada", "cat"))),
        ([STOP], reading(None), None),
        ([STOP], reading([]), None),
        ([BOB_IN], reading(), UserQuery(NEEDED, ("bob",))),
        ([BOB_IN, GROUP_OUT], reading(), UserQuery(NEEDED, ("ada", "bob", "cat"))),
        ([GROUP_IN], reading(), None),
        ([assign("x", key="?x")], reading(), None),
        ([change("assignment", "user:x/y", action=Action.CREATE)], reading(), None),
        ([filters(None, "IT"), BOB_IN, assign("x", key="?x")], reading(), UserQuery(NEEDED, ("ada", "bob", "cat"))),
        ([filters(None, "IT", "mail")], reading(everyone="True"), UserQuery(tuple(sorted((*NEEDED, "mail"))))),
        ([source("[department]", "[mail]")], reading(filters=[("city", "Ulm")]),
         UserQuery(tuple(sorted((*NEEDED, "city", "mail"))), ("ada", "cat"))),
        ([source("[displayName]", "[mail]", "groups/displayName")], reading(), None),
    ],
)  # fmt: skip
def test_user_query_asks_only_for_the_users_that_changes_need(changes, tenant, expected):
    assert evaluate(changes, tenant)[0] == expected
    needs_documents = any(map(affected_by, changes))
    assert bool(scope_documents(spec(), changes)) is needs_documents


def test_assigned_groups_are_those_before_and_after_without_unresolved_ones():
    unresolved = assign("X", key="?X", type_="group")
    states = states_before_and_after(spec(), reading().snapshot, [GROUP_IN, unresolved])
    assert assigned_groups(states) == {GROUP, OTHER}


# --- all users were read --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "tenant", "expected"),
    [
        (WIDEN, reading(), {Effect.PROVISIONS: Impact(1, 3, examples=("bob@x.y",))}),
        (WIDEN, reading(filters=[("department", "IT")]), {Effect.PROVISIONS: Impact(1, 3, examples=("bob@x.y",))}),
        (WIDEN, reading(filters=[("department", "HR")]), {Effect.PROVISIONS: Impact(0, 3)}),
        (WIDEN, reading(documents={"secrets": []}), {Effect.PROVISIONS: Impact(0, 3, "at_most", undetermined=1)}),
        (NARROW, reading(everyone="True"), {Effect.DEPROVISIONS: Impact(1, 3, examples=("bob@x.y",))}),
        (filters(None, "IT"), reading(), {Effect.PROVISIONS: Impact(0, 2, population="assigned"),
         Effect.DEPROVISIONS: Impact(2, 2, examples=("ada@x.y", "cat@x.y"), population="assigned")}),
        (filters(None, "x", "noSuchThing"), reading(), {Effect.PROVISIONS: Impact(0, 2, population="assigned"),
         Effect.DEPROVISIONS: Impact(0, 2, population="assigned", undetermined=2)}),
        (filters(None, "False", "IsSoftDeleted"), reading(rows=ROWS[:1]), {
         Effect.PROVISIONS: Impact(0, 1, population="assigned"),
         Effect.DEPROVISIONS: Impact(0, 1, population="assigned", undetermined=1)}),
        (STOP, reading(), {Effect.STOPS: Impact(2, 2, examples=("ada@x.y", "cat@x.y"), population="assigned")}),
        (STOP, reading([]), {Effect.STOPS: Impact(0, 0, population="assigned")}),
        (START, reading(has_run=False), {Effect.PROVISIONS: Impact(2, 2, examples=("ada@x.y", "cat@x.y"), population="assigned")}),
        (START, reading(), {Effect.PROVISIONS: Impact(2, 2, "at_most", population="assigned", reason=LINKED)}),
        (START, reading(counts=[3]), {Effect.PROVISIONS: Impact(2, 2, "at_most", population="assigned", reason=LINKED)}),
        (START, reading(counts=[0]), {Effect.PROVISIONS: Impact(2, 2, "at_most", examples=("ada@x.y", "cat@x.y"), population="assigned", reason=UNLINKED)}),
        (START, reading(state="Failed"), {Effect.PROVISIONS: Impact(2, 2, "at_most", examples=("ada@x.y", "cat@x.y"), population="assigned", reason="the job has not completed a cycle")}),
        (START, reading(rows=[]), {Effect.PROVISIONS: Impact(0, 0, "at_most", population="assigned")}),
        (MATCH, reading(), dict.fromkeys(BOTH, Impact(2, 2, "at_most", examples=("ada@x.y", "cat@x.y"), population="assigned"))),
        (URL, reading(), {Effect.ENDPOINT: Impact(2, 2, "at_most", examples=("ada@x.y", "cat@x.y"), population="assigned")}),
        (ROTATION, reading(), {}),
        (BOB_IN, reading(), {Effect.PROVISIONS: Impact(1, examples=("bob@x.y",))}),
        (BOB_IN, reading(filters=[("department", "HR")]), {Effect.PROVISIONS: Impact(0)}),
        (BOB_IN, reading(everyone="True"), {Effect.PROVISIONS: Impact(0)}),
        (ADA_OUT, reading(), {Effect.DEPROVISIONS: Impact(0)}),
        (ADA_OUT, reading(ROWS[:1]), {Effect.DEPROVISIONS: Impact(1, examples=("ada@x.y",))}),
        (GROUP_OUT, reading(), {Effect.DEPROVISIONS: Impact(1, examples=("cat@x.y",))}),
        (GROUP_IN, reading(members=Members({GROUP: {"cat"}, OTHER: {"ada", "bob"}})), {Effect.PROVISIONS: Impact(1, examples=("bob@x.y",))}),
        (assign("gone"), reading(), {Effect.PROVISIONS: Impact(0)}),
        (assign("x", key="?x"), reading(), {}),
        (change("assignment", "user:x/y", action=Action.CREATE), reading(), {}),
        (change("app_role", "admin", effects=(Effect.DATA_LOSS,)), reading(), {}),
        (change("unknown", "admin", effects=BOTH), reading(), {}),
        (change("object_mapping", "groups", "filters", [], [], BOTH), reading(), {}),
        (change("object_mapping", "users", "actions", [], ["create"], BOTH), reading(), {}),
        (change("settings", field="skip_out_of_scope_deletions", before=True, after=False, effects=BOTH), reading(), {}),
    ],
)  # fmt: skip
def test_annotate_counts_the_users_of_each_effect(one, tenant, expected):
    """With all users read the number is exact; a start, and other matching, may create fewer."""
    assert impact_of(one, tenant) == expected


@pytest.mark.parametrize(
    ("one", "tenant", "effect", "count"),
    [
        (WIDEN, {}, Effect.PROVISIONS, 0),
        (assign("dis"), {}, Effect.PROVISIONS, 0),
        (filters("x", None), {"filters": [("department", "x")], "rows": [row("1", "dis", "User")]}, Effect.PROVISIONS, 0),
        (START, {"has_run": False, "rows": [row("1", "dis", "User")]}, Effect.PROVISIONS, 0),
        (MATCH, {"rows": [row("1", "dis", "User")]}, Effect.PROVISIONS, 0),
        (MATCH, {"rows": [row("1", "dis", "User")]}, Effect.DEPROVISIONS, 1),
        (STOP, {"rows": [row("1", "dis", "User")]}, Effect.STOPS, 1),
        (NARROW, {"everyone": "True", "rows": []}, Effect.DEPROVISIONS, 1),
        (filters(None, "x", "noSuchThing"), {"filters": [("department", "x")]}, Effect.PROVISIONS, 0),
    ],
)  # fmt: skip
def test_disabled_accounts_are_never_counted_as_created(one, tenant, effect, count):
    """The service updates a disabled account that exists in the application; a preview says the same."""
    disabled = user("dis", accountEnabled=False)
    impact = impact_of(one, reading(users=(disabled,), members=Members({GROUP: set()}), **{"rows": [], **tenant}))[
        effect
    ]
    assert (impact.count, impact.undetermined) == (count, 0)
    assert impact.examples == (("dis@x.y",) if count else ())


def test_impact_of_a_scope_does_not_count_users_of_another_field():
    """Who left the scope before is not counted where skipped deletions are made up for."""
    skip = FieldChange("skip_out_of_scope_deletions", True, False)
    both = Change(WIDEN.address, Action.UPDATE, WIDEN.before, WIDEN.after, (*WIDEN.fields, skip), frozenset(BOTH))
    assert impact_of(both, reading()) == {Effect.PROVISIONS: Impact(1, 3, examples=("bob@x.y",))}


@pytest.mark.parametrize(
    ("changes", "expected", "together"),
    [
        ([WIDEN, filters(None, "IT")], [(1,), (1, 2)], (1, 2)),
        ([WIDEN, BOB_IN], [(1,), (1,)], (1,)),
        ([ADA_OUT, GROUP_OUT], [(1,), (2,)], (2,)),
        ([BOB_IN, GROUP_OUT], [(1,), (1,)], (1, 1)),
        ([WIDEN, START], [(1,), (3,)], (3,)),
    ],
)
def test_impact_of_changes_together_counts_each_user_once(changes, expected, together):
    """A number is that of the whole plan: scope and filters at once move those whom both of them let in."""
    members = Members({GROUP: {"ada", "cat"}})
    _, annotated, totals = evaluate(changes, reading(members=members))
    numbers = [tuple(one.impact[effect].count for effect in BOTH if effect in one.impact) for one in annotated]
    assert numbers == expected
    assert tuple(totals[effect].count for effect in BOTH if effect in totals) == together


def test_impact_of_changes_together_is_unknown_if_one_of_them_was_not_counted():
    actions = change("object_mapping", "users", "actions", [], ["create"], BOTH[:1])
    assert evaluate([actions, BOB_IN], reading())[2] == {}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (source("[department]", "[givenName]"), (2, ("ada@x.y", "bob@x.y"), 0)),
        (source("[department]", 'Join("", [department], "!")'), (3, ("ada@x.y", "bob@x.y", "cat@x.y"), 0)),
        (source("[department]", None), (2, ("ada@x.y", "bob@x.y"), 0)),
        (source("[department]", 'Word([department], "one", " ")'), (3, ("ada@x.y", "bob@x.y", "cat@x.y"), 0)),
        (source("[department]", '"fixed"'), (3, ("ada@x.y", "bob@x.y", "cat@x.y"), 0)),
        (source("[department]", 'IIF([department] = "IT", "a", "b")'), (2, ("ada@x.y", "bob@x.y"), 1)),
        (source("[department]", {"type": "Odd"}), (0, (), 3)),
        (source("[department]", "[manager]"), (0, (), 3)),
        (source("[department]", "[IsSoftDeleted]"), (3, ("ada@x.y", "bob@x.y", "cat@x.y"), 0)),
        (change("attribute_mapping", "users/title", "flow_behavior", "a", "b", (Effect.RESYNC,)), None),
        (source("[department]", "[givenName]", effects=(Effect.DATA_LOSS,)), None),
        (source("[displayName]", "[mail]", "groups/displayName"), None),
    ],
)  # fmt: skip
def test_impact_of_a_source_counts_the_users_whose_value_differs(one, expected):
    """A failure is another value; undetermined users are counted separately."""
    actual = impact_of(one, reading(everyone="True"), scope="all")
    number = expected and Impact(expected[0], 3, "exact", 0, expected[1], "in_scope", expected[2])
    assert actual == ({} if number is None else {Effect.RESYNC: number})
    assert impact_of(one, reading(everyone="True", users=None), scope="all") == {}


@pytest.mark.parametrize(
    ("filtered", "count", "total", "undetermined"),
    [
        ([], 2, 3, 0),
        ([("department", "IT")], 1, 1, 0),
        ([("department", "x")], 0, 0, 0),
        ([("noSuchThing", "x")], 0, 3, 2),
    ],
)
def test_impact_of_a_source_counts_only_users_in_scope(filtered, count, total, undetermined):
    """A user whom the filters exclude is not provisioned, whatever the value; one who may be in scope may differ."""
    actual = impact_of(source("[department]", "[mail]"), reading(everyone="True", filters=filtered), scope="all")
    (impact,) = actual.values()
    assert (impact.count, impact.total, impact.undetermined) == (count, total, undetermined)


@pytest.mark.parametrize(("affected", "named"), [(2, 2), (3, 3), (4, 3)])
def test_impact_names_at_most_three_affected_users(affected, named):
    users = tuple(user(f"user{number}", givenName="x") for number in range(affected))
    (impact,) = impact_of(
        source("[department]", "[givenName]"), reading(users=users, everyone="True"), scope="all"
    ).values()
    assert (impact.count, impact.examples) == (affected, tuple(f"user{number}@x.y" for number in range(named)))


def test_annotate_warns_about_users_whose_values_are_not_accepted():
    """A limit of the spec is at its definition, one of the application's schema at the mapping."""
    tenant = reading(everyone="True")
    evaluator = Preview(
        *states_before_and_after(spec("all"), tenant.snapshot, ()), Members(), evaluation_context(None, NOON)
    )
    checks = (TargetCheck("nickName", required=True, is_declared=True), TargetCheck("title", required=True))
    inputs = ImpactInputs(changes=(), evaluator=evaluator, checks=checks)
    found = annotate(inputs, ImpactData(sample=UserSample((*USERS, user("dan")), complete=True))).diagnostics
    assert [(one.path[2:], one.message) for one in found] == [
        (("target_attributes", "nickName"),
         "4 of 4 users have no value, but the application requires one: ada@x.y, bob@x.y, cat@x.y and 1 more"),
        (("attributes", "title"), "2 of 4 users have no value, but the application requires one: cat@x.y, dan@x.y"),
    ]  # fmt: skip


# --- only some users were read --------------------------------------------------------------------------------------

HALF = Members({GROUP: {"cat"}}, {GROUP: 5})
MANY = {"users": (ADA, BOB), "size": 50}


@pytest.mark.parametrize(
    ("one", "tenant", "expected"),
    [
        (WIDEN, reading(**MANY), {Effect.PROVISIONS: Impact(48, 50, examples=("bob@x.y",))}),
        (WIDEN, reading(users=None), {}),
        (WIDEN, reading(filters=[("department", "IT")], **MANY), {Effect.PROVISIONS: Impact(1, sample_size=2, examples=("bob@x.y",))}),
        (WIDEN, reading(filters=[("department", "IT")], users=None), {}),
        (WIDEN, reading(None, documents={}, **MANY), {Effect.PROVISIONS: Impact(0, sample_size=2, undetermined=2)}),
        (STOP, reading(everyone="True", **MANY), {Effect.STOPS: Impact(50, 50, examples=("ada@x.y", "bob@x.y"))}),
        (STOP, reading(everyone="True", filters=[("department", "IT")], **MANY), {Effect.STOPS: Impact(49, 50, "at_most", examples=("bob@x.y",))}),
        (STOP, reading(members=HALF, users=None), {Effect.STOPS: Impact(6, None, "at_most", population="assigned")}),
        (STOP, reading(members=Members(), users=None), {Effect.STOPS: Impact(1, None, "at_least", population="assigned")}),
        (START, reading(members=Members(), users=None), {}),
        (filters(None, "IT"), reading(members=HALF, users=(ADA,), size=9), {
         Effect.PROVISIONS: Impact(0, sample_size=1, population="assigned"),
         Effect.DEPROVISIONS: Impact(1, sample_size=1, examples=("ada@x.y",), population="assigned")}),
        (GROUP_OUT, reading(members=HALF), {Effect.DEPROVISIONS: Impact(5, precision="at_most", examples=("cat@x.y",))}),
        (GROUP_OUT, reading(members=Members()), {}),
        (BOB_IN, reading(members=Members(), users=None), {Effect.PROVISIONS: Impact(1, precision="at_most")}),
        (BOB_IN, reading(None, users=None), {Effect.PROVISIONS: Impact(1, precision="at_most")}),
        (source("[department]", "[mail]"), reading(everyone="True", **MANY), {
         Effect.RESYNC: Impact(2, sample_size=2, examples=("ada@x.y", "bob@x.y"), population="in_scope")}),
    ],
)  # fmt: skip
def test_annotate_states_a_bound_or_a_sample_if_not_all_users_were_read(one, tenant, expected):
    """Who was not read is evaluated by the assignments alone, which is exact without filters."""
    scope = (
        "all" if tenant.snapshot.documents.get("secrets") == job_documents(everyone="True")["secrets"] else "assigned"
    )
    assert impact_of(one, tenant, scope=scope) == expected


# --- plans ----------------------------------------------------------------------------------------------------------


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
    assert "3 of 12 users may be created" in told(writer.plan(path))
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
