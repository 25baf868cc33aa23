"""A change from a branch to the tenant: plan, comment, concurrent portal edit, new plan, apply, no drift."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from canary import WATCH, secret

from .recipes import copy_writer

EXTERNAL = ("externalId: mailNickname", "externalId: objectId")
GROUP = "    - {name: Writer editors, role: member}\n"
ABSENT = GROUP.replace("role: member", "absent: true")
EXEMPTION = "\nguard_exemptions:\n  - {guard: group-removed, until: 2099-01-01, reason: The team has gone}\n"
PEOPLE = ("ada", "grace", "alan", "katherine", "radia")
CANARIES = {
    "WRITER_SCIM_TOKEN": secret("environment"),
    "UNRELATED_SECRET": secret("unrelated"),
    "AZURE_CLIENT_SECRET": secret("azure"),
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": secret("oidc"),
}
FILES = {
    "token.txt": secret("file"),
    ".env": f"WRITER_SCIM_TOKEN={secret('neighbour')}",
    "notes.scimconf.yaml.bak": f"secret_token: {secret('former')}",
}
STORED = secret("tenant")
ALL = [*CANARIES.values(), *(text.rpartition("=")[2].rpartition(" ")[2] for text in FILES.values()), STORED]


class Story:
    """Runs commands in a checkout and records everything they print."""

    def __init__(self, folder, url, run, portal_request):
        self.folder, self.url, self._run, self._portal_request = folder, url, run, portal_request
        self.spec = folder / "apps" / "writer" / "scimconf.yaml"
        self.printed = []

    def __call__(self, *argv):
        code, out, err = self._run(*argv)
        self.printed += [out, err]
        return code, out, err

    def edit(self, *pairs):
        text = self.spec.read_text("utf-8")
        for before, after in pairs:
            assert before in text
            text = text.replace(before, after)
        self.spec.write_text(text, "utf-8")

    def portal(self, method, path):
        text = self._portal_request(self.url + path, method)
        return json.loads(text) if text else None

    def unassign(self, name):
        """Delete the assignment of a principal, as in the portal."""
        (principal,) = [
            one for one in self.portal("GET", "/servicePrincipals")["value"] if one["displayName"] == "Writer"
        ]
        rows = f"/servicePrincipals/{principal['id']}/appRoleAssignedTo"
        (row,) = [one for one in self.portal("GET", rows)["value"] if one["principalDisplayName"].startswith(name)]
        self.portal("DELETE", f"{rows}/{row['id']}")

    def written(self, *, besides=()):
        """Return the content of all files written in the checkout, by path, and the printed output."""
        made = {
            str(path.relative_to(self.folder)): path.read_bytes().decode("utf-8", "replace")
            for path in self.folder.rglob("*")
            if path.is_file()
            and path.name not in {*FILES, *besides}
            and "apps" not in path.parts
            and "was" not in path.parts
        }
        return {**made, "printed": "".join(self.printed)}


@pytest.fixture
def story(serve, workdir, run, portal_request, monkeypatch):
    writer = {
        "displayName": "Writer",
        "template": "custom",
        "secrets": {"BaseAddress": "https://old.example/scim", "SecretToken": STORED, "SyncAll": "false"},
        "jobs": [{"template": "scim"}],
    }
    url = serve({"base": "contoso", "applications": [writer]})
    copy_writer(workdir / "apps" / "writer")
    for name, text in FILES.items():
        WATCH.secret_file(workdir / "apps" / "writer" / name, text)
        WATCH.secret_file(workdir / name, text)
    WATCH.declare(workdir / "was")  # a copy of `apps`
    for name, value in {**CANARIES, "SCIMCONF_GRAPH_URL": url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "120")
    return Story(workdir, url, run, portal_request)


def apply_base_branch(story):
    """Apply the spec of the base branch and keep a copy of it in `was`."""
    code, out, err = story("apply", "--auto-approve", "--allow", "endpoint-changed", "apps/writer")
    assert code == 0, f"{out}\n{err}"
    shutil.copytree(story.folder / "apps", story.folder / "was")


def test_apply_executes_exactly_the_reviewed_plan(story):
    apply_base_branch(story)
    base = ("--previous", "was/writer", "apps/writer")

    # the branch removes a group: it would remain in the tenant, and the plan prints the removal snippet
    story.edit(EXTERNAL, (GROUP, ""))
    code, out, err = story("plan", "--fail-on-abandoned", "--out", "plan.json", *base)
    assert code == 0, err
    assert "assignment/group:Writer%20editors/member" in out or "Writer editors" in out
    assert "absent: true" in out
    assert story("apply", "--auto-approve", "plan.json")[0] == 4

    # add the snippet and the guard exemption; the plan becomes an artifact and a comment
    story.edit(("    - {name: Writer admins", f"{ABSENT}    - {{name: Writer admins"))
    story.spec.write_text(story.spec.read_text("utf-8") + EXEMPTION, "utf-8")
    assert story("plan", "--out", "plan.json", "--events", "planned.jsonl", *base)[0] == 0
    reviewed = json.loads((story.folder / "plan.json").read_text("utf-8"))
    assert reviewed["summary"] == {
        "create": 0,
        "update": 1,
        "replace": 0,
        "delete": 1,
        "missing": 0,
        "unmanaged_drift": 0,
        "guards": 0,
        "failures": 0,
    }
    comment = story("show", "--format", "markdown", "--comment-marker", "plan", "plan.json")[1]
    assert comment.startswith("<!-- scimconf: plan -->\n")
    assert "externalId" in comment
    (story.folder / "comment.md").write_text(comment, "utf-8")
    (story.folder / "plan.html").write_text(story("show", "--format", "html", "plan.json")[1], "utf-8")

    # an edit in the portal
    story.unassign("Alan")
    digest = reviewed["digest"]
    code, _, err = story("apply", "--auto-approve", "--expect-digest", digest, "--events", "refused.jsonl", "plan.json")
    assert code == 3
    assert "create of writer:assignment/user:alan@contoso.com/member is not in the reviewed plan" in err
    code, _, err = story("drift", "--baseline", "plan.json", "apps/writer")
    assert code == 2, err
    assert "alan@contoso.com" in err

    # a new plan is reviewed; apply executes exactly this plan
    assert story("plan", "--out", "plan.json", *base)[0] == 0
    again = json.loads((story.folder / "plan.json").read_text("utf-8"))["digest"]
    assert again != digest
    assert story("apply", "--auto-approve", "--expect-digest", digest, "plan.json")[0] == 3
    code, out, err = story(
        "apply", "--auto-approve", "--expect-digest", again, "--events", "applied.jsonl", "plan.json"
    )
    assert code == 0, f"{out}\n{err}"
    done = [json.loads(line) for line in (story.folder / "applied.jsonl").read_text("utf-8").splitlines()]
    addresses = {one["address"] for one in done if one["event"] == "outcome"}
    now = json.loads((story.folder / "plan.json").read_text("utf-8"))["applications"][0]["changes"]
    assert {one["address"] for one in now} <= addresses
    assert story("drift", "apps/writer")[0] == 0

    # no artifact, output, event or history entry contains a secret
    written = story.written()
    assert {"plan.json", "plan.html", "comment.md", "applied.jsonl", "refused.jsonl", "planned.jsonl"} <= {*written}
    assert any(name.startswith(".scimconf") for name in written)
    assert [(name, one) for name, text in written.items() for one in ALL if one in text] == []


def test_redact_removes_user_names_from_all_output(story):
    apply_base_branch(story)
    story.printed.clear()
    story.edit(EXTERNAL, ("ada@contoso.com, role: admin", "ada@contoso.com, role: member"))
    (story.spec.parent / "people.csv").write_text(
        "user,role\ngrace@contoso.com,admin\nalan@contoso.com,member\n", "utf-8"
    )
    story.edit(("unlisted: keep                # assignments", "unlisted: report # assignments"))
    made = ("--redact", "--out", "plan.json", "--events", "planned.jsonl", "apps/writer")
    assert story("plan", *made)[0] == 0
    for form in ("markdown", "html", "json"):
        (story.folder / f"told.{form}").write_text(story("show", "--format", form, "plan.json")[1], "utf-8")
    entries = story.folder.parent / "entries"  # previous documents, only for readers of the tenant
    applying = ("apply", "--auto-approve", "--history", entries, "--events", "applied.jsonl", "plan.json")
    code, out, err = story(*applying)
    assert code == 0, f"{out}\n{err}"
    assert story("drift", "--redact", "apps/writer")[0] == 2  # reported unmanaged resources are drift too
    shutil.rmtree(story.folder / ".scimconf")  # written by the first apply
    named = re.compile("|".join(rf"\b{name}\b" for name in PEOPLE), re.IGNORECASE)
    found = [(name, named.findall(text)) for name, text in story.written().items() if named.search(text)]
    assert found == []


def test_apply_rejects_stale_redacted_plan(story):
    apply_base_branch(story)
    story.edit(EXTERNAL)
    assert story("plan", "--redact", "--out", "plan.json", "apps/writer")[0] == 0
    story.unassign("Alan")
    story.printed.clear()
    code, _, err = story("apply", "--auto-approve", "plan.json")
    assert code == 3
    assert re.search(r"create of writer:assignment/user:user-[0-9a-f]{8}/member is not in the reviewed plan", err)
    assert "alan" not in "".join(story.printed)
