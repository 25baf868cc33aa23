"""The export of assignments: why a spec does not contain one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scimconf.kinds.exported import ExportRequest
from scimconf.kinds.exported_access import export_assignments
from scimconf.snapshot import BY_ID, DeniedRead, Lookup, Principal
from tests.kinds.cases import snapshot, spec_of, tenant_documents
from tests.kinds.test_comparison import ADA, MEMBER, assignment_row

UNKNOWN_ROLE = "20000000-0000-4000-8000-0000000000ff"
DENIED = {
    BY_ID["user"]: DeniedRead(403, "Denied", "/users"),
    BY_ID["group"]: DeniedRead(403, "Denied", "/groups"),
}


@pytest.mark.parametrize(
    ("type_", "role", "principals", "denied", "reason"),
    [
        ("User", MEMBER, (Principal(ADA, "user", "ada@contoso.com"),), {}, ""),
        ("User", UNKNOWN_ROLE, (Principal(ADA, "user", "ada@contoso.com"),), {}, "a spec cannot name its role"),
        ("ServicePrincipal", MEMBER, (), {}, "a spec lists users and groups only"),
        ("User", MEMBER, (), {BY_ID["group"]: DENIED[BY_ID["group"]]}, "it was deleted"),
        ("User", UNKNOWN_ROLE, (Principal(ADA, "user", "ada"),), DENIED, "a spec cannot name its role"),
        ("User", MEMBER, (Principal(ADA, "user", ""),), DENIED, "it has no name"),
        ("ServicePrincipal", MEMBER, (), DENIED, "a spec lists users and groups only"),
        ("User", MEMBER, (), {}, "it was deleted"),
        ("User", MEMBER, (Principal(ADA, "user", ""),), {}, "it has no name"),
        ("Group", MEMBER, (Principal(ADA, "group", "Mails", "", False),), {}, "the group is not security-enabled"),
    ],
)
def test_an_assignment_that_a_spec_does_not_contain_is_listed_with_the_reason(type_, role, principals, denied, reason):
    documents = tenant_documents({"assignments": [assignment_row(ADA, role, type_)]})
    tenant = snapshot(spec_of("assignments: {unlisted: keep}"), documents)
    tenant = replace(tenant, principals={Lookup("id", ADA): principals}, denied=denied)
    part = export_assignments(ExportRequest(name="writer", snapshot=tenant))
    assert part.omitted == ([f"the assignment of {ADA} ({type_}) is not managed: {reason}"] if reason else [])


@pytest.mark.parametrize(("type_", "permission"), [("User", "User.ReadBasic.All"), ("Group", "Group.ReadBasic.All")])
def test_an_assignment_whose_principal_cannot_be_read_names_the_permission(type_, permission):
    documents = tenant_documents({"assignments": [assignment_row(ADA, MEMBER, type_)]})
    tenant = snapshot(spec_of("assignments: {unlisted: keep}"), documents)
    tenant = replace(tenant, principals={Lookup("id", ADA): ()}, denied=DENIED)
    part = export_assignments(ExportRequest(name="writer", snapshot=tenant))
    assert part.omitted == []
    assert part.unread == {f"the assignment of {ADA} ({type_}): Graph denied reading its name (403)": permission}
