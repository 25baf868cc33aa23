"""Users and groups that the spec lists and the tenant does not have: who they are, why, and what to write instead.

A missing principal is a state of the tenant: users leave, groups are deleted or renamed. The plan goes on without the
assignments of these entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from scimconf import permissions
from scimconf.diagnostics import Diagnostic
from scimconf.documents import application as documents
from scimconf.kinds import principals
from scimconf.kinds.principals import AssignmentEntry
from scimconf.plan import Address, MissingPrincipal, encode
from scimconf.snapshot import DELETED, PRINCIPALS_BY_ID, DeletedPrincipal, Lookup, Snapshot
from scimconf.spec.model import Assignments, GroupAssignment, Spec
from scimconf.suggestions import did_you_mean, suggest_principal

MAX_SUGGESTIONS = 20
"""So many missing principals get a suggestion: each is compared with all names that were read."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNKNOWN_USER = "Check the spelling. If the user left, remove the entry; the recycle bin keeps users for 30 days only."
_UNKNOWN_GROUP = "Check the spelling. If it was renamed, write the new name; with its `id:` an entry follows a rename."
_WITHHELD = "Correct or remove the entries that the plan lists as missing."
_UNKNOWN_ID = "Check the id. If the user or group was deleted, remove the entry."


def is_missing(entry: AssignmentEntry, snapshot: Snapshot) -> bool:
    """Return whether the tenant was searched for a listed principal and does not have it."""
    is_denied = entry.lookup.by == "id" and PRINCIPALS_BY_ID in snapshot.denied
    return snapshot.principals.get(entry.lookup) == () and not is_denied


def missing_entries(assignments: Assignments, snapshot: Snapshot) -> list[AssignmentEntry]:
    """Return the entries whose principal is missing, without those that are to be absent anyway."""
    listed = (entry for entry in principals.entries(assignments) if not entry.listed.absent)
    return [entry for entry in listed if is_missing(entry, snapshot)]


def more_lookups(assignments: Assignments, snapshot: Snapshot) -> Iterator[Lookup]:
    """Yield the lookups that explain why entries are missing: the recycle bin, and the name of a group's unknown id."""
    for entry in missing_entries(assignments, snapshot):
        yield Lookup(entry.lookup.by, entry.lookup.value, deleted=True)
        if entry.lookup.by == "id" and isinstance(entry.listed, GroupAssignment) and entry.listed.name is not None:
            yield Lookup("group", entry.listed.name)


def missing_principals(
    spec: Spec, snapshot: Snapshot, prefix: Address, role_name: Callable[[str], str]
) -> Iterator[MissingPrincipal]:
    """Yield the missing principals of a spec.

    `prefix` is the address of its assignments, `role_name` returns the name in addresses of a role that the spec writes.
    """
    if spec.assignments is None:
        return
    known = [principal for matches in snapshot.principals.values() for principal in matches]
    for number, entry in enumerate(missing_entries(spec.assignments, snapshot)):
        type_, name = _type(entry), _name(entry)
        same_type = (
            [principal.name for principal in known if principal.type == type_] if number < MAX_SUGGESTIONS else []
        )
        deleted = snapshot.deleted.get(Lookup(entry.lookup.by, entry.lookup.value, deleted=True))
        message, hint = _explained(spec, entry, snapshot, deleted, same_type)
        is_error = (spec.assignments.missing or ("error" if type_ == "group" else "warn")) == "error"
        diagnostic = Diagnostic("K811", message, entry.path, hint=hint, severity="error" if is_error else "warning")
        address = prefix.under(f"{type_}:{encode(name)}")
        addresses = tuple(address.under(role_name(role)) for role in entry.listed.roles)
        yield MissingPrincipal(type_, name, addresses, diagnostic, deleted.day if deleted is not None else "")


def _type(entry: AssignmentEntry) -> str:
    return "group" if isinstance(entry.listed, GroupAssignment) else "user"


