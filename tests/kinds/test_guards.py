"""guards() on single changes: which changes are blocked, with which message, and which exemptions allow them."""

from dataclasses import replace
from datetime import date

import pytest

from scimconf.impact.assignees import effective_assignees, lost_assignments
from scimconf.kinds.object_mapping import ObjectMappingKind
from scimconf.kinds.provisioning import ProvisioningState
from scimconf.kinds.registry import guards
from scimconf.plan import Action, Address, Change, Effect, FieldChange, Impact, Resource
from scimconf.plan.guards import ASKED, GuardContext, GuardExemption, RedirectedSecret
from scimconf.plan.impact import Members
from scimconf.render.common.effects import guard_message, sentence

ACTIVE = Address("a", "attribute_mapping", "users/active")
TODAY = date(2026, 11, 25)
CONTEXT = GuardContext(today=TODAY)
LIVE = replace(CONTEXT, has_run=True)


def ids(changes, facts):
    return [guard.id for guard in guards(changes, facts)]


def update(address, name, before, after):
    return Change(address, Action.UPDATE, Resource(address), Resource(address), (FieldChange(name, before, after),))


SOFT_DELETED = "Not([IsSoftDeleted])"
IS_ACTIVE = Address("a", "attribute_mapping", "users/IsActive")
USERS_MAPPING = Address("a", "object_mapping", "users")


def row(address, before, after, apply=("always", "always")):
    """Return the change of a row from one source and `apply` to others; a source of None is no row."""
    sides = [
        None if one is None else Resource(address, {"source": one, "apply": when})
        for one, when in zip((before, after), apply, strict=True)
    ]
    fields = [FieldChange("source", before, after)] if before != after else []
    fields += [FieldChange("apply", *apply)] if apply[0] != apply[1] else []
    action = Action.DELETE if after is None else Action.CREATE if before is None else Action.UPDATE
    return Change(address, action, *sides, tuple(fields))


NOT_DISABLED = "users who leave would no longer be disabled in the application"
NOT_DISABLED_IF_UNASSIGNED = (
    "users who are unassigned or leave the scope would no longer be disabled in the application"
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (row(ACTIVE, SOFT_DELETED, '"True"'), NOT_DISABLED),
        (row(ACTIVE, "[x]", SOFT_DELETED), ""),
        (row(ACTIVE, "[x]", "[accountEnabled]"), ""),
        (row(ACTIVE, SOFT_DELETED, "[accountEnabled]"), NOT_DISABLED_IF_UNASSIGNED),
        (row(ACTIVE, SOFT_DELETED, None), NOT_DISABLED),
        (row(ACTIVE, "[x]", None), NOT_DISABLED),
        (row(ACTIVE, None, "[x]"), NOT_DISABLED),
        (row(ACTIVE, SOFT_DELETED, SOFT_DELETED, ("always", "on_create")), NOT_DISABLED),
        (row(ACTIVE, SOFT_DELETED, SOFT_DELETED, ("on_create", "always")), ""),
        (row(ACTIVE, "[x]", "[x]", ("on_create", "always")), ""),
        (update(ACTIVE, "default", "x", "False"), ""),
        (row(IS_ACTIVE, SOFT_DELETED, None), NOT_DISABLED),
        (row(IS_ACTIVE, SOFT_DELETED, "[mail]"), NOT_DISABLED),
        (row(IS_ACTIVE, "[mail]", None), ""),
        (row(IS_ACTIVE, "[mail]", "[x]"), ""),
        (
            update(USERS_MAPPING, "actions", ["create", "update"], ["create"]),
            f"users would no longer be updated, so {NOT_DISABLED}",
        ),
        (update(USERS_MAPPING, "actions", ["create"], ["create", "update"]), ""),
        (update(USERS_MAPPING, "enabled", True, False), ""),
        (row(Address("a", "attribute_mapping", "groups/active"), SOFT_DELETED, None), ""),
    ],
)
def test_deprovisioning_disabled_blocks_if_no_row_disables_users_who_leave(change, message):
    """A row of IsSoftDeleted does, at every update; one of accountEnabled does for blocked users only; no other row does."""
    found = [guard.message for guard in guards([change], LIVE) if guard.id == "deprovisioning-disabled"]
    assert found == ([message] if message else [])


