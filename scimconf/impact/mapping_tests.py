"""Run the tests of a spec offline: evaluate mappings for given attributes and compare with what is expected.

A mapping is evaluated as on creation, where its default counts. An undetermined result passes only if `undetermined` is
expected, a failure of the service only if `failure` is. The evaluator is imported only for a spec that has tests.
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
from scimconf.impact.target_checks import of_definition, vendor_checks
from scimconf.kinds import mappings
from scimconf.plan.sent_request import SentRequest
from scimconf.spec.model import MappingTest, Spec
from scimconf.suggestions import did_you_mean, suggest

if TYPE_CHECKING:
    from scimconf.expressions.evaluation import Value

_VENDOR_HINT = "Change the mapping: the preset has the limits of the vendor, which `scimconf preset show` prints."
UNDETERMINED, FAILURE = "undetermined", "failure"
TIMES = (datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC), datetime(2032, 11, 30, 23, 59, 58, tzinfo=UTC))
"""Two times that differ in every component: a result that is equal at both does not depend on the time."""


class MappingCase(NamedTuple):
    """One mapping with the attributes of a user, and the expected result; `prefix` precedes the message."""

    spec: Spec
    row: mappings.ListedRow
    attributes: Mapping[str, Any]
    now: datetime | None
    expected: Any
    path: SpecPath
    prefix: str = ""


class EvaluatedCase(NamedTuple):
    """The result of a case as a test may expect it. `reason` says why it is undetermined or fails."""

    tree: expressions.Expression | None
    value: Any
    reason: str = ""
    ignores_user: bool = False


def run(spec: Spec) -> Iterator[Diagnostic]:
    """Yield an error for each test that fails (K510) or is about an unmapped attribute (K511), a warning for K512."""
    for row in mappings.listed(spec):
        for index, test in enumerate(row.row.tests):
            path = (*row.path, "tests", index)
            yield from _unused_attributes(test.given, [row], path)
            yield from _check_case(MappingCase(spec, row, test.given, test.now, test.expect, path))
    sections = mappings.sections(spec)
    for index, mapping_test in enumerate(spec.tests):
        if mapping_test.mapping not in sections:
            yield _unmapped(mapping_test.mapping, sections, "a mapping", ("tests", index, "mapping"))
        else:
            yield from _check_mapping(spec, mapping_test, ("tests", index))


def _check_mapping(spec: Spec, test: MappingTest, path: SpecPath) -> Iterator[Diagnostic]:
    listed = [row for row in mappings.listed(spec) if row.section == test.mapping and not row.row.absent]
    rows = {row.target: row for row in listed}
    declared = next((row.mapping.source_attributes for row in listed if row.path != ("role_attribute",)), {})
    known = {*ATTRIBUTES.get(test.mapping, ()), *declared}
    unknown = {name: value for name, value in test.given.items() if name not in known}
    yield from _unused_attributes(unknown, rows.values(), path)
    for target, expected in test.expect.items():
        target_path = (*path, "expect", target)
        if target not in rows:
            yield _unmapped(target, rows, "a mapped attribute", target_path)
        else:
            prefix = f"in {quote(test.name)}, {target}: "
            yield from _check_case(MappingCase(spec, rows[target], test.given, test.now, expected, target_path, prefix))
    if test.payload is not None:
        yield from _check_payload(spec, test, rows.values(), (*path, "payload"))


def _unused_attributes(
    attributes: Mapping[str, Any], rows: Iterable[mappings.ListedRow], path: SpecPath
) -> Iterator[Diagnostic]:
    """Warn about attributes that no tested mapping reads, which are usually misspelled."""
    names = {name for row in rows for name in mappings.reads(row.row)}
    for name in attributes:
        if name not in names:
            message = f"no tested mapping reads {quote(name)}"
            hint = name_hint(name, names)
            yield Diagnostic("K512", message, (*path, "given", name), hint=hint, severity="warning")


def _check_payload(
    spec: Spec, test: MappingTest, rows: Iterable[mappings.ListedRow], path: SpecPath
) -> Iterator[Diagnostic]:
    sent: dict[str, SentRequest] = {}
    ignores_user = False
    for row in rows:
        case = MappingCase(spec, row, test.given, test.now, None, path, f"in {quote(test.name)}, {row.target}: ")
        result = _evaluate(case)
        if not isinstance(result, EvaluatedCase):
            yield from result
            return
        if result.reason:
            inputs = _inputs_text(case, result.tree)
            message = f"{case.prefix}{_source_text(result.tree)} is {result.value}: {result.reason}; {inputs}"
            hint = "Expect the other attributes one by one, under `expect:`."
            yield Diagnostic("K510", message, path, hint=hint)
            return
        yield from _violations(case, result) if not result.ignores_user else ()
        ignores_user = ignores_user or result.ignores_user
        sent[row.target] = SentRequest("value", result.value)
    definitions = mappings.sections(spec)[test.mapping].target_attributes
    booleans = {"active", *(name for name, definition in definitions.items() if definition.type == "boolean")}
    payload = {} if ignores_user else resource(sent, booleans)
    expected = test.payload or {}
    if "schemas" not in expected:
        payload.pop("schemas", None)
    differences = list(json_differences(payload, expected, ""))
    if differences:
        yield Diagnostic("K510", f"in {quote(test.name)}: {'; '.join(differences)}", path)


def json_differences(actual: Any, expected: Any, path: str) -> Iterator[str]:
    """Yield the places at which two JSON values differ."""
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        for key in dict.fromkeys((*expected, *actual)):
            yield from json_differences(actual.get(key), expected.get(key), f"{path}.{key}" if path else key)
    elif isinstance(actual, list) and isinstance(expected, list) and len(actual) == len(expected):
        for index, (actual_part, expected_part) in enumerate(zip(actual, expected, strict=True)):
            yield from json_differences(actual_part, expected_part, f"{path}[{index}]")
    elif actual != expected or isinstance(actual, bool) != isinstance(expected, bool):
        yield f"{path} is {value_text(actual)}, expected {value_text(expected)}"


def value_text(value: Any) -> str:
    """Return a JSON value as text, or that it is not sent."""
    return "not sent" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _unmapped(name: str, known: Mapping[str, Any], what: str, path: SpecPath) -> Diagnostic:
    listed = f"The spec lists {', '.join(known)}." if known else "The spec lists none."
    hint = did_you_mean(suggest(name, known), listed)
    return Diagnostic("K511", f"{quote(name)} is not {what} of this spec", path, hint=hint)


def _check_case(case: MappingCase) -> Iterator[Diagnostic]:
    result = _evaluate(case)
    if not isinstance(result, EvaluatedCase):
        yield from result
    elif result.value != (case.expected if case.expected != () else None):
        hint = f"If this is intended, write `expect: {result.value}`." if result.reason else ""
        yield Diagnostic("K510", case.prefix + _mismatch_text(case, result), case.path, hint=hint)
    elif not result.reason:
        yield from _violations(case, result)


def _violations(case: MappingCase, result: EvaluatedCase) -> Iterator[Diagnostic]:
    """Yield an error for each check of the target attribute that the value violates: the application would refuse it."""
    definition = case.row.mapping.target_attributes.get(case.row.target)
    check = None if definition is None else of_definition(case.row.target, definition)
    is_declared = check is not None and check.has_limits
    if not is_declared:
        check = vendor_checks(case.spec, case.row.section).get(case.row.target)
    for violation in check.violations(result.value) if check is not None else ():
        message = f"{case.prefix}{_value_text(result.value)} is sent to {case.row.target}, which {violation.text}"
        if violation.name == "missing":
            message = f"{case.prefix}{case.row.target} {violation.text}"
        limits = f"mappings.{case.row.section}.target_attributes"
        hint = f"Change the mapping, or the limits under {limits}." if is_declared else _VENDOR_HINT
        yield Diagnostic("K510", message, case.path, hint=hint)


def _evaluate(case: MappingCase) -> EvaluatedCase | tuple[Diagnostic, ...]:
    """Return the result of a case, or why it has none; an expression that does not parse is reported elsewhere."""
    try:
        tree = mappings.expression_of(case.row.row)
    except expressions.ExpressionError:
        return ()
    if case.now is None and _depends_on_time(case, tree):
        message = f"{case.prefix}the result of {_source_text(tree)} depends on the time"
        return (Diagnostic("K510", message, case.path, hint="Add `now:` with a time, such as `2026-12-31T09:00:00Z`."),)
    return _result(case, tree, case.now or TIMES[0])


def _depends_on_time(case: MappingCase, tree: expressions.Expression | None) -> bool:
    if tree is None:
        return False
    first, second = (_result(case, tree, time) for time in TIMES)
    return "Now" in expressions.functions(tree) or first != second


def _result(case: MappingCase, tree: expressions.Expression | None, now: datetime) -> EvaluatedCase:
    from scimconf.expressions.evaluation import Failure, Ignored, Undetermined, evaluate

    value: Value = None if tree is None else evaluate(tree, case.attributes, now=now)
    if isinstance(value, Undetermined):
        return EvaluatedCase(tree, UNDETERMINED, value.reason)
    if isinstance(value, Failure):
        return EvaluatedCase(tree, FAILURE, value.reason)
    if isinstance(value, Ignored):
        return EvaluatedCase(tree, None, ignores_user=value.whole_object)
    if value is None:
        return EvaluatedCase(tree, case.row.row.default)
    return EvaluatedCase(tree, None if value == () else value)


def _mismatch_text(case: MappingCase, result: EvaluatedCase) -> str:
    source, inputs = _source_text(result.tree), _inputs_text(case, result.tree)
    expected = f"expected {_value_text(case.expected)}"
    if result.reason:
        return f"{source} is {result.value}, {expected}: {result.reason}; {inputs}"
    return f"{source} returns {_value_text(result.value)}, {expected}; {inputs}"


def _source_text(tree: expressions.Expression | None) -> str:
    return "a mapping without a source" if tree is None else expressions.render_compact(tree)


def _inputs_text(case: MappingCase, tree: expressions.Expression | None) -> str:
    names = () if tree is None else expressions.attributes(tree)
    inputs = [f"{name} is {_input_text(case.attributes.get(name))}" for name in names]
    return ", ".join(inputs) if inputs else "it reads no attribute"


def _input_text(value: Any) -> str:
    if value is None or value == ():
        return "absent"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_input_text, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {quote(text)}' for key, text in value.items())}}}"
    return quote(value) if isinstance(value, str) else str(value)


def _value_text(value: Any) -> str:
    if value is None or value == ():
        return "no value"
    if value in (UNDETERMINED, FAILURE):
        return str(value)
    return f"[{', '.join(map(quote, value))}]" if isinstance(value, tuple) else quote(value)
