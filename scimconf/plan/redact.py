"""A plan without people's names: the same changes, each person under a pseudonym.

Terms: a *person* is a user who is assigned, or whoever a text names by something that looks like a user principal name.
Groups, roles and service principals keep their names: reviewers judge by them.

Premise: this keeps names out of comments and artifacts; it is no anonymity. A pseudonym is made by a hash keyed with
the digests of the specs, so no table made beforehand gives it away, and it is another one once a spec changes. But
who holds the plan, and with it the digests, and a list of everybody can try each; a `secret` that stays outside of the
plan prevents that. In one plan a person is the same everywhere, and redacting twice is redacting once.

Method: everyone who stands in an assignment is known by name and id. Texts are then read from left to right: known
names are looked up by the word that they begin with, unknown user principal names are seen by their shape. All of it
is linear in the size of the plan.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from scimconf.diagnostics import Diagnostic
from scimconf.plan.change import ApplicationPlan, Change, Detail, FieldChange, Guard, Plan
from scimconf.plan.outcome import Report
from scimconf.plan.resource import Address, Resource, decode, encode

Json = Any
KIND = "assignment"
_PREFIX = "user:"
_PSEUDONYM = re.compile(r"~[0-9a-f]{8}(?:[0-9a-f]{8})?")
_LIKE_A_NAME = r"\w[\w.'!#^~%+-]{0,127}@\w(?:[\w.-]{0,253}\w)?"
_WORD = re.compile(rf"{_LIKE_A_NAME}|\w+|[^\w\s]")
_START = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class _People:
    """Who is known: the pseudonyms by name, and the names by the word that they begin with, long ones first."""

    key: bytes
    known: Mapping[str, str]
    by_word: Mapping[str, tuple[str, ...]]

    def name(self, text: str) -> str:
        """The pseudonym of a whole name."""
        if _PSEUDONYM.fullmatch(text):
            return text
        return self.known.get(text.casefold()) or _pseudonym(self.key, text)

    def text(self, text: str) -> str:
        """A sentence or a value with every person in it replaced."""
        return "".join(self._pieces(text))

    def _pieces(self, text: str) -> Iterator[str]:
        done = 0
        while (found := _WORD.search(text, done)) is not None:
            yield text[done : found.start()]
            name = self._known_at(text, found.start())
            word = name or found.group()
            yield self.name(word) if name or "@" in word[1:] else word
            done = found.start() + len(word)
        yield text[done:]

    def _known_at(self, text: str, start: int) -> str:
        """The known name that begins here and ends with its word; empty where there is none."""
        first = _START.match(text, start)
        for name in self.by_word.get(first.group().casefold(), ()) if first else ():
            end = start + len(name)
            if text[start:end].casefold() == name and not (text[end : end + 1].isalnum() and name[-1].isalnum()):
                return text[start:end]
        return ""


def redacted(plan: Plan, secret: str = "") -> Plan:
    """The plan with pseudonyms for people in addresses, keys, facts, values and messages."""
    people = _people(plan, secret)
    return replace(
        plan,
        options=MappingProxyType(_value(people, plan.options)),
        applications=tuple(_application(people, one) for one in plan.applications),
    )


def hiding(plan: Plan, secret: str = "") -> Callable[[str], str]:
    """What replaces people in any text, by the pseudonyms that they have in this plan."""
    return _people(plan, secret).text


# --- who there is --------------------------------------------------------------------------------------------------


def _people(plan: Plan, secret: str) -> _People:
    digests = [f"{one.name} {one.digest}" for one in plan.applications]
    key = sha256("\n".join([secret, plan.tenant.id, *digests]).encode("utf-8", "surrogatepass")).digest()
    known: dict[str, str] = {}
    taken: dict[str, str] = {}
    for person, names in sorted(_named(plan).items()):
        pseudonym = _pseudonym(key, person)
        if taken.setdefault(pseudonym, person) != person:
            pseudonym = _pseudonym(key, person, 16)
        known.update(dict.fromkeys(names, pseudonym))
    by_word: dict[str, list[str]] = {}
    for name in sorted(known, key=len, reverse=True):
        first = _START.search(name)
        if first is not None:
            by_word.setdefault(first.group(), []).append(name)
    return _People(key, known, {word: tuple(names) for word, names in by_word.items()})


def _named(plan: Plan) -> Mapping[str, set[str]]:
    """Each person's name in addresses, which is unique, with all other names of the same person."""
    found: dict[str, set[str]] = {}
    for resource in _assigned(plan):
        label = _label(resource.address)
        if label and not _PSEUDONYM.fullmatch(label):
            id_ = resource.key[0] if isinstance(resource.key, tuple) and resource.key else label
            names = {label, encode(label), str(id_), str(resource.facts.get("principal") or label)}
            found.setdefault(label.casefold(), set()).update(name.casefold() for name in names)
    return found


def _assigned(plan: Plan) -> Iterator[Resource]:
    for application in plan.applications:
        for change in application.changes:
            yield from (side for side in (change.before, change.after, Resource(change.address)) if side is not None)
        yield from application.unmanaged_drift
        yield from application.unmanaged


