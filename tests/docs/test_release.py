"""Tests of what makes a release: workflows, issue forms, the changelog, the audit, and that builds are reproducible."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from check_jsonschema.cli import main as check_jsonschema
from click.testing import CliRunner

from scimconf import __version__

from .pages import ROOT

TOOLS = ROOT / "tests" / "tools"
AUDIT = SimpleNamespace(**runpy.run_path(str(TOOLS / "audit.py")))
RELEASE = SimpleNamespace(**runpy.run_path(str(TOOLS / "release.py")))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")


def is_installed(name: str) -> bool:
    """Return whether a package is installed; a folder `build` of the repository is none."""
    return any(True for _ in distributions(name=name))


def valid(path, schema) -> bool:
    result = CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, str(path)])
    return result.exit_code == 0 or pytest.fail(result.output[:2000])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_is_valid_pins_actions_and_begins_with_few_permissions(path):
    assert valid(path, "vendor.github-workflows")
    text = path.read_text("utf-8")
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in re.findall(r"uses: (.+)", text))
    assert yaml.safe_load(text)["permissions"] in ({}, {"contents": "read"})


def test_job_that_publishes_runs_no_code_of_the_repository():
    """Only that job may ask for an identity token, so that a dependency of the build cannot publish."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))["jobs"]
    assert not any("checkout" in step.get("uses", "") for step in jobs["publish"]["steps"])
    assert jobs["build"]["permissions"] == {"contents": "read"}
    assert all(job["environment"] == "release" for job in jobs.values() if "id-token" in job["permissions"])


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_issue_form_is_valid_and_warns_of_secrets_or_names_its_source(path):
    assert valid(path, "vendor.github-issue-forms")


def test_issue_forms_ask_for_redacted_output_and_for_doctor():
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / "problem.yml").read_text("utf-8")
    assert "--redact" in text
    assert "scimconf doctor --json" in text


@pytest.mark.slow  # after `make audit`, which installs the tools of a release
@pytest.mark.skipif(not is_installed("towncrier"), reason="towncrier is in the extra `release`")
def test_changelog_is_assembled_from_all_fragments():
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.9.9"]
    draft = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "## 9.9.9" in draft
    fragments = [path for path in (ROOT / "changelog.d").glob("*.*.md")]
    assert [
        path.name
        for path in fragments
        if path.read_text("utf-8").split()[:6] != []
        and " ".join(path.read_text("utf-8").split()[:6]) not in " ".join(draft.split())
    ] == []


@pytest.mark.parametrize(
    ("changelog", "is_documented"),
    [(f"# Changelog\n\n## {__version__}\n\n## 0.0.1\n", True), ("# Changelog\n\n## 0.0.1\n", False), ("", False)],
)
def test_release_needs_a_changelog_that_begins_with_its_version(changelog, is_documented):
    assert RELEASE.is_documented(changelog) is is_documented


SAFE = {"name": "click", "version": "8.5.1", "vulns": []}
VULNERABLE = {"name": "old", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
SKIPPED = {"name": "new", "version": "2.0", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("dependencies", "text", "code"),
    [
        ([], "skipped, the database cannot be reached.", 0),
        ([SKIPPED], "skipped, the database cannot be reached.", 0),
        ([SAFE], "none in 1 packages.", 0),
        ([SAFE, SKIPPED], "none in 2 packages. 1 of them could not be looked up.", 0),
        ([SAFE, VULNERABLE], "old 1.0: CVE-1, fixed in 1.1", 1),
    ],
)
def test_audit_judges_known_vulnerabilities(dependencies, text, code):
    assert AUDIT.judged(dependencies) == (text, code)


@pytest.mark.slow
@pytest.mark.skipif(not is_installed("build"), reason="build is in the extra `release`")
def test_two_builds_of_a_commit_are_the_same_and_hold_the_package():
    with tempfile.TemporaryDirectory() as folder:
        files = RELEASE.reproducible_files(Path(folder))
        assert sorted(path.suffix for path in files) == [".gz", ".whl"]
        RELEASE.check_content(next(path for path in files if path.suffix == ".whl"))


@pytest.mark.slow
def test_container_image_runs_the_demo():
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker engine is available")
    subprocess.run(["docker", "build", "--tag", "scimconf-test", "."], cwd=ROOT, check=True, timeout=3600)
    demo = ["--entrypoint", "python", "--volume", f"{ROOT}/examples:/examples:ro", "scimconf-test", "/examples/demo.py"]
    subprocess.run(["docker", "run", "--rm", *demo], check=True, timeout=3600)
