"""Every answer that a sandbox gives in this process is held against Microsoft's description, in the whole test run.

So is every request that a sandbox takes. What does not hold fails the test in which it happened. Answers that a test
orders as a fault do not count: they are the test's own words. `pytest_plugins` of the top conftest names this module.
"""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from conformance.slice import Seen, the_slice

SEEN = Seen()
TOTALS: dict[str, Counter[str]] = {"requests": Counter(), "answers": Counter()}
SHOWN = 12
_KEY = "conformance"


def watch() -> None:
    """Looks over the shoulder of the sandbox's service, once, where it is in use."""
    module = sys.modules.get("scimconf.sandbox.service")
    if module is None or getattr(module, _KEY, False) or the_slice() is None:
        return
    judged = module.Service._handle

    def seen(service, call, request_id, *, batch):
        answer = judged(service, call, request_id, batch=batch)
        if call.path != "/$batch":
            told = (answer.status, answer.body)
            the_slice().see(SEEN, call.method, call.path, call.query, call.body, told)
        return answer

    module.Service._handle = seen
    setattr(module, _KEY, True)


@pytest.fixture(autouse=True)
def conformance(request):
    watch()
    yield
    found, SEEN.violations = SEEN.violations, []
    if "nonconforming" not in request.keywords:
        assert not found, "\n".join(["not in Microsoft's description of Graph:", *dict.fromkeys(found)][:SHOWN])


# ---- the count, over all processes ----------------------------------------------------------------------------------


def pytest_collection_finish():
    watch()


def pytest_sessionfinish(session):
    TOTALS["requests"].update(SEEN.requests)
    TOTALS["answers"].update(SEEN.answers)
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_KEY] = {name: dict(counts) for name, counts in TOTALS.items()}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    for name, counts in getattr(node, "workeroutput", {}).get(_KEY, {}).items():
        TOTALS[name].update(counts)


def pytest_terminal_summary(terminalreporter):
    if the_slice() is None:
        terminalreporter.write_line(
            "conformance: Microsoft's description of Graph is not at hand; nothing was held against it"
        )
    elif TOTALS["answers"]:
        counts = {name: sum(one.values()) for name, one in TOTALS.items()}
        terminalreporter.write_line(
            f"conformance: {counts['requests']} requests and {counts['answers']} answers held against Microsoft's"
            f" description, of {len(TOTALS['answers'])} operations"
        )