OFF = (FieldChange("enabled", True, False),)


@pytest.mark.parametrize(
    ("section", "fields", "message"),
    [
        ("users", OFF, "the object mapping users would be off: its users would leave the scope and may be disabled"),
        (
            "guests",
            (*OFF, FieldChange("filters", [], [1])),
            "the object mapping guests would be off: its users would leave the scope and may be disabled",
        ),
        ("users", (FieldChange("enabled", False, True),), ""),
        ("groups", OFF, ""),
        (
            "groups",
            (FieldChange("filters", [], [1]),),
            "groups that do not pass the new scoping filters would leave the scope and may be deleted",
        ),
    ],
)
def test_scope_narrowed_blocks_an_object_mapping_that_is_switched_off(section, fields, message):
    """It moves all users out of the scope, more than any filter; the number is that of the effect."""
    address, impact = Address("a", "object_mapping", section), Impact(8, 8)
    effects = ObjectMappingKind().change_effects(Change(address, Action.UPDATE, fields=fields))
    change = Change(address, Action.UPDATE, None, None, fields, effects, impact={Effect.DEPROVISIONS: impact})
    expected = [("scope-narrowed", message, 8)] if message else []
    assert [(guard.id, guard.message, guard.count) for guard in guards([change], LIVE)] == expected
    assert guards([change], CONTEXT) == ()


def test_deprovisioning_disabled_does_not_block_before_the_first_start():
    """No user has been provisioned yet."""
    assert ids([update(ACTIVE, "source", "[x]", '"True"')], CONTEXT) == []


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (1, "1 resource of the previous spec stays in the tenant and would no longer be managed"),
        (3, "3 resources of the previous spec stay in the tenant and would no longer be managed"),
    ],
)
def test_resources_abandoned_counts_the_abandoned_resources(number, message):
    """Without abandoned resources there is no such guard."""
    (guard,) = guards([], replace(CONTEXT, abandoned=number))
    assert (guard.id, guard.message, guard.count) == ("resources-abandoned", message, number)
    assert guards([], CONTEXT) == ()


def start(*, has_run):
    """Return the change that switches provisioning on, of a job that has run or has not."""
    change = update(Address("a", "schedule"), "enabled", False, True)
    assert change.before is not None
    return replace(change, before=replace(change.before, facts={"has_run": has_run}))


@pytest.mark.parametrize("reason", ["the mode is not set", "the application does not exist yet"])
def test_sign_on_missing_blocks_the_first_start_only(reason):
    context = replace(CONTEXT, missing_sign_on=reason)
    initial, sign_on = guards([start(has_run=False)], context)
    assert (initial.id, sign_on.id) == ("initial-start", "sign-on-missing")
    assert sign_on.message.endswith(f"and it is not set up ({reason})")
    assert ids([start(has_run=True)], context) == []
    assert ids([start(has_run=False)], CONTEXT) == ["initial-start"]
    assert "sign-on-missing" not in ASKED


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (("Enable SCIM",), '1 step of before_start is not confirmed: "Enable SCIM"'),
        (
            tuple("abcdef"),
            '6 steps of before_start are not confirmed: "a", "b", "c", "d", "e" and others',
        ),
    ],
)
def test_before_start_unconfirmed_blocks_the_first_start_only(steps, message):
    """It counts the steps; yes at the prompt does not allow it."""
    context = replace(CONTEXT, unconfirmed_steps=steps)
    initial, unconfirmed = guards([start(has_run=False)], context)
    assert (initial.id, unconfirmed.id, unconfirmed.count) == ("initial-start", "before-start-unconfirmed", len(steps))
    assert unconfirmed.message == (
        f"{message}. To confirm a step, add `confirmed` and `by` to it. "
        "Steps that need the application can follow `apply --no-start`"
    )
    assert ids([start(has_run=True)], context) == []
    assert "before-start-unconfirmed" not in ASKED


