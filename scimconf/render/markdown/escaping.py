"""Values of the tenant or the spec inside Markdown, in forms that no forge interprets.

Every forge has its own dialect of mentions, references, emoji, formulas and links, but none interprets code. So a value
is always in a code span or a fenced block. A code span has more backticks around it than inside it; long runs are
written as escapes, since some parsers count no further than 80. In a sentence that contains values, plain words stay
words and everything else becomes code: what the sentence has in backticks or quotes is a span of its own, and so is what
stands between two punctuation marks. In a block every line begins with a sign or four spaces, so that no value can
close the fence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from scimconf.render.common.escaping import visible

_TICKS = re.compile("`+")
_RUN = re.compile("`{6,}")
_PLAIN = re.compile(
    r"(?!www)(?![0-9a-f]{7})(?:\(?[^\W\d_]+(?:'[^\W\d_]{1,2})?\){0,2}[.,;:!?]?|\(?\d{1,3}(?:,\d{3})+\)?|\(?\d{1,6}\)?[,;:]?)",
    re.IGNORECASE,
)
_JOINED = re.compile(r"(?!www)[a-z]+(?:-[a-z]+)+[.,;:]?")
_LITERAL = re.compile(r"""(\(?)(?:`([^`]+)`|("[^"]*"))(\)?[.,;:!?]?\)?)(?= |$)""")
_GAP = re.compile(" *")
_END = re.compile(r" |$")
_PUNCTUATION = ".,;:!?"
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


def command_line(command: str) -> str:
    """Return a command as a code block, complete and in one line, for copying."""
    return f"    {visible(command)}\n"


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
    return " ".join(_parts(clipped(visible(sentence), _MAX_SENTENCE)))


def _parts(text: str) -> Iterator[str]:
    """Yield plain words, quoted and code parts of the message as a code span each, and runs of other words as one."""
    values: list[str] = []
    for word, literal in _words(text):
        is_value = literal is None and not _PLAIN.fullmatch(word) and (bool(values) or not _JOINED.fullmatch(word))
        if values and not is_value:
            yield _with_punctuation(" ".join(values))
            values = []
        if is_value:
            values.append(word)
        else:
            yield f"{literal[1]}{_span(literal[2] or literal[3])}{literal[4]}" if literal else word
        if values and word[-1] in _PUNCTUATION:
            yield _with_punctuation(" ".join(values))
            values = []
    if values:
        yield _with_punctuation(" ".join(values))


def _words(text: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Yield the words; a part in quotes or backticks is a single word, with the match of it."""
    start = _GAP.match(text, 0)
    while start is not None and start.end() < len(text):
        literal = _LITERAL.match(text, start.end())
        end = literal.end() if literal else _end_of_word(text, start.end())
        yield text[start.end() : end], literal
        start = _GAP.match(text, end)


def _end_of_word(text: str, start: int) -> int:
    """Return the end of a word; one that opens a bracket ends with the word that closes it, if there is one."""
    first = _END.search(text, start)
    assert first is not None
    if _depth(text[start : first.start()].removeprefix("(")) <= 0:
        return first.start()
    ends = (match.start() for match in _END.finditer(text, start))
    return next((end for end in ends if _depth(text[start:end].removeprefix("(")) <= 0), first.start())


def _depth(text: str) -> int:
    return sum(map(text.count, "([{")) - sum(map(text.count, ")]}"))


def _with_punctuation(text: str) -> str:
    """Return a code span; brackets around it and punctuation at its end stay outside."""
    lead = "(" if text[0] == "(" and len(text) > 1 else ""
    value = text.removeprefix(lead)
    mark = value[-1] if len(value) > 1 and value[-1] in _PUNCTUATION else ""
    value = value.removesuffix(mark)
    if len(value) > 1 and value[-1] == ")" and _depth(value) < 0:
        value, mark = value[:-1], f"){mark}"
    return f"{lead}{_span(value)}{mark}"


def html(value: str) -> str:
    """Return a value for inside an HTML element, as code."""
    return f"<code>{escape(clipped(visible(value)))}</code>"


def hidden(mark: str, *, as_html: bool) -> str:
    """Return a hidden line by which CI finds its comment again."""
    text = re.sub("--+", "-", _MARK.sub("_", clipped(mark)))
    return f"<!-- scimconf: {text} -->" if as_html else f"[//]: # (scimconf: {text})"
