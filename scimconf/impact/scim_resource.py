"""From flat target names to the SCIM resource that a creation would carry, or an update could.

`name.givenName` nests, `emails[type eq "work"].value` makes an element of a list, and what begins with the URN of an
extension stands in the extension's own object.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from scimconf.plan.preview import SentRequest

Json = Any

SCHEMAS = (
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
)
"""What the service writes into `schemas`, whatever extensions the body holds."""

_URN = re.compile(r"(urn:.+:\d+(?:\.\d+)*:\w+)(?::(.+))?", re.DOTALL)
_STEP = re.compile(r'([A-Za-z$][\w$-]*)(?:\[([A-Za-z]\w*) eq "([^"]*)"\])?(?:\.(?=[A-Za-z$])|\Z)')
_TRUTH = {"true": True, "false": False}


def resource(sent: Mapping[str, SentRequest], booleans: Collection[str], *, updates: bool = False) -> dict[str, Json]:
    """The nested resource; `booleans` are the target attributes whose texts become truth values.

    `updates` is for somebody who is never created: defaults, and what is sent on create only, are not in it.
    """
    made: dict[str, Json] = {"schemas": list(SCHEMAS)}
    for target in sorted(sent):
        value = sent[target].updated if updates else sent[target].created
        if value is not None:
            _put(made, target, _typed(value, is_boolean=target in booleans))
    for number, mail in enumerate(made["emails"] if isinstance(made.get("emails"), list) else ()):
        if number == 0 and isinstance(mail, dict):
            mail["primary"] = True
    return made


def _typed(value: str | tuple[str, ...], *, is_boolean: bool) -> Json:
    if isinstance(value, tuple):
        return list(value)
    return _TRUTH.get(value.lower(), value) if is_boolean else value


def _put(made: dict[str, Json], target: str, value: Json) -> None:
    """The value at its place; a target that is no path, or whose place is taken, stands under its own name."""
    place: dict[str, Json] | None = made
    rest = target
    urn = _URN.fullmatch(target)
    if urn is not None:
        if urn[2] is None:
            made[target] = value
            return
        rest = urn[2]
        place = made if urn[1] == SCHEMAS[0] else _object(made, urn[1])
    steps = _steps(rest)
    for name, key, wanted in steps[:-1]:
        place = None if place is None else _inner(place, name, key, wanted)
    if place is None or not steps or steps[-1][1] or steps[-1][0] in place:
        made[target] = value
        return
    place[steps[-1][0]] = value


def _steps(path: str) -> list[tuple[str, str, str]]:
    """Name, and the key and text of its filter, step by step; nothing where the path is not understood."""
    found, at = [], 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return []
        found.append((step[1], step[2] or "", step[3] or ""))
        at = step.end()
    return found


def _inner(place: dict[str, Json], name: str, key: str, wanted: str) -> dict[str, Json] | None:
    return _element(place, name, key, wanted) if key else _object(place, name)


def _object(place: dict[str, Json], name: str) -> dict[str, Json] | None:
    inner = place.setdefault(name, {})
    return inner if isinstance(inner, dict) else None


def _element(place: dict[str, Json], name: str, key: str, wanted: str) -> dict[str, Json] | None:
    """The element of a list that a filter means, made where it is missing."""
    listed = place.setdefault(name, [])
    if not isinstance(listed, list):
        return None
    mark = _TRUTH.get(wanted.lower(), wanted)
    found = next((one for one in _objects(listed) if one.get(key) == mark), None)
    if found is None:
        found = {key: mark}
        listed.append(found)
    return found


def _objects(listed: Iterable[Json]) -> Iterable[dict[str, Json]]:
    return (one for one in listed if isinstance(one, dict))
