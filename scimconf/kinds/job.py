"""The synchronization job: created from one of the application's templates, and found by that template again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from scimconf.diagnostics import Diagnostic
from scimconf.documents import job as documents
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.kind import Changes, Kind, denied_reads
from scimconf.kinds.mappings import creates_custom
from scimconf.plan import Action, Change, DesiredItem, Effect, Guard, Resource, Traits
from scimconf.snapshot import Document, Json, Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import Phase, Read, Send, Step
from scimconf.suggestions import did_you_mean, suggest

if TYPE_CHECKING:
    from scimconf.plan.guards import GuardContext

CUSTOM_TEMPLATES = ("scim", "customappsso")
"""The templates of custom applications; the second is that of before 2018 (Microsoft's page on SCIM compatibility)."""
DEFAULT = "the application's default template"


class JobKind(Kind):
    """`job`: its template cannot be changed; a different template means a different job."""

    name = "job"
    labels = ("job", "jobs")
    after = ("application",)
    traits = Traits(immutable=frozenset({"template"}))
    guard_ids = ("job-replaced",)

    def reads(self, spec: Spec) -> Iterable[Document]:
        yield documents.templates()
        yield documents.jobs(_template(spec))

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        template = _template(spec)
        if template is not None and creates_custom(spec, snapshot):
            yield from _not_offered(template, [{"id": name} for name in CUSTOM_TEMPLATES])
        if snapshot is None:
            return
        yield from denied_reads(snapshot, "K201", ("job",), "jobs")
        choice = documents.choose(snapshot.documents, _template(spec))
        if choice.problem:
            yield _trouble(choice)
        elif not choice.template:
            yield from denied_reads(snapshot, "K201", ("job",), "templates")
        elif choice.job is None:
            yield from _not_offered(choice.template, snapshot.get("templates"))

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        template = documents.choose(snapshot.documents, _template(spec)).template
        yield Resource(self.address(spec), {"template": template or _template(spec) or DEFAULT})

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        """Without a chosen job the only job counts: a spec that names a different template would replace it."""
        jobs = snapshot.rows("jobs")
        job = documents.choose(snapshot.documents, _template(spec)).job or (jobs[0] if len(jobs) == 1 else None)
        if job is not None:
            facts = {"id": job["id"], "quarantine": documents.quarantine(job), "on": documents.is_on(job)}
            yield Resource(self.address(spec), {"template": job["templateId"]}, facts=facts)

    def compared_offline(self, spec: Spec, resource: Resource) -> Resource | None:
        """Skip the job of a spec that names no template: its template is known only to the tenant."""
        return resource if spec.job is not None else None

    def change_effects(self, change: Change) -> frozenset[Effect]:
        return frozenset({Effect.DATA_LOSS, Effect.RESYNC} if change.action is Action.REPLACE else ())

    def effect_text(self, effect: Effect, change: Change) -> str:
        return "the job and its state are deleted; every user is matched again" if effect is Effect.DATA_LOSS else ""

    def guards(self, changes: Changes, context: GuardContext) -> Iterable[Guard]:
        for change in changes:
            if change.action is Action.REPLACE:
                message = "the job and its state would be deleted, and a new job would be created"
                yield Guard("job-replaced", message, address=change.address)

    def steps(self, spec: Spec, changes: Changes, snapshot: Snapshot) -> Iterable[Step]:
        for change in self.mine(changes):
            addresses = (change.address,)
            if change.action is Action.REPLACE and change.before is not None:
                path = f"{documents.BASE}/jobs/{change.before.facts['id']}"
                description, is_gone = "delete the job of the previous template", ((404, ""),)
                yield Send(Phase.STOP, addresses, description, "DELETE", path, success_errors=is_gone)
            path, body, outputs = f"{documents.BASE}/jobs", {"templateId": "{template}"}, (("job", "id"),)
            jobs = documents.jobs(snapshot.names.get("template", _template(spec)))
            yield Send(Phase.BUILD, addresses, "create job", "POST", path, body, outputs=outputs, lookup=jobs)
            yield Read(Phase.BUILD, addresses, "wait for the job to become readable", documents.job(), "is_there", ())

    def export(self, request: ExportRequest) -> ExportedSpec:
        names = request.snapshot.names
        others = [str(job["id"]) for job in request.snapshot.rows("jobs") if job["id"] != names.get("job")]
        omitted = [f"the application has another job, {job_id}" for job_id in others]
        return ExportedSpec({"job": {"template": names["template"]}} if names.get("template") else {}, omitted=omitted)


def _template(spec: Spec) -> str | None:
    return spec.job.template if spec.job is not None else None


def _trouble(choice: documents.Choice) -> Diagnostic:
    candidates = ", ".join(choice.candidates)
    if choice.problem == "several jobs":
        message = f"the application has several jobs of the same template: {candidates}"
        return Diagnostic("K202", message, ("job",), hint="Delete all but one in the portal.")
    if choice.problem == "several templates":
        message = f"the application offers several templates, and none is the default: {candidates}"
        return Diagnostic("K203", message, ("job",), hint="Write `job: {template: ID}` with one of them.")
    hint = "An app registration has none. Create the application from an application template."
    return Diagnostic("K204", "the application offers no provisioning template", ("application",), hint=hint)


def _not_offered(template: str, offered: Sequence[Json] | None) -> Iterable[Diagnostic]:
    ids = [str(row["id"]) for row in offered or ()]
    if ids and template.lower() not in (offered_id.lower() for offered_id in ids):
        message = f'the application offers no template "{template}", only {", ".join(ids)}'
        yield Diagnostic("K205", message, ("job", "template"), hint=did_you_mean(suggest(template, ids)))
