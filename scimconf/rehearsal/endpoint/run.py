"""Runs checks one after the other and reports them; what a run created is deleted however it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scimconf.check_report import CheckReport, CheckResult, CheckStatus
from scimconf.diagnostics import describe_unexpected
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
from scimconf.rehearsal.endpoint.transport import EndpointClient, EndpointConnection, RunEndedError
from scimconf.render.common.labels import plural

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
        interrupted = False
        try:
            _run_all(context, run, results, remarks)
            if client.repeated:
                remarks.append(f"{plural(client.repeated, 'request')} answered with 429 had to be repeated (see B43).")
        except KeyboardInterrupt:
            interrupted = True
            remarks.append("Interrupted. The remaining checks were not run.")
        except Exception as error:  # noqa: BLE001  what was created is deleted however the run ends
            results.append(_defect(error))
        try:
            run.progress("deleting what was created")
            client.as_entra = True
            client.begin_deletion()
            remarks += filter(None, [delete_quietly(context.resources, client.send)])
        except KeyboardInterrupt:
            interrupted = True
            remarks.append("The deletion was interrupted.")
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


def _report(
    run: EndpointRun, mask: RunMask, results: list[CheckResult], remarks: list[str], leftovers: Iterable[str]
) -> CheckReport:
    done = {result.id for result in results}
    remaining = [_skipped(check, "the run ended before this check") for check in run.checks if check.id not in done]
    return CheckReport(
        kind="endpoint",
        subject=run.subject,
        endpoint=mask.text(run.connection.base_address),
        dialect=run.settings.dialect.name,
        results=(*results, *remaining),
        remarks=tuple(map(mask.text, remarks)),
        leftovers=tuple(map(mask.text, leftovers)),
    )


def _run_all(context: CheckContext, run: EndpointRun, results: list[CheckResult], remarks: list[str]) -> None:
    """Append the results of the checks, until a limit is reached or the endpoint does not answer."""
    name = CONNECTION
    try:
        run.progress(name)
        results.append(_connected(context, remarks))
        if results[0].status is CheckStatus.FAILED:
            return
        for check in run.checks:
            name = check.id
            run.progress(name)
            results.append(_result(context, check))
    except RunEndedError as error:
        remarks.append(f"The run ended at {name}: {error}.")


def _connected(context: CheckContext, remarks: list[str]) -> CheckResult:
    """Return the result of the request with which Entra tests a connection.

    It fails if no check could have a meaningful result: no response, a redirect, or a refused token. An endpoint that
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
    if response.status == 0:
        return answer, "Check that the application is running, and the host and the port of the URL."
    if response.status in (401, 403):
        return answer, "Check the token in the variable that --token-env names."
    if response.problem:
        return answer, "Write the URL that answers by itself, without a redirect."
    if response.status == 404 and context.get("/Users").status == 404:
        return f"{answer} for every request to /Users", f"Check the path of the URL. {_APPENDED}"
    if response.is_success and not isinstance(response.body, dict):
        return f"{answer} with a body that is no JSON object", f"This is no SCIM endpoint. Check the URL. {_APPENDED}"
    return "", ""


def _result(context: CheckContext, check: Check) -> CheckResult:
    context.exchanges.clear()
    context.client.as_entra = check.as_entra
    try:
        return _finished(context, check, CheckStatus.PASSED, check.run(context))
    except CheckFailedError as error:
        status = CheckStatus.WARNING if check.severity == "warning" else CheckStatus.FAILED
        return _finished(context, check, status, str(error))
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
