"""A check report as JSON, and its schema. `docs/rehearsal.md` is the contract."""

from __future__ import annotations

from collections.abc import Mapping

from scimconf.check_report import CheckReport, CheckResult, CheckStatus, Exchange
from scimconf.json_types import Json
from scimconf.render.json import write

FORMAT_VERSION = "1.0"


def report(report: CheckReport) -> str:
    """Return the whole report, with bodies in full."""
    return write(document(report))


def document(report: CheckReport) -> Json:
    """Return the report as JSON values."""
    return {
        "format_version": FORMAT_VERSION,
        "kind": report.kind,
        "subject": report.subject,
        "endpoint": report.endpoint,
        "dialect": report.dialect,
        "results": [_result(result) for result in report.results],
        "remarks": list(report.remarks),
        "leftovers": list(report.leftovers),
        "summary": {status.value: number for status, number in report.counts.items()},
        "exit_code": report.exit_code,
    }


def _result(result: CheckResult) -> Json:
    return {
        "id": result.id,
        "title": result.title,
        "group": result.group,
        "status": result.status.value,
        "expected": result.expected,
        "actual": result.actual,
        "consequence": result.consequence,
        "hint": result.hint,
        "exchanges": [_exchange(exchange) for exchange in result.exchanges],
    }


def _exchange(exchange: Exchange) -> Json:
    return {
        "request": exchange.request,
        "request_body": exchange.request_body,
        "response": exchange.response,
        "response_body": exchange.response_body,
    }


def schema() -> Json:
    """Return the content of `schemas/check-report.schema.json`. Unknown keys are allowed: minor versions add some."""
    text = {"type": "string"}
    statuses = [status.value for status in CheckStatus]
    exchange = _object({"request": text, "request_body": {}, "response": text, "response_body": {}})
    sentences = dict.fromkeys(("id", "title", "group", "expected", "actual", "consequence", "hint"), text)
    result = _object({**sentences, "status": {"enum": statuses}, "exchanges": _list({"$ref": "#/$defs/exchange"})})
    counts = _object({status: {"type": "integer", "minimum": 0} for status in statuses})
    report = _object(
        {
            "format_version": {"const": FORMAT_VERSION},
            "kind": {"enum": ["rehearsal", "endpoint"]},
            **dict.fromkeys(("subject", "endpoint", "dialect"), text),
            "results": _list({"$ref": "#/$defs/result"}),
            "remarks": _list(text),
            "leftovers": _list(text),
            "summary": counts,
            "exit_code": {"enum": [0, 2, 5]},
        }
    )
    heading = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A check report of scimconf"}
    return {**heading, **report, "$defs": {"result": result, "exchange": exchange}}


def _object(properties: Mapping[str, Json]) -> Json:
    return {"type": "object", "properties": dict(properties), "required": sorted(properties)}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}
