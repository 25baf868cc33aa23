"""Rules about what stands in quotes: escapes, patterns, formats, intervals."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scimconf.expressions.dotnet.intervals import INTERVALS
from scimconf.expressions.dotnet.outcomes import FailedError, OpenError
from scimconf.expressions.lint.finding import Complaint, Context
from scimconf.expressions.lint.places import Place
from scimconf.expressions.nodes import Call

_STRING = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_GROUP = re.compile(r"\$\{(\w+)\}")
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"|\\.")

_SOURCE, _FIND, _PATTERN, _GROUP_NAME, _NEW, _OTHER, _TEMPLATE = range(7)
_MODES = (
    {_FIND, _NEW},
    {_FIND, _TEMPLATE},
    {_PATTERN, _NEW},
    {_PATTERN, _GROUP_NAME, _NEW},
    {_PATTERN, _GROUP_NAME, _OTHER},
)


def backslash(root: Place, context: Context) -> Iterator[Complaint]:
    for part in root.walk():
        said = (
            _STRING.match(part.whole, part.offset)
            if part.text is not None and context.written == "expression"
            else None
        )
        lonely = [each for each in _ESCAPE.finditer(said[1]) if each[1] not in '\\"'] if said else []
        if lonely:
            hint = "Write two for each that is meant; the service is only said to keep single ones."
            yield Complaint(part.offset + 1 + lonely[0].start(), "a single backslash in a text", hint)


def replace_mode(root: Place, _context: Context) -> Iterator[Complaint]:
    for call in root.calls("Replace"):
        given = {place for place, each in enumerate(call.inner) if each is not None and place}
        if given in _MODES:
            continue
        if given == {_FIND, _PATTERN}:
            hint = 'Write Replace(source, "old", , , "new", , ).'
            yield Complaint(
                call.offset, "the third argument of Replace is a regular expression, not the new text", hint
            )
        else:
            hint = "Give the old text or a regular expression, and one thing to put in its place."
            yield Complaint(call.offset, "these arguments of Replace ask for nothing that is documented", hint)


def replace_group(root: Place, _context: Context) -> Iterator[Complaint]:
    for call, text in _patterns(root):
        names = set(re.findall(r"\(\?[<'](\w+)[>']", text))
        group, new = call.argument(_GROUP_NAME), call.argument(_NEW)
        asked = _GROUP.findall(new.text or "") if new else []
        if group and group.text is not None:
            asked.append(group.text)
        for name in asked:
            if name not in names and not name.isdigit():
                yield Complaint(call.offset, f"the regular expression has no group {name!r}")


def bad_pattern(root: Place, _context: Context) -> Iterator[Complaint]:
    from scimconf.expressions.regexes.translating import translate

    for call, text in _patterns(root):
        try:
            translate(text)
        except FailedError as failed:
            yield Complaint(_offset(call, _PATTERN), f"not a regular expression of .NET: {failed}")
        except OpenError:
            continue


def trailing_space(root: Place, _context: Context) -> Iterator[Complaint]:
    """A group that takes a space along, compared with keys that have none."""
    for switch in root.calls("Switch"):
        source = switch.argument(0)
        for call, text in _patterns(source) if source else ():
            new = call.argument(_NEW)
            for name in _GROUP.findall(new.text or "") if new else ():
                if re.search(rf"\(\?<{name}>[^()]*[^\\] \)", text) and source is call:
                    hint = "Put the space behind the group."
                    yield Complaint(call.offset, f"the group {name} takes a space along, and the keys have none", hint)


def interval(root: Place, _context: Context) -> Iterator[Complaint]:
    for call in root.calls("DateAdd", "DateDiff"):
        said = call.argument(0)
        if said and said.text is not None and said.text not in INTERVALS:
            meant = said.text.lower() if said.text.lower() in INTERVALS else ""
            hint = f"Write {meant}." if meant else f"There are {', '.join(INTERVALS)}; n is a minute."
            yield Complaint(said.offset, f"{said.text} is no interval", hint)


def date_format(root: Place, _context: Context) -> Iterator[Complaint]:
    for call in root.calls("FormatDateTime"):
        for argument in call.inner[1:]:
            form = _LITERAL.sub("", argument.text or "") if argument else ""
            for message, hint in _doubts(form):
                assert argument is not None
                yield Complaint(argument.offset, message, hint)


def _doubts(form: str) -> Iterator[tuple[str, str]]:
    if re.search(r"(?:y|d)[-/. ]*mm|mm[-/. ]*(?:y|d)", form):
        yield "mm are minutes, and stand here like a month", "Write MM."
    if re.search(r"[Hh]:?MM", form):
        yield "MM is a month, and stands here like minutes", "Write mm."
    if "h" in form and "t" not in form:
        yield "hh counts to twelve, and nothing says which half of the day", "Write HH, or add tt."
    if re.search("[YD]", form):
        yield "Y and D are no letters of .NET's date formats", "Write yyyy and dd."


def date_text(root: Place, _context: Context) -> Iterator[Complaint]:
    """DateAdd and DateDiff want dates; only CDate is documented to make one of a text."""
    for call in root.calls("DateAdd", "DateDiff"):
        for argument in call.inner[2 if call.name == "DateAdd" else 1 :]:
            if argument and not isinstance(argument.node, Call):
                hint = "Wrap it in CDate."
                yield Complaint(argument.offset, f"{call.name} wants a date, and this is a text", hint)


def _patterns(root: Place) -> Iterator[tuple[Place, str]]:
    """The calls of Replace whose regular expression is written out."""
    for call in root.calls("Replace"):
        pattern = call.argument(_PATTERN)
        if pattern and pattern.text is not None:
            yield call, pattern.text


def _offset(call: Place, position: int) -> int:
    argument = call.argument(position)
    assert argument is not None
    return argument.offset
