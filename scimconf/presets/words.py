"""The facts of a vendor in words, for pages and for the terminal. Attributes and values are in backticks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from scimconf.presets.model import Fact, Facts, MatchingRule, RowRules, ValueLimit, VendorRoles

NOT_KNOWN = "not known"
CONNECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "bearer": "bearer token",
        "client_credentials": "OAuth 2.0 client credentials",
        "authorized_by_person": "authorized by an administrator in the portal",
        "user_and_password": "user name and password",
        "unknown": NOT_KNOWN,
    }
)
INVISIBLE: Mapping[str, str] = MappingProxyType({"\t": "tabs", "\n": "line breaks", "\r": "line breaks"})
SENT: Mapping[str, str] = MappingProxyType(
    {
        "one": "one value for each user",
        "many": "all roles of a user",
        "none": "none",
        "through_groups": "through groups",
        "unknown": NOT_KNOWN,
    }
)
GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "full": "created, changed and deleted",
        "update_only": "existing groups are changed; none is created or deleted",
        "linked_by_name": "linked to an existing group or team of the same name",
        "none": "not provisioned",
        "unknown": NOT_KNOWN,
    }
)
LEAVING: Mapping[str, str] = MappingProxyType(
    {
        "disables": "disables the account",
        "deletes": "deletes the account",
        "removes_from_organization": "removes the user from the organization",
        "unknown": NOT_KNOWN,
    }
)
OTHERS: Mapping[str, str] = MappingProxyType(
    {
        "may_stay": "other mappings of the template may stay",
        "must_go": "all other mappings must be deleted",
        "unknown": "",
    }
)


class FactRow(NamedTuple):
    """A fact: its name, what is known in words, a note, and the keys of its sources."""

    name: str
    text: str
    note: str = ""
    sources: tuple[str, ...] = ()


class EntrySummary(NamedTuple):
    """The facts of a list of applications."""

    connection: str
    roles: str
    groups: str
    leaver: str


def summary(facts: Facts) -> EntrySummary:
    return EntrySummary(
        CONNECTIONS[word(facts.connection, "kind")],
        SENT[word(facts.roles, "sent")],
        GROUPS[word(facts.groups, "support")].partition(";")[0],
        LEAVING[word(facts.deprovisioning, "effect")],
    )


def word(fact: Any, name: str) -> str:
    """Return a field of a fact; `unknown` if the fact is not known."""
    return str(getattr(fact, name, "unknown"))


def sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def fact_rows(facts: Facts) -> Iterator[FactRow]:
    """Yield all facts about an application, those that are not known included."""
    application = facts.application
    kind = "gallery application" if application.kind == "gallery" else "non-gallery application"
    yield _row("application", f"{kind} {code(application.name)}", application)
    yield _row("tenant URL", code(word(facts.tenant_url, "form")), facts.tenant_url)
    yield _row("credentials", CONNECTIONS[word(facts.connection, "kind")], facts.connection)
    yield _row("validity of the credentials", word(facts.token, "life"), facts.token)
    for name in ("users", "groups"):
        rule = getattr(facts.matching, name)
        text = " or ".join(map(code, rule.attributes)) if isinstance(rule, MatchingRule) else rule
        yield _row(f"matching of {name}", text, rule)
    for name in ("users", "groups"):
        rules = getattr(facts.rows, name)
        yield _row(f"mappings of {name}", _rules(rules) if isinstance(rules, RowRules) else rules, rules)
    yield _row("roles", _roles(facts.roles) if isinstance(facts.roles, VendorRoles) else NOT_KNOWN, facts.roles)
    yield _row("groups", GROUPS[word(facts.groups, "support")], facts.groups)
    yield _row("`active: false`", LEAVING[word(facts.deprovisioning, "effect")], facts.deprovisioning)
    deletion = LEAVING[word(facts.deprovisioning, "deletion")]
    yield FactRow(
        "a DELETE request", deletion, "", () if deletion == NOT_KNOWN else getattr(facts.deprovisioning, "source", ())
    )
    for limit in facts.limits:
        owner = " of groups" if limit.object == "groups" else ""
        yield _row(f"values of {code(limit.attribute)}{owner}", _limit(limit), limit)


def _row(name: str, text: str, fact: Any) -> FactRow:
    words = NOT_KNOWN if text in ("", "unknown") else text
    return FactRow(name, words, fact.note, fact.source) if isinstance(fact, Fact) else FactRow(name, words)


def _rules(rules: RowRules) -> str:
    parts = [f"required: {', '.join(map(code, rules.required))}"] if rules.required else []
    parts += [f"not supported: {', '.join(map(code, rules.forbidden))}"] if rules.forbidden else []
    parts += [OTHERS[rules.others]] if OTHERS[rules.others] else []
    return " ".join([*([sentence("; ".join(parts))] if parts else []), *rules.differences])


def _roles(roles: VendorRoles) -> str:
    parts = [SENT[roles.sent]]
    parts += [f"in {code(roles.attribute)}"] if roles.attribute else []
    parts += [f"values {', '.join(map(code, roles.values))}"] if roles.values else []
    parts += ["imported from the vendor by the first cycle"] if roles.imported else []
    return ", ".join(parts)


def _limit(limit: ValueLimit) -> str:
    parts = [f"at most {limit.max_length} characters"] if limit.max_length else []
    parts += [f"of the form {code(limit.pattern)}"] if limit.pattern else []
    parts += [f"without any of {_characters(limit.forbidden_characters)}"] if limit.forbidden_characters else []
    parts += ["unique"] if limit.unique else []
    parts += ["required"] if limit.required else []
    return ", ".join(parts)


def _characters(characters: str) -> str:
    """Return visible characters in backticks, and the names of the others."""
    visible = "".join(character for character in characters if character not in INVISIBLE)
    names = dict.fromkeys(INVISIBLE[character] for character in characters if character in INVISIBLE)
    return ", ".join([*filter(None, [code(visible)]), *names])


def code(text: str) -> str:
    """Return a value in backticks; the words `unknown` and `none` are no values."""
    return text if text in ("unknown", "none", "") else f"`{text}`"
