"""Redact a plan: the same changes, with a pseudonym for each user.

Users are the principals in addresses that begin with `user:`, and every text that looks like a user principal name.
Groups, roles and service principals keep their names, since reviewers need them.

Redaction keeps names out of comments and artifacts; it does not make them anonymous. A pseudonym is a hash keyed with the
digests of the specs: it cannot be looked up in a precomputed table, but anyone who has the plan can test a list of names,
unless a `secret` is part of the key. In one plan, a user has the same pseudonym everywhere, and redacting twice is the same
as redacting once.

Known names are found by their first word, unknown user principal names by their form, in linear time.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeVar

from scimconf.diagnostics import Diagnostic
from scimconf.json_types import Json
from scimconf.plan.change import (
    Abandoned,
    ApplicationPlan,
    Change,
    Detail,
    Effect,
    FailedApplication,
    FieldChange,
    Guard,
    MissingPrincipal,
    Plan,
)
from scimconf.plan.diff import sort_changes
from scimconf.plan.impact import Impact
from scimconf.plan.key_sets import sort_resources
from scimconf.plan.outcome import Report, StepOutcome
from scimconf.plan.resource import Address, Resource, decode, encode

PSEUDONYM = re.compile(r"user-[0-9a-f]{8}(?:[0-9a-f]{8})?")
_USER = "user:"
_PRINCIPAL_NAME = r"\w[\w.'!#^~%+-]{0,127}@\w(?:[\w.-]{0,253}\w)?"
_TOKEN = re.compile(rf"{_PRINCIPAL_NAME}|\w+|[^\w\s]")
_FIRST_WORD = re.compile(r"\w+|[^\w\s]")
_PUBLIC_FACTS = ("type", "role")
_Value = TypeVar("_Value", Report, StepOutcome, Diagnostic, Guard, FailedApplication)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces the users of one plan. `known` maps folded names to pseudonyms, `by_word` first words to names, long first."""

    key: bytes
    known: Mapping[str, str]
    by_word: Mapping[str, tuple[str, ...]]

    def name(self, text: str) -> str:
        if PSEUDONYM.fullmatch(text):
            return text
        return self.known.get(text.casefold()) or _pseudonym(self.key, text)

    def text(self, text: str) -> str:
        return "".join(self._parts(text))

    def _parts(self, text: str) -> Iterator[str]:
        end = 0
        while (match := _TOKEN.search(text, end)) is not None:
            yield text[end : match.start()]
            name = self._known_name_at(text, match.start())
            token = name or match.group()
            yield self.name(token) if name or "@" in token[1:] else token
            end = match.start() + len(token)
        yield text[end:]

    def _known_name_at(self, text: str, start: int) -> str:
        """Return the known name that begins here and ends at the end of a word; empty if there is none."""
        word = _FIRST_WORD.match(text, start)
        for name in self.by_word.get(word.group().casefold(), ()) if word else ():
            end = start + len(name)
            if text[start:end].casefold() == name and not (text[end : end + 1].isalnum() and name[-1].isalnum()):
                return text[start:end]
        return ""

    def value(self, value: Json) -> Json:
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {self.text(str(key)): self.value(part) for key, part in value.items()}
            case list() | tuple():
                return [self.value(part) for part in value]
            case _:
                return value


def redact_plan(plan: Plan, secret: str = "") -> Plan:
    """Return the plan with pseudonyms for users in addresses, keys, facts, values and messages."""
    redactor = _redactor(plan, secret)
    return replace(
        plan,
        options=MappingProxyType(redactor.value(plan.options)),
        applications=tuple(_application(redactor, application) for application in plan.applications),
        failures=tuple(_with_texts(failure, redactor.text, "message", "hint") for failure in plan.failures),
    )


def text_redactor(plan: Plan, secret: str = "") -> Callable[[str], str]:
    """Return a function that replaces users in any text by their pseudonyms in this plan."""
    return _redactor(plan, secret).text


