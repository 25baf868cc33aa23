"""Generates parts of `docs/`, and the outlines for shell completion, from the code: `make docs`.

A generated part is between two comments, `<!-- made by make docs: NAME -->` and `<!-- end -->`; the rest of a page is
written by hand.
"""

from __future__ import annotations

import json
import re
import runpy
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from scimconf.cli.main import cli
from scimconf.lint import ONLY_IF_CHANGED, REPORTED_BY_KINDS
from scimconf.lint import rules as known_rules
from scimconf.permissions import PROFILES
from scimconf.rehearsal.endpoint.checks import all_checks
from scimconf.sandbox.switches import table
from scimconf.sandbox.target.catalogue import FAULTS, NOT_OF_A_SERVER
from scimconf.spec.model import GUARDS, Section, Spec

DOCS = Path(__file__).resolve().parents[2] / "docs"
OUTLINES = DOCS.parent / "scimconf" / "cli" / "outlines.json"
PAGES = (DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md")))
PART = re.compile(r"(<!-- made by make docs: (\w+) -->\n?).*?(<!-- end -->)", re.DOTALL)


def commands(group: click.Group, above: click.Context | None = None) -> Iterator[tuple[str, click.Command, str]]:
    """Yield full name, command and help text (80 columns) of every command that is not a group."""
    name = group.name if above is not None else "scimconf"
    context = click.Context(group, parent=above, info_name=name, terminal_width=80, **group.context_settings)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, context)
        else:
            own = click.Context(command, parent=context, info_name=name)
            yield own.command_path, command, own.get_help()


def reference() -> str:
    pages = [f"## {path}\n\n```text\n{_tidy(text)}\n```\n" for path, _, text in commands(cli)]
    return "\n" + "\n".join(pages) + "\n"


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())


def switches() -> str:
    """Return the table of sandbox switches, one for each unconfirmed or contradictory fact about Graph."""
    rows = ["| switch | values | what is known |", "|---|---|---|"]
    for one in table():
        values = " · ".join(f"**{value}**" if value == one.default else value for value in one.values or ())
        rows.append(f"| `{one.name}` | {values or f'a number, **{one.default}**'} | {one.fact.replace('|', '/')} |")
    return "\n" + "\n".join(rows) + "\n\n"


