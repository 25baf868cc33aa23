"""Values inside of Markdown, where no forge obeys them.

Terms: a *value* is any text of the tenant or the spec; a *forge* is what shows the comment, each with a dialect of its
own: mentions, references to issues, commits and tickets, emoji, formulas, bare links.

Premise: every dialect leaves the text of code alone. So a value stands in a code span or in a fenced block and nowhere
else; escaping it would have to know every dialect there is.

Method: `visible` takes line ends and control characters away. A code span has more backticks around it than inside,
but long runs are shown as escapes, since some parsers count no further than 80. Of a sentence that has values in it,
plain words stay words and everything else becomes code. In a block every line begins with a sign or four spaces, so
that none can close the fence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from scimconf.render.common.escaping import visible

_TICKS = re.compile("`+")
_RUN = re.compile("`{6,}")
_PLAIN = re.compile(
    r"(?!www)(?![0-9a-f]{7})(?:\(?[^\W\d_]+(?:'[^\W\d_]{1,2})?\)?[.,;:!?]?|\d{1,3}(?:,\d{3})+|\d{1,6}[,;]?)",
    re.IGNORECASE,
)
_JOINED = re.compile(r"(?!www)[a-z]+(?:-[a-z]+)+[.,;:]?")
_MARK = re.compile(r"[^\w.:/@=+ -]", re.ASCII)
_VALUE, _SENTENCE = 200, 600


def size(text: str) -> int:
    """How many characters a forge counts: those beyond the sixteenth bit may count twice."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def clipped(text: str, most: int = _VALUE) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def code(value: str) -> str:
    """A value inside of a sentence."""
    return _span(clipped(visible(value)) or " ")


def cell(value: str) -> str:
    """A value inside of a table; parsers do not agree on how a bar in it would be escaped."""
    return code(value).replace("|", "\\x7c")


def _span(text: str) -> str:
    text = _RUN.sub(lambda run: "\\x60" * len(run.group()), text)
    ticks = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    space = " " if text[0] in " `" or text[-1] in " `" else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def prose(sentence: str) -> str:
    """A sentence that may hold values: plain words as they are, everything else as code."""
    return " ".join(_words(clipped(visible(sentence), _SENTENCE).split(" ")))


def _words(words: Iterable[str]) -> Iterator[str]:
    """Neighbours that are no plain words share a code span."""
    odd: list[str] = []
    for word in words:
        if word and not _PLAIN.fullmatch(word) and (odd or not _JOINED.fullmatch(word)):
            odd.append(word)
            continue
        if odd:
            yield _ended(" ".join(odd))
            odd = []
        if word:
            yield word
    if odd:
        yield _ended(" ".join(odd))


def _ended(text: str) -> str:
    """Code, and behind it the mark that ends a sentence or a part of one."""
    mark = text[-1] if len(text) > 1 and text[-1] in ".,;:" else ""
    return f"{_span(text.removesuffix(mark))}{mark}"


def html(value: str) -> str:
    """A value inside of an element of HTML, as code too."""
    return f"<code>{escape(clipped(visible(value)))}</code>"


def hidden(mark: str, *, as_html: bool) -> str:
    """A line that nobody sees, by which a job finds its comment again."""
    said = re.sub("--+", "-", _MARK.sub("_", clipped(mark)))
    return f"<!-- scimconf: {said} -->" if as_html else f"[//]: # (scimconf: {said})"
