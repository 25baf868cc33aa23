"""`scimconf expression`: evaluate and explain mapping expressions, and list the functions of the language."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.expression_view import evaluate_expression, explanation, explanation_lines, outcome_line
from scimconf.cli.output import print_lines
from scimconf.diagnostics import Diagnostic, Location
from scimconf.expressions import FUNCTIONS, Expression, ExpressionError, Function, locate, parse
from scimconf.expressions.evaluation import EvaluationContext
from scimconf.render import diagnostics as as_text
from scimconf.render import json as as_json
from scimconf.suggestions import suggest

SOURCE_NAME = "the expression"
"""The file name in a diagnostic about an expression of the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOptions:
    """The source attributes of a user, and what else a value depends on."""

    assignments: tuple[str, ...] = ()
    given_file: str | None = None
    now: str | None = None
    existing: tuple[str, ...] = ()
    tenant_domain: str | None = None
    guid: str | None = None

    def context(self) -> EvaluationContext:
        """Return the context of an evaluation; what no option gives is unknown."""
        return EvaluationContext(_parse_time(self.now), self.existing or None, self.tenant_domain, self.guid)

    def attributes(self) -> dict[str, Any]:
        """Return the source attributes of the file, overridden by those of `--given`."""
        from_file = _read_attributes(self.given_file) if self.given_file else {}
        values: dict[str, list[str | bool]] = {}
        for assignment in self.assignments:
            name, equals, value = assignment.partition("=")
            if not equals or not name:
                raise click.BadParameter(f"'{assignment}' is not NAME=VALUE", param_hint="--given")
            values.setdefault(name, []).append({"true": True, "false": False}.get(value, value))
        return {**from_file, **{name: several[0] if len(several) == 1 else several for name, several in values.items()}}


@click.group("expression", short_help="Evaluate mapping expressions, and look up functions.")
def command() -> None:
    """Evaluate mapping expressions, and look up functions. Does not connect to a tenant."""


def _evaluation_options(function: Callable[..., Any]) -> Callable[..., Any]:
    decorators = (
        click.option(
            "--given",
            "assignments",
            multiple=True,
            metavar="NAME=VALUE",
            help="Source attribute (repeat it for a list).",
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
    )
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


@command.command("eval")
@click.argument("text")
@_evaluation_options
@options.output_format("text", "json")
def evaluate(text: str, output_format: str, **params: Any) -> int:
    """Evaluate an expression.

    Attributes that are not given are absent; true and false are booleans. If the service would fail, or its
    documentation does not define the value, the reason is printed and the exit code is 1.

    \b
        scimconf expression eval 'Join(" ", [givenName], [surname])' --given givenName=Ada --given surname=Lovelace
    """
    evaluation = options.from_click(EvaluationOptions, params)
    tree = _parse(text)
    if tree is None:
        return _print_syntax_error(text, output_format)
    outcome = evaluate_expression(tree, evaluation.attributes(), evaluation.context())
    _print({"expression": text, "outcome": outcome}, output_format, [outcome_line(outcome)])
    return ExitCode.FAILED if outcome["kind"] in ("undetermined", "failure") else ExitCode.OK


@command.command("explain")
@click.argument("text")
@_evaluation_options
@options.output_format("text", "json")
def explain(text: str, output_format: str, **params: Any) -> int:
    """Show the parts of an expression, their types and, if attributes are given, their values.

    \b
        scimconf expression explain 'Join(" ", [givenName], [surname])' --given givenName=Ada
    """
    evaluation = options.from_click(EvaluationOptions, params)
    tree = _parse(text)
    if tree is None:
        return _print_syntax_error(text, output_format)
    document = explanation(tree, evaluation.attributes(), evaluation.context())
    _print(document, output_format, explanation_lines(document))
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
    lines = [line for function in listed for line in (_detail_lines(function) if name else _summary_lines(function))]
    _print({"functions": [_document(function) for function in listed]}, output_format, lines)
    return ExitCode.OK


# --- input ----------------------------------------------------------------------------------------------------------


def _parse(text: str) -> Expression | None:
    try:
        return parse(text)
    except ExpressionError:
        return None


def _print_syntax_error(text: str, output_format: str) -> int:
    """Print where the expression cannot be parsed, with a mark under the character."""
    try:
        parse(text)
    except ExpressionError as error:
        location = Location(SOURCE_NAME, *locate(text, error.offset))
        diagnostic = Diagnostic("K501", f"not an expression: {error.message}", location=location, hint=error.hint)
        if output_format == "json":
            click.echo(as_json.diagnostics([diagnostic]), nl=False)
        else:
            click.echo(as_text.text([diagnostic], sources={SOURCE_NAME: text}), nl=False, err=True)
    return ExitCode.INVALID


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


# --- functions ------------------------------------------------------------------------------------------------------


def _find_function(name: str) -> Function:
    by_lower_name = {function.name.lower(): function for function in FUNCTIONS.values()}
    if name.lower() not in by_lower_name:
        match = suggest(name, FUNCTIONS)
        hint = f" Did you mean {match}?" if match else ""
        raise click.BadParameter(f"unknown function '{name}'.{hint}", param_hint="NAME")
    return by_lower_name[name.lower()]


def _signature(function: Function) -> str:
    parameters = [slot.key if slot.required else f"[{slot.key}]" for slot in function.slots]
    parameters += [f"{function.repeating.key}…"] if function.repeating else []
    return f"{function.name}({', '.join(parameters)}) → {function.result}"


def _summary_lines(function: Function) -> Sequence[str]:
    return _signature(function), f"    {function.doc}"


def _detail_lines(function: Function) -> Sequence[str]:
    parameters = [*function.slots, *([function.repeating] if function.repeating else [])]
    width = max((len(parameter.key) for parameter in parameters), default=0)
    lines = [
        f"  {parameter.key:<{width}}  {parameter.type}{'' if parameter.required else ', optional'}"
        f"{', repeatable' if parameter.repeats else ''}"
        for parameter in parameters
    ]
    note = {
        "cloud-sync": "For cloud sync only, not for applications.",
        "graph": "Graph lists it, but no page documents it.",
    }.get(function.dialect)
    source = f"Documented in {function.source}"
    return [_signature(function), f"    {function.doc}", *lines, source, *([note] if note else [])]


def _document(function: Function) -> dict[str, Any]:
    parameters = [*function.slots, *([function.repeating] if function.repeating else [])]
    return {
        "name": function.name,
        "parameters": [
            {
                "name": parameter.key,
                "type": parameter.type,
                "required": parameter.required,
                "repeats": parameter.repeats,
            }
            for parameter in parameters
        ],
        "result": function.result,
        "doc": function.doc,
        "source": function.source,
        "dialect": function.dialect,
    }


def _print(document: Mapping[str, Any], output_format: str, lines: Sequence[str]) -> None:
    if output_format == "json":
        click.echo(as_json.write({"format_version": as_json.FORMAT_VERSION, **document}), nl=False)
    else:
        print_lines(*lines)
