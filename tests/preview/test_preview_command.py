"""The command `preview`: the users that it selects, its output files and its exit codes."""

import json
import os
import stat
import threading

import pytest
from previews import MINIMAL, WRITER
from server_fixture import Server, environment, run

from scimconf.cli.main import main
from scimconf.cli.preview import PreviewOptions
from scimconf.graph import impact_data


@pytest.fixture(scope="module")
def server():
    one = Server()
    one.start()
    yield one
    one.stop()


@pytest.fixture
def run_preview(server, tmp_path, monkeypatch):
    server.service.reset()
    monkeypatch.chdir(tmp_path)
    for name in os.environ.keys() & {"COLUMNS", "NO_COLOR", "SCIMCONF_AUTH", "SCIMCONF_CLOUD"}:
        monkeypatch.delenv(name)
    for name, value in environment(server.url).items():
        monkeypatch.setenv(name, value)
    return lambda *argv: run(["preview", *map(str, argv)])


@pytest.mark.parametrize("arguments", [[], ["--all", "--sample", "3"], ["--user", "a@x", "--all"]])
def test_preview_requires_exactly_one_of_user_sample_and_all(run_preview, arguments):
    result = run_preview(*arguments, WRITER)
    assert result.code == 64
    assert "one of --user, --sample and --all" in result.err


def test_preview_prints_the_result_on_stdout_and_progress_on_stderr(run_preview, server):
    result = run_preview("--all", WRITER)
    assert result.code == 0
    assert result.out.startswith("writer in contoso.com: all assigned users\n")
    assert "[8/8] users" in result.err
    assert server.writes == []


def test_preview_out_creates_a_file_that_only_its_owner_can_read(run_preview, tmp_path):
    result = run_preview("--all", "--format", "json", "--out", "deep/people.json", WRITER)
    file = tmp_path / "deep" / "people.json"
    assert (result.code, result.out) == (0, "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["applications"][0]["summary"]["users"] == 8
    assert [one.name for one in file.parent.iterdir()] == ["people.json"]
    assert "Saved the preview to deep/people.json." in result.err


@pytest.mark.parametrize(
    ("options", "omits"),
    [
        ({"out": "people.json"}, True),
        ({"out": "people.json", "changed_only": False}, False),
        ({}, False),
        ({"changed_only": True}, True),
        ({"users": ("ada@contoso.com",), "out": "people.json"}, False),
        ({"out": "people.txt", "output_format": "text"}, False),
    ],
)
def test_preview_omits_users_who_do_not_change_from_files(options, omits):
    assert PreviewOptions(**{"output_format": "json", **options}).omits_unchanged is omits


def test_preview_out_writes_text_without_colour_and_complete_html(run_preview, tmp_path):
    run_preview("--user", "ada@contoso.com", "--out", "ada.txt", WRITER)
    assert "\x1b" not in (tmp_path / "ada.txt").read_text()
    run_preview("--all", "--format", "html", "--out", "all.html", WRITER)
    assert (tmp_path / "all.html").read_text().rstrip().endswith("</html>")


def test_preview_out_leaves_no_file_if_the_preview_is_interrupted(run_preview, tmp_path, monkeypatch):
    from scimconf.cli import preview

    async def broken(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(preview, "preview_all", broken)
    assert run_preview("--all", "--out", "people.txt", WRITER).code == 130
    assert list(tmp_path.iterdir()) == []


def test_preview_out_does_not_overwrite_a_file_with_an_incomplete_preview(run_preview, tmp_path):
    run_preview("--user", "ada@contoso.com", "--out", "people.txt", WRITER)
    whole = (tmp_path / "people.txt").read_text()
    result = run_preview("--user", "ada@contoso.com", "--user", "nobody@contoso.com", "--out", "people.txt", WRITER)
    assert result.code == 1
    assert "people.txt was not written, because the preview is incomplete." in result.err
    assert "Saved the preview to" not in result.err
    assert (tmp_path / "people.txt").read_text() == whole
    assert [one.name for one in tmp_path.iterdir()] == ["people.txt"]


def test_preview_out_reports_a_path_that_cannot_be_written(run_preview, tmp_path):
    (tmp_path / "file").write_text("x")
    result = run_preview("--all", "--out", "file/people.html", WRITER)
    assert result.code == 1
    assert "Error: file/people.html cannot be written: File exists\n" in result.err
    assert "Traceback" not in result.err
    (tmp_path / "round").symlink_to(tmp_path / "round")
    assert "round cannot be written" in run_preview("--all", "--out", "round", WRITER).err


def test_preview_out_follows_a_symbolic_link_and_keeps_it(run_preview, tmp_path):
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    for _ in range(2):
        assert run_preview("--all", "--out", "link.txt", WRITER).code == 0
        assert (tmp_path / "link.txt").is_symlink()
        assert "all assigned users" in (tmp_path / "real.txt").read_text()


@pytest.mark.parametrize(("user", "code"), [("ada@contoso.com", 0), ("nobody@contoso.com", 1)])
def test_preview_out_writes_to_a_named_pipe_and_keeps_it(run_preview, tmp_path, user, code):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    result = run_preview("--user", user, "--out", "pipe", WRITER)
    reader.join(10)
    assert result.code == code
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert read[0].startswith("writer in contoso.com: ")
    assert ("The preview is in pipe." in result.err) is not code


def test_preview_exits_with_0_if_stdout_is_closed_early(run_preview, tmp_path):
    """As in `preview --all | head`."""
    closed = os.pipe()
    os.close(closed[0])
    with os.fdopen(closed[1], "w") as out, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        assert main(["preview", "--all", "--format", "json", str(WRITER)]) == 0


def test_preview_prints_progress_on_stderr_for_each_page_of_users(run_preview, server, monkeypatch):
    monkeypatch.setattr(impact_data, "PAGE", "2")
    monkeypatch.setattr(impact_data, "IDS_AT_ONCE", 2)
    result = run_preview("--all", WRITER)
    assert [line for line in result.err.splitlines() if "users" in line] == [
        f"preview: [{number}/8] users" for number in (2, 4, 6, 8)
    ]


def test_preview_prints_each_page_of_users_at_once(run_preview, monkeypatch):
    """To print each user separately would restart the progress display for each."""
    from scimconf.cli import preview

    result = []
    monkeypatch.setattr(preview, "_print_text", lambda _session, text: result.append(text))
    run_preview("--all", "--format", "json", WRITER)
    assert len([text for text in result if text]) <= 5


def test_preview_exits_with_65_on_an_error_and_still_previews_other_specs(run_preview, tmp_path):
    (tmp_path / "a.scimconf.yaml").write_text(MINIMAL % "")
    result = run_preview("--all", WRITER.parent, tmp_path / "a.scimconf.yaml")
    assert result.code == 65
    (tmp_path / "a.scimconf.yaml").write_text(MINIMAL.replace("writer", "other").replace("Writer", "Other") % "")
    result = run_preview("--all", WRITER.parent, tmp_path / "a.scimconf.yaml")
    assert result.code == 65
    assert "K1" in result.err and "writer in contoso.com: all assigned users" in result.out


def test_preview_rejects_an_invalid_spec_before_any_request(run_preview, tmp_path, server):
    (tmp_path / "scimconf.yaml").write_text("version: 9\n")
    server.service.journal.entries.clear()
    assert run_preview("--all").code == 65
    assert list(server.service.journal.entries) == []
