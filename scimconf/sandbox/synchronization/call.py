"""A request to the synchronization service: what it is about, and its responses with annotations, `$select`, `$count`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scimconf.sandbox.directory.applications import SERVICE_PRINCIPAL, find_service_principal
from scimconf.sandbox.http_types import (
    GraphRequest,
    GraphResponse,
    Json,
    ResponseError,
    not_found,
    sync_error,
    sync_path_not_found,
    sync_unauthorized,
)
from scimconf.sandbox.store import Condition
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.templates import ProvisioningTemplate, templates_of
from scimconf.sandbox.tenant import Tenant

JOB = "job"
SCHEMA = "schema"
_TYPES = {
    "directories": "directoryDefinition",
    "jobs": "synchronizationJob",
    "templates": "synchronizationTemplate",
    "schema": "synchronizationSchema",
}
_ANY = Condition()
_REFUSED_OPTIONS = ("filter", "orderby", "search", "skip")
_TEMPLATE_FILTER = re.compile(r"\s*templateId\s+eq\s+'(?P<template>(?:[^']|'')*)'\s*", re.IGNORECASE)
_PART_TYPES = {"synchronizationRules": "synchronizationRule", "directories": "directoryDefinition"}


@dataclass(frozen=True, slots=True)
class SyncCall:
    """A request to the synchronization service, with the service principal of its path."""

    tenant: Tenant
    request: GraphRequest
    principal: Json

    @classmethod
    def of(cls, tenant: Tenant, request: GraphRequest) -> SyncCall:
        """Return the call of a request; raise a ResponseError if the service does not know the service principal."""
        key = request.path_parameters["sp"]
        if key.startswith("("):
            if tenant.switches.sync_by_app_id == "refused":
                raise sync_path_not_found(request.path)
            return cls(tenant, request, find_service_principal(tenant, key))
        principal = tenant.documents.get(SERVICE_PRINCIPAL, key)
        if principal is None:
            raise not_found(key)
        if tenant.is_still_delayed(f"synchronization/{principal['id']}"):
            raise sync_unauthorized()
        return cls(tenant, request, principal)

    @property
    def switches(self) -> Switches:
        return self.tenant.switches

    # ---- what the request is about ---------------------------------------------------------------------------------

    def template(self, template_id: object) -> ProvisioningTemplate:
        for template in templates_of(self.principal["applicationTemplateId"], self.switches):
            if template.template_id == template_id:
                return template
        raise sync_error(404, "EmulatedTemplateNotFound", f"There is no synchronization template '{template_id}'.")

    def job(self) -> Json:
        key = self.request.path_parameters["job"]
        matches = self.jobs(Condition("id = ?", (key,)))
        if not matches or not self.tenant.is_visible(JOB, key):
            raise sync_error(404, "EmulatedJobNotFound", f"There is no synchronization job '{key}'.")
        return matches[0]

    def jobs(self, where: Condition = _ANY) -> list[Json]:
        """Return the jobs of the service principal, without counting a read."""
        return self.tenant.documents.all(JOB, Condition("parent = ?", (self.principal["id"],)) & where)

    def is_selected(self, job: Json) -> bool:
        """Return whether a job matches `$filter`, which can only compare the template; raise a 400 for another filter."""
        text = self.request.query.get("filter")
        match = _TEMPLATE_FILTER.fullmatch(text) if text else None
        if text and match is None:
            raise _unsupported("filter")
        return match is None or bool(job["templateId"] == match["template"].replace("''", "'"))

    def owner(self) -> Json | ProvisioningTemplate:
        """Return the job or the template of the path."""
        parameters = self.request.path_parameters
        return self.job() if "job" in parameters else self.template(parameters["template"])

    # ---- responses -------------------------------------------------------------------------------------------------

    def response(
        self, name: str, body: Json, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> GraphResponse:
        """Return the selected properties of a body, with annotations; `name` is its path below `synchronization`."""
        body = self._selected(body, ("orderby", "search", "skip") if name == "jobs" else _REFUSED_OPTIONS)
        if self.switches.annotations != "none":
            path = f"servicePrincipals('{self.principal['id']}')/synchronization/{name}"
            url = f"{self.request.base_url}/$metadata#{path}"
            if self.switches.annotations == "full":
                body = _with_types(body, name, url.removesuffix("/$entity"))
            body = {"@odata.context": url} | body
        return GraphResponse(status, body, headers or {})

    def count(self, count: int) -> GraphResponse:
        """Return the response to `$count` of a collection, which no reference page documents."""
        if self.switches.sync_counts == "refused":
            raise sync_path_not_found(self.request.path)
        return GraphResponse(200, count)

    def _selected(self, body: Json, refused: Iterable[str]) -> Json:
        """Apply `$select`; refuse other options, since it is not known how the service handles them."""
        query = self.request.query
        for option in refused:
            if query.get(option):
                raise _unsupported(option)
        names = [name.strip() for name in query.get("select", "").split(",") if name.strip()]
        if not names:
            return body
        if isinstance(body.get("value"), list):
            return {"value": [{name: row.get(name) for name in names} for row in body["value"]]}
        return {name: body.get(name) for name in names}


def _unsupported(option: str) -> ResponseError:
    message = f"The sandbox does not support this ${option} in synchronization requests."
    return sync_error(400, "EmulatedUnsupportedQuery", message)


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
