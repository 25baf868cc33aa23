"""Helpers of the lint tests: complete a part of a spec, and return its diagnostics."""

from __future__ import annotations

from datetime import date

import yaml

from scimconf.render.common.labels import diagnostic_sentence
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded
from scimconf.workflow.validate import lint, validate

HEAD = """\
version: 1
name: writer
application: {display_name: Writer}
provisioning: {enabled: true}
"""


def loaded(piece: str) -> Loaded:
    """Load a part of a spec, with the required keys that it does not contain."""
    keys = yaml.safe_load(piece)
    lines = [line for line in HEAD.splitlines() if line.partition(":")[0] not in keys]
    text = "\n".join([*lines, piece])
    spec = load("scimconf.yaml", lambda _: text, {}, {}, lambda _: True)
    assert spec.diagnostics == ()
    return spec


def validated(piece: str) -> list[str]:
    """Return the diagnostics of validate as lines, without those of the lint."""
    diagnostics = validate(loaded(piece), date(2026, 11, 25))
    return [
        f"{diagnostic.location}  {diagnostic.code}  {diagnostic_sentence(diagnostic)}" for diagnostic in diagnostics
    ]


def linted(piece: str, *ignore: str) -> list[str]:
    """Return the ids of the rules that report something."""
    return [diagnostic.code for diagnostic in lint(loaded(piece), ignore)]
