"""Writes the generated parts of `docs/` anew from the code: `make docs`.

A generated part stands between two comments, `<!-- made by make docs: NAME -->` and `<!-- end -->`; everything around
it is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import click

from scimconf.cli.main import cli
from scimconf.lint import ONLY_IF_CHANGED, REPORTED_BY_KINDS
from scimconf.lint import rules as known_rules
from scimconf.sandbox.switches import table

DOCS = Path(__file__).resolve().parents[2] / "docs"
PART = re.compile(r"(<!-- made by make docs: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def commands(group: click.Group, above: click.Context | None = None) -> Iterator[tuple[str, click.Command, str]]:
    """Every command that does something: its full name, itself, and its help as 80 columns show it."""
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
    """A switch for each fact about Graph that is unconfirmed or told in two ways."""
    rows = ["| switch | values | what is known |", "|---|---|---|"]
    for one in table():
        values = " · ".join(f"**{value}**" if value == one.default else value for value in one.values or ())
        rows.append(f"| `{one.name}` | {values or f'a number, **{one.default}**'} | {one.fact.replace('|', '/')} |")
    return "\n" + "\n".join(rows) + "\n\n"


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


MADE: Mapping[str, Callable[[], str]] = MappingProxyType({"reference": reference, "switches": switches, "rules": rules})


def fresh(text: str) -> str:
    """A page with its generated parts as they must be."""
    return PART.sub(lambda part: part[1] + MADE[part[2]]() + part[3], text)


if __name__ == "__main__":
    for page in sorted(DOCS.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        if fresh(text) != text:
            page.write_text(fresh(text), encoding="utf-8")
