"""What a plan says about users who leave, for a spec that names the preset of its vendor."""

from __future__ import annotations

import json

import pytest
from tenant_fixture import WRITER, wishes

from scimconf.plan import Plan
from scimconf.plan.file import SavedPlan, read
from scimconf.presets.catalogue import load_fact_page, load_preset
from scimconf.presets.model import VendorDeprovisioning
from scimconf.presets.target import departure_text
from scimconf.render import json as as_json
from scimconf.render import text
from scimconf.spec.load import load


def planned(tenant, preset):
    """Return the plan of a spec that unassigns a user."""
    lines = (
        WRITER.read_text()
        .replace("users_from: [people.csv]", "")
        .replace("  users:\n    - {", "  users:\n    - {user: alan@contoso.com, absent: true}\n    - {")
    )
    spec = load(str(WRITER), lambda _: f"{preset}{lines}", {}, {}, lambda _: True)
    assert spec.spec is not None, spec.diagnostics
    result = tenant.plan(spec, wishes())
    return Plan(result.tenant, (result.plan,))


@pytest.mark.parametrize(
    ("preset", "sentence"),
    [
        ("", "may be disabled: alan"),
        ("preset: writer\n", "may be deprovisioned at Writer in a way that it does not document: alan"),
        ("preset: slack\n", "may be disabled: alan"),
        ("preset: unknown\n", "may be disabled: alan"),
    ],
)
def test_plan_says_what_the_vendor_of_the_preset_does_to_deprovisioned_users(after_the_first_cycle, preset, sentence):
    plan = planned(after_the_first_cycle, preset)
    assert sentence in " ".join(text.plan(plan, width=100).split())
    saved = json.loads(as_json.plan(plan))
    changes = [change for change in saved["applications"][0]["changes"] if change.get("departure")]
    assert bool(changes) is ("Writer" in sentence)
    assert all("deprovisions" in change["effects"] for change in changes)


def test_departure_is_in_a_saved_plan(after_the_first_cycle):
    plan = planned(after_the_first_cycle, "preset: writer\n")
    saved = read(as_json.plan(plan), "plan.json")
    assert isinstance(saved, SavedPlan)
    departures = [[change.departure for change in one.applications[0].changes] for one in (saved.plan, plan)]
    assert departures[0] == departures[1] != [""]


@pytest.mark.parametrize(
    ("effect", "words", "expected"),
    [
        ("deletes", "", "deleted at Miro"),
        ("removes_from_organization", "", "removed from Miro"),
        ("disables", "", ""),
        ("deletes", "deleted for good at Miro", "deleted for good at Miro"),
    ],
)
def test_departure_text_of_facts(effect, words, expected):
    facts = load_fact_page("miro").facts
    departure = VendorDeprovisioning(effect=effect, text=words, source="microsoft")
    assert departure_text(facts.model_copy(update={"deprovisioning": departure})) == expected
    assert departure_text(load_preset("custom").facts) == ""
