"""Random tenants, specs and edits that other clients make: small, valid, and each from one random generator."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from scimconf.sandbox.http_types import GraphRequest
from scimconf.sandbox.routes import path_segments
from scimconf.sandbox.store import Condition
from tests.properties.positions import CHOICES
from tests.properties.specs import APPLY, GROUPS, SOURCES, TARGETS, USERS
from tests.tenant_fixture import BASE, Rehearsal

Json = dict[str, Any]
EXTENSION = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
CUSTOM = [f"{EXTENSION}:costCenter", f"{EXTENSION}:grade", "badge"]
ROLES = ["admin", "member", "editor", "auditor"]
PEOPLE = [name for name in USERS if ".no@" not in name]
OTHERS = ["mary@contoso.com", "katherine@contoso.com", "edsger@contoso.com"]
"""Users whom no spec lists, for unmanaged assignments."""
MASKS = ("all", "settings")
"""Positions in which a masked value that no spec names blocks every write of the secrets, by design."""
FIXED = {"oversized_top": "clamped"}
COUNTS = {"late_reads": 2, "role_propagation": 2, "cycle_reads": 2}
SECRETS = ("A_TOKEN", "B_TOKEN")
AUTHENTICATIONS = ("bearer", "bearer", "bearer", "bearer", "oauth2_client_credentials", "other")
EXTRA = {"key": "LifeExtra", "value": "of another client"}
"""A piece of the schema that no spec names."""


def secret_values(seed: str) -> dict[str, str]:
    """Return the environment: a value for each secret, which occurs nowhere else."""
    random = Random(f"secrets {seed}")
    return {name: f"c4n4ry{random.getrandbits(80):020x}{random.choice(['', '+/==', '&é', '-._~'])}" for name in SECRETS}


# --- specs ----------------------------------------------------------------------------------------------------------


def random_spec(random: Random) -> Json:
    """Return the tree of a valid spec of the application Writer."""
    tree: Json = {
        "version": 1,
        "name": "writer",
        "tenant": "contoso.com",
        "application": {"display_name": "Writer", "create": {"from_template": "custom"}},
    }
    if random.random() < 0.3:
        tree["application"]["assignment_required"] = random.random() < 0.7
    if random.random() < 0.5:
        tree["job"] = {"template": "scim"}
    for section in ("connection", "provisioning", "mappings", "access"):
        _draw(random, tree, section)
    return tree


def changed_spec(random: Random, tree: Json) -> Json:
    """Return the spec with some of its sections drawn again."""
    tree = json.loads(json.dumps(tree))
    sections = ["provisioning", "mappings", "access", "access", *(["connection"] if "connection" in tree else [])]
    for section in random.sample(sections, random.choice([1, 1, 2])):
        _draw(random, tree, section)
    return tree


def _draw(random: Random, tree: Json, section: str) -> None:
    if section == "connection":
        if "connection" in tree or random.random() < 0.9:
            tree["connection"] = _connection(random, tree.get("connection", {}))
    elif section == "mappings":
        tree.pop("mappings", None)
        if random.random() < 0.85:
            tree["mappings"] = {"users": _mapping(random)}
            if random.random() < 0.3:
                tree["mappings"]["groups"] = {"enabled": random.random() < 0.5}
    elif section == "access":
        _draw_access(random, tree)
    if section == "provisioning" or "connection" not in tree:
        tree["provisioning"] = _provisioning(random, connected="connection" in tree)


def _connection(random: Random, previous: Json) -> Json:
    """Return a connection with the authentication of the previous one, if there is one.

    Without a rotation, no plan sees that a secret differs, so then its variable stays the same.
    """
    variable, rotation = random.choice([("A_TOKEN", {"rotation": "1"}), ("B_TOKEN", {"rotation": "2"})])
    kind = str(previous.get("authentication") or random.choice(AUTHENTICATIONS))
    if "rotation" not in json.dumps(previous or rotation) or (not previous and random.random() < 0.3):
        variable, rotation = "A_TOKEN", {}
    address = random.choice(["https://app.example.com/scim", "https://app.example.com:8443/v2"])
    section: Json = {"authentication": kind, "base_address": address}
    secret = {"env": variable, **rotation}
    if kind == "bearer":
        section["secret_token"] = secret
    elif kind == "other":
        section["other"] = {"UserName": "writer", "Password": secret}
    else:
        section["oauth2"] = {"token_url": "https://login.example.com/t", "client_id": "c", "client_secret": secret}
    return section


def _provisioning(random: Random, *, connected: bool) -> Json:
    section: Json = {"enabled": connected and random.random() < 0.7}
    if random.random() < 0.6:
        section["scope"] = random.choice(["assigned", "assigned", "all"])
    if random.random() < 0.4:
        section["notifications"] = {"email": random.choice(["none", "it@contoso.com"])}
    if random.random() < 0.4:
        section["deletion_threshold"] = random.choice(["none", 10, 500])
    return section


def _mapping(random: Random) -> Json:
    section: Json = {"unlisted": random.choice(["keep", "keep", "report", "delete"])}
    custom = random.sample(CUSTOM, random.choice([0, 0, 1, 2]))
    attributes = {name: _row(random) for name in random.sample([*TARGETS, *custom], random.randrange(5))}
    if section["unlisted"] == "delete":
        attributes["userName"] = {"source": random.choice(["userPrincipalName", "mail"]), "match": 1}
    if custom:
        section["target_attributes"] = {name: {"type": random.choice(["string", "boolean"])} for name in custom}
    if random.random() < 0.25:
        section["filters"] = [
            {"name": "a", "all": [{"attribute": "department", "operator": "equals", "value": "Sales"}]}
        ]
    if random.random() < 0.3:
        section["actions"] = random.sample(["create", "update", "delete"], random.choice([1, 2, 3]))
    return {**section, "attributes": attributes}


def _row(random: Random) -> Json:
    if random.random() < 0.1:
        return {"absent": True}
    source = random.choice(SOURCES)
    row: Json = random.choice(
        [
            {"source": source},
            {"constant": random.choice(["x", "none", "a b"])},
            {"expression": f'Join(" ", [{source}], [surname])'},
            {"expression": f"ToLower([{source}])"},
        ]
    )
    if random.random() < 0.3:
        row |= {"apply": random.choice(APPLY)}
    if random.random() < 0.2:
        row |= {"default": "d"}
    return row


def _draw_access(random: Random, tree: Json) -> None:
    for name in ("app_roles", "assignments"):
        tree.pop(name, None)
    roles = random.sample(ROLES[:3], random.randrange(4))
    if not roles:
        return
    rows: list[Json] = [{"value": role, "display_name": random.choice([role, role.title()])} for role in roles]
    tree["app_roles"] = {"roles": rows, "unlisted": random.choice(["keep", "keep", "report", "delete"])}
    if random.random() < 0.85:
        tree["assignments"] = _assignments(random, roles)


def _assignments(random: Random, roles: list[str]) -> Json:
    section: Json = {"unlisted": random.choice(["keep", "report", "delete", "delete"])}
    users = random.sample(PEOPLE, random.randrange(5))
    groups = random.sample(GROUPS, random.randrange(3))
    if users:
        section["users"] = [{"user": user, "role": random.choice(roles)} for user in users]
    if groups:
        section["groups"] = [{"name": group, "role": random.choice(roles)} for group in groups]
    if random.random() < 0.3:
        section["protect"] = [random.choice([{"group": "AP-*"}, {"user": "mary@*"}, {"role": "auditor"}])]
    return section


# --- tenants --------------------------------------------------------------------------------------------------------


def random_tenant(random: Random, seed: str) -> Rehearsal:
    """Return a tenant with another application, and, in most cases, with Writer; some switches are at random positions."""
    switches: Json = {
        name: random.choice(CHOICES[name] or []) for name in random.sample(sorted(CHOICES), random.randrange(4))
    }
    switches |= {name: random.randint(0, most) for name, most in COUNTS.items() if random.random() < 0.4}
    if random.random() < 0.2:
        switches["page_size"] = random.choice([1, 2, 5])
    if switches.get("mask") in MASKS:
        del switches["mask"]
    applications = [_other_application()]
    if random.random() < 0.65:
        applications.append(_writer(random))
    return Rehearsal({"applications": applications}, environ=secret_values(seed), **{**switches, **FIXED})


def _other_application() -> Json:
    return {
        "displayName": "Reader",
        "template": "custom",
        "roles": [{"value": "admin", "displayName": "admin"}],
        "assignments": [{"user": "ada@contoso.com", "role": "admin"}, {"group": "Writer editors", "role": "User"}],
        "secrets": {"BaseAddress": "https://reader.example.com/scim", "SecretToken": "t", "SyncAll": "false"},
        "jobs": [{"template": "scim", "state": "Active"}],
        "tags": ["reader"],
    }


def _writer(random: Random) -> Json:
    roles = [{"value": role, "displayName": role} for role in random.sample(ROLES, random.randrange(4))]
    names = [str(role["value"]) for role in roles] or ["User"]
    people = random.sample([*PEOPLE, *OTHERS], random.randrange(5))
    application: Json = {
        "displayName": "Writer",
        "template": "custom",
        "roles": roles,
        "assignments": [{"user": user, "role": random.choice(names)} for user in people],
        "tags": random.choice([[], ["of another client", "HideApp"]]),
    }
    if random.random() < 0.85:
        state = random.choice([{}, {"state": "Active"}])
        application["jobs"] = [{"template": "scim", **state, "edits": random.choice([[], _edits(random)])}]
    return application


def _edits(random: Random) -> list[Json]:
    target = random.choice(["title", "nickName", "locale"])
    return [{"object": "User", "target": target, "source": random.choice(["[mail]", "[city]"])}]


# --- what other clients do -------------------------------------------------------------------------------------------


def request(tenant: Rehearsal, method: str, path: str, body: Any = None) -> Any:
    """Send a request of another client, without the event loop; return the body of the response, None after an error."""
    address, _, query = path.partition("?")
    options = {
        name.lstrip("$").lower(): value for name, _, value in (part.partition("=") for part in query.split("&")) if name
    }
    sent = GraphRequest(method, address, BASE, path_segments(address), options, {}, body)
    response = tenant.service.respond(sent).response
    return response.body if response.status < 400 else None


def writer(tenant: Rehearsal) -> Json | None:
    """Return the service principal of Writer, or None unless there is exactly one."""
    condition = Condition("json_extract(doc, '$.displayName') = 'Writer'")
    rows = tenant.service.tenant.documents.all("servicePrincipal", condition)
    return rows[0] if len(rows) == 1 else None


def edit_in_portal(random: Random, tenant: Rehearsal) -> str:
    """Do one thing that a person could do in the portal; return its name, or "" if it is not possible now."""
    principal = writer(tenant)
    if principal is None:
        return ""
    name = random.choice(list(PORTAL))
    is_done = PORTAL[name](random, tenant, principal)
    return name if is_done else ""


def _jobs(tenant: Rehearsal, principal: Json) -> list[str]:
    rows = tenant.service.tenant.documents.all("job", Condition("parent = ?", (principal["id"],)))
    return [f"/servicePrincipals/{principal['id']}/synchronization/jobs/{row['id']}" for row in rows]


def _tag(random: Random, tenant: Rehearsal, principal: Json) -> bool:
    tags = [*principal["tags"], f"tag {random.randrange(100)}"]
    request(tenant, "PATCH", f"/servicePrincipals/{principal['id']}", {"tags": tags})
    return True


def _role(random: Random, tenant: Rehearsal, principal: Json) -> bool:
    """Add a role, or rename one."""
    documents = tenant.service.tenant.documents
    (application,) = documents.all("application", Condition("json_extract(doc, '$.appId') = ?", (principal["appId"],)))
    roles = application["appRoles"]
    value = random.choice(ROLES)
    existing = [role for role in roles if role["value"] == value]
    if existing:
        existing[0]["displayName"] = f"Renamed {value}"
    else:
        number = random.getrandbits(32)
        role = {"id": f"00000000-0000-4000-8000-0000{number:08x}", "value": value, "displayName": value}
        roles.append({**role, "description": value, "isEnabled": True, "allowedMemberTypes": ["User"]})
    request(tenant, "PATCH", f"/applications/{application['id']}", {"appRoles": roles})
    return True


def _assign(random: Random, tenant: Rehearsal, principal: Json) -> bool:
    role = random.choice(principal["appRoles"])
    user = random.choice(tenant.service.tenant.documents.all("user"))
    body = {"principalId": user["id"], "resourceId": principal["id"], "appRoleId": role["id"]}
    return request(tenant, "POST", f"/servicePrincipals/{principal['id']}/appRoleAssignedTo", body) is not None


def _unassign(random: Random, tenant: Rehearsal, principal: Json) -> bool:
    path = f"/servicePrincipals/{principal['id']}/appRoleAssignedTo"
    rows = (request(tenant, "GET", path) or {}).get("value")
    if rows:
        request(tenant, "DELETE", f"{path}/{random.choice(rows)['id']}")
    return bool(rows)


def _schema(random: Random, tenant: Rehearsal, principal: Json) -> bool:
    """Change, remove or add a row, or put something into the schema that no spec names."""
    for path in _jobs(tenant, principal):
        schema = request(tenant, "GET", f"{path}/schema")
        if schema is None:
            return False
        mappings = schema["synchronizationRules"][0]["objectMappings"]
        mapping = next(part for part in mappings if part["sourceObjectName"] == "User")
        rows = mapping["attributeMappings"]
        row = random.choice(rows)
        what = random.choice(["change", "remove", "extra", "extra"])
        if what == "extra":
            random.choice([mapping, random.choice(schema["directories"][1]["objects"])])["metadata"].append(EXTRA)
        elif row["matchingPriority"] == 0 and what == "remove":
            rows.remove(row)
        elif row["matchingPriority"] == 0:
            row["defaultValue"] = "portal"
        return request(tenant, "PUT", f"{path}/schema", schema) is not None or what != "extra"
    return False


def _job(random: Random, tenant: Rehearsal, principal: Json) -> bool:
    for path in _jobs(tenant, principal):
        request(tenant, "POST", f"{path}/{random.choice(['start', 'pause', 'pause', 'restart'])}")
        return True
    return False


def _settings(random: Random, tenant: Rehearsal, principal: Json) -> bool:
    value = random.choice(
        [{"key": "SyncAll", "value": "true"}, {"key": "BaseAddress", "value": "https://portal.example.com/scim"}]
    )
    path = f"/servicePrincipals/{principal['id']}/synchronization/secrets"
    if tenant.service.tenant.switches.secrets_put == "replace":
        return False
    request(tenant, "PUT", path, {"value": [value]})
    return True


def _delete_application(random: Random, tenant: Rehearsal, principal: Json) -> bool:
    if random.random() < 0.5:
        return False
    documents = tenant.service.tenant.documents
    (application,) = documents.all("application", Condition("json_extract(doc, '$.appId') = ?", (principal["appId"],)))
    request(tenant, "DELETE", f"/applications/{application['id']}")
    return True


def _delete_job(random: Random, tenant: Rehearsal, principal: Json) -> bool:
    for path in _jobs(tenant, principal):
        request(tenant, "DELETE", path)
        return True
    return False


PORTAL = {
    "tag": _tag,
    "role": _role,
    "assign": _assign,
    "unassign": _unassign,
    "schema": _schema,
    "schema again": _schema,
    "job": _job,
    "settings": _settings,
    "delete the application": _delete_application,
    "delete the job": _delete_job,
}
