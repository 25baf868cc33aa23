"""The enterprise application: found by what identifies it, or created from a template if the spec says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import Diagnostic
from scimconf.documents import application as documents
from scimconf.json_types import Json
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.fields import Field, desired_fields, export_fields, field_edits, observed_fields, or_unset
from scimconf.kinds.identity import identified_by, missing_sign_on, name_checks
from scimconf.kinds.kind import Changes, Kind, denied_reads
from scimconf.plan import Action, DesiredItem, Guard, Resource
from scimconf.snapshot import Document, Snapshot, escape_placeholders
from scimconf.spec.model import Spec
from scimconf.spec.patterns import is_guid
from scimconf.spec.references import reads_as_reference
from scimconf.steps import Phase, Send, Step
from scimconf.suggestions import did_you_mean, suggestions

if TYPE_CHECKING:
    from scimconf.plan.guards import GuardContext

_CREATED = (("service_principal", "servicePrincipal.id"), ("app", "application.id"), ("app_id", "application.appId"))
"""The names of the ids that Graph returns for a new application, each with its place in the answer."""


def _assignment_required(snapshot: Snapshot) -> Json:
    rows = snapshot.rows("service_principals")
    return or_unset(rows[0].get("appRoleAssignmentRequired") if len(rows) == 1 else None)


FIELDS = (
    Field(
        ("application", "assignment_required"),
        "assignment required",
        "appRoleAssignmentRequired",
        _assignment_required,
        lambda is_required: ("set_property", is_required),
        default=False,
    ),
)


class ApplicationKind(Kind):
    """`application`: one for each spec; it is never renamed and never deleted."""

    name = "application"
    labels = ("application", "applications")
    fields = FIELDS
    guard_ids = ("application-created",)
    is_foundation = True

    def reads(self, spec: Spec) -> Iterable[Document]:
        _, prop, value = identified_by(spec)
        yield documents.organization()
        yield documents.service_principals(prop, value)
        yield documents.applications()
        if spec.application.display_name is not None:
            yield documents.similar_applications()
        if spec.application.create is not None and not _template_id(spec):
            yield documents.application_templates(spec.application.create.from_template)

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if snapshot is None:
            return
        yield from denied_reads(snapshot, "K101", ("application",), "service_principals")
        rows = snapshot.get("service_principals")
        if rows is not None:
            yield from self._count(spec, snapshot, rows)
            yield from self._sign_on(spec, snapshot)

    def _count(self, spec: Spec, snapshot: Snapshot, rows: Sequence[dict[str, str]]) -> Iterable[Diagnostic]:
        field, _, value = identified_by(spec)
        if len(rows) > 1:
            ids = ", ".join(f"app_id {row['appId']} (object id {row['id']})" for row in rows)
            message = f'{len(rows)} applications are named "{value}": {ids}'
            hint = "Write app_id or object_id instead of display_name."
            yield Diagnostic("K102", message, ("application", field), hint=hint)
        elif not rows and spec.application.create is None:
            # The application that is probably meant comes first: a typing error would create a duplicate.
            similar = _similar_applications(value, snapshot)
            offer = did_you_mean(similar[0]["displayName"] if similar else None)
            others = f" The tenant also has {_named(similar[1:])}." if similar[1:] else ""
            hint = f"{offer}{others} {_creating(spec)}".strip()
            yield Diagnostic("K103", f'no application has the {field} "{value}"', ("application", field), hint=hint)
        elif not rows:
            yield from self._gallery(spec, snapshot)
            yield from _similar(value, snapshot)

    def _gallery(self, spec: Spec, snapshot: Snapshot) -> Iterable[Diagnostic]:
        path = ("application", "create", "from_template")
        yield from denied_reads(snapshot, "K101", path, "application_templates")
        templates = snapshot.get("application_templates")
        create = spec.application.create
        if templates is None or create is None or len(templates) == 1:
            return
        message = f'the application gallery has no template named "{create.from_template}"'
        if templates:
            ids = ", ".join(str(template["id"]) for template in templates)
            message = f'{len(templates)} gallery templates are named "{create.from_template}": {ids}'
        yield Diagnostic("K104", message, path, hint="Write the id of the template, or `custom`.")

    def _sign_on(self, spec: Spec, snapshot: Snapshot) -> Iterable[Diagnostic]:
        reason = missing_sign_on(spec, snapshot)
        if reason and snapshot.rows("service_principals"):
            message = f"SAML single sign-on is not configured ({reason})"
            path, hint = ("application", "single_sign_on"), "Configure it in the portal; scimconf does not change it."
            yield Diagnostic("K105", message, path, hint=hint, severity="warning")

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        create, fields = spec.application.create, desired_fields(FIELDS, spec)
        if create is not None and not snapshot.rows("service_principals"):
            names = {"display_name": spec.application.display_name, "from_template": create.from_template}
            fields = {**names, **fields}
        yield Resource(self.address(spec), fields)

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        rows = snapshot.rows("service_principals")
        if len(rows) == 1:
            ids = {"app_id": rows[0]["appId"], "object_id": rows[0]["id"]}
            fields = {"display_name": rows[0].get("displayName"), **observed_fields(FIELDS, snapshot)}
            yield Resource(self.address(spec), fields, facts=ids)

    def compared_offline(self, spec: Spec, resource: Resource) -> Resource | None:
        """Leave out the name: it says which application is meant, not how it is configured."""
        fields = {key: value for key, value in resource.fields.items() if key != "display_name"}
        return Resource(resource.address, fields)

    def guards(self, changes: Changes, context: GuardContext) -> Iterable[Guard]:
        for change in changes:
            if change.action is Action.CREATE:
                message = "the application does not exist and would be created"
                yield Guard("application-created", message, address=change.address)

    def steps(self, spec: Spec, changes: Changes, snapshot: Snapshot) -> Iterable[Step]:
        _, prop, value = identified_by(spec)
        template = _template_id(spec) or snapshot.names.get("gallery", "{gallery}")
        for change in self.mine(changes):
            if change.action is not Action.CREATE:
                yield from field_edits(FIELDS, change, documents.service_principal_settings())
                continue
            text = f"create the application {spec.application.display_name} from its template"
            path = f"/applicationTemplates/{template}/instantiate"
            body = {"displayName": escape_placeholders(spec.application.display_name or "")}
            outputs, lookup = _CREATED, documents.service_principals(prop, value)
            yield Send(Phase.BUILD, (change.address,), text, "POST", path, body, outputs=outputs, lookup=lookup)
            yield from name_checks(spec, Phase.BUILD, change.address)

    def export(self, request: ExportRequest) -> ExportedSpec:
        """Return the app id, or in a full export the name and the template, so that the spec can create it elsewhere."""
        row = request.snapshot.rows("service_principals")[0]
        section: dict[str, Any] = {"app_id": row["appId"]}
        template = row.get("applicationTemplateId")
        if request.full and template and not reads_as_reference(row["displayName"]):
            section = {"display_name": row["displayName"]}
            section["create"] = {"from_template": "custom" if template == documents.CUSTOM_TEMPLATE else template}
        if row.get("preferredSingleSignOnMode") == "saml":
            section["single_sign_on"] = "saml"
        part = ExportedSpec({"application": section}, {("application", "app_id"): str(row.get("displayName"))})
        if request.full:
            part.add(export_fields(FIELDS, request))
        return part


_MAX_SIMILAR = 5


def _creating(spec: Spec) -> str:
    """Return how an application is created that does not exist."""
    line = "write `create: {from_template: custom}`"
    if spec.application.single_sign_on is None:
        return f"To create a new one, {line}."
    return f"Set up single sign-on first, which creates it. To create one without, {line} in place of `single_sign_on`."


def _similar_applications(name: str, snapshot: Snapshot) -> list[Mapping[str, str]]:
    """Return the applications with a similar name, the most similar first: "Writer" may be meant by "WRITER SSO"."""
    rows = [row for row in snapshot.rows("similar_applications") if row.get("displayName")]
    order = suggestions(name, [row["displayName"] for row in rows])
    return sorted((row for row in rows if row["displayName"] in order), key=lambda row: order.index(row["displayName"]))


def _named(rows: Sequence[Mapping[str, str]]) -> str:
    listed = [f'"{row["displayName"]}" (app_id {row["appId"]})' for row in rows[:_MAX_SIMILAR]]
    return ", ".join([*listed, *([f"{len(rows) - _MAX_SIMILAR} more"] if len(rows) > _MAX_SIMILAR else [])])


def _similar(name: str, snapshot: Snapshot) -> Iterable[Diagnostic]:
    """Warn before an application is created: one with a similar name may be the one that is meant."""
    similar = _similar_applications(name, snapshot)
    if similar:
        message = f'"{name}" would be created, and the tenant has {_named(similar)}'
        first = similar[0]["displayName"]
        hint = f'To use that one, write `display_name: "{first}"` and remove `create`.'
        if len(similar) > 1:
            hint = "To use one of them, write its `app_id` instead of `display_name`, and remove `create`."
        yield Diagnostic("K106", message, ("application", "display_name"), hint=hint, severity="warning")


def _template_id(spec: Spec) -> str:
    create = spec.application.create
    if create is None:
        return ""
    if create.from_template == "custom":
        return documents.CUSTOM_TEMPLATE
    return create.from_template if is_guid(create.from_template) else ""
