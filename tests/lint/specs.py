"""Pieces of specs as whole ones, and what is said about them."""

from __future__ import annotations

from datetime import date

import yaml

from scimconf.render.diagnostics import sentence
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded
from scimconf.workflow import lint, validate

HEAD = """\
version: 1
name: writer
application: {display_name: Writer}
provisioning: {enabled: true}
"""


def loaded(piece: str) -> Loaded:
    """A piece below what every spec has, unless it says that itself."""
    written = yaml.safe_load(piece)
    lines = [line for line in HEAD.splitlines() if line.partition(":")[0] not in written]
    text = "\n".join([*lines, piece])
    found = load("scimconf.yaml", lambda _: text, {}, {})
    assert found.problems == ()
    return found


def told(piece: str) -> list[str]:
    """What validate says but for the lint, a line each."""
    problems = validate(loaded(piece), date(2026, 11, 25))
    return [f"{one.location}  {one.code}  {sentence(one)}" for one in problems]


def linted(piece: str, *ignore: str) -> list[str]:
    """The ids of the rules that complain."""
    return [one.code for one in lint(loaded(piece), ignore)]
