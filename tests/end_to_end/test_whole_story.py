"""The whole story with the files of the wheel, in an empty folder: from a preset to a rollback, each command a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
GROUP = "  groups:\n    - {name: Writer editors, role: member}\n"
SERVE = ("--target", "tolerant", "--switch", "role_blob=display_name", "--switch", "bare_extension=attribute")

pytestmark = pytest.mark.slow


class Story:
    """An empty folder, a simulated tenant that provisions to a SCIM server, and the package as the wheel has it."""

    def __init__(self, folder, site):
        self.folder = folder
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "SCIMCONF_"))}
        self.environ = plain | {"PYTHONPATH": str(site), "WRITER_SCIM_TOKEN": "token-of-the-story", "COLUMNS": "100"}
        self.server = None

    def command(self, *words, code=0):
        """Run a command and return what it prints; it ends with this exit code."""
        argv = [sys.executable, "-m", "scimconf", *words]
        result = subprocess.run(
            argv,
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert result.returncode == code, (words, result.stdout, result.stderr)
        return result.stdout

    def serve(self):
        ready = self.folder / "ready"
        argv = [sys.executable, "-m", "scimconf", "sandbox", "serve", "--port", "0", "--ready-file", str(ready), *SERVE]
        self.server = subprocess.Popen(
            argv, cwd=self.folder, env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not ready.exists():
            assert self.server.poll() is None, "the sandbox did not start"
            time.sleep(0.05)
        self.environ["SCIMCONF_GRAPH_URL"] = ready.read_text()

    def cycle(self):
        base = self.environ["SCIMCONF_GRAPH_URL"].removesuffix("/v1.0")
        assert httpx.post(f"{base}/_sandbox/cycle", json={"after": "PT41M"}).status_code == 200

    def edit_in_the_portal(self):
        """Pause the job, as an administrator does with a button."""
        url = self.environ["SCIMCONF_GRAPH_URL"]
        (principal,) = httpx.get(f"{url}/servicePrincipals", params={"$filter": "displayName eq 'Writer'"}).json()[
            "value"
        ]
        jobs = f"{url}/servicePrincipals/{principal['id']}/synchronization/jobs"
        (job,) = httpx.get(jobs).json()["value"]
        assert httpx.post(f"{jobs}/{job['id']}/pause").status_code == 204

    def confirm_steps(self):
        """Confirm the steps by hand that the preset lists."""
        path = self.folder / "writer" / "scimconf.yaml"
        lines = path.read_text("utf-8").splitlines()
        confirmed = "\n    confirmed: 2026-11-30\n    by: ada@contoso.com"
        path.write_text(
            "\n".join(f"{line}{confirmed if line.startswith('  - step:') else ''}" for line in lines) + "\n"
        )

    def replace(self, old, new):
        path = self.folder / "writer" / "scimconf.yaml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.fixture
def story(tmp_path):
    wheels, site, folder = (tmp_path / name for name in ("wheels", "site", "empty"))
    folder.mkdir()
    build = ["-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(ROOT)]
    subprocess.run([sys.executable, *build], check=True, capture_output=True)
    zipfile.ZipFile(next(wheels.glob("*.whl"))).extractall(site)
    story = Story(folder, site)
    try:
        yield story
    finally:
        if story.server:
            story.server.terminate()
            story.server.wait()


def test_from_a_preset_to_a_rollback_with_the_files_of_the_wheel(story):
    story.command("init", "--preset", "writer", "--tenant", "contoso.com", "writer")
    story.replace("  groups: []\n", GROUP)
    assert story.command("validate", "writer") == "writer: valid\n"
    assert "0 checks failed" in story.command("rehearse", "writer")

    story.serve()
    story.replace("  single_sign_on: saml", "  create: {from_template: custom}\n#")
    story.confirm_steps()
    assert "Writer editors" in story.command("plan", "--format", "markdown", "writer")  # the comment of a pull request
    story.command("plan", "--out", "plan.json", "writer")
    digest = json.loads((story.folder / "plan.json").read_text("utf-8"))["digest"]
    story.command("apply", "--yes", "--expect-digest", digest, "plan.json")
    story.cycle()
    assert "4 created" in story.command("status", "writer")

    story.edit_in_the_portal()
    assert "changed outside scimconf" in story.command("drift", "writer", code=2)
    story.command("apply", "--yes", "writer")
    assert "No changes" in story.command("plan", "--detailed-exitcode", "writer")

    story.replace("externalId: mailNickname", "externalId: mailNickname\n      title: department")
    story.command("apply", "--yes", "writer")
    story.command("rollback", "--yes", "writer")
    difference = story.command("plan", "--detailed-exitcode", "writer", code=2)
    assert "[jobTitle] → [department]" in difference
    story.replace("title: department", "title: jobTitle")
    assert "No changes" in story.command("plan", "--detailed-exitcode", "writer")

    story.cycle()
    comparison = story.command("logs", "--compare", "writer")
    assert "3 as predicted" in comparison
    assert "token-of-the-story" not in comparison
