"""Functions behind a preview: source attributes, SCIM resources, assignees, differences and redaction."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scimconf.documents.assignments import AssignmentSet, assignments
from scimconf.expressions.evaluation import EvaluationContext
from scimconf.impact.assignees import effective_assignees
from scimconf.impact.compiled_mappings import OBJECT_IGNORED
from scimconf.impact.preview import Preview, ScopePopulation
from scimconf.impact.preview_summary import SummaryBuilder
from scimconf.impact.projection import states_before_and_after
from scimconf.impact.scim_resource import ROLE_TYPE, SCHEMAS, resource
from scimconf.impact.user_attributes import GAP, gap, home_name, reader, selected
from scimconf.kinds.provisioning import ProvisioningState
from scimconf.plan import Action, Address, Change, FieldChange, Resource
from scimconf.plan.impact import Members
from scimconf.plan.preview import AttributeDiff, UserOutcome, UserPreview, UserState, request_text
from scimconf.plan.preview_redact import preview_redactor, shape, unredacted
from scimconf.plan.sent_request import SentRequest
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec
from tests.kinds.cases import read_document

CONTEXT = EvaluationContext(datetime(2026, 11, 25, tzinfo=UTC))
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


# --- source attributes -----------------------------------------------------------------------------------------------


def test_selected_returns_the_graph_properties_of_source_attributes():
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
def test_reader_returns_the_value_of_a_source_attribute(name, user, value):
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
def test_home_name_returns_the_original_name_of_a_guest(name, home):
    assert home_name(name) == home


# --- resources -------------------------------------------------------------------------------------------------------


def sent_values(**values):
    return {target: SentRequest("value", value) for target, value in values.items()}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"name.givenName": "Ada"}, {"name": {"givenName": "Ada"}}),
        ({f"{ENTERPRISE}:department": "X"}, {ENTERPRISE: {"department": "X"}}),
        ({"urn:acme:2.0:User": "admin"}, {"urn:acme:2.0:User": "admin"}),
        ({f"{SCHEMAS[0]}:title": "T"}, {"title": "T"}),
        ({'roles[primary eq "True"].value': "r"}, {"roles": [{"primary": True, "type": ROLE_TYPE, "value": "r"}]}),
        ({'roles[primary eq "True"].type': "r"}, {}),
        ({"contacts[primary eq true].value": "r"}, {"contacts": [{"primary": True, "value": "r"}]}),
        ({"roles": (f'{{"primary":false,"type":"{ROLE_TYPE}","value":"r"}}',)},
         {"roles": [{"primary": False, "type": ROLE_TYPE, "value": "r"}]}),
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
def test_resource_nests_target_attributes(sent, expected):
    assert resource(sent_values(**sent), {"active"}) == {"schemas": list(SCHEMAS), **expected}


def test_resource_contains_defaults_but_no_failed_or_ignored_values():
    sent = {
        "a": SentRequest("null", default="d"),
        "b": SentRequest("null"),
        "c": SentRequest("failure", reason="r"),
        "d": SentRequest("ignored"),
    }
    assert resource(sent, ()) == {"schemas": list(SCHEMAS), "a": "d"}


# --- states ----------------------------------------------------------------------------------------------------------


def row(source, **more):
    return {"source": source, "match": None, "default": None, "apply": "always", **more}


def state(**fields):
    return ProvisioningState(exists=True, scope="all", **fields)


def preview_user(before, after, **user):
    return Preview(before, after, Members(), CONTEXT).user(
        {"id": "1", "userPrincipalName": "a@x", "accountEnabled": True, **user}
    )


def test_preview_of_an_unparsable_live_source_is_undetermined():
    same = state(rows={"title": row({"type": "Strange"})})
    assert preview_user(same, same).after.sent["title"].reason == "its source cannot be parsed as an expression"
    (one,) = preview_user(same, state(rows={"title": row("[mail]")}), mail="a@x").differences
    assert one.reason == "source: (unreadable) → [mail]"


def test_preview_sends_a_list_and_ignores_ignore_flow_if_null_or_empty():
    result = preview_user(
        state(),
        state(rows={"a": row("[otherMails]"), "b": row("IgnoreFlowIfNullOrEmpty([mail])")}),
        otherMails=["x"],
        mail=None,
    )
    assert result.after.sent == {"a": SentRequest("value", ("x",)), "b": SentRequest("ignored")}


@pytest.mark.parametrize(
    ("user", "sent"),
    [
        ({"otherMails": []}, SentRequest("null")),
        ({"otherMails": ["x", "y"]}, SentRequest("value", ("x", "y"))),
        ({"onPremisesSyncEnabled": True}, SentRequest("value", "True")),
        ({"onPremisesSyncEnabled": False}, SentRequest("value", "False")),
    ],
)
def test_preview_of_a_direct_mapping_sends_a_string_a_list_or_null(user, sent):
    name = {"otherMails": "otherMails", "onPremisesSyncEnabled": "dirSyncEnabled"}[next(iter(user))]
    assert preview_user(state(), state(rows={"d": row(f"[{name}]")}), **user).after.sent == {"d": sent}


def test_effective_assignees_with_default_access_have_no_documented_role():
    assignees = effective_assignees(
        ProvisioningState(assigned_users={"1": ("00000000-0000-0000-0000-000000000000",)}), Members()
    )
    assert assignees.roles_attribute("1")[1].startswith("Microsoft does not document")
    assert assignees.role_names("1") == "default access"
    assert assignees.role_names("2") == "none"


def test_preview_population_lists_users_only_if_the_scope_is_assigned():
    """Members of groups that were not read are counted, or their number is unknown."""
    one = ProvisioningState(exists=True, scope="assigned", assigned_users={"b": ("r",), "a": ("r",)})
    none = ProvisioningState()
    assert Preview(none, one, Members(), CONTEXT).population == ScopePopulation(("a", "b"))
    assert Preview(state(), one, Members(), CONTEXT).population == ScopePopulation(None)
    group = replace(one, assigned_groups={"g": ("r",)})
    for members, unread in (
        (Members({"g": {"a", "c"}}), 0),
        (Members({"g": {"a", "c"}}, {"g": 5}), 3),
        (Members({"g": {"a", "c"}}, {"g": None}), None),
        (Members(), None),
    ):
        ids = ("a", "b", "c") if members.ids else ("a", "b")
        assert Preview(one, group, members, CONTEXT).population == ScopePopulation(ids, unread)
    unreadable = replace(one, assigned_users=None, assigned_groups=None)
    assert Preview(one, unreadable, Members(), CONTEXT).population == ScopePopulation(("a", "b"), None)


def test_states_before_and_after_ignore_changes_that_do_not_affect_users():
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
    snapshot = Snapshot(names={"service_principal": "1", "job": "2"}, documents={"assignments": AssignmentSet()})
    before, after = states_before_and_after(spec, snapshot, changes)
    assert (after.rows, after.enabled, after.boolean_targets) == (before.rows, True, frozenset({"y"}))


def test_states_before_and_after_skip_service_principals_and_name_groups_by_id():
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
        spec,
        Snapshot(
            names={"service_principal": "1", "job": "2"},
            documents={"assignments": read_document(assignments(), rows)[0]},
        ),
        (),
    )
    assert (before.assigned_users, before.assigned_groups, before.group_names) == ({}, {"2": ("r",)}, {"2": "2"})


# --- differences -----------------------------------------------------------------------------------------------------

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
def test_undetermined_value_possibly_changes_if_its_mapping_changes(before, after, differs):
    rows = ({} if one is None else {"x": one} for one in (before, after))
    result = preview_user(*(state(rows=each) for each in rows), mail="a@x")
    assert result.outcome is (UserOutcome.POSSIBLY_CHANGES if differs else UserOutcome.UNCHANGED)
    assert [one.is_sure for one in result.differences] == [False] * differs


def state_with_roles(*roles, group=(), **more):
    """Return a state in which user 1 has these roles, and a group has others."""
    labels = {role: {"id": role, "value": role, "displayName": role} for role in ("admin", "member")}
    rows = {"role": row("SingleAppRoleAssignment([appRoleAssignments])")}
    assignments = {
        "assigned_users": {"1": roles},
        "assigned_groups": {"g": group} if group else {},
        "role_labels": labels,
    }
    return state(rows=rows, **{**assignments, **more})


def preview_of_group_member(before, after):
    previews = Preview(before, after, Members({"g": {"1"}}), CONTEXT)
    return previews.user({"id": "1", "userPrincipalName": "a@x", "accountEnabled": True})


def test_undetermined_roles_possibly_change_if_the_assignments_change():
    """A user with a direct and a group assignment is undetermined before and after, with the same reason."""
    result = preview_of_group_member(
        state_with_roles("member", group=("member",)), state_with_roles("admin", group=("admin",))
    )
    assert result.outcome is UserOutcome.POSSIBLY_CHANGES
    (one,) = result.differences
    assert (one.before, one.reason) == (one.after, "roles: member, member → admin, admin")
    same = state_with_roles("member", group=("member",))
    assert preview_of_group_member(same, same).outcome is UserOutcome.UNCHANGED
    assert (
        preview_of_group_member(
            same, state_with_roles("member", group=("member",), assigned_users={"1": ("member",)})
        ).outcome
        is UserOutcome.UNCHANGED
    )


def test_preview_of_default_access_beside_a_role_is_undetermined():
    default = "00000000-0000-0000-0000-000000000000"
    result = preview_of_group_member(state_with_roles("admin"), state_with_roles("admin", group=(default,)))
    assert result.after.sent["role"].kind == "undetermined"
    assert result.after.sent["role"].reason.endswith("default access counts as a role beside others")


def test_preview_of_a_user_with_two_roles_is_a_failure_with_a_note():
    result = preview_of_group_member(state_with_roles("admin"), state_with_roles("admin", group=("member",)))
    (difference,) = result.differences
    assert (difference.target, result.after.sent["role"].kind) == ("role", "failure")
    assert "no more than one app role assignment was expected, but 2 were found" in result.after.sent["role"].reason
    assert result.notes == (
        "An expression fails: the service reports an error and does not create or update the user.",
    )


def test_undetermined_value_with_another_reason_is_not_a_difference():
    """The scope is unknown before and after, for different reasons."""
    states = [
        ProvisioningState(
            exists=True,
            scope="assigned",
            rows={"active": ACTIVE},
            assigned_groups={"g": ("r",)},
            group_names={"g": name},
        )
        for name in ("One", "Other")
    ]
    result = Preview(*states, Members(), CONTEXT).user({"id": "1", "userPrincipalName": "a@x", "accountEnabled": True})
    assert result.before.sent["active"].reason != result.after.sent["active"].reason
    assert (result.outcome, result.differences) == (UserOutcome.UNDETERMINED, ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"x": row("[mail]")}),
        ({"x": row("[mail]")}, {}),
        ({"x": row("[mail]")}, {"x": row("IgnoreFlowIfNullOrEmpty([mail])")}),
        ({"x": row("[mail]")}, {"x": row("[mail]", apply="on_create")}),
    ],
)
def test_preview_is_unchanged_if_nothing_is_sent_before_and_after(before, after):
    assert preview_user(state(rows=before), state(rows=after), mail=None).outcome is UserOutcome.UNCHANGED
    assert preview_user(state(rows=before), state(rows=after), mail="a@x").outcome in (
        UserOutcome.CHANGES,
        UserOutcome.UNCHANGED,
    )


def test_preview_of_a_new_default_is_a_change():
    result = preview_user(state(), state(rows={"x": row("[mail]", default="d")}), mail=None)
    assert (result.outcome, len(result.differences)) == (UserOutcome.CHANGES, 1)


IGNORES_USER = row('IIF([mail] = "a@x", IgnoreObjectFlow, [mail])')


def test_user_ignored_by_ignore_object_flow_before_and_after_is_unchanged():
    states = (state(rows={"x": IGNORES_USER, "y": row(source)}) for source in ("[city]", "[country]"))
    assert preview_user(*states, mail="a@x", city="Ulm", country="DE").outcome is UserOutcome.UNCHANGED


def test_user_no_longer_ignored_by_ignore_object_flow_has_one_difference():
    states = (
        state(rows={"x": IGNORES_USER, "y": row("[city]")}),
        state(rows={"x": row("[manager]"), "y": row("[city]")}),
    )
    result = preview_user(*states, mail="a@x", city="Ulm")
    assert result.outcome is UserOutcome.CHANGES
    assert [(one.target, request_text(one.before)) for one in result.differences] == [("x", OBJECT_IGNORED)]


def test_resource_of_an_update_omits_defaults_and_on_create_values():
    sent = {
        "a": SentRequest("null", default="d"),
        "b": SentRequest("value", "v"),
        "c": SentRequest("value", "v", apply="on_create"),
    }
    assert resource(sent, (), updates=True) == {"schemas": list(SCHEMAS), "b": "v"}


def test_preview_warns_if_the_matching_attributes_change():
    one, other = (
        state(rows={"a": row("[mail]", match=a), "b": row("[city]", match=b)}) for a, b in ((1, None), (2, 1))
    )
    warning = "Users are matched by b and then a instead of a."
    assert Preview(one, other, Members(), CONTEXT).warnings == (warning,)
    assert Preview(one, one, Members(), CONTEXT).warnings == ()
    assert Preview(ProvisioningState(), one, Members(), CONTEXT).warnings == ()
    assert Preview(one, state(), Members(), CONTEXT).warnings == ("Users are matched by nothing instead of a.",)


def test_summary_builder_counts_all_users_with_a_duplicate_matching_value():
    shared = state(rows={"a": row("[mail]", match=1)})
    previews, summary_builder = Preview(shared, shared, Members(), CONTEXT), SummaryBuilder(("a",))
    for number, mail in enumerate(("x@x", "y@x", "X@x", "x@X", "y@x")):
        user = {"id": str(number), "userPrincipalName": f"{number}@x", "accountEnabled": True, "mail": mail}
        summary_builder.add(previews.user(user), unredacted)
    (tally,) = summary_builder.summary().mappings
    assert tally.counts == {"duplicates": 5}
    assert [one.partition(":")[0] for one in tally.examples["duplicates"]] == ["2@x", "3@x", "4@x"]


# --- text and redaction ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (None, "not mapped"),
        (SentRequest("value", "nothing"), '"nothing"'),
        (SentRequest("value", ("a", "b")), '["a", "b"]'),
        (SentRequest("value", "a", apply="on_create"), '"a" (on_create)'),
        (SentRequest("null"), "not sent"),
        (SentRequest("null", default="x"), '"x" (default, on create only)'),
        (SentRequest("ignored"), "not sent"),
        (SentRequest("ignored", reason=OBJECT_IGNORED), OBJECT_IGNORED),
        (SentRequest("undetermined", reason="so"), "undetermined: so"),
        (SentRequest("failure", reason="so"), "fails: so"),
    ],
)
def test_request_text_describes_what_is_sent(sent, text):
    assert request_text(sent) == text


@pytest.mark.parametrize(
    ("value", "redacted"),
    [("ada.lovelace@contoso.com", "….…@….…"), ("True", "True"), ("Ada Lovelace", "… …"), ("Łódź 5", "… …"), ("", "")],
)
def test_shape_masks_letters_and_digits_of_a_value(value, redacted):
    assert shape(value) == redacted


def test_preview_redactor_removes_the_name_and_values_of_a_user():
    secret = SentRequest("value", "Lovelace")
    user_state = UserState(
        True, "title matches: whether 'Lovelace' must fit", sent={"a": secret, "b": SentRequest("value", ("Lovelace",))}
    )
    differences = (
        AttributeDiff("a", secret, None, "r"),
        AttributeDiff("b", None, SentRequest("failure", reason="'Lovelace' is no 1815"), "r"),
        AttributeDiff(
            "c",
            secret,
            secret,
            scope_reasons=("assigned through Ada's team", "whether 'a' must fit \"Lovelace's\" is open"),
        ),
    )
    user = UserPreview("Lovelace", "lovelace-id", UserOutcome.CHANGES, user_state, user_state, differences)
    redacted = preview_redactor(lambda name: "user-01234567" if "@" in name else name)(user)
    assert "ovelace" not in repr(redacted) and "1815" not in repr(redacted)
    assert redacted.differences[2].full_reason == "assigned through Ada's team → whether … must fit … is open"
    assert redacted.name == "user-01234567"
    assert preview_redactor(lambda _name: "user-89abcdef")(user).name == "user-89abcdef"
