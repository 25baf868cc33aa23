"""The way back: from what is live to a spec that says it. Pure.

Premise: a spec that is made here plans to nothing and is applied without a write. So every value is taken in the normal
form in which the kinds compare, and what the spec cannot say is not said but told in words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scimconf import expressions
from scimconf.documents import application, definitions, job, rows, schema, secrets
from scimconf.errors import SpecPath
from scimconf.kinds.connection import KEYS, OAUTH2
from scimconf.spec.model import Spec
from scimconf.spec.model.connection import CONFIDENTIAL, ENV_NAME
from scimconf.spec.model.operators import OPERATORS
from scimconf.wire import Json, Lookup, Principal, Snapshot

LONG_LIST = 50
"""More users than this go to a CSV file beside the spec."""


@dataclass(slots=True)
class Declared:
    """The spec's tree in its canonical order, comments by spec path, what could not be said, and rows for a CSV."""

    tree: dict[str, Any]
    comments: dict[SpecPath, str] = field(default_factory=dict)
    unsaid: list[str] = field(default_factory=list)
    people: list[tuple[str, str]] = field(default_factory=list)

    def users(self) -> list[dict[str, Any]]:
        """The users of the tree, and those that would go to a CSV."""
        held: dict[str, list[str]] = {}
        for user, role in self.people:
            held.setdefault(user, []).append(role)
        listed = self.tree.get("assignments", {}).get("users", [])
        return [*listed, *({"user": user, **_held(roles)} for user, roles in held.items())]


def everything(name: str, identified: Mapping[str, str]) -> Spec:
    """A spec that speaks of every document of an application, to have them all read."""
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


def declare(name: str, tenant: str, snapshot: Snapshot, *, full: bool) -> Declared:
    """The spec of one application as it is; `full` says everything, else what differs from the template's default."""
    found = Declared({"version": 1, "name": name, **({"tenant": tenant} if tenant else {})})
    _application(found, snapshot, full=full)
    _job(found, snapshot)
    _connection(found, name, snapshot)
    _provisioning(found, snapshot, full=full)
    _mappings(found, snapshot, full=full)
    _roles(found, snapshot, full=full)
    _assignments(found, snapshot, full=full)
    return found


def _application(found: Declared, snapshot: Snapshot, *, full: bool) -> None:
    row = snapshot.rows("service_principals")[0]
    said: dict[str, Any] = {"app_id": row["appId"]}
    found.comments["application", "app_id"] = str(row.get("displayName"))
    template = row.get("applicationTemplateId")
    if full and template:
        said = {"display_name": row["displayName"]}
        said["create"] = {"from_template": "custom" if template == application.CUSTOM_TEMPLATE else template}
    if row.get("preferredSingleSignOnMode") == "saml":
        said["single_sign_on"] = "saml"
    found.tree["application"] = said


def _job(found: Declared, snapshot: Snapshot) -> None:
    template = snapshot.names.get("template")
    others = [str(one["id"]) for one in snapshot.rows("jobs") if one["id"] != snapshot.names.get("job")]
    if template:
        found.tree["job"] = {"template": template}
    for other in others:
        found.unsaid.append(f"the application has another job, {other}")


# --- connection and settings ----------------------------------------------------------------------------------------


def _connection(found: Declared, name: str, snapshot: Snapshot) -> None:
    values = secrets.values(snapshot.get("secrets"))
    settings = {"SyncAll", secrets.NOTIFICATIONS, "SkipOutOfScopeDeletions"}
    keys = {key: value for key, value in values.items() if key not in settings}
    if not keys:
        return
    said: dict[str, Any] = {}
    tags = application.rotations(snapshot.rows("service_principals")[0].get("tags"))
    is_oauth2 = keys.pop("AuthenticationType", None) == OAUTH2
    said["authentication"] = "oauth2_client_credentials" if is_oauth2 else "bearer" if "SecretToken" in keys else None
    if "BaseAddress" in keys:
        said["base_address"] = keys.pop("BaseAddress")
    if keys.pop("SecretToken", None) is not None and not is_oauth2:
        said["secret_token"] = _reference(name, "SCIM_TOKEN", tags.get("SecretToken"))
    oauth2 = {field_name: keys.pop(key, None) for field_name, key in KEYS.items() if field_name.startswith("oauth2.")}
    if is_oauth2:
        said["oauth2"] = {
            "token_url": oauth2["oauth2.token_url"],
            "client_id": oauth2["oauth2.client_id"],
            "client_secret": _reference(name, "CLIENT_SECRET", tags.get("Oauth2ClientSecret")),
        }
    if keys:
        said["other"] = {key: _other(name, key, value, tags.get(key)) for key, value in keys.items()}
    said["authentication"] = said["authentication"] or ("other" if keys else "entra_token")
    found.tree["connection"] = said
    found.comments["connection",] = "values of secrets are never read: put them where the references say"


