"""The assignments of an application's roles: a set of (principal id, role id) that is made of pages as they arrive."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, TypeAlias, TypedDict

from scimconf.json_types import Json
from scimconf.snapshot import Document, Lookup, Snapshot

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""The role id of an assignment without a role; allowed only if the application declares no roles (appRoleAssignment)."""
NAME = "assignments"
SERVICE_PRINCIPAL = "ServicePrincipal"

AssignmentKey: TypeAlias = tuple[str, ...]
"""Principal id and role id."""


class AssignmentRow(TypedDict):
    """The fields of an appRoleAssignment that are read."""

    id: str
    principalId: str
    principalType: str
    principalDisplayName: str | None
    appRoleId: str


class Assignee(NamedTuple):
    """The principal of an assignment as Graph describes it there: `type` is User, Group or ServicePrincipal."""

    type: str
    name: str | None


@dataclass(frozen=True, slots=True)
class AssignmentSet:
    """The assignments of an application, in the order of the pages.

    `ids` maps (principal id, role id) to the id of the assignment, `assignees` maps principal id to its description. Ids
    of principals and roles are in lower case, since Graph's responses differ in case. The items are the rows.
    """

    ids: Mapping[AssignmentKey, str] = field(default_factory=lambda: MappingProxyType({}))
    assignees: Mapping[str, Assignee] = field(default_factory=lambda: MappingProxyType({}))

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[AssignmentRow]:
        for (principal, role), id_ in self.ids.items():
            type_, name = self.assignees[principal]
            yield AssignmentRow(
                id=id_, principalId=principal, principalType=type_, principalDisplayName=name, appRoleId=role
            )

    @property
    def groups(self) -> tuple[str, ...]:
        """The ids of the assigned groups."""
        return tuple(id_ for id_, assignee in self.assignees.items() if assignee.type == "Group")

    @property
    def holders(self) -> Counter[str]:
        """The number of roles of each user and group."""
        assignees = self.assignees
        return Counter(id_ for id_, _ in self.ids if assignees[id_].type != SERVICE_PRINCIPAL)

    def roles(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Return the role ids of each principal, by the type of the principals."""
        roles = defaultdict[str, dict[str, tuple[str, ...]]](dict)
        assignees, shared = self.assignees, dict[str, tuple[str, ...]]()
        for principal, role in self.ids:
            of_type = roles[assignees[principal].type]
            earlier = of_type.get(principal)
            of_type[principal] = shared.setdefault(role, (role,)) if earlier is None else (*earlier, role)
        return roles


class AssignmentFold:
    """Makes an AssignmentSet of pages of rows."""

    def __init__(self) -> None:
        self._ids: dict[AssignmentKey, str] = {}
        self._assignees: dict[str, Assignee] = {}
        self._roles: dict[str, str] = {}

    def add(self, rows: Sequence[AssignmentRow]) -> list[Lookup]:
        """Add a page; return the lookups of its users and groups that no earlier page has, in the order of the rows."""
        lookups, ids, assignees = [], self._ids, self._assignees
        for row in rows:
            principal, role = row["principalId"].lower(), row["appRoleId"].lower()
            if principal not in assignees:
                assignees[principal] = Assignee(row["principalType"], row["principalDisplayName"])
                if row["principalType"] != SERVICE_PRINCIPAL:
                    lookups.append(Lookup("id", principal))
            ids[principal, self._roles.setdefault(role, role)] = row["id"]
        return lookups

    def result(self) -> AssignmentSet:
        return AssignmentSet(self._ids, self._assignees)


_NONE = AssignmentSet()


def assignments(*, resolves_principals: bool = False) -> Document:
    """Return the assignments of the application's roles."""
    path = "/servicePrincipals/{service_principal}/appRoleAssignedTo"
    return Document(
        NAME, path, collection=True, row=AssignmentRow, fold=AssignmentFold, resolves_principals=resolves_principals
    )


def assigned(snapshot: Snapshot) -> AssignmentSet:
    """Return the assignments that were read, none if they were not."""
    raw: AssignmentSet | None = snapshot.get(NAME)
    return _NONE if raw is None else raw


def rows_gone(raw: Json, key: tuple[str, ...], _value: Json) -> bool:
    """Return whether none of the assignments with these ids is listed."""
    return {row["id"] for row in raw}.isdisjoint(key)
