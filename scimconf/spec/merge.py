"""Merges a spec with the files that it extends.

Mappings merge key by key. An attribute mapping, an attribute definition and a secret reference are replaced as a whole,
and so is every list except those in MERGED_LISTS, whose entries are matched by identity: an entry of the upper file
replaces the matching entry of the lower one. Of keys that exclude each other, those of the upper file win.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scimconf.diagnostics import Diagnostic, SpecPath
from scimconf.spec.references import is_reference
from scimconf.spec.tree import YamlList, YamlMapping

REPLACED_ENTRIES = frozenset({"attributes", "target_attributes", "source_attributes"})
MERGED_LISTS: dict[SpecPath, tuple[str, ...]] = {
    ("app_roles", "roles"): ("value", "display_name"),
    ("assignments", "groups"): ("id", "name"),
    ("assignments", "users"): ("user",),
    ("assignments", "protect"): ("group", "user", "role"),
    ("assignments", "users_from"): (),
    ("assignments", "groups_from"): (),
    ("before_start",): ("step",),
    ("tests",): ("name",),
}
EXCLUSIVE: dict[SpecPath, tuple[str, ...]] = {
    ("application",): ("display_name", "app_id", "object_id"),
    ("connection",): ("secret_token", "oauth2"),
    ("role_attribute",): ("source", "expression"),
}


def merge(lower: Any, upper: Any, path: SpecPath = ()) -> Any:
    """Return the upper tree merged over the lower one. Neither is changed."""
    if isinstance(lower, YamlMapping) and isinstance(upper, YamlMapping) and not _is_replaced(path):
        return _merge_mappings(lower, upper, path)
    if isinstance(lower, YamlList) and isinstance(upper, YamlList) and path in MERGED_LISTS:
        return _merge_lists(lower, upper, MERGED_LISTS[path])
    return upper


def _is_replaced(path: SpecPath) -> bool:
    return is_reference(path) or (len(path) == 4 and path[0] == "mappings" and path[2] in REPLACED_ENTRIES)


def _merge_mappings(lower: YamlMapping, upper: YamlMapping, path: SpecPath) -> YamlMapping:
    exclusive = EXCLUSIVE.get(path, ())
    is_decided = any(key in upper for key in exclusive)
    merged = YamlMapping()
    for mapping in (lower, upper):
        for key, value in mapping.items():
            if mapping is lower and is_decided and key in exclusive and key not in upper:
                continue
            merged[key] = merge(merged[key], value, (*path, key)) if key in merged else value
            merged.locations[key] = mapping.locations[key]
    return merged


def _merge_lists(lower: YamlList, upper: YamlList, keys: tuple[str, ...]) -> YamlList:
    """Return the lower entries, each replaced by the first upper entry of the same identity, then the other upper ones.

    An entry that the upper file repeats stays, so that it is reported as a duplicate.
    """
    merged = YamlList(lower, list(lower.locations))
    indexes: dict[tuple[str, str], int] = {}
    for index, item in enumerate(lower):
        for identity in _identities(item, keys):
            indexes.setdefault(identity, index)
    replaced: set[int] = set()
    for item, location in zip(upper, upper.locations, strict=True):
        match = next((indexes[identity] for identity in _identities(item, keys) if identity in indexes), None)
        if match is None or match in replaced:
            merged.add(item, location)
        else:
            merged[match], merged.locations[match] = item, location
            replaced.add(match)
    return merged


def _identities(item: Any, keys: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the identities of an entry, the decisive one first. A malformed entry has none."""
    if isinstance(item, str):
        return [("", item)]
    if not isinstance(item, YamlMapping):
        return []
    return [(key, item[key].casefold()) for key in keys if isinstance(item.get(key), str)]


def widened_exemptions(lower: YamlMapping, upper: YamlMapping) -> Iterator[Diagnostic]:
    """Yield an error for each guard exemption that allows more than those of the base and does not say so."""
    bases, exemptions = lower.get("guard_exemptions"), upper.get("guard_exemptions")
    if not isinstance(bases, YamlList) or not isinstance(exemptions, YamlList):
        return
    for index, exemption in enumerate(exemptions):
        if not isinstance(exemption, YamlMapping) or exemption.get("overrides_base") == "true":
            continue
        if not any(isinstance(base, YamlMapping) and _is_within(exemption, base) for base in bases):
            message = f'this guard exemption for "{exemption.get("guard")}" allows more than the base file does'
            hint = "Narrow it, or add `overrides_base: true` if that is intended."
            yield Diagnostic("S313", message, ("guard_exemptions", index), exemptions.locations[index], hint)


def _is_within(exemption: YamlMapping, base: YamlMapping) -> bool:
    """Return whether an exemption has the guard of another and is at most as long, as wide and as high."""
    return (
        exemption.get("guard") == base.get("guard")
        and str(exemption.get("until", "9999")) <= str(base.get("until", ""))
        and ("address" not in base or exemption.get("address") == base["address"])
        and ("max" not in base or _number(exemption.get("max")) <= _number(base["max"]))
    )


def _number(text: Any) -> float:
    return float(text) if str(text).isdigit() else float("inf")
