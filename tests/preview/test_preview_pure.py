"""The small pure parts: source attributes, SCIM resources, who is assigned, and what is hidden."""

from datetime import UTC, datetime

import pytest

from scimconf.expressions.evaluation import EvaluationContext
from scimconf.impact.assignees import effective_assignees
from scimconf.impact.compiled_mappings import OBJECT_IGNORED
from scimconf.impact.preview import Preview
from scimconf.impact.preview_summary import SummaryBuilder
from scimconf.impact.projection import states_before_and_after
from scimconf.impact.scim_resource import SCHEMAS, resource
from scimconf.impact.user_attributes import GAP, gap, home_name, reader, selected
from scimconf.kinds.provisioning import ProvisioningState
from scimconf.plan import Action, Address, Change, FieldChange, Resource
from scimconf.plan.preview import AttributeDiff, SentRequest, UserOutcome, UserPreview, UserState, request_text
from scimconf.plan.preview_redact import preview_redactor, shape, unredacted
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec

TOLD = EvaluationContext(datetime(2026, 11, 25, tzinfo=UTC))
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


# --- source attributes ----------------------------------------------------------------------------------------------


def test_only_what_is_needed_is_asked_for_by_graphs_names():
    names = ["mobile", "telephoneNumber", "extensionAttribute7", "manager", "IsSoftDeleted", "extension_ab_cost"]
    assert selected(names) == (
        "accountEnabled", "businessPhones", "extension_ab_cost", "id", "mobilePhone", "onPremisesExtensionAttributes",
        "userPrincipalName",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "user", "value"),
    [
        ("objectId", {"id": "1"}, "1"),
        ("mobile", {"mobilePhone": "+44"}, "+44"),
        ("telephoneNumber", {"businessPhones": ["+1", "+2"]}, "+1"),
        ("telephoneNumber", {"businessPhones": []}, None),
        ("telephoneNumber", {"businessPhones": None}, None),
        ("facsimileTelephoneNumber", {"faxNumber": "+3"}, "+3"),
        ("physicalDeliveryOfficeName", {"officeLocation": "B1"}, "B1"),
        ("extensionAttribute15", {"onPremisesExtensionAttributes": {"extensionAttribute15": "x"}}, "x"),
        ("extensionAttribute15", {"onPremisesExtensionAttributes": None}, None),
        ("employeeOrgData.division", {"employeeOrgData": {"division": "EMEA"}}, "EMEA"),
        ("dirSyncEnabled", {"onPremisesSyncEnabled": True}, True),
        ("extension_ab_cost", {"extension_ab_cost": "c"}, "c"),
        ("manager", {"manager": {"id": "2"}}, GAP),
        ("createdDateTime", {"createdDateTime": "2026-01-01T00:00:00Z"}, GAP),
    ],
)
def test_an_attribute_is_read_where_graph_keeps_it(name, user, value):
    assert reader([name])({"accountEnabled": True, **user}) == {name: value}
    assert bool(gap(name)) is (value is GAP)


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("ada@contoso.com", "ada@contoso.com"),
        ("ada_b_fabrikam.com#EXT#@contoso.com", "ada_b@fabrikam.com"),
        ("ada#EXT#@contoso.com", "ada#EXT#@contoso.com"),
        (None, None),
    ],
)
def test_a_guests_name_is_the_one_at_home(name, home):
    assert home_name(name) == home


# --- resources ------------------------------------------------------------------------------------------------------


def values(**given):
    return {target: SentRequest("value", value) for target, value in given.items()}


@pytest.mark.parametrize(
    ("sent", "made"),
    [
        ({"name.givenName": "Ada"}, {"name": {"givenName": "Ada"}}),
        ({f"{ENTERPRISE}:department": "X"}, {ENTERPRISE: {"department": "X"}}),
        ({"urn:acme:2.0:User": "admin"}, {"urn:acme:2.0:User": "admin"}),
        ({f"{SCHEMAS[0]}:title": "T"}, {"title": "T"}),
        ({'roles[primary eq "True"].value': "r"}, {"roles": [{"primary": True, "value": "r"}]}),
        ({'emails[type eq "work"].value': "a", 'emails[type eq "home"].value': "b"},
         {"emails": [{"type": "home", "value": "b", "primary": True}, {"type": "work", "value": "a"}]}),
        ({"roles": ("a", "b")}, {"roles": ["a", "b"]}),
        ({"active": "False", "flag": "False"}, {"active": False, "flag": "False"}),
        ({"name": "x", "name.givenName": "y"}, {"name": "x", "name.givenName": "y"}),
        ({"emails": "x", 'emails[type eq "work"].value': "y"}, {"emails": "x", 'emails[type eq "work"].value': "y"}),
        ({'emails[type eq "work"]': "y"}, {'emails[type eq "work"]': "y"}),
        ({"a b": "y"}, {"a b": "y"}),
        ({"roles": ("a",), 'roles[type eq "x"].value': "y"}, {"roles": ["a", {"type": "x", "value": "y"}]}),
        ({"emails": ("a",)}, {"emails": ["a"]}),
    ],
)  # fmt: skip
def test_flat_targets_become_a_nested_resource(sent, made):
    assert resource(values(**sent), {"active"}) == {"schemas": list(SCHEMAS), **made}


