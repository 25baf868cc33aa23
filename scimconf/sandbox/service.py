"""Handles one request: faults, token, routing, error body and journal. Independent of sockets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from scimconf.sandbox.batch import batch_response
from scimconf.sandbox.faults import ArmedFaults, ConnectionDropped, FaultEffect, Journal
from scimconf.sandbox.http_types import (
    GraphRequest,
    GraphResponse,
    PendingResponse,
    ResponseError,
    bad_request,
    not_emulated,
)
from scimconf.sandbox.routes import dispatch, is_synchronization
from scimconf.sandbox.target.page import TargetView
from scimconf.sandbox.tenant import Tenant, stable_id

REJECTED_TOKENS = "rejected_tokens"
PERMISSIONS = "permissions"


@dataclass(frozen=True, slots=True)
class DelayedResponse:
    """A response and the delay before it is sent."""

    response: GraphResponse
    request_id: str
    delay_ms: int


@dataclass(slots=True)
class Service:
    """The tenant with its faults and its journal. `load` fills an empty tenant; `target` is what `/_sandbox/target` shows."""

    tenant: Tenant
    load: Callable[[Tenant], None]
    faults: ArmedFaults = field(default_factory=ArmedFaults)
    journal: Journal = field(default_factory=Journal)
    requests: int = 0
    running: set[str] = field(default_factory=set)
    """The ids of the jobs with a running cycle."""
    target: TargetView | None = None

    def reset(self) -> None:
        """Restore the initial tenant; remove all faults and journal entries."""
        with self.tenant.store.transaction():
            self.tenant.store.wipe()
            self.load(self.tenant)
        self.faults.clear()
        self.journal.entries.clear()

    def respond(self, request: GraphRequest) -> DelayedResponse:
        """Return the response to a request; raise ConnectionDropped if a fault drops the connection."""
        self.requests += 1
        request_id = stable_id(f"request/{self.requests}")
        response, delay = self._respond(request, request_id)
        return DelayedResponse(response, request_id, delay + self.tenant.switches.latency_ms)

    async def complete(self, request: GraphRequest, reply: DelayedResponse) -> DelayedResponse:
        """Return a response that is complete: send the requests to an application that it needs."""
        pending = reply.response
        if not isinstance(pending, PendingResponse) or pending.complete is None:
            return reply
        try:
            response = await pending.complete(self)
        except ResponseError as error:
            response = self._error_response(request, reply.request_id, error)
        self.journal.set_status(reply.request_id, response.status)
        return replace(reply, response=response)

    def _respond(
        self, request: GraphRequest, request_id: str, *, batch: str | None = None
    ) -> tuple[GraphResponse, int]:
        before, after = self.faults.effects_on(request.method, unquote(request.path))
        response: GraphResponse | None = None
        try:
            response = _effect_response(before) if before else self._handle(request, request_id, batch=batch)
            if after:
                response = _effect_response(after)
        finally:
            self.journal.note(request, None if response is None else response.status, request_id, batch=batch)
        return response, before.delay_ms + after.delay_ms

    def _handle(self, request: GraphRequest, request_id: str, *, batch: str | None) -> GraphResponse:
        try:
            self._check_token(request)
            if request.path == "/$batch" and batch is None:
                shuffled = self.tenant.switches.batch_order == "shuffled"
                return batch_response(
                    request, lambda inner, key: self._respond(inner, request_id, batch=key)[0], shuffled=shuffled
                )
            if batch is not None and is_synchronization(request) and self.tenant.switches.sync_in_batch == "refused":
                raise bad_request("Synchronization requests are not supported in a batch.", code="BadRequest")
            response = self._in_transaction(request)
            if batch is not None and isinstance(response, PendingResponse):
                raise not_emulated("requests to an application in a batch")
            return response
        except ResponseError as error:
            return self._error_response(request, request_id, error)

    def _error_response(self, request: GraphRequest, request_id: str, error: ResponseError) -> GraphResponse:
        client_id = request.headers.get("client-request-id", request_id)
        body = error.body(self.tenant.stamp()[:-1], request_id, client_id)
        return GraphResponse(error.status, body, error.headers)

    def _in_transaction(self, request: GraphRequest) -> GraphResponse:
        """Commit also after a ResponseError: handlers write nothing before it except counts of delayed reads."""
        permissions = self.tenant.stored_value(PERMISSIONS)
        permission_set = None if permissions is None else frozenset(permissions)
        with self.tenant.store.transaction():
            try:
                return dispatch(self.tenant, request, permission_set)
            except ResponseError as error:
                failure = error
        raise failure

    def _check_token(self, request: GraphRequest) -> None:
        header = request.headers.get("authorization")
        if header is None:
            return
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ResponseError(401, "InvalidAuthenticationToken", "Access token is empty.")
        if token.strip() in self.tenant.stored_value(REJECTED_TOKENS, []):
            raise ResponseError(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")


def _effect_response(effect: FaultEffect) -> GraphResponse:
    if effect.drop or effect.response is None:
        raise ConnectionDropped
    return effect.response
