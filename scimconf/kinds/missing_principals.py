"""Users and groups that the spec lists and the tenant does not have: who they are, why, and what to write instead.

A missing principal is a state of the tenant: users leave, groups are deleted or renamed. The plan goes on without the
assignments of these entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property

from scimconf.diagnostics import Diagnostic
from scimconf.documents import application as documents
from scimconf.documents.assignments import assigned
from scimconf.kinds import principals
from scimconf.plan import Address, MissingPrincipal, encode
from scimconf.snapshot import DELETED, DeletedPrincipal, Lookup, Snapshot
from scimconf.spec.model import Assignments, ListedPrincipal, Spec
from scimconf.suggestions import PrincipalNames, did_you_mean

MAX_SUGGESTIONS = 5
"""So many missing principals get a suggestion."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNKNOWN_USER = "Check the spelling. If the user left, remove the entry; the recycle bin keeps users for 30 days only."
_UNKNOWN_GROUP = "Check the spelling. If it was renamed, write the new name; with its `id:` an entry follows a rename."
_WITHHELD = "Correct or remove the entries that the plan lists as missing."
_UNKNOWN_ID = "Check the id. If the user or group was deleted, remove the entry."


def more_lookups(assignments: Assignments, snapshot: Snapshot) -> Iterator[Lookup]:
    """Yield the lookups that explain why entries are missing: the recycle bin, and the name of a group's unknown id."""
    for listed in principals.resolve(assignments, snapshot).missing_entries:
        yield Lookup(listed.by, listed.value, deleted=True)
        if listed.by == "id" and listed.name is not None:
            yield Lookup("group", listed.name)


def missing_principals(
    spec: Spec, snapshot: Snapshot, prefix: Address, role_name: Callable[[str], str]
) -> Iterator[MissingPrincipal]:
    """Yield the missing principals of a spec.

    `prefix` is the address of its assignments, `role_name` returns the name in addresses of a role that the spec writes.
    """
    if spec.assignments is None:
        return
    explain = _Explanation(spec, snapshot)
    for number, listed in enumerate(principals.resolve(spec.assignments, snapshot).missing_entries):
        type_, name = listed.type, _name(listed)
        deleted = snapshot.deleted.get(Lookup(listed.by, listed.value, deleted=True))
        message, hint = explain.explained(listed, deleted, suggests=number < MAX_SUGGESTIONS)
        is_error = (spec.assignments.missing or ("error" if type_ == "group" else "warn")) == "error"
        diagnostic = Diagnostic("K811", message, listed.path, hint=hint, severity="error" if is_error else "warning")
        address = prefix.under(f"{type_}:{encode(name)}")
        addresses = tuple(address.under(role_name(role)) for role in listed.roles)
        yield MissingPrincipal(type_, name, addresses, diagnostic, deleted.day if deleted is not None else "")


def _name(listed: ListedPrincipal) -> str:
    """Return the name that the spec writes, or the id if it writes no name."""
    return listed.name or listed.written


class _Explanation:
    """Explains why principals are missing; what it needs of all principals is computed when it is needed first."""

    def __init__(self, spec: Spec, snapshot: Snapshot) -> None:
        self._spec, self._snapshot = spec, snapshot
        self._tenant = documents.tenant(snapshot.get("organization"))

    def explained(
        self, listed: ListedPrincipal, deleted: DeletedPrincipal | None, *, suggests: bool
    ) -> tuple[str, str]:
        """Return what happened to a missing principal, and what to do; `suggests`: maybe another name."""
        tenant, expected = self._tenant, self._spec.tenant
        if expected is not None and tenant is not None and not tenant.has_name(expected):
            name = tenant.domain or tenant.id
            message = f"the tenant {name} has no {listed.description}; the spec is for {expected}"
            return message, "Sign in to the tenant of the spec."
        if deleted is not None:
            subject = _name(listed) if listed.type == "user" else f'the group "{_name(listed)}"'
            on_day = f" on {_written(deleted.day)}" if deleted.day else ""
            return (
                f"{subject} was deleted{on_day} and is in the recycle bin",
                f"Remove the entry, or restore the {listed.type}.",
            )
        return f"the tenant has no {listed.description}", self._hint(listed, suggests=suggests)

    def _hint(self, listed: ListedPrincipal, *, suggests: bool) -> str:
        """Return a name of the same type that is one or two letters away, else what may have happened."""
        denied = _denied_hint(listed, self._snapshot)
        if listed.by == "id":
            same_name = self._snapshot.principals.get(Lookup("group", _name(listed)), ())
            ids = ", ".join(principal.id for principal in same_name)
            return (
                f"The tenant has another group of this name. Write its id: {ids}." if ids else f"{_UNKNOWN_ID}{denied}"
            )
        otherwise = _UNKNOWN_USER if listed.by == "user" else f"{_UNKNOWN_GROUP}{self._renamed_hint}"
        match = self._names[listed.by].closest(listed.value) if suggests else None
        return did_you_mean(match, f"{otherwise}{denied}")

    @cached_property
    def _names(self) -> Mapping[str, PrincipalNames]:
        """The names of the principals that were looked up, by type."""
        known = [principal for matches in self._snapshot.principals.values() for principal in matches]
        return {
            type_: PrincipalNames(principal.name for principal in known if principal.type == type_)
            for type_ in ("user", "group")
        }

    @cached_property
    def _renamed_hint(self) -> str:
        """The names of up to three groups that are assigned and not listed: one may be the missing group, renamed."""
        assert self._spec.assignments is not None
        resolved = principals.resolve(self._spec.assignments, self._snapshot)
        listed = {principal.id for principal in resolved.principals if principal is not None}
        ids = [id_ for id_ in assigned(self._snapshot).groups if id_ not in listed]
        names = sorted({f'"{principals.assigned_principal(id_, self._snapshot).name}"' for id_ in ids})
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return f" Groups that are assigned and not listed: {', '.join(names[:3])}{more}." if names else ""


def _written(day: str) -> str:
    """Return a day (ISO 8601) as text: `28 Nov 2026`."""
    parsed = date.fromisoformat(day)
    return f"{parsed.day} {_MONTHS[parsed.month - 1]} {parsed.year}"


def _denied_hint(listed: ListedPrincipal, snapshot: Snapshot) -> str:
    """Return which permission shows whether the principal was deleted, if the recycle bin could not be read."""
    denied = snapshot.denied.get(DELETED[listed.by])
    if denied is None or denied.status not in (401, 403):
        return ""
    from scimconf import permissions

    return f" With {permissions.required('GET', denied.path)}, a plan shows whether it was deleted."


def withheld_deletions(spec: Spec, missing: Sequence[ListedPrincipal]) -> Iterator[Diagnostic]:
    """Yield a warning if unlisted assignments are not deleted because an entry may be misspelt."""
    if missing and spec.assignments is not None and spec.assignments.unlisted == "delete":
        listed = "1 listed user or group is" if len(missing) == 1 else f"{len(missing)} listed users or groups are"
        message = f"{listed} missing in the tenant, so unlisted assignments are not deleted"
        yield Diagnostic("K813", message, ("assignments", "unlisted"), hint=_WITHHELD, severity="warning")
