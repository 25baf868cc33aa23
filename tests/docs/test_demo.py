"""`make demo`: it runs each command of the whole story, and shows its result in short."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from .pages import ROOT

STORY = {
    "validate writer": "writer: valid",
    "plan writer": "Plan: 21 to create",
    "apply --yes writer": "16 done",
    "status writer": "no failures",
    "drift writer": "externalId",
    "rollback --yes writer": "[department] → [jobTitle]",
    "logs --compare writer": "8 as predicted",
}
"""The commands in the order of their first use, and a part of the output."""


@pytest.mark.slow
def test_the_demo_shows_each_command_of_the_story_with_its_result_in_short() -> None:
    demo = subprocess.run([sys.executable, "examples/demo.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert demo.stderr == ""
    blocks = re.split(r"\n\$ ", demo.stdout)
    outputs: dict[str, str] = {}
    for command, _, output in (block.partition("\n") for block in blocks):
        if command.startswith("scimconf ") and "sandbox" not in command:
            outputs.setdefault(command.removeprefix("scimconf "), output)
    assert list(outputs) == list(STORY)
    assert [command for command, text in STORY.items() if text not in outputs[command]] == []
    assert demo.stdout.count("No changes. The tenant matches the spec.") == 2
    assert "initial cycle: 15 changes sent, 0 failed" in demo.stdout
    assert "user   alan@contoso.com, externalId alan, active, member" in demo.stdout
    assert "group  Writer admins: Ada Lovelace, Grace Hopper" in demo.stdout
    assert "changed outside scimconf by grace@contoso.com" in demo.stdout
    assert "role_blob=display_name --switch bare_extension=attribute" in demo.stdout
    assert max(map(len, blocks)) < 2500
    assert len(demo.stdout.splitlines()) < 200
