"""The roles that assignments can have: by their names in a spec, by id, and whether they can be assigned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from scimconf.documents import application as documents
from scimconf.documents.assignments import DEFAULT_ACCESS
from scimconf.kinds import roles
from scimconf.plan import decode, encode
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec

_DEFAULT = "~Default Access"


class AssignableRoles(NamedTuple):
    """Roles by their names in the spec and by id: those that exist, and those that the plan creates."""

    by_name: Mapping[str, str]
    labels: Mapping[str, str]
    disabled: frozenset[str]
    deleted: frozenset[str]
    missing_hint: str

    @classmethod
    def of(cls, spec: Spec, snapshot: Snapshot) -> AssignableRoles:
        live, new = documents.roles(snapshot.documents), roles.new_ids(spec, snapshot)
        by_name = {str(role.get("value") or "") or f"~{role.get('displayName')}": role["id"] for role in live}
        labels = {DEFAULT_ACCESS: _DEFAULT, **roles.labels(live)}
        for name in roles.template_roles(spec, snapshot):
            by_name[name], labels[f"?{name}"] = f"?{name}", name
        disabled = {role["id"] for role in live if not role.get("isEnabled")}
        for role in spec.app_roles.roles if spec.app_roles is not None else ():
            if roles.label_of(role) in new:
                by_name.setdefault(role.identity, new[roles.label_of(role)])
                labels.setdefault(new[roles.label_of(role)], roles.label_of(role))
            if not role.absent:
                role_id = by_name[role.identity]
                disabled = disabled - {role_id} if role.enabled else disabled | {role_id}
        going, hint = roles.going(spec, live), roles.missing_role_hint(spec, snapshot)
        return cls(by_name, labels, frozenset(disabled), going, hint)

    def id(self, written: str) -> str:
        """Return the id of a role by its value, or by its display name if it has no value; `?NAME` if there is none."""
        return self.by_name.get(written) or self.by_name.get(f"~{written}") or f"?{written}"

    def name(self, written: str) -> str:
        """Return the name in addresses of a role that the spec writes."""
        return self.labels.get(self.id(written)) or encode(written)

    def spellings(self, role_id: str) -> tuple[str, ...]:
        """Return the names that a pattern may use for a live role."""
        name = self.labels.get(role_id, role_id)
        value = roles.value_of(name)
        return (value,) if value is not None else (decode(name), decode(name.removeprefix("~")))

    def are_enabled(self, names: Iterable[str]) -> bool:
        """Return whether all these roles exist once the plan is applied, and none is disabled."""
        return all(self.exists(name) and self.id(name) not in self.disabled for name in names)

    def exists(self, written: str) -> bool:
        """Return whether the role exists once the plan is applied."""
        role_id = self.id(written)
        return role_id in self.labels and role_id not in self.deleted
