"""Owners of applications, service principals and groups, stored in the table of members as `owners/ID`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from scimconf.sandbox.directory.responses import PagedRows, convert_rows, page_response, select_properties
from scimconf.sandbox.directory.users_and_groups import find_principal, put_member
from scimconf.sandbox.http_types import NO_CONTENT, GraphRequest, GraphResponse, Json, bad_request, not_found
from scimconf.sandbox.tenant import Tenant

CALLER = "caller"
_BIND_KEY = "owners@odata.bind"
FindOwned: TypeAlias = Callable[[Tenant, str], Json]


def list_owners(find: FindOwned, tenant: Tenant, request: GraphRequest) -> GraphResponse:
    owned = _key(find(tenant, request.path_parameters["owned"])["id"])
    count = partial(tenant.store.value, "SELECT COUNT(*) FROM members WHERE group_id = ?", (owned,))

    def rows(after: int, limit: int) -> list[tuple[int, Json]]:
        members = tenant.store.rows(
            "SELECT seq, member_id FROM members WHERE group_id = ? AND seq > ? ORDER BY seq LIMIT ?",
            (owned, after, limit),
        )
        owners = ((number, _find_owner(tenant, owner)) for number, owner in members)
        return convert_rows(
            partial(select_properties, request), ((number, owner) for number, owner in owners if owner is not None)
        )

    return page_response(tenant, request, PagedRows("directoryObjects", rows, count))


def add_owner(find: FindOwned, tenant: Tenant, request: GraphRequest) -> GraphResponse:
    owned = find(tenant, request.path_parameters["owned"])["id"]
    if not _bind(tenant, owned, str(request.object_body().get("@odata.id", ""))):
        raise bad_request(
            "One or more added object references already exist for the following modified properties: 'owners'."
        )
    return NO_CONTENT


def remove_owner(find: FindOwned, tenant: Tenant, request: GraphRequest) -> GraphResponse:
    owned = _key(find(tenant, request.path_parameters["owned"])["id"])
    values = (owned, request.path_parameters["owner"].lower())
    if not tenant.store.run("DELETE FROM members WHERE group_id = ? AND member_id = ?", values):
        raise not_found(request.path_parameters["owner"])
    return NO_CONTENT


def validate_owners(tenant: Tenant, body: Json) -> list[str]:
    """Return the links of `owners@odata.bind` of a body; raise a 404 if a linked object does not exist."""
    links = body.get(_BIND_KEY) or []
    if not isinstance(links, list):
        raise bad_request(f"'{_BIND_KEY}' must be a collection.")
    for link in links:
        _find_linked(tenant, str(link))
    return [str(link) for link in links]


def bind_owners(tenant: Tenant, owned: str, links: list[str]) -> None:
    for link in links:
        _bind(tenant, owned, link)


def remove_owners(tenant: Tenant, owned: str) -> None:
    tenant.store.run("DELETE FROM members WHERE group_id = ?", (_key(owned),))


def _bind(tenant: Tenant, owned: str, link: str) -> bool:
    return put_member(tenant, _key(owned), _find_linked(tenant, link)["id"])


def _find_linked(tenant: Tenant, link: str) -> Json:
    owner = _find_owner(tenant, link.split("?", 1)[0].rsplit("/", 1)[-1])
    if owner is None:
        raise not_found(link)
    return owner


def _find_owner(tenant: Tenant, key: str) -> Json | None:
    """Return a user or a service principal, which can also be a client of the sign-in service; None if unknown."""
    caller = tenant.documents.get(CALLER, key)
    if caller is not None:
        return {"@odata.type": "#microsoft.graph.servicePrincipal", **caller}
    return find_principal(tenant, key, ["user", "serviceprincipal"])


def _key(owned: str) -> str:
    return f"owners/{owned}"
