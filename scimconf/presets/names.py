"""The names of the catalogue, from the names of its folders and files; a shell completes them without reading a file."""

from __future__ import annotations

from pathlib import Path

PRESETS = Path(__file__).parent
FACT_PAGES = PRESETS.parent / "fact_pages"
FACTS, TEMPLATE, TESTS, NOTES = "preset.yaml", "scimconf.yaml", "tests.yaml", "notes.md"
"""The files of a preset."""


def preset_names() -> tuple[str, ...]:
    """Return the names of the presets in alphabetical order."""
    return tuple(sorted(path.parent.name for path in PRESETS.glob(f"*/{FACTS}")))


def fact_page_names() -> tuple[str, ...]:
    """Return the names of the fact pages in alphabetical order."""
    return tuple(sorted(path.stem for path in FACT_PAGES.glob("*.yaml")))
