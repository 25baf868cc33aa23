"""Fixtures of the command line tests: one sandbox for the session, reset for each test, and a working folder."""

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
def cli(sandbox, tmp_path, monkeypatch):
    """Return a function that runs a command in an empty folder, against a tenant without Writer."""
    sandbox.service.reset()
    monkeypatch.chdir(tmp_path)
    for name in os.environ.keys() & {
        "CLICOLOR_FORCE",
        "COLUMNS",
        "FORCE_COLOR",
        "NO_COLOR",
        "SCIMCONF_AUTH",
        "SCIMCONF_CLOUD",
    }:
        monkeypatch.delenv(name)
    for name, value in environment(sandbox.url).items():
        monkeypatch.setenv(name, value)
    return CommandLine(sandbox, tmp_path)


desk = cli
"""The name under which tests/export imports the fixture."""


class CommandLine:
    """Runs commands in a folder against the sandbox, and gives access to both."""

    def __init__(self, sandbox, folder):
        self.sandbox = sandbox
        self.service = sandbox.service
        self.folder = folder

    def __call__(self, *argv):
        return run([str(word) for word in argv])

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
