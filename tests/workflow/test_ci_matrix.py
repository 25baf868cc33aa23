"""Tests of `scimconf ci-matrix`: one job a spec or a chunk, for each CI system."""

from __future__ import annotations

import json
import re

import pytest

from scimconf.cli import ci_matrix
from scimconf.cli.main import main


@pytest.fixture
def specs(tmp_path, monkeypatch):
    """Return a function that writes specs, `name` or `name@tenant`, and returns their folder."""
    monkeypatch.chdir(tmp_path)

    def write(*names):
        for text in names:
            name, _, tenant = text.partition("@")
            line = f"tenant: {tenant}\n" if tenant else ""
            (tmp_path / f"{name}.scimconf.yaml").write_text(
                f"version: 1\nname: {name}\n{line}application: {{display_name: {name}}}\n"
                "provisioning: {enabled: true}\n"
            )
        return "."

    return write


def matrix(capsys, *words):
    assert main(["ci-matrix", *words]) == 0
    return json.loads(capsys.readouterr().out)


def test_github_matrix_has_a_job_for_each_spec(specs, capsys):
    assert matrix(capsys, "--system", "github", specs("b@contoso.com", "a@contoso.com")) == {
        "include": [
            {"name": "a", "tenant": "contoso.com", "paths": "a.scimconf.yaml"},
            {"name": "b", "tenant": "contoso.com", "paths": "b.scimconf.yaml"},
        ]
    }


def test_gitlab_matrix_is_a_list_of_variables(specs, capsys):
    assert matrix(capsys, "--system", "gitlab", specs("a")) == [
        {"SCIMCONF_NAME": "a", "SCIMCONF_TENANT": "", "SCIMCONF_PATHS": "a.scimconf.yaml"}
    ]


def test_azure_devops_matrix_has_valid_names(specs, capsys):
    long = "a" * 120
    document = matrix(capsys, "--system", "azure-devops", specs("sap-hr.eu", long))
    assert list(document) == [f"job1_{'a' * 95}", "job2_sap_hr_eu"]
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,99}", name) for name in document)
    assert document["job2_sap_hr_eu"]["SCIMCONF_NAME"] == "sap-hr.eu"


def test_chunks_never_mix_tenants(specs, capsys):
    folder = specs("a@contoso.com", "b@contoso.com", "c@contoso.com", "d@fabrikam.com", "e")
    jobs = matrix(capsys, "--system", "github", "--chunk", "2", folder)["include"]
    assert [(job["name"], job["paths"].split()) for job in jobs] == [
        ("specs-1", ["e.scimconf.yaml"]),
        ("contoso.com-1", ["a.scimconf.yaml", "b.scimconf.yaml"]),
        ("contoso.com-2", ["c.scimconf.yaml"]),
        ("fabrikam.com-1", ["d.scimconf.yaml"]),
    ]


def test_jobs_of_two_tenants_have_different_names(specs, tmp_path, capsys):
    specs("writer@contoso.com")
    (tmp_path / "writer.scimconf.yaml").rename(tmp_path / "a.scimconf.yaml")
    jobs = matrix(capsys, "--system", "github", specs("writer@fabrikam.com", "zoom@contoso.com"))["include"]
    assert [job["name"] for job in jobs] == ["writer-contoso.com", "zoom", "writer-fabrikam.com"]


def test_too_many_jobs_are_refused_with_the_chunk_that_fits(specs, capsys, monkeypatch):
    monkeypatch.setattr(ci_matrix, "MAX_JOBS", {"gitlab": 20})
    folder = specs(*(f"app{number}@contoso.com" for number in range(39)), "x@fabrikam.com", "y@fabrikam.com")
    assert main(["ci-matrix", "--system", "gitlab", folder]) == 1
    message = capsys.readouterr().err
    assert "41 specs are 41 jobs, but a matrix of gitlab has at most 20. Write --chunk 3" in message
    assert len(matrix(capsys, "--system", "gitlab", "--chunk", "3", folder)) == 14
    assert len(matrix(capsys, "--system", "azure-devops", folder)) == 41


def test_invalid_specs_are_an_error_and_nothing_is_printed(specs, tmp_path, capsys):
    folder = specs("a")
    (tmp_path / "b.scimconf.yaml").write_text("version: 1\nnam: b\n")
    assert main(["ci-matrix", "--system", "github", folder]) == 65
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "b.scimconf.yaml" in captured.err


def test_path_with_a_space_is_refused(specs, tmp_path, capsys):
    specs("a")
    (tmp_path / "a.scimconf.yaml").rename(tmp_path / "my app.yaml")
    assert main(["ci-matrix", "--system", "github", "my app.yaml"]) == 1
    assert '"my app.yaml" contains a space' in capsys.readouterr().err
