"""What a provisioning log shows about behaviour of the service that is not documented.

Each such behaviour is a switch of the sandbox. An observation supports one of its positions; positions that contradict each
other decide nothing. What a log cannot show, such as the form of a request, has no evidence here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scimconf.documents.assignments import DEFAULT_ACCESS
from scimconf.json_types import Json
from scimconf.monitoring.job_status import JobStatus
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.plan.preview import UserState

_DIRECT = "[approleassignments]"
_SINGLE = "singleapproleassignment([approleassignments])"
_SEVERAL_ROLES = "multiplegrantsnotsupported"
_NOT_ENTITLED = "noteffectivelyentitled"
_WITHDRAWN = ("disable", "delete")


@dataclass(frozen=True, slots=True)
class SwitchEvidence:
    """How many observations support each position of a switch."""

    switch: str
    counts: Mapping[str, int]

    @property
    def position(self) -> str:
        """The position that all observations support, "" if they contradict each other."""
        return next(iter(self.counts)) if len(self.counts) == 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A user's event, the prediction for the user, the mappings of the application by target, and the user's roles.

    A role is its label with `displayName` and `value`, or an id without a label. `knows_assignments`: who is assigned was
    read completely, so that only a filter can leave the scope undetermined.
    """

    event: LoggedEvent
    predicted: UserState
    mappings: Mapping[str, str]
    roles: Sequence[Json] = ()
    knows_assignments: bool = True


def switch_evidence(observations: Iterable[Observation], jobs: Iterable[JobStatus]) -> tuple[SwitchEvidence, ...]:
    """Return the evidence in the events of users and in the status of jobs, by the name of the switch."""
    pairs = [pair for observation in observations for pair in _of_user(observation)]
    return _counted(Counter([*pairs, *(pair for job in jobs for pair in _of_job(job))]))


def merged(evidence: Iterable[SwitchEvidence]) -> tuple[SwitchEvidence, ...]:
    """Return the evidence of several applications as that of all."""
    total = Counter[tuple[str, str]]()
    for item in evidence:
        total.update({(item.switch, position): count for position, count in item.counts.items()})
    return _counted(total)


def _counted(pairs: Counter[tuple[str, str]]) -> tuple[SwitchEvidence, ...]:
    counts: dict[str, dict[str, int]] = {}
    for (switch, position), count in sorted(pairs.items()):
        counts.setdefault(switch, {})[position] = count
    return tuple(SwitchEvidence(switch, positions) for switch, positions in counts.items())


def _of_job(job: JobStatus) -> Iterator[tuple[str, str]]:
    if job.failing and job.last is not None:
        yield "escrow_state", "Succeeded" if job.last.succeeded else "EntryLevelErrors"


def _of_user(observation: Observation) -> Iterator[tuple[str, str]]:
    event, predicted = observation.event, observation.predicted
    if event.action == "stageddelete":
        yield "staged_action", "stagedDelete"
    if predicted.in_scope is False and not predicted.disabled and _succeeded(event, *_WITHDRAWN):
        yield "unassigned_action", event.action
    if predicted.in_scope is None and observation.knows_assignments:
        yield from _of_filter(event)
    for target, mapping in observation.mappings.items():
        expression = "".join(mapping.split()).lower()
        if expression == _DIRECT:
            yield from _of_direct_roles(event, target, observation.roles)
        elif expression == _SINGLE:
            yield from _of_single_role(event, target, observation.roles)


def _succeeded(event: LoggedEvent, *actions: str) -> bool:
    return event.status == "success" and event.action in actions


def _of_filter(event: LoggedEvent) -> Iterator[tuple[str, str]]:
    if event.status == "skipped" and event.code.lower().endswith(_NOT_ENTITLED):
        yield "undetermined_filter", "excludes"
    elif _succeeded(event, "create", "update"):
        yield "undetermined_filter", "includes"


def _of_direct_roles(event: LoggedEvent, target: str, roles: Sequence[Json]) -> Iterator[tuple[str, str]]:
    """Yield the form of a direct mapping of the roles: their display names, or their JSON."""
    recorded, _ = event.recorded(target)
    if not recorded or not roles:
        return
    if recorded == ", ".join(_text(role, "displayName") for role in roles):
        yield "role_blob", "display_name"
    elif _is_json(recorded):
        yield "role_blob", "json"


def _of_single_role(event: LoggedEvent, target: str, roles: Sequence[Json]) -> Iterator[tuple[str, str]]:
    """Yield what `SingleAppRoleAssignment` returned for one role, for a role that is held twice, and for default access."""
    recorded, is_recorded = event.recorded(target)
    is_repeated = len(roles) > 1 and all(role == roles[0] for role in roles)
    if is_repeated and event.code.lower().endswith(_SEVERAL_ROLES):
        yield "duplicate_role", "counted_twice"
    elif is_repeated and recorded:
        yield "duplicate_role", "counted_once"
    if len(roles) != 1:
        return
    if roles[0] == DEFAULT_ACCESS:
        if _succeeded(event, "create"):
            yield "default_access", "role" if is_recorded and recorded else "no_role"
        return
    names = {name: _text(roles[0], name) for name in ("displayName", "value")}
    if recorded and names["displayName"] != names["value"]:
        yield from (("role_text", name) for name, text in names.items() if text == recorded)


def _text(role: Json, name: str) -> str:
    return str(role.get(name) or "") if isinstance(role, Mapping) else ""


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list | dict)
    except (ValueError, RecursionError):
        return False
