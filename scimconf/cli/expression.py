"""`scimconf expression`: the mapping language at hand: what an expression comes to, why, and what functions there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options

if TYPE_CHECKING:
    from scimconf.expressions import Expression, Function
    from scimconf.expressions.evaluation import EvaluationContext

NAME = "the expression"
"""What stands for the file where a problem is told."""


@click.group("expression", short_help="Try expressions of the mapping language, and look up its functions.")
def command() -> None:
    """Try expressions of the mapping language, and look up its functions. No tenant is asked."""


def _circumstances(function: Any) -> Any:
    """The user that an expression is tried with, when it is, and what else a value depends on."""
    function = click.option("--guid", metavar="GUID", help="What Guid() gives.")(function)
    function = click.option("--tenant-domain", metavar="DOMAIN", help="What DefaultDomain() gives.")(function)
    function = click.option(
        "--existing", multiple=True, metavar="VALUE", help="A value that the target has already; for SelectUniqueValue."
    )(function)
    function = click.option("--now", metavar="ISO", help="When it is, as 2026-12-31T09:00:00Z; otherwise now.")(
        function
    )
    function = click.option(
        "--given-file", type=click.Path(dir_okay=False, exists=True), help="A JSON object of source attributes."
    )(function)
    return click.option(
        "--given", multiple=True, metavar="NAME=VALUE", help="A source attribute; named twice, it has two values."
    )(function)


@command.command("eval")
@click.argument("text")
@_circumstances
@options.output("text", "json")
def evaluate(text: str, form: str, **asked: Any) -> int:
    """Say what an expression comes to.

    Attributes that are not given are absent; true and false are truth values. What the documentation leaves open is
    said to be so, with the reason, and the exit code is 1, as it is where the service would fail.

    \b
        scimconf expression eval 'Join(" ", [givenName], [surname])' --given givenName=Ada --given surname=Lovelace
    """
    from scimconf.cli.expression_view import outcome, told

    tree = _parsed(text)
    if tree is None:
        return _refuse(text, form)
    found = outcome(tree, _given(asked), _told(asked))
    _tell({"expression": text, "outcome": found}, form, [told(found)])
    return int(found["kind"] in ("undetermined", "failure"))


@command.command("explain")
@click.argument("text")
@_circumstances
@options.output("text", "json")
def explain(text: str, form: str, **asked: Any) -> int:
    """Take an expression apart: its tree, the types, and with attributes what each part comes to.

    \b
        scimconf expression explain 'Join(" ", [givenName], [surname])' --given givenName=Ada
    """
    from scimconf.cli.expression_view import explained, lines

    tree = _parsed(text)
    if tree is None:
        return _refuse(text, form)
    found = explained(tree, _given(asked), _told(asked))
    _tell(found, form, lines(found))
    return 0


@command.command("functions")
@click.argument("name", required=False)
@options.output("text", "json")
def functions(name: str | None, form: str) -> int:
    """List the functions of the mapping language, or tell everything about one.

    \b
        scimconf expression functions
        scimconf expression functions Switch
    """
    from scimconf.expressions import FUNCTIONS

    found = [_named(name)] if name else list(FUNCTIONS.values())
    said = [line for one in found for line in (_details(one) if name else _entry(one))]
    _tell({"functions": [_document(one) for one in found]}, form, said)
    return 0


# --- what was asked -------------------------------------------------------------------------------------------------


def _parsed(text: str) -> Expression | None:
    from scimconf.expressions import ExpressionError, parse

    try:
        return parse(text)
    except ExpressionError:
        return None


def _refuse(text: str, form: str) -> int:
    """Says where the text cannot be read, with a mark under the place."""
    from scimconf.diagnostics import Diagnostic, Location
    from scimconf.expressions import ExpressionError, locate, parse
    from scimconf.render import diagnostics as as_text
    from scimconf.render import json as as_json

    try:
        parse(text)
    except ExpressionError as error:
        where = Location(NAME, *locate(text, error.offset))
        problem = Diagnostic("K501", f"not an expression: {error.message}", location=where, hint=error.hint)
        if form == "json":
            click.echo(as_json.diagnostics([problem]), nl=False)
        else:
            click.echo(as_text.text([problem], sources={NAME: text}), nl=False, err=True)
    return 65


def _given(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The source attributes: those of the file, and over them those given one by one."""
    found = _of_file(asked["given_file"]) if asked["given_file"] else {}
    texts: dict[str, list[str | bool]] = {}
    for one in asked["given"]:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{one!r} is not NAME=VALUE", param_hint="--given")
        texts.setdefault(name, []).append({"true": True, "false": False}.get(value, value))
    return {**found, **{name: values[0] if len(values) == 1 else values for name, values in texts.items()}}


