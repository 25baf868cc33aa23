"""Tests of `scimconf fmt`: the written files, the output and the exit code."""

from __future__ import annotations

import io
import os
import stat

import pytest

from scimconf.cli.main import main

UNTIDY = "name:  writer\nversion: 1   # the format\n"
TIDY = "version: 1   # the format\nname: writer\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_fmt_formats_the_specs_of_a_folder_and_named_fragments(folder, capsys):
    for name in ("scimconf.yaml", "hr.scimconf.yaml", "base.yaml", "other.yaml"):
        (folder / name).write_text(UNTIDY)
    assert main(["fmt", ".", "base.yaml"]) == 0
    assert capsys.readouterr().out == "hr.scimconf.yaml\nscimconf.yaml\nbase.yaml\n"
    assert {path.name for path in folder.iterdir() if path.read_text() == TIDY} == {
        "scimconf.yaml", "hr.scimconf.yaml", "base.yaml",
    }  # fmt: skip
    assert main(["fmt"]) == 0
    assert capsys.readouterr().out == ""


def test_fmt_check_lists_unformatted_files_and_writes_nothing(folder, capsys):
    (folder / "scimconf.yaml").write_text(UNTIDY)
    (folder / "b.scimconf.yaml").write_text(TIDY)
    assert main(["fmt", "--check"]) == 2
    assert capsys.readouterr().out == "scimconf.yaml\n"
    assert (folder / "scimconf.yaml").read_text() == UNTIDY
    assert main(["fmt", "--check", "b.scimconf.yaml"]) == 0


def test_fmt_diff_prints_the_changes_and_writes_nothing(folder, capsys):
    (folder / "a.yaml").write_text(UNTIDY.rstrip("\n"))
    assert main(["fmt", "--diff", "a.yaml"]) == 0
    output = capsys.readouterr().out.splitlines()
    assert output[:2] == ["--- a.yaml", "+++ a.yaml (formatted)"]
    assert output[2:] == [
        "@@ -1,2 +1,2 @@", "-name:  writer", "-version: 1   # the format", "\\ No newline at end of file",
        "+version: 1   # the format", "+name: writer",
    ]  # fmt: skip
    assert (folder / "a.yaml").read_text() == UNTIDY.rstrip("\n")
    assert main(["fmt", "--diff", "--check", "a.yaml"]) == 2


def test_fmt_of_stdin_writes_to_stdout(folder, capsysbinary, monkeypatch):
    for text, argv, code, output in [
        (UNTIDY, [], 0, TIDY), (TIDY, [], 0, TIDY), (UNTIDY, ["--check"], 2, "-\n"), ("é: [é]\r\n", [], 0, "é: [é]\r\n"),
    ]:  # fmt: skip
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert main(["fmt", "-", *argv]) == code
        assert capsysbinary.readouterr().out == output.encode()
    assert list(folder.iterdir()) == []


def test_fmt_does_not_change_files_with_errors_and_formats_the_others(folder, capsys):
    (folder / "a.yaml").write_text("version: 1\nversion: 1\n")
    (folder / "b.yaml").write_text(UNTIDY)
    (folder / "c.yaml").write_bytes(b"a: \xff\n")
    assert main(["fmt", "a.yaml", "b.yaml", "c.yaml", "d.yaml", "."]) == 65
    assert (folder / "a.yaml").read_text() == "version: 1\nversion: 1\n"
    assert (folder / "b.yaml").read_text() == TIDY
    errors = capsys.readouterr().err
    assert "a.yaml:2:1  S005  " in errors
    assert "c.yaml  S002  " in errors
    assert "d.yaml  S001  cannot be read: No such file or directory." in errors
    assert ".  S001  no scimconf.yaml" in errors
    assert main(["fmt", "--check", "a.yaml", "b.yaml"]) == 65


def test_fmt_reports_errors_in_stdin_as_stdin(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a: {b\n")))
    assert main(["fmt", "-"]) == 65
    assert capsys.readouterr().err.startswith("<stdin>:2:1  S003  ")


def test_fmt_keeps_file_mode_and_symlinks_and_leaves_no_temporary_file(folder):
    (folder / "real").mkdir()
    spec = folder / "real" / "spec.yaml"
    spec.write_text(UNTIDY)
    spec.chmod(0o640)
    (folder / "link.yaml").symlink_to(spec)
    assert main(["fmt", "link.yaml"]) == 0
    assert (folder / "link.yaml").is_symlink()
    assert spec.read_text() == TIDY
    assert stat.S_IMODE(spec.stat().st_mode) == 0o640
    assert [path.name for path in (folder / "real").iterdir()] == ["spec.yaml"]


def test_fmt_names_an_unwritable_file_and_leaves_no_temporary_file(folder, capsys, monkeypatch):
    (folder / "a.yaml").write_text(UNTIDY)

    def raise_disk_full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", raise_disk_full)
    monkeypatch.setattr("pathlib.Path.replace", raise_disk_full)
    assert main(["fmt", "a.yaml"]) == 1
    assert capsys.readouterr().err == "a.yaml cannot be written: No space left on device\n"
    assert [path.name for path in folder.iterdir()] == ["a.yaml"]
    assert (folder / "a.yaml").read_text() == UNTIDY
