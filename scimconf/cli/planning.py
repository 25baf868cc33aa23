"""What the commands that plan have in common: several applications at once, told together, and one exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options, saved
from scimconf.cli.terminal import Terminal

if TYPE_CHECKING:
    from scimconf.cli.session import Session
    from scimconf.diagnostics import Diagnostic
    from scimconf.plan import Plan
    from scimconf.plan.file import SavedPlan
    from scimconf.spec.loaded import Loaded
    from scimconf.spec.model import Spec
    from scimconf.workflow import PlannedApplication, PlanOptions

NOTHING: Mapping[str, Spec] = MappingProxyType({})
REMEMBERED = ("only", "exclude", "allow", "var", "var_file")
"""Options that a saved plan remembers as lists, so that its apply plans in the same way."""


def wishes(asked: dict[str, Any]) -> PlanOptions:
    from scimconf.workflow import PlanOptions

    return PlanOptions(
        today=options.today(),
        only=tuple(asked["only"]),
        exclude=tuple(asked["exclude"]),
        allow=tuple(asked["allow"]),
        resend_secrets=asked["resend_secrets"],
        fail_on_abandoned=bool(asked.get("fail_on_abandoned")),
        ignore=tuple(asked["ignore"]),
        impact=asked.get("impact", True),
    )


def former(asked: dict[str, Any]) -> Mapping[str, Spec]:
    """The specs as they were, by name; raises ProblemsError where one of them cannot be read."""
    from scimconf.diagnostics import DiagnosticsError

    if not asked["previous"]:
        return NOTHING
    loadeds, together = options.load_all(asked["previous"], asked["var"], asked["var_file"])
    problems = [*together, *(problem for loaded in loadeds for problem in loaded.problems)]
    if problems:
        raise DiagnosticsError(problems)
    return {loaded.spec.name: loaded.spec for loaded in loadeds if loaded.spec is not None}


def announce(session: Session, found: PlanResults, asked: dict[str, Any]) -> None:
    """Tells programs what was planned, without people's names where that is asked for."""
    for one in saved.discreet(whole(found, asked), asked).applications:
        session.events.planned(one)


class PlanResults:
    """What came of each spec: a plan, problems, or an error."""

    def __init__(self) -> None:
        self.planned: list[PlannedApplication] = []
        self.problems: list[Diagnostic] = []
        self.errors: list[tuple[str, Exception]] = []


async def plan_all(
    session: Session,
    loadeds: Sequence[Loaded],
    wishes: PlanOptions,
    former: Mapping[str, Spec] = NOTHING,
    *,
    reviewed: bool = False,
) -> PlanResults:
    """All applications at once; one that fails does not stop the others. `former` are specs as they were, by name.

    The patterns of a plan that was reviewed are not misspelt: what they no longer match is gone, and the plan is stale.
    """
    import asyncio

    from scimconf.diagnostics import ScimconfError, describe_unexpected
    from scimconf.workflow import plan, validate

    found = PlanResults()
    sound = []
    for loaded in loadeds:
        problems = validate(loaded, wishes.today)
        found.problems += problems
        if not any(problem.is_error for problem in problems):
            sound.append(loaded)
    plans = [plan(session.live(), one, wishes, former.get(one.spec.name) if one.spec else None) for one in sound]
    results = await asyncio.gather(*plans, return_exceptions=True)
    for loaded, result in zip(sound, results, strict=True):
        if isinstance(result, ScimconfError):
            found.errors.append((loaded.spec.name if loaded.spec else "", result))
        elif isinstance(result, Exception):
            found.errors.append((loaded.spec.name if loaded.spec else "", ScimconfError(describe_unexpected(result))))
        elif isinstance(result, BaseException):
            raise result
        else:
            found.problems += result.errors
            if not result.errors:
                found.planned.append(result)
    _part_rivals(found)
    if not reviewed:
        _know_patterns(found, wishes)
    return found


def _part_rivals(found: PlanResults) -> None:
    """Takes out every plan of an application that several specs are about: each would undo what the others do."""
    from collections import Counter

    from scimconf.spec.loaded import same_application

    there = [
        (one.loaded, one.snapshot.names["service_principal"])
        for one in found.planned
        if "service_principal" in one.snapshot.names
    ]
    times = Counter(sp for _, sp in there)
    found.problems += same_application(there)
    found.planned = [one for one in found.planned if times[one.snapshot.names.get("service_principal", "")] < 2]


def _know_patterns(found: PlanResults, wishes: PlanOptions) -> None:
    """A pattern that matches nothing of any application is misspelt; where one cannot be seen, nobody knows.

    It is matched with all that is wanted or seen: that nothing changes there is no mistake. What `--only` does not
    match ends the command, since nothing at all would be planned; of `--exclude` it is told.
    """
    from scimconf.diagnostics import Diagnostic

    if not found.planned or not is_sound(found, ()):
        return
    unmatched = frozenset.intersection(*(one.unmatched for one in found.planned))
    for pattern in wishes.only:
        if pattern in unmatched:
            raise click.UsageError(f"--only {pattern!r} matches nothing that a spec names or the tenant shows")
    for pattern in wishes.exclude:
        if pattern in unmatched:
            said = f"--exclude {pattern!r} matches nothing that a spec names or the tenant shows"
            found.problems.append(
                Diagnostic("K005", said, hint="Addresses are as a plan shows them.", severity="warning")
            )


