"""What the README tells people to type works, and shows what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time

import pytest
from golden_files import updating

from scimconf.cli.main import main

from .pages import ROOT, blocks, commands, pages, read

UPDATING = updating()  # the visitor has no SCIMCONF_ variables
FILE_BY_FILE = ("ARCHITECTURE.md", "CONTRIBUTING.md", "docs/lifecycle.md")


@pytest.fixture
def sandbox(tmp_path):
    """A sandbox of its own process, since a command runs its own event loop; gives its URL."""
    ready = tmp_path / "ready"
    command = [sys.executable, "-m", "scimconf", "sandbox", "serve", "--port", "0", "--ready-file", str(ready)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            while not ready.exists():
                assert server.poll() is None, "the sandbox did not start"
                time.sleep(0.02)
            yield ready.read_text()
        finally:
            server.terminate()


@pytest.fixture
def visitor(sandbox, tmp_path, monkeypatch):
    """Somebody who stands in a copy of the examples, with the sandbox as the tenant."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for name in [name for name in os.environ if name.startswith(("AZURE_", "SCIMCONF_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", sandbox)
    monkeypatch.setenv("WRITER_SCIM_TOKEN", "anything")
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_readme_commands_run(visitor):
    """The application exists, as the README says: writer-new creates it first."""
    assert main(["apply", "--auto-approve", "examples/writer-new"]) == 0
    typed = [words[1:] for words in commands(read("README.md"), "scimconf")]
    assert [words[0] for words in typed] == ["validate", "plan", "preview", "apply", "export"]
    for words in typed:
        assert main([*words, *(["--auto-approve"] if words[0] == "apply" else [])]) == 0


def test_readme_plan_is_the_plan_of_its_spec(visitor, capsys):
    assert main(["apply", "--auto-approve", "examples/writer-new"]) == 0
    (spec,) = blocks(read("README.md"), "yaml")
    (visitor / "scimconf.yaml").write_text(spec, "utf-8")
    capsys.readouterr()
    assert main(["plan", "--detailed-exitcode"]) == 2
    output = capsys.readouterr().out
    if UPDATING:
        path = ROOT / "README.md"
        path.write_text(
            re.sub(r"```text\n.*?```", lambda _: f"```text\n{output}```", read("README.md"), flags=re.DOTALL)
        )
    assert blocks(read("README.md"), "text") == [output]


def test_readme_is_short():
    assert len(read("README.md").splitlines()) <= 110


def test_it_says_how_a_shell_comes_to_know_the_commands():
    (typed,) = [block for block in blocks(read("README.md"), "sh") if "scimconf validate" in block]
    assert [line.split("#")[0].strip() for line in typed.splitlines()][:2] == ["make setup", ". .venv/bin/activate"]
    assert "[project.scripts]\nscimconf = " in read("pyproject.toml")


def test_its_spec_is_a_sound_one(tmp_path, capsys):
    (shown,) = blocks(read("README.md"), "yaml")
    (tmp_path / "scimconf.yaml").write_text(shown, "utf-8")
    assert main(["validate", str(tmp_path)]) == 0, capsys.readouterr().out


def test_the_spec_page_is_a_sound_one(tmp_path, capsys):
    spec, connection = blocks(read("docs/spec.md"), "yaml")
    rest = "version: 1\nname: a\ntenant: contoso.com\napplication: {display_name: A}\nprovisioning: {enabled: true}\n"
    for text in (spec, rest + connection):
        (tmp_path / "scimconf.yaml").write_text(text, "utf-8")
        assert main(["validate", str(tmp_path)]) == 0, capsys.readouterr().out


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    named = {target for text in pages().values() for target in re.findall(r"`make ([a-z]+)`", text)}
    named |= {words[1] for text in pages().values() for words in commands(text, "make")}
    assert {"demo", "test"} <= named <= targets
    assert set(re.findall(r"make ([a-z]+)", read(".ci/run"))) <= targets


def test_every_link_leads_somewhere():
    links = [(name, target) for name, text in pages().items() for target in re.findall(r"\]\(([^)#\s]+)", text)]
    assert [
        (name, target)
        for name, target in links
        if not target.startswith("https://") and not (ROOT / name).parent.joinpath(target).exists()
    ] == []


def test_every_file_that_is_named_exists():
    """In backticks, from the root of the repository or of the package: `kinds/kind.py`, `docs/effects.md`."""
    named = [(name, path) for name in FILE_BY_FILE for path in re.findall(r"`([a-z_.]+/[\w./-]*)`", read(name))]
    missing = [one for one in named if not any((base / one[1]).exists() for base in (ROOT, ROOT / "scimconf"))]
    assert [path for _, path in missing if "NAME" not in path] == []
