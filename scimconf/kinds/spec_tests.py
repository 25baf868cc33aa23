"""The tests that a spec holds, run offline: what a mapping makes of given attributes against what was expected.

A row is tried as on creation, when its default counts. What the documentation leaves open is told with its reason, and
passes only where `undetermined` is expected; so does what the service would fail on, with `failure`. The evaluator is
imported for a spec that has tests, and for no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from scimconf import expressions
from scimconf.errors import Problem, SpecPath
from scimconf.expressions.rendering import quote
from scimconf.kinds import mappings
from scimconf.kinds.kind import close
from scimconf.spec.model import Spec

if TYPE_CHECKING:
    from scimconf.expressions.evaluation import Value

UNDETERMINED, FAILURE = "undetermined", "failure"
MOMENTS = (datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC), datetime(2032, 11, 30, 23, 59, 58, tzinfo=UTC))
"""Two moments that have nothing in common: what is the same at both does not depend on when it is."""


class Case(NamedTuple):
    """One row with attributes, and what is expected of it; `about` leads the sentence."""

    row: mappings.Row
    given: Mapping[str, Any]
    now: datetime | None
    expected: Any
    path: SpecPath
    about: str = ""


class Seen(NamedTuple):
    """What came of a case: a value as a test may expect it, and why it is none."""

    value: Any
    reason: str = ""


def run(spec: Spec) -> Iterator[Problem]:
    """A problem for each test that fails, or is about something that the spec does not map."""
    for row in mappings.listed(spec):
        for index, test in enumerate(row.row.tests):
            path = (*row.path, "tests", index)
            yield from _tried(Case(row, test.given, test.now, test.expect, path))
    for index, one in enumerate(spec.tests):
        rows = {row.target: row for row in mappings.listed(spec) if row.section == one.mapping and not row.row.absent}
        if one.mapping not in mappings.sections(spec):
            yield _unmapped(one.mapping, mappings.sections(spec), "mapping", ("tests", index, "mapping"))
            continue
        for target, expected in one.expect.items():
            path = ("tests", index, "expect", target)
            if target not in rows:
                yield _unmapped(target, rows, "mapped attribute", path)
            else:
                about = f"in {quote(one.name)}, {target}: "
                yield from _tried(Case(rows[target], one.given, one.now, expected, path, about))


def _unmapped(name: str, known: Mapping[str, Any], what: str, path: SpecPath) -> Problem:
    hint = close(name, known, f"The spec lists {', '.join(known)}." if known else "The spec lists none.")
    return Problem("K511", f"{quote(name)} is no {what} of this spec, so it cannot be tried", path, hint=hint)


def _tried(case: Case) -> Iterator[Problem]:
    try:
        tree = mappings.expression_of(case.row.row)
    except expressions.ExpressionError:
        return  # it is told as what it is
    if case.now is None and _is_timely(case, tree):
        said = f"{case.about}what {_shown(tree)} gives depends on when it is"
        yield Problem("K510", said, case.path, hint="Add `now:` with a moment, as `2026-12-31T09:00:00Z`.")
        return
    seen = _seen(case, tree, case.now or MOMENTS[0])
    if seen.value != (case.expected if case.expected != () else None):
        yield Problem("K510", case.about + _sentence(case, tree, seen), case.path, hint=_hint(seen))


def _is_timely(case: Case, tree: expressions.Expression | None) -> bool:
    if tree is None:
        return False
    one, other = (_seen(case, tree, moment) for moment in MOMENTS)
    return "Now" in expressions.functions(tree) or one != other


def _seen(case: Case, tree: expressions.Expression | None, now: datetime) -> Seen:
    from scimconf.expressions.evaluation import Failure, Ignored, Undetermined, evaluate

    value: Value = None if tree is None else evaluate(tree, case.given, now=now)
    if isinstance(value, Undetermined):
        return Seen(UNDETERMINED, value.reason)
    if isinstance(value, Failure):
        return Seen(FAILURE, value.reason)
    if isinstance(value, Ignored):
        return Seen(None)
    if value is None:
        return Seen(case.row.row.default)
    return Seen(None if value == () else value)


# --- sentences ------------------------------------------------------------------------------------------------------


def _sentence(case: Case, tree: expressions.Expression | None, seen: Seen) -> str:
    what = _shown(tree)
    given = _inputs(case, tree)
    if seen.reason:
        return f"{what} is {seen.value}, not {_value(case.expected)}: {seen.reason}; {given}"
    return f"{what} gives {_value(seen.value)}, not {_value(case.expected)}; {given}"


def _hint(seen: Seen) -> str:
    return f"Where that is meant, write `expect: {seen.value}`." if seen.reason else ""


def _shown(tree: expressions.Expression | None) -> str:
    return "a row without a source" if tree is None else expressions.render(tree)


def _inputs(case: Case, tree: expressions.Expression | None) -> str:
    """The attributes that the expression reads, whether or not the test gives them."""
    names = () if tree is None else expressions.attributes(tree)
    told = [f"{name} is {_given(case.given.get(name))}" for name in names]
    return ", ".join(told) if told else "it reads no attribute"


def _given(value: Any) -> str:
    if value is None or value == ():
        return "absent"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_given, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {quote(text)}' for key, text in value.items())}}}"
    return quote(value) if isinstance(value, str) else str(value)


def _value(value: Any) -> str:
    if value is None or value == ():
        return "nothing"
    if value in (UNDETERMINED, FAILURE):
        return str(value)
    return f"[{', '.join(map(quote, value))}]" if isinstance(value, tuple) else quote(value)
