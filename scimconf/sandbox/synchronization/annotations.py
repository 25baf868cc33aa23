"""What the synchronization service's answers carry beside the thing itself: OData's annotations, and counts."""

from __future__ import annotations

from scimconf.sandbox.http_types import GraphRequest, GraphResponse, Json, sync_error, sync_path_not_found
from scimconf.sandbox.tenant import Tenant

_TYPES = {
    "directories": "directoryDefinition",
    "jobs": "synchronizationJob",
    "templates": "synchronizationTemplate",
    "schema": "synchronizationSchema",
}
_PARTS = {"synchronizationRules": "synchronizationRule", "directories": "directoryDefinition"}


def annotated(tenant: Tenant, request: GraphRequest, principal: Json, name: str, body: Json) -> Json:
    """The body with as many annotations as the switch says; `name` is what stands below the service principal."""
    body = _selected(request, body)
    how = tenant.switches.annotations
    if how == "none":
        return body
    place = f"{request.base_url}/$metadata#servicePrincipals('{principal['id']}')/synchronization/{name}"
    if how == "full":
        body = _in_full(body, name, place.removesuffix("/$entity"))
    return {"@odata.context": place} | body


def _selected(request: GraphRequest, body: Json) -> Json:
    """The asked-for properties; other options are refused, since nobody knows how the service takes them."""
    for option in ("filter", "orderby", "search", "skip"):
        if request.query.get(option):
            raise sync_error(400, "EmulatedUnsupportedQuery", f"${option} is not known to work here.")
    names = [name.strip() for name in request.query.get("select", "").split(",") if name.strip()]
    if not names:
        return body
    if isinstance(body.get("value"), list):
        return {"value": [_picked(one, names) for one in body["value"]]}
    return _picked(body, names)


def _picked(row: Json, names: list[str]) -> Json:
    return {name: row.get(name) for name in names}


def count_response(tenant: Tenant, request: GraphRequest, count: int) -> GraphResponse:
    """`$count` of a collection below synchronization, which no reference page has."""
    if tenant.switches.sync_counts == "refused":
        raise sync_path_not_found(request.path)
    return GraphResponse(200, count)


def _in_full(body: Json, name: str, place: str) -> Json:
    if not name.endswith("/$entity"):
        return body
    kind = name.removesuffix("/$entity").rsplit("/", 1)[-1].split("(", 1)[0]
    full: Json = {"@odata.type": f"#microsoft.graph.{_TYPES[kind]}"}
    for key, value in body.items():
        if key not in _PARTS:
            full[key] = value
            continue
        full[f"{key}@odata.context"] = f"{place}/{key}"
        full[key] = [{"@odata.type": f"#microsoft.graph.{_PARTS[key]}"} | one for one in value]
    return full
