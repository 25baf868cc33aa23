"""Validate and lint a spec offline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import PurePath

from scimconf.diagnostics import Diagnostic
from scimconf.impact import mapping_tests
from scimconf.kinds import KINDS
from scimconf.plan import Change
from scimconf.snapshot import Snapshot
from scimconf.spec.loaded import Loaded
from scimconf.workflow.checks import check, dated


def validate(loaded: Loaded, today: date) -> tuple[Diagnostic, ...]:
    """Return every error and warning that is known without a tenant, except those of the lint. Run the spec's tests."""
    if loaded.spec is None:
        return loaded.diagnostics
    diagnostics = (*check(KINDS, loaded.spec, None), *dated(loaded.spec, today), *mapping_tests.run(loaded.spec))
    return (*loaded.diagnostics, *locate(loaded, diagnostics))


def lint(
    loaded: Loaded, ignore: Sequence[str] = (), snapshot: Snapshot | None = None, changes: Sequence[Change] = ()
) -> tuple[Diagnostic, ...]:
    """Return the findings of the lint, without the rules in `ignore`."""
    from scimconf import lint as rules

    return tuple(map(_without_rows, rules.lint(loaded, snapshot, ignore, {change.address.local for change in changes})))


def locate(loaded: Loaded, diagnostics: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics with file, line and column; the path of a CSV row becomes the key that names the file."""
    return tuple(_locate(loaded, diagnostic) if diagnostic.path else diagnostic for diagnostic in diagnostics)


def _locate(loaded: Loaded, diagnostic: Diagnostic) -> Diagnostic:
    return _without_rows(diagnostic.located(loaded.origin(diagnostic.path)))


def _without_rows(diagnostic: Diagnostic) -> Diagnostic:
    if diagnostic.path[1:2] == ("imported",) and len(diagnostic.path) > 3:
        return replace(diagnostic, path=("assignments", f"{diagnostic.path[3]}_from"))
    return diagnostic


def with_row(diagnostic: Diagnostic) -> Diagnostic:
    """Return a located diagnostic that names the line of the CSV file in its message, since a plan has no locations."""
    location = diagnostic.location
    if location is None or diagnostic.path not in (("assignments", "users_from"), ("assignments", "groups_from")):
        return diagnostic
    return replace(diagnostic, message=f"{diagnostic.message} ({PurePath(location.file).name}:{location.line})")
