"""Writer in a tenant that provisions to a SCIM server: after its apply, and after its first cycle."""

import shutil
from dataclasses import replace

import pytest
from on_call import OnCall
from server_fixture import Listener, environment
from tenant_fixture import ROOT, WRITER, Rehearsal

from scimconf.sandbox.reach import Destination
from scimconf.sandbox.target import start_target


@pytest.fixture(scope="session")
def scim_target():
    with start_target("tolerant", token="sandbox") as running:  # noqa: S106
        yield running


@pytest.fixture(scope="session")
def applied_writer():
    tenant = Rehearsal(undetermined="not_sent")
    tenant.apply(WRITER)
    return tenant


@pytest.fixture(scope="session")
def writer_tenant():
    tenant = Rehearsal()
    tenant.apply(WRITER)
    return tenant


@pytest.fixture
def applied(writer_tenant):
    """Writer after its apply, with the switches as they are by default, and without a target."""
    return writer_tenant.copy()


@pytest.fixture(scope="session")
def cycled_writer(applied_writer, scim_target):
    tenant = _routed_copy(applied_writer, scim_target)
    tenant.request("POST", "/_sandbox/cycle", {})
    return tenant


@pytest.fixture
def before_the_first_cycle(applied_writer):
    with start_target("tolerant", token="sandbox") as empty:  # noqa: S106
        yield _routed_copy(applied_writer, empty)


@pytest.fixture
def after_the_first_cycle(cycled_writer, scim_target):
    return _routed_copy(cycled_writer, scim_target)


def _routed_copy(tenant, target):
    copy = tenant.copy()
    reach = copy.service.tenant.reach
    copy.service.tenant.reach = replace(reach, target=Destination(target.url, target.token))
    return copy


@pytest.fixture
def on_call(before_the_first_cycle, tmp_path, monkeypatch):
    server = Listener(before_the_first_cycle.app)
    server.start()
    monkeypatch.chdir(tmp_path)
    for name, value in environment(server.url).items():
        monkeypatch.setenv(name, value)
    shutil.copytree(ROOT / "examples" / "writer-new", tmp_path / "writer")
    yield OnCall(before_the_first_cycle)
    server.stop()
