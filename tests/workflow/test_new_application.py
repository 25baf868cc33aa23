"""A spec that creates its application: what is known before the application exists stops the plan, and writes nothing."""

from __future__ import annotations

import pytest

from scimconf.spec.load import load
from tests.tenant_fixture import TOKEN, Rehearsal, codes, exit_code

HEAD = """\
version: 1
name: acme
tenant: contoso.com
application: {display_name: Acme, create: {from_template: custom}}
connection: {authentication: bearer, base_address: https://acme.example.com/scim, secret_token: {env: ACME_TOKEN}}
provisioning: {enabled: false, scope: assigned}
"""
CLAUSE = "{attribute: badge, operator: is_null}"


def planned(tenant, piece):
    return tenant.plan(load("scimconf.yaml", lambda _: HEAD + piece, {}, {}, lambda _: True))


@pytest.mark.parametrize(
    ("piece", "expected"),
    [
        ("mappings: {users: {attributes: {title: badge}}}", ["L310"]),
        (f"mappings: {{users: {{filters: [{{name: x, all: [{CLAUSE}]}}]}}}}", ["L602"]),
        ("mappings: {users: {attributes: {id: {source: objectId}}}}", ["L515"]),
        ("mappings: {users: {attributes: {externalId: {source: objectId, match: 1}}}}", ["K505"]),
        ("mappings: {users: {attributes: {userName: mail}}}", ["no-matching"]),
        ("mappings: {devices: {source: Device, target: Device}}", ["K602"]),
        ("job: {template: skim}", ["K205"]),
        ("assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: boss}]}", ["K807"]),
    ],
)
def test_plan_refuses_what_a_new_application_cannot_have_and_apply_writes_nothing(piece, expected):
    tenant = Rehearsal({}, environ={"ACME_TOKEN": TOKEN})
    result = planned(tenant, piece)
    assert codes(result) == expected
    assert tenant.writes == []


def test_apply_creates_an_application_whose_targets_are_those_of_its_template():
    attributes = "{'emails[type eq \"other\"].value': mail, nickName: mailNickname, title: jobTitle}"
    tenant = Rehearsal({}, environ={"ACME_TOKEN": TOKEN})
    result = planned(tenant, f"mappings: {{users: {{attributes: {attributes}}}}}")
    assert (codes(result), [warning.code for warning in result.plan.warnings if warning.code[0] == "L"]) == ([], [])
    assert exit_code(tenant.apply(result)) == 0


def test_a_role_of_the_custom_template_is_assigned_to_the_application_that_is_created():
    tenant = Rehearsal({}, environ={"ACME_TOKEN": TOKEN})
    result = planned(tenant, "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: User}]}")
    assert codes(result) == []
    assert exit_code(tenant.apply(result)) == 0
    after = planned(tenant, "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: User}]}")
    assert not after.plan.changes
