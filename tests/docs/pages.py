"""The pages that are written for people, and what stands in them."""

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
    return (ROOT / name).read_text("utf-8")


@cache
def pages() -> dict[str, str]:
    """Every Markdown page by its path."""
    found = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "changelog.d").glob("*.md")]
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted(found)}


def blocks(text: str, language: str) -> list[str]:
    """What is fenced as that language."""
    return [block for named, block in _FENCE.findall(text) if named == language]


def commands(text: str, tool: str) -> Iterator[list[str]]:
    """The command lines that begin with a tool, as words; what pipes and comments add is left out."""
    for block in blocks(text, "sh"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if tool in words:
                words = words[words.index(tool) :]
                ends = [place for place, word in enumerate(words) if word in ("|", "&", "||", "&&", ">")]
                yield words[: min(ends, default=len(words))]


def headings(text: str, level: int = 3) -> list[str]:
    return re.findall(rf"^{'#' * level} (.+)$", text, re.MULTILINE)


def first_cells(text: str) -> list[str]:
    """The first cell of every table row."""
    return re.findall(r"^\| ([^|]+?) \|", text, re.MULTILINE)


@cache
def files() -> tuple[Path, ...]:
    """Every file that is, or would be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode:
        return tuple(path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts)
    return tuple(ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file())
