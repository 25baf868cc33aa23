"""Properties of the numbers of a plan: each is what a preview of all users counts, or is a bound on it and says so."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from scimconf.plan import Change, Effect, Impact
from tests.hypothesis_profiles import examples
from tests.preview.previews import PreviewResult, preview
from tests.tenant_fixture import Rehearsal, told

USERS = [f"{name}@contoso.com" for name in ("ada", "barbara", "hedy", "mary", "tim", "plato", "hypatia")]
GROUPS = ["Writer editors", "Writer admins", "Mixed"]
OUTCOMES = {Effect.PROVISIONS: "enters", Effect.DEPROVISIONS: "leaves"}
SOURCES = ["department", "city", "mail", "jobTitle", "manager"]
TITLES = ["[department]", "[city]", 'Join(" ", [department], [city])', "[manager]", 'IIF([city] = "Ulm", IgnoreObjectFlow, [city])',
          "SingleAppRoleAssignment([appRoleAssignments])", 'Word([city], "x", " ")']  # fmt: skip
VALUES = ["Ulm", "Sales", "Engineering", "London"]
DENIED = [
    "/groups/*/members*",
    "/users",
    "/servicePrincipals/*/appRoleAssignedTo",
    "/servicePrincipals/*/synchronization/secrets",
]


def scoping_filters(random: Random) -> list[tuple[str, str]]:
    keys = [(name, value) for name in ("department", "city", "mail") for value in VALUES]
    return random.sample(keys, random.choice([0, 1, 2, 3]))


def assigned(random: Random, names: list[str], key: str) -> list[dict[str, str]]:
    picked = random.sample(names, random.randrange(len(names)))
    return [{key: name, "role": random.choice(["admin", "member"])} for name in picked]


def random_tenant(random: Random) -> dict[str, Any]:
    """Return a tenant with Writer: who is assigned, the scope and the filters of a job that ran, or never did."""
    people = [
        {"userPrincipalName": name, "department": random.choice(VALUES), "city": random.choice([*VALUES, None])}
        for name in ("plato@contoso.com", "hypatia@contoso.com")
    ]
    live = [
        {
            "name": f"f{number}",
            "clauses": [{"sourceOperandName": name, "operatorName": "EQUALS", "targetOperand": {"values": [value]}}],
        }
        for number, (name, value) in enumerate(scoping_filters(random))
    ]
    edits = [
        {"target": "title", "source": random.choice(TITLES)},
        {"scope": {"groups": live}},
        {"enabled": random.random() > 0.2},
    ]
    scope = random.choice(["true", "false"])
    writer = {
        "displayName": "Writer",
        "template": "custom",
        "roles": [{"value": "admin", "displayName": "admin"}, {"value": "member", "displayName": "member"}],
        "assignments": [*assigned(random, USERS, "user"), *assigned(random, GROUPS, "group")],
        "secrets": {"BaseAddress": "https://x.example", "SecretToken": "x", "SyncAll": scope},
        "jobs": [{"template": "scim", "state": random.choice(["Active", "Active", "Disabled"]), "edits": edits}],
    }
    mixed = {"displayName": "Mixed", "members": random.sample(USERS, 3)}
    return {"users": people, "groups": [mixed], "applications": [writer]}


def random_spec(random: Random) -> dict[str, Any]:
    """Return a spec that changes anything that decides who is provisioned, together."""
    provisioning: dict[str, Any] = {"enabled": random.random() > 0.3}
    if random.random() > 0.3:
        provisioning["scope"] = random.choice(["assigned", "all"])
    users: dict[str, Any] = {}
    if random.random() > 0.3:
        users["filters"] = [
            {"name": f"g{number}", "all": [{"attribute": name, "operator": "equals", "value": value}]}
            for number, (name, value) in enumerate(scoping_filters(random))
        ]
    if random.random() > 0.3:
        users["attributes"] = {"title": {"expression": random.choice(TITLES)}}
    if random.random() > 0.7:
        users["enabled"] = random.random() > 0.3
    tree: dict[str, Any] = {
        "version": 1,
        "name": "writer",
        "tenant": "contoso.com",
        "application": {"display_name": "Writer"},
        "provisioning": provisioning,
    }
    if users:
        tree["mappings"] = {"users": users}
    if random.random() > 0.3:
        listed = {"users": assigned(random, USERS, "user"), "groups": assigned(random, GROUPS, "name")}
        tree["assignments"] = {"unlisted": random.choice(["keep", "delete"]), **listed}
    return tree


def outcomes_of(result: PreviewResult) -> dict[str, str]:
    """Return the outcome of each user; one with a disabled account enters the scope, but is never created."""
    return {
        name: "enters, never created" if user["outcome"] == "enters" and user["after"]["disabled"] else user["outcome"]
        for name, user in result.users.items()
    }


def counted(change: Change, effect: Effect, result: PreviewResult) -> int | None:
    """Return the number that a preview gives for an effect of a change; None if it has none."""
    outcomes = Counter(outcomes_of(result).values())
    if effect is Effect.RESYNC:
        counts = result.mappings.get("title", {"counts": {}})["counts"]
        return counts.get("changes", 0) + counts.get("left_out", 0)
    if effect is Effect.STOPS:
        return outcomes.total() - outcomes["out_of_scope"] - outcomes["undetermined"]
    if change.kind in ("settings", "object_mapping"):
        return outcomes[OUTCOMES[effect]]
    if change.kind == "schedule":
        return outcomes["enters"]
    if change.address.rest.startswith("user:"):
        name = change.address.rest.removeprefix("user:").partition("@")[0]
        return int(outcomes_of(result).get(name) == OUTCOMES[effect])
    return None


def agrees(impact: Impact, number: int) -> bool:
    """Return whether a number agrees with an impact, which may be a bound, or a sample."""
    least = 0 if impact.precision == "at_most" else impact.count
    is_bounded = impact.precision != "at_least" and not impact.sample_size
    return least <= number and (not is_bounded or number <= impact.count + impact.undetermined)


@examples(12)
@given(st.integers(0, 2**32), st.sampled_from([None, None, *DENIED]))
def test_each_number_of_a_plan_is_what_a_preview_of_all_users_counts_or_a_bound(seed, denied):
    """With all reads allowed it is exact, and that of all changes together as well."""
    random = Random(seed)
    tenant, tree = Rehearsal(random_tenant(random)), random_spec(random)
    if denied == "/users":
        tree.pop("assignments", None)  # a plan cannot find its users then
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scimconf.yaml"
        path.write_text(json.dumps(tree), "utf-8")
        if denied is not None:
            tenant.fault({"status": 403, "body": {"error": {"code": "Denied", "message": "No."}}}, path=denied, times=0)
        planned = tenant.plan(path)
        tenant.forget()
        if planned.errors:
            return
        result = preview(tenant, path)
    event(f"{len(planned.plan.changes)} changes, {'all read' if denied is None else 'a read denied'}")
    for change in planned.plan.changes:
        for effect, impact in change.impact.items():
            number = counted(change, effect, result)
            assert number is None or agrees(impact, number), (change.address, effect, impact, number, told(planned))
            is_start = change.kind == "schedule" and effect is Effect.PROVISIONS
            assert denied or is_start or (impact.precision, impact.sample_size) == ("exact", 0)
    for effect, outcome in OUTCOMES.items():
        impact = planned.plan.impact.get(effect)
        number = Counter(outcomes_of(result).values())[outcome]
        assert impact is None or agrees(impact, number), (effect, impact, number, told(planned))
        is_moved = any(effect in change.effects and change.kind != "schedule" for change in planned.plan.changes)
        assert denied or not is_moved or impact is not None
