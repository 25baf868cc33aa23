"""The history of an application: one entry for each apply and each command about its job, as values and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

FORMAT_VERSION = "1.0"
STARTED = "started"
"""The status of an entry whose command has not ended, or was killed."""
APPLY = "apply"
"""The command of entries with documents; the others, such as `pause`, change none."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """Who ran an apply, where and why; each is "" if it is unknown.

    `rollback` is the time of the entry to whose beginning the apply returned, "" for any other apply. `canary` are the
    users of a canary, separated by commas; the status says whether it was widened or put back.
    """

    reason: str = ""
    identity: str = ""
    commit: str = ""
    pull_request: str = ""
    url: str = ""
    actor: str = ""
    rollback: str = ""
    canary: str = ""


UNKNOWN_RUN = RunContext()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One apply, or one `command` about the job. `time` is when it began, in the form of the entry's folder.

    `ended` is "" if it has not ended. `changes` are addresses with their action, `outcomes` the steps with their result,
    `digest` that of the spec, `pause` whether it left provisioning off (`plan.Pause`). Entries of other commands than `apply` have no documents and no digest;
    the changes of `allow-deletions` are the users and groups.
    """

    application: str
    time: str
    status: str = STARTED
    ended: str = ""
    error: str = ""
    tenant: str = ""
    digest: str = ""
    version: str = ""
    run: RunContext = UNKNOWN_RUN
    changes: tuple[tuple[str, str], ...] = ()
    outcomes: tuple[tuple[str, str], ...] = ()
    command: str = APPLY
    pause: str = ""

    @property
    def is_apply(self) -> bool:
        """Whether the entry has documents to which a rollback can return."""
        return self.command == APPLY

    def document(self) -> dict[str, Any]:
        """Return the JSON values of the entry."""
        values = asdict(self)
        values["changes"] = [{"address": address, "action": action} for address, action in self.changes]
        values["outcomes"] = [{"step": step, "result": result} for step, result in self.outcomes]
        return {**values, "format_version": FORMAT_VERSION}


def redacted_entry(entry: HistoryEntry, redact: Callable[[str], str]) -> HistoryEntry:
    """Return an entry without who started the run, and with `redact` applied to every text that may name a user."""
    run = entry.run
    return replace(
        entry,
        error=redact(entry.error),
        run=replace(
            run,
            reason=redact(run.reason),
            identity=redact(run.identity),
            actor="a user" if run.actor else "",
            canary=redact(run.canary),
        ),
        changes=tuple((redact(address), action) for address, action in entry.changes),
        outcomes=tuple((redact(step), result) for step, result in entry.outcomes),
    )


def read_entry(document: Any, application: str, time: str) -> HistoryEntry:
    """Return the entry of a JSON document; what it does not have, or has in another type, is empty."""
    values = document if isinstance(document, Mapping) else {}
    run = values.get("run")
    run = run if isinstance(run, Mapping) else {}
    return HistoryEntry(
        application=application,
        time=time,
        status=_text(values, "status") or STARTED,
        ended=_text(values, "ended"),
        error=_text(values, "error"),
        tenant=_text(values, "tenant"),
        digest=_text(values, "digest"),
        version=_text(values, "version"),
        run=RunContext(**{name: _text(run, name) for name in RunContext.__slots__}),
        changes=_pairs(values.get("changes"), "address", "action"),
        outcomes=_pairs(values.get("outcomes"), "step", "result"),
        command=_text(values, "command") or APPLY,
        pause=_text(values, "pause"),
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _pairs(rows: Any, first: str, second: str) -> tuple[tuple[str, str], ...]:
    rows = rows if isinstance(rows, list) else []
    return tuple((_text(row, first), _text(row, second)) for row in rows if isinstance(row, Mapping))


def ci_context(environ: Mapping[str, str], reason: str = "", identity: str = "") -> RunContext:
    """Return the context of a run in GitHub Actions, GitLab CI or Azure DevOps, or on another machine.

    The variables are those that each system documents as predefined.
    """
    if environ.get("GITHUB_ACTIONS") == "true":
        kind, _, rest = environ.get("GITHUB_REF", "").removeprefix("refs/").partition("/")
        server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
        url = f"{server}/{repository}/actions/runs/{environ.get('GITHUB_RUN_ID', '')}"
        number = rest.partition("/")[0] if kind == "pull" else ""
        return RunContext(reason, identity, environ.get("GITHUB_SHA", ""), number, url, environ.get("GITHUB_ACTOR", ""))
    if environ.get("GITLAB_CI") == "true":
        variables = ("CI_COMMIT_SHA", "CI_MERGE_REQUEST_IID", "CI_JOB_URL", "GITLAB_USER_LOGIN")
        return RunContext(reason, identity, *(environ.get(name, "") for name in variables))
    if environ.get("TF_BUILD"):
        collection, project = environ.get("SYSTEM_COLLECTIONURI", ""), environ.get("SYSTEM_TEAMPROJECT", "")
        url = f"{collection}{project}/_build/results?buildId={environ.get('BUILD_BUILDID', '')}"
        commit, number = environ.get("BUILD_SOURCEVERSION", ""), environ.get("SYSTEM_PULLREQUEST_PULLREQUESTID", "")
        return RunContext(reason, identity, commit, number, url, environ.get("BUILD_REQUESTEDFOR", ""))
    return RunContext(reason, identity)
