"""Class names are unique within the client and within the sandbox."""

import ast
from collections import Counter

import pytest

from .pages import ROOT


@pytest.mark.parametrize("in_sandbox", [False, True])
def test_class_names_are_unique(in_sandbox):
    names = Counter(
        node.name
        for path in (ROOT / "scimconf").rglob("*.py")
        if ("sandbox" in path.relative_to(ROOT).parts[1]) is in_sandbox
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []
