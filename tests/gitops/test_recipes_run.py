"""Runs every script of the recipes with the variables of its forge and a sandbox tenant."""

from __future__ import annotations

import json
import shutil
import zipfile

import pytest

from .forge import NEEDED, Forge
from .recipes import FILES, copy_writer, script, scripts

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, NEEDED)), reason=f"recipes need {', '.join(NEEDED)} on this machine"
)
BEFORE, AFTER = "externalId: mailNickname", "externalId: objectId"
GIT = """
git init --quiet --initial-branch=main . && git add . && git -c user.name=x -c user.email=x commit --quiet -m base
git clone --quiet --bare . ../origin.git && git remote add origin "file://$PWD/../origin.git" && git fetch --quiet origin
"""
CHANGE = f"sed -i 's/{BEFORE}/{AFTER}/' apps/writer/scimconf.yaml"
OTHER = "version: 1\\nname: other\\napplication: {display_name: Other}\\nprovisioning: {enabled: false}\\n"
PEOPLE = ("ada@contoso.com", "grace@contoso.com")
ACTION, MERGED, GITLAB, AZURE = FILES[0], FILES[2], FILES[4], FILES[5]
COVERED = {
    "github": {
        (ACTION, name) for name in ("Install", "Validate", "Sign in", "Plan", "Comment", "Result", "Apply", "Report")
    }
    | {(MERGED, "Find the reviewed plan"), (MERGED, "Download the reviewed plan")},
    "drift": {(ACTION, name) for name in ("Install", "Sign in", "Drift", "Issue")},
    "gitlab": {(GITLAB, f"scimconf-{name}") for name in ("validate", "plan", "apply", "drift")},
    "azure": {
        (AZURE, name)
        for name in ("Install", "Validate", "Plan", "Comment", "Find the reviewed plan", "Apply", "Report", "Drift")
    },
}
"""The scripts that each test runs; together they are all scripts."""


@pytest.fixture
def tenant(serve, workdir, run, monkeypatch):
    """Return the Graph URL of a tenant to which the spec of the base branch is applied."""
    copy_writer(workdir / "apps" / "writer")
    url = serve()
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", url)
    assert run("apply", "--auto-approve", "--history", workdir.parent / "first", "apps/writer")[0] == 0
    return url


def github(tmp_path, tenant, workdir):
    temp = tmp_path / "runner"
    temp.mkdir()
    forge = Forge(
        tmp_path, tenant, workdir,
        CI="true", GITHUB_ACTIONS="true", GITHUB_REPOSITORY="contoso/apps", GITHUB_SHA="fed987", GITHUB_RUN_ID="55", GITHUB_JOB="apply",
        GITHUB_SERVER_URL="https://github.com", RUNNER_TEMP=str(temp), GITHUB_ENV=str(temp / "env"),
        GITHUB_OUTPUT=str(temp / "output"), GITHUB_PATH=str(temp / "path"), GITHUB_STEP_SUMMARY=str(temp / "summary"),
        ACTIONS_ID_TOKEN_REQUEST_TOKEN="request-token", ACTIONS_ID_TOKEN_REQUEST_URL="https://oidc.example/?v=1",
        AZURE_TENANT_ID="t", AZURE_CLIENT_ID="c",
    )  # fmt: skip
    fake = {"id": 1, "user": {"login": "mallory"}, "body": f"<!-- scimconf: plan -->\n`{'0' * 64}`"}
    forge.set(
        comments=[fake],
        pulls=[{"number": 7, "merged_at": "now", "head": {"sha": "abc123"}, "base": {"repo": {"full_name": "contoso/apps"}}}],
        runs=[
            {"id": 54, "head_repository": {"full_name": "mallory/apps"}},
            {"id": 55, "head_repository": {"full_name": "contoso/apps"}},
        ],
    )  # fmt: skip
    return forge


KNOWN = {"github.token": "job-token", "github.event.pull_request.number": "7", "github.run_id": "55"}


def outputs(forge):
    lines = (forge.folder / "runner" / "output").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.slow