def test_endpoint_changed_has_the_number_of_users_and_says_who_gets_the_credentials():
    impact = Impact(8, 8, "at_most", population="assigned")
    change = update(Address("a", "connection"), "base_address", "https://a.example.com", "https://b.example.com")
    (guard,) = guards([replace(change, impact={Effect.ENDPOINT: impact})], LIVE)
    assert (guard.id, guard.count) == ("endpoint-changed", 8)
    assert "https://b.example.com instead of https://a.example.com, which receives the credentials" in guard.message
    assert guard_message(guard).endswith("(up to 8 of 8 users who are assigned)")


def test_an_exemption_for_secret_redirected_also_allows_endpoint_changed():
    """The record is written before the secret: after a kill in between, only the tenant URL differs."""
    change = update(Address("a", "connection"), "base_address", "https://a.example.com", "https://b.example.com")
    secret = RedirectedSecret(address=change.address, field="secret_token", source="env:T", record="new")
    for exemption, redirected, moved in (("secret-redirected", True, True), ("endpoint-changed", False, True)):
        context = replace(LIVE, exemptions=(GuardExemption(exemption),))
        (guard,) = guards([change], context)
        assert (guard.id, guard.is_allowed) == ("endpoint-changed", moved)
        (guard,) = guards([change], replace(context, redirected_secrets=(secret,)))
        assert (guard.id, guard.is_allowed) == ("secret-redirected", redirected)


@pytest.mark.parametrize(("before", "is_lost"), [("portal", True), ("oauth2_client_credentials", False)])
def test_replaced_credentials_state_that_an_authorization_is_lost(before, is_lost):
    """Only a person can give it again."""
    change = update(Address("a", "connection"), "authentication", before, "bearer")
    assert (
        "an administrator gave" in sentence(Effect.CREDENTIALS, [replace(change, effects={Effect.CREDENTIALS})], None)
    ) is is_lost


SETTINGS = Address("a", "settings")
MOST = Impact(34, 100, "at_most")


@pytest.mark.parametrize(
    ("impact", "count"),
    [
        (None, None),
        (Impact(8412, 8530), 8412),
        (MOST, 34),
        (Impact(34, 100, "at_least"), None),
        (Impact(3, sample_size=500), None),
        (Impact(3, 9, undetermined=2), None),
    ],
)
def test_guards_carry_the_impact_and_its_upper_bound_as_count(impact, count):
    """`max` is compared with an upper bound; a lower bound or a sample has none."""
    impacts = {} if impact is None else dict.fromkeys((Effect.PROVISIONS, Effect.DEPROVISIONS), impact)
    effects = frozenset({Effect.PROVISIONS, Effect.DEPROVISIONS, Effect.RESYNC})
    mapping = Address("a", "attribute_mapping", "users/userName")
    changes = [
        replace(change, effects=effects, impact=impacts)
        for change in (
            update(SETTINGS, "scope", "assigned", "all"),
            update(USERS_MAPPING, "filters", [], [1]),
            update(mapping, "match", 1, 2),
            update(Address("a", "schedule"), "enabled", False, True),
        )
    ]
    blocking = [*guards(changes, LIVE), *guards(changes, replace(LIVE, quarantine="x"))]
    counted = {guard.id for guard in blocking if (guard.impact, guard.count) == (impact, count)}
    assert counted >= {"scope-widened", "scope-narrowed", "matching-changed", "initial-start", "quarantined"}
    narrowed = replace(update(SETTINGS, "scope", "all", "assigned"), effects=effects, impact=impacts)
    assert [(guard.id, guard.count) for guard in guards([narrowed], LIVE)] == [("scope-narrowed", count)]


SCHEDULE = Address("a", "schedule")


@pytest.mark.parametrize(
    ("before", "after", "blocking"),
    [(True, False, ["provisioning-stopped"]), (None, False, []), (False, True, ["initial-start"])],
)
def test_provisioning_stopped_blocks_if_provisioning_is_switched_off(before, after, blocking):
    """A schedule that is only created is off already."""
    assert ids([update(SCHEDULE, "enabled", before, after)], CONTEXT) == blocking


