"""The synchronization job: made from the template that the application offers, and found again by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from scimconf.diagnostics import Diagnostic
from scimconf.documents import job as documents
from scimconf.kinds.kind import Base, Effects, refused, suggest
from scimconf.plan import Action, Change, DesiredItem, Effect, Resource, Traits
from scimconf.snapshot import Document, Json, Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import Phase, Read, Send, Step

DEFAULT = "the one that the application offers by default"


class JobKind(Base):
    """`job`: its template cannot be changed; another one means another job."""

    name = "job"
    after = ("application",)
    traits = Traits(immutable=frozenset({"template"}))

    def reads(self, spec: Spec) -> Iterable[Document]:
        yield documents.templates()
        yield documents.jobs(_wanted(spec))

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if snapshot is None:
            return
        yield from refused(snapshot, "jobs", "K201", ("job",), "Synchronization.Read.All")
        choice = documents.choose(snapshot.documents, _wanted(spec))
        if choice.problem:
            yield _trouble(choice)
        elif not choice.template:
            yield from refused(snapshot, "templates", "K201", ("job",), "Synchronization.Read.All")
        elif choice.job is None:
            yield from _offered(choice.template, snapshot.get("templates"))

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        template = documents.choose(snapshot.documents, _wanted(spec)).template
        yield Resource(self.address(spec), {"template": template or _wanted(spec) or DEFAULT})

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        job = _seen(spec, snapshot)
        if job is not None:
            facts = {"id": job["id"], "quarantine": documents.quarantine(job), "on": documents.is_on(job)}
            yield Resource(self.address(spec), {"template": job["templateId"]}, facts=facts)

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        for change in self.mine(changes):
            serves = (change.address,)
            if change.action is Action.REPLACE and change.before is not None:
                old = change.before.facts["id"]
                path = f"{documents.BASE}/jobs/{old}"
                gone = ((404, ""),)
                yield Send(
                    Phase.STOP, serves, "delete the job of the other template", "DELETE", path, success_errors=gone
                )
            yield Send(
                Phase.BUILD,
                serves,
                "make the job from its template",
                "POST",
                f"{documents.BASE}/jobs",
                {"templateId": "{template}"},
                outputs=(("job", "id"),),
                lookup=documents.jobs(snapshot.names.get("template", _wanted(spec))),
            )
            yield Read(Phase.BUILD, serves, "wait until the job can be read", documents.job(), "is_there", ())

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        return {
            change.address: frozenset({Effect.DATA_LOSS, Effect.RESYNC})
            for change in changes
            if change.action is Action.REPLACE
        }


def _wanted(spec: Spec) -> str | None:
    return spec.job.template if spec.job is not None else None


def _seen(spec: Spec, snapshot: Snapshot) -> Mapping[str, Json] | None:
    """The chosen job; else the only job there is, which a written other template would replace."""
    job = documents.choose(snapshot.documents, _wanted(spec)).job
    if job is not None:
        return dict(job)
    others = snapshot.rows("jobs")
    return dict(others[0]) if len(others) == 1 else None


def _trouble(choice: documents.Choice) -> Diagnostic:
    listed = ", ".join(choice.candidates)
    if choice.problem == "several jobs":
        return Diagnostic(
            "K202", f"several jobs were made from one template: {listed}", ("job",), hint="Delete all but one."
        )
    if choice.problem == "several templates":
        return Diagnostic(
            "K203",
            f"the application offers several templates and none is its default: {listed}",
            ("job",),
            hint="Write `job: {template: …}`.",
        )
    return Diagnostic(
        "K204",
        "the application offers no provisioning template",
        ("application",),
        hint="A plain app registration cannot be provisioned: make it from an application template.",
    )


def _offered(template: str, offered: Sequence[Json] | None) -> Iterable[Diagnostic]:
    ids = [str(one["id"]) for one in offered or ()]
    if ids and template.lower() not in (one.lower() for one in ids):
        yield Diagnostic(
            "K205",
            f'the application offers no template "{template}"; it offers {", ".join(ids)}',
            ("job", "template"),
            hint=suggest(template, ids),
        )