def _reference(name: str, what: str, rotation: str | None) -> dict[str, str]:
    """A place for the value: a variable that is named after the application."""
    variable = re.sub(r"[^A-Z0-9]+", "_", f"{name}_{what}".upper())
    variable = variable if re.match(ENV_NAME, variable) else f"APP_{variable}"
    return {"env": variable, **({"rotation": rotation} if rotation is not None else {})}


def _other(name: str, key: str, value: str, rotation: str | None) -> Any:
    is_secret = value == secrets.MASK or key in CONFIDENTIAL
    return _reference(name, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key), rotation) if is_secret else value


def _provisioning(found: Declared, snapshot: Snapshot, *, full: bool) -> None:
    mine = next((one for one in snapshot.rows("jobs") if one["id"] == snapshot.names.get("job")), None)
    said: dict[str, Any] = {"enabled": mine is not None and job.is_on(mine)}
    raw = snapshot.get("secrets")
    values, mails = secrets.values(raw), secrets.notifications(raw)
    everyone = secrets.flag(values.get("SyncAll"))
    if everyone is not None:
        said["scope"] = "all" if everyone else "assigned"
    if "Enabled" in mails:
        recipients = mails.get("Recipients") if mails.get("Enabled") else None
        if recipients and not re.fullmatch(r"[^\s@]+@[^\s@]+", str(recipients)):
            found.unsaid.append(f"notifications go to {recipients}, which is not one address")
        else:
            said["notifications"] = {"email": recipients or "none"}
    if "DeleteThresholdEnabled" in mails:
        said["deletion_threshold"] = (mails["DeleteThresholdEnabled"] and mails.get("DeleteThresholdValue")) or "none"
    if full or "SkipOutOfScopeDeletions" in values:
        said["skip_out_of_scope_deletions"] = bool(secrets.flag(values.get("SkipOutOfScopeDeletions")))
    found.tree["provisioning"] = said


# --- mappings -------------------------------------------------------------------------------------------------------


def _mappings(found: Declared, snapshot: Snapshot, *, full: bool) -> None:
    live, default = snapshot.get("schema"), snapshot.get("default_schema")
    if live is None:
        return
    said = {}
    for selector, place in _sections(found, live):
        before = None if default is None else schema.place(default, selector)
        section = _section(found, selector, place, live, default, before, full=full or before is None)
        if section:
            own = {"source": selector.source, "target": selector.target, "rule": selector.rule}
            said[selector.name] = {**{key: value for key, value in own.items() if value}, **section}
    if said:
        found.tree["mappings"] = said


def _sections(found: Declared, live: Json) -> Iterator[tuple[schema.Selector, schema.Place]]:
    """The objectMappings that a spec can speak of; the others are told."""
    named = {}
    for name in schema.SOURCE_OBJECTS:
        place = schema.place(live, schema.Selector(name))
        if place is not None:
            named[place.rule_index, place.mapping_index] = schema.Selector(name)
    for place in schema.places(live):
        where = (place.rule_index, place.mapping_index)
        selector = named.get(where) or _own(place, {one.name for one in named.values()})
        if place.rule.get("editable") is False:
            found.unsaid.append(f"the mapping {place} belongs to a rule that cannot be edited")
        elif where not in named and (not selector.source or len(schema.matching(live, selector)) != 1):
            found.unsaid.append(f"the mapping {place} cannot be told from others, or has no source")
        else:
            named[where] = selector
            yield selector, place


def _own(place: schema.Place, taken: set[str]) -> schema.Selector:
    source, target = (str(place.mapping.get(f"{side}ObjectName") or "") for side in ("source", "target"))
    base = re.sub(r"[^a-z0-9]+", "_", f"{source}_to_{target.rpartition(':')[2]}".lower()).strip("_") or "mapping"
    name = next(one for one in (base, *(f"{base}_{number}" for number in range(2, 99))) if one not in taken)
    return schema.Selector(name, str(place.rule.get("id") or place.rule.get("name") or ""), source, target)


