"""Run the pages of guides: their files are written, their commands run in order, and print what the page shows.

A block whose first line is a comment with a file name, `# writer/scimconf.yaml`, is that file. A `sh` block runs; the `text`
block right after it is its output (with `…` as its first line, a part of it), and `# exit code 4` in a command line the code that it ends with (otherwise 0). Comments of
HTML prepare what the page assumes: `<!-- tenant: NAME -->` selects one of the tenants, `<!-- before: COMMAND -->` runs a command, and
`<!-- edit: FILE -->` merges the next block into a file. What a command prints as Markdown is between `<!-- output: COMMAND -->` and
`<!-- end of output -->`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import yaml

_PART = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w+)\n(?P<text>.*?)^ *```$"
    r"|^<!-- output: (?P<command>[^\n]+) -->\n.*?^<!-- end of output -->$"
    r"|^ *<!-- (?P<name>tenant|before|edit): (?P<value>[^\n]+) -->$",
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(r"# ([\w./-]+\.(?:yaml|toml|csv))\n")
_CODE = re.compile(r"# exit code (\d+)$")
OTHER_TOOLS = frozenset({"az", "cd", "cp", "gh", "git"})
"""Tools whose lines are not run."""


@dataclass(frozen=True)
class Part:
    """A block without its indentation, or a comment of HTML, and its place in the text of the page."""

    kind: str
    text: str
    start: int
    end: int
    indent: str = ""


def parts(page: str) -> Iterator[Part]:
    """Yield the blocks and the preparing comments of a page in order."""
    for match in _PART.finditer(page):
        if match["command"]:
            yield Part("output", match["command"], match.start(), match.end())
        elif match["name"]:
            yield Part(match["name"], match["value"], match.start(), match.end())
        else:
            yield Part(match["kind"], dedent(match["text"]), match.start(), match.end(), match["indent"])


def file_name(part: Part) -> str | None:
    """Return the name of the file that a block is, or None."""
    match = _FILE.match(part.text)
    return match[1] if match and part.kind in {"yaml", "toml", "csv"} else None


def command_lines(text: str) -> Iterator[tuple[list[str], int]]:
    """Yield the words of each line of a block, without comments, and the exit code that the line announces."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        code = _CODE.search(line)
        if words:
            yield words, int(code[1]) if code else 0


def merged(base: Any, over: Any) -> Any:
    """Return a document of YAML with the mappings of another merged over it."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return base | {key: merged(base.get(key), value) for key, value in over.items()}


class Guide:
    """A page that is run in `folder`; `run` runs words of scimconf and returns (exit code, stdout, stderr)."""

    def __init__(
        self,
        folder: Path,
        run: Callable[[list[str]], tuple[int, str, str]],
        select: Callable[[str], None],
        setenv: Callable[[str, str], None],
    ) -> None:
        self._folder, self._run, self._select, self._setenv = folder, run, select, setenv
        self._edited = ""

    def replay(self, page: str) -> str:
        """Run a page, and return it with the outputs that its commands printed."""
        done, result, output = 0, [], ""
        for part in parts(page):
            result.append(page[done : part.start])
            done = part.end
            if part.kind == "text" and result[-1].strip() == "" and output:
                is_part = part.text.startswith("…\n") and part.text.removeprefix("…\n") in output
                result.append(indent(f"```text\n{part.text if is_part else output}```", part.indent))
                output = ""
            elif part.kind == "output":
                (words, code), *_ = command_lines(part.text)
                printed = self._line(words, code).strip()
                result.append(f"<!-- output: {part.text} -->\n{printed}\n<!-- end of output -->")
            else:
                result.append(page[part.start : part.end])
                output = self._perform(part)
        return "".join([*result, page[done:]])

    def _perform(self, part: Part) -> str:
        if part.kind == "tenant":
            self._select(part.text)
        elif part.kind == "edit":
            self._edited = part.text
        elif part.kind == "yaml" and self._edited:
            path, self._edited = self._folder / self._edited, ""
            edited = merged(yaml.safe_load(path.read_text("utf-8")), yaml.safe_load(part.text))
            path.write_text(yaml.safe_dump(edited, sort_keys=False), "utf-8")
        elif name := file_name(part):
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(part.text.partition("\n")[2], "utf-8")
        elif part.kind in {"sh", "before"}:
            return "".join(self._line(words, code) for words, code in command_lines(part.text))
        return ""

    def _line(self, words: list[str], expected: int) -> str:
        """Run a line, and return what it printed: stdout, or stderr if there is none."""
        if words[0] == "export":
            self._setenv(*words[1].split("=", 1))
        elif words[0] == "scimconf":
            code, out, err = self._run(words[1:])
            assert code == expected, f"{shlex.join(words)} ended with {code}, not {expected}\n{out}\n{err}"
            return out or err
        else:
            assert words[0] in OTHER_TOOLS, f"{words[0]} is not a tool that guides use"
        return ""
