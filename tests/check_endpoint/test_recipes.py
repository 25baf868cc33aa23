"""The recipes for an application's repository: their scripts run against a target, and end as the checks do."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

CI = Path(__file__).parents[2] / "ci" / "vendor"
CHECK = "Check the endpoint"
"""The name of the step; tests/gitops has the tests of the step before it, which installs."""
NEEDED = ("bash", "curl", "openssl")
SERVER = """
import os, sys, threading
from scimconf.sandbox.target import start_target

start_target(sys.argv[1], token=os.environ["SCIM_TOKEN"], port=int(sys.argv[2]))
threading.Event().wait(60)
"""


def github():
    steps = yaml.safe_load((CI / "github.yml").read_text("utf-8"))["jobs"]["check"]["steps"]
    (step,) = (step for step in steps if step.get("name") == CHECK)
    return step["run"], step["env"]


def gitlab():
    document = yaml.safe_load((CI / "gitlab.yml").read_text("utf-8"))
    return "\n".join(document["scimconf-check-endpoint"]["script"]), document["variables"]


def azure_devops():
    job = yaml.safe_load((CI / "azure-devops.yml").read_text("utf-8"))["stages"][0]["jobs"][0]
    (step,) = (step for step in job["steps"] if step.get("displayName") == CHECK)
    return step["bash"], step["env"]


RECIPES = {"github": github, "gitlab": gitlab, "azure-devops": azure_devops}


@pytest.mark.parametrize("forge", RECIPES)
def test_recipe_has_no_expression_in_its_script(forge):
    script, _ = RECIPES[forge]()
    assert "${{" not in script
    assert "scimconf check-endpoint" in script
    assert "curl --silent --show-error" in script


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.slow
@pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason=f"recipes need {', '.join(NEEDED)} on this machine")
@pytest.mark.parametrize("forge", RECIPES)
def test_recipe_fails_with_the_checks_and_leaves_a_report(forge, tmp_path):
    script, _ = RECIPES[forge]()
    (tmp_path / "server.py").write_text(SERVER, encoding="utf-8")
    port = free_port()
    script = script.replace("scimconf check-endpoint", "scimconf check-endpoint --only B02 --only B16")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SCIM_START": f"exec {sys.executable} server.py faulty:B02 {port}",
        "SCIM_URL": f"http://127.0.0.1:{port}/v2",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "PYTHONPATH": str(CI.parents[1]),
    }
    ended = subprocess.run(
        ["bash", "-c", f"trap 'kill $(jobs -p)' EXIT\n{script}"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert ended.returncode == 2, ended.stderr
    report = (tmp_path / ("report.md" if forge == "github" else "report.xml")).read_text("utf-8")
    assert "B02" in report
    if forge == "github":
        assert (tmp_path / "summary").read_text("utf-8") == report
