"""Which application a spec is about, and the check that no other application has its name."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.documents import application as documents
from scimconf.plan import Address
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import NameCheck, Phase


def identified_by(spec: Spec) -> tuple[str, str, str]:
    """Return the spec's field, Graph's property and the value that identify the application."""
    application = spec.application
    if application.app_id is not None:
        return "app_id", "appId", application.app_id
    if application.object_id is not None:
        return "object_id", "id", application.object_id
    return "display_name", "displayName", application.display_name or ""


def missing_sign_on(spec: Spec, snapshot: Snapshot) -> str:
    """Return why the single sign-on that the spec requires is not set up, "" if it is or if the spec requires none."""
    required, rows = spec.application.single_sign_on, snapshot.rows("service_principals")
    if required is None or len(rows) > 1:
        return ""
    mode = rows[0].get("preferredSingleSignOnMode") if rows else None
    if mode == required:
        return ""
    return f"the mode is {mode or 'not set'}" if rows else "create the application with `enabled: false` first"


def name_checks(spec: Spec, phase: Phase, *addresses: Address) -> Iterator[NameCheck]:
    """Yield the check of an application that a run may create; nothing if the spec does not create it."""
    _, prop, name = identified_by(spec)
    if spec.application.create is not None:
        text = f"check that no other application is named {name}"
        principals, registrations = documents.service_principals(prop, name), documents.registrations(name)
        yield NameCheck(phase, addresses, text, principals, registrations)
