"""The recipes are valid for their forges, pin their actions, have minimal permissions and are safe from injection."""

from __future__ import annotations

import re

import pytest
import yaml
from check_jsonschema.cli import main as check_jsonschema
from click.testing import CliRunner

from scimconf.cli.init import recipe_files
from scimconf.cli.main import COMMANDS

from .recipes import (
    CI,
    EXPRESSION,
    FILES,
    GITHUB,
    ROOT,
    VENDOR,
    document,
    maps,
    permissions,
    read,
    scripts,
    used_actions,
)

SCHEMAS = {
    "github/action.yml": ("vendor.github-actions",),
    "github/plan.yml": ("vendor.github-workflows",),
    "github/apply.yml": ("vendor.github-workflows",),
    "github/drift.yml": ("vendor.github-workflows",),
    "gitlab/scimconf.yml": ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
    "azure-devops/scimconf.yml": ("vendor.azure-pipelines", "--data-transform", "azure-pipelines"),
}
SCHEMAS |= {
    "vendor/github.yml": SCHEMAS["github/plan.yml"],
    "vendor/gitlab.yml": SCHEMAS["gitlab/scimconf.yml"],
    "vendor/azure-devops.yml": SCHEMAS["azure-devops/scimconf.yml"],
}
WORKFLOWS = [f"github/{name}" for name in GITHUB if name != "action.yml"]
JOBS = [(file, name, job) for file in WORKFLOWS for name, job in document(file)["jobs"].items()]


def test_every_file_in_ci_is_a_known_recipe():
    assert sorted(str(path.relative_to(CI)) for path in CI.rglob("*") if path.is_file()) == sorted([*FILES, *VENDOR])


@pytest.mark.parametrize("file", [*FILES, *VENDOR])
def test_recipe_is_valid_against_forge_schema(file):
    result = CliRunner().invoke(check_jsonschema, ["--builtin-schema", *SCHEMAS[file], str(CI / file)])
    assert result.exit_code == 0, result.output[:2000]