def _section(  # noqa: PLR0913  both documents and both places are compared
    found: Declared,
    selector: schema.Selector,
    place: schema.Place,
    live: Json,
    default: Json,
    before: schema.Place | None,
    *,
    full: bool,
) -> dict[str, Any]:
    said = _object(found, selector, place, before, full=full)
    for side in ("target", "source"):
        declared = _definitions(live, place, default, before, side)
        if declared:
            said[f"{side}_attributes"] = declared
    attributes = _rows(found, selector, place, before, full=full)
    if full:
        said["unlisted"] = "report"
    if attributes:
        said["attributes"] = attributes
    order = ("enabled", "actions", "target_attributes", "source_attributes", "unlisted", "attributes", "filters")
    return {key: said[key] for key in order if key in said}


def _object(
    found: Declared, selector: schema.Selector, place: schema.Place, before: schema.Place | None, *, full: bool
) -> dict[str, Any]:
    now = rows.object_fields(place.mapping)
    was = rows.object_fields(before.mapping) if before is not None else {}
    said = {key: value for key, value in now.items() if full or was.get(key) != value}
    if any(action not in rows.ACTIONS for action in said.get("actions", ())):
        found.unsaid.append(f"{selector.name} has actions that the spec does not know: {said.pop('actions')}")
    filters = said.get("filters", [])
    if not all(_is_sayable(clause) for one in filters for clause in one["all"]) or not all(
        one["all"] for one in filters
    ):
        found.unsaid.append(f"{selector.name} has filters that the spec cannot write")
        del said["filters"]
    elif "filters" in said:
        said["filters"] = [
            {"name": one["name"] or "filter", "all": [_clause(clause) for clause in one["all"]]} for one in filters
        ]
        if any(not one["name"] for one in filters):
            found.unsaid.append(f"{selector.name} has a filter without a name")
            del said["filters"]
    return said


def _is_sayable(clause: Json) -> bool:
    word, value = clause["operator"], clause["value"]
    is_unary = word in OPERATORS and OPERATORS[word].unary
    fits = value is None if is_unary else isinstance(value, str) or word not in OPERATORS
    return bool(clause["attribute"]) and bool(word) and not isinstance(value, list) and fits


def _clause(clause: Json) -> dict[str, Any]:
    return {key: value for key, value in clause.items() if value is not None}


def _definitions(
    live: Json, place: schema.Place, default: Json, before: schema.Place | None, side: str
) -> dict[str, Any]:
    """Attributes that the template does not bring along, or brings along otherwise."""
    if before is None:
        return {}
    was = {one.get("name"): definitions.definition_fields(one) for one in schema.definitions(default, before, side)}
    return {
        str(one["name"]): _definition(definitions.definition_fields(one))
        for one in schema.definitions(live, place, side)
        if one.get("name") and was.get(one["name"]) != definitions.definition_fields(one)
    }


def _definition(fields: Mapping[str, Json]) -> dict[str, Any]:
    plain = {"type", "multivalued", "required", "case_exact", "mutability", "references"}
    own = {key: value for key, value in fields.items() if key in plain and value not in (False, [], "read_write")}
    raw = {key: value for key, value in fields.items() if key not in plain and value not in (None, False, [])}
    return {**own, **({"raw": raw} if raw else {})}


def _rows(
    found: Declared, selector: schema.Selector, place: schema.Place, before: schema.Place | None, *, full: bool
) -> dict[str, Any]:
    now = {str(row.get("targetAttributeName")): rows.row_fields(row) for row in schema.rows(place)}
    was = {str(row.get("targetAttributeName")): rows.row_fields(row) for row in schema.rows(before)} if before else {}
    counts = Counter(str(row.get("targetAttributeName")) for row in schema.rows(place))
    said: dict[str, Any] = {}
    for target, fields in now.items():
        if not full and was.get(target) == fields:
            continue
        written = _row(fields) if counts[target] == 1 else None
        if written is None:
            found.unsaid.append(f"the mapping of {selector.name} to {target} cannot be written")
            continue
        said[target] = written
        path = ("mappings", selector.name, "attributes", target)
        if before is not None and was.get(target) != fields:
            found.comments[path] = f"the template has {_told(was.get(target))}"
    for target in was:
        if target not in now:
            said[target] = {"absent": True}
    return said


