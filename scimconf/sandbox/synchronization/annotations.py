"""OData annotations, `$select` and `$count` in responses of the synchronization service."""

from __future__ import annotations

from scimconf.sandbox.http_types import GraphRequest, GraphResponse, Json, sync_error, sync_path_not_found
from scimconf.sandbox.tenant import Tenant

_TYPES = {
    "directories": "directoryDefinition",
    "jobs": "synchronizationJob",
    "templates": "synchronizationTemplate",
    "schema": "synchronizationSchema",
}
_PART_TYPES = {"synchronizationRules": "synchronizationRule", "directories": "directoryDefinition"}


def annotated(tenant: Tenant, request: GraphRequest, principal: Json, name: str, body: Json) -> Json:
    """Return the selected properties of a body, with annotations; `name` is its path below `synchronization`."""
    body = _selected(request, body)
    if tenant.switches.annotations == "none":
        return body
    url = f"{request.base_url}/$metadata#servicePrincipals('{principal['id']}')/synchronization/{name}"
    if tenant.switches.annotations == "full":
        body = _with_types(body, name, url.removesuffix("/$entity"))
    return {"@odata.context": url} | body


def _selected(request: GraphRequest, body: Json) -> Json:
    """Apply `$select`; refuse other options, since it is not known how the service handles them."""
    for option in ("filter", "orderby", "search", "skip"):
        if request.query.get(option):
            raise sync_error(
                400, "EmulatedUnsupportedQuery", f"The sandbox does not support ${option} in synchronization requests."
            )
    names = [name.strip() for name in request.query.get("select", "").split(",") if name.strip()]
    if not names:
        return body
    if isinstance(body.get("value"), list):
        return {"value": [_pick(row, names) for row in body["value"]]}
    return _pick(body, names)


def _pick(row: Json, names: list[str]) -> Json:
    return {name: row.get(name) for name in names}


def count_response(tenant: Tenant, request: GraphRequest, count: int) -> GraphResponse:
    """Return the response to `$count` of a synchronization collection, which no reference page documents."""
    if tenant.switches.sync_counts == "refused":
        raise sync_path_not_found(request.path)
    return GraphResponse(200, count)


def _with_types(body: Json, name: str, url: str) -> Json:
    if not name.endswith("/$entity"):
        return body
    kind = name.removesuffix("/$entity").rsplit("/", 1)[-1].split("(", 1)[0]
    typed: Json = {"@odata.type": f"#microsoft.graph.{_TYPES[kind]}"}
    for key, value in body.items():
        if key not in _PART_TYPES:
            typed[key] = value
            continue
        typed[f"{key}@odata.context"] = f"{url}/{key}"
        typed[key] = [{"@odata.type": f"#microsoft.graph.{_PART_TYPES[key]}"} | part for part in value]
    return typed
