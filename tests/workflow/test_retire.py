"""Tests of `workflow.retire`: an application with 20 users ends, over a tenant that really provisions."""

import pytest
from retired_tenant import NAME, Ending, accounts, applied, provisioned, spec_of, tenant_with, write_spec

from scimconf.sandbox.target import start_target
from scimconf.workflow.retire import RetireStatus

COUNT = 20


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The tenant with an application to which 20 users are assigned, the spec, and the names of the users."""
    tenant, names = tenant_with(COUNT)
    file = write_spec(tmp_path_factory.mktemp("spec"), spec_of(names))
    return applied(tenant, file), file, names


@pytest.fixture
def target():
    with start_target("tolerant", token="sandbox") as running:  # noqa: S106
        yield running


@pytest.fixture
def ending(prepared, target, tmp_path):
    """The same after its first cycle."""
    tenant, file, _ = prepared
    return Ending(provisioned(tenant.copy(), target), file, tmp_path / "history")


def test_an_application_ends(ending, target, prepared):
    result = ending()
    assert result.status is RetireStatus.RETIRED, (result, ending.person.messages)
    assert set(accounts(result).values()) == {"closed"}
    assert ending.tenant.assigned(NAME) == {}
    assert "SecretToken" not in ending.tenant.saved(NAME)
    print([entry["path"] for entry in ending.tenant.journal][-30:])
    assert {user["active"] for user in target.users()} == {False}


def refuse(ending, target, name):
    """Let the target refuse every change of one user."""
    (user,) = [user for user in target.users() if user["userName"] == name]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "403", "detail": "owner of a team"}
    for method in ("PATCH", "DELETE", "PUT"):
        ending.tenant.fault({"status": 403, "body": body}, method=method, path=f"*/Users/{user['id']}", times=0)


def test_an_account_that_cannot_be_closed_is_listed_and_nothing_is_shut_down(ending, target, prepared):
    _, _, names = prepared
    refuse(ending, target, names[3])
    result = ending(deletes_application=True)
    print(result, ending.person.messages)
    assert result.status is RetireStatus.ACCOUNTS_REMAIN
    [account] = result.retirement.open_accounts
    print(account)
    assert (account.name, account.state.value) == (names[3], "failed")
    assert "owner of a team" in account.reason
    assert ending.tenant.saved(NAME)["SecretToken"]
    assert ending.tenant.principal(NAME)
    ending.tenant.forget()
    again = ending(deletes_application=True)
    print(ending.person.messages)
    assert (again.status, again.is_deleted) == (RetireStatus.RETIRED, True)
