"""One request from beginning to end: faults, the token, the router, the error body, the journal. No sockets here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from scimconf.sandbox.batch import answer_batch
from scimconf.sandbox.faults import ConnectionDropped, Faults, Journal, Strike
from scimconf.sandbox.routes import dispatch, is_synchronization
from scimconf.sandbox.tenant import Tenant, stable_id
from scimconf.sandbox.wire import Answer, Call, Refusal, bad_request

REJECTED_TOKENS = "rejected_tokens"
PERMISSIONS = "permissions"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and how long to hold it back."""

    answer: Answer
    request_id: str
    delay_ms: int


@dataclass(slots=True)
class Service:
    """The tenant with everything around it that a test can arm or look at."""

    tenant: Tenant
    load: Callable[[Tenant], None]
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)
    requests: int = 0

    def reset(self) -> None:
        """Starts over: the tenant as it was described, no faults, an empty journal."""
        with self.tenant.store.transaction():
            self.tenant.store.wipe()
            self.load(self.tenant)
        self.faults.clear()
        self.journal.entries.clear()

    def reply(self, call: Call) -> Reply:
        """Answers a request; ConnectionDropped where a fault says so."""
        self.requests += 1
        request_id = stable_id(f"request/{self.requests}")
        answer, delay = self._answer(call, request_id)
        return Reply(answer, request_id, delay + self.tenant.switches.latency_ms)

    def _answer(self, call: Call, request_id: str, *, batch: str | None = None) -> tuple[Answer, int]:
        before, after = self.faults.meet(call.method, unquote(call.path))
        answer: Answer | None = None
        try:
            answer = _struck(before) if before else self._judged(call, request_id, batch=batch)
            if after:
                answer = _struck(after)
        finally:
            self.journal.note(call, None if answer is None else answer.status, request_id, batch=batch)
        return answer, before.delay_ms + after.delay_ms

    def _judged(self, call: Call, request_id: str, *, batch: str | None) -> Answer:
        try:
            self._check_token(call)
            if call.path == "/$batch" and batch is None:
                shuffled = self.tenant.switches.batch_order == "shuffled"
                return answer_batch(
                    call, lambda one, key: self._answer(one, request_id, batch=key)[0], shuffled=shuffled
                )
            if batch is not None and is_synchronization(call) and self.tenant.switches.sync_in_batch == "refused":
                raise bad_request("The synchronization service is not to be had in a batch.", code="BadRequest")
            return self._in_transaction(call)
        except Refusal as refusal:
            client_id = call.headers.get("client-request-id", request_id)
            body = refusal.body(self.tenant.stamp()[:-1], request_id, client_id)
            return Answer(refusal.status, body, refusal.headers)

    def _in_transaction(self, call: Call) -> Answer:
        """Handlers judge before they write, so a refusal keeps what was counted: how late things still are."""
        permissions = self.tenant.remembered(PERMISSIONS)
        granted = None if permissions is None else frozenset(permissions)
        with self.tenant.store.transaction():
            try:
                return dispatch(self.tenant, call, granted)
            except Refusal as error:
                refusal = error
        raise refusal

    def _check_token(self, call: Call) -> None:
        given = call.headers.get("authorization")
        if given is None:
            return
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refusal(401, "InvalidAuthenticationToken", "Access token is empty.")
        if token.strip() in self.tenant.remembered(REJECTED_TOKENS, []):
            raise Refusal(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")


def _struck(strike: Strike) -> Answer:
    if strike.drop or strike.answer is None:
        raise ConnectionDropped
    return strike.answer
