"""Rules about target attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scimconf.diagnostics import Diagnostic
from scimconf.kinds import mappings
from scimconf.lint.mapping_context import MappingContext
from scimconf.spec.model import ObjectMapping
from scimconf.suggestions import did_you_mean, suggest

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"
ENTERPRISE_ATTRIBUTES = ("employeeNumber", "costCenter", "organization", "division", "department", "manager")
SCIM_ATTRIBUTES = {
    "users": (
        *("id", "externalId", "userName", "name", "displayName", "nickName", "profileUrl", "title", "userType"),
        *("preferredLanguage", "locale", "timezone", "active", "password", "emails", "phoneNumbers", "ims", "photos"),
        *("addresses", "groups", "entitlements", "roles", "x509Certificates"),
        *(f"{ENTERPRISE}{name}" for name in ENTERPRISE_ATTRIBUTES),
    ),
    "groups": ("id", "externalId", "displayName", "members"),
}
"""The attributes of RFC 7643, sections 4.1 to 4.3."""


def unsupported_extension(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each extension attribute of a non-gallery application that is multivalued or a reference."""
    if not context.is_custom():
        return
    for section, mapping in mappings.sections(context.spec).items():
        for name, definition in mapping.target_attributes.items():
            is_unsupported = definition.multivalued or definition.references or definition.type == "reference"
            if name.startswith("urn:") and not name.startswith(ENTERPRISE) and is_unsupported:
                message = "in a non-gallery application, extension attributes are single-valued and no references"
                hint = "Use `type: string` and delete `multivalued: true`."
                yield Diagnostic("L504", message, ("mappings", section, "target_attributes", name), hint=hint)


def undefined(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each target attribute that a new non-gallery application will not have."""
    if not context.creates_application or not context.is_custom():
        return
    for section, known in SCIM_ATTRIBUTES.items():
        mapping = context.spec.mappings.get(section, ObjectMapping())
        for target, row in mapping.attributes.items():
            if not row.absent and not _is_defined(target, known) and target not in mapping.target_attributes:
                hint = did_you_mean(_suggestion(target, known), f"Define it: `target_attributes: {{{target}: {{}}}}`.")
                message = f"{target} is not a SCIM attribute, and the spec does not define it"
                yield Diagnostic("L510", message, ("mappings", section, "attributes", target), hint=hint)


def _is_defined(target: str, known: tuple[str, ...]) -> bool:
    """Return whether a target attribute, or the attribute that it is a part of, is known."""
    if target.startswith("urn:"):
        return target in known or target.rpartition(".")[0] in known
    return re.split(r"[.\[]", target)[0] in known


def _suggestion(target: str, known: tuple[str, ...]) -> str | None:
    if target in ENTERPRISE_ATTRIBUTES:
        return f"{ENTERPRISE}{target}"
    return suggest(target, [name for name in known if not name.startswith("urn:")])