def _told(fields: Mapping[str, Json] | None) -> str:
    if fields is None:
        return "none"
    return str(fields["source"]) + (f", match {fields['match']}" if fields["match"] else "")


def _row(fields: Mapping[str, Json]) -> Any:
    """A row as the spec writes it; None where it cannot."""
    said = _source(fields["source"])
    known = fields["apply"] in rows.APPLY and fields["flow"] in rows.FLOW
    if said is None or not known or (said == {"source": None} and not fields["default"]):
        return None
    for key, plain in (("match", None), ("default", None), ("apply", "always"), ("flow", "when_changed")):
        if fields[key] != plain:
            said[key] = fields[key]
    if fields["export_missing_references"]:
        said["export_missing_references"] = True
    return said["source"] if list(said) == ["source"] and said["source"] is not None else said


def _source(source: Json) -> dict[str, Any] | None:
    if source is None:
        return {"source": None}
    if not isinstance(source, str):
        return None
    try:
        parsed = expressions.parse(source)
    except expressions.ExpressionError:
        return None
    if isinstance(parsed, expressions.Attribute):
        return {"source": parsed.name}
    return {"constant": parsed.text} if isinstance(parsed, expressions.Constant) else {"expression": source}


# --- roles and assignments ------------------------------------------------------------------------------------------


def _roles(found: Declared, snapshot: Snapshot, *, full: bool) -> None:
    if snapshot.get("applications") == []:
        found.unsaid.append("the application object belongs to another tenant, so its roles are not managed here")
        return
    live = application.roles(snapshot.documents)
    names = Counter(role.get("value") or f"~{role.get('displayName')}" for role in live)
    said = []
    for role in live:
        if names[role.get("value") or f"~{role.get('displayName')}"] > 1:
            found.unsaid.append(f"there are several roles {role.get('value') or role.get('displayName')}")
        elif full or role.get("value"):
            said.append(_role(role))
    if said:
        found.tree["app_roles"] = {"unlisted": "report" if full else "keep", "roles": said}


def _role(role: Json) -> dict[str, Any]:
    words = {"User": "users", "Application": "applications"}
    said: dict[str, Any] = {"value": role["value"]} if role.get("value") else {}
    said["display_name"] = role["displayName"]
    said["description"] = role["description"]
    if role.get("isEnabled") is False:
        said["enabled"] = False
    members = sorted(words[one] for one in role.get("allowedMemberTypes") or ())
    return said if members == ["users"] else {**said, "allowed_members": members}


def _assignments(found: Declared, snapshot: Snapshot, *, full: bool) -> None:
    names = {role["id"]: role.get("value") or role.get("displayName") for role in application.roles(snapshot.documents)}
    held: dict[Principal, list[str]] = {}
    for row in snapshot.rows("assignments"):
        principals = snapshot.found.get(Lookup("id", row["principalId"]), ())
        if row["principalType"] == "ServicePrincipal" or len(principals) != 1 or row["appRoleId"] not in names:
            what = row["principalDisplayName"] or row["principalId"]
            found.unsaid.append(f"the assignment of {what} ({row['principalType']}) is not managed")
            continue
        held.setdefault(principals[0], []).append(str(names[row["appRoleId"]]))
    repeated = Counter(one.name for one in held if one.type == "group")
    said: dict[str, Any] = {"unlisted": "report" if full else "keep"}
    groups = sorted((one for one in held if one.type == "group"), key=lambda one: (one.name, one.id))
    users = sorted((one for one in held if one.type == "user"), key=lambda one: one.name)
    if groups:
        said["groups"] = [
            {"name": one.name, **({"id": one.id} if repeated[one.name] > 1 else {}), **_held(held[one])}
            for one in groups
        ]
    if len(users) > LONG_LIST:
        found.people = [(one.name, role) for one in users for role in sorted(held[one])]
    elif users:
        said["users"] = [{"user": one.name, **_held(held[one])} for one in users]
    if held:
        found.tree["assignments"] = said


def _held(roles: list[str]) -> dict[str, Any]:
    return {"role": roles[0]} if len(roles) == 1 else {"roles": sorted(roles)}
