"""Specs as YAML: one canonical layout, whoever wrote the file.

`format_text` brings a file into that layout and keeps its comments and anchors; `write_spec` writes a new one. Neither
changes what a spec says, and what cannot be formatted safely is a problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimconf.render.yaml.builder import NOTHING, CommentNotes, make
from scimconf.render.yaml.layout import layout
from scimconf.render.yaml.ordering import arrange
from scimconf.render.yaml.parser import UnreadableError, read
from scimconf.render.yaml.verify import check, loaded, refused, unreadable

__all__ = ["CommentNotes", "format_text", "write_spec"]


def format_text(text: str, file: str = "the text") -> str:
    """The text of a spec, or of a part of one, in canonical order and layout; raises ProblemsError.

    `file` is the name that problems carry. Line breaks stay as the first one is.
    """
    before = loaded(text, file)
    refused(before)
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        document = read(plain)
    except UnreadableError as error:
        raise unreadable(error, file) from error
    arrange(document)
    made = layout(document)
    check(before, document, made, file)
    return made.replace("\n", "\r\n") if "\r\n" in text.partition("\n")[0] + "\n" else made


def write_spec(tree: Mapping[str, Any], notes: CommentNotes = NOTHING) -> str:
    """The text of a new spec from plain values.

    Texts get quotes where they need them; a `Plain` is written without, so that `Plain("none")` means none and "none"
    is the word.
    """
    document = make(tree, notes)
    arrange(document)
    return layout(document)
