"""The recipes in `ci/` as data: their files, and their shell scripts with the environment of each."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CI = ROOT / "ci"
GITHUB = ("action.yml", "plan.yml", "apply.yml", "drift.yml")
FILES = tuple(f"github/{name}" for name in GITHUB) + ("gitlab/scimconf.yml", "azure-devops/scimconf.yml")
VENDOR = ("vendor/github.yml", "vendor/gitlab.yml", "vendor/azure-devops.yml")
"""The recipes for the repository of an application, which check its endpoint."""
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass(frozen=True)
class Script:
    """A shell script of a recipe; `env` can contain expressions of the forge."""

    file: str
    name: str
    text: str
    env: dict[str, str]


@cache
def read(file: str) -> str:
    return (CI / file).read_text("utf-8")


@cache
def document(file: str) -> Any:
    return yaml.safe_load(read(file))


def maps(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping in a document, from the top down."""
    if isinstance(node, dict):
        yield node
        for part in node.values():
            yield from maps(part)
    elif isinstance(node, list):
        for part in node:
            yield from maps(part)


@cache
def scripts(file: str) -> tuple[Script, ...]:
    """Return the scripts of a file in order; the lines of a GitLab job are joined to one script, as its runner does."""
    return tuple(_gitlab() if file.startswith("gitlab") else _steps(file))


def _steps(file: str) -> Iterator[Script]:
    for step in maps(document(file)):
        text = (
            (step.get("run") if "shell" in step else None)
            or step.get("bash")
            or (step.get("inputs") or {}).get("inlineScript")
        )
        if isinstance(text, str):
            env = {name: str(value) for name, value in (step.get("env") or {}).items()}
            yield Script(file, step.get("name") or step.get("displayName"), text, env)


def _gitlab() -> Iterator[Script]:
    file = "gitlab/scimconf.yml"
    jobs = document(file)
    for name, job in jobs.items():
        if "script" in job:
            before = jobs[job["extends"]]["before_script"]
            yield Script(file, name, "\n".join([*before, *job["script"]]), {})


def script(file: str, name: str) -> Script:
    """Return the script of a step; several jobs may repeat it."""
    first, *others = [step for step in scripts(file) if step.name == name]
    assert all(other == first for other in others)
    return first


def used_actions(file: str) -> list[str]:
    return [one["uses"] for one in maps(document(file)) if isinstance(one.get("uses"), str)]


def permissions(text: str) -> list[str]:
    """Return the Microsoft Graph permissions that a text names, without duplicates."""
    return list(dict.fromkeys(re.findall(r"\b[A-Z][A-Za-z]+\.(?:Read|ReadBasic|ReadWrite)\.(?:All|OwnedBy)\b", text)))


def copy_writer(to: Path) -> Path:
    """Copy the example without its `tests:`, which fail after the changes made here; return the path of the spec."""
    shutil.copytree(ROOT / "examples" / "writer-new", to)
    spec = to / "scimconf.yaml"
    spec.write_text(spec.read_text("utf-8").partition("\ntests:")[0] + "\n", "utf-8")
    return spec
