"""Which permissions a plan and its apply need and the identity lacks, as far as that is known. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from scimconf import permissions
from scimconf.diagnostics import Diagnostic
from scimconf.documents.schema import PARSE
from scimconf.kinds.registry import BY_NAME
from scimconf.permissions import APPLICATION_ONLY, Granted, Need
from scimconf.plan import Address
from scimconf.snapshot import Document, Snapshot
from scimconf.steps import Edit, Send, Step

CODE = "K006"
SHOWN_BY_READS = ("Application.Read.All", "Synchronization.Read.All")
"""Permissions without which Graph is known to refuse a read, so that a successful one shows other rights."""


_OTHER_RIGHTS = " If it has a role in Entra or is an owner instead, use apply --no-permission-check."


@dataclass(frozen=True, slots=True)
class MissingPermission:
    """A permission that the identity lacks, the others that are sufficient, and the changes that need it."""

    name: str
    sufficient: tuple[str, ...]
    addresses: frozenset[Address]

    def describe(self) -> str:
        """Return the permission, what is sufficient as well, and what needs it: `A (or B) for 2 roles`."""
        counts = Counter(address.kind for address in self.addresses)
        changes = [f"{counts[name]} {kind.labels[counts[name] > 1]}" for name, kind in BY_NAME.items() if counts[name]]
        others = [f"{name} as an owner" if name.endswith(APPLICATION_ONLY) else name for name in self.sufficient]
        alternatives = f" (or {', '.join(others)})" if others else ""
        return f"{self.name}{alternatives}{f' for {permissions.listed(changes)}' if changes else ''}"


# ---- before an apply -------------------------------------------------------------------------------------------------


def missing_permissions(
    steps: Sequence[Step], granted: Granted | None, read: Iterable[str] = ()
) -> tuple[MissingPermission, ...]:
    """Return the permissions that the steps need and the token certainly lacks, none if its permissions are unknown.

    `read` are the paths of successful reads. One that the permissions do not allow shows that the identity has other
    rights, as an owner or by a role in Entra, so that nothing is certain.
    """
    if granted is None or _has_other_rights(granted, read):
        return ()
    needs: dict[Need, set[Address]] = {}
    for step in steps:
        for method, path in requests(step):
            permission = permissions.required(method, path)
            for need in granted.lacking(permission) if permission is not None else ():
                needs.setdefault(need, set()).update(step.addresses)
    return tuple(_by_name(needs, granted))


def requests(step: Step) -> Iterator[tuple[str, str]]:
    """Yield method and path of each request that a step must send; the reads that precede a write are those of the plan."""
    if isinstance(step, Edit) and step.optional:
        return
    if isinstance(step, Send):
        yield step.method, step.path
    elif isinstance(step, Edit):
        yield "PATCH" if step.document.written == "patch" else "PUT", step.document.path
        if step.expression:
            yield "POST", PARSE
    else:
        yield "GET", step.document.path


def _by_name(needs: Mapping[Need, set[Address]], granted: Granted) -> Iterator[MissingPermission]:
    """Yield one for each permission to grant, with what is sufficient for all requests that need it."""
    for name in sorted({granted.to_grant(need) for need in needs}):
        same = [need for need in needs if granted.to_grant(need) == name]
        others = [other for other in same[0] if other != name and granted.can_have(other)]
        sufficient = tuple(other for other in others if all(other in need for need in same))
        yield MissingPermission(name, sufficient, frozenset(chain.from_iterable(needs[need] for need in same)))


def _has_other_rights(granted: Granted, read: Iterable[str]) -> bool:
    if granted.is_delegated:
        return False
    rows = {permission for path in read if (permission := permissions.required("GET", path))}
    return any(row.needs[0][0] in SHOWN_BY_READS and granted.unmet(row) for row in rows)


def apply_error(missing: Sequence[MissingPermission]) -> Diagnostic:
    """Return the error of an apply that lacks permissions; it names all of them, and what needs each."""
    names = [permission.name for permission in missing]
    described = "; ".join(permission.describe() for permission in missing)
    message = f"apply needs permissions that the identity lacks: {described}"
    return Diagnostic(CODE, message, hint=f"{permissions.grant(names)}{_OTHER_RIGHTS}")


# ---- while planning --------------------------------------------------------------------------------------------------


def denied_reads(documents: Sequence[Document], snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Yield an error that names all permissions of the reads that were denied, or that could not be tried therefore.

    Nothing if it is only one: the error of the denied read names it.
    """
    paths = {document.name: document.path for document in documents}
    untried = [path for name, path in paths.items() if name not in snapshot.documents and name not in snapshot.denied]
    read = [path for name, path in paths.items() if name in snapshot.documents]
    denied = [snapshot.denied[name].path for name in paths if name in snapshot.denied]
    missing = permissions.missing_reads(denied, untried, read, snapshot.granted)
    if len(missing) > 1 and missing.lacking:
        lacking = f"the identity lacks permissions that the plan needs: {', '.join(missing.lacking)}"
        untested = f"; not tested yet: {', '.join(missing.untested)}" if missing.untested else ""
        hint = "Grant them together, with admin consent, then sign in again."
        yield Diagnostic(CODE, f"{lacking}{untested}", hint=hint)
