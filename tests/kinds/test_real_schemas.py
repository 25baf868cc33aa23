"""Plans against schemas as they are in the wild: never a crash, and once applied nothing is left to do."""

from __future__ import annotations

import pytest

from scimconf.kinds import KINDS
from scimconf.workflow.compilation import PlanOptions
from tests.documents.samples import needs_samples, sample
from tests.kinds.cases import TODAY, compare, folded, line, overlaid, planned, snapshot, spec_of

pytestmark = needs_samples
WISH = """
mappings:
  users:
    enabled: false
    attributes:
      Email: {source: mail, match: 2, default: none@contoso.com}
      IsActive: {expression: 'Not([IsSoftDeleted])', default: "True"}
      Alias: {expression: 'Mid([userPrincipalName], 1, 9)'}
      Title: {constant: Engineer}
      Phone: {absent: true}
      ProfileName: {source: null, default: Standard}
    target_attributes: {Badge__c: {type: integer}, Phone: {required: true}}
    source_attributes: {extension_badge: {}}
    filters: [{name: x, all: [{attribute: department, operator: is_not_null}]}]
"""


@pytest.mark.parametrize("number", ["05", "06"])
def test_a_real_schema_is_made_as_wished_and_nothing_is_left(number):
    """Rows, expressions, definitions and filters of a complete schema; the plan after it is empty."""
    raw = sample(number)
    spec = spec_of(WISH)
    served = overlaid({"schema": raw if number == "05" else raw["schema"]})
    first = compare(KINDS, spec, snapshot(spec, served), PlanOptions(today=TODAY))
    assert [line(problem) for problem in first.errors] == []
    changed = {change.address.local for change in first.plan.changes}
    assert "attribute_mapping/users/Alias" in changed
    assert "attribute_mapping/users/IsActive" not in changed
    then = compare(KINDS, spec, snapshot(spec, folded(first.steps, served)), PlanOptions(today=TODAY))
    assert [str(change.address) for change in then.plan.changes] == []


def test_a_real_inbound_rule_writes_the_roles():
    """The Salesforce template fills the tenant's app roles from profiles: they are not removed here."""
    found = planned("app_roles: {unlisted: delete}", schema=sample("05"))
    assert [problem.code for problem in found.errors] == ["K702"]


@pytest.mark.parametrize(
    ("number", "codes"),
    [
        ("07", ["K602"]),
        ("08", ["no-matching"]),
        ("09", ["no-matching"]),
        ("10", ["no-matching"]),
        ("11", ["K602"]),
        ("13", ["K602"]),
        ("17", ["K602"]),
        ("12", ["K602"]),
        ("30", ["K602"]),
    ],
)
def test_a_partial_schema_is_an_error(number, codes):
    """Stubs of the documentation, a mapping where a rule belongs, documents of another kind."""
    text = "mappings: {users: {attributes: {officeCode: {absent: true}, userName: {absent: true}}}}"
    assert [error.code for error in planned(text, schema=sample(number)).errors] == codes