def targets() -> str:
    """Return the table of faulty targets, and of the known faults that no server can show."""
    rows = ["| target | the server | Microsoft Entra then | reported with |", "|---|---|---|---|"]
    faults = [(item.id, item.title, item.behavior, item.consequence, item.evidence) for item in FAULTS]
    for name, title, *cells in faults:
        rows.append(f"| `faulty:{name}` **{title}** | " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    reasons = [f"There is no target for {name}: {reason}." for name, reason in NOT_OF_A_SERVER.items()]
    return "\n" + "\n".join([*rows, "", *reasons]) + "\n\n"


def rules() -> str:
    """Return the table of all lint rules, with the commands that show them."""
    rows = ["| rule | title | severity | shown by |", "|---|---|---|---|"]
    for name, (title, severity) in known_rules().items():
        by = (
            "error K501 or K503"
            if name in REPORTED_BY_KINDS
            else "validate, plan of a change"
            if name in ONLY_IF_CHANGED
            else "validate, plan"
        )
        rows.append(f"| [{name}](lint/{name}.md) | {title} | {severity} | {by} |")
    return "\n" + "\n".join(rows) + "\n\n"


def profiles() -> str:
    """Return the table of least-privilege profiles: a row for each permission, a column for each profile."""
    names = " | ".join(f"`{profile.name}`" for profile in PROFILES)
    permissions = dict.fromkeys(name for profile in PROFILES for name in profile.permissions)
    rows = [f"| permission | {names} |", f"|---|{'---|' * len(PROFILES)}"]
    for name in sorted(permissions):
        marks = " | ".join("yes" if name in profile.permissions else "" for profile in PROFILES)
        rows.append(f"| `{name}` | {marks} |")
    purposes = [f"* `{profile.name}`: {profile.purpose}" for profile in PROFILES]
    return "\n" + "\n".join([*purposes, "", *rows]) + "\n\n"


def checks() -> str:
    """Return the tables of the checks of `check-endpoint`, one for each list."""
    tables: dict[str, list[str]] = {}
    for check in all_checks():
        row = f"| `{check.id}` | {check.title} | {check.consequence} | {check.hint} |"
        tables.setdefault(check.group, []).append(row)
    heading = ["| check | title | otherwise | what to change |", "|---|---|---|---|"]
    parts = ["\n".join([f"### {group}", "", *heading, *rows]) for group, rows in tables.items()]
    return "\n" + "\n\n".join(parts) + "\n\n"


def spec() -> str:
    """Return a table of keys for each section of a spec, made of the models, and an example."""
    sections = dict(_sections((), Spec))
    places = {section: ".".join(path) for path, section in sections.items()}
    return "\n" + "\n".join(_section(path, section, places) for path, section in sections.items()) + "\n"


def _sections(path: tuple[str, ...], section: type[Section]) -> Iterator[tuple[tuple[str, ...], type[Section]]]:
    """Yield path and model of a section and of those below it, each model once."""
    pending, known = [(path, section)], {section}
    while pending:
        path, section = pending.pop(0)
        yield path, section
        below = []
        for name, field in section.model_fields.items():
            for model in _models(field.annotation):
                if model not in known and name != "imported":
                    known.add(model)
                    below.append(((*path, name, *_placeholder(field.annotation)), model))
        pending = below + pending


def _placeholder(annotation: Any) -> tuple[str, ...]:
    """Return the part of a path that stands for any key of a mapping."""
    return ("NAME",) if get_origin(annotation) is dict else ()


def _models(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for member in get_args(annotation):
        yield from _models(member)


@cache
def _descriptions() -> dict[str, dict[str, str]]:
    """Return the description of each key of a spec, by model and field."""
    return tomllib.loads(files("scimconf.spec.model").joinpath("descriptions.toml").read_text("utf-8"))


@cache
def _examples() -> dict[str, str]:
    """Return the examples of sections by their headings."""
    return tomllib.loads((Path(__file__).parent / "spec_examples.toml").read_text("utf-8"))


def _section(path: tuple[str, ...], section: type[Section], places: Mapping[type[Section], str]) -> str:
    """Return heading, keys and example of a section; `places` are the headings under which the keys of a model are."""
    title = ".".join(path)
    descriptions = _descriptions()[section.__name__]
    rows = ["| key | value | default | description |", "|---|---|---|---|"]
    for name, field in section.model_fields.items():
        if name == "imported":
            continue
        text = descriptions[name].replace("|", "/") + _elsewhere((*path, name), field.annotation, places)
        rows.append(f"| `{name}` | {_values(field.annotation)} | {_default(field)} | {text} |")
    if not path:
        schema = json.loads((DOCS.parent / "schemas" / "spec.schema.json").read_text("utf-8"))
        rows.append(f"| `extends` | list |  | {schema['properties']['extends']['description']} |")
    example = _examples().get(title or "The file", "")
    block = f"\n```yaml\n{example}```\n" if example else ""
    return (f"### `{title}`\n\n" if title else "### The file\n\n") + "\n".join(rows) + "\n" + block


def _elsewhere(path: tuple[str, ...], annotation: Any, places: Mapping[type[Section], str]) -> str:
    """Return a sentence about the section that lists the keys of a field, if it is not the section of its name."""
    titles = {places[model] for model in _models(annotation)}
    others = sorted(title for title in titles if not title.startswith(".".join(path)))
    subject = {dict: "A reference has the keys", tuple: "Each has the keys"}.get(
        get_origin(annotation), "It has the keys"
    )
    return f" {subject} of {' and '.join(f'`{title}`' for title in others)}." if others else ""


def _values(annotation: Any) -> str:
    """Return the values of a field in words."""
    if get_origin(annotation) is Literal:
        return " ".join(f"`{word}`" for word in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        members = [member for member in get_args(annotation) if member is not NoneType]
        return " or ".join(dict.fromkeys(map(_values, members)))
    if get_origin(annotation) is Annotated:
        return _values(get_args(annotation)[0])
    if get_origin(annotation) in (tuple, dict):
        return "list" if get_origin(annotation) is tuple else "mapping"
    words = {
        bool: "`true` `false`",
        int: "number",
        str: "string",
        date: "date",
        datetime: "time",
        Any: "string or list",
    }
    return words.get(annotation, "mapping")


def _default(field: FieldInfo) -> str:
    """Return the default of a field, as a spec writes it; nothing if omitting the field means "not managed"."""
    if field.is_required():
        return "required"
    if field.default in (None, (), {}) or field.default is PydanticUndefined:
        return ""
    value = field.default
    return f"`{str(value).lower() if isinstance(value, bool) else '[users]' if value == ('users',) else value}`"


def performance() -> str:
    """Return the table of the last run of `make bench`."""
    table: str = _bench_results()["table"]()
    return table


def claim() -> str:
    """Return the line of the README about the last run of `make bench`."""
    line: str = _bench_results()["claim"]()
    return line


def _bench_results() -> dict[str, Any]:
    return runpy.run_path(str(DOCS.parent / "tests" / "bench" / "results.py"))


def applications() -> str:
    """Return the README's table of the catalogue."""
    table: str = runpy.run_path(str(DOCS.parent / "tests" / "tools" / "vendor_pages.py"))["short_table"](
        "docs/vendors/"
    )
    return f"{table}\n"


def decisions() -> str:
    """Return a list of the decision records with their titles."""
    records = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    titles = [record.read_text("utf-8").partition("\n")[0].removeprefix("# ") for record in records]
    return "\n" + "".join(f"* [{title}]({record.name})\n" for title, record in zip(titles, records, strict=True))


def outlines() -> str:
    """Return `scimconf/cli/outlines.json`, from which a shell completes options without importing a command."""
    context = click.Context(cli, info_name="scimconf")
    document = {"commands": _outline(cli, context)["commands"], "guards": list(GUARDS)}
    return re.sub(r"\n {5,}|\n {4}(?=})", " ", json.dumps(document, indent=1, ensure_ascii=False)) + "\n"


def _outline(command: click.Command, context: click.Context) -> dict[str, Any]:
    text = command.get_short_help_str(200)
    if isinstance(command, click.Group):
        inner = {name: command.get_command(context, name) for name in command.list_commands(context)}
        return {"help": text, "commands": {name: _outline(one, context) for name, one in inner.items() if one}}
    return {
        "help": text,
        "parameters": [_parameter(one) for one in command.params if not getattr(one, "hidden", False)],
    }


def _parameter(parameter: click.Parameter) -> dict[str, Any]:
    custom = getattr(parameter._custom_shell_complete, "__name__", "")
    kinds = {"complete_guards": "guards", "complete_specs": "specs"}
    path = ("file" if parameter.type.file_okay else "folder") if isinstance(parameter.type, click.Path) else ""
    document: dict[str, Any] = {
        "names": [*parameter.opts, *parameter.secondary_opts],
        "completes": kinds[custom] if custom else path,
        "choices": list(parameter.type.choices) if isinstance(parameter.type, click.Choice) else [],
    }
    if isinstance(parameter, click.Option):
        document |= {"flag": parameter.is_flag, "multiple": parameter.multiple, "help": parameter.help}
    else:
        document["nargs"] = parameter.nargs
    return {name: value for name, value in document.items() if value}


MADE: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "reference": reference,
        "profiles": profiles,
        "switches": switches,
        "targets": targets,
        "rules": rules,
        "checks": checks,
        "spec": spec,
        "performance": performance,
        "claim": claim,
        "applications": applications,
        "decisions": decisions,
    }
)


def fresh(text: str) -> str:
    """Return the page with its generated parts up to date."""
    return PART.sub(lambda part: part[1] + MADE[part[2]]() + part[3], text)


def write() -> None:
    """Write the outlines, and every page with its generated parts up to date."""
    OUTLINES.write_text(outlines(), encoding="utf-8")
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if fresh(text) != text:
            page.write_text(fresh(text), encoding="utf-8")


if __name__ == "__main__":
    write()
