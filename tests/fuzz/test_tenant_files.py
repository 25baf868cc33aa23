"""Any JSON as the file of a tenant: the sandbox starts, or names the file and the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimconf.sandbox.server import create_app
from scimconf.sandbox.tenant_file import TenantFile, TenantFileError
from tests.fuzz.mutations import encoded, mutations
from tests.hypothesis_profiles import examples

EDITS = [
    {"object": "User", "target": "title", "source": "[mail]"},
    {"remove": "displayName"},
    {"attribute": {"name": "badge"}},
    {"scope": None},
]
APPLICATION = {
    "displayName": "Writer",
    "template": "custom",
    "roles": [{"value": "admin", "displayName": "admin"}],
    "roles_only": False,
    "assignments": [{"user": "ada@contoso.com", "role": "admin"}, {"group": "Writer editors", "role": "User"}],
    "secrets": {"BaseAddress": "https://app.example.com/scim", "SecretToken": "a token"},
    "jobs": [{"template": "scim", "state": "Active", "edits": EDITS}],
    "tags": ["a"],
    "createdDateTime": "2020-01-01T00:00:00Z",
}
TENANT = {
    "base": "contoso",
    "organization": {"displayName": "Fabrikam", "verifiedDomains": ["fabrikam.com"]},
    "users": ["linus@contoso.com", {"userPrincipalName": "eve@contoso.com", "department": "Sales"}],
    "groups": [{"displayName": "Sales", "members": ["eve@contoso.com", "group:Writer editors"]}],
    "applications": [APPLICATION],
    "endpoints": {"https://app.example.com/scim": {"tokens": ["a token"]}},
    "rejected_tokens": ["another token"],
    "permissions": ["Application.Read.All"],
    "switches": {"secrets_put": "replace"},
    "generate": {"users": 3, "groups": 1, "assign": {"application": "Writer", "role": "User"}},
}


def started(folder, content):
    """Start a sandbox with this tenant; return the message if the file is refused."""
    file = folder / "tenant.json"
    file.write_bytes(content)
    try:
        create_app(TenantFile.read(file))
    except TenantFileError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tenants")


def test_the_tenant_that_is_changed_is_valid(folder):
    assert started(folder, encoded(TENANT)) == ""


@examples(5)
@given(st.data())
def test_a_changed_tenant_file_starts_a_sandbox_or_is_refused(folder, data):
    message = started(folder, data.draw(mutations(TENANT)))
    message.encode()
    assert len(message) < 2000
