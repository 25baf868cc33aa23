"""The tenant of a rehearsal: the users, groups and roles that a spec names, invented as far as nobody supplies them.

Invented users have a value for each source attribute that the sandbox knows, and pass the scoping filters of the spec as
far as the clauses say which value passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from scimconf.json_types import Json
from scimconf.rehearsal.rehearsed_spec import RehearsedSpec
from scimconf.sandbox.data_files import read_data
from scimconf.sandbox.gallery import BY_NAME
from scimconf.spec.model import Clause, ListedPrincipal, Spec

User = dict[str, Any]
DOMAIN = "contoso.com"
SOURCE_PATHS: Mapping[str, list[Any]] = read_data("source_attributes.json")["User"]
"""The service's names of the attributes of a user, and the path of each in Graph's document."""

_EXTENSION = re.compile(r"extension_[0-9a-fA-F]+_\w+")
_PLAIN = re.compile(r"\^?\(?([\w .@-]+)(?:\|[\w .@|-]+)?\)?\$?")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NOT_INVENTED = frozenset(
    {"id", "accountEnabled", "userType", "onPremisesSyncEnabled", "otherMails", "proxyAddresses", "userPrincipalName"}
)


def domain_of(spec: Spec) -> str:
    """Return the domain of the spec's tenant, or an example if the spec names none or an id."""
    return spec.tenant if spec.tenant is not None and "." in spec.tenant else DOMAIN


def tenant_description(rehearsed: RehearsedSpec, supplied: Sequence[User]) -> Json:
    """Return the tenant in the form of a tenant file of the sandbox."""
    spec = rehearsed.spec
    listed = spec.assignments.listed if spec.assignments is not None else ()
    users = {name.casefold(): user for user in supplied for name in (user["userPrincipalName"], user.get("id") or "")}
    invented = [user for number, user in enumerate(_listed_users(spec, listed), 1) if not _is_known(user, users)]
    groups = list(_listed_groups(spec, listed))
    members = [invented_user(spec, name, 100 + number) for number, name in enumerate(_member_names(groups))]
    applications = [] if not rehearsed.template else [_application(rehearsed, listed)]
    organization = {"verifiedDomains": [domain_of(spec)], **_tenant_id(spec)}
    return {
        "base": "empty",
        "organization": organization,
        "users": [*supplied, *invented, *members],
        "groups": groups,
        "applications": applications,
    }


def _tenant_id(spec: Spec) -> dict[str, str]:
    return {"id": spec.tenant.lower()} if spec.tenant is not None and _GUID.fullmatch(spec.tenant) else {}


def _is_known(user: User, known: Mapping[str, User]) -> bool:
    return user["userPrincipalName"].casefold() in known or user.get("id", "") in known


# ---- users ----------------------------------------------------------------------------------------------------------


def invented_user(spec: Spec, name: str, number: int, *, display_name: str = "") -> User:
    """Return a user with this user principal name; `number` makes values that should be unique differ."""
    alias = name.partition("@")[0]
    first_name, surname = _names(alias)
    user: User = {
        "userPrincipalName": name,
        "displayName": display_name or f"{first_name} {surname}",
        "givenName": first_name,
        "surname": surname,
        "mail": name,
        "mailNickname": alias,
        "jobTitle": "Engineer",
        "department": "Engineering",
        "companyName": "Contoso",
        "employeeId": f"{alias}-{number}",
        "employeeType": "Employee",
        "streetAddress": "1 Market Street",
        "city": "London",
        "state": "London",
        "postalCode": "EC1A 1BB",
        "country": "United Kingdom",
        "usageLocation": "GB",
        "officeLocation": "Building 1",
        "preferredLanguage": "en-GB",
        "businessPhones": [f"+44 20 7946 {number:04}"],
        "mobilePhone": f"+44 7700 90{number:04}",
        "faxNumber": f"+44 20 7947 {number:04}",
    }
    for source, path in SOURCE_PATHS.items():
        if path[0] not in _NOT_INVENTED and _value(user, path) is None:
            _set(user, path, f"{source} {number}")
    for extension in extensions_in(spec):
        user[extension] = f"{extension.rsplit('_', 1)[-1]} {number}"
    for clause in _first_filter(spec):
        _satisfy(user, clause)
    return user


def extensions_in(spec: Spec) -> list[str]:
    """Return the names of directory extensions that a spec mentions."""
    return sorted(set(_EXTENSION.findall(str(spec))))


