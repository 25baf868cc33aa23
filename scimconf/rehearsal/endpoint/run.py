"""Runs checks one after the other and reports them; what a run created is deleted however it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from scimconf.check_report import CheckReport, CheckResult, CheckStatus
from scimconf.diagnostics import describe_unexpected, plural
from scimconf.rehearsal.endpoint.bodies import equals
from scimconf.rehearsal.endpoint.checks import Check
from scimconf.rehearsal.endpoint.context import (
    MAX_EXCHANGES,
    CheckContext,
    CheckFailedError,
    CheckSkippedError,
    CheckWarningError,
    RunSettings,
    describe_answer,
)
from scimconf.rehearsal.endpoint.created import delete_quietly
from scimconf.rehearsal.endpoint.masking import RunMask
from scimconf.rehearsal.endpoint.messages import EndpointRequest, EndpointResponse
from scimconf.rehearsal.endpoint.setups import TEXTS, CheckSetupError, Setup
from scimconf.rehearsal.endpoint.transport import (
    EndpointClient,
    EndpointConnection,
    EndpointSilentError,
    RunEndedError,
)

CONNECTION = "Connection"
AGENT = "scimconf-check-endpoint"
"""The User-Agent of the remaining requests to an endpoint that refuses requests without one."""
_APPENDED = "Entra appends /Users and /Groups to it."
Progress = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRun:
    """Everything that a run needs; `subject` names the selection of the checks in the report.

    `clock` returns seconds; `progress` is called with the id of each check before it begins.
    """

    connection: EndpointConnection
    settings: RunSettings
    checks: Sequence[Check]
    subject: str
    secrets: tuple[str, ...]
    clock: Callable[[], float]
    progress: Progress


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """The report, and whether the run was interrupted: then the remaining checks are skipped."""

    report: CheckReport
    interrupted: bool


def check_endpoint(run: EndpointRun) -> RunOutcome:
    """Run the checks, delete what they created, and return the report.

    An interrupt ends the checks and begins the deletion; a second one ends the deletion too.
    """
    mask = RunMask(run.secrets)
    with EndpointClient(run.connection, run.clock) as client:
        context = CheckContext(client, run.settings, mask)
        results: list[CheckResult] = []
        remarks: list[str] = []
        ended, interrupted = "", False
        try:
            ended = _run_all(context, run, results, remarks)
            if client.repeated:
                remarks.append(f"{plural(client.repeated, 'request')} answered with 429 had to be repeated (see B43).")
        except KeyboardInterrupt:
            interrupted = True
            ended = "Interrupted. The remaining checks were not run."
        except Exception as error:  # noqa: BLE001  what was created is deleted however the run ends
            results.append(_defect(error))
        remarks += filter(None, [ended])
        try:
            run.progress("deleting what was created")
            client.as_entra = True
            client.begin_deletion()
            remarks += filter(None, [delete_quietly(context.resources, client.send)])
        except KeyboardInterrupt:
            interrupted = True
            remarks.append("The deletion was interrupted.")
    results += _unfinished(run, results, mask.text(ended))
    return RunOutcome(_report(run, mask, results, remarks, context.resources.leftovers()), interrupted)


def _defect(error: Exception) -> CheckResult:
    return CheckResult(
        id="Run",
        title="All checks are run",
        status=CheckStatus.FAILED,
        expected="a result of each check",
        actual=describe_unexpected(error),
        hint="Please report it, with the command that you ran.",
    )


def _unfinished(run: EndpointRun, results: Sequence[CheckResult], ended: str) -> Iterator[CheckResult]:
    """Yield a failed result if the run ended before all checks were run, and then the checks that were not run."""
    done = {result.id for result in results}
    remaining = [check for check in run.checks if check.id not in done]
    if ended and remaining:
        yield CheckResult(
            id="Run",
            title="All checks are run",
            status=CheckStatus.FAILED,
            expected="a result of each check",
            actual=f"{plural(len(remaining), 'check')} of {len(run.checks)} not run. {ended}",
            hint="Look for the cause in the log of your server. `--only ID` runs single checks.",
        )
    for check in remaining:
        yield _skipped(check, "the run ended before this check")


def _report(
    run: EndpointRun, mask: RunMask, results: list[CheckResult], remarks: list[str], leftovers: Iterable[str]
) -> CheckReport:
    return CheckReport(
        kind="endpoint",
        subject=run.subject,
        endpoint=mask.text(run.connection.base_address),
        dialect=run.settings.dialect.name,
        results=tuple(results),
        remarks=tuple(map(mask.text, remarks)),
        leftovers=tuple(map(mask.text, leftovers)),
    )


def _run_all(context: CheckContext, run: EndpointRun, results: list[CheckResult], remarks: list[str]) -> str:
    """Append the results of the checks; return why the run ended early, or "".

    It ends when a limit is reached, or when the endpoint does not answer: then the check that sent the last requests
    fails.
    """
    name, current = CONNECTION, None
    try:
        run.progress(name)
        results.append(_connected(context, remarks))
        if results[0].status is CheckStatus.FAILED:
            return ""
        for current in run.checks:
            name = current.id
            run.progress(name)
            results.append(_result(context, current))
    except RunEndedError as error:
        if isinstance(error, EndpointSilentError) and current is not None and context.exchanges:
            results.append(_finished(context, current, CheckStatus.FAILED, f"{error}, and the run ended here"))
        return f"The run ended at {name}: {error}."
    return ""


def _connected(context: CheckContext, remarks: list[str]) -> CheckResult:
    """Return the result of the request with which Entra tests a connection.

    It fails if no check could have a meaningful result: no response, a redirect, a refused token, or an error. An endpoint that
    refuses requests without a User-Agent receives one from now on.
    """
    context.exchanges.clear()
    request = EndpointRequest("GET", f"/Users?{equals('userName', context.user_name())}")
    response = context.send(request)
    if response.status in (400, 403, 406):
        context.client.user_agent = AGENT
        again = context.send(request)
        if again.status == response.status:
            context.client.user_agent = ""
        else:
            remarks.append("The endpoint refuses requests without a User-Agent, which Entra does not send (see B22).")
            response = again
    return _connection_result(context, response)


def _connection_result(context: CheckContext, response: EndpointResponse) -> CheckResult:
    problem, hint = _connection_problem(context, response)
    return CheckResult(
        id=CONNECTION,
        title="The endpoint answers and accepts the token",
        status=CheckStatus.FAILED if problem else CheckStatus.PASSED,
        expected="a response of a SCIM endpoint",
        actual=problem or describe_answer(response),
        exchanges=tuple(context.exchanges),
        consequence="The connection test fails, and provisioning cannot be started." if problem else "",
        hint=hint,
    )


def _connection_problem(context: CheckContext, response: EndpointResponse) -> tuple[str, str]:
    """Return why no check could have a meaningful result, with a hint; two empty texts if checks are possible.

    Another status, such as 404 for a filter that matches nothing, is the matter of a check.
    """
    answer = describe_answer(response)
    if not response.is_success and response.status != 404:
        return answer, _error_hint(response)
    if response.status == 404 and context.get("/Users").status == 404:
        return f"{answer} for every request to /Users", f"Check the path of the URL. {_APPENDED}"
    if response.is_success and not isinstance(response.body, dict):
        return (
            f"{answer} with a body that is not a JSON object",
            f"This is not a SCIM endpoint. Check the URL. {_APPENDED}",
        )
    return "", ""


def _error_hint(response: EndpointResponse) -> str:
    """Return the hint for a response that ends Entra's connection test."""
    if response.status == 0:
        return "Check that the application is running, and the host and the port of the URL."
    if response.status in (401, 403):
        return "Check the token in the variable that --token-env names."
    if 300 <= response.status < 400:
        return "Write the URL that answers by itself, without a redirect."
    if response.problem:
        return "Answer a filter with the users that match, and with nothing else."
    return "Answer this request of Entra's connection test with 200 and a ListResponse (see B16)."