def test_provisioning_stopped_carries_the_users_in_scope():
    impact = Impact(34, precision="at_most", population="in_scope")
    change = replace(update(SCHEDULE, "enabled", True, False), impact={Effect.STOPS: impact})
    (guard,) = guards([change], LIVE)
    assert (guard.count, guard.impact) == (34, impact)
    assert guard_message(guard) == (
        "provisioning would stop, so that users who leave keep their access to the application"
        " (up to 34 users in scope)"
    )


def test_an_exemption_with_max_allows_a_guard_up_to_its_upper_bound():
    change = replace(update(SETTINGS, "scope", "assigned", "all"), impact={Effect.PROVISIONS: MOST})
    for limit, is_allowed in ((33, False), (34, True)):
        [found] = guards([change], replace(LIVE, exemptions=(GuardExemption("scope-widened", max=limit),)))
        assert found.is_allowed is is_allowed


USERS = tuple(f"u{number}" for number in range(200))


@pytest.mark.parametrize(
    ("others", "kept", "members", "message"),
    [
        (("v",), (), Members(), "200 of 201 users"),
        ((), (), Members(), "200 of 200 users"),
        (("v",), ("g",), Members({"g": {"w"}}), "200 of 202 users"),
        ((), ("g",), Members({"g": {"u0", "w"}}), "199 of 201 users"),
        ((), ("g",), Members({"g": ()}, {"g": 5}), "at most 200 of 205 users"),
        ((), ("g",), Members(), "at most 200 users"),
        ((), ("~g",), Members({"g": {"u0", "w"}}), "201 of 201 users"),
        ((), ("~g",), Members({"g": ()}, {"g": 5}), "at most 205 of 205 users"),
        ((), ("~g",), Members(), "at least 201 users"),
    ],
)
def test_mass_removal_counts_the_users_who_keep_no_role(others, kept, members, message):
    """A user may keep a role through a group; 200 users lose their own role, and so does a group with `~`."""
    groups = {group.removeprefix("~"): ("r",) for group in kept}
    before = ProvisioningState(assigned_users=dict.fromkeys((*USERS, *others), ("r",)), assigned_groups=groups)
    stay = {group: ("r",) for group in kept if not group.startswith("~")}
    after = replace(before, assigned_users=dict.fromkeys(others, ("r",)), assigned_groups=stay)
    losing = lost_assignments(effective_assignees(before, members), effective_assignees(after, members))
    sizes = {**dict.fromkeys(before.assigned_users, 1), **{group: members.counts.get(group) for group in groups}}
    if members.ids and not members.counts:
        sizes = {name: size or 1 for name, size in sizes.items()}
    facts = GuardContext(today=TODAY, holders=dict.fromkeys(sizes, 1), members=sizes, losing=losing)
    address = Address("a", "assignment", "user:u/r")
    removal = Change(
        address, Action.DELETE, before=Resource(address, key=("u", "r")), effects=frozenset({Effect.DEPROVISIONS})
    )
    found = [one.message for one in guards([removal], facts) if one.id == "mass-removal"]
    assert found == [f"{message} would lose their last role"]


def test_lost_assignments_are_unknown_if_assignments_could_not_be_read():
    unreadable, readable = (
        effective_assignees(ProvisioningState(assigned_users=users), Members()) for users in (None, {"a": ("r",)})
    )
    assert lost_assignments(unreadable, readable) is None
    assert lost_assignments(readable, unreadable) is None


@pytest.mark.parametrize(
    ("impact", "raised"),
    [
        (None, True),
        (Impact(1, 8), True),
        (Impact(0, 8), False),
        (Impact(0, 8, undetermined=2), True),
        (Impact(0, 8, "at_least"), True),
    ],
)
def test_a_quarantine_blocks_only_changes_that_may_provision_users(impact, raised):
    address = Address("a", "assignment", "user:ada/member")
    impacts = {} if impact is None else {Effect.PROVISIONS: impact}
    change = Change(
        address, Action.CREATE, None, Resource(address), effects=frozenset({Effect.PROVISIONS}), impact=impacts
    )
    assert ("quarantined" in ids([change], replace(LIVE, quarantine="TooManyDeletes"))) is raised
