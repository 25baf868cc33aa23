"""Tests of SIGTERM in commands that were started with SIGINT ignored."""

import signal
import subprocess
import sys

from server_fixture import environment, wait_until
from tenant_fixture import ROOT, WRITER


def test_sigterm_interrupts_a_plan_that_was_started_with_sigint_ignored(cli):
    """A shell starts background jobs with SIGINT ignored, so the command needs its own handler of SIGTERM."""
    cli.fault({"delay": 20_000}, path="/servicePrincipals", times=0)
    program = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [sys.executable, "-c", program, sys.executable, "-m", "scimconf", "plan", str(WRITER)]
    with subprocess.Popen(
        command, env=environment(cli.sandbox.url), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as plan:
        wait_until(lambda: cli.service.journal.entries)
        plan.send_signal(signal.SIGTERM)
        _, errors = plan.communicate()
    assert plan.returncode == 130
    assert "Interrupted." in errors
    assert "Traceback" not in errors
