"""The application: found by what identifies it, made from a template where it is missing and that is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from scimconf.diagnostics import Diagnostic
from scimconf.documents import application as documents
from scimconf.kinds.kind import Base, Effects, refused
from scimconf.plan import Change, DesiredItem, Resource
from scimconf.snapshot import Document, Snapshot, escape_placeholders
from scimconf.spec.model import Spec
from scimconf.steps import Phase, Send, Step

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PERMISSION = "Application.Read.All"


def identified_by(spec: Spec) -> tuple[str, str, str]:
    """The spec's field, Graph's property and the value that identify the application."""
    application = spec.application
    if application.app_id is not None:
        return "app_id", "appId", application.app_id
    if application.object_id is not None:
        return "object_id", "id", application.object_id
    return "display_name", "displayName", application.display_name or ""


class ApplicationKind(Base):
    """`application`: one for each spec; it is never renamed and never deleted."""

    name = "application"

    def reads(self, spec: Spec) -> Iterable[Document]:
        _, prop, value = identified_by(spec)
        yield documents.organization()
        yield documents.service_principals(prop, value)
        yield documents.applications()
        if spec.application.create is not None and not _template_id(spec):
            yield documents.application_templates(spec.application.create.from_template)

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if snapshot is None:
            return
        yield from refused(snapshot, "service_principals", "K101", ("application",), PERMISSION)
        rows = snapshot.get("service_principals")
        if rows is not None:
            yield from self._count(spec, snapshot, rows)
            yield from self._sign_on(spec, rows)

    def _count(self, spec: Spec, snapshot: Snapshot, rows: Sequence[dict[str, str]]) -> Iterable[Diagnostic]:
        field, _, value = identified_by(spec)
        if len(rows) > 1:
            ids = ", ".join(f"app_id {row['appId']} (object id {row['id']})" for row in rows)
            yield Diagnostic(
                "K102",
                f'{len(rows)} applications are called "{value}": {ids}',
                ("application", field),
                hint="Write app_id or object_id instead of display_name.",
            )
        elif not rows and spec.application.create is None:
            yield Diagnostic(
                "K103",
                f"there is no application with {field} {value}",
                ("application", field),
                hint="Write `create: {from_template: custom}` to have it made.",
            )
        elif not rows:
            yield from self._gallery(spec, snapshot)

    def _gallery(self, spec: Spec, snapshot: Snapshot) -> Iterable[Diagnostic]:
        path = ("application", "create", "from_template")
        yield from refused(snapshot, "application_templates", "K101", path, PERMISSION)
        offered = snapshot.get("application_templates")
        create = spec.application.create
        if offered is None or create is None or len(offered) == 1:
            return
        ids = ", ".join(str(one["id"]) for one in offered)
        said = f"several templates have this name: {ids}" if ids else "the gallery has no application of this name"
        yield Diagnostic("K104", said, path, hint="Write the template's id, or `custom`.")

    def _sign_on(self, spec: Spec, rows: Sequence[dict[str, str]]) -> Iterable[Diagnostic]:
        wanted = spec.application.single_sign_on
        mode = rows[0].get("preferredSingleSignOnMode") if len(rows) == 1 else wanted
        if wanted is not None and mode != wanted:
            yield Diagnostic(
                "K105",
                f"SAML single sign-on is not set up (it is {mode or 'not chosen'})",
                ("application", "single_sign_on"),
                hint="Set it up in the portal; scimconf never changes it.",
                severity="warning",
            )

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        create = spec.application.create
        if create is None or snapshot.rows("service_principals"):
            yield Resource(self.address(spec))
        else:
            fields = {"display_name": spec.application.display_name, "from_template": create.from_template}
            yield Resource(self.address(spec), fields)

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        rows = snapshot.rows("service_principals")
        if len(rows) == 1:
            ids = {"app_id": rows[0]["appId"], "object_id": rows[0]["id"]}
            yield Resource(self.address(spec), {"display_name": rows[0].get("displayName")}, facts=ids)

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        _, prop, value = identified_by(spec)
        template = _template_id(spec) or snapshot.names.get("gallery", "{gallery}")
        for change in self.mine(changes):
            yield Send(
                Phase.BUILD,
                (change.address,),
                f"make the application {spec.application.display_name} from its template",
                "POST",
                f"/applicationTemplates/{template}/instantiate",
                {"displayName": escape_placeholders(spec.application.display_name or "")},
                outputs=(
                    ("service_principal", "servicePrincipal.id"),
                    ("app", "application.id"),
                    ("app_id", "application.appId"),
                ),
                lookup=documents.service_principals(prop, value),
            )

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        return {}


def _template_id(spec: Spec) -> str:
    create = spec.application.create
    if create is None:
        return ""
    if create.from_template == "custom":
        return documents.CUSTOM_TEMPLATE
    return create.from_template if _GUID.fullmatch(create.from_template) else ""
