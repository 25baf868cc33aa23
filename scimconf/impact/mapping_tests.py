"""The tests that a spec holds, run offline: what a mapping makes of given attributes against what was expected.

A row is tried as on creation, when its default counts. What the documentation leaves open is told with its reason, and
passes only where `undetermined` is expected; so does what the service would fail on, with `failure`. The evaluator is
imported for a spec that has tests, and for no other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from scimconf import expressions
from scimconf.diagnostics import Diagnostic, SpecPath
from scimconf.expressions.lint.vocabulary import ATTRIBUTES, name_hint
from scimconf.expressions.rendering import quote
from scimconf.impact.scim_resource import resource
from scimconf.kinds import mappings
from scimconf.plan.preview import SentRequest
from scimconf.spec.model import MappingTest, Spec
from scimconf.suggestions import did_you_mean, suggest

if TYPE_CHECKING:
    from scimconf.expressions.evaluation import Value

UNDETERMINED, FAILURE = "undetermined", "failure"
MOMENTS = (datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC), datetime(2032, 11, 30, 23, 59, 58, tzinfo=UTC))
"""Two moments that have nothing in common: what is the same at both does not depend on when it is."""


class MappingCase(NamedTuple):
    """One row with attributes, and what is expected of it; `about` leads the sentence."""

    row: mappings.ListedRow
    given: Mapping[str, Any]
    now: datetime | None
    expected: Any
    path: SpecPath
    about: str = ""


class EvaluatedCase(NamedTuple):
    """What came of a case: a value as a test may expect it, and why it is none; of which expression.

    `left_out` says that nothing of the whole person is sent.
    """

    tree: expressions.Expression | None
    value: Any
    reason: str = ""
    left_out: bool = False


def run(spec: Spec) -> Iterator[Diagnostic]:
    """A problem for each test that fails, or is about something that the spec does not map."""
    for row in mappings.listed(spec):
        for index, test in enumerate(row.row.tests):
            path = (*row.path, "tests", index)
            yield from _unread(test.given, [row], path)
            yield from _tried(MappingCase(row, test.given, test.now, test.expect, path))
    for index, one in enumerate(spec.tests):
        if one.mapping not in mappings.sections(spec):
            yield _unmapped(one.mapping, mappings.sections(spec), "mapping", ("tests", index, "mapping"))
        else:
            yield from _whole(spec, one, ("tests", index))


def _whole(spec: Spec, one: MappingTest, path: SpecPath) -> Iterator[Diagnostic]:
    """A test of all rows of a mapping with one person."""
    rows = {row.target: row for row in mappings.listed(spec) if row.section == one.mapping and not row.row.absent}
    mine = [row for row in rows.values() if row.path != ("role_attribute",)]
    known = {*ATTRIBUTES.get(one.mapping, ()), *(name for row in mine[:1] for name in row.mapping.source_attributes)}
    yield from _unread({name: one.given[name] for name in one.given if name not in known}, rows.values(), path)
    for target, expected in one.expect.items():
        if target not in rows:
            yield _unmapped(target, rows, "mapped attribute", (*path, "expect", target))
        else:
            about = f"in {quote(one.name)}, {target}: "
            yield from _tried(MappingCase(rows[target], one.given, one.now, expected, (*path, "expect", target), about))
    if one.payload is not None:
        yield from _resource(spec, one, list(rows.values()), (*path, "payload"))


def _unread(given: Mapping[str, Any], rows: Iterable[mappings.ListedRow], path: SpecPath) -> Iterator[Diagnostic]:
    """Attributes that are given and that nothing reads: a name that is not the one of the mapping tests nothing."""
    read = {name for row in rows for name in mappings.reads(row.row)}
    for name in given:
        if name not in read:
            said = f"{quote(name)} is given, and nothing that is tried reads it"
            yield Diagnostic("K512", said, (*path, "given", name), hint=name_hint(name, read), severity="warning")


def _resource(spec: Spec, one: MappingTest, rows: Iterable[mappings.ListedRow], path: SpecPath) -> Iterator[Diagnostic]:
    """The whole resource that a creation would carry, against the one that was expected."""
    sent: dict[str, SentRequest] = {}
    left_out = False
    for row in rows:
        case = MappingCase(row, one.given, one.now, None, path, f"in {quote(one.name)}, {row.target}: ")
        seen = _come(case)
        if not isinstance(seen, EvaluatedCase):
            yield from seen
            return
        if seen.reason:
            said = f"{case.about}{_shown(seen.tree)} is {seen.value}: {seen.reason}; {_inputs(case, seen.tree)}"
            yield Diagnostic("K510", said, path, hint="Expect the other attributes one by one, under `expect:`.")
            return
        left_out = left_out or seen.left_out
        sent[row.target] = SentRequest("value", seen.value)
    given = {} if left_out else resource(sent, _truths(spec, one.mapping))
    expected = one.payload or {}
    given = given if "schemas" in expected else {key: value for key, value in given.items() if key != "schemas"}
    told = list(_differences(given, expected, ""))
    if told:
        yield Diagnostic("K510", f"in {quote(one.name)}: {'; '.join(told)}", path)


def _truths(spec: Spec, section: str) -> frozenset[str]:
    """The targets whose texts become truth values: `active`, and what is declared so."""
    declared = mappings.sections(spec)[section].target_attributes
    return frozenset({"active", *(name for name, one in declared.items() if one.type == "boolean")})


def _differences(seen: Any, expected: Any, path: str) -> Iterator[str]:
    """What is sent otherwise than expected, by its place in the resource."""
    if isinstance(seen, Mapping) and isinstance(expected, Mapping):
        for key in dict.fromkeys((*expected, *seen)):
            yield from _differences(seen.get(key), expected.get(key), f"{path}.{key}" if path else key)
    elif isinstance(seen, list) and isinstance(expected, list) and len(seen) == len(expected):
        for index, (one, other) in enumerate(zip(seen, expected, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif seen != expected or isinstance(seen, bool) != isinstance(expected, bool):
        yield f"{path} {_difference(seen, expected)}"


def _difference(seen: Any, expected: Any) -> str:
    if seen is None:
        return f"is not sent, and {_json(expected)} is expected"
    return f"is {_json(seen)}, and {'nothing' if expected is None else _json(expected)} is expected"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _unmapped(name: str, known: Mapping[str, Any], what: str, path: SpecPath) -> Diagnostic:
    listed = f"The spec lists {', '.join(known)}." if known else "The spec lists none."
    hint = did_you_mean(suggest(name, known), listed)
    return Diagnostic("K511", f"{quote(name)} is no {what} of this spec, so it cannot be tried", path, hint=hint)


def _tried(case: MappingCase) -> Iterator[Diagnostic]:
    seen = _come(case)
    if not isinstance(seen, EvaluatedCase):
        yield from seen
    elif seen.value != (case.expected if case.expected != () else None):
        yield Diagnostic("K510", case.about + _sentence(case, seen), case.path, hint=_hint(seen))


def _come(case: MappingCase) -> EvaluatedCase | tuple[Diagnostic, ...]:
    """What comes of a case; problems where that cannot be asked, none where the expression is told as what it is."""
    try:
        tree = mappings.expression_of(case.row.row)
    except expressions.ExpressionError:
        return ()
    if case.now is None and _is_timely(case, tree):
        return (_timeless(case, tree),)
    return _seen(case, tree, case.now or MOMENTS[0])


def _timeless(case: MappingCase, tree: expressions.Expression | None) -> Diagnostic:
    said = f"{case.about}what {_shown(tree)} gives depends on when it is"
    return Diagnostic("K510", said, case.path, hint="Add `now:` with a moment, as `2026-12-31T09:00:00Z`.")


def _is_timely(case: MappingCase, tree: expressions.Expression | None) -> bool:
    if tree is None:
        return False
    one, other = (_seen(case, tree, moment) for moment in MOMENTS)
    return "Now" in expressions.functions(tree) or one != other


def _seen(case: MappingCase, tree: expressions.Expression | None, now: datetime) -> EvaluatedCase:
    from scimconf.expressions.evaluation import Failure, Ignored, Undetermined, evaluate

    value: Value = None if tree is None else evaluate(tree, case.given, now=now)
    if isinstance(value, Undetermined):
        return EvaluatedCase(tree, UNDETERMINED, value.reason)
    if isinstance(value, Failure):
        return EvaluatedCase(tree, FAILURE, value.reason)
    if isinstance(value, Ignored):
        return EvaluatedCase(tree, None, left_out=value.whole_object)
    if value is None:
        return EvaluatedCase(tree, case.row.row.default)
    return EvaluatedCase(tree, None if value == () else value)


# --- sentences ------------------------------------------------------------------------------------------------------


def _sentence(case: MappingCase, seen: EvaluatedCase) -> str:
    what = _shown(seen.tree)
    given = _inputs(case, seen.tree)
    if seen.reason:
        return f"{what} is {seen.value}, not {_value(case.expected)}: {seen.reason}; {given}"
    return f"{what} gives {_value(seen.value)}, not {_value(case.expected)}; {given}"


def _hint(seen: EvaluatedCase) -> str:
    return f"Where that is meant, write `expect: {seen.value}`." if seen.reason else ""


def _shown(tree: expressions.Expression | None) -> str:
    return "a row without a source" if tree is None else expressions.render_compact(tree)


def _inputs(case: MappingCase, tree: expressions.Expression | None) -> str:
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
