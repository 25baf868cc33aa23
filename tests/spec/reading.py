"""What the tests of this room share: load from a dict of files, problems as lines of text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scimconf.diagnostics import Diagnostic, dotted
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded

MINIMAL = """\
version: 1
name: writer
application: {display_name: Writer}
provisioning: {enabled: true}
"""


def load_text(text: str | bytes, more: Mapping[str, str | bytes] | None = None, **variables: str) -> Loaded:
    """Loads `spec.yaml` out of a pretend folder."""
    files = {"spec.yaml": text, **(more or {})}

    def read(path: str) -> str | bytes:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[path]

    return load("spec.yaml", read, {}, variables)


def read_in(folder: Path):
    return lambda path: (folder / path).read_bytes()


def line(problem: Diagnostic) -> str:
    about = f"{dotted(problem.path)}: " if problem.path else ""
    return f"{problem.location}  {problem.code}  {about}{problem.message}. {problem.hint}".strip()


def lines(problems: tuple[Diagnostic, ...]) -> str:
    return "".join(f"{line(problem)}\n" for problem in problems)
