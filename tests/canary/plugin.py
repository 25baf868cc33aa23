"""A pytest plugin that fails each test in which the product writes the value of a secret anywhere.

It looks at the output of commands (in this process, in children, on terminals), at what pytest captures, logs included,
at files below `tmp_path`, at requests to sandboxes in this process and at exceptions that tests expect. The top conftest
registers this module; `test_canary.py` shows a leak in each channel.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
from _pytest.capture import CaptureFixture
from _pytest.raises import RaisesExc

from canary.watch import WATCH

MAX_LINES = 12
_WRAPPED = "canary"


def pytest_configure():
    """Wrap the methods by which tests get at output and exceptions."""
    _wrap(
        subprocess.Popen, "communicate", lambda outputs: [WATCH.look("output of a process", text) for text in outputs]
    )
    _wrap(CaptureFixture, "readouterr", lambda outputs: [WATCH.look("captured output", text) for text in outputs])
    if not hasattr(RaisesExc, _WRAPPED):
        leave = RaisesExc.__exit__

        def watched_exit(context, kind, error, trace):
            WATCH.look_at_exception(error)
            return leave(context, kind, error, trace)

        RaisesExc.__exit__ = watched_exit
        setattr(RaisesExc, _WRAPPED, True)


def _wrap(owner, name, look):
    if hasattr(owner, _WRAPPED):
        return
    method = getattr(owner, name)

    def watched(*args, **options):
        outputs = method(*args, **options)
        look(outputs)
        return outputs

    setattr(owner, name, watched)
    setattr(owner, _WRAPPED, True)


def pytest_runtest_call(item):  # noqa: ARG001  pytest's signature
    watch_sandbox()


def pytest_collection_finish():
    watch_sandbox()


def watch_sandbox():
    """Wrap the request handler of the sandbox, if the sandbox is imported."""
    module = sys.modules.get("scimconf.sandbox.service")
    if module is None or hasattr(module, _WRAPPED):
        return
    handle = module.Service._handle

    def watched_handle(service, request, request_id, *, batch):
        url = f"{request.path}?{request.query}" if request.query else request.path
        WATCH.look_at_request(request.method, url, request.headers, request.body)
        return handle(service, request, request_id, batch=batch)

    module.Service._handle = watched_handle
    setattr(module, _WRAPPED, True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):  # noqa: ARG001  pytest's signature
    """Fail the teardown of a test that leaked: what it replaced, such as functions that open files, is restored then."""
    report = yield
    if report.when == "teardown":
        for name, text in report.sections:
            WATCH.look(name, text)
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        if folder is not None:
            WATCH.look_at_files(folder)
        leaks = WATCH.take()
        if leaks and report.passed and "leaks" not in item.keywords:
            report.outcome = "failed"
            report.longrepr = "\n".join(["a secret was written:", *leaks[:MAX_LINES]])
    return report
