"""Tests of names in the package: variables and parameters are nouns, not pronouns or participles."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "scimconf"
DENIED = frozenset(
    [
        "one",
        "found",
        "said",
        "told",
        "asked",
        "given",
        "seen",
        "kept",
        "held",
        "made",
        "shown",
        "wanted",
        "says",
        "there",
    ]
)
AT_MOST = 2
"""Lower this number whenever the count falls. It must never rise."""


def bindings(tree: ast.AST):
    """Yield every name that is bound by an assignment, a loop, a pattern or a parameter."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
                yield name


def test_scimconf_uses_at_most_the_allowed_number_of_denied_names():
    counts = {
        path.relative_to(PACKAGE).as_posix(): Counter(
            name for name in bindings(ast.parse(path.read_text("utf-8"))) if name in DENIED
        )
        for path in sorted(PACKAGE.rglob("*.py"))
    }
    total = sum(sum(counter.values()) for counter in counts.values())
    assert total <= AT_MOST, {path: dict(counter) for path, counter in counts.items() if counter}