def _redactor(plan: Plan, secret: str) -> Redactor:
    digests = [f"{application.name} {application.digest}" for application in plan.applications]
    key = sha256("\n".join([secret, plan.tenant.id, *digests]).encode("utf-8", "surrogatepass")).digest()
    known: dict[str, str] = {}
    users: dict[str, str] = {}
    for user, names in sorted(_names_by_user(plan).items()):
        pseudonym = _pseudonym(key, user)
        if users.setdefault(pseudonym, user) != user:
            pseudonym = _pseudonym(key, user, 16)
        known.update(dict.fromkeys(names, pseudonym))
    by_word: dict[str, list[str]] = {}
    for name in sorted(known, key=len, reverse=True):
        word = _FIRST_WORD.search(name)
        if word is not None:
            by_word.setdefault(word.group(), []).append(name)
    return Redactor(key, known, {word: tuple(names) for word, names in by_word.items()})


def _names_by_user(plan: Plan) -> Mapping[str, set[str]]:
    """Return all names of each user: the label of its address, which is unique, its id and its principal name."""
    names_by_user: dict[str, set[str]] = {}
    for resource in _resources(plan):
        label = _user_label(resource.address)
        if label and not PSEUDONYM.fullmatch(label):
            user_id = resource.key[0] if isinstance(resource.key, tuple) and resource.key else label
            names = {label, encode(label), str(user_id), str(resource.facts.get("principal") or label)}
            names_by_user.setdefault(label.casefold(), set()).update(name.casefold() for name in names)
    for principal in chain.from_iterable(application.missing for application in plan.applications):
        if principal.type == "user" and not PSEUDONYM.fullmatch(principal.name):
            names_by_user.setdefault(principal.name.casefold(), set()).add(principal.name.casefold())
    return names_by_user


def _resources(plan: Plan) -> Iterator[Resource]:
    for application in plan.applications:
        for change in application.changes:
            sides = (change.before, change.after, Resource(change.address))
            yield from (resource for resource in sides if resource is not None)
        yield from application.unmanaged_drift
        yield from application.unmanaged


def _user_label(address: Address) -> str:
    principal = address.rest.partition("/")[0]
    return decode(principal.removeprefix(_USER)) if principal.startswith(_USER) else ""


def _pseudonym(key: bytes, name: str, length: int = 8) -> str:
    digest = hmac.new(key, name.casefold().encode("utf-8", "surrogatepass"), sha256)
    return f"user-{digest.hexdigest()[:length]}"


def _application(redactor: Redactor, plan: ApplicationPlan) -> ApplicationPlan:
    return replace(
        plan,
        changes=_reordered(_change(redactor, change) for change in plan.changes),
        missing=tuple(sorted((_missing(redactor, row) for row in plan.missing), key=lambda row: (row.type, row.name))),
        unmanaged_drift=sort_resources(_resource(redactor, resource) for resource in plan.unmanaged_drift),
        unmanaged=sort_resources(_resource(redactor, resource) for resource in plan.unmanaged),
        guards=tuple(_guard(redactor, guard) for guard in plan.guards),
        impact=_impacts(redactor, plan.impact),
        warnings=tuple(_diagnostic(redactor, warning) for warning in plan.warnings),
        abandoned=tuple(
            Abandoned(_address(redactor, abandoned.address), redactor.text(abandoned.removal_snippet))
            for abandoned in plan.abandoned
        ),
    )


def _missing(redactor: Redactor, principal: MissingPrincipal) -> MissingPrincipal:
    return replace(
        principal,
        name=redactor.name(principal.name) if principal.type == "user" else principal.name,
        assignments=tuple(_address(redactor, address) for address in principal.assignments),
        diagnostic=_diagnostic(redactor, principal.diagnostic),
    )


