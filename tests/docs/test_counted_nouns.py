"""Test that messages with a number use `plural`, and no plural of their own, which would say "1 changes"."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOUNS = (
    "accounts|applications|assignments|attributes|causes|changes|deletions|entries|errors|events|files|groups|guards|jobs|mappings"
    "|members|objects|requests|roles|specs|steps|users|values|warnings"
)
NEVER_ONE = {
    "scimconf/cli/canary.py": "the limit, and more than it",
    "scimconf/cli/ci_matrix.py": "more than a limit of a matrix",
    "scimconf/kinds/application.py": "several applications",
    "scimconf/kinds/assignment.py": "several groups",
    "scimconf/kinds/attribute_mapping.py": "several mappings",
    "scimconf/lint/rules/roles.py": "several roles",
    "scimconf/rehearsal/endpoint/faults_creation.py": "a constant number of requests",
    "scimconf/rehearsal/endpoint/transport.py": "a limit",
    "scimconf/rehearsal/supplied_users.py": "a limit, and more than it",
    "scimconf/render/logs/text.py": "as many as are read at most",
    "scimconf/workflow/provision.py": "a limit; several groups",
    "scimconf/workflow/targets.py": "several applications",
    "scimconf/workflow/why.py": "several users",
    "scimconf/monitoring/why_checks.py": "several jobs",
}
"""Modules whose numbers before a plural are never 1, and why."""


def hand_made(path):
    """Yield the texts of f-strings in which a number is followed by a plural, outside of a decision about the number."""
    tree = ast.parse(path.read_text("utf-8"))
    decided = {id(node) for each in ast.walk(tree) if isinstance(each, ast.IfExp) for node in ast.walk(each)}
    for string in ast.walk(tree):
        if not isinstance(string, ast.JoinedStr) or id(string) in decided:
            continue
        for number, text in zip(string.values, string.values[1:], strict=False):
            if isinstance(number, ast.FormattedValue) and isinstance(text, ast.Constant):
                before = ast.unparse(string).partition(ast.unparse(number.value))[0]
                if (
                    re.match(rf" ({NOUNS})\b", text.value)
                    and "len(" in ast.unparse(number)
                    and not before.endswith(" of {")
                ):
                    yield ast.unparse(string)


def test_numbers_are_counted_with_plural():
    files = [path for path in (ROOT / "scimconf").rglob("*.py") if "sandbox" not in path.parts]
    texts = {path.relative_to(ROOT).as_posix(): list(hand_made(path)) for path in files}
    assert {name: each for name, each in texts.items() if each and name not in NEVER_ONE} == {}
