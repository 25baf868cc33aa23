"""Plan several applications of one tenant at once."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import Diagnostic, ScimconfError, describe_unexpected, dotted
from scimconf.plan import FailedApplication, Plan, Tenant
from scimconf.spec.loaded import Loaded, same_application, shared_endpoints
from scimconf.spec.model import Spec
from scimconf.spec.patterns import SLUG
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.plan import PlannedApplication, plan
from scimconf.workflow.validate import validate

if TYPE_CHECKING:
    from scimconf.graph.reading import TenantSession

NO_SPECS: Mapping[str, Spec] = MappingProxyType({})


class UnmatchedPatternError(ScimconfError):
    """A pattern of `--only` matches no address of any application."""


class TenantMismatchError(ScimconfError):
    """What the spec needs is not in this tenant, which is another one than the spec names."""

    def __init__(self, message: str, expected: str, tenant: Tenant) -> None:
        super().__init__(message, f"Sign in to {expected}, or correct `tenant:` in the spec.")
        self.tenant = tenant


@dataclass(slots=True)
class PlanResults:
    """The plans of several applications, the diagnostics of their specs, and the errors by application.

    `invalid` are the applications whose spec has errors. `failures` has them as well as those of `errors`.
    """

    planned: list[PlannedApplication] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    errors: list[tuple[str, ScimconfError]] = field(default_factory=list)
    invalid: list[FailedApplication] = field(default_factory=list)
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def has_spec_errors(self) -> bool:
        return any(diagnostic.is_error for diagnostic in self.diagnostics)

    @property
    def all_planned(self) -> bool:
        return not self.errors and not self.has_spec_errors

    @property
    def has_missing_errors(self) -> bool:
        """Whether a listed user or group is missing, `assignments.missing` makes it an error, and the tenant is right."""
        return not self.is_tenant_mismatch and any(planned.missing_errors for planned in self.planned)

    @property
    def failures(self) -> tuple[FailedApplication, ...]:
        """The applications that could not be planned, and why."""
        failed = [
            FailedApplication(name, str(error), error.hint, self.paths.get(name, ())) for name, error in self.errors
        ]
        return tuple(sorted((*self.invalid, *failed), key=lambda failure: (failure.name, failure.paths)))

    @property
    def tenant(self) -> Tenant:
        others = [error.tenant for _, error in self.errors if isinstance(error, TenantMismatchError)]
        return next((planned.tenant for planned in self.planned if planned.tenant), next(iter(others), Tenant()))

    @property
    def has_failures(self) -> bool:
        """Whether an application could not be planned for another reason than its spec and the tenant."""
        return any(not isinstance(error, TenantMismatchError) for _, error in self.errors)

    @property
    def is_tenant_mismatch(self) -> bool:
        """Whether the tenant was read and is not the tenant of a spec."""
        return any(planned.tenant_mismatch for planned in self.planned) or any(
            isinstance(error, TenantMismatchError) for _, error in self.errors
        )

    def combined_plan(self, options: Mapping[str, Any] = MappingProxyType({})) -> Plan:
        """Return the plan of all applications; `options` are recorded in it. Paths are relative."""
        plans = [planned.plan for planned in self.planned]
        relative = [replace(application, paths=tuple(map(relative_path, application.paths))) for application in plans]
        failures = [replace(failure, paths=tuple(map(relative_path, failure.paths))) for failure in self.failures]
        return Plan(self.tenant, tuple(relative), options, tuple(failures))


async def plan_all(
    open_session: Callable[[], TenantSession],
    specs: Sequence[Loaded],
    options: PlanOptions,
    previous: Mapping[str, Spec] = NO_SPECS,
    *,
    is_reviewed: bool = False,
) -> PlanResults:
    """Plan all applications concurrently. An application that fails does not stop the others.

    `previous` are former versions of the specs, by name. Raise UnmatchedPatternError for a pattern of `only` that
    matches nothing, unless the plan was reviewed: then what it matched is gone, and the plan is stale.
    """
    import asyncio

    results = PlanResults()
    valid = []
    for loaded in specs:
        diagnostics = validate(loaded, options.today)
        results.diagnostics += diagnostics
        if loaded.spec is not None and not any(diagnostic.is_error for diagnostic in diagnostics):
            valid.append((loaded.spec.name, loaded))
            results.paths[loaded.spec.name] = loaded.paths
        else:
            results.invalid.append(_invalid(loaded, diagnostics))
    results.diagnostics += shared_endpoints([loaded for _, loaded in valid])
    plans = [plan(open_session(), loaded, options, previous.get(name)) for name, loaded in valid]
    outcomes = await asyncio.gather(*plans, return_exceptions=True)
    for (name, _), outcome in zip(valid, outcomes, strict=True):
        _add(results, name, outcome)
    _drop_conflicting(results)
    if not is_reviewed:
        results.diagnostics += _validate_patterns(results, options)
    return results


def _add(results: PlanResults, name: str, outcome: PlannedApplication | BaseException) -> None:
    if isinstance(outcome, PlannedApplication):
        mismatch, spec = outcome.tenant_mismatch, outcome.loaded.spec
        if outcome.errors and mismatch is not None and spec is not None and outcome.tenant is not None:
            error = TenantMismatchError(mismatch.message, spec.tenant or "", outcome.tenant)
            results.errors.append((name, error))
            return
        results.diagnostics += outcome.errors
        if outcome.errors:
            results.invalid.append(_invalid(outcome.loaded, outcome.errors))
        else:
            results.planned.append(outcome)
    elif isinstance(outcome, ScimconfError):
        results.errors.append((name, outcome))
    elif isinstance(outcome, Exception):
        results.errors.append((name, ScimconfError(describe_unexpected(outcome))))
    else:
        raise outcome


def _invalid(loaded: Loaded, diagnostics: Sequence[Diagnostic]) -> FailedApplication:
    """Return the failure of an application whose spec has errors: the first, and how many more there are.

    A spec without a valid name goes by its file.
    """
    first, *rest = [diagnostic for diagnostic in diagnostics if diagnostic.is_error]
    written = loaded.resolved.get("name") if "version" in loaded.resolved else None  # else it is no spec
    is_name = isinstance(written, str) and re.fullmatch(SLUG, written) is not None
    name = str(written) if is_name else relative_path(loaded.paths[0])
    more = f", and {len(rest)} more {'error' if len(rest) == 1 else 'errors'}" if rest else ""
    place = f"{dotted(first.path)}: " if first.path else ""
    return FailedApplication(name, f"{first.code} {place}{first.message}{more}", first.hint, loaded.paths)


def _drop_conflicting(results: PlanResults) -> None:
    """Remove every plan of an application that several specs identify: each would undo the changes of the others."""
    ids = [planned.snapshot.names.get("service_principal", "") for planned in results.planned]
    plans, times = list(zip(results.planned, ids, strict=True)), Counter(ids)
    diagnostics = same_application([(planned.loaded, id_) for planned, id_ in plans if id_])
    results.diagnostics += diagnostics
    results.invalid += [_invalid(planned.loaded, diagnostics) for planned, id_ in plans if id_ and times[id_] > 1]
    results.planned = [planned for planned, id_ in plans if not id_ or times[id_] < 2]


def _validate_patterns(results: PlanResults, options: PlanOptions) -> Iterator[Diagnostic]:
    """Yield a warning for each pattern of `exclude` that matches nothing, if all applications could be planned."""
    if not results.planned or not results.all_planned:
        return
    unmatched = frozenset.intersection(*(planned.unmatched for planned in results.planned))
    for pattern in options.only:
        if pattern in unmatched:
            raise UnmatchedPatternError(f"--only '{pattern}' matches no address in the specs or in the tenant")
    for pattern in options.exclude:
        if pattern in unmatched:
            message = f"--exclude '{pattern}' matches no address in the specs or in the tenant"
            yield Diagnostic("K005", message, hint="Write an address as a plan shows it.", severity="warning")


def relative_path(path: str) -> str:
    """Return an absolute path relative to the working folder: a plan says nothing about the machine."""
    if not Path(path).is_absolute():
        return path
    try:
        return os.path.relpath(path)
    except ValueError:  # on another drive, which no relative path reaches
        return path
