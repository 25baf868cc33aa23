"""No package outside the owners names a kind, or compares `change.kind` with a literal."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import scimconf
from scimconf.kinds import BY_NAME

PACKAGE = Path(scimconf.__file__).parent
OWNERS = ("kinds", "documents", "sandbox", "spec/model")
NAMES = frozenset({"attribute_mapping", "object_mapping", "app_role", "target_attribute", "source_attribute"})
"""Strings that can only be the name of a kind."""
EXCEPTIONS: dict[str, int] = {}
"""Remaining occurrences by file; the numbers may only decrease."""


def mentions(path: Path) -> int:
    """Count the string literals that name a kind, and the comparisons of a kind with a literal, of one file."""
    tree = ast.parse(path.read_text("utf-8"))
    literals = sum(isinstance(node, ast.Constant) and node.value in NAMES for node in ast.walk(tree))
    return literals + sum(compared in BY_NAME.keys() - NAMES for compared in compared_kinds(tree))


def compared_kinds(tree: ast.AST) -> Iterator[str]:
    """Yield the literals that something named `kind` is compared with: `change.kind == "x"`, `kind in ("x", "y")`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(map(_is_kind, [node.left, *node.comparators])):
            for side in [node.left, *node.comparators]:
                yield from (part.value for part in ast.walk(side) if isinstance(part, ast.Constant))


def _is_kind(node: ast.expr) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "kind") or (
        isinstance(node, ast.Name) and node.id == "kind"
    )


def test_no_other_package_names_a_kind():
    files = [path for path in sorted(PACKAGE.rglob("*.py"))]
    others = [path for path in files if not str(path.relative_to(PACKAGE)).startswith(OWNERS)]
    counted = {path.relative_to(PACKAGE).as_posix(): mentions(path) for path in others}
    assert {name: count for name, count in counted.items() if count} == EXCEPTIONS
