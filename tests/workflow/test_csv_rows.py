"""Diagnostics about the row of a CSV file name the file and the line, in the checks and in a plan."""

from __future__ import annotations

import pytest

from scimconf.diagnostics import Diagnostic, Location, dotted
from scimconf.spec.load import load
from scimconf.workflow.validate import lint, with_row
from tests.tenant_fixture import TOKEN, Rehearsal, codes

SPEC = """\
version: 1
name: acme
tenant: contoso.com
application: {display_name: Acme, create: {from_template: custom}}
connection: {authentication: bearer, base_address: https://acme.example.com/scim, secret_token: {env: ACME_TOKEN}}
provisioning: {enabled: false, scope: assigned}
mappings: {users: {attributes: {title: {expression: "SingleAppRoleAssignment([appRoleAssignments])"}}}}
assignments: {unlisted: keep, users_from: [people.csv]}
"""
FILES = {
    "/apps/scimconf.yaml": SPEC,
    "/apps/people.csv": "user,role\nada@contoso.com,User\nada@contoso.com,msiam_access\nnobody@contoso.com,User\n",
}


def test_lint_and_plan_name_the_line_of_a_row():
    loaded = load("/apps/scimconf.yaml", FILES.__getitem__, {}, {}, lambda _: True)
    (several,) = [finding for finding in lint(loaded) if finding.code == "L511"]
    assert (dotted(several.path), several.location) == (
        "assignments.users_from",
        Location("/apps/people.csv", 2, 1),
    )
    planned = Rehearsal({}, environ={"ACME_TOKEN": TOKEN}).plan(loaded)
    assert codes(planned) == []
    (warning,) = [warning for warning in planned.plan.warnings if warning.code == "L511"]
    assert warning.message.endswith("so provisioning fails (people.csv:2)")
    (missing,) = planned.plan.missing
    assert missing.diagnostic.message == 'the tenant has no user "nobody@contoso.com" (people.csv:4)'


@pytest.mark.parametrize(
    "diagnostic",
    [
        Diagnostic("K811", "x", ("assignments", "users_from")),
        Diagnostic("K811", "x", ("assignments", "users", 0), Location("scimconf.yaml", 3, 1)),
    ],
)
def test_a_diagnostic_about_no_row_stays(diagnostic):
    assert with_row(diagnostic) == diagnostic
