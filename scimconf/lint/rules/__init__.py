"""Rules about a spec as a whole: what no expression shows by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from scimconf.kinds import mappings
from scimconf.lint.mapping_context import MappingContext
from scimconf.lint.rule import SpecIssue, SpecRule
from scimconf.lint.rules import assignments, filters, roles
from scimconf.spec.addresses import FLAGS, keys

__all__ = ["RULES", "SpecIssue", "SpecRule"]

STANDARD_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"
FLAG = "aadoptscim062020"


def _odd_custom(around: MappingContext) -> Iterator[SpecIssue]:
    if not around.is_custom():
        return
    for section, mapping in mappings.sections(around.spec).items():
        for name, one in mapping.target_attributes.items():
            odd = one.multivalued or one.references or one.type == "reference"
            if name.startswith("urn:") and not name.startswith(STANDARD_URN) and odd:
                said = "outside of the gallery, attributes of an extension take one value and no references"
                yield SpecIssue(("mappings", section, "target_attributes", name), said)


def _flagged(around: MappingContext) -> Iterator[SpecIssue]:
    connection = around.spec.connection
    address = (connection.base_address if connection is not None else None) or ""
    if FLAG in address.lower():
        said = "provision on demand does not follow this flag: what it sends is not what a cycle sends"
        yield SpecIssue(("connection", "base_address"), said, "Try a change with a cycle.")


def _queried(around: MappingContext) -> Iterator[SpecIssue]:
    connection = around.spec.connection
    address = (connection.base_address if connection is not None else None) or ""
    for key in keys(address):
        if key.lower() not in FLAGS:
            said = f'"{key}" in the address is no flag of the service: it is sent along and stands in every plan'
            yield SpecIssue(("connection", "base_address"), said, "If it is a secret, put it into secret_token.")


RULES: Mapping[str, SpecRule] = MappingProxyType(
    {
        "L501": SpecRule("Roles mapped in two ways", "warning", roles.roles_twice),
        "L502": SpecRule("A role with two names", "warning", roles.two_names),
        "L503": SpecRule("Nobody is deactivated", "warning", assignments.never_inactive),
        "L504": SpecRule("A custom attribute of several values", "warning", _odd_custom),
        "L505": SpecRule("A filter on what filters do not see", "warning", filters.unseen),
        "L506": SpecRule("A flag that provision on demand ignores", "warning", _flagged),
        "L507": SpecRule("Matching by what is the same for everybody", "warning", assignments.same_for_all),
        "L508": SpecRule("A query in the address", "warning", _queried),
        "L601": SpecRule("A filter's value that cannot be read", "error", filters.unreadable),
        "L602": SpecRule("A filter on an attribute that Entra does not offer", "warning", filters.unlisted),
        "L603": SpecRule("A filter's pattern without anchors", "warning", filters.unanchored),
        "L604": SpecRule("A filter's operator for another type", "warning", filters.other_type),
    }
)
