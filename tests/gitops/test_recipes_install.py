"""The recipes install scimconf and its dependencies only with the hashes of a release, and before a job has a token."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
import venv
import zipfile

import pytest

from scimconf import __version__
from scimconf.cli import init

from .recipes import FILES, ROOT, VENDOR, maps, read, scripts
from .recipes import document as recipe

release = runpy.run_path(str(ROOT / "tests" / "tools" / "release.py"))
INSTALL = "-m pip install --quiet --require-hashes --only-binary :all: --requirement"
INSTALLING = {
    "github/action.yml": "Install",
    "gitlab/scimconf.yml": "scimconf-plan",
    "azure-devops/scimconf.yml": "Install",
}
"""For each forge the script that installs."""


def test_every_installation_of_a_recipe_verifies_hashes_and_runs_no_build():
    texts = {file: read(file) for file in (*FILES, *VENDOR)}
    installing = {file: re.findall(r".*\b(?:pip|pipx|uv|uvx)\b.*", text) for file, text in texts.items()}
    workflows = {f"github/{name}.yml" for name in ("plan", "apply", "drift")}
    assert {file for file, lines in installing.items() if not lines} == workflows, "which use action.yml"
    assert all(INSTALL in line for lines in installing.values() for line in lines)
    assert not any(f"scimconf{word}" in text for text in texts.values() for word in ("[", "=="))


def test_every_page_installs_with_hashes_or_adds_an_extra_to_what_is_installed():
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "SECURITY.md"]
    lines = [
        line
        for page in pages
        for line in page.read_text("utf-8").splitlines()
        if re.search(r"\bpipx?\b.* install ", line)
    ]
    assert lines
    assert [line for line in lines if "--require-hashes" not in line and "pip install 'scimconf[" not in line] == []


@pytest.mark.parametrize("forge", ["github", "azure-devops"])
def test_recipe_for_vendors_installs_as_the_other_recipe_of_its_forge(forge):
    texts = {
        step.text for file in (*FILES, *VENDOR) if forge in file for step in scripts(file) if step.name == "Install"
    }
    assert len(texts) == 1


def test_azure_devops_installs_before_a_task_that_has_a_token():
    jobs = [node["steps"] for node in maps(recipe("azure-devops/scimconf.yml")) if "steps" in node]
    signing_in = [job for job in jobs if any(step.get("task") == "AzureCLI@2" for step in job)]
    assert len(signing_in) == 3
    for job in signing_in:
        tasks = [step.get("task") for step in job]
        names = [step.get("displayName") for step in job]
        assert names.index("Install") < tasks.index("AzureCLI@2")


def test_github_installs_before_it_signs_in():
    names = [step["name"] for step in recipe("github/action.yml")["runs"]["steps"]]
    assert names.index("Install") == 0


@pytest.mark.parametrize("forge", init.REQUIREMENTS)
def test_recipe_reads_the_hashes_where_init_and_the_page_say(forge):
    path = init.REQUIREMENTS[forge]
    assert any(path in read(file) for file in FILES if file.startswith(forge))
    assert f"`{path}`" in (ROOT / "docs" / "gitops.md").read_text("utf-8")


def test_requirements_of_a_release_pin_the_wheel_by_hash_before_its_dependencies(tmp_path):
    wheel = written_wheel(tmp_path, "scimconf", __version__, "")
    text = release["requirements"](wheel, "click==8.5.1 \\\n    --hash=sha256:00\n")
    pinned = [line for line in text.splitlines() if not line.startswith("#")]
    assert pinned == [
        "--find-links .", f"scimconf=={__version__} \\", f"    --hash=sha256:{release['digest'](wheel)}", "click==8.5.1 \\", "    --hash=sha256:00"
    ]  # fmt: skip


def written_wheel(folder, name, version, text, needs=""):
    """Write a wheel with one module and, for scimconf, a command; return its path."""
    info = f"{name}-{version}.dist-info"
    requires = f"Requires-Dist: {needs}\n" if needs else ""
    members = {
        f"{name}_module.py": f"def main():\n    print({text!r})\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}_module:main\n",
    }
    members[f"{info}/RECORD"] = "".join(f"{member},,\n" for member in (*members, f"{info}/RECORD"))
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(zipfile.ZipInfo(member), content)
    return path


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Return the folder `bin` of an environment that has pip and nothing else, as a runner has."""
    folder = tmp_path_factory.mktemp("runner") / "python"
    venv.create(folder, with_pip=True, symlinks=True)
    return folder / "bin"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("bash"), reason="recipes need bash on this machine")
@pytest.mark.parametrize(
    ("file", "changed"), [*((file, "dependency") for file in INSTALLING), ("gitlab/scimconf.yml", "scimconf")]
)
def test_package_with_another_hash_stops_the_recipe_before_it_has_a_token(file, changed, tmp_path, python):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    packages = {"scimconf": (__version__, "dependency==1.0"), "dependency": ("1.0", "")}
    folders = {"scimconf": tmp_path, "dependency": wheels}  # scimconf is beside requirements.txt, and on no index
    paths = {
        name: written_wheel(folders[name], name, version, "ours", needs) for name, (version, needs) in packages.items()
    }
    dependency = f"dependency==1.0 \\\n    --hash=sha256:{release['digest'](paths['dependency'])}\n"
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(release["requirements"](paths["scimconf"], dependency), "utf-8")
    environ = {
        "PATH": f"{python}:/usr/bin:/bin", "HOME": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels),
        "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "REQUIREMENTS": str(requirements), "SCIMCONF_REQUIREMENTS": str(requirements),
        "RUNNER_TEMP": str(tmp_path), "GITHUB_PATH": str(tmp_path / "path"), "AGENT_TEMPDIRECTORY": str(tmp_path),
        "CI_PROJECT_DIR": str(tmp_path / "checkout"), "AZURE_ID_TOKEN": "the-oidc-token", "SCIMCONF_PATHS": ".",
    }  # fmt: skip

    def run(text):
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    text = next(step.text for step in scripts(file) if step.name == INSTALLING[file])
    if file.startswith("gitlab"):
        text = "\n".join(recipe(file)[".scimconf-signed-in"]["before_script"])
        environ["PIP_TARGET"] = environ["PYTHONPATH"] = str(
            tmp_path / "scimconf-install"
        )  # not into the shared environment
    version, needs = packages[changed]
    written_wheel(folders[changed], changed, version, "another", needs)
    refused = run(text)
    assert refused.returncode != 0
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in refused.stderr
    assert f"{changed}=={version}" in refused.stderr
    assert not (tmp_path / "checkout.oidc").exists()
    assert not (tmp_path / "path").exists()
    assert "prependpath" not in refused.stdout
    assert not list(tmp_path.rglob("scimconf_module.py"))
    if changed == "dependency":
        written_wheel(folders[changed], changed, version, "ours", needs)
        result = run(f"{text}\n" + 'PATH="$PATH:$RUNNER_TEMP/scimconf-install/bin"; scimconf')
        assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "ours"), result.stderr
