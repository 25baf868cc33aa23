"""What a refusal of Graph says, and what to do about it: pure, no third party.

Graph passes the synchronization service's errors through in three shapes: an error whose message is the JSON text of
another error, one whose message is the JSON text `{"Message": ...}`, and an empty one. The first two are unwrapped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scimconf.diagnostics import GraphError
from scimconf.graph.protocol.request import Reply, Request
from scimconf.graph.protocol.retry import COME_BACK, retry_after

Scrub = Callable[[str], str]

UNKNOWN = "UnknownError"
UNEXPECTED = "unexpected response"
KEPT = 200
"""Characters that are kept of an answer that is not JSON."""
LOOKED_AT = 20_000
"""Bytes of it that are looked through for secrets, before the cut could leave half of one."""


@dataclass(frozen=True, slots=True)
class GraphErrorBody:
    """The words of an error: its code for branching, its message for people, the id to quote to Microsoft."""

    code: str
    message: str = ""
    request_id: str = ""


def said(body: Any) -> GraphErrorBody | None:
    """What an error's JSON says, unwrapped; None where it is no error's JSON."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    code = str(error.get("code") or UNKNOWN)
    message = _message(error)
    inner = error.get("innerError") or error.get("innererror")
    request_id = str(inner.get("request-id") or "") if isinstance(inner, dict) else ""
    wrapped = _parsed(message)
    deeper = said(wrapped)
    if deeper is not None:
        return GraphErrorBody(deeper.code, deeper.message, request_id or deeper.request_id)
    if isinstance(wrapped, dict) and isinstance(wrapped.get("Message"), str):
        message = wrapped["Message"]
    return GraphErrorBody(code, message, request_id)


def _message(error: dict[str, Any]) -> str:
    if error.get("message"):
        return str(error["message"])
    details = error.get("details")
    rows = [row for row in details if isinstance(row, dict)] if isinstance(details, list) else []
    return "; ".join(str(row["message"]) for row in rows if row.get("message"))


def _parsed(message: str | bytes) -> Any:
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class Need:
    """The permission that a call needs: by an application, and by a signed-in person where that differs."""

    methods: str
    path: str
    application: str
    delegated: str = ""

    def fits(self, method: str, path: str) -> bool:
        return re.fullmatch(self.methods, method) is not None and re.search(self.path, path) is not None

    def told(self) -> str:
        if self.delegated:
            return f"{self.application} (for a signed-in person: {self.delegated})"
        return self.application


NEEDS = (
    Need("POST", r"^/applicationTemplates/", "Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"),
    Need("POST|DELETE", r"/appRoleAssign", "AppRoleAssignment.ReadWrite.All with Application.Read.All"),
    Need("GET", r"/appRoleAssign", "Application.Read.All"),
    Need("POST", r"/synchronization/.*/discover$", "Application.ReadWrite.OwnedBy", "Directory.ReadWrite.All"),
    Need(
        "GET|POST", r"/synchronization/.*(filterOperators|functions|parseExpression)", "Synchronization.ReadWrite.All"
    ),
    Need(
        "GET",
        r"/synchronization/secrets$",
        "Synchronization.Read.All or, in some tenants, Synchronization.ReadWrite.All",
    ),
    Need("GET", r"/synchronization/", "Synchronization.Read.All"),
    Need(".*", r"/synchronization/", "Synchronization.ReadWrite.All"),
    Need("GET", r"^/(applications|servicePrincipals)\b", "Application.Read.All"),
    Need(".*", r"^/(applications|servicePrincipals)\b", "Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"),
    Need("POST", r"^/directoryObjects/getByIds$", "Directory.Read.All"),
    Need("GET", r"^/users\b", "User.ReadBasic.All, or for people's attributes User.Read.All"),
    Need("GET", r"^/groups/[^/]+/members\b", "GroupMember.Read.All"),
    Need("GET", r"^/groups\b", "Group.ReadBasic.All"),
    Need("GET", r"^/auditLogs/provisioning", "ProvisioningLog.Read.All"),
)
"""Least permissions by call, the first that fits; from microsoft-graph-devx-content's permissions.json, August 2026."""


def hint(status: int, code: str, method: str, path: str) -> str:
    """What a person can do about a refusal, or nothing."""
    if status == 401 and code == "InvalidAuthenticationToken":
        return "Sign in again, and look at --auth and the tenant: Graph does not accept this token."
    if status in {401, 403}:
        return _permission(method, path)
    return ""


def _permission(method: str, path: str) -> str:
    need = next((need for need in NEEDS if need.fits(method, path)), None)
    if need is None:
        return ""
    person = ""
    if "/synchronization/" in path:
        person = " A signed-in person also needs the role Application Administrator or Cloud Application Administrator."
    return f"This needs the Graph permission {need.told()}, consented to; it shows only in a new token.{person}"


def judge(request: Request, reply: Reply, *, scrub: Scrub, now: datetime | None) -> None:
    """Raise what a reply is, unless it is a success with JSON or with nothing (a login page comes as 200 and HTML)."""
    if not 200 <= reply.status < 300:
        raise refusal(request, reply, _parsed(reply.content), scrub=scrub, now=now)
    kind = reply.headers.get("content-type", "json")
    if reply.content and "json" not in kind.lower():
        raise unexpected(request, reply, text(reply), scrub)


def json_body(request: Request, reply: Reply, scrub: Scrub) -> Any:
    """The JSON of a success, None for nothing."""
    if not reply.content:
        return None
    with suppress(ValueError, RecursionError):
        return json.loads(reply.content)
    raise unexpected(request, reply, text(reply), scrub)


def refusal(request: Request, reply: Reply, body: Any, *, scrub: Scrub, now: datetime | None) -> GraphError:
    """The error that a reply with this JSON is; `now` is Graph's clock, for a Retry-After that is a date."""
    path = request.told()
    found = excerpt(text(reply), scrub)
    words = said(body) or GraphErrorBody(UNEXPECTED if found else UNKNOWN, found)
    wait = retry_after(reply.headers.get("retry-after"), now)
    come_back = patience(wait) if wait is not None and reply.status in COME_BACK else ""
    return GraphError(
        status=reply.status,
        code=words.code,
        message=scrub(words.message),
        method=request.method,
        path=path,
        request_id=reply.request_id or words.request_id,
        client_request_id=reply.asked,
        retry_after=wait,
        hint=come_back or hint(reply.status, words.code, request.method, path),
    )


def unexpected(request: Request, reply: Reply, message: str, scrub: Scrub) -> GraphError:
    """An answer that is a success by its status only."""
    return GraphError(
        status=reply.status,
        code=UNEXPECTED,
        message=excerpt(message, scrub),
        method=request.method,
        path=request.told(),
        request_id=reply.request_id,
        client_request_id=reply.asked,
    )


def undocumented(method: str, path: str, what: str) -> GraphError:
    """A success whose JSON is not as Graph's documentation says; `what` names a place in it, never a value."""
    message = f"the answer is not as Graph documents it: {what}"
    return GraphError(status=200, code=UNEXPECTED, message=message, method=method, path=path)


def text(reply: Reply) -> str:
    return reply.content[:LOOKED_AT].decode("utf-8", "replace")


def excerpt(message: str, scrub: Scrub) -> str:
    """The beginning of an answer that was not expected, on one line and without secrets."""
    return " ".join(scrub(message).split())[:KEPT]


def patience(seconds: float) -> str:
    return f"Graph asks to come back in {seconds:g} s: wait that long, then run it again."
