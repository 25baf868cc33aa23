"""Functions that read the documentation pages and their parts."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def read(name: str) -> str:
    """Return the text of a file of the repository."""
    return (ROOT / name).read_text("utf-8")


@cache
def pages() -> dict[str, str]:
    """Return the text of every Markdown page by its path."""
    paths = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "changelog.d").glob("*.md")]
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted(paths)}


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced code blocks of a language."""
    return [block for name, block in _FENCE.findall(text) if name == language]


def commands(text: str, tool: str) -> Iterator[list[str]]:
    """Yield the command lines that begin with a tool, as lists of words, without pipes and comments."""
    for block in blocks(text, "sh"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if tool in words:
                words = words[words.index(tool) :]
                ends = [index for index, word in enumerate(words) if word in ("|", "&", "||", "&&", ">")]
                yield words[: min(ends, default=len(words))]


def headings(text: str, level: int = 3) -> list[str]:
    """Return the headings of a level."""
    return re.findall(rf"^{'#' * level} (.+)$", text, re.MULTILINE)


def first_cells(text: str) -> list[str]:
    """Return the first cell of every table row."""
    return re.findall(r"^\| ([^|]+?) \|", text, re.MULTILINE)


@cache
def files() -> tuple[Path, ...]:
    """Return every file that is tracked or would be tracked by Git."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode:
        return tuple(path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts)
    return tuple(ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file())
