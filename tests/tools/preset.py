"""Formats and checks one preset, and generates what is made of it: `make preset NAME=slack`."""

from __future__ import annotations

import sys
from pathlib import Path

from scimconf.diagnostics import Diagnostic, DiagnosticsError
from scimconf.presets import names
from scimconf.presets.catalogue import read_preset
from scimconf.render.yaml import format_text
from tests.tools import gallery, pages, vendor_pages


def main(name: str) -> int:
    """Return the exit code: 1 if the folder is no preset, or has errors."""
    folder = names.PRESETS / name
    if not name or not (folder / names.FACTS).is_file():
        print(f"{folder} has no {names.FACTS}. Write the name of a preset: make preset NAME=slack", file=sys.stderr)
        return 1
    try:
        _format(folder)
        read_preset(folder)
        gallery.write()
        vendor_pages.write()
        pages.write()
    except DiagnosticsError as error:
        print("\n".join(map(_line, error.diagnostics)), file=sys.stderr)
        return 1
    print(f"docs/vendors/{name}.md is written.")
    return 0


def _format(folder: Path) -> None:
    for path in (folder / names.TEMPLATE, folder / names.TESTS):
        if path.is_file():
            path.write_text(format_text(path.read_text("utf-8"), str(path)), encoding="utf-8")


def _line(diagnostic: Diagnostic) -> str:
    return f"{diagnostic.location}: {diagnostic.code} {diagnostic.message}. {diagnostic.hint}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
