"""Rules about target attributes: which of them an application has, and which of them Entra can send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from scimconf.diagnostics import Diagnostic, Severity, SpecPath
from scimconf.documents.target_attributes import (
    ENTERPRISE,
    MULTIVALUED,
    TEMPLATE_ATTRIBUTES,
    is_scim_attribute,
)
from scimconf.kinds import mappings
from scimconf.lint.mapping_context import MappingContext
from scimconf.spec.model import STANDARD
from scimconf.suggestions import did_you_mean, suggest

IDENTIFIER = "id"
DOCUMENTED_FORM = "urn:ietf:params:scim:schemas:extension:NAME:2.0:User:ATTRIBUTE"
_SENT_ON_CREATION = re.compile(r"urn:ietf:params:scim:schemas:extension:.+:2\.0:(User|Group):[^:]+")
_COMPLEX = re.compile(r"(urn:.+:[A-Za-z][^:.]*)\.([^:]+)")
"""An extension attribute with a sub-attribute: a dot after the last colon, which is not that of a version number."""


class TargetName(NamedTuple):
    """The name of a target attribute that the spec writes, and its path."""

    name: str
    section: str
    path: SpecPath


def _mapped(context: MappingContext) -> Iterator[TargetName]:
    """Yield the target of each listed attribute mapping of users and groups."""
    for row in mappings.listed(context.spec):
        if row.section in STANDARD and not row.row.absent:
            path = (*row.path, "target") if row.path == ("role_attribute",) else row.path
            yield TargetName(row.target, row.section, path)


def _declared(context: MappingContext) -> Iterator[TargetName]:
    """Yield each target attribute that the spec defines, and the role attribute, which defines itself."""
    for section, mapping in context.spec.mappings.items():
        for name in mapping.target_attributes:
            yield TargetName(name, section, ("mappings", section, "target_attributes", name))
    if context.spec.role_attribute is not None:
        yield TargetName(context.spec.role_attribute.target, "users", ("role_attribute", "target"))


def unsupported_extension(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each extension attribute of a non-gallery application that is multivalued or a reference."""
    if not context.is_custom():
        return
    for section, mapping in mappings.sections(context.spec).items():
        for name, definition in mapping.target_attributes.items():
            is_unsupported = definition.multivalued or definition.references or definition.type == "reference"
            if name.startswith("urn:") and not name.startswith(ENTERPRISE) and is_unsupported:
                message = (
                    "in a non-gallery application, extension attributes are single-valued and cannot be references"
                )
                hint = "Use `type: string` and delete `multivalued: true`."
                yield Diagnostic("L504", message, ("mappings", section, "target_attributes", name), hint=hint)


def complex_extension(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each extension attribute with a sub-attribute, unless the application is a gallery one.

    A Microsoft employee says so (learn.microsoft.com/answers/questions/1656815).
    """
    for target in _declared(context) if not context.is_gallery() else ():
        match = _COMPLEX.fullmatch(target.name)
        if match is not None and not target.name.startswith(ENTERPRISE.removesuffix(":")):
            message = f"{target.name} is a part of a complex attribute, which only gallery applications can have"
            name = match[2][:1].upper() + match[2][1:]
            hint = f"Write a name without the dot, such as `{match[1]}{name}`."
            yield Diagnostic("L512", message, target.path, hint=hint)


def left_out_of_creation(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each mapped attribute of a non-gallery application that Entra sends in updates only.

    Immuta reports the log text "exporting the property is not supported for this operation: Add".
    """
    for target in _mapped(context) if context.is_custom() else ():
        is_sent = is_scim_attribute(target.name, target.section) or _SENT_ON_CREATION.fullmatch(target.name)
        if not is_sent and not _is_undefined(context, target):
            created = "group" if target.section == "groups" else "user"
            message = f"Entra is reported to omit {target.name} when it creates a {created}, and to send it later"
            hint = f"If the application accepts other names, use the form `{DOCUMENTED_FORM}`."
            yield Diagnostic("L513", message, target.path, hint=hint)


def issued_identifier(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield an error for a mapping to `id`, which the application issues (RFC 7643, section 3.1).

    The templates of some gallery applications match by it. Where it is not known whether this is such an application,
    the diagnostic is a warning.
    """
    for target in _mapped(context):
        if target.name != IDENTIFIER or context.matches_by(target.section, IDENTIFIER):
            continue
        severity: Severity = "error" if context.is_custom() else "warning"
        message = "the application itself issues `id`, so a value that Entra sends is ignored or refused"
        hint = "Map `externalId` instead, and match by it or by `userName`."
        if target.section == "groups":
            hint = "Map `externalId` instead, and match by it or by `displayName`."
        yield Diagnostic("L515", message, target.path, hint=hint, severity=severity)


def undefined(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each target attribute that a new non-gallery application will not have."""
    for target in _mapped(context):
        if _is_undefined(context, target):
            hint = _definition_hint(target.name, TEMPLATE_ATTRIBUTES[target.section])
            yield Diagnostic("L510", _undefined(target.name, target.section), target.path, hint=hint)


def _is_undefined(context: MappingContext, target: TargetName) -> bool:
    """Return whether neither the spec nor the template of the application that the spec creates defines a target."""
    if not context.creates_application or not context.is_custom() or target.path[0] == "role_attribute":
        return False
    definitions = mappings.sections(context.spec)[target.section].target_attributes
    return target.name not in TEMPLATE_ATTRIBUTES[target.section] and target.name not in definitions


def _undefined(target: str, section: str) -> str:
    if is_scim_attribute(target, section):
        return f"the template of custom applications does not define {target}, and neither does the spec"
    return f"{target} is not a SCIM attribute, and the spec does not define it"


def _definition_hint(target: str, known: frozenset[str]) -> str:
    definition = "{multivalued: true}" if target in MULTIVALUED else "{}"
    define = f"Define it: `target_attributes: {{{_yaml_key(target)}: {definition}}}`."
    return did_you_mean(_suggestion(target, known), define)


def _yaml_key(name: str) -> str:
    quoted = name.replace("'", "''")
    return name if re.fullmatch(r"\w+", name) else f"'{quoted}'"


def _suggestion(target: str, known: frozenset[str]) -> str | None:
    """Return the known attribute with this name as its last part, such as `name.givenName`, or the closest name."""
    by_last_part = {
        re.split(r"[.:]", name)[-1].lower(): name for name in sorted(known, key=lambda name: "work" in name)
    }
    same = next((name for name in known if name.lower() == target.lower()), by_last_part.get(target.lower()))
    return same if same is not None or is_scim_attribute(target) else suggest(target, sorted(known))
