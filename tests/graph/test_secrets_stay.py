"""A token goes to Graph and nowhere else, whatever goes wrong and whoever echoes it."""

from __future__ import annotations

import json
import traceback

import pytest
from canary import TOKEN
from tenant_fixture import WRITER, Person, Rehearsal, everything_open, exit_code, told

from scimconf.plan import Plan
from scimconf.render import json as machine
from scimconf.render import text

CANARY = f"{TOKEN}+/=token"
FORMS = (CANARY, json.dumps(CANARY)[1:-1], f"{TOKEN}%2B%2F%3Dtoken", CANARY.encode().hex(), CANARY.encode().hex(":"))
ECHO = {"error": {"code": "UnknownError", "message": f"The value {CANARY} was refused."}}
NESTED = json.dumps({"error": {"code": CANARY, "message": json.dumps({"a": [CANARY, CANARY.encode().hex()]})}})
INNER = {"request-id": CANARY.encode().hex(":")}
FAULTS = {
    "drop before": ("drop", "before"),
    "drop after": ("drop", "after"),
    "an error that echoes it": ({"status": 400, "body": ECHO}, "before"),
    "a failure that echoes it": ({"status": 500, "body": ECHO}, "after"),
    "a refusal that echoes it": ({"status": 403, "body": ECHO}, "before"),
    "an error that echoes it in every part": (
        {"status": 400, "body": {"error": {"code": CANARY, "message": NESTED, "innerError": INNER}}},
        "before",
    ),
    "a page that echoes it": ({"status": 502, "body": f"<html>{CANARY}</html>"}, "before"),
}


PATHS = ["*/secrets", "*/validateCredentials", "*", "*/schema", "*/instantiate", "*/start"]
PAIRS = [
    pytest.param(path, fault, marks=[] if number % len(PATHS) == at else pytest.mark.slow)
    for number, fault in enumerate(FAULTS)
    for at, path in enumerate(PATHS)
]
"""Every fault of every request; by default each fault of one of them."""


@pytest.mark.parametrize(("path", "fault"), PAIRS)
def test_no_fault_of_any_request_reveals_the_token(path, fault):
    tenant = Rehearsal(environ={"WRITER_SCIM_TOKEN": CANARY})
    action, when = FAULTS[fault]
    person, planned, said = Person(), tenant.plan(WRITER), []
    tenant.fault(action, path=path, when=when, times=0 if path != "*" else 40)
    try:
        report = tenant.apply(planned, everything_open(planned), person)
        said += [repr(report), text.report([report])]
    except Exception:  # noqa: BLE001  whatever it is, its traceback must not hold the token
        said.append(traceback.format_exc())
    tenant.forget()
    said += [told(planned), repr(planned), machine.plan(Plan(applications=(planned.plan,)))]
    said += [json.dumps(dict(one.snapshot.documents), default=repr) for one in person.entries]
    said += [*person.told, repr(tenant.secrets), json.dumps(tenant.state), json.dumps(tenant.journal, default=repr)]
    assert [form for form in FORMS for one in said if form in one] == []


def test_the_token_is_stored_by_the_service():
    tenant = Rehearsal(environ={"WRITER_SCIM_TOKEN": CANARY})
    planned = tenant.plan(WRITER)
    assert exit_code(tenant.apply(planned, everything_open(planned))) == 0
    stored = tenant.service.tenant.store.rows("SELECT * FROM secrets")
    assert any(CANARY in map(str, row) for row in stored)
