"""`scimconf validate`: everything that can be known without a tenant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.terminal import Terminal
from scimconf.diagnostics import Diagnostic
from scimconf.spec.loaded import Loaded, show


@click.command("validate", short_help="Check specs without looking at any tenant.")
@options.paths
@options.variables
@options.ignoring
@options.output("text", "json")
@click.option("--show-spec", is_flag=True, help="Print the merged spec, each line with where it comes from.")
def command(paths: Sequence[str], **asked: Any) -> int:
    """Check specs without looking at any tenant, and run the tests in them.

    PATHS are files, or folders with scimconf.yaml and *.scimconf.yaml; this folder where none is named.

    \b
        scimconf validate examples/writer
        scimconf validate --show-spec scimconf.yaml
    """
    loadeds, together = options.load_all(paths, asked["var"], asked["var_file"])
    problems = [*together, *(problem for loaded in loadeds for problem in _problems(loaded, asked["ignore"]))]
    if asked["show_spec"]:
        for loaded in loadeds:
            click.echo(show(loaded), nl=False)
    _tell(problems, loadeds, asked["form"], quiet=asked["show_spec"])
    return 65 if any(problem.is_error for problem in problems) else 0


def _problems(loaded: Loaded, ignore: Sequence[str]) -> tuple[Diagnostic, ...]:
    from scimconf.workflow import lint, validate

    return (*validate(loaded, options.today()), *lint(loaded, ignore))


def _tell(problems: Sequence[Diagnostic], loadeds: Iterable[Loaded], form: str, *, quiet: bool) -> None:
    from scimconf.render import diagnostics as as_text
    from scimconf.render import json as as_json

    terminal = Terminal.of_stdout()
    if form == "json":
        click.echo(as_json.diagnostics(problems), nl=False)
    elif problems:
        click.echo(as_text.text(problems, color=terminal.color), nl=False)
    elif not quiet:
        names = ", ".join(loaded.spec.name for loaded in loadeds if loaded.spec is not None)
        click.echo(f"Nothing is wrong with {names}.")
