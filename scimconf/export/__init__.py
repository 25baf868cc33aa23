"""The way back: from what is live to a spec that says it. Pure.

Premise: a spec that is made here plans to nothing and is applied without a write. So every value is taken in the normal
form in which the kinds compare, and what the spec cannot say is not said but told in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scimconf.documents import application, job, secrets
from scimconf.export.exported_spec import ExportedSpec
from scimconf.export.mappings import declare_mappings
from scimconf.export.references import reads_as_reference
from scimconf.export.roles_and_assignments import declare_assignments, declare_roles, namesakes
from scimconf.kinds.connection import KEYS, OAUTH2
from scimconf.snapshot import Json, Snapshot
from scimconf.spec.addresses import holds_secret
from scimconf.spec.model import Spec
from scimconf.spec.model.connection import CONFIDENTIAL
from scimconf.spec.patterns import EMAIL, ENV_NAME, ENV_REFERENCE, HTTPS

__all__ = ["ExportedSpec", "declare", "everything", "namesakes"]


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


def declare(name: str, tenant: str, snapshot: Snapshot, *, full: bool, defined: bool = False) -> ExportedSpec:
    """The spec of one application as it is; `full` says everything, else what differs from the template's default.

    Attributes of the template are not even then said, but where each definition is asked for (`defined`).
    """
    found = ExportedSpec({"version": 1, "name": name, **({"tenant": tenant} if tenant else {})})
    _application(found, snapshot, full=full)
    _job(found, snapshot)
    _connection(found, name, snapshot)
    _provisioning(found, snapshot, full=full)
    declare_mappings(found, snapshot, full=full, defined=defined)
    declare_roles(found, snapshot, full=full)
    declare_assignments(found, snapshot, full=full)
    return found


def _application(found: ExportedSpec, snapshot: Snapshot, *, full: bool) -> None:
    row = snapshot.rows("service_principals")[0]
    said: dict[str, Any] = {"app_id": row["appId"]}
    found.comments["application", "app_id"] = str(row.get("displayName"))
    template = row.get("applicationTemplateId")
    if full and template and not reads_as_reference(row["displayName"]):
        said = {"display_name": row["displayName"]}
        said["create"] = {"from_template": "custom" if template == application.CUSTOM_TEMPLATE else template}
    if row.get("preferredSingleSignOnMode") == "saml":
        said["single_sign_on"] = "saml"
    found.tree["application"] = said


def _job(found: ExportedSpec, snapshot: Snapshot) -> None:
    template = snapshot.names.get("template")
    others = [str(one["id"]) for one in snapshot.rows("jobs") if one["id"] != snapshot.names.get("job")]
    if template:
        found.tree["job"] = {"template": template}
    for other in others:
        found.unsaid.append(f"the application has another job, {other}")


# --- connection and settings ----------------------------------------------------------------------------------------

_SETTINGS = frozenset({"SyncAll", secrets.NOTIFICATIONS, "SkipOutOfScopeDeletions"})


def _connection(found: ExportedSpec, name: str, snapshot: Snapshot) -> None:
    values = secrets.values(snapshot.get("secrets"))
    keys = {key: value for key, value in values.items() if key not in _SETTINGS}
    if not keys:
        return
    rotations = application.rotations(snapshot.rows("service_principals")[0].get("tags"))
    way = keys.pop("AuthenticationType", None)
    own = {field: keys.pop(key) for field, key in KEYS.items() if key in keys}
    said: dict[str, Any] = {}
    if "base_address" in own and _is_sayable(own["base_address"]):
        said["base_address"] = own.pop("base_address")
    oauth2 = _oauth2(name, own, rotations) if way == OAUTH2 else None
    if oauth2 is not None:
        said["oauth2"] = oauth2
    elif "secret_token" in own:
        said["secret_token"] = _reference(name, "SCIM_TOKEN", rotations.get("SecretToken"))
        del own["secret_token"]
    if keys:
        said["other"] = {key: _other(name, key, value, rotations.get(key)) for key, value in keys.items()}
    authentication = _authentication(said, way, is_mixed="secret_token" in own)
    if authentication:
        said = {"authentication": authentication, **said}
    elif way not in (None, OAUTH2):
        own["authentication"] = way
    found.unsaid += [f"the connection's {KEYS[field]} is kept as it is" for field in own]
    if said:
        found.tree["connection"] = said
        found.comments["connection",] = "values of secrets are never read: put them where the references say"


def _oauth2(name: str, own: dict[str, str], rotations: Mapping[str, str]) -> dict[str, Any] | None:
    """The client, where all of it is there to be written."""
    url, client, secret = (own.get(f"oauth2.{part}") for part in ("token_url", "client_id", "client_secret"))
    if not url or not _is_sayable(url) or client in (None, secrets.MASK) or secret is None:
        return None
    for part in ("token_url", "client_id", "client_secret"):
        del own[f"oauth2.{part}"]
    reference = _reference(name, "CLIENT_SECRET", rotations.get("Oauth2ClientSecret"))
    return {"token_url": url, "client_id": client, "client_secret": reference}


def _is_sayable(address: str) -> bool:
    return re.match(HTTPS, address) is not None and not holds_secret(address)


def _authentication(said: Mapping[str, Any], way: str | None, *, is_mixed: bool) -> str | None:
    """How the service signs in; None where writing it would change something."""
    if way == OAUTH2:
        return "oauth2_client_credentials" if "oauth2" in said and not is_mixed else None
    if way is not None:
        return None
    if "secret_token" in said:
        return "bearer"
    return "other" if "other" in said else "entra_token"


def _reference(name: str, what: str, rotation: str | None) -> dict[str, str]:
    """A place for the value: a variable that is named after the application."""
    variable = re.sub(r"[^A-Z0-9]+", "_", f"{name}_{what}".upper())
    variable = variable if re.match(ENV_NAME, variable) else f"APP_{variable}"
    return {"env": variable, **({"rotation": rotation} if rotation else {})}


def _other(name: str, key: str, value: str, rotation: str | None) -> Any:
    is_secret = value == secrets.MASK or key in CONFIDENTIAL or re.match(ENV_REFERENCE, value)
    return _reference(name, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key), rotation) if is_secret else value


def _provisioning(found: ExportedSpec, snapshot: Snapshot, *, full: bool) -> None:
    mine = next((one for one in snapshot.rows("jobs") if one["id"] == snapshot.names.get("job")), None)
    said: dict[str, Any] = {"enabled": mine is not None and job.is_on(mine)}
    raw = snapshot.get("secrets")
    values, hidden = secrets.values(raw), secrets.masked(raw) & _SETTINGS
    found.unsaid += [f"{key} is stored and not shown" for key in sorted(hidden)]
    everyone = secrets.flag(values.get("SyncAll"))
    if everyone is not None and "SyncAll" not in hidden:
        said["scope"] = "all" if everyone else "assigned"
    _mails(found, said, secrets.notifications(raw))
    skipped = values.get("SkipOutOfScopeDeletions")
    if (full or skipped is not None) and "SkipOutOfScopeDeletions" not in hidden:
        said["skip_out_of_scope_deletions"] = bool(secrets.flag(skipped))
    found.tree["provisioning"] = said


def _mails(found: ExportedSpec, said: dict[str, Any], mails: Mapping[str, Json]) -> None:
    if "Enabled" in mails:
        recipients = mails.get("Recipients") if mails["Enabled"] else None
        if not recipients or (isinstance(recipients, str) and re.match(EMAIL, recipients) and recipients != "none"):
            said["notifications"] = {"email": recipients or "none"}
        else:
            found.unsaid.append(f"notifications go to {recipients}, which is not one address")
    if "DeleteThresholdEnabled" in mails:
        value = mails.get("DeleteThresholdValue") if mails["DeleteThresholdEnabled"] else "none"
        if value == "none" or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
            said["deletion_threshold"] = value
        else:
            found.unsaid.append(f"deletions stop a cycle at {value}, which is no number of at least 1")