def test_github_recipe_from_pull_request_to_apply(tmp_path, tenant, workdir, run):
    forge = github(tmp_path, tenant, workdir)
    plan = {"command": "plan", "paths": "apps/*", "was": ".scimconf-base", "comment": "true"}
    forge.add_command(f"mkdir .scimconf-base && cp -r apps .scimconf-base/ && {CHANGE}")
    forge.add_action({"command": "validate", "paths": "apps/*"}, KNOWN)
    forge.add_command(f"mkdir apps/other && printf '{OTHER}' > apps/other/scimconf.yaml")
    forge.add_action(plan, KNOWN, expect=65)
    forge.add_command('cp "$FORGE" ../failed.json && rm -r apps/other')
    forge.add_action(plan, KNOWN)
    forge.add_command("sed -i 's/deletion_threshold: 50/deletion_threshold: 70/' apps/writer/scimconf.yaml")
    forge.add_action(plan, KNOWN)
    forge.add_command("cp -r scimconf-plan artifact && rm -r scimconf-plan")
    forge.add_step(script("github/apply.yml", "Find the reviewed plan"), KNOWN)
    forge.add_step(
        script("github/apply.yml", "Download the reviewed plan"),
        KNOWN | {"needs.reviewed.outputs.run || github.run_id": "55"},
    )
    forge.run()
    found = outputs(forge)
    assert found["run"] == "55"
    assert found["changes"] == "2"
    forge.add_action({"command": "apply", "expect-digest": "0" * 64}, KNOWN, expect=3)
    forge.add_action({"command": "apply", "expect-digest": found["digest"]}, KNOWN)
    done = forge.run()
    assert "::error::" in done.stdout
    assert "writer: locked by https://github.com/contoso/apps/actions/runs/55#apply, until " in done.stderr
    summary = (tmp_path / "runner" / "summary").read_text("utf-8")
    assert "### scimconf apply\n\n**Exit code 3: stale.**" in summary
    assert summary.index("**Exit code 3") < summary.index(
        "### scimconf apply for `contoso.com`\n\n**Exit code 0: success.**"
    )
    assert forge.ran == COVERED["github"]
    assert len(list((tmp_path / "runner" / "scimconf-history" / "writer").glob("*/entry.json"))) == 1

    failed = json.loads((workdir.parent / "failed.json").read_text("utf-8"))["comments"][-1]["body"]
    assert failed.startswith("<!-- scimconf: plan -->\n")
    assert "**1 of 2 applications could not be planned. Plan: " in failed
    assert "| `other`: **failed** |" in failed
    assert "The exit code is 65, and nothing can be applied." in failed
    comments = [one["body"] for one in forge.state["comments"] if one["user"]["login"] != "mallory"]
    (comment,) = comments  # each plan replaced the comment of the one before
    assert comment.startswith("<!-- scimconf: plan -->\n")
    assert comment.rstrip().endswith(f"`{found['digest']}`")
    assert "deletion_threshold" in comment
    assert sorted(path.name for path in (workdir / "artifact").iterdir()) == ["plan.html", "plan.json"]
    token = tmp_path / "runner" / "scimconf-oidc"
    assert token.read_text("utf-8") == "the-oidc-token\n"
    assert token.stat().st_mode & 0o777 == 0o600
    assert any(
        "audience=api://AzureADTokenExchange" in one[1] and "request-token" in one[2] for one in forge.state["calls"]
    )
    assert "--require-hashes" in forge.installed
    assert run("drift", "apps/writer")[0] == 0


@pytest.mark.slow
def test_github_recipe_keeps_one_drift_issue(tmp_path, tenant, workdir):
    forge = github(tmp_path, tenant, workdir)
    drift = {"command": "drift", "paths": "apps/writer", "issue": "true", "redact": "true"}
    forge.add_action(drift, KNOWN)
    forge.add_command(
        f"{CHANGE}; sed -i 's/ada@contoso.com, role: admin/ada@contoso.com, role: member/' apps/writer/scimconf.yaml"
    )
    forge.add_action(drift, KNOWN)
    forge.add_command('cp "$FORGE" ../opened.json')
    forge.add_action(drift, KNOWN)
    forge.add_command("rm -r apps && cp -r ../back apps")
    forge.add_action(drift, KNOWN)
    shutil.copytree(workdir / "apps", workdir.parent / "back")
    forge.run()
    assert forge.ran == COVERED["drift"]
    (opened,) = json.loads((workdir.parent / "opened.json").read_text("utf-8"))["issues"]
    (closed,) = forge.state["issues"]
    assert opened["state"] == "open"
    assert opened["body"].startswith("<!-- scimconf: drift -->\n")
    assert closed["state"] == "closed"
    assert "\n# Provisioning status of `contoso.com`\n" in opened["body"]
    assert [one[0] for one in forge.state["calls"] if one[1].startswith("issues") and one[0] != "GET"] == [
        "POST", "PATCH", "PATCH"
    ]  # fmt: skip
    assert not any(name in closed["body"] for name in PEOPLE)