@pytest.mark.parametrize("file", [*FILES, *VENDOR])
def test_recipe_pins_actions_by_commit_with_version_comment(file):
    for line in re.findall(r"uses: (.+)", read(file)):
        assert re.fullmatch(r"\./\.github/actions/scimconf|[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)
    pins = dict(one.split("@") for name in FILES for one in used_actions(name) if "@" in one)
    assert all(
        f"{action}@{pin}" in read(name) for action, pin in pins.items() for name in FILES if action in read(name)
    )


@pytest.mark.parametrize("file", FILES)
def test_recipe_scripts_contain_no_forge_expressions(file):
    assert [one.name for one in scripts(file) if EXPRESSION.search(one.text)] == []


@pytest.mark.parametrize("file", [*FILES, *VENDOR])
def test_recipe_uses_no_stored_secrets(file):
    assert not re.search(r"secrets\.|CLIENT_SECRET|pull_request_target:", read(file))


def test_recipes_use_existing_commands():
    commands = {word for file in FILES for one in scripts(file) for word in re.findall(r"scimconf ([a-z]+) ", one.text)}
    assert {"validate", "plan", "show", "apply", "drift"} <= commands <= {*COMMANDS}


# --- permissions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", WORKFLOWS)
def test_workflow_grants_permissions_per_job_only(file):
    assert document(file)["permissions"] == {}
    assert all("permissions" in job for job in document(file)["jobs"].values())


def test_workflow_jobs_have_minimal_permissions():
    granted = {f"{file}:{name}": job["permissions"] for file, name, job in JOBS}
    assert granted == {
        "github/plan.yml:validate": {"contents": "read"},
        "github/plan.yml:plan": {"contents": "read", "id-token": "write", "pull-requests": "write"},
        "github/apply.yml:reviewed": {"actions": "read", "pull-requests": "read"},
        "github/apply.yml:again": {"contents": "read", "id-token": "write"},
        "github/apply.yml:apply": {"actions": "read", "contents": "read", "id-token": "write"},
        "github/drift.yml:drift": {"contents": "read", "id-token": "write", "issues": "write"},
    }


def test_only_the_approved_job_uses_the_apply_identity():
    writers = [f"{file}:{name}" for file, name, job in JOBS if "SCIMCONF_APPLY_CLIENT_ID" in str(job)]
    assert writers == ["github/apply.yml:apply"]
    assert document("github/apply.yml")["jobs"]["apply"]["environment"] == "scimconf"
    jobs = document("gitlab/scimconf.yml")
    assert [name for name, job in jobs.items() if "SCIMCONF_APPLY_CLIENT_ID" in str(job)] == ["scimconf-apply"]
    assert jobs["scimconf-apply"]["environment"]["name"] == "scimconf"
    stages = document("azure-devops/scimconf.yml")["stages"]
    assert [one["stage"] for one in stages if "applyConnection" in str(one)] == ["apply"]
    assert stages[2]["jobs"][0]["environment"] == "scimconf"


def test_recipes_run_only_validate_for_forks():
    jobs = document("github/plan.yml")["jobs"]
    same = "github.event.pull_request.head.repo.full_name == github.repository"
    assert {name for name, job in jobs.items() if job.get("if") != same} == {"validate"}
    assert document("github/plan.yml")[True] == "pull_request"  # the YAML parser reads `on` as a boolean
    ours = "$CI_MERGE_REQUEST_SOURCE_PROJECT_PATH == $CI_PROJECT_PATH"
    merged = {name: str(job.get("rules")) for name, job in document("gitlab/scimconf.yml").items() if "script" in job}
    assert [name for name, rules in merged.items() if "merge_request" in rules and ours not in rules] == [
        "scimconf-validate"
    ]
    stages = {one["stage"]: one.get("condition", "") for one in document("azure-devops/scimconf.yml")["stages"]}
    pulls = [name for name, rule in stages.items() if "Build.Reason" not in rule or "PullRequest'" in rule]
    assert pulls == ["validate", "plan"]
    assert "ne(variables['System.PullRequest.IsFork'], 'True')" in stages["plan"]


def test_workflow_checkouts_do_not_persist_credentials():
    steps = [one for file in WORKFLOWS for one in maps(document(file)) if "checkout@" in str(one.get("uses"))]
    assert steps
    assert all(one["with"]["persist-credentials"] is False for one in steps)


# --- one apply at a time ---------------------------------------------------------------------------------------------


def test_applies_of_a_repository_run_one_after_another():
    workflow = document("github/apply.yml")
    assert workflow["concurrency"] == {"group": "scimconf-apply", "cancel-in-progress": False}
    assert document("gitlab/scimconf.yml")["scimconf-apply"]["resource_group"] == "scimconf"
    [stage] = [stage for stage in document("azure-devops/scimconf.yml")["stages"] if stage["stage"] == "apply"]
    assert stage["lockBehavior"] == "sequential"
    assert "exclusive lock" in read("azure-devops/scimconf.yml")


def test_every_apply_of_a_recipe_takes_the_lock():
    applies = [line for file in FILES for step in scripts(file) for line in re.findall(r"scimconf apply .*", step.text)]
    assert len(applies) == 3
    assert all(" --lock " in line and "--break-lock" not in line for line in applies)


# --- copies that must agree --------------------------------------------------------------------------------------------


def test_graph_permissions_agree_in_recipes_and_docs():
    plan, apply = permissions(read("github/plan.yml")), permissions(read("github/apply.yml"))
    page = (ROOT / "docs" / "gitops.md").read_text("utf-8")
    for file in ("gitlab/scimconf.yml", "azure-devops/scimconf.yml"):
        assert permissions(read(file)) == [*plan, *apply]
    assert {*plan, *apply} <= {*permissions(page)}


def test_recipe_files_of_init_match_ci():
    github = recipe_files("github")
    assert github == {
        ".github/actions/scimconf/action.yml": read("github/action.yml"),
        ".github/workflows/scimconf-plan.yml": read("github/plan.yml"),
        ".github/workflows/scimconf-apply.yml": read("github/apply.yml"),
        ".github/workflows/scimconf-drift.yml": read("github/drift.yml"),
    }
    assert recipe_files("gitlab") == {".gitlab/scimconf.yml": read("gitlab/scimconf.yml")}
    assert recipe_files("azure-devops") == {".azuredevops/scimconf.yml": read("azure-devops/scimconf.yml")}


def test_wheel_contains_the_recipes():
    from hatchling.builders.wheel import WheelBuilder

    carried = {one.distribution_path for one in WheelBuilder(str(ROOT)).recurse_included_files()}
    recipes = {
        f"scimconf/cli/recipes/{forge}/{path}"
        for forge in ("github", "gitlab", "azure-devops")
        for path in recipe_files(forge)
    }
    assert recipes <= carried


# --- pre-commit hooks and container image ------------------------------------------------------------------------------


def test_pre_commit_hooks_run_scimconf_commands_on_specs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [hook["id"] for hook in hooks] == ["scimconf-validate", "scimconf-fmt"]
    for hook in hooks:
        assert hook["entry"].split()[0] == "scimconf"
        assert hook["entry"].split()[1] in COMMANDS
        files = re.compile(hook["files"])
        assert all(files.search(path) for path in ("scimconf.yaml", "apps/writer/scimconf.yaml", "a/hr.scimconf.yaml"))
        assert not any(files.search(path) for path in ("base.yaml", "myscimconf.yaml", "scimconf.yml.bak"))


def test_dockerfile_pins_dependencies_compiles_and_runs_unprivileged():
    text = (ROOT / "Dockerfile").read_text("utf-8")
    assert "--constraint constraints.txt" in text
    assert "compileall" in text
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    copied = [one.split()[:-1] for one in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)]
    assert all((ROOT / name).exists() for names in copied for name in names)
