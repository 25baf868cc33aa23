"""Compares what the application has with what the mappings send, and says what Entra would do next."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scimconf.check_report import Exchange
from scimconf.rehearsal.rehearsed_tenant import CycleResult, RehearsedTenant
from scimconf.sandbox.engine import patch
from scimconf.sandbox.engine.resource import current_value
from scimconf.sandbox.engine.values import Desired, Dialect, ObjectFlow
from scimconf.sandbox.synchronization.templates import TEMPLATES

STANDARD_ATTRIBUTES = frozenset(
    attribute["name"]
    for entry in TEMPLATES["scim"].schema["directories"][-1]["objects"]
    for attribute in entry["attributes"]
)
"""The target attributes of Entra's template for applications that are not in its gallery: those of RFC 7643."""

_DROPPED_HINT = (
    "The endpoint drops this attribute. Compare its name with the /Schemas of the endpoint, or delete the mapping."
)
SUCCESS = "Entra logs success"
MAX_VALUES = 8
MAX_TEXT = 80
MAX_DETAIL = 200
_RETRIED = re.compile(r"\s*This operation was retried \d+ times.*", re.DOTALL)
_TESTED = re.compile(r"POST \S+/validateCredentials answered \d+ \w+: |\s*\(request id [0-9a-f-]+\)")
_EXCEPTION_TEXT = re.compile(r"StatusCode: \w+\s+Message: .*?Web Response:\s*", re.DOTALL)
_UNEXPECTED_STATUS = re.compile(r"HTTP/1\.1 (\d{3})")
_WEB_RESPONSE = re.compile(r"StatusCode: (?P<status>\w+)\s+Message: .*?Web Response:\s*(?P<body>.*?)\.?\Z", re.DOTALL)
FLAG = "aadOptscim062020"
_BOOLEAN_HINT = (
    f"The server reads booleans as text. Accept `True` and `False` in any case as booleans, or ask for `?{FLAG}` in the"
    " tenant URL: then Entra sends booleans."
)
MANAGER_HINT = (
    "Entra sends the id of a manager as text. Accept the text beside the object `{value: …}`, and return the object."
)
_EXCLUDED_HINT = (
    "Leave out members where Entra asks for `excludedAttributes=members`: if it sees members, it replaces all of them."
)
_REMOVAL_HINT = (
    f"Treat the value of the `Remove` operation as the members to remove, and no others, or ask for `?{FLAG}` in the tenant"
    " URL: then Entra names each member in the path."
)
_SCHEMA_HINT = "Entra names schemas that a server may not know, also in groups. Ignore schemas that you do not know."
_CASE_HINT = f"Accept `Add`, `Replace` and `Remove` in any case, or ask for `?{FLAG}` in the tenant URL: then Entra sends lower case."
_STATUS_HINTS: Mapping[str, str] = {
    "401": "The endpoint refuses the token. Check the token and how the endpoint compares it.",
    "403": "The endpoint refuses the token for this request. Check the permissions of the token.",
    "409": "The endpoint has this object, and the search before did not find it. Compare filter values without case.",
    "429": "The endpoint limits the rate. Entra expects at least 25 requests a second for each tenant.",
    "301": "Entra follows no redirect. Write the address that the redirect names as the tenant URL.",
    "302": "Entra follows no redirect. Write the address that the redirect names as the tenant URL.",
    "308": "Entra follows no redirect. Write the address that the redirect names as the tenant URL.",
}


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """A target attribute whose value in the application is not the one that was sent; None is no value."""

    target: str
    expected: Any
    actual: Any
    is_boolean: bool = False

    def __str__(self) -> str:
        is_text = self.is_boolean and isinstance(self.actual, str)
        actual = f'the text "{self.actual}"' if is_text else short_text(self.actual)
        return f"{self.target} is {actual}, not {short_text(self.expected)}"


@dataclass(frozen=True, slots=True)
class Unexpected:
    """What is not as expected: sentences, the codes and reasons of logged failures, and attributes that differ."""

    problems: Sequence[str] = ()
    failed: Sequence[tuple[str, str]] = ()
    differences: Sequence[ValueDifference] = ()


