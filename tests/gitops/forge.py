"""Runs the scripts of the recipes as a CI runner does: a new bash for each step.

Each step gets the variables and files of the forge. One process runs all steps of a chain, because starting many
processes is slow.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from canary import TOKEN

from .recipes import EXPRESSION, ROOT, Script, document

STUBS = Path(__file__).with_name("stubs")
BASH = "bash --noprofile --norc -eo pipefail"
NEEDED = ("bash", "git", "jq")


class Forge:
    def __init__(self, folder: Path, graph: str, checkout: Path, **variables: str) -> None:
        self.folder, self.checkout = folder, checkout
        self.bin = folder / "bin"
        shutil.copytree(STUBS, self.bin)
        shim = self.bin / "scimconf.shim"
        shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m scimconf "$@"\n', "utf-8")
        shim.chmod(0o755)
        self.state_file = folder / "forge.json"
        self.state_file.write_text(json.dumps({"calls": [], "comments": [], "issues": [], "threads": []}), "utf-8")
        self.environ = {
            "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "STUBS": str(self.bin),
            "PYTHON": sys.executable,
            "PYTHONPATH": str(ROOT),
            "FORGE": str(self.state_file),
            "SCIMCONF_GRAPH_URL": graph,
            "WRITER_SCIM_TOKEN": TOKEN,
            "GIT_CONFIG_GLOBAL": os.devnull,
            **variables,
        }
        self.ran: set[tuple[str, str]] = set()
        self._steps: list[str] = []

    @property
    def state(self):
        return json.loads(self.state_file.read_text("utf-8"))

    def set(self, **members) -> None:
        self.state_file.write_text(json.dumps({**self.state, **members}), "utf-8")

    @property
    def installed(self) -> str:
        return (self.bin / "installed").read_text("utf-8")

    def add_command(self, text: str) -> None:
        """Add a shell line of the test."""
        self._steps.append(text)

    def add_step(self, script: Script, known: dict[str, str], expect: int = 0) -> None:
        """Add a step of a recipe; `known` holds the values of the forge's expressions."""
        self.ran.add((script.file, script.name))
        file = self.folder / f"step-{len(self._steps)}.sh"
        file.write_text(script.text, "utf-8")
        env = {name: filled(value, known) for name, value in script.env.items()}
        given = " ".join(f"{name}={shlex.quote(value)}" for name, value in env.items())
        label = f"{script.file}: {script.name}"
        self._steps.append(
            f"code=0; env {given} {BASH} {file} || code=$?\n"
            f'if [ "$code" != {expect} ]; then echo "{label} ended with $code, not {expect}" >&2; exit 99; fi\n'
            'if [ -n "$GITHUB_ENV" ] && [ -e "$GITHUB_ENV" ]; then set -a; . "$GITHUB_ENV"; set +a; fi'
        )

    def add_action(self, inputs: dict[str, str], known: dict[str, str], expect: int = 0) -> None:
        """Add the steps of the composite action whose condition is true."""
        file = "github/action.yml"
        given = {name: one.get("default", "") for name, one in document(file)["inputs"].items()} | inputs
        values = known | {f"inputs.{name}": value for name, value in given.items()}
        steps = [one for one in document(file)["runs"]["steps"] if "run" in one and holds(one.get("if"), given)]
        last = [one for one in steps if "always()" not in one.get("if", "")][-1]
        for one in steps:
            script = Script(
                file, one["name"], one["run"], {key: str(value) for key, value in one.get("env", {}).items()}
            )
            self.add_step(script, values, expect if one is last else 0)

    def run(self) -> subprocess.CompletedProcess[str]:
        text, self._steps = "\n".join(["set -e", *self._steps]), []
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", text],
            cwd=self.checkout, env=self.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done


def filled(value: str, known: dict[str, str]) -> str:
    """Return a value with its expressions replaced; raises KeyError for an unknown expression."""
    return re.sub(r"\$\((\w[\w.]*)\)", lambda one: known[one[1]], EXPRESSION.sub(lambda one: known[one[1]], value))


def holds(condition: str | None, inputs: dict[str, str]) -> bool:
    if condition is None:
        return True
    text = re.sub(r"inputs\.([\w-]+)", lambda one: repr(inputs[one[1]]), condition).replace("&&", "and")
    return bool(eval(text, {"always": lambda: True}))  # only expressions of files in ci/
