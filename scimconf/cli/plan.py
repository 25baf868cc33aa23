"""`scimconf plan`: show what differs from the tenant, and which users it affects. Reads only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options, output
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.session import Session
from scimconf.cli.tenants import by_tenant, require_single, run_each
from scimconf.diagnostics import DiagnosticsError
from scimconf.files import check_writable
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import Spec
from scimconf.workflow.apply import mask_secrets
from scimconf.workflow.plan_all import PlanResults, UnmatchedPatternError, plan_all
from scimconf.workflow.saved_plan import read_saved_plan

if TYPE_CHECKING:
    from scimconf.graph.shared_reads import SharedReads

Explain = Callable[[Session, PlanResults], Awaitable[tuple[PlanResults, tuple[str, ...]]]]
CANNOT_APPLY = "note: this identity can plan, but not apply. It lacks:"
ANOTHER_IDENTITY = "This is as it should be if another identity applies the plan."


@click.command("plan", short_help="Show what differs from the tenant, and which users it affects.")
@options.planning
@options.no_start
@options.plan_format
@click.option("--out", type=click.Path(dir_okay=False), help="Save the plan to FILE, for show and apply.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if there are changes.")
@click.option(
    "--previous",
    multiple=True,
    type=click.Path(exists=True),
    help="Previous version of the specs: list resources that it managed and the current one does not.",
)
@click.option(
    "--fail-on-abandoned", is_flag=True, help="Block the apply of this plan if --previous finds such resources."
)
@click.option("--show-unmanaged", is_flag=True, help="List resources in the tenant that the spec does not manage.")
@click.option("--steps", "show_steps", is_flag=True, help="Show the requests and edits that apply would make.")
@options.rendering
@options.events
def command(**params: Any) -> int:
    """Show what differs from the tenant, and which users it affects. Writes nothing.

    PATHS are spec files, or folders with scimconf.yaml and *.scimconf.yaml (default: the current folder).

    \b
        scimconf plan examples/writer
        scimconf plan --only 'writer:attribute_mapping/*' --detailed-exitcode
    """
    return plan_command(params, detailed=params["detailed_exitcode"])


def plan_command(
    params: Mapping[str, Any], *, detailed: bool, baseline: str | None = None, explain: Explain | None = None
) -> ExitCode:
    """Plan, print and save. `baseline` is a saved plan: print what has changed since it.

    With `explain`, which returns the results to print and what is to be noted, this is drift.
    """
    is_drift = explain is not None
    common = options.from_click(options.CommonOptions, params)
    printing = options.from_click(options.OutputOptions, {**params, "command": "drift" if is_drift else "plan"})
    planning = options.plan_options(params)
    specs = options.load_specs(common)
    previous = previous_specs(common, params.get("previous", ()))
    saved = read_saved_plan(baseline) if baseline else None
    recorded = options.recorded_options(common, planning, redact=printing.redact)
    if printing.out:
        check_writable(printing.out)
    groups = by_tenant(specs, common)
    document = f"--format {printing.output_format}" if printing.output_format in ("json", "html") else ""
    require_single(groups, "--out" if printing.out else "", "--baseline" if baseline else "", document)

    async def work(session: Session, specs: Sequence[Loaded]) -> ExitCode:
        results = await run_plans(session, specs, planning, previous, session.client.shared_reads())
        plan = results.combined_plan(recorded)
        output.emit_plan_events(session, plan, redact=printing.redact)
        printed, problems = await explain(session, results) if explain is not None else (results, ())
        with session.progress.paused():
            output.print_plan(printed, recorded, printing)
            output.print_lines(*(f"note: {problem}" for problem in problems), err=True)
            output.write_plan_file(results, recorded, printing)
            for planned in results.planned if not is_drift else ():
                output.print_missing_permissions(planned, CANNOT_APPLY, ANOTHER_IDENTITY)
            heading = f"Compared with the saved plan {baseline}:"
            if saved is not None and not output.print_changes_since(saved, plan, heading):
                click.echo(f"No changes since {baseline}.", err=True)
        return output.plan_exit_code(results, detailed=detailed, is_drift=is_drift)

    return run_each(groups, lambda group: group.run(work))


async def run_plans(
    session: Session,
    specs: Sequence[Loaded],
    planning: Any,
    previous: Mapping[str, Spec],
    reads: SharedReads,
    *,
    is_reviewed: bool = False,
) -> PlanResults:
    """Plan all specs with the same shared reads; raise click.UsageError for a pattern of `--only` that matches nothing."""
    mask_secrets(specs, session.client.secrets)
    try:
        open_session = partial(session.tenant_session, reads)
        return await plan_all(open_session, specs, planning, previous, is_reviewed=is_reviewed)
    except UnmatchedPatternError as error:
        raise click.UsageError(str(error)) from None


def previous_specs(common: options.CommonOptions, paths: tuple[str, ...]) -> Mapping[str, Spec]:
    """Return previous versions of the specs by name; raise DiagnosticsError if one has errors."""
    if not paths:
        return {}
    loaded, diagnostics = options.find_specs(replace(common, paths=paths))
    errors = [*diagnostics, *(diagnostic for spec in loaded for diagnostic in spec.diagnostics)]
    if errors:
        raise DiagnosticsError(errors)
    return {spec.spec.name: spec.spec for spec in loaded if spec.spec is not None}
