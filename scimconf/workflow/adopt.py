"""Export every application of a tenant that has a provisioning job, and prove that the plan of each spec is empty."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from scimconf.diagnostics import DiagnosticsError, GraphError, ScimconfError, describe_unexpected
from scimconf.documents.application import organization, tenant
from scimconf.documents.contacts import ContactRecords
from scimconf.export import ExportedSpec
from scimconf.export.carried import carry_over
from scimconf.export.names import spec_names
from scimconf.export.secret_pattern import (
    SecretNames,
    SecretPattern,
    apply_pattern,
    describe_reference,
    references_of,
)
from scimconf.kinds import KINDS
from scimconf.monitoring.adoption import MAX_CHANGES, Action, AdoptedApplication, AdoptionResult, PlanProof
from scimconf.monitoring.contacts import Contact, ContactState, owner_contacts, recipient_contacts
from scimconf.monitoring.job_status import job_status
from scimconf.plan import Tenant
from scimconf.spec.loaded import Loaded
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.export import SpecFiles, compose, export, unread_advice
from scimconf.workflow.live_facts import live_facts
from scimconf.workflow.plan import plan
from scimconf.workflow.spec_diff import diff_specs
from scimconf.workflow.status import response_time
from scimconf.workflow.targets import ListedApplication, list_applications
from scimconf.workflow.validate import validate

if TYPE_CHECKING:
    from scimconf.graph.client import Graph
    from scimconf.graph.reading import TenantSession

STILL_ON = "K008"
DIRECT_ROLES = "L401"
"""The warning about an application that was retired, and whose provisioning is on."""
CONCURRENT = 8
"""Applications that are exported and planned at the same time."""


class SpecFolder(Protocol):
    """The folder of the specs, which the caller reads and writes."""

    @property
    def existing(self) -> Sequence[Loaded]:
        """The specs that are there, also those with errors."""

    @property
    def taken(self) -> frozenset[str]:
        """The names that no new spec may have."""

    def path(self, name: str) -> str:
        """Return the path of the spec with a name."""

    def write(self, path: str, files: SpecFiles) -> bool:
        """Write a spec and its CSV file; return False if both are there with the same content. Raise ScimconfError."""

    def users_file(self, path: str) -> str:
        """Return the name of the CSV file of a spec."""

    def schema(self, path: str) -> str:
        """Return the path of the JSON Schema from a spec."""

    def load(self, path: str) -> Loaded:
        """Return the spec at a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptOptions:
    """How applications are exported: `full` with all defaults, `force` over specs that exist, `pattern` for secrets."""

    today: date
    now: datetime
    full: bool = False
    force: bool = False
    pattern: SecretPattern | None = None


@dataclass(slots=True)
class _Entry:
    """An application on its way: its session, which reads each document once, its spec, and the result so far."""

    listed: ListedApplication
    session: TenantSession
    result: AdoptedApplication
    previous: Loaded | None = None
    exported: ExportedSpec | None = None
    loaded: Loaded | None = None
    mail: tuple[str, ...] = ()


@dataclass(slots=True)
class _Run:
    """One export of all applications."""

    folder: SpecFolder
    options: AdoptOptions
    tenant_name: str
    secrets: SecretNames = field(default_factory=lambda: SecretNames(set()))


async def adopt(
    open_session: Callable[[], TenantSession],
    folder: SpecFolder,
    options: AdoptOptions,
    report: Callable[[AdoptedApplication], None],
) -> AdoptionResult:
    """Export and plan all applications, a few at a time; one that fails does not stop the others.

    `report` receives each application once its spec is written and planned. Raise GraphError if the applications of
    the tenant cannot be listed.
    """
    from scimconf.graph.protocol.request import chunks
    from scimconf.graph.task_group import gather_all

    graph = open_session().graph
    listed = await list_applications(graph)
    observed = await _tenant(graph)
    run = _Run(folder, options, "" if observed is None else observed.domain or observed.id)
    previous = specs_by_principal(folder.existing, [each.principal for each in listed], observed)
    for loaded in folder.existing:
        for _, reference in references_of(loaded.resolved):
            run.secrets.reserve(reference)
    entries = _entries(run, listed, previous, open_session, response_time(graph, options.now))
    for part in chunks(entries, CONCURRENT):
        await gather_all([_guarded(entry, _read(run, entry)) for entry in part])
        for entry in part:
            await _guarded(entry, _write(run, entry))
        await gather_all([_guarded(entry, _prove(run, entry)) for entry in part])
        for entry in part:
            report(entry.result)
            entry.session.documents = None  # its documents are not needed any more
    applications = await _with_people(graph, entries)
    used = {loaded.paths[0] for loaded in previous.values()}
    orphans = tuple(
        loaded.paths[0]
        for loaded in folder.existing
        if loaded.paths[0] not in used and "retired" not in loaded.resolved
    )
    return AdoptionResult(applications=applications, orphans=orphans)


