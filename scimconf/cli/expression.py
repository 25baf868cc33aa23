"""`scimconf expression`: evaluate and explain mapping expressions, and list the functions of the language."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.expression_view import (
    evaluate_expression,
    explanation,
    explanation_lines,
    outcome_line,
    spelling_warnings,
)
from scimconf.cli.output import print_lines
from scimconf.diagnostics import Diagnostic, Location
from scimconf.expressions import FUNCTIONS, Expression, ExpressionError, Function, Parameter, locate, parse
from scimconf.expressions.evaluation import EvaluationContext
from scimconf.render import diagnostics as as_text
from scimconf.render import json as as_json
from scimconf.suggestions import unknown

SOURCE_NAME = "the expression"
"""The file name in a diagnostic about an expression of the command line."""
DIALECT_NOTES: Mapping[str, str] = {
    "cloud-sync": "For cloud sync only, not for applications.",
    "graph": "Graph lists it, but no page documents it.",
}


@click.group("expression", short_help="Evaluate mapping expressions, and look up functions.")
def command() -> None:
    """Evaluate mapping expressions, and look up functions. Does not connect to a tenant."""


_expression_and_context = options.together(
    click.argument("text"),
    click.option(
        "--given", "assignments", multiple=True, metavar="NAME=VALUE", help="Source attribute (repeat it for a list)."
    ),
    click.option(
        "--given-file", type=click.Path(dir_okay=False, exists=True), help="JSON object of source attributes."
    ),
    click.option("--now", metavar="TIME", help="Current time, such as 2026-12-31T09:00:00Z. Default: now."),
    click.option(
        "--existing",
        multiple=True,
        metavar="VALUE",
        help="Value that the application already has, for SelectUniqueValue (repeatable).",
    ),
    click.option("--tenant-domain", metavar="DOMAIN", help="Result of DefaultDomain()."),
    click.option("--guid", metavar="GUID", help="Result of Guid()."),
    options.output_format("text", "json"),
)


@command.command("eval")
@_expression_and_context
def evaluate(text: str, output_format: str, **params: Any) -> int:
    """Evaluate an expression.

    Attributes that are not given are absent; true and false are booleans. If the service would fail, or its
    documentation does not define the value, the reason is printed and the exit code is 1.

    \b
        scimconf expression eval 'Join(" ", [givenName], [surname])' --given givenName=Ada --given surname=Lovelace
    """
    tree = _parse(text, output_format)
    outcome, warnings = evaluate_expression(tree, _attributes(params), _context(params)), spelling_warnings(tree)
    _print_warnings(warnings, output_format)
    _print({"expression": text, "outcome": outcome, "warnings": warnings}, output_format, [outcome_line(outcome)])
    return ExitCode.FAILED if outcome["kind"] in ("undetermined", "failure") else ExitCode.OK


@command.command("explain")
@_expression_and_context
def explain(text: str, output_format: str, **params: Any) -> int:
    """Show the parts of an expression, their types and, if attributes are given, their values.

    \b
        scimconf expression explain 'Join(" ", [givenName], [surname])' --given givenName=Ada
    """
    tree = _parse(text, output_format)
    document, warnings = explanation(tree, _attributes(params), _context(params)), spelling_warnings(tree)
    _print_warnings(warnings, output_format)
    _print({**document, "warnings": warnings}, output_format, explanation_lines(document))
    return ExitCode.OK


@command.command("functions")
@click.argument("name", required=False)
@options.output_format("text", "json")
def functions(name: str | None, output_format: str) -> int:
    """List the functions of the mapping language, or show one in full.

    \b
        scimconf expression functions
        scimconf expression functions Switch
    """
    listed = [_find_function(name)] if name else list(FUNCTIONS.values())
    lines = [line for function in listed for line in _function_lines(function, full=bool(name))]
    _print({"functions": [_document(function) for function in listed]}, output_format, lines)
    return ExitCode.OK


def _parse(text: str, output_format: str) -> Expression:
    """Return the expression. If it has a syntax error, print where, with a mark under the character, and exit."""
    try:
        return parse(text)
    except ExpressionError as error:
        location = Location(SOURCE_NAME, *locate(text, error.offset))
        diagnostic = Diagnostic("K501", f"not an expression: {error.message}", location=location, hint=error.hint)
        if output_format == "json":
            click.echo(as_json.diagnostics([diagnostic]), nl=False)
        else:
            click.echo(as_text.text([diagnostic], sources={SOURCE_NAME: text}), nl=False, err=True)
        raise click.exceptions.Exit(ExitCode.INVALID) from None


def _context(params: options.Params) -> EvaluationContext:
    time = _parse_time(params["now"])
    return EvaluationContext(time, params["existing"] or None, params["tenant_domain"], params["guid"])


def _attributes(params: options.Params) -> dict[str, Any]:
    """Return the source attributes of the file, overridden by those of `--given`."""
    from_file = _read_attributes(params["given_file"]) if params["given_file"] else {}
    values: dict[str, list[str | bool]] = {}
    for assignment in params["assignments"]:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"'{assignment}' is not NAME=VALUE", param_hint="--given")
        values.setdefault(name, []).append({"true": True, "false": False}.get(value, value))
    return from_file | {name: several[0] if len(several) == 1 else several for name, several in values.items()}


def _read_attributes(path: str) -> dict[str, Any]:
    try:
        attributes = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.BadParameter(f"{path} is not JSON: {error}", param_hint="--given-file") from None
    except RecursionError:
        raise click.BadParameter(f"{path} is nested too deeply", param_hint="--given-file") from None
    if not isinstance(attributes, dict):
        raise click.BadParameter(f"{path} does not contain a JSON object", param_hint="--given-file")
    return attributes


def _parse_time(text: str | None) -> datetime:
    if text is None:
        return datetime.now(tz=UTC)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"'{text}' is not a time such as 2026-12-31T09:00:00Z", param_hint="--now") from None
    try:
        return time.astimezone(UTC) if time.tzinfo is not None else time.replace(tzinfo=UTC)
    except OverflowError:
        raise click.BadParameter(f"'{text}' is not within the years 1 to 9999 in UTC", param_hint="--now") from None


def _find_function(name: str) -> Function:
    by_lower_name = {function.name.lower(): function for function in FUNCTIONS.values()}
    if name.lower() not in by_lower_name:
        raise click.BadParameter(unknown("function", name, FUNCTIONS), param_hint="NAME")
    return by_lower_name[name.lower()]


def _parameters(function: Function) -> list[Parameter]:
    return [*function.slots, *([function.repeating] if function.repeating else [])]


def _function_lines(function: Function, *, full: bool) -> Iterator[str]:
    parameters = [slot.key if slot.required else f"[{slot.key}]" for slot in function.slots]
    parameters += [f"{function.repeating.key}…"] if function.repeating else []
    yield f"{function.name}({', '.join(parameters)}) → {function.result}"
    yield f"    {function.doc}"
    if full:
        width = max((len(parameter.key) for parameter in _parameters(function)), default=0)
        for parameter in _parameters(function):
            optional = "" if parameter.required else ", optional"
            repeatable = ", repeatable" if parameter.repeats else ""
            yield f"  {parameter.key:<{width}}  {parameter.type}{optional}{repeatable}"
        yield f"Documented in {function.source}"
        if function.dialect in DIALECT_NOTES:
            yield DIALECT_NOTES[function.dialect]


def _document(function: Function) -> dict[str, Any]:
    return {
        "name": function.name,
        "parameters": [
            {"name": slot.key, "type": slot.type, "required": slot.required, "repeats": slot.repeats}
            for slot in _parameters(function)
        ],
        "result": function.result,
        "doc": function.doc,
        "source": function.source,
        "dialect": function.dialect,
    }


def _print_warnings(warnings: Sequence[str], output_format: str) -> None:
    """Print warnings on stderr; a JSON document contains them."""
    if output_format != "json":
        print_lines(*(f"warning: {warning}" for warning in warnings), err=True)


def _print(document: Mapping[str, Any], output_format: str, lines: Sequence[str]) -> None:
    if output_format == "json":
        click.echo(as_json.write({"format_version": as_json.FORMAT_VERSION, **document}), nl=False)
    else:
        print_lines(*lines)
