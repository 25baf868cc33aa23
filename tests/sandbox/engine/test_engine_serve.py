"""`sandbox serve --state --cycle-every` as a process: it provisions on a clock, and continues after it was killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
from server_fixture import wait_until

from scimconf.cli.main import main
from tests.sandbox.engine.provisioned import Provisioned
from tests.sandbox.engine.recording_server import Answer

SECONDS = 300


def serve(folder, *options):
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "scimconf", "sandbox", "serve", "--port", "0", "--ready-file", str(ready)]
    process = subprocess.Popen([*command, "--state", str(folder / "state"), *options], stderr=subprocess.DEVNULL)
    wait_until(ready.exists)
    return process


@pytest.mark.slow
def test_serve_runs_cycles_on_a_clock_and_continues_after_it_was_killed(endpoint, tmp_path):
    described = Provisioned(endpoint)
    described.client.close()
    (tmp_path / "tenant.json").write_text(json.dumps(described.tenant), encoding="utf-8")
    endpoint.script("POST", "", Answer(409), times=1)
    process = serve(tmp_path, "--tenant", str(tmp_path / "tenant.json"), "--cycle-every", "0.1s")
    wait_until(lambda: len(endpoint.calls("POST")) == 3)
    process.kill()
    process.wait(SECONDS)
    assert len(endpoint.resources["Users"]) == 2
    endpoint.take()
    process = serve(tmp_path, "--cycle-every", "100ms")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 0
    assert endpoint.calls("POST") == [] and len(endpoint.resources["Users"]) == 2


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--cycle-every", "40"], "expected a time such as 50ms or 0.5s, got '40'"),
        (["--send-to", "https://scim.contoso.com"], "expected a host name such as scim.contoso.com"),
        (["--send-to", "*"], "expected a host name such as scim.contoso.com"),
    ],
)
def test_invalid_options_of_cycles_are_refused(options, text, capsys):
    assert main(["sandbox", "serve", "--port", "0", *options]) != 0
    assert text in " ".join(capsys.readouterr().err.replace("│", " ").split())
