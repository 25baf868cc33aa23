"""The requests of the provisioning engine: URLs, filters and headers, as captures of the service show them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

from scimconf.sandbox.engine.values import Dialect, Endpoint, Json, ObjectFlow, ScimRequest
from scimconf.sandbox.switches import Switches

COMPLIANT_FLAG = "aadoptscim062020"
LEGACY_FLAG = "azureadscimpatch2017"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USER_AGENT = "scimconf-sandbox"
_FORMER_FLAG = "azureadscimpatch062020"
_MEDIA_TYPE = "application/scim+json"
_WITHOUT_MEMBERS = "excludedAttributes=members"
_DIALECTS = {"legacy": Dialect.LEGACY, "aadOptscim062020": Dialect.COMPLIANT}


def endpoint(address: str, switches: Switches) -> Endpoint:
    """Return the endpoint of a tenant URL. Its flags select the dialect; other parameters stay part of each request."""
    parts = urlsplit(address.strip())
    parameters = [text for text in parts.query.split("&") if text]
    names = {_flag_name(text) for text in parameters}
    is_compliant = bool(names & {COMPLIANT_FLAG, _FORMER_FLAG}) and LEGACY_FLAG not in names
    by_flag = Dialect.COMPLIANT if is_compliant else Dialect.LEGACY
    flags = {COMPLIANT_FLAG, LEGACY_FLAG, _FORMER_FLAG} if switches.flag_on_wire == "stripped" else set()
    query = "&".join(text for text in parameters if _flag_name(text) not in flags)
    url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    return Endpoint(url, query, _DIALECTS.get(switches.dialect, by_flag))


def _flag_name(parameter: str) -> str:
    return parameter.partition("=")[0].lower()


def url(target: Endpoint, request: ScimRequest) -> str:
    """Return the URL of a request to an endpoint."""
    query = "&".join(filter(None, (target.query, request.query)))
    return f"{target.url}{request.path}{'?' if query else ''}{query}"


def headers(request: ScimRequest, token: str, switches: Switches, *, activity: str = "") -> dict[str, str]:
    """Return the headers of a request; a request without a body has no Content-Type.

    `activity` is the text `Date:…, ActivityId:…` of a cycle. The caller removes the User-Agent of its HTTP library.
    """
    values = {"Authorization": f"Bearer {token}"}
    if switches.accept == "scim":
        values["Accept"] = _MEDIA_TYPE
    if switches.adscimversion_header != "none":
        is_dated = switches.adscimversion_header == "dated" and activity
        values["ADSCIMVersion"] = activity if is_dated else "6.0"
    if switches.user_agent == "sent":
        values["User-Agent"] = USER_AGENT
    if request.body is not None:
        values["Content-Type"] = f"{_MEDIA_TYPE}; charset=utf-8" if switches.content_type == "charset" else _MEDIA_TYPE
    return values


# ---- reading --------------------------------------------------------------------------------------------------------


def match(flow: ObjectFlow, attribute: str, value: str, switches: Switches) -> ScimRequest:
    """Return the search for the objects whose target attribute has a value; a group is read without its members."""
    return _listing(flow.resource, f"{attribute} eq {_literal(value)}", switches)


def probes(flows: Iterable[ObjectFlow], guid: str, switches: Switches) -> tuple[ScimRequest, ...]:
    """Return the requests of a test of the connection: searches for a random value of the first matching attribute.

    Groups are searched also without a mapping of groups, depending on the switch `probe_groups`.
    """
    attributes = {flow.resource: flow.matchers[0].target for flow in flows if flow.matchers}
    searched = {"Users": attributes.get("Users", "userName")}
    if "Groups" in attributes or switches.probe_groups == "yes":
        searched["Groups"] = attributes.get("Groups", "displayName")
    return tuple(_listing(resource, f"{name} eq {_literal(guid)}", switches) for resource, name in searched.items())


def read(flow: ObjectFlow, key: str, _switches: Switches) -> ScimRequest:
    """Return the request that reads a known object by its id in the application."""
    return ScimRequest("GET", _path(flow, key), _WITHOUT_MEMBERS if flow.resource == "Groups" else "")


def reference_test(flow: ObjectFlow, key: str, attribute: str, value: str, switches: Switches) -> ScimRequest:
    """Return the search that tests whether an object has a reference, as an older engine does."""
    condition = f"id eq {_literal(key)} and {attribute} eq {_literal(value)}"
    return ScimRequest("GET", f"/{flow.resource}", f"attributes=id&filter={_encoded(condition, switches)}")


# ---- writing --------------------------------------------------------------------------------------------------------


def create(flow: ObjectFlow, body: Json, _switches: Switches) -> ScimRequest:
    return ScimRequest("POST", f"/{flow.resource}", body=body)


def update(flow: ObjectFlow, key: str, operations: list[Json], _switches: Switches) -> ScimRequest:
    """Return the PATCH with these operations."""
    return ScimRequest("PATCH", _path(flow, key), body={"schemas": [PATCH_OP], "Operations": operations})


def delete(flow: ObjectFlow, key: str, _switches: Switches) -> ScimRequest:
    return ScimRequest("DELETE", _path(flow, key))


def _listing(resource: str, condition: str, switches: Switches) -> ScimRequest:
    parameters = [_WITHOUT_MEMBERS] if resource == "Groups" else []
    query = "&".join((*parameters, f"filter={_encoded(condition, switches)}"))
    return ScimRequest("GET", f"/{resource}", query)


def _path(flow: ObjectFlow, key: str) -> str:
    """Return the path of an object. An id is one segment, whatever the application put into it, and never `..`."""
    segment = quote(key, safe="")
    return f"/{flow.resource}/{segment.replace('.', '%2E') if not segment.strip('.') else segment}"


def _literal(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _encoded(condition: str, switches: Switches) -> str:
    return quote_plus(condition) if switches.query_space == "plus" else quote(condition, safe="")
