"""Rules about dates: intervals, formats, and strings where a date is expected."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scimconf.expressions.dotnet.intervals import INTERVALS
from scimconf.expressions.lint.model import ExpressionIssue, MappingFacts, SourceSpan
from scimconf.expressions.nodes import Call

_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"|\\.")
_RUN = re.compile(r"([ydYDHhsMm])\1*")
_JOINT = re.compile(r"[-/.:_]*")
_DAY, _CLOCK = frozenset("ydYD"), frozenset("Hhs")


def interval(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("DateAdd", "DateDiff"):
        argument = call.argument(0)
        if argument and argument.text is not None and argument.text not in INTERVALS:
            lower = argument.text.lower()
            valid = f"Valid intervals: {', '.join(INTERVALS)} (n is a minute)."
            hint = f"Write {lower}." if lower in INTERVALS else valid
            yield argument.issue(f"`{argument.text}` is not an interval", hint)


def date_format(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """Check the formats, the last two arguments; a call of four has a style before them."""
    for call in root.calls("FormatDateTime"):
        for argument in filter(None, call.parts[1:][-2:]):
            for message, hint in _format_defects(argument.text or ""):
                yield argument.issue(message, hint)


def _format_defects(form: str) -> Iterator[tuple[str, str]]:
    form = _LITERAL.sub(" ", form)
    yield from _months_and_minutes(form)
    if "h" in form and "t" not in form:
        yield "hh is a 12-hour clock, but the format has no AM/PM (tt)", "Write HH, or add tt."
    if re.search("[YD]", form):
        yield "Y and D are not letters of .NET's date formats", "Write yyyy and dd."


def _months_and_minutes(form: str) -> Iterator[tuple[str, str]]:
    """Check whether M and m are beside a day or a year, or an hour or a second; beside both, each is accepted."""
    runs = list(_RUN.finditer(form))
    for index, run in enumerate(runs):
        neighbours = _neighbours(form, runs, index)
        letters = run[0]
        if run[1] == "m" and neighbours & _DAY and not neighbours & _CLOCK:
            yield f"{letters} means minutes, but is beside a day or a year", f"Write {letters.upper()}."
        if letters in ("M", "MM") and neighbours & _CLOCK and not neighbours & _DAY:
            yield f"{letters} means a month, but is beside an hour or a second", f"Write {letters.lower()}."


def _neighbours(form: str, runs: list[re.Match[str]], index: int) -> set[str]:
    """Return the letters beside a run: those joined by a punctuation mark, otherwise those after a space or a word."""
    joined, apart = set[str](), set[str]()
    for first, second in ((index - 1, index), (index, index + 1)):
        if first >= 0 and second < len(runs):
            gap = form[runs[first].end() : runs[second].start()]
            other = runs[second if first == index else first]
            (joined if _JOINT.fullmatch(gap) else apart).add(other[1])
    return joined or apart


def date_text(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """DateAdd and DateDiff expect dates; only CDate is documented to convert a string."""
    for call in root.calls("DateAdd", "DateDiff"):
        for argument in call.parts[2 if call.name == "DateAdd" else 1 :]:
            if argument and not isinstance(argument.node, Call):
                yield argument.issue(f"{call.name} expects a date, got a string", "Wrap it in CDate.")
