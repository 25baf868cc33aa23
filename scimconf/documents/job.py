"""Synchronization jobs and templates of a service principal; a job is identified by its template."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal, NamedTuple

from scimconf.json_types import Json
from scimconf.snapshot import Consistency, Document

BASE = "/servicePrincipals/{service_principal}/synchronization"


class Choice(NamedTuple):
    """The template of a spec and its job, if there is one; `problem` says why none could be chosen, from `candidates`.

    An empty template without a problem means that the documents have not been read yet.
    """

    template: str = ""
    job: Json | None = None
    problem: Literal["", "several templates", "no template", "several jobs"] = ""
    candidates: tuple[str, ...] = ()


_EXECUTIONS = ("lastSuccessfulExecution", "lastExecution")
"""The last execution without errors comes first: each user in scope then has an account."""


class Links(NamedTuple):
    """The links between users and accounts that a job holds.

    `state` is `none` if no cycle has been completed, `lost` if the service counts no users any more, or `kept`; then
    `since` is the time of the last cycle that is known to have provisioned everybody in scope.
    """

    state: Literal["none", "kept", "lost"]
    since: str = ""


def templates() -> Document:
    """Return the templates that the application offers; a new application may show none for a while."""
    consistency = Consistency(empty_may_be_stale=True)
    return Document("templates", f"{BASE}/templates", collection=True, constant=True, consistency=consistency)


def jobs(template: str | None) -> Document:
    """Return all jobs of the service principal; `template` is that of the spec, or None for the default."""
    return Document("jobs", f"{BASE}/jobs", collection=True, binds=partial(_bind, template))


def validate_credentials(credentials: object, *, saved: bool) -> tuple[str, Json]:
    """Return the path and the body of a test of credentials: the stored ones, or those of the body."""
    body = {"templateId": "{template}", "useSavedCredentials": saved, "credentials": credentials}
    return f"{BASE}/jobs/{{job}}/validateCredentials", body


def job() -> Document:
    """Return the chosen job."""
    return Document("job", f"{BASE}/jobs/{{job}}")


def _bind(template: str | None, documents: Mapping[str, Json]) -> Mapping[str, str]:
    choice = choose(documents, template)
    names = {"job": choice.job["id"]} if choice.job is not None else {"new_template": choice.template}
    return {"template": choice.template, **names} if choice.template else {}


def choose(documents: Mapping[str, Json], template: str | None) -> Choice:
    """Choose the template of the spec, else that of the only job, else the default template, else the only one."""
    existing = documents.get("jobs")
    if existing is None:
        return Choice()
    if template:
        return _with_job(template, existing)
    if len(existing) == 1:
        return Choice(str(existing[0]["templateId"]), existing[0])
    offered = documents.get("templates")
    return Choice() if offered is None else _default(offered, existing)


def _default(offered: Json, existing: Json) -> Choice:
    ids = tuple(str(template["id"]) for template in offered)
    defaults = tuple(str(template["id"]) for template in offered if template.get("default"))
    best = defaults if len(defaults) == 1 else ids
    if len(best) == 1:
        return _with_job(best[0], existing)
    return Choice(problem="several templates" if ids else "no template", candidates=ids)


def _with_job(template: str, existing: Json) -> Choice:
    matches = [job for job in existing if str(job.get("templateId", "")).lower() == template.lower()]
    if len(matches) > 1:
        return Choice(problem="several jobs", candidates=tuple(str(job["id"]) for job in matches))
    return Choice(str(matches[0]["templateId"]), matches[0]) if matches else Choice(template)


def is_on(job: Json) -> bool:
    """Return whether provisioning is on."""
    return (job.get("schedule") or {}).get("state") == "Active"


def has_run(job: Json) -> bool:
    """Return whether the job was ever started."""
    status = job.get("status") or {}
    first = str(status.get("steadyStateFirstAchievedTime") or "0001")
    was_executed = bool(status.get("lastExecution")) or status.get("code") in ("Active", "Quarantine")
    return is_on(job) or was_executed or not first.startswith("0001")


def links(job: Json) -> Links:
    """Return what is known of the links between users and accounts that the job holds.

    Each completed cycle creates or matches the users in scope, and a link stays until a restart with `Full`, after which
    the service counts the objects again (Graph: `synchronizedEntryCountByType`; the portal's count never falls otherwise).
    """
    status = job.get("status") or {}
    last = next(filter(None, map(_ended, (status.get(name) for name in _EXECUTIONS))), "")
    steady = _moment(status.get("steadyStateLastAchievedTime")) or _moment(status.get("steadyStateFirstAchievedTime"))
    if not last and not steady:
        return Links("none")
    counts = [entry.get("value") for entry in status.get("synchronizedEntryCountByType") or () if _is_of_users(entry)]
    return Links("lost") if counts and not any(counts) else Links("kept", last or steady)


def _ended(execution: Json) -> str:
    """Return when a complete execution began, else ended; "" for a failed one and for the placeholder of none."""
    if not execution or str(execution.get("state")).lower() == "failed":
        return ""
    return _moment(execution.get("timeBegan")) or _moment(execution.get("timeEnded"))


def _moment(text: Json) -> str:
    """Return a time; "" for each of Graph's spellings of never."""
    return "" if not text or str(text).startswith("0001") else str(text)


def _is_of_users(entry: Json) -> bool:
    return str(entry.get("key") or "").lower().startswith("user to ")


def quarantine(job: Json) -> str:
    """Return the service's reason why the job is in quarantine, or "" if it is not."""
    status = job.get("status") or {}
    details = status.get("quarantine") or {}
    if status.get("code") != "Quarantine" and not details:
        return ""
    reason = str(details.get("reason") or "Unknown")
    error = details.get("error") or {}
    return f"{reason}: {error['message']}" if error.get("message") else reason


def is_there(raw: Json, _key: tuple[str, ...], _value: Json) -> bool:
    return bool(raw.get("id"))


def state_is(raw: Json, key: tuple[str, ...], _value: Json) -> bool:
    """Return whether provisioning is `key[0]`, "on" or "off"."""
    return is_on(raw) == (key[0] == "on")
