"""Helpers of the preview tests: a tenant, a spec, and the result of a preview in this process."""

import json
from dataclasses import dataclass
from pathlib import Path

from tenant_fixture import WRITER, Rehearsal

from scimconf.api import TenantClient
from scimconf.cli.events import EventLog
from scimconf.cli.preview import PreviewOptions, preview_all
from scimconf.cli.progress import Progress
from scimconf.cli.session import Session
from scimconf.render.preview.html import PreviewPage
from scimconf.render.preview.json import JsonPreview
from scimconf.render.preview.text import TextPreview

WRITER_TEXT = WRITER.read_text()
MINIMAL = """
version: 1
name: writer
tenant: contoso.com
application: {display_name: Writer}
provisioning: {enabled: true%s}
"""
WRITER_APPLICATION = {
    "displayName": "Writer",
    "template": "custom",
    "roles": [{"value": "admin", "displayName": "admin"}, {"value": "member", "displayName": "member"}],
    "assignments": [
        {"user": "ada@contoso.com", "role": "admin"},
        {"user": "hedy@contoso.com", "role": "member"},
        {"group": "Writer editors", "role": "member"},
    ],
    "secrets": {"BaseAddress": "https://app.writer.com/scim", "SecretToken": "x", "SyncAll": "false"},
    "jobs": [{"template": "scim", "state": "Active"}],
}
"""An existing application with the mappings of its template and five assigned users."""


@dataclass(frozen=True)
class PreviewResult:
    code: int
    text: str

    @property
    def document(self):
        return json.loads(self.text)

    @property
    def users(self):
        """Return the previewed users by the part of the name before the @."""
        (application,) = self.document["applications"]
        return {one["name"].partition("@")[0]: one for one in application["users"]}

    @property
    def outcomes(self):
        return {name: one["outcome"] for name, one in self.users.items()}

    @property
    def mappings(self):
        return self.document["applications"][0]["summary"]["mappings"]

    def counts(self, target):
        return self.mappings[target]["counts"]


def tenant_with_writer(*edits, **more):
    """Return a tenant file with Writer; `edits` change its schema, `more` its application and the tenant."""
    jobs = [{"template": "scim", "state": "Active", "edits": list(edits)}]
    return {"applications": [{**WRITER_APPLICATION, "jobs": jobs, **more.pop("application", {})}], **more}


def preview(rehearsal, spec, form="json", width=80, pieces=None, **arguments):
    """Run a preview as the command does, without a terminal; `pieces` collects the output even if it is interrupted."""
    options = PreviewOptions(output_format=form, **{**arguments, "users": tuple(arguments.get("users", ()))})
    full = bool(options.users)
    sink = {"text": lambda: TextPreview(width=width, full=full), "json": JsonPreview, "html": PreviewPage}[form]()
    pieces = [] if pieces is None else pieces
    loaded = rehearsal.load(spec)

    async def work(live):
        events = EventLog(None, str)
        with Progress("reading", events) as progress:
            session = Session(TenantClient(live.graph, rehearsal.secrets), progress, events)
            return await preview_all(session, [loaded], options, sink, pieces.append)

    code = rehearsal.run(work)
    return PreviewResult(code, "".join(pieces))


def minimal_spec(folder: Path, more: str = "", provisioning: str = "") -> Path:
    """Write a spec of Writer with few sections to a folder."""
    path = folder / "writer.scimconf.yaml"
    path.write_text(MINIMAL % (f", {provisioning}" if provisioning else "") + more)
    return path


__all__ = [
    "WRITER",
    "WRITER_APPLICATION",
    "WRITER_TEXT",
    "PreviewResult",
    "Rehearsal",
    "minimal_spec",
    "preview",
    "tenant_with_writer",
]
