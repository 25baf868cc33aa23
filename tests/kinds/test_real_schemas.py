"""Plans against published schemas: no exception, and no changes after the steps."""

from __future__ import annotations

import pytest

from scimconf.kinds import KINDS
from scimconf.workflow.compilation import PlanOptions
from tests.documents.samples import needs_samples, sample
from tests.kinds.cases import TODAY, apply_steps, compare, line, make_plan, snapshot, spec_of, tenant_documents

pytestmark = needs_samples
TEXT = """
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
def test_plan_of_a_published_schema_is_empty_after_its_steps(number):
    """The spec has rows, expressions, definitions and filters."""
    raw = sample(number)
    spec = spec_of(TEXT)
    served = tenant_documents({"schema": raw if number == "05" else raw["schema"]})
    first = compare(KINDS, spec, snapshot(spec, served), PlanOptions(today=TODAY))
    assert [line(problem) for problem in first.errors] == []
    changed = {change.address.local for change in first.plan.changes}
    assert "attribute_mapping/users/Alias" in changed
    assert "attribute_mapping/users/IsActive" not in changed
    second = compare(KINDS, spec, snapshot(spec, apply_steps(first.steps, served)), PlanOptions(today=TODAY))
    assert [str(change.address) for change in second.plan.changes] == []


def test_plan_does_not_delete_roles_that_an_inbound_rule_writes():
    """The inbound rule of the Salesforce template creates the app roles from profiles."""
    found = make_plan("app_roles: {unlisted: delete}", schema=sample("05"))
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
def test_plan_of_a_partial_schema_has_an_error(number, codes):
    """The documents are stubs of the documentation, a mapping in place of a rule, and other documents."""
    text = "mappings: {users: {attributes: {officeCode: {absent: true}, userName: {absent: true}}}}"
    assert [error.code for error in make_plan(text, schema=sample(number)).errors] == codes
