"""The form in which the service keeps a synchronizationSchema that it has taken: its order, its spelling, its names.

Every change made here means nothing. Which of them the real service makes is not known for most, so they are switches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scimconf.expressions import ExpressionError, parse, render
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.switches import Switches

_SERVER_SET = ("id", "version", "discoveryDateTime", "discoverabilities", "readOnly")
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\[[^\]]*\]|\s*,\s*|\s+')
_LAST_COMMAS = re.compile(r'("(?:\\.|[^"\\])*"|\[[^\]]*\])|(?:\s*,)+\s*(?=\))')


def to_stored_form(document: Json, sent: Json, template: Json, switches: Switches) -> Json:
    """The document as it is stored; `sent` is what it was made from, item for item."""
    if switches.fill_defaults == "left_out":
        document = _as_sent(document, sent)
    for rule in document["synchronizationRules"]:
        if rule.get("editable", True):
            _normalize_rule(rule, template, switches)
    return document


def without_annotations(value: Any) -> Any:
    """A document without OData's annotations, at any depth; what the service answers with is its own."""
    if isinstance(value, list):
        return [without_annotations(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: without_annotations(one) for key, one in value.items() if "@odata." not in key}


def format_boolean(text: str, switches: Switches) -> str:
    """A boolean that is kept as text, in the service's spelling; any other text as it is."""
    if switches.boolean_text == "as_sent" or text.lower() not in ("true", "false"):
        return text
    return text.capitalize() if switches.boolean_text == "capitals" else text.lower()


# ---- rules ----------------------------------------------------------------------------------------------------------


def _normalize_rule(rule: Json, template: Json, switches: Switches) -> None:
    known = next((one for one in template["synchronizationRules"] if one["id"] == rule["id"]), None)
    if switches.names_put == "restored" and known is not None:
        _restore_names(rule, known)
    for mapping in rule.get("objectMappings") or []:
        rows = mapping.get("attributeMappings") or []
        if switches.sort_mappings == "yes":
            rows.sort(key=lambda row: str(row["targetAttributeName"]))
        for row in rows:
            for source in _sources(row.get("source")):
                _normalize_source(source, switches)
        for clause in _clauses(mapping.get("scope")):
            operand = clause.get("targetOperand")
            if operand and operand.get("values"):
                operand["values"] = [format_boolean(value, switches) for value in operand["values"]]


def _restore_names(rule: Json, known: Json) -> None:
    rule["name"] = known["name"]
    names = {(one["sourceObjectName"], one["targetObjectName"]): one["name"] for one in known["objectMappings"]}
    for mapping in rule.get("objectMappings") or []:
        pair = (mapping.get("sourceObjectName"), mapping.get("targetObjectName"))
        mapping["name"] = names.get(pair, mapping.get("name"))


def _clauses(scope: Json | None) -> Iterator[Json]:
    for name in ("groups", "inputFilterGroups", "categoryFilterGroups"):
        for group in (scope or {}).get(name) or ():
            yield from group.get("clauses") or ()


def _as_sent(filled: Any, sent: Any) -> Any:
    """What the service would have filled in, left out again; what only it sets stays."""
    if isinstance(filled, dict) and isinstance(sent, dict):
        return {
            key: _as_sent(value, sent.get(key)) for key, value in filled.items() if key in sent or key in _SERVER_SET
        }
    if isinstance(filled, list) and isinstance(sent, list):
        return [_as_sent(one, other) for one, other in zip(filled, sent, strict=False)]
    return filled


# ---- sources --------------------------------------------------------------------------------------------------------


def _sources(source: Json | None) -> Iterator[Json]:
    if source is not None:
        yield source
        for parameter in source.get("parameters") or ():
            yield from _sources(parameter["value"])


def _normalize_source(source: Json, switches: Switches) -> None:
    kind = source.get("type", "Attribute")
    if isinstance(source.get("expression"), str) and kind == "Function":
        source["expression"] = format_expression(source["expression"], switches)
    if kind == "Constant" and switches.constant_expression == "null" and "expression" in source:
        source["expression"] = None
    if kind != "Function" and switches.empty_parameters == "null" and source.get("parameters") == []:
        source["parameters"] = None


def format_expression(text: str, switches: Switches) -> str:
    """An expression's text with the spaces and the empty arguments that the service leaves in it."""
    if switches.expression_spaces != "kept":
        comma = ", " if switches.expression_spaces == "single" else ","
        squeezed = _TOKEN.sub(lambda match: _token(match[0], comma), text).replace(" )", ")")
        text = squeezed if _canonical_text(squeezed) == _canonical_text(text) else text
    if switches.empty_arguments == "trimmed":
        text = _LAST_COMMAS.sub(lambda match: match[1] or "", text)
    return text


def _token(token: str, comma: str) -> str:
    if token[0] in '"[':
        return token
    return comma if "," in token else ""


def _canonical_text(text: str) -> str | None:
    try:
        return render(parse(text))
    except ExpressionError:
        return None
