"""Tests of words: pages, messages and help texts use the glossary's word, never one that it replaces."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from .pages import ROOT, files, pages

REPLACED = {
    "users, groups, an administrator": r"people|persons|somebody|someone|anybody|whoever",
    "print, show": r"told|tell again",
    "fix": r"mend(?:s|ed)?",
    "unmanaged": r"left alone|unlisted things",
    "abandoned": r"left behind",
    "propagation": r"late arrivals?",
    "boolean": r"truth values?",
    "no changes": r"plans to nothing",
    "set, exists": r"at hand",
    "the names of a list": r"the like",
    "is not a": r"(?<!there )is no (?:list|object|spec|member|JSON|expression|date|user|number|error)\b(?! of)",
    "the plan lists": r"rows? of the plan",
}
"""The glossary's word, and the pattern of what it replaces; only words that have no other meaning in these texts."""
_ANY = re.compile(rf"\b(?:{'|'.join(REPLACED.values())})\b", re.IGNORECASE)
_CODE = re.compile(r"^ *```.*?^ *```$|`[^`\n]*`|\]\([^)\n]*\)", re.MULTILINE | re.DOTALL)
_TEXTS = (".toml", ".yaml", ".yml")


def strings(tree: ast.AST) -> Iterator[str]:
    """Yield the strings of a module, without its docstrings."""
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            yield node.value


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Return each text for users that may contain a replaced word, with the name of its file."""
    result = [(name, _CODE.sub("", page)) for name, page in pages().items()]
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(("scimconf/", ".github/ISSUE_TEMPLATE/")) or path.suffix not in (".py", *_TEXTS):
            continue
        text = path.read_text("utf-8")
        if _ANY.search(text):
            result.append((name, "\n".join(strings(ast.parse(text))) if path.suffix == ".py" else text))
    return tuple(result)


@pytest.mark.parametrize("word", REPLACED)
def test_texts_use_the_word_of_the_glossary(word):
    pattern = re.compile(rf"\b(?:{REPLACED[word]})\b", re.IGNORECASE)
    assert [(name, match[0]) for name, text in texts() for match in pattern.finditer(text)] == []
