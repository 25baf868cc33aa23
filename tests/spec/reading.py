"""Helpers of the spec tests: load a spec from a dict of files, and print diagnostics as lines."""

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
    """Load `spec.yaml` from a folder that exists in memory only."""
    files = {"spec.yaml": text, **(more or {})}

    def read(path: str) -> str | bytes:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[path]

    return load("spec.yaml", read, {}, variables, lambda _: True)


def read_in(folder: Path):
    return lambda path: (folder / path).read_bytes()


def line(diagnostic: Diagnostic) -> str:
    path = f"{dotted(diagnostic.path)}: " if diagnostic.path else ""
    return f"{diagnostic.location}  {diagnostic.code}  {path}{diagnostic.message}. {diagnostic.hint}".strip()


def lines(diagnostics: tuple[Diagnostic, ...]) -> str:
    return "".join(f"{line(diagnostic)}\n" for diagnostic in diagnostics)
