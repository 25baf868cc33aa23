"""The mappings of a job's schema as flows, and what they send for an object.

An expression whose result is not documented makes the object fail, with a reason; the switch `undetermined` leaves out
the attribute instead. Nothing is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scimconf import expressions
from scimconf.expressions import Attribute, Call, Comparison, Concatenation, Expression, ExpressionError
from scimconf.expressions.evaluation import (
    AttributeValue,
    EvaluationContext,
    Failure,
    Ignored,
    Undetermined,
    Value,
    compile_expression,
)
from scimconf.sandbox.engine import resource
from scimconf.sandbox.engine.scope import UNKNOWN
from scimconf.sandbox.engine.source import REFERENCES, ROLES, is_known
from scimconf.sandbox.engine.values import (
    SOFT_DELETED,
    AppRole,
    AttributeFlow,
    Desired,
    Json,
    ObjectFailure,
    ObjectFlow,
    Scope,
    SourceObject,
)
from scimconf.sandbox.switches import Switches

ON_CREATE = "ObjectAddOnly"
SEVERAL_ROLES = "MultipleGrantsNotSupported"
_Evaluate = Callable[[Mapping[str, AttributeValue], EvaluationContext], Value]
_SINGLE_ROLE = "SingleAppRoleAssignment"
_ROLE_FUNCTIONS = frozenset({_SINGLE_ROLE, "AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"})
_ROLE_TEXTS = f"{ROLES} as text"
"""The source attribute that `SingleAppRoleAssignment` reads here: texts, as the switch `role_text` selects them."""
_LEAVING = frozenset({Scope.NOT_ASSIGNED, Scope.FILTERED, Scope.SOFT_DELETED})
"""Objects of these scopes are only disabled: nothing else of them is sent."""
_INVERTED = {"true": "False", "false": "True"}
_OPERATORS = {
    "EQUALS": "equals",
    "NOTEQUALS": "not_equals",
    "ISTRUE": "is_true",
    "ISFALSE": "is_false",
    "ISNULL": "is_null",
    "ISNOTNULL": "is_not_null",
    "REGEXMATCH": "matches",
    "NOTREGEXMATCH": "not_matches",
    "GREATERTHAN": "greater_than",
    "GREATERTHANOREQUALS": "greater_than_or_equals",
    "INCLUDES": "includes",
    "ENDSWITH": "ends_with",
    "&": "bit_and",
    "!&": "not_bit_and",
}


# ---- from Graph's schema --------------------------------------------------------------------------------------------


def job_flows(schema: Json) -> tuple[ObjectFlow, ...]:
    """Return the enabled object mappings of users and groups, in the order of their rules."""
    rules = sorted(schema.get("synchronizationRules") or (), key=lambda rule: rule.get("priority") or 0)
    return tuple(
        _object_flow(schema, rule, mapping)
        for rule in rules
        for mapping in rule.get("objectMappings") or ()
        if mapping.get("enabled") is not False and mapping.get("sourceObjectName") in ("User", "Group")
    )


def _object_flow(schema: Json, rule: Json, mapping: Json) -> ObjectFlow:
    name, kind = str(mapping.get("targetObjectName") or ""), mapping["sourceObjectName"]
    definitions = _definitions(schema, rule.get("targetDirectoryName"), name)
    rows = mapping.get("attributeMappings") or ()
    flows = tuple(_attribute_flow(kind, row, definitions.get(str(row["targetAttributeName"]), {})) for row in rows)
    actions = frozenset(part.strip() for part in str(mapping.get("flowTypes") or "").split(",")) - {"", "None"}
    collection: Any = "Groups" if "group" in name.lower() else "Users"
    return ObjectFlow(kind, collection, name, actions, flows, tuple(_filters(mapping.get("scope"))))


def _definitions(schema: Json, directory_name: Any, object_name: str) -> dict[str, Json]:
    """Return the definitions of the attributes of a target object by name."""
    directories = [entry for entry in schema.get("directories") or () if entry.get("name") == directory_name]
    objects = [entry for directory in directories for entry in directory.get("objects") or ()]
    matches = [entry for entry in objects if entry.get("name") == object_name]
    return {str(entry.get("name")): entry for match in matches for entry in match.get("attributes") or ()}


def _filters(scope: Json | None) -> Iterator[Json]:
    for group in (scope or {}).get("groups") or ():
        yield {"name": group.get("name") or "", "all": [_clause(clause) for clause in group.get("clauses") or ()]}


def _clause(clause: Json) -> Json:
    spelling = str(clause.get("operatorName") or "")
    values = [str(value) for value in (clause.get("targetOperand") or {}).get("values") or ()]
    return {
        "attribute": clause.get("sourceOperandName"),
        "operator": _OPERATORS.get(spelling.upper().replace("_", "").replace(" ", ""), spelling),
        "value": values[0] if len(values) == 1 else values or None,
    }


def _attribute_flow(kind: Any, row: Json, definition: Json) -> AttributeFlow:
    target = str(row["targetAttributeName"])
    flow = AttributeFlow(
        target,
        "",
        _null,
        default=row.get("defaultValue") or None,
        matching_priority=row.get("matchingPriority") or 0,
        flow_type=row.get("flowType") or "Always",
        flow_behavior=row.get("flowBehavior") or "FlowWhenChanged",
        data_type=definition.get("type") or "String",
        multivalued=definition.get("multivalued") is True,
    )
    if row.get("source") is None:
        return flow
    try:
        tree = expressions.from_source(row["source"])
    except ExpressionError as error:
        return replace(flow, evaluate=_undetermined(f"its source is not an expression: {error.message}"))
    return _with_expression(kind, flow, tree)


def _with_expression(kind: Any, flow: AttributeFlow, tree: Expression) -> AttributeFlow:
    names = expressions.attributes(tree)
    evaluate: _Evaluate = compile_expression(_with_role_texts(tree))
    unknown = {name: UNKNOWN for name in names if not is_known(kind, name)}
    if unknown:
        evaluate = _without(evaluate, unknown)
    is_extension = resource.is_extension(flow.target)
    return replace(
        flow,
        text=expressions.render_compact(tree),
        evaluate=_into_extension(evaluate) if is_extension else evaluate,
        reading=evaluate if is_extension else None,
        reference=tree.name if isinstance(tree, Attribute) and tree.name in REFERENCES else None,
        attributes=names,
        roles=tree.name if isinstance(tree, Call) and tree.name in _ROLE_FUNCTIONS else "",
    )


def _with_role_texts(tree: Expression) -> Expression:
    """Return the expression with `SingleAppRoleAssignment` reading the texts of roles instead of the roles."""
    match tree:
        case Call(name, arguments):
            if expressions.spelling(name) == _SINGLE_ROLE and arguments == (Attribute(ROLES),):
                return replace(tree, arguments=(Attribute(_ROLE_TEXTS),))
            return replace(tree, arguments=tuple(item and _with_role_texts(item) for item in arguments))
        case Comparison(left, operator, right):
            return Comparison(_with_role_texts(left), operator, _with_role_texts(right))
        case Concatenation(parts):
            return Concatenation(tuple(map(_with_role_texts, parts)))
    return tree


def _null(_attributes: Mapping[str, AttributeValue], _context: EvaluationContext) -> None:
    """Evaluate a mapping without a source, which only ever sends its default."""


def _undetermined(reason: str) -> _Evaluate:
    return lambda _attributes, _context: Undetermined(reason)


def _without(evaluate: _Evaluate, unknown: Mapping[str, Any]) -> _Evaluate:
    """Return the function with attributes that the sandbox does not know; a result that depends on them has a reason."""
    reason = f"the sandbox does not know the value of {', '.join(f'[{name}]' for name in unknown)}"

    def run(attributes: Mapping[str, AttributeValue], context: EvaluationContext) -> Value:
        value = evaluate({**attributes, **unknown}, context)
        return Undetermined(reason) if isinstance(value, Undetermined) else value

    return run


def _into_extension(evaluate: _Evaluate) -> _Evaluate:
    """Return a function whose values are undetermined: an extension is an object, and not the place of a value."""

    def run(attributes: Mapping[str, AttributeValue], context: EvaluationContext) -> Value:
        value = evaluate(attributes, context)
        is_sent = value is not None and not isinstance(value, Ignored | Failure | Undetermined)
        return (
            Undetermined("what is sent for an extension without an attribute is not documented") if is_sent else value
        )

    return run


# ---- of an object ---------------------------------------------------------------------------------------------------


def desired(
    flow: ObjectFlow,
    source_object: SourceObject,
    scope: Scope,
    context: EvaluationContext,
    switches: Switches,
    *,
    creating: bool,
) -> Desired:
    """Return what the mappings send for an object: on creation with defaults, else without what applies on creation only.

    For an object that left the scope, only the mappings that read `IsSoftDeleted` are evaluated.
    """
    attributes = source_attributes(source_object, scope, switches)
    rows = [row for row in flow.flows if row.reference is None and (scope not in _LEAVING or row.reads_scope)]
    evaluated = [row for row in rows if _is_evaluated(row, creating=creating)]
    results = [(row, row_result(row, attributes, context, source_object.roles, switches)) for row in evaluated]
    for row, result in results:
        if isinstance(result, Ignored) and result.whole_object:
            return Desired({}, ignored_by=row.target)
    failures = (_failure(row, result, source_object.roles, switches) for row, result in results)
    failure = next((failure for failure in failures if failure is not None), None)
    values = ((row.target, _sent(row, result, creating=creating)) for row, result in results)
    sent = {target: value for target, value in values if value is not None}
    return Desired(sent, failure, _matching(results), roles=source_object.roles)


def row_result(
    row: AttributeFlow,
    attributes: Mapping[str, AttributeValue],
    context: EvaluationContext,
    roles: Sequence[AppRole],
    switches: Switches,
) -> Value:
    """Return the result of a mapping, in the readings that switches select for what is not documented."""
    result = _read_result(row, attributes, context, roles, switches)
    return _wrong(result) if row.is_wrong else result


def _read_result(
    row: AttributeFlow,
    attributes: Mapping[str, AttributeValue],
    context: EvaluationContext,
    roles: Sequence[AppRole],
    switches: Switches,
) -> Value:
    if row.reading is not None and switches.bare_extension == "undetermined":
        return row.evaluate(attributes, context)
    if row.text == f"[{ROLES}]" and switches.role_blob != "undetermined":
        return _role_blob(roles, switches)
    return (row.reading or row.evaluate)(attributes, context)


def with_wrong_mapping(flows: tuple[ObjectFlow, ...], number: int) -> tuple[ObjectFlow, ...]:
    """Return the flows, the mapping of users with this number by its target marked as wrong; 0 marks none."""
    targets = sorted(row.target for flow in flows if flow.kind == "User" for row in flow.flows)
    if not 1 <= number <= len(targets):
        return flows
    return tuple(_with_wrong(flow, targets[number - 1]) if flow.kind == "User" else flow for flow in flows)


def _with_wrong(flow: ObjectFlow, target: str) -> ObjectFlow:
    return replace(flow, flows=tuple(replace(row, is_wrong=row.target == target) for row in flow.flows))


def _wrong(result: Value) -> Value:
    """Return another value than the result; failures and what is undetermined or ignored stay."""
    if isinstance(result, Ignored | Undetermined | Failure):
        return result
    if isinstance(result, str) and result.lower() in _INVERTED:
        return _INVERTED[result.lower()]
    return f"{result} (wrong)" if isinstance(result, str) else "wrong"


def _role_blob(roles: Sequence[AppRole], switches: Switches) -> Value:
    """Return what a direct mapping of the roles sends: their JSON, or their names."""
    if not roles:
        return None
    if switches.role_blob == "json":
        return json.dumps([_role(role) for role in roles], ensure_ascii=False, separators=(",", ":"))
    names = tuple(role.display_name for role in roles)
    return names if len(names) > 1 else names[0]


def _matching(results: Iterable[tuple[AttributeFlow, Value]]) -> tuple[tuple[str, str], ...]:
    matching = [(row, result) for row, result in results if row.matching_priority > 0]
    ordered = sorted(matching, key=lambda pair: pair[0].matching_priority)
    return tuple((row.target, result) for row, result in ordered if isinstance(result, str) and result)


def source_attributes(source_object: SourceObject, scope: Scope, switches: Switches) -> dict[str, AttributeValue]:
    """Return the attributes that expressions read, with those that the service computes from scope and assignments."""
    roles = source_object.roles
    computed = {
        SOFT_DELETED: scope is not Scope.IN,
        ROLES: [_role(role) for role in roles] or None,
        _ROLE_TEXTS: [_role_text(role, switches) for role in roles] or None,
    }
    return {**source_object.attributes, **computed}


def _role(role: AppRole) -> dict[str, str]:
    fields = {"id": role.id, "value": role.value, "displayName": role.display_name}
    return {name: text for name, text in fields.items() if text}


def _role_text(role: AppRole, switches: Switches) -> str | dict[str, str]:
    """Return the text of a role, or the role itself if it has no such text, which the evaluator reports."""
    return (role.display_name if switches.role_text == "displayName" else role.value) or _role(role)


def _is_evaluated(row: AttributeFlow, *, creating: bool) -> bool:
    return creating or row.flow_type != ON_CREATE or row.matching_priority > 0


def _sent(row: AttributeFlow, result: Value, *, creating: bool) -> Any:
    """Return what a result sends, None for nothing."""
    if isinstance(result, Ignored | Undetermined | Failure) or (row.flow_type == ON_CREATE and not creating):
        return None
    return row.default if result is None and creating else result


def _failure(row: AttributeFlow, result: Value, roles: Sequence[AppRole], switches: Switches) -> ObjectFailure | None:
    mapping = f"{row.target} = {row.text}"
    if isinstance(result, Failure) and _SINGLE_ROLE in row.text and "app role assignment" in result.reason:
        names = ", ".join(role.display_name or role.id for role in roles)
        text = f"No more than one app role assignment was expected, but {len(roles)} were found"
        return ObjectFailure(SEVERAL_ROLES, f"{text} ({names}). The mapping is {mapping}.")
    if isinstance(result, Failure):
        return ObjectFailure("EmulatedExpressionFailure", f"{mapping}: {result.reason}.")
    if isinstance(result, Undetermined) and switches.undetermined == "failure":
        hint = "The switch `undetermined` of the sandbox leaves the attribute out instead."
        return ObjectFailure("EmulatedUndetermined", f"{mapping}: {result.reason}. {hint}")
    return None
