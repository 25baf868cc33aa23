"""Generate a spec from a live application. Pure.

A plan of the generated spec shows no changes. So the kinds export every value in the normal form in which they compare,
and list in words what a spec cannot express.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scimconf.kinds import KINDS
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.exported_access import same_name_lookups
from scimconf.kinds.exported_mappings import section_selectors
from scimconf.spec.model import ObjectMapping, Provisioning, Spec

__all__ = ["ExportRequest", "ExportedSpec", "everything", "export_spec", "same_name_lookups"]


def everything(name: str, identified: Mapping[str, str]) -> Spec:
    """Return a spec that manages all documents of an application, so that all of them are read."""
    return Spec.model_validate(
        {
            "version": 1,
            "name": name,
            "application": dict(identified),
            "connection": {"base_address": "https://localhost"},
            "provisioning": {"enabled": False, "scope": "assigned"},
            "mappings": {"users": {"enabled": True}, "groups": {"enabled": True}},
            "app_roles": {},
            "assignments": {"unlisted": "report"},
        }
    )


def export_spec(tenant: str, request: ExportRequest) -> ExportedSpec:
    """Return the spec of one application, its keys in the canonical order."""
    exported = ExportedSpec({"version": 1, "name": request.name, **({"tenant": tenant} if tenant else {})})
    for kind in KINDS:
        exported.add(kind.export(request))
    tree = _ordered(exported.tree, Spec.model_fields)
    tree["provisioning"] = _ordered(tree["provisioning"], Provisioning.model_fields)
    if "mappings" in tree:
        selectors = section_selectors(request)
        tree["mappings"] = {
            name: {**selectors[name], **_ordered(tree["mappings"][name], ObjectMapping.model_fields)}
            for name in selectors
            if name in tree["mappings"]
        }
    exported.tree = tree
    return exported


def _ordered(section: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: section[name] for name in names if name in section}
