"""`scimconf validate`: check specs without a tenant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode
from scimconf.diagnostics import Diagnostic
from scimconf.spec.loaded import Loaded, shared_endpoints, show
from scimconf.workflow.checks import missing_tenant
from scimconf.workflow.validate import lint, validate


@click.command("validate", short_help="Check specs offline, and run the tests in them.")
@options.paths
@options.variables
@options.ignore
@options.output_format("text", "json")
@click.option("--show-spec", is_flag=True, help="Print the merged spec; each line says where it comes from.")
def command(ignore: Sequence[str], output_format: str, show_spec: bool, **params: Any) -> int:
    """Check specs offline, and run the tests in them. Does not connect to a tenant.

    PATHS are spec files, or folders with scimconf.yaml and *.scimconf.yaml (default: the current folder).

    \b
        scimconf validate examples/writer
        scimconf validate --show-spec scimconf.yaml
    """
    specs, diagnostics = options.find_specs(options.from_click(options.CommonOptions, params))
    for spec in specs:
        diagnostics += [*validate(spec, options.today()), *_unnamed_tenant(spec), *lint(spec, ignore)]
    diagnostics += shared_endpoints(specs)
    if show_spec:
        for spec in specs:
            click.echo(show(spec), nl=False)
    _print(diagnostics, specs, output_format, is_quiet=show_spec)
    return ExitCode.INVALID if any(diagnostic.is_error for diagnostic in diagnostics) else ExitCode.OK


def _unnamed_tenant(loaded: Loaded) -> Iterator[Diagnostic]:
    """Yield the warning about a spec without a tenant, at its file."""
    for warning in missing_tenant(loaded.spec) if loaded.spec is not None else ():
        yield warning.located(loaded.origin(("version",)))


def _print(diagnostics: Sequence[Diagnostic], specs: Iterable[Loaded], output_format: str, *, is_quiet: bool) -> None:
    """Print the diagnostics on stdout: they are the result of this command."""
    if output_format == "json":
        from scimconf.render import json as as_json

        click.echo(as_json.diagnostics(diagnostics), nl=False)
    elif diagnostics:
        from scimconf.cli.terminal import Terminal
        from scimconf.render import diagnostics as as_text

        click.echo(as_text.text(diagnostics, color=Terminal.of_stdout().color), nl=False)
    elif not is_quiet:
        for spec in specs:
            if spec.spec is not None:
                click.echo(f"{spec.spec.name}: valid")
