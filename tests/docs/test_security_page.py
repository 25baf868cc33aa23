"""SECURITY.md states the limits that the code has, and diagnostics and guards that exist."""

from __future__ import annotations

import re

import pytest

from scimconf.expressions import MAX_LENGTH
from scimconf.graph.client import MAX_RESPONSE
from scimconf.graph.protocol.pages import MAX_PAGES
from scimconf.graph.protocol.retry import LONGEST_RETRY_AFTER
from scimconf.spec import load, nodes

from .pages import headings, read

PAGE = read("SECURITY.md")


@pytest.mark.parametrize(
    ("sentence", "limit"),
    [
        ("limits on size (4 MB)", load.MAX_SIZE == 4_000_000),
        (f"depth ({nodes.MAX_DEPTH})", True),
        (f"aliases ({nodes.MAX_ALIASED:,})", True),
        (f"values ({nodes.MAX_SCALAR:,} characters)", True),
        (f"bases ({load.MAX_BASES})", True),
        (f"expressions ({MAX_LENGTH:,} characters)", True),
        (f"at most {MAX_PAGES:,} pages", True),
        ("64 MB for a response", MAX_RESPONSE == 64 * 2**20),
        ("`Retry-After` of one hour", LONGEST_RETRY_AFTER == 3600),
    ],
)
def test_security_page_states_the_limits_of_the_code(sentence, limit):
    assert sentence in PAGE
    assert limit


def test_security_page_names_existing_diagnostics():
    codes = set(re.findall(r"\b[A-Z]\d{3}\b", PAGE))
    assert codes
    assert {
        code for code in codes if not re.search(rf"^### {code} ", read("docs/diagnostics.md"), re.MULTILINE)
    } == set()


def test_security_page_names_existing_guards():
    named = set(re.findall(r"guards? `([a-z-]+)`|by `([a-z-]+)` and `([a-z-]+)`", PAGE))
    assert {name for names in named for name in names if name} <= set(headings(read("docs/guards.md")))
