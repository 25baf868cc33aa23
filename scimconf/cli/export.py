"""`scimconf export`: a live application as a spec that plans to nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options, saved

if TYPE_CHECKING:
    from scimconf.cli.session import Session
    from scimconf.diagnostics import SpecPath
    from scimconf.export import ExportedSpec
    from scimconf.render.yaml import CommentNotes

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
    """Write a live application as a spec that plans to nothing. The tenant is only read.

    Values of secrets cannot be read: the spec has references in their place, for you to fill. What a spec cannot say
    stands in it as a comment.

    \b
        scimconf export --app Writer --out writer.scimconf.yaml
        scimconf plan writer.scimconf.yaml
    """
    from scimconf.cli.session import run

    if asked["out"]:
        _is_free(Path(asked["out"]), force=asked["force"])

    async def work(session: Session) -> int:
        found = await declared(session, asked["app"], asked["name"] or "", full=asked["full"])
        with session.progress.still():
            _write(found, asked)
        return 2 if asked["strict"] and found.omitted else 0

    return run(asked, "reading", work)


async def declared(session: Session, app: str, name: str, *, full: bool, defined: bool = False) -> ExportedSpec:
    """The application of a display name, an application id or an object id; raises ProblemsError."""
    from scimconf.diagnostics import DiagnosticsError
    from scimconf.workflow import export

    named = name or _slug(app)
    tenant = await session.tenant()
    if not GUID.fullmatch(app):
        return await export(session.live(), {"display_name": app}, named, tenant, full=full, defined=defined)
    try:
        return await export(session.live(), {"app_id": app}, named, tenant, full=full, defined=defined)
    except DiagnosticsError as error:
        if {problem.code for problem in error.problems} != {"K103"}:
            raise
    return await export(session.live(), {"object_id": app}, named, tenant, full=full, defined=defined)


def _is_free(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        raise click.UsageError(f"{path} is there already; --force writes over it")


def _slug(app: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", app.lower()).strip("-") or "app"


def _write(found: ExportedSpec, asked: dict[str, Any]) -> None:
    from scimconf.export.references import without_references
    from scimconf.render import yaml
    from scimconf.render.common.escaping import visible

    if found.csv_users and asked["out"]:
        file = f"{Path(asked['out']).name.removesuffix('.yaml').removesuffix('.scimconf')}.users.csv"
        _is_free(Path(asked["out"]).with_name(file), force=asked["force"])
        found.tree["assignments"]["users_from"] = [file]
        saved.save(str(Path(asked["out"]).with_name(file)), _csv(found.csv_users))
    elif found.csv_users:
        found.tree["assignments"]["users"] = found.users()
    without_references(found)
    excuse(found)
    text = yaml.write_spec(found.tree, _notes(found))
    if asked["out"]:
        saved.save(asked["out"], text)
        click.echo(f"Wrote {asked['out']}. See that it plans to nothing: scimconf plan {asked['out']}", err=True)
    else:
        click.echo(text, nl=False)
    for line in found.omitted:
        click.echo(f"  not in the spec: {visible(line)}", err=True)


def excuse(found: ExportedSpec) -> None:
    """What is live may be what the lint refuses: such a line says that it is so, and why, or no plan could be made."""
    from scimconf.render import yaml
    from scimconf.spec.load import load
    from scimconf.workflow import lint

    files = {"spec.yaml": yaml.write_spec(found.tree)}
    loaded = load("spec.yaml", lambda path: files.get(path) or _csv(found.csv_users), {}, {})
    refused: dict[SpecPath, dict[str, None]] = {}
    for problem in lint(loaded):
        if problem.is_error:
            refused.setdefault(_line(problem.path), {})[problem.code] = None
    for line, codes in refused.items():
        already = found.comments.get(line, "")
        if not already.startswith("scimconf: ignore"):
            said = f"scimconf: ignore {', '.join(codes)} it is live as it is"
            found.comments[line] = f"{said}; {already}" if already else said


def _line(path: SpecPath) -> SpecPath:
    """Of a problem's path, what has a line to put a comment on: a row, or a filter's clause."""
    if path[:1] != ("mappings",):
        return path
    return path[:6] if path[2:3] == ("filters",) else path[:4]


def _notes(found: ExportedSpec) -> CommentNotes:
    from scimconf.render.common.escaping import visible
    from scimconf.render.yaml import CommentNotes

    head = (
        "yaml-language-server: $schema=.scimconf/spec.schema.json\n\n"
        "What is live, as a spec. It plans to nothing; what it does not mention is not managed."
    )
    told = "\n".join(
        ["Not in this spec, since it cannot be said here:", *(f"  {visible(one)}" for one in found.omitted)]
    )
    beside = {path: visible(comment) for path, comment in found.comments.items()}
    return CommentNotes(head, beside=beside, below={(): told} if found.omitted else {})


def _csv(people: list[tuple[str, str]]) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("user", "role"), *people])
    return text.getvalue()