def test_a_resource_holds_defaults_and_no_unclear_values():
    sent = {
        "a": SentRequest("null", default="d"),
        "b": SentRequest("null"),
        "c": SentRequest("failure", reason="r"),
        "d": SentRequest("ignored"),
    }
    assert resource(sent, ()) == {"schemas": list(SCHEMAS), "a": "d"}


# --- sides ----------------------------------------------------------------------------------------------------------


def row(source, **more):
    return {"source": source, "match": None, "default": None, "apply": "always", **more}


def side(**given):
    return ProvisioningState(exists=True, scope="all", **given)


def person(before, after, **user):
    return Preview(before, after, {}, TOLD).user(
        {"id": "1", "userPrincipalName": "a@x", "accountEnabled": True, **user}
    )


def test_a_live_source_that_nobody_can_read_is_undetermined():
    same = side(rows={"title": row({"type": "Strange"})})
    assert person(same, same).after.sent["title"].reason == "its source cannot be parsed as an expression"
    (one,) = person(same, side(rows={"title": row("[mail]")}), mail="a@x").differences
    assert one.reason == "source: (unreadable) → [mail]"


def test_a_list_stays_a_list_and_a_flow_may_be_ignored():
    found = person(
        side(),
        side(rows={"a": row("[otherMails]"), "b": row("IgnoreFlowIfNullOrEmpty([mail])")}),
        otherMails=["x"],
        mail=None,
    )
    assert found.after.sent == {"a": SentRequest("value", ("x",)), "b": SentRequest("ignored")}


@pytest.mark.parametrize(
    ("user", "sent"),
    [
        ({"otherMails": []}, SentRequest("null")),
        ({"otherMails": ["x", "y"]}, SentRequest("value", ("x", "y"))),
        ({"onPremisesSyncEnabled": True}, SentRequest("value", "True")),
        ({"onPremisesSyncEnabled": False}, SentRequest("value", "False")),
    ],
)
def test_what_is_copied_becomes_a_text_or_null_as_in_any_expression(user, sent):
    name = {"otherMails": "otherMails", "onPremisesSyncEnabled": "dirSyncEnabled"}[next(iter(user))]
    assert person(side(), side(rows={"d": row(f"[{name}]")}), **user).after.sent == {"d": sent}


def test_default_access_alone_says_nothing_of_roles():
    held = effective_assignees(ProvisioningState(assigned_users={"1": ("00000000-0000-0000-0000-000000000000",)}), {})
    assert held.roles_attribute("1")[1].startswith("Microsoft does not document")
    assert held.role_names("1") == "default access"
    assert held.role_names("2") == "none"


def test_who_is_assigned_decides_whom_to_read_where_the_scope_says_so():
    one = ProvisioningState(exists=True, scope="assigned", assigned_users={"b": ("r",), "a": ("r",)})
    assert Preview(ProvisioningState(), one, {}, TOLD).assigned == ("a", "b")
    assert Preview(side(), one, {}, TOLD).assigned is None


def test_what_is_not_about_users_changes_no_side():
    spec = Spec.model_validate(
        {
            "version": 1,
            "name": "w",
            "tenant": "contoso.com",
            "application": {"display_name": "W"},
            "provisioning": {"enabled": True},
        }
    )
    fields = (FieldChange("enabled", True, False),)
    changes = [
        Change(Address("w", "object_mapping", "groups"), Action.UPDATE, fields=fields),
        Change(Address("w", "attribute_mapping", "groups/x"), Action.CREATE, after=Resource(Address("w", "x"), row("[a]"))),
        Change(Address("w", "target_attribute", "users/x"), Action.DELETE),
        Change(Address("w", "target_attribute", "users/y"), Action.CREATE,
               after=Resource(Address("w", "x"), {"type": "boolean"})),
        Change(Address("w", "schedule"), Action.UPDATE, fields=fields),
    ]  # fmt: skip
    snapshot = Snapshot(names={"service_principal": "1", "job": "2"}, documents={"assignments": []})
    before, after = states_before_and_after(spec, snapshot, changes)
    assert (after.rows, after.enabled, after.boolean_targets) == (before.rows, True, frozenset({"y"}))


