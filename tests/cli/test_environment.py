"""Tests of environment variables that change what commands read and print."""

from __future__ import annotations

import pytest

from scimconf.cli.main import main
from scimconf.cli.options import environment_variables
from scimconf.cli.terminal import Terminal, is_color_forced
from scimconf.version import __version__

SPEC = "version: 1\nname: ${var:NAME}\napplication: {display_name: X}\nprovisioning: {enabled: false}\n"


@pytest.mark.parametrize(
    ("environ", "options", "name"),
    [
        ({"SCIMCONF_VAR_NAME": "a"}, [], "a"),
        ({"SCIMCONF_VAR_NAME": "a"}, ["--var-file", "vars.yaml"], "b"),
        ({"SCIMCONF_VAR_NAME": "a"}, ["--var-file", "vars.yaml", "--var", "NAME=c"], "c"),
    ],
)
def test_variable_of_the_environment_yields_to_a_file_and_that_to_the_option(
    environ, options, name, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scimconf.yaml").write_text(SPEC)
    (tmp_path / "vars.yaml").write_text("NAME: b\n")
    for key, value in environ.items():
        monkeypatch.setenv(key, value)
    assert main(["validate", "--show-spec", *options]) == 0
    assert f"name: {name} " in capsys.readouterr().out


def test_environment_variables_takes_names_behind_the_prefix_only():
    environ = {"SCIMCONF_VAR_a": "1", "SCIMCONF_VAR_": "2", "SCIMCONF_AUTH": "cli", "a": "3"}
    assert environment_variables(environ) == {"a": "1"}


@pytest.mark.parametrize(
    ("environ", "is_forced"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"CLICOLOR_FORCE": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_is_color_forced(environ, is_forced):
    assert is_color_forced(environ) is is_forced


def test_forced_color_reaches_a_pipe(tmp_path, monkeypatch, capsys):
    (tmp_path / "scimconf.yaml").write_text("version: 2\n")
    assert main(["validate", str(tmp_path)]) == 65
    assert "\x1b[" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["validate", str(tmp_path)]) == 65
    assert "\x1b[1;31mS207" in capsys.readouterr().out
    assert Terminal.of_stdout().color


def test_capital_v_prints_the_version(capsys):
    assert main(["-V"]) == 0
    assert capsys.readouterr().out == f"scimconf {__version__}\n"
