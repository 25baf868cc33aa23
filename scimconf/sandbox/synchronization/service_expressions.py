"""Expressions as the service reads them: those of the expression language, and `%parameters%` without quotes.

Published schemas of jobs from Active Directory have expressions such as `Join("@", [sAMAccountName], %DomainFQDN%)`,
whose third argument is a Constant with the name and the text `%DomainFQDN%`.
"""

from __future__ import annotations

import re

from scimconf.expressions import Call, Expression, ExpressionError, Function, find, parse, spelling, to_source, walk
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.switches import Switches

# Group 2 is a parameter outside of strings and brackets.
_PARAMETER = re.compile(r'("(?:\\.|[^"\\])*"|\[[^\]]*\])|(%[A-Za-z][A-Za-z0-9]*%)')


def parse_service_text(text: str) -> Expression:
    """Return the expression of a text, with each `%parameter%` as a constant; raise ExpressionError."""
    return parse(_PARAMETER.sub(lambda match: match[1] or f'"{match[2]}"', text))


def find_function(name: str, switches: Switches) -> Function | None:
    """Return the function of a name in a text or a tree, None if there is none."""
    return find(name if switches.function_case == "exact" else spelling(name))


def parsed_expression(text: str, switches: Switches) -> Json:
    """Return the tree that parseExpression returns; raise ExpressionError, also for an unknown function."""
    expression = parse_service_text(text)
    for node in walk(expression):
        if isinstance(node, Call) and find_function(node.name, switches) is None:
            raise ExpressionError(f"unknown function {node.name}", text.find(node.name))
    parameters = {match[2] for match in _PARAMETER.finditer(text) if match[2]}
    return _with_parameters(to_source(expression), parameters) if parameters else to_source(expression)


def _with_parameters(source: Json, names: set[str]) -> Json:
    """Return the tree with these parameters without quotes in its texts."""
    text = source["expression"]
    for name in names:
        text = text.replace(f'"{name}"', name)
    children = [{**entry, "value": _with_parameters(entry["value"], names)} for entry in source["parameters"]]
    return {**source, "expression": text, "parameters": children}