def test_service_principals_and_nameless_groups_in_assignments():
    spec = Spec.model_validate(
        {
            "version": 1,
            "name": "w",
            "tenant": "contoso.com",
            "application": {"display_name": "W"},
            "provisioning": {"enabled": True},
        }
    )
    rows = [
        {
            "id": "x",
            "principalId": "1",
            "principalType": "ServicePrincipal",
            "principalDisplayName": "s",
            "appRoleId": "r",
        },
        {"id": "y", "principalId": "2", "principalType": "Group", "principalDisplayName": None, "appRoleId": "r"},
    ]
    before, _ = states_before_and_after(
        spec, Snapshot(names={"service_principal": "1", "job": "2"}, documents={"assignments": rows}), ()
    )
    assert (before.assigned_users, before.assigned_groups, before.group_names) == ({}, {"2": ("r",)}, {"2": "2"})


# --- what differs -----------------------------------------------------------------------------------------------------

MANAGER = row("[manager]")
ACTIVE = row('Switch([IsSoftDeleted], , "False", "True", "True", "False")')


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        (MANAGER, row('Replace([manager], "a", , , "b", , )'), True),
        (MANAGER, MANAGER | {"apply": "on_create"}, True),
        (MANAGER, MANAGER | {"match": 2}, False),
        (MANAGER, None, True),
        (None, MANAGER, True),
        (row("[mail]"), MANAGER, True),
    ],
)
def test_what_is_undetermined_may_change_where_its_mapping_does(before, after, differs):
    rows = ({} if one is None else {"x": one} for one in (before, after))
    found = person(*(side(rows=each) for each in rows), mail="a@x")
    assert found.outcome is (UserOutcome.POSSIBLY_CHANGES if differs else UserOutcome.UNCHANGED)
    assert [one.is_sure for one in found.differences] == [False] * differs


def held(*roles, group=(), **more):
    """A side with one user, 1, who holds these roles, and those of a group."""
    labels = {role: {"id": role, "value": role, "displayName": role} for role in ("admin", "member")}
    rows = {"role": row("SingleAppRoleAssignment([appRoleAssignments])")}
    mine = {
        "assigned_users": {"1": roles},
        "assigned_groups": {"g": group} if group else {},
        "role_labels": labels,
    }
    return side(rows=rows, **{**mine, **more})


def moved(before, after):
    told = Preview(before, after, {"g": {"1"}}, TOLD)
    return told.user({"id": "1", "userPrincipalName": "a@x", "accountEnabled": True})


def test_roles_that_are_open_on_both_sides_may_change_where_they_are_others():
    """Held in two ways, so undetermined on both sides and with equal words."""
    found = moved(held("member", group=("member",)), held("admin", group=("admin",)))
    assert found.outcome is UserOutcome.POSSIBLY_CHANGES
    (one,) = found.differences
    assert (one.before, one.reason) == (one.after, "roles: member, member → admin, admin")
    same = held("member", group=("member",))
    assert moved(same, same).outcome is UserOutcome.UNCHANGED
    assert (
        moved(same, held("member", group=("member",), assigned_users={"1": ("member",)})).outcome
        is UserOutcome.UNCHANGED
    )


def test_other_words_for_what_is_as_open_as_before_are_no_change():
    """Whether the person is in scope is not known on either side, for reasons of different words."""
    states_before_and_after = [
        ProvisioningState(
            exists=True,
            scope="assigned",
            rows={"active": ACTIVE},
            assigned_groups={"g": ("r",)},
            group_names={"g": name},
        )
        for name in ("One", "Other")
    ]
    found = Preview(*states_before_and_after, {"g": None}, TOLD).user(
        {"id": "1", "userPrincipalName": "a@x", "accountEnabled": True}
    )
    assert found.before.sent["active"].reason != found.after.sent["active"].reason
    assert (found.outcome, found.differences) == (UserOutcome.UNKNOWN, ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"x": row("[mail]")}),
        ({"x": row("[mail]")}, {}),
        ({"x": row("[mail]")}, {"x": row("IgnoreFlowIfNullOrEmpty([mail])")}),
        ({"x": row("[mail]")}, {"x": row("[mail]", apply="on_create")}),
    ],
)
def test_where_nothing_is_sent_on_either_side_nothing_changes(before, after):
    assert person(side(rows=before), side(rows=after), mail=None).outcome is UserOutcome.UNCHANGED
    assert person(side(rows=before), side(rows=after), mail="a@x").outcome in (
        UserOutcome.CHANGES,
        UserOutcome.UNCHANGED,
    )


def test_a_default_is_something_that_is_sent():
    found = person(side(), side(rows={"x": row("[mail]", default="d")}), mail=None)
    assert (found.outcome, len(found.differences)) == (UserOutcome.CHANGES, 1)


LEAVES_OUT = row('IIF([mail] = "a@x", IgnoreObjectFlow, [mail])')


