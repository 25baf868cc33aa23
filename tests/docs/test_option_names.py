"""Test that texts name an option by its first name, and an alias only where it is defined and documented."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
ALIAS = "--auto-approve"
"""The alias of `--yes` for users of other tools."""
DOCUMENTED = {"scimconf/cli/confirmation.py", "scimconf/cli/outlines.json", "docs/cli.md"}
"""The definition of the option, and the reference that is generated from it."""


def test_texts_say_yes_and_not_its_alias():
    files = [
        ROOT / "README.md",
        *(path for folder in ("scimconf", "docs", "examples") for path in (ROOT / folder).rglob("*")),
    ]
    naming = [
        path
        for path in files
        if path.suffix in (".py", ".md", ".yaml", ".yml", ".json") and ALIAS in path.read_text("utf-8")
    ]
    assert {path.relative_to(ROOT).as_posix() for path in naming} == DOCUMENTED
