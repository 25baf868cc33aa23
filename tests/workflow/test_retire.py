"""Tests of `workflow.retire`: an application with 20 users ends, over a tenant that really provisions."""

import pytest
from retired_tenant import NAME, Ending, Owner, accounts, minutes, provisioned, route, spec_of, tenant_with, write_spec

from scimconf.sandbox.target import start_target
from scimconf.workflow.retire import RetireStatus

COUNT = 20


@pytest.fixture(scope="module")
def target():
    with start_target("tolerant", token="sandbox") as running:  # noqa: S106
        yield running


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, target):
    """The tenant with an application of 20 provisioned users, the spec, and the names of the users."""
    tenant, names = tenant_with(COUNT)
    file = write_spec(tmp_path_factory.mktemp("spec"), spec_of(names))
    return provisioned(tenant, file, target), file, names


@pytest.fixture
def ending(prepared, target, tmp_path):
    tenant, file, _ = prepared
    copy = tenant.copy()
    route(copy, target)
    return Ending(copy, file, tmp_path / "history")


def test_an_application_ends(ending, target, prepared):
    result = ending()
    assert result.status is RetireStatus.RETIRED, (result, ending.person.messages)
    assert set(accounts(result).values()) == {"closed"}
    assert ending.tenant.assigned(NAME) == {}
    assert "SecretToken" not in ending.tenant.saved(NAME)
    print([entry["path"] for entry in ending.tenant.journal][-30:])
    assert {user["active"] for user in target.users()} == {False}
