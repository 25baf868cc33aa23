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


COMPLETE = {"_SCIMCONF_COMPLETE": "bash_complete"}


def loaded_modules(arguments, environ):
    """Run a command; return the top-level modules that are not of the standard library, and the output."""
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=True,
    )
    names = process.stderr.splitlines()[-1].split()
    return {name for name in names if not name.startswith("_")} - sys.stdlib_module_names, process.stdout


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (["--help"], {}),
        (["--version"], {}),
        ([], {"_SCIMCONF_COMPLETE": "bash_source"}),
        ([], COMPLETE | {"COMP_WORDS": "scimconf ", "COMP_CWORD": "1"}),
        ([], COMPLETE | {"COMP_WORDS": "scimconf plan --", "COMP_CWORD": "2"}),
        ([], COMPLETE | {"COMP_WORDS": "scimconf apply --allow ", "COMP_CWORD": "3"}),
    ],
    ids=["help", "version", "completion script", "commands", "options", "guards"],
)
def test_help_version_and_completion_import_click_only(arguments, environ):
    loaded, output = loaded_modules(arguments, environ)
    assert loaded == {"click", "scimconf"}
    assert output


def test_validate_imports_no_slow_modules():
    loaded, output = loaded_modules(["validate", "examples/writer-new"], {})
    assert loaded & set(SLOW_MODULES) == set()
    assert output


COUNTS = """
import atexit, dataclasses, sys
from scimconf.cli.main import entry

def report():
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "scimconf"]
    own = [item for module in modules for item in vars(module).values() if isinstance(item, type)]
    generated = {item for item in own if dataclasses.is_dataclass(item) and item.__module__.startswith("scimconf.")}
    print(len(generated), *(module.__name__ for module in modules), file=sys.stderr)

atexit.register(report)
entry()
"""


def test_validate_generates_few_dataclasses_and_imports_nothing_that_only_a_plan_needs():
    """The methods of a dataclass are generated at every start, which takes as long as ten lines of a spec."""
    process = subprocess.run(
        [sys.executable, "-c", COUNTS, "validate", "examples/writer-new"],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    number, *modules = process.stderr.splitlines()[-1].split()
    assert int(number) <= 65
    late = {"permissions", "plan.guards", "plan.impact", "plan.outcome", "monitoring", "graph", "render.json"}
    assert {f"scimconf.{name}" for name in late}.isdisjoint(modules)


def test_client_for_graph_imports_no_command_line_of_httpx():
    code = "import sys, scimconf.graph.client as client; print(*sys.modules); client.httpx.main"
    output = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    modules = set(output.split())
    assert "httpx" in modules
    assert modules & {"httpx._main", "rich", "pygments", "click"} == set()
