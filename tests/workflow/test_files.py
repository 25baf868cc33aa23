"""Tests of `scimconf.files`: a write is complete or leaves the target unchanged, and errors name the file."""

import os
import stat

import pytest

from scimconf.diagnostics import ScimconfError
from scimconf.files import (
    append_line,
    atomic_file,
    check_folder_writable,
    check_writable,
    read_file_or_pipe,
    read_regular_file,
    write_file,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_atomic_file_replaces_its_target_only_if_it_is_committed(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with atomic_file(str(path)) as file:
        file.write("after")
    assert (path.read_text(), names(tmp_path)) == ("before", ["a.txt"])
    with atomic_file(str(path)) as file:
        file.write("after")
        file.commit()
    assert (path.read_text(), names(tmp_path)) == ("after", ["a.txt"])


def test_atomic_file_is_private_and_write_file_keeps_the_mode(tmp_path):
    path = tmp_path / "a.txt"
    with atomic_file(str(path), private=True) as file:
        file.commit()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    write_file(str(path), "x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_write_file_follows_a_symlink_and_rejects_a_symlink_to_itself(tmp_path):
    (tmp_path / "link").symlink_to("real.txt")
    write_file(str(tmp_path / "link"), "x")
    assert ((tmp_path / "real.txt").read_text(), (tmp_path / "link").is_symlink()) == ("x", True)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ScimconfError, match="loop cannot be written: "):
        write_file(str(tmp_path / "loop"), "x")


def test_atomic_file_writes_to_a_device_directly():
    with atomic_file(os.devnull) as file:
        file.write("x")
        file.commit()
    assert file.is_direct
    check_writable(os.devnull)


def test_check_writable_does_not_change_the_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("x")
    check_writable(str(path))
    check_writable(str(tmp_path / "new.txt"))
    assert (path.read_text(), names(tmp_path)) == ("x", ["a.txt"])
    with pytest.raises(ScimconfError, match="a.txt/b cannot be written: "):
        check_writable(str(path / "b"))


def test_check_folder_writable_creates_nothing(tmp_path, monkeypatch):
    check_folder_writable(str(tmp_path / "a" / "b"))
    assert names(tmp_path) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(ScimconfError, match="is not a folder"):
        check_folder_writable(str(tmp_path / "file" / "b"))
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ScimconfError, match="cannot be written: Too many levels"):
        check_folder_writable(str(tmp_path / "loop" / "b"))
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    with pytest.raises(ScimconfError, match="Permission denied"):
        check_folder_writable(str(tmp_path / "a"))


def test_read_regular_file_stops_at_the_limit_and_rejects_a_pipe(tmp_path):
    (tmp_path / "a").write_bytes(b"abcdef")
    assert read_regular_file(str(tmp_path / "a"), 3) == read_file_or_pipe(str(tmp_path / "a"), 3) == b"abc"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        read_regular_file(str(tmp_path / "pipe"), 3)


def test_append_line_keeps_the_content_and_names_a_file_that_cannot_be_written(tmp_path):
    path = tmp_path / "a.txt"
    for line in ("x", "y"):
        append_line(str(path), line)
    assert path.read_text() == "x\ny\n"
    with pytest.raises(ScimconfError, match="cannot be written: Is a directory"):
        append_line(str(tmp_path), "x")
