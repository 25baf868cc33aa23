"""`scimconf diff`: compare two specs, a spec and an application, or two applications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.init_templates import PresetChoice, token_variable
from scimconf.cli.output import plan_parts, print_parts
from scimconf.cli.session import Session, run
from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location
from scimconf.kinds import KINDS
from scimconf.plan import Plan
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import Spec
from scimconf.workflow.checks import check
from scimconf.workflow.export import export_application
from scimconf.workflow.spec_diff import LiveSide, diff_specs
from scimconf.workflow.validate import lint, locate

APP, PRESET = "app:", "preset:"


@click.command("diff", short_help="Compare specs, live applications, and presets.")
@click.argument("first", metavar="FIRST")
@click.argument("second", metavar="SECOND")
@options.variables
@options.tenant
@options.plan_format
@options.rendering
@options.events
def command(first: str, second: str, **params: Any) -> int:
    """Compare two specs, a spec and an application, or two applications. Exit code 2 means they differ.

    FIRST and SECOND are files; app:NAME or app:ID is a live application, preset:NAME a preset of the catalogue. Shows
    what would change if FIRST became SECOND. Writes nothing, and connects to a tenant only for app:.

    \b
        scimconf diff staging.yaml production.yaml
        scimconf diff app:Writer writer.scimconf.yaml
        scimconf diff app:Slack preset:slack
    """
    common = options.from_click(options.CommonOptions, params)
    if not any(side.startswith(APP) for side in (first, second)):
        return _print(_load(first, common), _load(second, common), params)

    async def work(session: Session) -> ExitCode:
        live = _live_side(first, second)
        specs = [
            await _export(session, side, defined=live is not None)
            if side.startswith(APP)
            else _of_existing(_load(side, common), side)
            for side in (first, second)
        ]
        with session.progress.paused():
            return _print(specs[0], specs[1], params, live=live, has_secrets=False)

    return run(common, "reading", work)


def _live_side(first: str, second: str) -> LiveSide | None:
    """Return which side is a live application, if only one is."""
    if first.startswith(APP) == second.startswith(APP):
        return None
    return "before" if first.startswith(APP) else "after"


def _load(path: str, common: options.CommonOptions) -> Spec:
    if path.startswith(PRESET):
        return _preset_spec(path.removeprefix(PRESET))
    specs, diagnostics = options.find_specs(replace(common, paths=(path,)))
    errors = [*diagnostics, *(diagnostic for spec in specs for diagnostic in spec.diagnostics)]
    errors += [error for spec in specs if not errors for error in _errors(spec)]
    if len(specs) != 1 and not errors:
        message = "the folder contains several specs"
        errors = [Diagnostic("S001", message, location=Location(path), hint="Name one of the files.")]
    if errors and not Path(path).exists():
        errors = [replace(error, hint=f"For a live application write app:{path}.") for error in errors]
    if errors or specs[0].spec is None:
        raise DiagnosticsError(errors)
    return specs[0].spec


def _errors(loaded: Loaded) -> list[Diagnostic]:
    """Return the errors that `validate` reports about a spec, tests excepted: they say nothing about what differs."""
    if loaded.spec is None:
        return []
    return [error for error in (*locate(loaded, check(KINDS, loaded.spec, None)), *lint(loaded)) if error.is_error]


def _of_existing(spec: Spec, side: str) -> Spec:
    """Return the spec of a preset without its template: an application that exists is not created again."""
    if not side.startswith(PRESET):
        return spec
    return spec.model_copy(update={"application": spec.application.model_copy(update={"create": None})})


def _preset_spec(name: str) -> Spec:
    """Return the spec of a preset without answers: what depends on the customer is not compared."""
    from scimconf.presets.catalogue import load_preset

    entry = load_preset(PresetChoice().convert(name, None, None))
    answers = {"name": name, "display_name": entry.facts.application.name, "token_variable": token_variable(name)}
    loaded = load(f"{PRESET}{name}", lambda _: entry.spec_text(answers), {}, {}, lambda _: True)
    if loaded.spec is None:
        raise DiagnosticsError(loaded.diagnostics)
    return loaded.spec


async def _export(session: Session, side: str, *, defined: bool) -> Spec:
    app = side.removeprefix(APP)
    exported = await export_application(session.tenant_session(), app, "app", full=True, defined=defined)
    exported.tree.setdefault("assignments", {"unlisted": "report"})
    exported.tree["assignments"]["users"] = exported.users()
    return Spec.model_validate(exported.tree)


def _print(
    first: Spec, second: Spec, params: Mapping[str, Any], *, live: LiveSide | None = None, has_secrets: bool = True
) -> ExitCode:
    plan = Plan(applications=(diff_specs(KINDS, first, second, live=live, secrets=has_secrets),))
    printing = options.from_click(options.OutputOptions, {**params, "command": "diff"})
    if printing.output_format == "text" and not plan.has_drift:
        click.echo("No differences.")
    else:
        print_parts(plan_parts(plan, printing))
    return ExitCode.CHANGES if plan.has_changes else ExitCode.OK
