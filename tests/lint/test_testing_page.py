"""The examples of `docs/testing.md` give exactly the diagnostics that the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lint.specs import HEAD, validated

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", PAGE, re.DOTALL)


@pytest.mark.parametrize(("example", "problems"), EXAMPLES)
def test_testing_page_examples_give_the_diagnostics_that_the_page_shows(example, problems):
    assert HEAD.count("\n") == 4
    assert validated(example) == problems.splitlines()
