"""A pytest plugin that checks all requests and responses of sandboxes in this process against Microsoft's description.

A deviation fails the test in which it occurs. Responses that a test defines as a fault are not checked. The top
conftest registers this module.
"""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from conformance.description import ConformanceLog, load_description

LOG = ConformanceLog()
TOTALS: dict[str, Counter[str]] = {"requests": Counter(), "responses": Counter()}
MAX_LINES = 12
_KEY = "conformance"


def install() -> None:
    """Wrap the request handler of the sandbox once, if the sandbox is imported."""
    module = sys.modules.get("scimconf.sandbox.service")
    if module is None or getattr(module, _KEY, False) or load_description() is None:
        return
    handle = module.Service._handle

    def checked_handle(service, request, request_id, *, batch):
        response = handle(service, request, request_id, batch=batch)
        if request.path != "/$batch":
            result = (response.status, response.body)
            load_description().check(LOG, request.method, request.path, request.query, request.body, result)
        return response

    module.Service._handle = checked_handle
    setattr(module, _KEY, True)


@pytest.fixture(autouse=True)
def conformance(request):
    install()
    yield
    deviations, LOG.deviations = LOG.deviations, []
    if "nonconforming" not in request.keywords:
        lines = ["deviations from Microsoft's description of Graph:", *dict.fromkeys(deviations)]
        assert not deviations, "\n".join(lines[:MAX_LINES])


# ---- totals of all processes ----------------------------------------------------------------------------------------


def pytest_collection_finish():
    install()


def pytest_sessionfinish(session):
    TOTALS["requests"].update(LOG.requests)
    TOTALS["responses"].update(LOG.responses)
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_KEY] = {name: dict(counts) for name, counts in TOTALS.items()}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    for name, counts in getattr(node, "workeroutput", {}).get(_KEY, {}).items():
        TOTALS[name].update(counts)


def pytest_terminal_summary(terminalreporter):
    if load_description() is None:
        terminalreporter.write_line("conformance: not checked, Microsoft's description of Graph is not available")
    elif TOTALS["responses"]:
        counts = {name: sum(counter.values()) for name, counter in TOTALS.items()}
        terminalreporter.write_line(
            f"conformance: {counts['requests']} requests and {counts['responses']} responses of"
            f" {len(TOTALS['responses'])} operations checked against Microsoft's description"
        )