def test_github_recipe_applies_only_a_reviewed_plan(tmp_path, tenant, workdir):
    forge = github(tmp_path, tenant, workdir)
    forge.add_step(script("github/apply.yml", "Find the reviewed plan"), KNOWN)
    forge.add_command('jq ".pulls = []" "$FORGE" > forge2 && mv forge2 "$FORGE"')
    forge.add_step(script("github/apply.yml", "Find the reviewed plan"), KNOWN)
    forge.run()
    assert not (tmp_path / "runner" / "output").exists()
    summary = (tmp_path / "runner" / "summary").read_text("utf-8")
    assert "has no reviewed plan" in summary
    assert "There is no reviewed plan" in summary


@pytest.mark.slow
def test_gitlab_recipe_from_merge_request_to_apply(tmp_path, tenant, workdir, run):
    forge = Forge(
        tmp_path, tenant, workdir,
        CI="true", GITLAB_CI="true", CI_PROJECT_DIR=str(workdir), CI_PROJECT_ID="12", CI_JOB_TOKEN="job-token",
        CI_API_V4_URL="https://gitlab.example/api/v4", AZURE_ID_TOKEN="the-oidc-token", AZURE_TENANT_ID="t",
        CI_COMMIT_MESSAGE="Merge branch 'x' into 'main'\n\nWriter\n\nSee merge request contoso/apps!42\n",
        SCIMCONF_REQUIREMENTS=".gitlab/scimconf-requirements.txt", SCIMCONF_PATHS="apps/writer", SCIMCONF_REDACT="true",
        SCIMCONF_PLAN_CLIENT_ID="reads", SCIMCONF_APPLY_CLIENT_ID="writes", SCIMCONF_DIGEST="",
        CI_PIPELINE_URL="https://gitlab.example/contoso/apps/-/pipelines/7", CI_JOB_NAME="scimconf-apply",
    )  # fmt: skip
    file = "gitlab/scimconf.yml"
    forge.add_command(f"{GIT}export CI_MERGE_REQUEST_DIFF_BASE_SHA=$(git rev-parse HEAD)\n{CHANGE}")
    forge.add_step(script(file, "scimconf-validate"), {})
    forge.add_step(script(file, "scimconf-plan"), {})
    forge.add_step(script(file, "scimconf-drift"), {}, expect=2)
    forge.run()
    plan = json.loads((workdir / "scimconf-plan" / "plan.json").read_text("utf-8"))
    assert json.loads((workdir / "scimconf-plan" / "report.json").read_text("utf-8")) == {
        "create": 0,
        "update": 1,
        "delete": 0,
    }
    with zipfile.ZipFile(workdir / "artifact.zip", "w") as archive:
        archive.write(workdir / "scimconf-plan" / "plan.json", "scimconf-plan/plan.json")
    forge.add_command(f"export SCIMCONF_DIGEST={plan['digest']}")
    forge.add_step(script(file, "scimconf-apply"), {})
    forge.add_step(script(file, "scimconf-drift"), {})
    done = forge.run()
    assert forge.ran == COVERED["gitlab"]
    requests = [one for one in forge.state["calls"] if "/jobs/artifacts/" in one[1]]
    assert "refs%2Fmerge-requests%2F42%2Fhead/download?job=scimconf-plan" in requests[0][1]
    assert "JOB-TOKEN: job-token" in requests[0][2]
    assert "writer: locked by https://gitlab.example/contoso/apps/-/pipelines/7#scimconf-apply, until " in done.stderr
    assert not (workdir / "scimconf-apply" / "history").exists(), "with redact it is no artifact: it names users"
    assert len(list(workdir.parent.glob(f"{workdir.name}.history/writer/*/entry.json"))) == 1
    report = (workdir / "scimconf-apply" / "report.md").read_text("utf-8")
    assert "**Exit code 0: success.**" in report
    assert not any(name in done.stdout + report for name in PEOPLE)
    assert run("drift", "apps/writer")[0] == 0


