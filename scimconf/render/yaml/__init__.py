"""Specs as YAML in one canonical layout.

`format_text` formats a file and keeps its comments and anchors; `write_spec` writes a new file. Neither changes the
meaning of a spec; a file that cannot be formatted safely is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimconf.render.yaml.builder import NOTHING, CommentNotes, make
from scimconf.render.yaml.layout import layout
from scimconf.render.yaml.ordering import arrange
from scimconf.render.yaml.verify import check, loaded, parsed

__all__ = ["CommentNotes", "format_text", "write_spec"]


def format_text(text: str, file: str = "the text") -> str:
    """Return a spec, or a part of one, in canonical order and layout; raise DiagnosticsError if it is not valid YAML.

    `file` is the name in diagnostics. All line breaks become like the first one.
    """
    before = loaded(text, file)
    document = parsed(before, text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), file)
    arrange(document)
    formatted = layout(document)
    check(before, document, formatted, file)
    return formatted.replace("\n", "\r\n") if "\r\n" in text.partition("\n")[0] + "\n" else formatted


def write_spec(tree: Mapping[str, Any], notes: CommentNotes = NOTHING) -> str:
    """Return the text of a new spec from plain values.

    Strings get quotes where they need them; a `Plain` is written without quotes, so that `Plain("none")` means none and
    "none" is the string.
    """
    document = make(tree, notes)
    arrange(document)
    return layout(document)