async def _tenant(graph: Graph) -> Tenant | None:
    from scimconf.graph.reading import read

    try:
        return tenant(await read(graph, organization(), {}))
    except GraphError:
        return None


def specs_by_principal(
    specs: Iterable[Loaded], principals: Sequence[Mapping[str, Any]], observed: Tenant | None
) -> dict[str, Loaded]:
    """Return the first spec of each service principal, by its id. Specs of other tenants are left out."""
    by_value: dict[tuple[str, str], list[str]] = {}
    for principal in principals:
        for key, prop in (("app_id", "appId"), ("object_id", "id"), ("display_name", "displayName")):
            by_value.setdefault((key, str(principal.get(prop)).casefold()), []).append(str(principal["id"]))
    matches: dict[str, Loaded] = {}
    for loaded in specs:
        expected, section = loaded.resolved.get("tenant"), loaded.resolved.get("application")
        if isinstance(expected, str) and observed is not None and not observed.has_name(expected):
            continue
        named = section.items() if isinstance(section, Mapping) else ()
        ids = next(filter(None, (by_value.get((key, str(value).casefold())) for key, value in named)), [])
        if len(ids) == 1:
            matches.setdefault(ids[0], loaded)
    return matches


def _entries(
    run: _Run,
    listed: Sequence[ListedApplication],
    previous: Mapping[str, Loaded],
    open_session: Callable[[], TenantSession],
    now: datetime,
) -> list[_Entry]:
    new = [each.principal for each in listed if str(each.principal["id"]) not in previous]
    names = {str(principal["id"]): name for name, principal in spec_names(new, run.folder.taken).items()}
    entries = []
    for each in listed:
        principal = each.principal
        loaded = previous.get(str(principal["id"]))
        name = names.get(str(principal["id"])) or str(loaded and loaded.resolved.get("name"))
        result = AdoptedApplication(
            name=name,
            display_name=str(principal.get("displayName") or ""),
            app_id=str(principal.get("appId") or ""),
            path=run.folder.path(name) if loaded is None else loaded.paths[0],
            action="failed",
            jobs=tuple(job_status(job, now) for job in each.jobs),
        )
        session = open_session()
        session.documents = {}
        entries.append(_Entry(each, session, result, loaded))
    return entries


async def _guarded(entry: _Entry, work: Coroutine[Any, Any, None]) -> None:
    """Do a part of the work for an application, unless an earlier part failed; record its error."""
    if entry.result.problem:
        work.close()
        return
    try:
        await work
    except (DiagnosticsError, GraphError) as error:
        codes = {diagnostic.code for diagnostic in getattr(error, "diagnostics", ())}
        is_gone = "K103" in codes or getattr(error, "status", 0) == 404
        problem = "it was deleted during the export" if is_gone else _described(error)
        entry.result = replace(entry.result, action="gone" if is_gone else "failed", problem=problem)
    except ScimconfError as error:
        entry.result = replace(entry.result, action="failed", problem=_described(error))
    except Exception as error:  # noqa: BLE001  an unexpected response about one application must not lose the others
        entry.result = replace(entry.result, action="failed", problem=describe_unexpected(error))


def _described(error: ScimconfError) -> str:
    hints = [diagnostic.hint for diagnostic in getattr(error, "diagnostics", ())] or [error.hint]
    return ". ".join(filter(None, [str(error).rstrip("."), *dict.fromkeys(hints)]))


async def _read(run: _Run, entry: _Entry) -> None:
    if entry.listed.error is not None:
        raise entry.listed.error
    result = entry.result
    identity = {"app_id": result.app_id}
    entry.exported = await export(entry.session, identity, result.name, run.tenant_name, full=run.options.full)


async def _write(run: _Run, entry: _Entry) -> None:
    """Write the spec of an application, or leave the one that is there; load what is there then."""
    exported, previous = entry.exported, entry.previous
    assert exported is not None
    result = replace(entry.result, omitted=tuple(exported.omitted))
    retired = "" if previous is None else str(previous.resolved.get("retired") or "")
    if previous is not None and (retired or not run.options.force):
        entry.loaded = previous
        entry.result = replace(result, action="kept", retired=retired)
        return
    if run.options.pattern is not None:
        apply_pattern(exported, run.options.pattern, run.secrets)
    if previous is not None:
        carry_over(exported, previous)
    path = result.path
    files = compose(exported, users_file=run.folder.users_file(path), schema=run.folder.schema(path))
    is_changed = run.folder.write(path, files)
    entry.loaded = run.folder.load(path)
    action: Action = "written" if previous is None else "replaced" if is_changed else "unchanged"
    entry.result = replace(
        result,
        action=action,
        differences=_differences(previous, entry.loaded),
        unread=tuple(exported.unread),
        unread_advice=unread_advice(exported),
    )


