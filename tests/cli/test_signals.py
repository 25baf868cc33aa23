"""SIGTERM ends a command, also one that was started with SIGINT ignored."""

import signal
import subprocess
import sys

from server_fixture import environment, wait_until
from tenant_fixture import ROOT, WRITER


def test_sigterm_interrupts_a_plan_that_was_started_with_sigint_ignored(desk):
    """A shell starts its background jobs so; without a handler of its own the command would go on."""
    desk.fault({"delay": 20_000}, path="/servicePrincipals", times=0)
    program = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [sys.executable, "-c", program, sys.executable, "-m", "scimconf", "plan", str(WRITER)]
    with subprocess.Popen(
        command, env=environment(desk.sandbox.url), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as plan:
        wait_until(lambda: desk.service.journal.entries)
        plan.send_signal(signal.SIGTERM)
        _, errors = plan.communicate()
    assert plan.returncode == 130
    assert "Interrupted." in errors
    assert "Traceback" not in errors