def _result(context: CheckContext, check: Check) -> CheckResult:
    context.exchanges.clear()
    context.client.as_entra = check.as_entra
    try:
        return _finished(context, check, CheckStatus.PASSED, check.run(context))
    except CheckFailedError as error:
        status = CheckStatus.WARNING if check.severity == "warning" else CheckStatus.FAILED
        return _finished(context, check, status, str(error))
    except CheckSetupError as error:
        return _not_prepared(context, check, error)
    except CheckWarningError as error:
        return _finished(context, check, CheckStatus.WARNING, str(error))
    except CheckSkippedError as error:
        return _finished(context, check, CheckStatus.SKIPPED, str(error))
    except RunEndedError:
        raise
    except Exception as error:  # noqa: BLE001  whatever an endpoint answers, the other checks are run
        return _finished(
            context, check, CheckStatus.FAILED, f"the check could not be completed: {describe_unexpected(error)}"
        )


def _not_prepared(context: CheckContext, check: Check, error: CheckSetupError) -> CheckResult:
    """Return a failed result for the first check with this setup, and a skipped one for the others.

    The smallest body explains the failure of each other body too.
    """
    name = error.setup.name
    failed = context.failed_setups
    first = failed.get(Setup(name)) or failed.setdefault(error.setup, check.id)
    if first != check.id:
        return _finished(context, check, CheckStatus.SKIPPED, f"{name} could not be created: {error} (see {first})")
    actual = f"{name} for this check could not be created, so nothing was tested: {error}"
    consequence, hint = TEXTS[name]
    result = _finished(context, check, CheckStatus.FAILED, actual)
    return replace(result, expected=f"{name} that the check needs", consequence=consequence, hint=hint)


def _finished(context: CheckContext, check: Check, status: CheckStatus, actual: str) -> CheckResult:
    is_explained = status in (CheckStatus.FAILED, CheckStatus.WARNING)
    return CheckResult(
        id=check.id,
        title=check.title,
        group=check.group,
        status=status,
        expected=check.expected,
        actual=context.mask.text(actual),
        exchanges=tuple(context.exchanges[-MAX_EXCHANGES:]),
        consequence=check.consequence if is_explained else "",
        hint=check.hint if is_explained else "",
    )


def _skipped(check: Check, reason: str) -> CheckResult:
    return CheckResult(
        id=check.id,
        title=check.title,
        group=check.group,
        status=CheckStatus.SKIPPED,
        expected=check.expected,
        actual=reason,
    )