@pytest.mark.slow
def test_azure_devops_recipe_from_pull_request_to_apply(tmp_path, tenant, workdir, run):
    temp = tmp_path / "agent"
    temp.mkdir()
    forge = Forge(
        tmp_path, tenant, workdir,
        TF_BUILD="True", AGENT_TEMPDIRECTORY=str(temp), BUILD_ARTIFACTSTAGINGDIRECTORY=str(temp / "staging"),
        SYSTEM_COLLECTIONURI="https://dev.example/contoso/", SYSTEM_TEAMPROJECTID="p1", SYSTEM_DEFINITIONID="9",
        BUILD_REPOSITORY_ID="r1", BUILD_BUILDID="77", SYSTEM_PULLREQUEST_PULLREQUESTID="12",
        SYSTEM_TEAMPROJECT="Apps", SYSTEM_STAGENAME="apply", SYSTEM_JOBNAME="apply",
        SYSTEM_PULLREQUEST_TARGETBRANCH="refs/heads/main", idToken="the-oidc-token", tenantId="t", servicePrincipalId="s",
    )  # fmt: skip
    file = "azure-devops/scimconf.yml"
    known = {
        "parameters.paths": "apps/writer", "parameters.requirements": "requirements.txt", "parameters.redact": "True", "parameters.history": "",
        "System.AccessToken": "job-token", "Build.SourceVersionMessage": "Merged PR 12: Writer",
    }  # fmt: skip
    forge.set(builds=[{"id": 77}])
    forge.add_command(f"{GIT}{CHANGE}")
    forge.add_step(script(file, "Install"), known)
    forge.add_step(script(file, "Validate"), known)
    forge.add_step(script(file, "Plan"), known)
    forge.add_step(script(file, "Comment"), known)
    forge.add_step(script(file, "Comment"), known)
    forge.add_step(script(file, "Drift"), known, expect=2)
    forge.add_step(script(file, "Find the reviewed plan"), known)
    found = dict(
        line.split("variable=")[1].split("]") for line in forge.run().stdout.splitlines() if "variable=" in line
    )
    assert found["scimconfRun"] == "77"
    (thread,) = forge.state["threads"]
    assert thread["comments"][0]["content"].startswith("<!-- scimconf: plan -->\n")
    assert found["scimconfDigest"] in thread["comments"][0]["content"].splitlines()[-1]
    shutil.copytree(temp / "staging" / "scimconf-plan", temp / "scimconf-plan")
    forge.add_step(script(file, "Apply"), known | {"scimconfDigest": found["scimconfDigest"]})
    forge.add_step(script(file, "Report"), known)
    forge.add_step(script(file, "Report"), known | {"parameters.redact": "False"})
    done = forge.run()
    upload = (
        f"##vso[artifact.upload containerfolder=scimconf-history;artifactname=scimconf-history]{temp}/scimconf-history"
    )
    assert done.stdout.count(upload) == 1, "not with redact: it names users"
    assert len(list((temp / "scimconf-history" / "writer").glob("*/entry.json"))) == 1
    assert "locked by https://dev.example/contoso/Apps/_build/results?buildId=77#apply.apply, until " in done.stderr
    assert f"##vso[task.uploadsummary]{temp}/scimconf-report.md" in done.stdout
    assert "**Exit code 0: success.**" in (temp / "scimconf-report.md").read_text("utf-8")
    assert forge.ran == COVERED["azure"]
    assert run("drift", "apps/writer")[0] == 0


def test_every_recipe_script_is_covered():
    every = {(one.file, one.name) for file in FILES for one in scripts(file)}
    assert set().union(*COVERED.values()) == every
