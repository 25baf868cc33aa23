"""Tests of docs/api.md: its examples run, and it names every exported name."""

import re

import pytest
from server_fixture import Server, environment

import scimconf

from .pages import ROOT, blocks, read

PAGE = read("docs/api.md")
WRITER = ROOT / "examples" / "writer-new" / "scimconf.yaml"


@pytest.fixture
def sandbox():
    server = Server()
    server.start()
    yield server
    server.stop()


def test_api_page_examples_run(sandbox, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, value in environment(sandbox.url).items():
        monkeypatch.setenv(name, value)
    for name in ("scimconf.yaml", "people.csv"):
        (tmp_path / name).write_bytes((WRITER.parent / name).read_bytes())
    (tmp_path / "broken.yaml").write_text("version: 1\nname: broken\n")
    names = {}
    for example in blocks(PAGE, "python"):
        exec(compile(example, "docs/api.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "S202\n" in printed
    assert "create writer:application\n" in printed
    assert "\napplied\n" in printed
    assert "ada@contoso.com" in printed
    assert "\nname: writer\n" in printed
    assert list((tmp_path / ".scimconf" / "history" / "writer").iterdir())


def test_api_page_names_every_exported_name():
    documented = set(re.findall(r"`(?:scimconf\.)?(\w+)`", PAGE)) | set(re.findall(r"scimconf\.(\w+)", PAGE))
    assert set(scimconf.__all__) - documented == set()


def test_scimconf_package_has_every_exported_name_and_no_others():
    assert all(getattr(scimconf, name) is not None for name in scimconf.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        scimconf.nonsense  # noqa: B018
