"""`make demo`: it ends with users and groups in the target application."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .pages import ROOT


@pytest.mark.slow
def test_the_demo_ends_with_users_and_groups_in_the_application() -> None:
    demo = subprocess.run([sys.executable, "examples/demo.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    _, _, end = demo.stdout.partition("== 5. A provisioning cycle")
    assert "changes sent, 0 failed" in end
    assert "user          alan@contoso.com, externalId alan, active, member" in end
    assert "group         Writer admins: Ada Lovelace, Grace Hopper" in end
