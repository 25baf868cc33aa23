"""Rules that a preset or fact page adds to a spec which names it: what the vendor refuses or does not support.

They are warnings, since the facts are the vendor's pages and nobody may have confirmed them; each message names the vendor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from scimconf.diagnostics import Diagnostic, quoted
from scimconf.expressions import Attribute, Call, Constant, Expression, attributes, functions, spelling
from scimconf.lint.mapping_context import EffectiveMapping, MappingContext
from scimconf.presets import fact_page_names, preset_names
from scimconf.spec.model import ObjectMapping
from scimconf.suggestions import did_you_mean, suggest

if TYPE_CHECKING:
    from scimconf.presets.model import Facts, Object, RowRules, ValueLimit

PATH = ("preset",)
SOURCE_LENGTHS: Mapping[str, int] = MappingProxyType(
    {
        "department": 64,
        "displayName": 256,
        "givenName": 64,
        "jobTitle": 128,
        "mailNickname": 64,
        "objectId": 36,
        "surname": 64,
        "userPrincipalName": 113,
    }
)
"""The longest values of source attributes: Graph's reference of the user, Entra's policies for user names, and a GUID."""
SHORTENING = frozenset({"Left", "Mid"})
"""Functions whose result has a length that the expression states."""
JOINING = frozenset({"Append", "Coalesce", "Join", "Replace", "StripSpaces", "ToLower", "ToUpper"})
"""Functions whose result is as long as their arguments, or longer."""
REMOVING = frozenset({"RemoveCharacters", "Replace"})
"""Functions that can remove a character."""


def unknown_preset(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield an error for a `preset` that the catalogue does not have: its rules would be missing silently."""
    name = context.spec.preset
    names = (*preset_names(), *fact_page_names())
    if name is not None and name not in names:
        hint = did_you_mean(
            suggest(name, names), "`scimconf preset list` shows all. Delete the key if yours is missing."
        )
        yield Diagnostic("L700", f'unknown preset or fact page "{name}"', PATH, hint=hint)


