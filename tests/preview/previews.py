"""Previews of a tenant in this process: a spec as text, the options of the command, and what came out of it."""

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
SMALL = """
version: 1
name: writer
tenant: contoso.com
application: {display_name: Writer}
provisioning: {enabled: true%s}
"""
SET_UP = {
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
"""Writer as somebody set it up by hand: the template's mappings, five people assigned."""


@dataclass(frozen=True)
class Shown:
    code: int
    text: str

    @property
    def document(self):
        return json.loads(self.text)

    @property
    def people(self):
        """Everybody who was looked at, by the part of the name before the @."""
        (application,) = self.document["applications"]
        return {one["name"].partition("@")[0]: one for one in application["users"]}

    @property
    def outcomes(self):
        return {name: one["outcome"] for name, one in self.people.items()}

    @property
    def mappings(self):
        return self.document["applications"][0]["summary"]["mappings"]

    def counts(self, target):
        return self.mappings[target]["counts"]


def tenant(*edits, **more):
    """The pretend tenant with Writer in it; `edits` are of its schema, `more` of its application."""
    jobs = [{"template": "scim", "state": "Active", "edits": list(edits)}]
    return {"applications": [{**SET_UP, "jobs": jobs, **more.pop("application", {})}], **more}


def preview(rehearsal, spec, form="json", width=80, pieces=None, **asked):
    """A preview as the command makes it, without a terminal; `pieces` are there though it does not end."""
    options = PreviewOptions(output_format=form, **{**asked, "users": tuple(asked.get("users", ()))})
    full = bool(options.users)
    made = {"text": lambda: TextPreview(width=width, full=full), "json": JsonPreview, "html": PreviewPage}[form]()
    pieces = [] if pieces is None else pieces
    loaded = rehearsal.load(spec)

    async def work(live):
        events = EventLog(None, str)
        with Progress("reading", events) as progress:
            session = Session(TenantClient(live.graph, rehearsal.secrets), progress, events)
            return await preview_all(session, [loaded], options, made, pieces.append)

    code = rehearsal.run(work)
    return Shown(code, "".join(pieces))


def small(folder: Path, more: str = "", provisioning: str = "") -> Path:
    """A spec of Writer that says little."""
    path = folder / "writer.scimconf.yaml"
    path.write_text(SMALL % (f", {provisioning}" if provisioning else "") + more)
    return path


__all__ = ["SET_UP", "WRITER", "WRITER_TEXT", "Rehearsal", "Shown", "preview", "small", "tenant"]
