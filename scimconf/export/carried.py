"""What a new export of an application takes over from its previous spec: what the tenant does not have. Pure."""

from __future__ import annotations

import re
from typing import Any

from scimconf.export.secret_pattern import references_of
from scimconf.kinds.exported import ExportedSpec
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import Spec
from scimconf.spec.references import with_secret_paths
from scimconf.spec.tree import WORDS, Plain, SecretFile

_EXPORTED = frozenset(
    {
        "version", "name", "tenant", "application", "job", "connection", "provisioning", "mappings", "app_roles",
        "role_attribute", "assignments",
    }
)  # fmt: skip
SPEC_ONLY = tuple(key for key in Spec.model_fields if key not in _EXPORTED)
"""The keys of a spec that no document of the tenant has."""
_COUNT = re.compile("0|[1-9][0-9]{0,17}")


def carry_over(exported: ExportedSpec, previous: Loaded) -> None:
    """Add the name, the keys that only a spec has, and where secrets are kept, from the previous spec at the same path."""
    plain = _plain(with_secret_paths(previous.resolved, previous.paths[0]))
    values = {key: plain[key] for key in ("name", *SPEC_ONLY) if key in plain}
    tree = {**exported.tree, **values}
    exported.tree = {name: tree[name] for name in Spec.model_fields if name in tree}
    known = dict(references_of(plain))
    for key, reference in references_of(exported.tree):
        if key in known:
            rotation = {"rotation": reference["rotation"]} if "rotation" in reference else {}
            source = {name: value for name, value in known[key].items() if name != "rotation"}
            reference.clear()
            reference.update({**source, **rotation})


def _plain(value: Any) -> Any:
    """Return a tree of JSON values that mean the same in YAML; the path of a file as the spec wrote it."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, SecretFile):
        return value.from_spec
    if not isinstance(value, Plain):
        return value
    return int(value) if _COUNT.fullmatch(value) else WORDS.get(value, str(value))