def graph_path(source: str) -> list[Any] | None:
    """Return where Graph has a source attribute of a user: keys and indexes; None if the sandbox does not know it."""
    return [source] if _EXTENSION.fullmatch(source) else SOURCE_PATHS.get(source)


def patch_of(user: Mapping[str, Any], source: str, value: str | None) -> User:
    """Return the body of a PATCH of a user in Graph that changes one source attribute; None clears it."""
    path = graph_path(source)
    assert path is not None
    if len(path) == 1:
        return {path[0]: value}
    if path[1] == 0:
        return {path[0]: [] if value is None else [value]}
    return {path[0]: {**(user.get(path[0]) or {}), path[1]: value}}


def _names(alias: str) -> tuple[str, str]:
    words = [word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", alias) if word]
    return (words[0] if words else "Ada"), (" ".join(words[1:]) or "Lovelace")


def _value(user: Mapping[str, Any], path: Sequence[Any]) -> Any:
    value: Any = user.get(path[0])
    return value.get(path[1]) if len(path) > 1 and isinstance(value, dict) else value


def _set(user: User, path: Sequence[Any], value: Any) -> None:
    if len(path) == 1:
        user[path[0]] = value
    else:
        user.setdefault(path[0], {})[path[1]] = value


def _first_filter(spec: Spec) -> Iterable[Clause]:
    users = spec.mappings.get("users")
    filters = users.filters if users is not None else None
    return filters[0].all if filters else ()


def _satisfy(user: User, clause: Clause) -> None:
    """Set the attribute of a clause to a value that passes it, if the clause says which."""
    path, value = graph_path(clause.attribute), clause.value
    if path is None or path[0] in ("id", "userPrincipalName"):
        return
    if clause.operator in ("equals", "includes", "greater_than_or_equals"):
        _set_any(user, path, value)
    elif clause.operator == "is_true":
        _set_any(user, path, True)
    elif clause.operator == "is_false":
        _set_any(user, path, False)
    elif clause.operator == "is_null":
        _set_any(user, path, None)
    elif clause.operator == "ends_with":
        _set_any(user, path, f"A{value}")
    elif clause.operator == "matches" and (plain := _PLAIN.fullmatch(value or "")):
        _set_any(user, path, plain[1])


def _set_any(user: User, path: Sequence[Any], value: Any) -> None:
    if len(path) > 1 and path[1] == 0:
        user[path[0]] = [value]
    else:
        _set(user, path, value)


def _listed_users(spec: Spec, listed: Sequence[ListedPrincipal]) -> Iterator[User]:
    for number, row in enumerate((row for row in listed if row.section[-1] == "users"), 1):
        if row.by == "id":
            yield invented_user(spec, f"user{number}@{domain_of(spec)}", number) | {"id": row.value}
        else:
            yield invented_user(spec, row.value, number)


# ---- groups ---------------------------------------------------------------------------------------------------------


def _listed_groups(spec: Spec, listed: Sequence[ListedPrincipal]) -> Iterator[Json]:
    """Yield each listed group, with a member of its own."""
    for number, row in enumerate((row for row in listed if row.section[-1] == "groups"), 1):
        name = row.value if row.by == "group" else f"Group {number}"
        alias = re.sub(r"[^a-z0-9-]+", ".", name.lower()).strip(".") or f"group{number}"
        identity = {} if row.by == "group" else {"id": row.value}
        yield {"displayName": name, "members": [f"{alias}.member@{domain_of(spec)}"], **identity}


def _member_names(groups: Iterable[Json]) -> list[str]:
    return list(dict.fromkeys(member for group in groups for member in group["members"]))


# ---- the application ------------------------------------------------------------------------------------------------


def _application(rehearsed: RehearsedSpec, listed: Sequence[ListedPrincipal]) -> Json:
    """Return the application that the spec only finds, with the roles that the spec assigns and does not define."""
    spec = rehearsed.spec
    defined = {role.identity for role in spec.app_roles.roles} if spec.app_roles is not None else set()
    assigned = dict.fromkeys(role for row in listed for role in row.roles)
    gallery = BY_NAME.get(rehearsed.template.lower())
    present = {"User", "msiam_access"} if gallery is None else set(map(str, gallery.roles))
    roles = [{"value": role, "displayName": role} for role in assigned if role not in defined | present]
    mode = {"preferredSingleSignOnMode": "saml"} if spec.application.single_sign_on is not None else {}
    return {
        "displayName": spec.application.display_name,
        "template": rehearsed.template,
        "roles": roles,
        **mode,
    }
