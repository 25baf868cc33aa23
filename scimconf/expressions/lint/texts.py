"""Rules about what stands in quotes: escapes and patterns. Dates have rules of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.lint.issue import ExpressionIssue, MappingFacts
from scimconf.expressions.lint.spans import SourceSpan

_STRING = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_GROUP = re.compile(r"\$\{(\w+)\}")
_ENDS_WITH_GROUP = re.compile(r"\$\{(\w+)\}\Z")
_ATOM = re.compile(
    r"""
      (?P<quantifier> (?: [*+?] | \{\d+(?:,\d*)?\} ) \?? )
    | (?P<space> \ | \\[ st] | \[ (?: \ | \\[ st] )+ \] )
    | \\. | \[ \^? \]? (?: \\. | [^\]\\] )* (?: \] | \Z ) | .
    """,
    re.VERBOSE | re.DOTALL,
)

_SOURCE, _FIND, _PATTERN, _GROUP_NAME, _NEW, _OTHER, _TEMPLATE = range(7)
_MODES = (
    {_FIND, _NEW},
    {_FIND, _TEMPLATE},
    {_PATTERN, _NEW},
    {_PATTERN, _GROUP_NAME, _NEW},
    {_PATTERN, _GROUP_NAME, _OTHER},
)


def backslash(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    for part in root.walk():
        said = (
            _STRING.match(part.whole, part.offset)
            if part.text is not None and context.written == "expression"
            else None
        )
        lonely = [each for each in _ESCAPE.finditer(said[1]) if each[1] not in '\\"'] if said else []
        if lonely:
            hint = "Write two for each that is meant; the service is only said to keep single ones."
            yield ExpressionIssue(part.offset + 1 + lonely[0].start(), "a single backslash in a text", hint)


def replace_mode(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("Replace"):
        given = {place for place, each in enumerate(call.inner) if each is not None and place}
        if given in _MODES:
            continue
        if given == {_FIND, _PATTERN}:
            hint = 'Write Replace(source, "old", , , "new", , ).'
            yield ExpressionIssue(
                call.offset, "the third argument of Replace is a regular expression, not the new text", hint
            )
        else:
            hint = "Give the old text or a regular expression, and one thing to put in its place."
            yield ExpressionIssue(call.offset, "these arguments of Replace ask for nothing that is documented", hint)


def replace_group(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call, text in _patterns(root):
        names = set(re.findall(r"\(\?[<'](\w+)(?:-\w+)?[>']", text))
        group, new = call.argument(_GROUP_NAME), call.argument(_NEW)
        asked = _GROUP.findall(new.text or "") if new else []
        if group and group.text is not None:
            asked.append(group.text)
        for name in asked:
            if name not in names and not name.isdigit():
                yield ExpressionIssue(call.offset, f"the regular expression has no group {name!r}")


def bad_pattern(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    from scimconf.expressions.regexes.translating import translate

    for call, text in _patterns(root):
        try:
            translate(text)
        except ServiceFailure as failed:
            yield ExpressionIssue(_offset(call, _PATTERN), f"not a regular expression of .NET: {failed}")
        except UndocumentedBehaviour:
            continue


def trailing_space(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    """A value that ends with a group that can take a space along, compared with keys none of which ends with one."""
    for switch in root.calls("Switch"):
        source = switch.argument(0)
        for call, text in _patterns(source) if source else ():
            new = call.argument(_NEW)
            group = _ENDS_WITH_GROUP.search(new.text or "") if new else None
            if source is call and group and _ends_in_space(text, group[1]) and not _ready_for_space(switch):
                said = f"the group {group[1]} can take a space along, and no key ends with one"
                yield ExpressionIssue(call.offset, said, "Put the space behind the group.")


def _ready_for_space(switch: SourceSpan) -> bool:
    """Whether a key ends with a space, or may; the key for nothing is none."""
    keys = [key.text for key in switch.inner[2::2] if key and key.text != ""]
    return any(key is None or key[-1].isspace() for key in keys) or not keys


def _ends_in_space(pattern: str, name: str) -> bool:
    """Whether the last thing in a named group is white space, be it optional.

    A set with letters in it is for words with spaces between them, and is let pass; so is what stands in a group inside.
    """
    opened = re.search(rf"\(\?(?:<{name}>|'{name}')", pattern)
    depth, space = 0, False
    for atom in _ATOM.finditer(pattern, opened.end()) if opened else ():
        depth += (atom[0] == "(") - (atom[0] == ")")
        if depth < 0:
            return space
        space = space if atom["quantifier"] else atom["space"] is not None
    return False


def _patterns(root: SourceSpan) -> Iterator[tuple[SourceSpan, str]]:
    """The calls of Replace whose regular expression is written out."""
    for call in root.calls("Replace"):
        pattern = call.argument(_PATTERN)
        if pattern and pattern.text is not None:
            yield call, pattern.text


def _offset(call: SourceSpan, position: int) -> int:
    argument = call.argument(position)
    assert argument is not None
    return argument.offset
