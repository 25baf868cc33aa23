"""One sandbox for all tests of a process, started over for each; commands run in a folder of their own."""

import os

import pytest
from server_fixture import Server, environment, run


@pytest.fixture(scope="session")
def sandbox():
    server = Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def desk(sandbox, tmp_path, monkeypatch):
    """Where somebody sits: an empty folder, a tenant without Writer, the variables set. Call it with an argv."""
    sandbox.service.reset()
    monkeypatch.chdir(tmp_path)
    for name in os.environ.keys() & {"COLUMNS", "NO_COLOR", "SCIMCONF_AUTH", "SCIMCONF_CLOUD"}:
        monkeypatch.delenv(name)
    for name, value in environment(sandbox.url).items():
        monkeypatch.setenv(name, value)
    return Desk(sandbox, tmp_path)


class Desk:
    def __init__(self, sandbox, folder):
        self.sandbox = sandbox
        self.service = sandbox.service
        self.folder = folder

    def __call__(self, *argv):
        return run([str(one) for one in argv])

    @property
    def writes(self):
        return self.sandbox.writes

    def file(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def fault(self, action, **where):
        from scimconf.sandbox.faults import Fault

        self.service.faults.arm(Fault.read({"action": action, **where}))
