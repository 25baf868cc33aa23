"""Keep one application of a name if several runs create it at the same time.

Graph allows several applications with one name, and shows a new one to others with a delay. Every run looks again after
its creation and before the first start. The oldest application remains, by createdDateTime and id, which all runs see
alike; each other run deletes its own. An application that this run did not create, or that was started, is never deleted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from scimconf.diagnostics import GraphError, ScimconfError, StaleError, WithdrawnError
from scimconf.documents.application import age
from scimconf.documents.job import has_run, jobs
from scimconf.graph.client import Request
from scimconf.graph.eventual_consistency import may_be_propagating
from scimconf.graph.reading import TenantSession, read
from scimconf.json_types import Json
from scimconf.steps import NameCheck

CREATED_MEANWHILE = "the application was created meanwhile by another run; apply again"
_REASON = "other applications with the same name to be deleted"


async def check_name(
    session: TenantSession,
    step: NameCheck,
    own_id: str,
    interrupted: Callable[[], bool],
    listed: Sequence[Json] | None = None,
) -> None:
    """Return once no other application has the name; `own_id` is the service principal, "" if it is not known.

    `listed` are the applications with the name if they were read since the creation, and nothing was waited for.
    Wait for other runs to delete theirs. Raise WithdrawnError if the application of this run was deleted, StaleError if
    another one remains and this run must not delete its own, and ScimconfError if the deletion failed.
    """
    may_delete = not session.started and session.created.get("service_principal") == own_id
    backoff = session.consistency.backoff()
    while True:
        rows = await _listed(session, step) if listed is None else list(listed)
        listed = None
        if len(rows) == 1 and own_id in ("", rows[0]["id"]):
            return
        if may_delete and await _is_younger(session, step, rows, own_id):
            break
        if interrupted() or not await backoff.wait(_REASON):
            break
    if not may_delete or interrupted() or all(row["id"] == own_id for row in rows):
        raise _ambiguous(rows, own_id)
    await _delete_own(session, step, own_id)
    raise WithdrawnError(CREATED_MEANWHILE, "The application of this run is deleted; the other one remains.")


async def _listed(session: TenantSession, step: NameCheck) -> list[Json]:
    return list(await read(session.graph, step.document, {}))


async def _is_younger(session: TenantSession, step: NameCheck, rows: list[Json], own_id: str) -> bool:
    """Return whether one of the other applications is certainly older.

    One of another tenant has no application object here; it counts as older. If an object is not visible yet, the
    answer is no for now.
    """
    own = next((row for row in rows if row["id"] == own_id), None)
    others = [row for row in rows if row is not own]
    if own is None or not others:
        return False
    owner = own.get("appOwnerOrganizationId")
    if any(row.get("appOwnerOrganizationId") != owner for row in others):
        return True
    registrations = {row["appId"]: age(row) for row in await read(session.graph, step.registrations, {})}
    limit = registrations.get(own["appId"])
    ages = [registrations[row["appId"]] for row in others if row["appId"] in registrations]
    return limit is not None and any(other < limit for other in ages)


def _ambiguous(rows: list[Json], own_id: str) -> StaleError:
    if not rows or all(row["id"] == own_id for row in rows):
        return StaleError("Graph no longer lists the application", "Run apply again.")
    ids = ", ".join(f"app_id {row['appId']}" for row in rows)
    hint = "Run apply again in a few minutes. If several remain, delete all but one, or write its app_id."
    return StaleError(f"another application with the same name was created meanwhile: {ids}", hint)


async def _delete_own(session: TenantSession, step: NameCheck, own_id: str) -> None:
    """Delete the application that this run created; raise ScimconfError unless it is certain that nobody started it."""
    try:
        rows = await _retried(session, lambda: read(session.graph, jobs(None), session.created))
        if any(map(has_run, rows)):
            raise ScimconfError("its provisioning was started by another run")
        await _retried(session, lambda: _delete(session, step, own_id))
    except ScimconfError as error:
        message = f"another application with the same name was created meanwhile, and that of this run remains: {error}"
        hint = f"Delete the application with app_id {session.created['app_id']} in the portal, then apply again."
        raise ScimconfError(message, hint) from None


async def _delete(session: TenantSession, step: NameCheck, own_id: str) -> None:
    """Delete the application object, which deletes the service principal too; one that is not listed is gone."""
    try:
        await session.graph.send(Request("DELETE", "/applications/{app}", session.created))
    except GraphError as error:
        if error.status != 404 or any(row["id"] == own_id for row in await _listed(session, step)):
            raise


async def _retried(session: TenantSession, work: Callable[[], Awaitable[Json]]) -> Json:
    """Return the result of a request; repeat it while its error may only mean that the application is new."""
    backoff = session.consistency.backoff()
    while True:
        try:
            return await work()
        except GraphError as error:
            if not may_be_propagating(error) or not await backoff.wait("replication of the new application"):
                raise