def value_differences(
    tenant: RehearsedTenant, flow: ObjectFlow, mapped: Desired, resource: Mapping[str, Any]
) -> list[ValueDifference]:
    """Return the attributes whose value in a resource differs from what the mappings send."""
    rows = tuple(replace(row, flow_behavior="FlowWhenChanged") for row in flow.flows)
    plain = replace(flow, flows=rows)
    switches, dialect = tenant.service.tenant.switches, tenant.dialect
    differences = []
    for row in rows:
        if row.target not in mapped.values:
            continue
        value, actual = mapped.values[row.target], current_value(dict(resource), row.target)
        single = replace(mapped, values={row.target: value})
        is_boolean = row.data_type == "Boolean"
        is_text = is_boolean and isinstance(actual, str)
        if actual is None or is_text or patch.operations(plain, single, dict(resource), dialect, switches):
            differences.append(ValueDifference(row.target, value, actual, is_boolean))
    return differences


def short_text(value: Any) -> str:
    """Return a value for a sentence as it is written in JSON, shortened."""
    if value is None:
        return "missing"
    is_boolean = value in ("True", "False")  # the mappings give booleans as text
    text = str(value).lower() if is_boolean else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def values_text(values: Mapping[str, Any]) -> str:
    """Return the values of target attributes as one line."""
    pairs = [f"{target} {short_text(value)}" for target, value in sorted(values.items())]
    more = len(pairs) - MAX_VALUES
    return ", ".join(pairs[:MAX_VALUES]) + (f" and {more} more" if more > 0 else "")


def failures(cycle: CycleResult, object_ids: Iterable[str]) -> list[tuple[str, str]]:
    """Return code and reason of each failure that a cycle logged for these objects, equal ones once."""
    ids = set(object_ids)
    rows: list[tuple[str, str]] = []
    for event in cycle.events:
        error = (event.get("provisioningStatusInfo") or {}).get("errorInformation")
        if error and (event.get("sourceIdentity") or {}).get("id") in ids:
            rows.append((str(error["errorCode"]), _short_reason(str(error["reason"]))))
    return list(dict.fromkeys(rows))


def _short_reason(reason: str) -> str:
    """Return the reason of a failure without the sentences that the service adds to each."""
    text = _RETRIED.sub("", reason)
    response = _WEB_RESPONSE.match(text)
    if response is None:
        return text
    status, body = response["status"], response["body"].strip()
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    detail = parsed.get("detail") if isinstance(parsed, dict) else body
    return f"{status}: {' '.join(str(detail or body).split())[:MAX_DETAIL]}"


def consequence(cycle: CycleResult, unexpected: Unexpected) -> str:
    """Return what Entra would do next after a check that did not pass."""
    if cycle.quarantine:
        return (
            f"The job is in quarantine ({cycle.quarantine}): Entra tries one cycle a day, and disables the job after four"
            " weeks."
        )
    if unexpected.failed:
        return (
            f"The object is in escrow ({unexpected.failed[0][0]}): Entra tries it again in later cycles, less and less often, and gives"
            " up after 28 days."
        )
    if unexpected.differences:
        return f"{SUCCESS}, and sends the value again whenever the object changes."
    return ""


def hint(exchanges: Sequence[Exchange], differences: Sequence[ValueDifference], dialect: Dialect) -> str:
    """Return what to change in the application or in the spec, from what was sent and what came back."""
    is_legacy = dialect is Dialect.LEGACY
    if is_legacy and any(difference.is_boolean and difference.actual is not None for difference in differences):
        return _BOOLEAN_HINT
    by_exchange = (_exchange_hint(exchange, is_legacy=is_legacy) for exchange in exchanges)
    dropped = (_DROPPED_HINT for difference in differences if difference.actual is None)
    return next(filter(None, (*by_exchange, *dropped)), "")


