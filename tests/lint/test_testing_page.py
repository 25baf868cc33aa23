"""Every example of `docs/testing.md` is run, and gives the problems that the page shows under it, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lint.specs import HEAD, validated

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", PAGE, re.DOTALL)


@pytest.mark.parametrize(("example", "problems"), EXAMPLES)
def test_an_example_gives_what_is_shown(example, problems):
    """Below four lines that every spec has."""
    assert HEAD.count("\n") == 4
    assert validated(example) == problems.splitlines()
