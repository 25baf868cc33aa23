"""One request from beginning to end: faults, the token, the router, the error body, the journal. No sockets here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from scimconf.sandbox.batch import answer_batch
from scimconf.sandbox.faults import ArmedFaults, ConnectionDropped, FaultEffect, Journal
from scimconf.sandbox.http_types import GraphError, GraphRequest, GraphResponse, bad_request
from scimconf.sandbox.routes import dispatch, is_synchronization
from scimconf.sandbox.tenant import Tenant, stable_id

REJECTED_TOKENS = "rejected_tokens"
PERMISSIONS = "permissions"


@dataclass(frozen=True, slots=True)
class DelayedResponse:
    """An answer, and how long to hold it back."""

    answer: GraphResponse
    request_id: str
    delay_ms: int


@dataclass(slots=True)
class Service:
    """The tenant with everything around it that a test can arm or look at."""

    tenant: Tenant
    load: Callable[[Tenant], None]
    faults: ArmedFaults = field(default_factory=ArmedFaults)
    journal: Journal = field(default_factory=Journal)
    requests: int = 0

    def reset(self) -> None:
        """Starts over: the tenant as it was described, no faults, an empty journal."""
        with self.tenant.store.transaction():
            self.tenant.store.wipe()
            self.load(self.tenant)
        self.faults.clear()
        self.journal.entries.clear()

    def respond(self, request: GraphRequest) -> DelayedResponse:
        """Answers a request; ConnectionDropped where a fault says so."""
        self.requests += 1
        request_id = stable_id(f"request/{self.requests}")
        answer, delay = self._answer(request, request_id)
        return DelayedResponse(answer, request_id, delay + self.tenant.switches.latency_ms)

    def _answer(self, request: GraphRequest, request_id: str, *, batch: str | None = None) -> tuple[GraphResponse, int]:
        before, after = self.faults.effects_on(request.method, unquote(request.path))
        answer: GraphResponse | None = None
        try:
            answer = _effect_response(before) if before else self._handle(request, request_id, batch=batch)
            if after:
                answer = _effect_response(after)
        finally:
            self.journal.note(request, None if answer is None else answer.status, request_id, batch=batch)
        return answer, before.delay_ms + after.delay_ms

    def _handle(self, request: GraphRequest, request_id: str, *, batch: str | None) -> GraphResponse:
        try:
            self._check_token(request)
            if request.path == "/$batch" and batch is None:
                shuffled = self.tenant.switches.batch_order == "shuffled"
                return answer_batch(
                    request, lambda one, key: self._answer(one, request_id, batch=key)[0], shuffled=shuffled
                )
            if batch is not None and is_synchronization(request) and self.tenant.switches.sync_in_batch == "refused":
                raise bad_request("The synchronization service is not to be had in a batch.", code="BadRequest")
            return self._in_transaction(request)
        except GraphError as refusal:
            client_id = request.headers.get("client-request-id", request_id)
            body = refusal.body(self.tenant.stamp()[:-1], request_id, client_id)
            return GraphResponse(refusal.status, body, refusal.headers)

    def _in_transaction(self, request: GraphRequest) -> GraphResponse:
        """Handlers judge before they write, so a refusal keeps what was counted: how late things still are."""
        permissions = self.tenant.stored_value(PERMISSIONS)
        granted = None if permissions is None else frozenset(permissions)
        with self.tenant.store.transaction():
            try:
                return dispatch(self.tenant, request, granted)
            except GraphError as error:
                refusal = error
        raise refusal

    def _check_token(self, request: GraphRequest) -> None:
        given = request.headers.get("authorization")
        if given is None:
            return
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise GraphError(401, "InvalidAuthenticationToken", "Access token is empty.")
        if token.strip() in self.tenant.stored_value(REJECTED_TOKENS, []):
            raise GraphError(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")


def _effect_response(strike: FaultEffect) -> GraphResponse:
    if strike.drop or strike.answer is None:
        raise ConnectionDropped
    return strike.answer
