"""The form in which the service stores a synchronizationSchema: order, formatting and names.

None of these changes affects provisioning. Most of them are not confirmed for the real service, so they are switches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scimconf.expressions import ExpressionError, render
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.service_expressions import parse_service_text

_SERVER_SET = ("id", "version", "discoveryDateTime", "discoverabilities", "readOnly")
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\[[^\]]*\]|\s*,\s*|\s+')
_TRAILING_COMMAS = re.compile(r'("(?:\\.|[^"\\])*"|\[[^\]]*\])|(?:\s*,)+\s*(?=\))')


def to_stored_form(document: Json, sent: Json, template: Json, switches: Switches) -> Json:
    """Return the document as the service stores it; `sent` is the request body that it was made from."""
    if switches.fill_defaults == "left_out":
        document = _without_defaults(document, sent)
    for rule in _objects(document.get("synchronizationRules")):
        if rule.get("editable", True):
            _normalize_rule(rule, template, switches)
    return document


def strip_annotations(value: Any) -> Any:
    """Return a document without OData annotations at any depth; the service does not store them."""
    if isinstance(value, list):
        return [strip_annotations(element) for element in value]
    if not isinstance(value, dict):
        return value
    return {
        key: strip_annotations(child) if isinstance(child, (dict, list)) else child
        for key, child in value.items()
        if "@odata." not in key
    }


def format_flags(text: str, switches: Switches) -> str:
    """Return a comma-separated set of flags with the separator of the switch `flags_spaces`."""
    separator = "," if switches.flags_spaces == "stripped" else ", "
    return separator.join(part.strip() for part in text.split(","))


def format_boolean(text: str, switches: Switches) -> str:
    """Return a boolean text in the spelling of the switch `boolean_text`; any other text is unchanged."""
    if switches.boolean_text == "as_sent" or text.lower() not in ("true", "false"):
        return text
    return text.capitalize() if switches.boolean_text == "capitals" else text.lower()


# ---- rules ----------------------------------------------------------------------------------------------------------


def _normalize_rule(rule: Json, template: Json, switches: Switches) -> None:
    """Change a rule in place. Parts that are malformed stay as they are."""
    original = next(
        (template_rule for template_rule in template["synchronizationRules"] if template_rule["id"] == rule.get("id")),
        None,
    )
    if switches.names_put == "restored" and original is not None:
        _restore_names(rule, original)
    for mapping in _objects(rule.get("objectMappings")):
        rows = _objects(mapping.get("attributeMappings"))
        if switches.sort_mappings == "yes" and rows == mapping.get("attributeMappings"):
            rows.sort(key=lambda row: str(row.get("targetAttributeName")).lower())
            mapping["attributeMappings"] = rows
        for row in rows:
            for source in _sources(row.get("source")):
                _normalize_source(source, switches)
        for clause in _clauses(mapping.get("scope")):
            operand = clause.get("targetOperand")
            if isinstance(operand, dict) and isinstance(operand.get("values"), list):
                values = operand["values"]
                operand["values"] = [
                    format_boolean(value, switches) if isinstance(value, str) else value for value in values
                ]


def _restore_names(rule: Json, original: Json) -> None:
    rule["name"] = original["name"]
    names = {
        (mapping["sourceObjectName"], mapping["targetObjectName"]): mapping["name"]
        for mapping in original["objectMappings"]
    }
    for mapping in _objects(rule.get("objectMappings")):
        pair = (mapping.get("sourceObjectName"), mapping.get("targetObjectName"))
        mapping["name"] = names.get(pair, mapping.get("name"))


def _clauses(scope: Any) -> Iterator[Json]:
    for name in ("groups", "inputFilterGroups", "categoryFilterGroups"):
        for group in _objects(scope.get(name)) if isinstance(scope, dict) else ():
            yield from _objects(group.get("clauses"))


def _objects(values: Any) -> list[Json]:
    """Return the elements of a list that are objects; none if it is not a list."""
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _without_defaults(filled: Any, sent: Any) -> Any:
    """Return the document without the defaults that were not sent, except properties that only the service sets."""
    if isinstance(filled, dict) and isinstance(sent, dict):
        return {
            key: _without_defaults(value, sent.get(key))
            for key, value in filled.items()
            if key in sent or key in _SERVER_SET
        }
    if isinstance(filled, list) and isinstance(sent, list):
        return [_without_defaults(*pair) for pair in zip(filled, sent, strict=False)]
    return filled


# ---- sources --------------------------------------------------------------------------------------------------------


def _sources(source: Any) -> Iterator[Json]:
    if isinstance(source, dict):
        yield source
        for parameter in _objects(source.get("parameters")):
            yield from _sources(parameter.get("value"))


def _normalize_source(source: Json, switches: Switches) -> None:
    kind = source.get("type", "Attribute")
    if isinstance(source.get("expression"), str) and kind == "Function":
        source["expression"] = format_expression(source["expression"], switches)
    if kind == "Constant" and switches.constant_expression == "null" and "expression" in source:
        source["expression"] = None
    if kind != "Function" and switches.empty_parameters == "null" and source.get("parameters") == []:
        source["parameters"] = None


def format_expression(text: str, switches: Switches) -> str:
    """Return the text of an expression, with spaces and empty arguments as the switches select."""
    if switches.expression_spaces != "kept":
        comma = ", " if switches.expression_spaces == "single" else ","
        compact = _TOKEN.sub(lambda match: _token(match[0], comma), text).replace(" )", ")")
        text = compact if _canonical_text(compact) == _canonical_text(text) else text
    if switches.empty_arguments == "trimmed":
        text = _TRAILING_COMMAS.sub(lambda match: match[1] or "", text)
    return text


def _token(token: str, comma: str) -> str:
    if token[0] in '"[':
        return token
    return comma if "," in token else ""


def _canonical_text(text: str) -> str | None:
    try:
        return render(parse_service_text(text))
    except ExpressionError:
        return None
