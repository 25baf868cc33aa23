"""Packages for Node, which are installed once in the virtual environment; tests that need them are skipped without Node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def node_packages(folder_name: str, *packages: str) -> Path:
    """Return a folder of the virtual environment whose `node_modules` has the packages; each is NAME@VERSION."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip(f"Node is not installed, without which {packages[0]} does not run")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < 18:
        pytest.skip(f"Node {version.strip()} is too old for {packages[0]}, which needs Node 18")
    folder = Path(sys.prefix) / folder_name
    names = [package.rpartition("@")[0] for package in packages]
    with _exclusive_lock(folder):
        if not all((folder / "node_modules" / name).is_dir() for name in names):
            command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder), *packages]
            fetched = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
            if fetched.returncode:
                pytest.skip(f"npm cannot fetch {', '.join(packages)}: {fetched.stderr.strip()[-200:]}")
    return folder


@contextmanager
def _exclusive_lock(folder: Path) -> Iterator[None]:
    """Lock the folder, because tests run in several processes."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / ".installing"
    deadline = time.monotonic() + 600
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            if time.monotonic() > deadline or time.time() - lock.stat().st_mtime > 600:
                lock.unlink(missing_ok=True)
            time.sleep(0.1)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
