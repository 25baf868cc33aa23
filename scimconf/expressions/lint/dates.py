"""Rules about dates: intervals, formats, and texts that are none yet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scimconf.expressions.dotnet.intervals import INTERVALS
from scimconf.expressions.lint.issue import ExpressionIssue, MappingFacts
from scimconf.expressions.lint.spans import SourceSpan
from scimconf.expressions.nodes import Call

_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"|\\.")
_RUN = re.compile(r"([ydYDHhsMm])\1*")
_JOINT = re.compile(r"[-/.:_]*")
_DAY, _CLOCK = frozenset("ydYD"), frozenset("Hhs")


def interval(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("DateAdd", "DateDiff"):
        said = call.argument(0)
        if said and said.text is not None and said.text not in INTERVALS:
            meant = said.text.lower() if said.text.lower() in INTERVALS else ""
            hint = f"Write {meant}." if meant else f"There are {', '.join(INTERVALS)}; n is a minute."
            yield ExpressionIssue(said.offset, f"{said.text} is no interval", hint)


def date_format(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    """The last two arguments; with all four of them, a style stands before."""
    for call in root.calls("FormatDateTime"):
        for argument in call.inner[1:][-2:]:
            for message, hint in _doubts(argument.text or "") if argument else ():
                assert argument is not None
                yield ExpressionIssue(argument.offset, message, hint)


def _doubts(form: str) -> Iterator[tuple[str, str]]:
    form = _LITERAL.sub(" ", form)
    yield from _months_and_minutes(form)
    if "h" in form and "t" not in form:
        yield "hh counts to twelve, and nothing says which half of the day", "Write HH, or add tt."
    if re.search("[YD]", form):
        yield "Y and D are no letters of .NET's date formats", "Write yyyy and dd."


def _months_and_minutes(form: str) -> Iterator[tuple[str, str]]:
    """Each M and m by what it stands next to: a day or a year, or an hour or a second. Next to both it is let pass."""
    runs = list(_RUN.finditer(form))
    for place, run in enumerate(runs):
        beside = _beside(form, runs, place)
        letters = run[0]
        if run[1] == "m" and beside & _DAY and not beside & _CLOCK:
            yield f"{letters} stands for minutes, and is written here like a month", f"Write {letters.upper()}."
        if letters in ("M", "MM") and beside & _CLOCK and not beside & _DAY:
            yield f"{letters} stands for a month, and is written here like minutes", f"Write {letters.lower()}."


def _beside(form: str, runs: list[re.Match[str]], place: int) -> set[str]:
    """The letters next to a run: those that a mark joins to it, or else those behind a space or a word."""
    joined, apart = set[str](), set[str]()
    for first, second in ((place - 1, place), (place, place + 1)):
        if first >= 0 and second < len(runs):
            gap = form[runs[first].end() : runs[second].start()]
            other = runs[second if first == place else first]
            (joined if _JOINT.fullmatch(gap) else apart).add(other[1])
    return joined or apart


def date_text(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    """DateAdd and DateDiff want dates; only CDate is documented to make one of a text."""
    for call in root.calls("DateAdd", "DateDiff"):
        for argument in call.inner[2 if call.name == "DateAdd" else 1 :]:
            if argument and not isinstance(argument.node, Call):
                hint = "Wrap it in CDate."
                yield ExpressionIssue(argument.offset, f"{call.name} wants a date, and this is a text", hint)