def whole(found: PlanResults, asked: dict[str, Any]) -> Plan:
    """The plan of all applications that could be planned."""
    from scimconf.plan import Plan, Tenant

    tenants = [one.tenant for one in found.planned if one.tenant is not None]
    shaped: dict[str, Any] = {name: list(asked[name]) for name in REMEMBERED}
    shaped["var_file"] = [_from_here(path) for path in shaped["var_file"]]
    if asked.get("redact"):
        shaped["redact"] = True
    if asked.get("ignore"):
        shaped["ignore"] = list(asked["ignore"])
    return Plan(
        tenants[0] if tenants else Tenant(),
        tuple(replace(one.plan, paths=tuple(map(_from_here, one.plan.paths))) for one in found.planned),
        {**shaped, "resend_secrets": asked["resend_secrets"]},
    )


def _from_here(path: str) -> str:
    """An absolute path as it is found from the working folder: a plan says nothing of a machine, and is applied again."""
    if not Path(path).is_absolute():
        return path
    try:
        return os.path.relpath(path)
    except ValueError:  # on another drive, which no relative path reaches
        return path


def specs_of(reviewed: SavedPlan) -> tuple[str, ...]:
    """The specs of a saved plan, from the working folder; raises ProblemsError where there is none, or it is not there."""
    from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location

    unnamed = [one.name for one in reviewed.plan.applications if not one.paths]
    if unnamed:
        said = f"the plan of {', '.join(unnamed)} is of no spec, as a difference is, and cannot be applied"
        raise DiagnosticsError([Diagnostic("P006", said, hint="Make a plan: scimconf plan --out FILE")])
    specs = tuple(application.paths[0] for application in reviewed.plan.applications)
    hint = "The plan names it as seen from the folder that it was made in: apply it there, or plan here."
    missing = [
        Diagnostic("S001", "cannot be read: no such file", location=Location(spec), hint=hint)
        for spec in specs
        if not Path(spec).exists()
    ]
    if missing:
        raise DiagnosticsError(missing)
    return specs


def tell(found: PlanResults, together: Sequence[Diagnostic], asked: dict[str, Any]) -> None:
    """The product on stdout, problems and errors on stderr."""
    from scimconf.render import diagnostics as as_text

    if found.planned or asked["form"] != "text":
        steps = {one.name: one.steps for one in found.planned} if asked.get("with_steps") else None
        told = saved.told(whole(found, asked), asked["form"], Terminal.of_stdout(), asked, steps)
        click.echo(told, nl=False)
    problems = [*together, *found.problems]
    if problems:
        click.echo(as_text.text(problems, color=Terminal.of_stderr().color), nl=False, err=True)
    for name, error in found.errors:
        fail(name, error)


def fail(name: str, error: Exception, hide: Callable[[str], str] = str) -> None:
    """An application's error; `hide` takes people out of it, where that is asked for."""
    from scimconf.render.common.escaping import visible

    click.echo(visible(f"{name}: {hide(str(error))}"), err=True)
    if getattr(error, "hint", ""):
        click.echo(visible(f"  {hide(error.hint)}"), err=True)  # type: ignore[attr-defined]


def refuse(problems: Sequence[Diagnostic]) -> int:
    from scimconf.render import diagnostics as as_text

    click.echo(as_text.text(problems, color=Terminal.of_stderr().color), nl=False, err=True)
    return 65


def is_sound(found: PlanResults, together: Sequence[Diagnostic]) -> bool:
    """Whether every application could be planned."""
    return not found.errors and not any(problem.is_error for problem in (*together, *found.problems))


def keep(found: PlanResults, together: Sequence[Diagnostic], asked: dict[str, Any]) -> None:
    """Saves the plan where `--out` says, if it is whole."""
    if not asked.get("out"):
        return
    if not is_sound(found, together):
        click.echo(f"{asked['out']} was not written, since not everything could be planned.", err=True)
        return
    saved.save(asked["out"], saved.told(whole(found, asked), "json", Terminal.of_stdout(), asked))
    click.echo(f"The plan is in {asked['out']}. Apply exactly it: scimconf apply {asked['out']}", err=True)


def unsound(loadeds: Sequence[Loaded], together: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """What is wrong where nothing at all can be planned; empty where at least one spec can."""
    if together or not any(loaded.spec is not None for loaded in loadeds):
        return (*together, *(problem for loaded in loadeds for problem in loaded.problems))
    return ()


def exit_code(found: PlanResults, together: Sequence[Diagnostic], *, detailed: bool) -> int:
    codes = [0]
    if found.errors:
        codes.append(1)
    if any(problem.is_error for problem in (*together, *found.problems)):
        codes.append(65)
    if detailed and any(one.plan.has_drift for one in found.planned):
        codes.append(2)
    return options.first(codes)
