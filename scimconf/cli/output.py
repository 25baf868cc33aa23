"""Print plans, diagnostics and errors. Results go to stdout, everything else to stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.options import OutputOptions
from scimconf.cli.session import Session
from scimconf.cli.streams import blocks, masked_text
from scimconf.cli.terminal import Terminal
from scimconf.diagnostics import Diagnostic
from scimconf.files import atomic_file
from scimconf.plan import Plan
from scimconf.plan import redact as redaction
from scimconf.plan.file import SavedPlan
from scimconf.render import diagnostics as as_text
from scimconf.render import json as as_json
from scimconf.render import text
from scimconf.render.common.escaping import visible
from scimconf.spec.loaded import Loaded
from scimconf.steps import Step
from scimconf.workflow.apply import guards_that_need_allow
from scimconf.workflow.plan import PlannedApplication
from scimconf.workflow.plan_all import PlanResults
from scimconf.workflow.saved_plan import changes_since


def plan_parts(plan: Plan, output: OutputOptions, steps: Mapping[str, Sequence[Step]] | None = None) -> Iterator[str]:
    """Yield the plan in the output format in parts, redacted if `--redact` is given."""
    plan = redact_plan(plan, redact=output.redact)
    if output.output_format == "json":
        yield from as_json.plan_parts(plan)
    elif output.output_format == "html":
        from scimconf.render import html

        yield from html.plan_parts(plan, command=output.command)
    else:
        yield _summarised(plan, output, steps)


def _summarised(plan: Plan, output: OutputOptions, steps: Mapping[str, Sequence[Step]] | None) -> str:
    """Return the plan in a format that summarises long lists."""
    if output.output_format == "markdown":
        from scimconf.render import markdown

        return markdown.plan(
            plan,
            max_length=output.max_length,
            marker=output.comment_marker,
            command=output.command,
            full=output.full,
        )
    terminal = Terminal.of_stdout()
    return text.plan(
        plan,
        width=terminal.width,
        color=terminal.color,
        steps=steps,
        unmanaged=output.show_unmanaged,
        full=output.full,
    )


def print_parts(parts: Iterable[str]) -> None:
    """Print a text in blocks, so that a very long one is not in memory as a whole."""
    for block in blocks(parts):
        click.echo(block, nl=False)


def redact_plan(plan: Plan, *, redact: bool) -> Plan:
    """Return the plan with pseudonyms instead of user names, if `redact` is true."""
    return redaction.redact_plan(plan) if redact else plan


def redactor(plan: Plan, *, redact: bool) -> Callable[[str], str]:
    """Return a function that replaces user names in a text by their pseudonyms in this plan, if `redact` is true."""
    return redaction.text_redactor(plan) if redact else str


def print_plan(results: PlanResults, options: Mapping[str, Any], output: OutputOptions) -> None:
    """Print the plan, then the diagnostics and errors; in text, the plan ends with which applications are paused."""
    if results.planned or results.failures or output.output_format != "text":
        plan = results.combined_plan(options)
        steps = {planned.name: planned.steps for planned in results.planned} if output.show_steps else None
        print_parts(plan_parts(plan, output, steps))
    for planned in results.planned:
        if planned.pauses_provisioning:
            cycle = " with an initial cycle, which evaluates every user" if planned.restarts_provisioning else ""
            note = f"{planned.name}: apply pauses provisioning first and starts it again at the end{cycle}."
            print_lines(note, err=output.output_format != "text")
    print_diagnostics(results.diagnostics)
    for name, error in results.errors:
        print_error(name, error)


def print_missing_permissions(planned: PlannedApplication, heading: str, hint: str) -> None:
    """Print the permissions that the identity lacks for an apply on stderr, one a line, if there are any."""
    lines = [f"  {permission.describe()}" for permission in planned.missing_permissions]
    if lines:
        print_lines(f"{planned.name}: {heading}", *lines, f"  {hint}", err=True)


def print_diagnostics(diagnostics: Sequence[Diagnostic]) -> None:
    """Print diagnostics on stderr."""
    if diagnostics:
        click.echo(as_text.text(diagnostics, color=Terminal.of_stderr().color), nl=False, err=True)


def print_spec_errors(session: Session, specs: Iterable[Loaded]) -> ExitCode:
    """Print the errors of the specs that could not be loaded, and return INVALID if there are any."""
    errors = [error for spec in specs if spec.spec is None for error in spec.diagnostics]
    with session.progress.paused():
        print_diagnostics(errors)
    return ExitCode.INVALID if errors else ExitCode.OK


def print_error(name: str, error: Exception, redact: Callable[[str], str] = str) -> None:
    """Print an application's error and its hint on stderr."""
    print_lines(f"{name}: {redact(str(error))}", err=True)
    hint = getattr(error, "hint", "")
    if hint:
        print_lines(f"  {redact(hint)}", err=True)


def print_lines(*lines: str, err: bool = False) -> None:
    """Print lines in which control characters are escaped."""
    for line in lines:
        click.echo(visible(line), err=err)


def current_specs(specs: Sequence[Loaded]) -> list[Loaded]:
    """Return the specs without those of retired applications, which are named on stderr."""
    retired = [loaded.spec for loaded in specs if loaded.spec is not None and loaded.spec.retired is not None]
    print_lines(*(f"{spec.name}: retired on {spec.retired}" for spec in retired), err=True)
    return [loaded for loaded in specs if loaded.spec is None or loaded.spec.retired is None]


def print_changes_since(saved: SavedPlan, plan: Plan, heading: str) -> tuple[str, ...]:
    """Print what differs between a saved plan and today's on stderr, below a heading; return the lines."""
    lines = changes_since(saved, plan)
    if lines:
        print_lines(heading, *(f"  {line}" for line in lines), err=True)
    return lines


def write_plan_file(results: PlanResults, options: Mapping[str, Any], output: OutputOptions) -> None:
    """Write the plan file if `--out` names one and every application was planned."""
    if output.out is None:
        return
    if not results.all_planned:
        click.echo(f"{output.out} was not written, because not every application could be planned.", err=True)
        return
    parts = plan_parts(results.combined_plan(options), replace(output, output_format="json"))
    with atomic_file(output.out, private=True) as file:
        for block in blocks(parts):
            file.write(masked_text(block))
        file.commit()
    click.echo(f"Saved the plan to {output.out}.", err=True)
    if not any(guards_that_need_allow(planned) or planned.missing_errors for planned in results.planned):
        click.echo(f"To apply exactly this plan: scimconf apply {output.out}", err=True)


def emit_plan_events(session: Session, plan: Plan, *, redact: bool) -> None:
    """Write a `planned` event for each application."""
    for application in redact_plan(plan, redact=redact).applications:
        session.events.planned(application)


def plan_exit_code(results: PlanResults, *, detailed: bool, is_drift: bool = False) -> ExitCode:
    """Return the exit code of a plan; `detailed` makes changes and drift exit 2.

    A missing user or group is drift for `drift`, and as `assignments.missing` says for the other commands.
    """
    codes = {ExitCode.OK}
    if results.has_failures:
        codes.add(ExitCode.FAILED)
    if results.has_spec_errors or (results.has_missing_errors and not is_drift):
        codes.add(ExitCode.INVALID)
    if results.is_tenant_mismatch:
        codes.add(ExitCode.BLOCKED)
    if detailed and any(planned.plan.has_drift for planned in results.planned):
        codes.add(ExitCode.CHANGES)
    return combine(codes)
