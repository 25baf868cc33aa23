"""Rules about strings: escapes and regular expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.lint.model import ExpressionIssue, MappingFacts, SourceSpan

_STRING = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_SINGLE = re.compile(r'(?:[^\\]|\\[\\"])*+(\\)')
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

_SOURCE, _FIND, _PATTERN, _GROUP_NAME, _REPLACEMENT, _FALLBACK, _TEMPLATE = range(7)
_STRING_MODES = ({_FIND, _REPLACEMENT}, {_FIND, _TEMPLATE})
_GROUP_MODES = ({_PATTERN, _GROUP_NAME, _REPLACEMENT}, {_PATTERN, _GROUP_NAME, _FALLBACK})
_MODES = (*_STRING_MODES, {_PATTERN, _REPLACEMENT}, *_GROUP_MODES)


def backslash(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for span in root.walk():
        string = _STRING.match(span.whole, span.offset) if span.text is not None else None
        single = _SINGLE.match(string[1]) if string and facts.written == "expression" else None
        if single:
            hint = "Write two for each backslash. That a single one is preserved is only implied by examples."
            yield ExpressionIssue(span.offset + 1 + single.start(1), "a single backslash in a string", hint)


def replace_mode(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("Replace"):
        present = {position for position, argument in enumerate(call.parts) if argument is not None and position}
        if present == {_FIND, _PATTERN}:
            message = "the third argument of Replace is a regular expression, not the replacement"
            yield call.issue(message, 'Write Replace(source, "old", , , "new", , ).')
        elif present not in _MODES:
            hint = "Write a string or a regular expression to find, and a replacement."
            yield call.issue("this combination of arguments of Replace is not documented", hint)


def replace_group(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call, pattern in _patterns(root):
        names = set(re.findall(r"\(\?[<'](\w+)(?:-\w+)?[>']", str(pattern.text)))
        group, replacement = call.argument(_GROUP_NAME), call.argument(_REPLACEMENT)
        references = _GROUP.findall(replacement.text or "") if replacement else []
        if group and group.text is not None:
            references.append(group.text)
        for name in references:
            if name not in names and not name.isdigit():
                yield call.issue(f"the regular expression has no group {name!r}")


def bad_pattern(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    from scimconf.expressions.regexes.translating import translate

    for _, pattern in _patterns(root):
        try:
            translate(str(pattern.text))
        except ServiceFailure as failure:
            yield pattern.issue(f"invalid regular expression: {failure}")
        except UndocumentedBehaviour:
            continue


def trailing_space(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """A value ends with a group that can end with white space, and no key of the Switch does."""
    for switch in root.calls("Switch"):
        source = switch.argument(0)
        for call, pattern in _patterns(source) if source else ():
            replacement = call.argument(_REPLACEMENT)
            group = _ENDS_WITH_GROUP.search(replacement.text or "") if replacement and source is call else None
            if group and _can_end_in_space(str(pattern.text), group[1]) and not _has_key_with_space(switch):
                message = f"the group {group[1]} can include trailing white space, but no key of the Switch has any"
                yield call.issue(message, "Move the white space after the group.")


def _has_key_with_space(switch: SourceSpan) -> bool:
    """Return whether a key ends with a space, or may do so; the empty key does not count."""
    keys = [key.text for key in switch.parts[2::2] if key and key.text != ""]
    return any(key is None or key[-1].isspace() for key in keys) or not keys


def _can_end_in_space(pattern: str, name: str) -> bool:
    """Return whether a named group ends with white space, which may be optional.

    A set with other characters is for words with spaces between them and is accepted, and so are groups inside.
    """
    opening = re.search(rf"\(\?(?:<{name}>|'{name}')", pattern)
    depth, space = 0, False
    for atom in _ATOM.finditer(pattern, opening.end()) if opening else ():
        depth += (atom[0] == "(") - (atom[0] == ")")
        if depth < 0:
            return space
        space = space if atom["quantifier"] else atom["space"] is not None
    return False


def _patterns(root: SourceSpan) -> Iterator[tuple[SourceSpan, SourceSpan]]:
    """Yield the calls of Replace whose regular expression is a constant, and that constant."""
    for call in root.calls("Replace"):
        pattern = call.argument(_PATTERN)
        if pattern and pattern.text is not None:
            yield call, pattern
