"""The command: which users, where it goes, how it ends."""

import json
import os
import stat
import threading

import pytest
from previews import SMALL, WRITER
from server_fixture import Server, environment, run

from scimconf.cli.main import main
from scimconf.graph import impact_data


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
    assert said.out.startswith("writer in contoso.com: all assigned users\n")
    assert "[8/8] users" in said.err
    assert server.writes == []


def test_a_file_is_only_for_its_owner(desk, tmp_path):
    said = desk("--all", "--format", "json", "--out", "deep/people.json", WRITER)
    file = tmp_path / "deep" / "people.json"
    assert (said.code, said.out) == (0, "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(json.loads(file.read_text())["applications"][0]["users"]) == 8
    assert [one.name for one in file.parent.iterdir()] == ["people.json"]
    assert "Saved the preview to deep/people.json." in said.err


def test_a_file_as_text_has_no_colour_and_a_page_is_whole(desk, tmp_path):
    desk("--user", "ada@contoso.com", "--out", "ada.txt", WRITER)
    assert "\x1b" not in (tmp_path / "ada.txt").read_text()
    desk("--all", "--format", "html", "--out", "all.html", WRITER)
    assert (tmp_path / "all.html").read_text().rstrip().endswith("</html>")


def test_what_fails_half_way_leaves_no_file_behind(desk, tmp_path, monkeypatch):
    from scimconf.cli import preview

    async def broken(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(preview, "preview_all", broken)
    assert desk("--all", "--out", "people.txt", WRITER).code == 130
    assert list(tmp_path.iterdir()) == []


def test_a_part_takes_the_place_of_no_whole_file(desk, tmp_path):
    desk("--user", "ada@contoso.com", "--out", "people.txt", WRITER)
    whole = (tmp_path / "people.txt").read_text()
    said = desk("--user", "ada@contoso.com", "--user", "nobody@contoso.com", "--out", "people.txt", WRITER)
    assert said.code == 1
    assert "people.txt was not written, because the preview is incomplete." in said.err
    assert "Saved the preview to" not in said.err
    assert (tmp_path / "people.txt").read_text() == whole
    assert [one.name for one in tmp_path.iterdir()] == ["people.txt"]


def test_a_place_that_cannot_be_written_is_one_sentence(desk, tmp_path):
    (tmp_path / "file").write_text("x")
    said = desk("--all", "--out", "file/people.html", WRITER)
    assert said.code == 1
    assert "Error: file/people.html cannot be written: File exists\n" in said.err
    assert "Traceback" not in said.err
    (tmp_path / "round").symlink_to(tmp_path / "round")
    assert "round cannot be written" in desk("--all", "--out", "round", WRITER).err


def test_a_link_is_followed_and_stays(desk, tmp_path):
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    for _ in range(2):
        assert desk("--all", "--out", "link.txt", WRITER).code == 0
        assert (tmp_path / "link.txt").is_symlink()
        assert "all assigned users" in (tmp_path / "real.txt").read_text()


@pytest.mark.parametrize(("whom", "code"), [("ada@contoso.com", 0), ("nobody@contoso.com", 1)])
def test_what_is_no_file_is_written_to_and_stays_what_it_is(desk, tmp_path, whom, code):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    said = desk("--user", whom, "--out", "pipe", WRITER)
    reader.join(10)
    assert said.code == code
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert read[0].startswith("writer in contoso.com: ")
    assert ("The preview is in pipe." in said.err) is not code


def test_a_reader_who_leaves_early_is_no_failure(desk, tmp_path):
    """`preview --all | head`, and the same of every other command."""
    gone = os.pipe()
    os.close(gone[0])
    with os.fdopen(gone[1], "w") as out, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        assert main(["preview", "--all", "--format", "json", str(WRITER)]) == 0


def test_a_log_says_now_and_then_how_far_it_is(desk, server, monkeypatch):
    monkeypatch.setattr(impact_data, "PAGE", "2")
    monkeypatch.setattr(impact_data, "IDS_AT_ONCE", 2)
    said = desk("--all", WRITER)
    assert [line for line in said.err.splitlines() if "users" in line] == [
        f"preview: [{number}/8] users" for number in (2, 4, 6, 8)
    ]


def test_a_page_of_people_is_written_at_once(desk, monkeypatch):
    """Each piece by itself would stop and start what moves on a terminal once a person."""
    from scimconf.cli import preview

    shown = []
    monkeypatch.setattr(preview, "_print_text", lambda _session, text: shown.append(text))
    desk("--all", "--format", "json", WRITER)
    assert len([text for text in shown if text]) <= 5


def test_problems_end_with_65_and_other_specs_are_still_previewed(desk, tmp_path):
    (tmp_path / "a.scimconf.yaml").write_text(SMALL % "")
    said = desk("--all", WRITER.parent, tmp_path / "a.scimconf.yaml")
    assert said.code == 65
    (tmp_path / "a.scimconf.yaml").write_text(SMALL.replace("writer", "other").replace("Writer", "Other") % "")
    said = desk("--all", WRITER.parent, tmp_path / "a.scimconf.yaml")
    assert said.code == 65
    assert "K1" in said.err and "writer in contoso.com: all assigned users" in said.out


def test_a_spec_that_cannot_be_read_is_refused_before_anything_is_asked(desk, tmp_path, server):
    (tmp_path / "scimconf.yaml").write_text("version: 9\n")
    server.service.journal.entries.clear()
    assert desk("--all").code == 65
    assert list(server.service.journal.entries) == []
