"""`scimconf export`: a live application as a spec that plans to nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options, saved

if TYPE_CHECKING:
    from scimconf.cli.session import Session
    from scimconf.kinds.declared import Declared

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@click.command("export", short_help="Write a live application as a spec that plans to nothing.")
@options.tenant
@options.events
@click.option("--app", required=True, metavar="NAME|ID", help="Its display name, application id or object id.")
@click.option("--name", help="The spec's name; made from the display name without it.")
@click.option("--out", type=click.Path(dir_okay=False), help="The file to write; stdout without it.")
@click.option("--full", is_flag=True, help="Everything, and drift reported; not only what differs from the template.")
@click.option("--strict", is_flag=True, help="Exit with 2 when something cannot be said in a spec.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def command(**asked: Any) -> int:
    r"""Write a live application as a spec that plans to nothing. The tenant is only read.

    Values of secrets cannot be read: the spec has references in their place, for you to fill. What a spec cannot say
    stands in it as a comment.

    \b
        scimconf export --app Writer --out writer.scimconf.yaml
        scimconf plan writer.scimconf.yaml
    """
    from scimconf.cli.session import run

    if asked["out"] and Path(asked["out"]).exists() and not asked["force"]:
        raise click.UsageError(f"{asked['out']} is there already; --force writes over it")

    async def work(session: Session) -> int:
        declared = await _declare(session, asked)
        with session.progress.still():
            _write(declared, asked)
        return 2 if asked["strict"] and declared.unsaid else 0

    return run(asked, "reading", work)


async def _declare(session: Session, asked: dict[str, Any]) -> Declared:
    from scimconf.errors import ProblemsError
    from scimconf.workflow import export

    app, full = asked["app"], asked["full"]
    name = asked["name"] or _slug(app)
    tenant = await session.tenant()
    if not GUID.fullmatch(app):
        return await export(session.live(), {"display_name": app}, name, tenant, full=full)
    try:
        return await export(session.live(), {"app_id": app}, name, tenant, full=full)
    except ProblemsError as error:
        if {problem.code for problem in error.problems} != {"K103"}:
            raise
    return await export(session.live(), {"object_id": app}, name, tenant, full=full)


def _slug(app: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", app.lower()).strip("-") or "app"


def _write(declared: Declared, asked: dict[str, Any]) -> None:
    from scimconf.render import yaml

    if declared.people and asked["out"]:
        file = f"{Path(asked['out']).name.removesuffix('.yaml').removesuffix('.scimconf')}.users.csv"
        declared.tree["assignments"]["users_from"] = [file]
        saved.save(str(Path(asked["out"]).with_name(file)), _csv(declared.people))
    elif declared.people:
        declared.tree["assignments"]["users"] = [{"user": user, "role": role} for user, role in declared.people]
    text = yaml.write_spec(declared.tree, declared.comments, tuple(declared.unsaid))
    if asked["out"]:
        saved.save(asked["out"], text)
        click.echo(f"Wrote {asked['out']}. See that it plans to nothing: scimconf plan {asked['out']}", err=True)
    else:
        click.echo(text, nl=False)
    for line in declared.unsaid:
        click.echo(f"  not in the spec: {line}", err=True)


def _csv(people: list[tuple[str, str]]) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("user", "role"), *people])
    return text.getvalue()
