"""The command: which users, where it goes, how it ends."""

import json
import os
import stat

import pytest
from previews import SMALL, WRITER
from serving import Server, environment, run


@pytest.fixture(scope="module")
def server():
    one = Server()
    one.start()
    yield one
    one.stop()


@pytest.fixture
def desk(server, tmp_path, monkeypatch):
    server.service.reset()
    monkeypatch.chdir(tmp_path)
    for name in os.environ.keys() & {"COLUMNS", "NO_COLOR", "SCIMCONF_AUTH", "SCIMCONF_CLOUD"}:
        monkeypatch.delenv(name)
    for name, value in environment(server.url).items():
        monkeypatch.setenv(name, value)
    return lambda *argv: run(["preview", *map(str, argv)])


@pytest.mark.parametrize("whom", [[], ["--all", "--sample", "3"], ["--user", "a@x", "--all"]])
def test_users_are_said_in_one_way(desk, whom):
    said = desk(*whom, WRITER)
    assert said.code == 64
    assert "one of --user, --sample and --all" in said.err


def test_the_product_is_on_stdout_and_progress_on_stderr(desk, server):
    said = desk("--all", WRITER)
    assert said.code == 0
    assert said.out.startswith("writer: everybody who is assigned\n")
    assert "[8/8] people" in said.err
    assert server.writes == []


def test_a_file_is_only_for_its_owner(desk, tmp_path):
    said = desk("--all", "--format", "json", "--out", "deep/people.json", WRITER)
    file = tmp_path / "deep" / "people.json"
    assert (said.code, said.out) == (0, "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(json.loads(file.read_text())["applications"][0]["people"]) == 8
    assert [one.name for one in file.parent.iterdir()] == ["people.json"]
    assert "The preview is in deep/people.json." in said.err


def test_a_file_as_text_has_no_colour_and_a_page_is_whole(desk, tmp_path):
    desk("--user", "ada@contoso.com", "--out", "ada.txt", WRITER)
    assert "\x1b" not in (tmp_path / "ada.txt").read_text()
    desk("--all", "--format", "html", "--out", "all.html", WRITER)
    assert (tmp_path / "all.html").read_text().rstrip().endswith("</html>")


def test_what_fails_half_way_leaves_no_file_behind(desk, tmp_path, monkeypatch):
    from scimconf.cli import previewing

    async def broken(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(previewing, "preview_all", broken)
    assert desk("--all", "--out", "people.txt", WRITER).code == 130
    assert list(tmp_path.iterdir()) == []


def test_problems_end_with_65_and_other_specs_are_still_previewed(desk, tmp_path):
    (tmp_path / "a.scimconf.yaml").write_text(SMALL % "")
    said = desk("--all", WRITER.parent, tmp_path / "a.scimconf.yaml")
    assert said.code == 65
    (tmp_path / "a.scimconf.yaml").write_text(SMALL.replace("writer", "other").replace("Writer", "Other") % "")
    said = desk("--all", WRITER.parent, tmp_path / "a.scimconf.yaml")
    assert said.code == 65
    assert "K1" in said.err and "writer: everybody who is assigned" in said.out


def test_a_spec_that_cannot_be_read_is_refused_before_anything_is_asked(desk, tmp_path, server):
    (tmp_path / "scimconf.yaml").write_text("version: 9\n")
    server.service.journal.entries.clear()
    assert desk("--all").code == 65
    assert list(server.service.journal.entries) == []