def _differences(previous: Loaded | None, current: Loaded) -> tuple[str, ...]:
    if previous is None or previous.spec is None or current.spec is None:
        return ()
    changes = diff_specs(KINDS, previous.spec, current.spec).changes
    return tuple(str(change.address) for change in changes)


async def _prove(run: _Run, entry: _Entry) -> None:
    """Plan the spec, and count the users in scope. Neither is a reason to lose the spec."""
    loaded = entry.loaded
    assert loaded is not None
    options = PlanOptions(today=run.options.today, impact=False, check_permissions=False)
    entry.result = replace(
        entry.result,
        proof=await _proof(entry.session, loaded, options),
        secrets=tuple(describe_reference(reference) for _, reference in references_of(loaded.resolved)),
    )
    try:
        facts = await live_facts(entry.session, entry.result.app_id, PlanOptions(today=run.options.today))
    except GraphError as error:
        entry.result = replace(entry.result, mail_problem=_described(error))
        return
    entry.mail = facts.mail
    entry.result = replace(entry.result, in_scope=facts.in_scope)


async def _proof(session: TenantSession, loaded: Loaded, options: PlanOptions) -> PlanProof:
    errors = [diagnostic for diagnostic in validate(loaded, options.today) if diagnostic.is_error]
    if loaded.spec is None or errors:
        return PlanProof(problem=_described(DiagnosticsError(errors or loaded.diagnostics)))
    try:
        planned = await plan(session, loaded, options)
    except ScimconfError as error:
        return PlanProof(problem=_described(error))
    problems = (*planned.errors, *planned.missing_errors)
    if problems:
        return PlanProof(problem=_described(DiagnosticsError(problems)))
    addresses = tuple(str(change.address) for change in planned.plan.changes)
    warnings = [principal.diagnostic.message for principal in planned.plan.missing]
    warnings += [warning.message for warning in planned.plan.warnings if warning.code in (STILL_ON, DIRECT_ROLES)]
    return PlanProof(len(addresses), addresses[:MAX_CHANGES], tuple(warnings[:MAX_CHANGES]))


async def _with_people(graph: Graph, entries: Sequence[_Entry]) -> tuple[AdoptedApplication, ...]:
    """Return the results with owners and recipients, which are read for all applications together."""
    from scimconf.graph.contacts import find_contacts

    specs = {entry.result.app_id: _owners(entry.loaded) for entry in entries}
    owners = {owner for named in specs.values() for owner in named}
    records = await find_contacts(graph, owners, {address for entry in entries for address in entry.mail})
    in_entra = await _entra_owners(graph, [str(entry.listed.principal["id"]) for entry in entries])
    return tuple(
        _person_result(entry, specs[entry.result.app_id], records, owned)
        for entry, owned in zip(entries, in_entra, strict=True)
    )


def _owners(loaded: Loaded | None) -> tuple[str, ...]:
    return loaded.spec.owners if loaded is not None and loaded.spec is not None else ()


def _person_result(
    entry: _Entry, owners: Iterable[str], records: ContactRecords, owned: tuple[Contact, ...] | str
) -> AdoptedApplication:
    return replace(
        entry.result,
        owners=owner_contacts(owners, records),
        recipients=recipient_contacts(entry.mail, records),
        entra_owners=owned if isinstance(owned, tuple) else (),
        entra_owners_problem=owned if isinstance(owned, str) else "",
    )


async def _entra_owners(graph: Graph, principals: Sequence[str]) -> list[tuple[Contact, ...] | str]:
    """Return the owners of each enterprise application in Entra, or why they cannot be read."""
    from scimconf.graph.client import Request

    path = "/servicePrincipals/{service_principal}/owners"
    answers = await graph.batch([Request("GET", path, {"service_principal": each}) for each in principals])
    results: list[tuple[Contact, ...] | str] = []
    for answer in answers:
        if isinstance(answer, GraphError):
            results.append(f"{answer.status} {answer.code}")
            continue
        rows = answer.body.get("value") if isinstance(answer.body, Mapping) else None
        results.append(tuple(_entra_owner(row) for row in rows or () if isinstance(row, Mapping)))
    return results


def _entra_owner(row: Mapping[str, Any]) -> Contact:
    name = str(row.get("userPrincipalName") or row.get("displayName") or row.get("id"))
    state = ContactState.DISABLED if row.get("accountEnabled") is False else ContactState.ENABLED
    return Contact("owner", name, state, str(row.get("id")), name)
