"""Jobs and templates of a service principal's synchronization.

A job is found by its template, never by its position. `On` means `schedule.state == "Active"`; quarantine is a status.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from scimconf.snapshot import Document, Json

BASE = "/servicePrincipals/{service_principal}/synchronization"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which template a spec means, and the job that was made from it; `trouble` says why none could be chosen."""

    template: str = ""
    job: Json | None = None
    trouble: str = ""
    candidates: tuple[str, ...] = ()


def templates() -> Document:
    """What the application can be provisioned with; empty for a while after it was made."""
    return Document("templates", f"{BASE}/templates", collection=True, empty_may_be_stale=True)


def jobs(wanted: str | None) -> Document:
    """All jobs of the service principal; `wanted` is the template that the spec writes."""
    return Document("jobs", f"{BASE}/jobs", collection=True, binds=partial(_bind, wanted))


def job() -> Document:
    """The one job."""
    return Document("job", f"{BASE}/jobs/{{job}}")


def _bind(wanted: str | None, documents: Mapping[str, Json]) -> Mapping[str, str]:
    choice = choose(documents, wanted)
    if not choice.template:
        return {}
    if choice.job is not None:
        return {"template": choice.template, "job": choice.job["id"]}
    return {"template": choice.template, "new_template": choice.template}


def choose(documents: Mapping[str, Json], wanted: str | None) -> Choice:
    """The written template; else that of the only job; else the template marked default; else the only one."""
    found = documents.get("jobs")
    if found is None:
        return Choice()
    if wanted:
        return _with_job(wanted, found)
    if len(found) == 1:
        return Choice(str(found[0]["templateId"]), found[0])
    offered = documents.get("templates")
    return Choice() if offered is None else _offered(offered, found)


def _offered(offered: Json, found: Json) -> Choice:
    ids = tuple(str(template["id"]) for template in offered)
    defaults = tuple(str(template["id"]) for template in offered if template.get("default"))
    best = defaults if len(defaults) == 1 else ids
    if len(best) == 1:
        return _with_job(best[0], found)
    return Choice(trouble="several templates" if ids else "no template", candidates=ids)


def _with_job(template: str, found: Json) -> Choice:
    mine = [job for job in found if str(job.get("templateId", "")).lower() == template.lower()]
    if len(mine) > 1:
        return Choice(trouble="several jobs", candidates=tuple(str(job["id"]) for job in mine))
    if mine:
        return Choice(str(mine[0]["templateId"]), mine[0])
    return Choice(template)


def is_on(job: Json) -> bool:
    return _schedule(job).get("state") == "Active"


def has_run(job: Json) -> bool:
    """Whether the job was ever started: then starting it means restart and start."""
    status = job.get("status") or {}
    if is_on(job) or status.get("lastExecution") or status.get("code") in ("Active", "Quarantine"):
        return True
    first = str(status.get("steadyStateFirstAchievedTime") or "0001")
    return not first.startswith("0001")


def quarantine(job: Json) -> str:
    """Why the job is in quarantine, as the service says it; empty when it is not."""
    status = job.get("status") or {}
    held = status.get("quarantine") or {}
    if status.get("code") != "Quarantine" and not held:
        return ""
    reason = str(held.get("reason") or "Unknown")
    error = held.get("error") or {}
    return f"{reason}: {error['message']}" if error.get("message") else reason


def _schedule(job: Json) -> Mapping[str, Json]:
    return job.get("schedule") or {}


# --- what a Read may wait for ---------------------------------------------------------------------------------------


def is_there(raw: Json, _key: tuple[str, ...], _value: Json) -> bool:
    return bool(raw.get("id"))


def state_is(raw: Json, key: tuple[str, ...], _value: Json) -> bool:
    """`key` is ("on",) or ("off",)."""
    return is_on(raw) == (key[0] == "on")