def member_hint(exchanges: Sequence[Exchange], dialect: Dialect) -> str:
    """Return what to change if a group has other members than it should have; empty if the requests do not show it."""
    for exchange in exchanges:
        if "excludedAttributes=members" in exchange.request and '"members": [{' in json.dumps(exchange.response_body):
            return _EXCLUDED_HINT
    operations = [operation for exchange in exchanges for operation in _operations(exchange.request_body)]
    removes = [operation for operation in operations if str(operation.get("op")).lower() == "remove"]
    if not removes:
        has_path = all("path" in operation for operation in operations)
        return "" if has_path else "A `replace` without a path changes only the attributes that it names."
    return _REMOVAL_HINT if dialect is Dialect.LEGACY else "Remove the members that the filter in the path selects."


def apply_problem(text: str) -> str:
    """Return the error of an apply without the request to Graph and the sentences that the service adds to each."""
    plain = _TESTED.sub("", text)
    return " ".join(_EXCEPTION_TEXT.sub("", plain).split())


def apply_hint(problem: str, exchanges: Sequence[Exchange], dialect: Dialect) -> str:
    """Return what to change after a failed apply: the connection test has the status in the text of its error."""
    status = _UNEXPECTED_STATUS.search(problem)
    return hint(exchanges, (), dialect) or _STATUS_HINTS.get(status[1] if status is not None else "", "")


def _exchange_hint(exchange: Exchange, *, is_legacy: bool) -> str:
    status, method = exchange.response.partition(" ")[0], exchange.request.partition(" ")[0]
    by_status = _STATUS_HINTS.get(status, "")
    if method == "PATCH" and status in ("400", "422", "501"):
        return _patch_hint(exchange, is_legacy=is_legacy)
    return by_status or _response_hint(exchange, method, status)


def _response_hint(exchange: Exchange, method: str, status: str) -> str:
    body = _text(exchange.response_body)
    hints = {
        "Answer a filter without a match with 200 and an empty ListResponse.": status == "404"
        and "filter=" in exchange.request,
        _SCHEMA_HINT: method == "POST" and status in ("400", "422") and "schema" in _detail(exchange.response_body),
        "Answer a creation with 201 and the resource with its id.": method == "POST" and status == "200",
        "The endpoint has an internal error; see its log for this request.": status.startswith("5"),
        "The endpoint answers with HTML: check the path of the tenant URL.": "<html" in body,
    }
    return next((text for text, applies in hints.items() if applies), "") or _value_hint(exchange.response_body)


def _patch_hint(exchange: Exchange, *, is_legacy: bool) -> str:
    operations = list(_operations(exchange.request_body))
    managers = [operation for operation in operations if str(operation.get("path", "")).endswith(":manager")]
    if any(isinstance(operation.get("value"), str) for operation in managers):
        return MANAGER_HINT
    if is_legacy and any(operation.get("value") in ("True", "False") for operation in operations):
        return _BOOLEAN_HINT
    is_about_case = is_legacy and re.search(r"\bop\b|operation|\b(add|replace|remove)\b", _text(exchange.response_body))
    return _CASE_HINT if is_about_case else _value_hint(exchange.response_body)


def _value_hint(body: Any) -> str:
    """Return what to change if the response says that a value is refused (RFC 7644, section 3.12), else an empty text."""
    is_refused = isinstance(body, dict) and body.get("scimType") == "invalidValue" and body.get("detail")
    return f"{body['detail']}: change the mapping, so that the application takes the value." if is_refused else ""


def _detail(body: Any) -> str:
    """Return the text of an error in lower case, or the whole body if it is no error in the form of the RFC."""
    return str(body["detail"]).lower() if isinstance(body, dict) and "detail" in body else _text(body)


def _operations(body: Any) -> Iterator[Mapping[str, Any]]:
    operations = body.get("Operations") if isinstance(body, dict) else None
    yield from (operation for operation in operations or () if isinstance(operation, dict))


def _text(body: Any) -> str:
    return (body if isinstance(body, str) else json.dumps(body)).lower()