def test_somebody_who_is_left_out_on_both_sides_does_not_change():
    states_before_and_after = (side(rows={"x": LEAVES_OUT, "y": row(source)}) for source in ("[city]", "[country]"))
    assert person(*states_before_and_after, mail="a@x", city="Ulm", country="DE").outcome is UserOutcome.UNCHANGED


def test_somebody_who_is_no_longer_left_out_changes_in_one_line():
    states_before_and_after = (
        side(rows={"x": LEAVES_OUT, "y": row("[city]")}),
        side(rows={"x": row("[manager]"), "y": row("[city]")}),
    )
    found = person(*states_before_and_after, mail="a@x", city="Ulm")
    assert found.outcome is UserOutcome.CHANGES
    assert [(one.target, request_text(one.before)) for one in found.differences] == [("x", OBJECT_IGNORED)]


def test_for_somebody_who_is_never_created_a_resource_has_what_an_update_could_carry():
    sent = {
        "a": SentRequest("null", default="d"),
        "b": SentRequest("value", "v"),
        "c": SentRequest("value", "v", apply="on_create"),
    }
    assert resource(sent, (), updates=True) == {"schemas": list(SCHEMAS), "b": "v"}


def test_what_people_are_matched_by_is_said_where_it_moves():
    one, other = (side(rows={"a": row("[mail]", match=a), "b": row("[city]", match=b)}) for a, b in ((1, None), (2, 1)))
    moved = "Users are matched by b and then a instead of a."
    assert Preview(one, other, {}, TOLD).warnings == (moved,)
    assert Preview(one, one, {}, TOLD).warnings == ()
    assert Preview(ProvisioningState(), one, {}, TOLD).warnings == ()
    assert Preview(one, side(), {}, TOLD).warnings == ("Users are matched by nothing instead of a.",)


def test_all_who_share_a_value_are_counted_and_the_first_one_too():
    shared = side(rows={"a": row("[mail]", match=1)})
    told, summing = Preview(shared, shared, {}, TOLD), SummaryBuilder(("a",))
    for number, mail in enumerate(("x@x", "y@x", "X@x", "x@X", "y@x")):
        user = {"id": str(number), "userPrincipalName": f"{number}@x", "accountEnabled": True, "mail": mail}
        summing.add(told.user(user), unredacted)
    (tally,) = summing.summary().mappings
    assert tally.counts == {"duplicates": 5}
    assert [one.partition(":")[0] for one in tally.examples["duplicates"]] == ["2@x", "3@x", "4@x"]


# --- words and masks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (None, "not mapped"),
        (SentRequest("value", "nothing"), '"nothing"'),
        (SentRequest("value", ("a", "b")), '["a", "b"]'),
        (SentRequest("value", "a", apply="on_create"), '"a" (on_create)'),
        (SentRequest("null"), "not sent"),
        (SentRequest("null", default="x"), '"x" (default, on create only)'),
        (SentRequest("ignored"), "not sent"),
        (SentRequest("ignored", reason=OBJECT_IGNORED), OBJECT_IGNORED),
        (SentRequest("undetermined", reason="so"), "unknown: so"),
        (SentRequest("failure", reason="so"), "fails: so"),
    ],
)
def test_what_is_sent_in_words(sent, words):
    assert request_text(sent) == words


@pytest.mark.parametrize(
    ("value", "hidden"),
    [("ada.lovelace@contoso.com", "….…@….…"), ("True", "True"), ("Ada Lovelace", "… …"), ("Łódź 5", "… …"), ("", "")],
)
def test_a_masked_value_keeps_its_shape_only(value, hidden):
    assert shape(value) == hidden


def test_a_masked_person_has_neither_name_nor_values():
    secret = SentRequest("value", "Lovelace")
    stand = UserState(
        True, "title matches: whether 'Lovelace' must fit", sent={"a": secret, "b": SentRequest("value", ("Lovelace",))}
    )
    contrasts = (
        AttributeDiff("a", secret, None, "r"),
        AttributeDiff("b", None, SentRequest("failure", reason="'Lovelace' is no 1815"), "r"),
        AttributeDiff(
            "c",
            secret,
            secret,
            scope_reasons=("assigned through Ada's team", "whether 'a' must fit \"Lovelace's\" is open"),
        ),
    )
    given = UserPreview("Lovelace", "lovelace-id", UserOutcome.CHANGES, stand, stand, contrasts)
    hidden = preview_redactor(lambda name: "user-01234567" if "@" in name else name)(given)
    assert "ovelace" not in repr(hidden) and "1815" not in repr(hidden)
    assert hidden.differences[2].full_reason == "assigned through Ada's team → whether … must fit … is open"
    assert hidden.name == "user-01234567"
    assert preview_redactor(lambda _name: "user-89abcdef")(given).name == "user-89abcdef"
