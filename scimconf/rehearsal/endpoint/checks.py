"""The table of all checks: Microsoft's acceptance lists and the faults of real servers."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

from scimconf.rehearsal.endpoint import (
    faults_access,
    faults_creation,
    faults_groups,
    faults_matching,
    faults_updates,
    microsoft_direct,
    microsoft_entra,
    web_validator,
)
from scimconf.rehearsal.endpoint.context import CheckFunction

SEVERE = "Faults that destroy data or leave access while Entra logs success"
FAULTS = "Other faults of real servers"
DIRECT = "Microsoft's validator for gallery applications: direct tests"
ENTRA = "Microsoft's validator for gallery applications: tests through provisioning cycles"
WEB = "Microsoft's web validator: mandatory tests"
PREVIEW = "Microsoft's web validator: preview tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check with its texts. The failure of a check of the severity "warning" is a warning.

    `as_entra`: the requests have the headers of Entra, not those of Microsoft's validators.
    """

    id: str
    group: str
    title: str
    expected: str
    run: CheckFunction
    consequence: str = ""
    hint: str = ""
    severity: str = "error"
    as_entra: bool = False


@cache
def all_checks() -> tuple[Check, ...]:
    """Return the checks in the order of a report."""
    faults = {
        **faults_updates.CHECKS,
        **faults_matching.CHECKS,
        **faults_groups.CHECKS,
        **faults_creation.CHECKS,
    }
    others = {name: faults[name] for name in sorted(faults)}
    return (
        *_checks(SEVERE, "faults.toml", faults_access.CHECKS),
        *_checks(FAULTS, "faults.toml", others),
        *_checks(DIRECT, "microsoft.toml", microsoft_direct.CHECKS),
        *_checks(ENTRA, "microsoft.toml", microsoft_entra.CHECKS),
        *_checks(WEB, "web_validator.toml", web_validator.MANDATORY),
        *_checks(PREVIEW, "web_validator.toml", web_validator.PREVIEW),
    )


def _checks(group: str, file: str, functions: Mapping[str, CheckFunction]) -> Iterator[Check]:
    texts = _texts(file)
    for name, function in functions.items():
        yield Check(id=name, group=group, run=function, **texts[name], as_entra=group in (SEVERE, FAULTS))


def _texts(file: str) -> Mapping[str, Mapping[str, str]]:
    """Return the texts of checks by id."""
    return tomllib.loads(files("scimconf.rehearsal.endpoint").joinpath(file).read_text("utf-8"))


def select(patterns: Sequence[str]) -> tuple[Check, ...]:
    """Return the checks whose id matches one of the patterns, in which `*` is any text; all without patterns."""
    checks = all_checks()
    return tuple(check for check in checks if not patterns or _matches(check.id, patterns))


def unmatched(patterns: Iterable[str]) -> list[str]:
    """Return the patterns that match no check."""
    return [pattern for pattern in patterns if not any(_matches(check.id, [pattern]) for check in all_checks())]


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)
