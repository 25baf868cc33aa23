"""Fills the template of a preset: `<name>` stands for the answer to a question.

The lines of questions without an answer become comments with a marker, by which `validate` finds and reports them. A key whose
section is incomplete without some answers ends in `# needs <host>, <client_id>`: without one of them, it becomes a comment too,
with all that is below it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

PLACEHOLDER = re.compile(r"<([a-z][a-z0-9_]*)>")
MARKER = "unanswered"
"""The word that begins the comment on the line of a question without an answer."""
_MARKED = re.compile(rf"^(\s*)# (?P<line>.*?)  # {MARKER}: (?P<names>[a-z0-9_]+(?:, [a-z0-9_]+)*)$")
_NEEDS = re.compile(r"\s+# needs (?P<names><[a-z0-9_]+>(?:, <[a-z0-9_]+>)*)$")
_WAITS = "remove the comment signs of this section when all of its values are known"
_PLAIN = re.compile(r"[A-Za-z][\w./@+-]*(?:[ :][\w./@+?=&%-]+)*", re.ASCII)
"""Strings that YAML reads as themselves without quotes, in block and in flow style; words such as `yes` excepted."""
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "none"})
_INSIDE = re.compile(r"[\w./@:?=&%+~-]+", re.ASCII)
"""Answers that can stand inside of a longer value: no character of YAML's syntax, and no space."""


class UnansweredLine(NamedTuple):
    """A line of a spec that waits for answers: its number, the text behind the comment sign, and the questions."""

    number: int
    text: str
    questions: tuple[str, ...]


def placeholders(text: str, names: Collection[str]) -> tuple[str, ...]:
    """Return the names that a text uses as placeholders, each once, in the order of their first use."""
    return tuple(dict.fromkeys(name for name in PLACEHOLDER.findall(text) if name in names))


def fill(text: str, answers: Mapping[str, str], optional: Mapping[str, str]) -> str:
    """Return the text with the answers; a line with an empty answer becomes a comment, with the marker if it is needed.

    `optional` are the questions that need no answer, with the examples that their comments show.
    """
    return "".join(f"{line}\n" for line in _filled_lines(text.splitlines(), answers, optional))


def unanswered(lines: Sequence[str]) -> Iterator[UnansweredLine]:
    """Yield the lines of a spec that wait for an answer."""
    for number, line in enumerate(lines, 1):
        if match := _MARKED.match(line):
            yield UnansweredLine(number, match["line"], tuple(match["names"].split(", ")))


def fits_inside(answer: str) -> bool:
    """Return whether an answer can replace a placeholder that is a part of a longer value."""
    return _INSIDE.fullmatch(answer) is not None


def is_whole_value(line: str, name: str) -> bool:
    """Return whether a placeholder is the whole value of a key or list item in its line."""
    return re.search(rf"(?:[:,\[] |- |^\s*)<{name}>(?=\s*$|\s+#|[,}}\]])", line) is not None


def scalar(answer: str) -> str:
    """Return a string as YAML: plain if it is read as itself, else in double quotes."""
    is_plain = _PLAIN.fullmatch(answer) is not None and answer.lower() not in _WORDS
    return answer if is_plain else json.dumps(answer, ensure_ascii=False)


def _filled_lines(lines: Sequence[str], answers: Mapping[str, str], optional: Mapping[str, str]) -> Iterator[str]:
    incomplete: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if incomplete is not None and line and indent <= incomplete:
            incomplete = None
        needs = _NEEDS.search(line)
        if needs and not all(answers[name] for name in placeholders(needs["names"], answers)):
            incomplete = indent
        filled = _filled(line[: needs.start()] if needs else line, answers, optional)
        if incomplete is None:
            yield filled
        else:
            yield f"{_commented(filled)}  # {_WAITS}" if needs and indent == incomplete else _commented(filled)


def _commented(line: str) -> str:
    code = line.lstrip()
    return line if not code or code.startswith("#") else f"{line[: len(line) - len(code)]}# {code}"


def _filled(line: str, answers: Mapping[str, str], optional: Mapping[str, str]) -> str:
    names = placeholders(line, answers)
    for name in names:
        line = _replaced(line, name, answers[name] or optional.get(name, ""))
    without = [name for name in names if not answers[name]]
    if not without or line.lstrip().startswith("#"):
        return line
    commented = _commented(line)
    needed = [name for name in without if name not in optional]
    return f"{commented}  # {MARKER}: {', '.join(needed)}" if needed else commented


def _replaced(line: str, name: str, answer: str) -> str:
    """Return a line with an answer in place of its placeholder, which stays if the answer is empty."""
    text = scalar(answer) if is_whole_value(line, name) else answer
    return line.replace(f"<{name}>", text) if answer else line
