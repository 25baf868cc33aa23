"""The watch for secrets fails a test that leaks: shown for each channel and for each form."""

import base64
import contextlib
import logging
import subprocess
import sys
from types import SimpleNamespace

import pytest
from server_fixture import run
from tenant_fixture import Rehearsal

from canary import MARK, TOKEN, WATCH, plugin, secret
from canary.watch import Watch, contains_secret

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.leaks
SECRETS = "/servicePrincipals/x/synchronization/secrets"


def ended(capfd=None, caplog=None, folder=None, outcome="passed"):
    """Return the report of a test that ends now, as the plugin leaves it."""
    sections = [("Captured stdout call", capfd.readouterr().out if capfd else "")]
    sections += [("Captured log call", caplog.text if caplog else "")]
    report = SimpleNamespace(
        when="teardown", sections=sections, passed=outcome == "passed", outcome=outcome, longrepr=""
    )
    item = SimpleNamespace(funcargs={"tmp_path": folder}, keywords={})
    hook = plugin.pytest_runtest_makereport(item, None)
    next(hook)
    with contextlib.suppress(StopIteration):
        hook.send(report)
    return report


def assert_leak(channel, **captured):
    report = ended(**captured)
    assert report.outcome == "failed"
    assert report.longrepr.startswith(f"a secret was written:\n{channel}: ")
    assert ended().outcome == "passed", "a leak fails one test"


def send(*request):
    with contextlib.suppress(AssertionError):
        Rehearsal({}).request(*request)


def test_stderr_of_a_command_is_watched():
    run([TOKEN])
    assert_leak("stderr")


def test_output_of_a_child_is_watched():
    subprocess.run([sys.executable, "-Sc", f"print('{TOKEN}')"], capture_output=True, check=True)
    assert_leak("output of a process")


def test_output_that_a_test_reads_is_watched(capsys):
    print(TOKEN)
    assert capsys.readouterr().out
    assert_leak("captured output")


def test_output_that_no_test_reads_is_watched():
    report = SimpleNamespace(when="teardown", sections=[("Captured stdout call", TOKEN)], passed=True)
    hook = plugin.pytest_runtest_makereport(SimpleNamespace(funcargs={}, keywords={}), None)
    next(hook)
    with contextlib.suppress(StopIteration):
        hook.send(report)
    assert report.longrepr.startswith("a secret was written:\nCaptured stdout call: ")


def test_log_records_are_watched(caplog):
    logging.getLogger("azure").warning(TOKEN)
    assert_leak("Captured log call", caplog=caplog)


@pytest.mark.parametrize(
    "content", [TOKEN.encode(), b"\xff" + TOKEN.encode(), base64.b64encode(f"user:{TOKEN}".encode())]
)
def test_files_are_watched(tmp_path, content):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "plan.json").write_bytes(content)
    assert_leak("file folder/plan.json", folder=tmp_path)


def test_declared_files_are_not_watched(tmp_path):
    WATCH.secret_file(tmp_path / "token", TOKEN)
    (tmp_path / "folder").mkdir()
    WATCH.declare(tmp_path / "folder")
    (tmp_path / "folder" / "token").write_text(TOKEN)
    assert ended(folder=tmp_path).outcome == "passed"
    assert ended(folder=tmp_path).outcome == "failed", "a declaration holds for one test"


@pytest.mark.parametrize(
    ("request_", "channel"),
    [
        (("GET", f"/users/{TOKEN}"), "URL of GET"),
        (("GET", f"/users?$filter=displayName eq '{TOKEN}'"), "URL of GET"),
        (("POST", "/applications", {"displayName": TOKEN}), "body of POST"),
        (("GET", SECRETS, {"value": TOKEN}), "body of GET"),
    ],
)
def test_requests_to_a_sandbox_are_watched(request_, channel):
    plugin.watch_sandbox()
    send(*request_)
    report = ended()
    assert report.longrepr.startswith(f"a secret was written:\n{channel}")


def test_headers_of_requests_are_watched():
    WATCH.look_at_request("GET", "/users", {"x-token": TOKEN}, None)
    assert_leak("headers of GET /users")


def test_the_request_that_needs_the_secret_is_no_leak():
    send("PUT", SECRETS, {"value": [{"key": "SecretToken", "value": TOKEN}]})
    assert ended().outcome == "passed"


def raise_plain():
    raise ValueError(TOKEN)


def raise_with_member():
    error = ValueError()
    error.body = {"a": [TOKEN]}
    raise error


def raise_from():
    raise ValueError from KeyError(TOKEN)


def raise_in_except(**context):
    try:
        raise KeyError(TOKEN)
    except KeyError:
        error = ValueError()
        error.__suppress_context__ = bool(context)
        raise error  # noqa: B904  the context is what is tested


@pytest.mark.parametrize("raiser", [raise_plain, raise_with_member, raise_from, raise_in_except])
def test_exceptions_and_what_their_tracebacks_show_are_watched(raiser):
    with pytest.raises(ValueError):  # noqa: PT011  the text is what leaks
        raiser()
    assert ended().outcome == "failed"


def test_exceptions_that_no_traceback_shows_are_not_watched():
    with pytest.raises(ValueError):  # noqa: PT011
        raise_in_except(suppressed=True)
    assert ended().outcome == "passed"


def test_a_test_that_failed_stays_failed():
    WATCH.look("report", TOKEN)
    assert ended(outcome="failed").longrepr == ""


@pytest.mark.parametrize(
    "form",
    [
        TOKEN,
        TOKEN.upper(),
        secret("a b"),
        f'"{TOKEN}"'.encode(),
        TOKEN.encode().hex(),
        *(base64.b64encode(b"x" * number + MARK.encode() + b"yz").decode() for number in range(3)),
        base64.urlsafe_b64encode(f"user:{TOKEN}".encode()),
    ],
)
def test_secrets_are_recognised_in_each_form(form):
    assert contains_secret(form)
    watch = Watch()
    watch.look("channel", form)
    assert watch.take()[0].startswith("channel: ")
    assert watch.take() == []


@pytest.mark.parametrize("text", ["", "***", MARK[:-1], b"", "kanarie"])
def test_other_texts_are_no_secrets(text):
    assert not contains_secret(text)


@pytest.mark.slow
def test_pytest_reports_an_error_of_a_test_that_leaks(pytester):
    pytester.makepyfile(
        f"def test_leaks(tmp_path):\n    (tmp_path / 'file').write_text('{TOKEN}')\n\ndef test_is_clean():\n    pass\n"
    )
    result = pytester.inline_run("-p", "canary.plugin", "-p", "no:cacheprovider")
    reports = [report for report in result.getreports("pytest_runtest_logreport") if report.failed]
    assert [(report.location[2], report.when) for report in reports] == [("test_leaks", "teardown")]
