"""Validate and lint a spec offline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from scimconf.diagnostics import Diagnostic
from scimconf.impact import mapping_tests
from scimconf.kinds import KINDS
from scimconf.plan import Change
from scimconf.snapshot import Snapshot
from scimconf.spec.loaded import Loaded
from scimconf.workflow.compilation import (
    check,
    expired,
)

if TYPE_CHECKING:
    pass


def validate(loaded: Loaded, today: date) -> tuple[Diagnostic, ...]:
    """Everything that is wrong with a spec and can be known offline; the lint is asked apart."""
    if loaded.spec is None:
        return loaded.problems
    found = (*check(KINDS, loaded.spec, None), *expired(loaded.spec, today), *mapping_tests.run(loaded.spec))
    return (*loaded.problems, *locate(loaded, found))


def lint(
    loaded: Loaded, ignore: Sequence[str] = (), snapshot: Snapshot | None = None, changes: Sequence[Change] = ()
) -> tuple[Diagnostic, ...]:
    """What is probably wrong with a spec, but for the rules that are ignored."""
    from scimconf import lint as rules

    return tuple(rules.lint(loaded, snapshot, ignore, {change.address.local for change in changes}))


def locate(loaded: Loaded, problems: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The problems with file, line and column; rows of a CSV go by its key, since nobody wrote their path."""
    placed = (problem.located(loaded.origin(problem.path)) if problem.path else problem for problem in problems)
    return tuple(
        replace(one, path=("assignments", f"{one.path[3]}_from"))
        if one.path[1:2] == ("imported",) and len(one.path) > 3
        else one
        for one in placed
    )