def _of_file(path: str) -> dict[str, Any]:
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.BadParameter(f"{path} is not JSON: {error}", param_hint="--given-file") from None
    except RecursionError:
        raise click.BadParameter(f"{path} is nested too deeply", param_hint="--given-file") from None
    if not isinstance(found, dict):
        raise click.BadParameter(f"{path} holds no object", param_hint="--given-file")
    return found


def _told(asked: Mapping[str, Any]) -> EvaluationContext:
    """What a value depends on besides the attributes; what nobody says is not known."""
    from scimconf.expressions.evaluation import EvaluationContext

    return EvaluationContext(_now(asked["now"]), asked["existing"] or None, asked["tenant_domain"], asked["guid"])


def _now(text: str | None) -> datetime:
    if text is None:
        return datetime.now(tz=UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a moment as 2026-12-31T09:00:00Z", param_hint="--now") from None
    try:
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except OverflowError:
        raise click.BadParameter(f"{text!r} is not within the years 1 to 9999 in UTC", param_hint="--now") from None


# --- functions ------------------------------------------------------------------------------------------------------


def _named(name: str) -> Function:
    from difflib import get_close_matches

    from scimconf.expressions import FUNCTIONS

    lower = {one.lower(): one for one in FUNCTIONS}
    if name.lower() in lower:
        return FUNCTIONS[lower[name.lower()]]
    near = get_close_matches(name.lower(), lower, n=1)
    meant = f"; did you mean {lower[near[0]]}?" if near else ""
    raise click.BadParameter(f"no published list has a function {name!r}{meant}", param_hint="NAME")


def _signature(one: Function) -> str:
    told = [each.key if each.required else f"[{each.key}]" for each in one.slots]
    told += [f"{one.repeating.key}…"] if one.repeating else []
    return f"{one.name}({', '.join(told)}) → {one.result}"


def _entry(one: Function) -> Sequence[str]:
    return _signature(one), f"    {one.doc}"


def _details(one: Function) -> Sequence[str]:
    """Everything that is known of a function."""
    parameters = [*one.slots, *([one.repeating] if one.repeating else [])]
    width = max((len(each.key) for each in parameters), default=0)
    told = [
        f"  {each.key:<{width}}  {each.type}{'' if each.required else ', optional'}{', repeats' if each.repeats else ''}"
        for each in parameters
    ]
    more = {
        "cloud-sync": "For cloud sync only, not for applications.",
        "graph": "Graph lists it, and no page describes it.",
    }.get(one.dialect)
    return [_signature(one), f"    {one.doc}", *told, f"Documented in {one.source}", *([more] if more else [])]


def _document(one: Function) -> dict[str, Any]:
    parameters = [*one.slots, *([one.repeating] if one.repeating else [])]
    return {
        "name": one.name,
        "parameters": [
            {"name": each.key, "type": each.type, "required": each.required, "repeats": each.repeats}
            for each in parameters
        ],
        "result": one.result,
        "doc": one.doc,
        "source": one.source,
        "dialect": one.dialect,
    }


def _tell(document: Mapping[str, Any], form: str, said: Sequence[str]) -> None:
    from scimconf.render import json as as_json
    from scimconf.render.common.escaping import visible

    if form == "json":
        click.echo(as_json.write({"format_version": as_json.FORMAT_VERSION, **document}), nl=False)
        return
    for line in said:
        click.echo(visible(line))
