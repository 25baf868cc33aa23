"""Values of the tenant or the spec inside Markdown, in forms that no forge interprets.

Every forge has its own dialect of mentions, references, emoji, formulas and links, but none interprets code. So a value
is always in a code span or a fenced block. A code span has more backticks around it than inside it; long runs are
written as escapes, since some parsers count no further than 80. In a sentence that contains values, plain words stay
words and everything else becomes code. In a block every line begins with a sign or four spaces, so that no value can
close the fence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from scimconf.render.common.escaping import visible

_TICKS = re.compile("`+")
_RUN = re.compile("`{6,}")
_PLAIN = re.compile(
    r"(?!www)(?![0-9a-f]{7})(?:\(?[^\W\d_]+(?:'[^\W\d_]{1,2})?\)?[.,;:!?]?|\(?\d{1,3}(?:,\d{3})+\)?|\(?\d{1,6}\)?[,;:]?)",
    re.IGNORECASE,
)
_JOINED = re.compile(r"(?!www)[a-z]+(?:-[a-z]+)+[.,;:]?")
_MARK = re.compile(r"[^\w.:/@=+ -]", re.ASCII)
_MAX_VALUE, _MAX_SENTENCE = 200, 600


def size(text: str) -> int:
    """Return the length as forges count it: characters beyond U+FFFF may count twice."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def clipped(text: str, limit: int = _MAX_VALUE) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def code(value: str) -> str:
    """Return a value as a code span."""
    return _span(clipped(visible(value)) or " ")


def cell(value: str) -> str:
    """Return a value for a table cell; parsers disagree on how to escape a bar, so it is written as a code."""
    return code(value).replace("|", "\\x7c")


def _span(text: str) -> str:
    text = _RUN.sub(lambda run: "\\x60" * len(run.group()), text)
    ticks = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    space = " " if text[0] in " `" or text[-1] in " `" else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def prose(sentence: str) -> str:
    """Return a sentence that may contain values: plain words unchanged, everything else as code."""
    return " ".join(_words(clipped(visible(sentence), _MAX_SENTENCE).split(" ")))


def _words(words: Iterable[str]) -> Iterator[str]:
    """Yield plain words, and runs of other words as one code span each."""
    values: list[str] = []
    for word in words:
        if word and not _PLAIN.fullmatch(word) and (values or not _JOINED.fullmatch(word)):
            values.append(word)
            continue
        if values:
            yield _with_punctuation(" ".join(values))
            values = []
        if word:
            yield word
    if values:
        yield _with_punctuation(" ".join(values))


def _with_punctuation(text: str) -> str:
    """Return a code span; punctuation at its end stays outside."""
    mark = text[-1] if len(text) > 1 and text[-1] in ".,;:" else ""
    return f"{_span(text.removesuffix(mark))}{mark}"


def html(value: str) -> str:
    """Return a value for inside an HTML element, as code."""
    return f"<code>{escape(clipped(visible(value)))}</code>"


def hidden(mark: str, *, as_html: bool) -> str:
    """Return a hidden line by which CI finds its comment again."""
    text = re.sub("--+", "-", _MARK.sub("_", clipped(mark)))
    return f"<!-- scimconf: {text} -->" if as_html else f"[//]: # (scimconf: {text})"