def _name(entry: AssignmentEntry) -> str:
    """Return the name that the spec writes, or the id if it writes no name."""
    if isinstance(entry.listed, GroupAssignment):
        return entry.listed.name or str(entry.listed.id)
    return entry.listed.user


def _explained(
    spec: Spec, entry: AssignmentEntry, snapshot: Snapshot, deleted: DeletedPrincipal | None, known: Sequence[str]
) -> tuple[str, str]:
    """Return what happened to a missing principal, and what to do; `known` are names that may be meant."""
    tenant = documents.tenant(snapshot.get("organization"))
    if spec.tenant is not None and tenant is not None and not tenant.has_name(spec.tenant):
        message = f"the tenant {tenant.domain or tenant.id} has no {entry.description}; the spec is for {spec.tenant}"
        return message, "Sign in to the tenant of the spec."
    if deleted is not None:
        subject = _name(entry) if _type(entry) == "user" else f'the group "{_name(entry)}"'
        on_day = f" on {_written(deleted.day)}" if deleted.day else ""
        return (
            f"{subject} was deleted{on_day} and is in the recycle bin",
            f"Remove the entry, or restore the {_type(entry)}.",
        )
    return f"the tenant has no {entry.description}", _hint(spec, entry, snapshot, known)


def _written(day: str) -> str:
    """Return a day (ISO 8601) as text: `28 Nov 2026`."""
    parsed = date.fromisoformat(day)
    return f"{parsed.day} {_MONTHS[parsed.month - 1]} {parsed.year}"


def _hint(spec: Spec, entry: AssignmentEntry, snapshot: Snapshot, known: Sequence[str]) -> str:
    """Return a name of the same type that is one or two letters away, else what may have happened."""
    same_name = snapshot.principals.get(Lookup("group", _name(entry)), ()) if entry.lookup.by == "id" else ()
    if same_name:
        return f"The tenant has another group of this name. Write its id: {', '.join(each.id for each in same_name)}."
    if entry.lookup.by == "id":
        return f"{_UNKNOWN_ID}{_denied_hint(entry, snapshot)}"
    otherwise = _UNKNOWN_USER if entry.lookup.by == "user" else f"{_UNKNOWN_GROUP}{_renamed_hint(spec, snapshot)}"
    return did_you_mean(suggest_principal(entry.lookup.value, known), f"{otherwise}{_denied_hint(entry, snapshot)}")


def _renamed_hint(spec: Spec, snapshot: Snapshot) -> str:
    """Return the names of up to three groups that are assigned and not listed: one may be the missing group, renamed."""
    assert spec.assignments is not None
    listed = {principal.id for principal in principals.listed_principals(spec.assignments, snapshot).values()}
    rows = documents.assigned(snapshot.rows("assignments"))
    groups = [principals.principal_of(row, snapshot) for row in rows if row["principalType"] == "Group"]
    names = sorted({f'"{group.name}"' for group in groups if group.id not in listed})
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f" Groups that are assigned and not listed: {', '.join(names[:3])}{more}." if names else ""


def _denied_hint(entry: AssignmentEntry, snapshot: Snapshot) -> str:
    """Return which permission shows whether the principal was deleted, if the recycle bin could not be read."""
    denied = snapshot.denied.get(DELETED[entry.lookup.by])
    if denied is None or denied.status not in (401, 403):
        return ""
    return f" With {permissions.required('GET', denied.path)}, a plan shows whether it was deleted."


def withheld_deletions(spec: Spec, missing: Sequence[AssignmentEntry]) -> Iterator[Diagnostic]:
    """Yield a warning if unlisted assignments are not deleted because an entry may be misspelt."""
    if missing and spec.assignments is not None and spec.assignments.unlisted == "delete":
        listed = "1 listed user or group is" if len(missing) == 1 else f"{len(missing)} listed users or groups are"
        message = f"{listed} missing in the tenant, so unlisted assignments are not deleted"
        yield Diagnostic("K813", message, ("assignments", "unlisted"), hint=_WITHHELD, severity="warning")
