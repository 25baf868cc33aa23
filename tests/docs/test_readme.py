"""Tests of the README and of references in all pages: commands run, output matches, links and files exist."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest
from canary import TOKEN
from golden_files import updating

from scimconf.cli.main import main

from .pages import ROOT, blocks, commands, first_cells, pages, read

UPDATING = updating()  # read here because examples_folder removes the SCIMCONF_ variables
PAGES_WITH_PATHS = ("ARCHITECTURE.md", "CONTRIBUTING.md", "docs/lifecycle.md")


@pytest.fixture
def sandbox(tmp_path):
    """Yield the URL of a sandbox in its own process, because a command runs its own event loop."""
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
def examples_folder(sandbox, tmp_path, monkeypatch):
    """Return a working folder with a copy of the examples and the sandbox as the tenant."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for name in [name for name in os.environ if name.startswith(("AZURE_", "SCIMCONF_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", sandbox)
    monkeypatch.setenv("WRITER_SCIM_TOKEN", TOKEN)
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_readme_commands_run(examples_folder):
    """The README assumes that the application exists; writer-new creates it."""
    assert main(["apply", "--auto-approve", "examples/writer-new"]) == 0
    command_lines = [words[1:] for words in commands(read("README.md"), "scimconf")]
    assert [words[0] for words in command_lines] == ["validate", "plan", "preview", "apply", "export"]
    for words in command_lines:
        assert main([*words, *(["--auto-approve"] if words[0] == "apply" else [])]) == 0


def test_readme_plan_is_the_plan_of_its_spec(examples_folder, capsys):
    assert main(["apply", "--auto-approve", "examples/writer-new"]) == 0
    (spec,) = blocks(read("README.md"), "yaml")
    (examples_folder / "scimconf.yaml").write_text(spec, "utf-8")
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
    visible = re.sub(r"<details>.*?</details>", "", read("README.md"), flags=re.DOTALL)
    assert len(visible.splitlines()) <= 140


def test_readme_shows_how_to_install_and_activate_scimconf():
    (block,) = [block for block in blocks(read("README.md"), "sh") if "scimconf validate" in block]
    assert [line.split("#")[0].strip() for line in block.splitlines()][:2] == ["make setup", ". .venv/bin/activate"]
    assert "[project.scripts]\nscimconf = " in read("pyproject.toml")


def test_readme_spec_is_valid(tmp_path, capsys):
    (spec,) = blocks(read("README.md"), "yaml")
    (tmp_path / "scimconf.yaml").write_text(spec, "utf-8")
    assert main(["validate", str(tmp_path)]) == 0, capsys.readouterr().out


def test_spec_page_examples_are_valid(tmp_path, capsys):
    """An example is a whole spec, or the sections that it shows, to which the required ones are added."""
    (tmp_path / "base.yaml").write_text("version: 1\n", "utf-8")
    rest = {
        "version": "1",
        "name": "a",
        "tenant": "contoso.com",
        "application": "{display_name: A}",
        "provisioning": "{enabled: true}",
    }
    for text in blocks(read("docs/spec.md"), "yaml"):
        missing = [f"{key}: {value}\n" for key, value in rest.items() if not re.search(rf"^{key}:", text, re.MULTILINE)]
        (tmp_path / "scimconf.yaml").write_text("".join(missing) + text, "utf-8")
        assert main(["validate", str(tmp_path)]) == 0, (text, capsys.readouterr())


def test_spec_page_lists_every_key_of_the_schema():
    """Keys in Graph's spelling belong to `other` and `raw`, which the page describes as a whole."""
    schema = json.loads(read("schemas/spec.schema.json"))
    keys = {key for key in properties(schema) if re.fullmatch(r"[a-z0-9_]+", key)}
    assert keys == {cell.strip("`") for cell in first_cells(read("docs/spec.md").split("## Reference")[1])} - {
        "key",
        "---",
    }


def properties(node):
    """Yield the names of all properties in a JSON Schema."""
    if isinstance(node, dict):
        yield from node.get("properties", {})
        for value in node.values():
            yield from properties(value)
    elif isinstance(node, list):
        for value in node:
            yield from properties(value)


def test_make_targets_in_pages_and_ci_exist():
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    mentions = {target for text in pages().values() for target in re.findall(r"`make ([a-z]+)`", text)}
    mentions |= {words[1] for text in pages().values() for words in commands(text, "make")}
    assert {"demo", "test"} <= mentions <= targets
    assert set(re.findall(r"make ([a-z]+)", read(".ci/run"))) <= targets


def test_relative_links_in_pages_exist():
    links = [(name, target) for name, text in pages().items() for target in re.findall(r"\]\(([^)#\s]+)", text)]
    assert [
        (name, target)
        for name, target in links
        if not target.startswith("https://") and not (ROOT / name).parent.joinpath(target).exists()
    ] == []


def test_file_paths_in_pages_exist():
    """Paths in backticks are relative to the repository or the package: `kinds/kind.py`, `docs/effects.md`."""
    mentions = [(name, path) for name in PAGES_WITH_PATHS for path in re.findall(r"`([a-z_.]+/[\w./-]*)`", read(name))]
    missing = [
        mention for mention in mentions if not any((base / mention[1]).exists() for base in (ROOT, ROOT / "scimconf"))
    ]
    assert [path for _, path in missing if "NAME" not in path] == []
