"""The pages of guides: the files that they show are valid, their commands run, and print what the page shows."""

from __future__ import annotations

import os
import re
import shutil

import pytest
from canary import TOKEN
from golden_files import updating
from server_fixture import Server

from scimconf.cli.main import main

from .guide_pages import Guide, file_name, parts
from .pages import DOCS, ROOT

UPDATING = updating()  # read here because the fixture removes the SCIMCONF_ variables
GUIDES = (
    "adopt.md",
    "expressions.md",
    "roles.md",
    "rotation.md",
    "scope.md",
    "terraform.md",
    "two-tenants.md",
    "first-pull-request.md",
)
STAGING = {
    "base": "contoso",
    "organization": {
        "id": "0c0a7e50-5a5a-4c0a-8b0a-c0a7e5009999",
        "displayName": "Contoso Staging",
        "verifiedDomains": [{"name": "staging.contoso.com", "isDefault": True, "isInitial": True}],
    },
}
TENANTS = {"contoso.com": None, "staging.contoso.com": STAGING}
HEAD = "version: 1\nname: a\ntenant: contoso.com\napplication: {display_name: A}\n"
REQUIRED = "provisioning: {enabled: true, scope: assigned}\n"
CHANGING = (
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://127.0.0.1:8080"),
    (re.compile(r"\b\d{8}T\d{6}(\.\d+)?Z"), "20261201T094501Z"),
)
"""Texts that differ from run to run, and what pages have in their place."""


@pytest.fixture
def guide(tmp_path, monkeypatch, capsys):
    """Return a guide in an empty folder, with a sandbox for each tenant that the page selects."""
    for name in [name for name in os.environ if name.startswith(("AZURE_", "SCIMCONF_", "GITHUB_", "CI"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()  # the root of a repository
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copy(ROOT / "tests" / "docs" / "desk.scimconf.yaml", tmp_path / "existing.scimconf.yaml")
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setenv("SCIMCONF_HISTORY", str(tmp_path / "history"))
    servers = {}

    def select(name):
        if name not in servers:
            servers[name] = Server(TENANTS[name])
            servers[name].start()
        monkeypatch.setenv("SCIMCONF_GRAPH_URL", servers[name].url)

    def run(words):
        capsys.readouterr()
        code = main(words)
        captured = capsys.readouterr()
        texts = [captured.out, captured.err]
        for pattern, text in CHANGING:
            texts = [pattern.sub(text, output) for output in texts]
        return (code, *texts)

    def setenv(name, value):
        monkeypatch.setenv(name, TOKEN if name.endswith("_TOKEN") else value)

    yield Guide(tmp_path, run, select, setenv)
    for server in servers.values():
        server.stop()


@pytest.mark.slow
@pytest.mark.parametrize("name", GUIDES)
def test_commands_of_a_guide_print_what_it_shows(name, guide):
    page = (DOCS / name).read_text("utf-8")
    replayed = guide.replay(page)
    if UPDATING:
        (DOCS / name).write_text(replayed, "utf-8")
        page = replayed
    assert replayed == page, "SCIMCONF_UPDATE_GOLDEN=1 writes it anew"


def fragments():
    """Yield each YAML block of the guides that is a part of a spec, with its page and number."""
    for name in GUIDES:
        blocks = [part for part in parts((DOCS / name).read_text("utf-8")) if part.kind == "yaml"]
        for number, part in enumerate(blocks):
            if file_name(part) is None:
                yield pytest.param(part.text, id=f"{name}-{number}")


@pytest.mark.parametrize("fragment", list(fragments()))
def test_part_of_a_spec_in_a_guide_is_valid(fragment, tmp_path, capsys):
    rest = "" if "provisioning:" in fragment else REQUIRED
    (tmp_path / "scimconf.yaml").write_text(HEAD + rest + fragment, "utf-8")
    assert main(["validate", str(tmp_path)]) == 0, capsys.readouterr()


def test_first_pull_request_sets_every_variable_that_the_workflows_need():
    """A variable with a default, and that of the history, which is an artifact without it, need not be set."""
    workflows = "".join(
        (ROOT / "ci" / "github" / name).read_text("utf-8") for name in ("plan.yml", "apply.yml", "drift.yml")
    )
    needed = set(re.findall(r"vars\.(\w+) }}", workflows)) - {"SCIMCONF_HISTORY"}
    page = (DOCS / "first-pull-request.md").read_text("utf-8")
    assert set(re.findall(r"^gh variable set (\w+)", page, re.MULTILINE)) == needed | {"SCIMCONF_PATHS"}


def test_first_pull_request_names_the_file_that_the_action_installs_from():
    action = (ROOT / "ci" / "github" / "action.yml").read_text("utf-8")
    (path,) = re.findall(r"default: (\S+/requirements\.txt)", action)
    assert f"`{path}`" in (DOCS / "first-pull-request.md").read_text("utf-8")
