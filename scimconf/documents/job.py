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
