"""Start-up loads nothing heavy: what a command does not need, it does not import."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from .pages import ROOT

HEAVY = [
    "msgraph",
    "msgraph_core",
    "kiota_http",
    "kiota_abstractions",
    "azure",
    "httpx",
    "deepdiff",
    "asyncio",
    "rich",
    "starlette",
]
PROGRAM = """
import atexit, sys
atexit.register(lambda: print(*sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr))
from scimconf.cli.main import entry
entry()
"""


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (["--help"], {}),
        (["validate", "examples/writer-new"], {}),
        ([], {"_SCIMCONF_COMPLETE": "bash_source"}),
    ],
    ids=["help", "validate", "completion"],
)
def test_nothing_heavy_is_loaded(arguments, environ):
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = found.stderr.splitlines()[-1].split()
    assert "click" in loaded
    assert set(loaded) & set(HEAVY) == set()
    assert found.stdout
