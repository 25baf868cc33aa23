"""Tests of start-up time: a command imports only the modules that it needs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from .pages import ROOT

SLOW_MODULES = [
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
def test_command_imports_no_slow_modules(arguments, environ):
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = process.stderr.splitlines()[-1].split()
    assert "click" in loaded
    assert set(loaded) & set(SLOW_MODULES) == set()
    assert process.stdout