def refused_values(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each mapping whose values may be such as the vendor refuses."""
    entry = context.vendor
    if entry is None:
        return
    for limit in entry.facts.limits:
        for row in context.rows():
            if (row.section, row.target) == (limit.object, limit.attribute) and row.tree is not None:
                problem, hint = _problem(row.tree, limit)
                if problem:
                    message = f"{row.target}{_subject(row)} {problem}, which {entry.facts.title} refuses"
                    yield Diagnostic("L702", message, row.path, hint=hint)


def missing_rows(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each attribute that the vendor needs, and that nothing maps."""
    for vendor in _sections(context):
        is_known = context.snapshot is not None or vendor.mapping.unlisted == "delete"
        mapped = {row.target for row in context.rows() if row.section == vendor.section}
        for target in vendor.needed() if is_known else ():
            if target not in mapped:
                message = f"{vendor.facts.title} needs {target}, which nothing maps"
                path = ("mappings", vendor.section)
                yield Diagnostic("L703", message, path, hint=f"Add a mapping of {quoted(target)}.")


def unsupported_rows(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each mapping that the vendor does not support, and for template rows that must go."""
    for vendor in _sections(context):
        title, unlisted = vendor.facts.title, vendor.mapping.unlisted
        for row in context.rows():
            if row.section == vendor.section and not vendor.supports(row.target):
                message = f"{title} does not support {row.target}{_subject(row)}"
                yield Diagnostic("L704", message, row.path, hint="Delete the mapping, or write `absent: true`.")
        if vendor.rules.others == "must_go" and unlisted != "delete":
            message = f"{title} asks to delete all other mappings of the template, and `unlisted` is {unlisted}"
            yield Diagnostic("L704", message, ("mappings", vendor.section), hint="Write `unlisted: delete`.")


def unsupported_matching(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each mapping that matches by an attribute that the vendor cannot be searched by."""
    entry = context.vendor
    if entry is None:
        return
    for row in context.rows():
        usable = getattr(getattr(entry.facts.matching, row.section, None), "attributes", ())
        if row.match and usable and row.target not in usable:
            message = f"{entry.facts.title} cannot match by {row.target}{_subject(row)}"
            yield Diagnostic("L705", message, row.path, hint=f"Match by {' or '.join(usable)}.")


def unsupported_groups(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for provisioning of groups that the vendor does not take, or does not let create or delete."""
    entry, groups = context.vendor, context.spec.mappings.get("groups")
    if entry is None or groups is None or groups.enabled is False:
        return
    support = getattr(entry.facts.groups, "support", "")
    if support == "none":
        message, hint = f"{entry.facts.title} does not accept groups", "Write `groups: {enabled: false}`."
        yield Diagnostic("L706", message, ("mappings", "groups"), hint=hint)
    elif support == "update_only" and set(groups.actions or ("create", "delete")) & {"create", "delete"}:
        message = f"{entry.facts.title} accepts changes of existing groups only"
        yield Diagnostic("L706", message, ("mappings", "groups"), hint="Write `actions: [update]`.")


# ---- the facts ------------------------------------------------------------------------------------------------------


class _VendorSection(NamedTuple):
    """The enabled mapping of users or of groups, and the vendor's rules about its rows."""

    facts: Facts
    section: Object
    mapping: ObjectMapping
    rules: RowRules

    def needed(self) -> tuple[str, ...]:
        """Return the attributes that must be mapped: those of the guide, and those whose value is required."""
        limits = (limit for limit in self.facts.limits if limit.required and limit.object == self.section)
        return tuple(dict.fromkeys((*self.rules.required, *(limit.attribute for limit in limits))))

    def supports(self, target: str) -> bool:
        """Return whether an attribute may be mapped; it may, unless the vendor refuses it or all others must go."""
        if self.rules.others != "must_go" or target in self.rules.forbidden:
            return target not in self.rules.forbidden
        published: Mapping[str, str] = getattr(self.facts.attributes, self.section, {})
        return target in (*self.needed(), *published, getattr(self.facts.roles, "attribute", ""))


def _sections(context: MappingContext) -> Iterator[_VendorSection]:
    """Yield the enabled mappings about whose rows the vendor has rules."""
    if context.vendor is None:
        return
    from scimconf.presets.model import RowRules

    facts = context.vendor.facts
    pairs: tuple[tuple[Object, object], ...] = (("users", facts.rows.users), ("groups", facts.rows.groups))
    for section, rules in pairs:
        mapping = context.spec.mappings.get(section)
        if mapping is not None and mapping.enabled is not False and isinstance(rules, RowRules):
            yield _VendorSection(facts, section, mapping, rules)


def _subject(row: EffectiveMapping) -> str:
    return "" if row.row is not None else " (a live mapping)"


# ---- values ---------------------------------------------------------------------------------------------------------


def _problem(tree: Expression, limit: ValueLimit) -> tuple[str, str]:
    """Return what may be wrong with the values of an expression, and a hint; two empty strings if nothing is known."""
    if isinstance(tree, Constant):
        return _constant_problem(tree.text, limit)
    used = _functions(tree)
    most = limit.max_length
    if most is not None and _is_as_long_as_sources(tree) and not used & SHORTENING and _longest(tree) > most:
        return f"may have more than {most} characters", f"Write `Left(…, {most})` around the expression."
    present = limit.forbidden_characters
    if present and _is_as_long_as_sources(tree) and not used & REMOVING:
        return f"may contain {_listed(present)}", 'Replace the character: `Replace([…], "C", , , "", , )`.'
    return "", ""


def _constant_problem(value: str, limit: ValueLimit) -> tuple[str, str]:
    hint = "Write another constant."
    if limit.max_length is not None and len(value) > limit.max_length:
        return f"has {len(value)} characters of at most {limit.max_length}", hint
    if limit.pattern and not re.fullmatch(limit.pattern, value):
        return f"is not of the form {limit.pattern}", hint
    contained = "".join(dict.fromkeys(sign for sign in value if sign in limit.forbidden_characters))
    return (f"contains {_listed(contained)}", hint) if contained else ("", "")


def _functions(tree: Expression) -> set[str]:
    return {spelling(name) for name in functions(tree)}


def _is_as_long_as_sources(tree: Expression) -> bool:
    return isinstance(tree, Attribute) or (isinstance(tree, Call) and spelling(tree.name) in JOINING)


def _longest(tree: Expression) -> float:
    """Return the length of the longest value of the source attributes together; infinite if one is not documented."""
    return sum(SOURCE_LENGTHS.get(name, float("inf")) for name in attributes(tree))


def _listed(characters: str) -> str:
    return " or ".join(f"`{sign}`" for sign in characters)