def _label(address: Address) -> str:
    """The user's name in the address of an assignment; empty for everything else."""
    principal = address.rest.partition("/")[0]
    is_person = address.kind == KIND and principal.startswith(_PREFIX)
    return decode(principal.removeprefix(_PREFIX)) if is_person else ""


def _pseudonym(key: bytes, name: str, length: int = 8) -> str:
    made = hmac.new(key, name.casefold().encode("utf-8", "surrogatepass"), sha256)
    return f"~{made.hexdigest()[:length]}"


# --- each part of a plan -------------------------------------------------------------------------------------------


def _application(people: _People, plan: ApplicationPlan) -> ApplicationPlan:
    return replace(
        plan,
        changes=_in_order(_change(people, one) for one in plan.changes),
        unmanaged_drift=_sorted(_resource(people, one) for one in plan.unmanaged_drift),
        unmanaged=_sorted(_resource(people, one) for one in plan.unmanaged),
        guards=tuple(_guard(people, one) for one in plan.guards),
        warnings=tuple(_notice(people, one) for one in plan.warnings),
        abandoned=tuple(
            replace(one, address=_address(people, one.address), removal_snippet=people.text(one.removal_snippet))
            for one in plan.abandoned
        ),
    )


def _in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Assignments by their new addresses, where assignments were: the old order would tell the names' order."""
    listed = list(changes)
    moved = iter(sorted((one for one in listed if one.kind == KIND), key=lambda one: (one.address, one.action)))
    return tuple(next(moved) if one.kind == KIND else one for one in listed)


def _sorted(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    return tuple(sorted(resources, key=lambda one: (one.address, str(one.key))))


def _address(people: _People, address: Address) -> Address:
    label = _label(address)
    if not label:
        return address
    _, slash, rest = address.rest.partition("/")
    return replace(address, rest=f"{_PREFIX}{people.name(label)}{slash}{rest}")


def _change(people: _People, change: Change) -> Change:
    return replace(
        change,
        address=_address(people, change.address),
        before=_resource(people, change.before) if change.before else None,
        after=_resource(people, change.after) if change.after else None,
        fields=tuple(_field(people, one) for one in change.fields),
        reason=people.text(change.reason),
        impact={
            which: replace(one, examples=tuple(sorted(people.name(name) for name in one.examples)))
            for which, one in change.impact.items()
        },
    )


def _resource(people: _People, resource: Resource) -> Resource:
    """A person's assignment keeps none of its facts but the role: Graph's ids are made of the person's."""
    label, fields = _label(resource.address), MappingProxyType(_value(people, resource.fields))
    if not label:
        return replace(resource, fields=fields, facts=MappingProxyType(_value(people, resource.facts)))
    key = resource.key
    hidden = (people.name(label), *key[1:]) if isinstance(key, tuple) and key else key
    role = {name: side for name, side in resource.facts.items() if name in ("type", "role")}
    return Resource(_address(people, resource.address), fields, hidden, MappingProxyType(role))


def _field(people: _People, one: FieldChange) -> FieldChange:
    hide = partial(_value, people)
    details = tuple(Detail(detail.path, hide(detail.before), hide(detail.after)) for detail in one.details)
    return replace(one, before=hide(one.before), after=hide(one.after), details=details)


def _guard(people: _People, guard: Guard) -> Guard:
    return replace(
        guard,
        message=people.text(guard.message),
        allowed_by=people.text(guard.allowed_by),
        address=_address(people, guard.address) if guard.address else None,
    )


def _notice(people: _People, notice: Diagnostic) -> Diagnostic:
    path = tuple(people.text(part) if isinstance(part, str) else part for part in notice.path)
    return replace(notice, message=people.text(notice.message), hint=people.text(notice.hint), path=path)


def _value(people: _People, side: Json) -> Json:
    match side:
        case str():
            return people.text(side)
        case Mapping():
            return {people.text(str(key)): _value(people, part) for key, part in side.items()}
        case list() | tuple():
            return [_value(people, part) for part in side]
        case _:
            return side


# --- the report of an apply ----------------------------------------------------------------------------------------


def redact_report(report: Report, redact: Callable[[str], str]) -> Report:
    """Return a report in whose texts and addresses `redact` replaced user names; `hiding` makes it from the plan."""
    outcomes = tuple(
        replace(
            outcome,
            addresses=tuple(replace(address, rest=redact(address.rest)) for address in outcome.addresses),
            message=redact(outcome.message),
            detail=redact(outcome.detail),
            hint=redact(outcome.hint),
        )
        for outcome in report.outcomes
    )
    problems = tuple(
        replace(problem, message=redact(problem.message), hint=redact(problem.hint)) for problem in report.problems
    )
    return replace(
        report,
        outcomes=outcomes,
        warnings=tuple(map(redact, report.warnings)),
        error=redact(report.error),
        hint=redact(report.hint),
        problems=problems,
    )