def _reordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Sort the changes of users by their new addresses, in the places of the old ones: the old order reveals names."""
    redacted = list(changes)
    of_users = [change for change in redacted if _user_label(change.address)]
    by_address = iter(sort_changes(of_users))
    return tuple(next(by_address) if _user_label(change.address) else change for change in redacted)


def _address(redactor: Redactor, address: Address) -> Address:
    label = _user_label(address)
    if not label:
        return address
    _, slash, rest = address.rest.partition("/")
    return replace(address, rest=f"{_USER}{redactor.name(label)}{slash}{rest}")


def _change(redactor: Redactor, change: Change) -> Change:
    return replace(
        change,
        address=_address(redactor, change.address),
        before=change.before and _resource(redactor, change.before),
        after=change.after and _resource(redactor, change.after),
        fields=tuple(_field(redactor, field) for field in change.fields),
        reason=redactor.text(change.reason),
        impact=_impacts(redactor, change.impact),
    )


def _impacts(redactor: Redactor, impacts: Mapping[Effect, Impact]) -> Mapping[Effect, Impact]:
    return {effect: _impact(redactor, impact) for effect, impact in impacts.items()}


def _impact(redactor: Redactor, impact: Impact) -> Impact:
    return replace(impact, examples=tuple(sorted(map(redactor.name, impact.examples))))


def _resource(redactor: Redactor, resource: Resource) -> Resource:
    """Return a resource; of a user's assignment only the role stays, since Graph's ids contain the user's."""
    fields = MappingProxyType(redactor.value(resource.fields))
    label, key = _user_label(resource.address), resource.key
    if not label:
        return replace(resource, fields=fields, facts=MappingProxyType(redactor.value(resource.facts)))
    redacted_key = (redactor.name(label), *key[1:]) if isinstance(key, tuple) and key else key
    facts = {name: fact for name, fact in resource.facts.items() if name in _PUBLIC_FACTS}
    return Resource(_address(redactor, resource.address), fields, redacted_key, MappingProxyType(facts))


def _field(redactor: Redactor, field: FieldChange) -> FieldChange:
    value = redactor.value
    details = tuple(Detail(detail.path, value(detail.before), value(detail.after)) for detail in field.details)
    return replace(field, before=value(field.before), after=value(field.after), details=details)


def _guard(redactor: Redactor, guard: Guard) -> Guard:
    return replace(
        _with_texts(guard, redactor.text, "message", "allowed_by"),
        address=guard.address and _address(redactor, guard.address),
        impact=guard.impact and _impact(redactor, guard.impact),
    )


def _diagnostic(redactor: Redactor, diagnostic: Diagnostic) -> Diagnostic:
    path = tuple(redactor.text(part) if isinstance(part, str) else part for part in diagnostic.path)
    return replace(_with_texts(diagnostic, redactor.text, "message", "hint"), path=path)


def redact_report(report: Report, redact: Callable[[str], str]) -> Report:
    """Return a report in whose texts and addresses `redact` replaced user names; `text_redactor` makes it from the plan."""
    return replace(
        _with_texts(report, redact, "error", "hint", "command"),
        outcomes=tuple(redact_outcome(outcome, redact) for outcome in report.outcomes),
        removed=frozenset(_report_address(address, redact) for address in report.removed),
        warnings=tuple(map(redact, report.warnings)),
        diagnostics=tuple(_with_texts(diagnostic, redact, "message", "hint") for diagnostic in report.diagnostics),
    )


def redact_outcome(outcome: StepOutcome, redact: Callable[[str], str]) -> StepOutcome:
    """Return an outcome as `redact_report` changes it."""
    addresses = tuple(_report_address(address, redact) for address in outcome.addresses)
    redacted = _with_texts(outcome, redact, "message", "detail", "hint")
    return redacted if addresses == outcome.addresses else replace(redacted, addresses=addresses)


def _report_address(address: Address, redact: Callable[[str], str]) -> Address:
    rest = redact(address.rest)
    return address if rest == address.rest else replace(address, rest=rest)


def _with_texts(value: _Value, redact: Callable[[str], str], *names: str) -> _Value:
    texts: dict[str, Any] = {name: redact(getattr(value, name)) for name in names}
    is_same = all(getattr(value, name) == text for name, text in texts.items())
    return value if is_same else replace(value, **texts)
