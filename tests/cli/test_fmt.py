"""`scimconf fmt`: what is written, what is told, and with which exit code."""

from __future__ import annotations

import io
import os
import stat

import pytest

from scimconf.cli.main import main

UNTIDY = "name:  writer\nversion: 1   # the format\n"
TIDY = "version: 1   # the format\nname: writer\n"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_its_specs_and_fragments_are_named(here, capsys):
    for name in ("scimconf.yaml", "hr.scimconf.yaml", "base.yaml", "other.yaml"):
        (here / name).write_text(UNTIDY)
    assert main(["fmt", ".", "base.yaml"]) == 0
    assert capsys.readouterr().out == "hr.scimconf.yaml\nscimconf.yaml\nbase.yaml\n"
    assert {path.name for path in here.iterdir() if path.read_text() == TIDY} == {
        "scimconf.yaml", "hr.scimconf.yaml", "base.yaml",
    }  # fmt: skip
    assert main(["fmt"]) == 0
    assert capsys.readouterr().out == ""


def test_check_lists_what_would_change_and_writes_nothing(here, capsys):
    (here / "scimconf.yaml").write_text(UNTIDY)
    (here / "b.scimconf.yaml").write_text(TIDY)
    assert main(["fmt", "--check"]) == 2
    assert capsys.readouterr().out == "scimconf.yaml\n"
    assert (here / "scimconf.yaml").read_text() == UNTIDY
    assert main(["fmt", "--check", "b.scimconf.yaml"]) == 0


def test_diff_shows_what_would_change_and_writes_nothing(here, capsys):
    (here / "a.yaml").write_text(UNTIDY.rstrip("\n"))
    assert main(["fmt", "--diff", "a.yaml"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == ["--- a.yaml", "+++ a.yaml (formatted)"]
    assert told[2:] == [
        "@@ -1,2 +1,2 @@", "-name:  writer", "-version: 1   # the format", "\\ No newline at end of file",
        "+version: 1   # the format", "+name: writer",
    ]  # fmt: skip
    assert (here / "a.yaml").read_text() == UNTIDY.rstrip("\n")
    assert main(["fmt", "--diff", "--check", "a.yaml"]) == 2


def test_stdin_goes_to_stdout(here, capsysbinary, monkeypatch):
    for text, argv, code, told in [
        (UNTIDY, [], 0, TIDY), (TIDY, [], 0, TIDY), (UNTIDY, ["--check"], 2, "-\n"), ("é: [é]\r\n", [], 0, "é: [é]\r\n"),
    ]:  # fmt: skip
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert main(["fmt", "-", *argv]) == code
        assert capsysbinary.readouterr().out == told.encode()
    assert list(here.iterdir()) == []


def test_a_file_with_a_problem_is_left_as_it_is_and_the_others_are_formatted(here, capsys):
    (here / "a.yaml").write_text("version: 1\nversion: 1\n")
    (here / "b.yaml").write_text(UNTIDY)
    (here / "c.yaml").write_bytes(b"a: \xff\n")
    assert main(["fmt", "a.yaml", "b.yaml", "c.yaml", "d.yaml", "."]) == 65
    assert (here / "a.yaml").read_text() == "version: 1\nversion: 1\n"
    assert (here / "b.yaml").read_text() == TIDY
    told = capsys.readouterr().err
    assert "a.yaml:2:1  S005  " in told
    assert "c.yaml  S002  " in told
    assert "d.yaml  S001  cannot be read: No such file or directory." in told
    assert ".  S001  no scimconf.yaml" in told
    assert main(["fmt", "--check", "a.yaml", "b.yaml"]) == 65


def test_a_problem_of_stdin_says_so(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a: {b\n")))
    assert main(["fmt", "-"]) == 65
    assert capsys.readouterr().err.startswith("<stdin>:2:1  S003  ")


def test_mode_and_links_are_kept_and_nothing_is_left_over(here):
    (here / "real").mkdir()
    spec = here / "real" / "spec.yaml"
    spec.write_text(UNTIDY)
    spec.chmod(0o640)
    (here / "link.yaml").symlink_to(spec)
    assert main(["fmt", "link.yaml"]) == 0
    assert (here / "link.yaml").is_symlink()
    assert spec.read_text() == TIDY
    assert stat.S_IMODE(spec.stat().st_mode) == 0o640
    assert [path.name for path in (here / "real").iterdir()] == ["spec.yaml"]


def test_what_cannot_be_written_is_named_and_nothing_is_left_over(here, capsys, monkeypatch):
    (here / "a.yaml").write_text(UNTIDY)

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr("pathlib.Path.replace", full)
    assert main(["fmt", "a.yaml"]) == 1
    assert capsys.readouterr().err == "a.yaml cannot be written: No space left on device\n"
    assert [path.name for path in here.iterdir()] == ["a.yaml"]
    assert (here / "a.yaml").read_text() == UNTIDY
