"""Make the pictures of the README from real output: `make pictures`.

A sandbox gets the application of `examples/writer-new`. Then the commands run on the spec of the README, and what they print
becomes docs/pictures/plan-*.svg and the recording session-*.svg, in a light and a dark form. Chromium, where it is installed,
shows the HTML page of the plan for page-*.png.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from urllib.request import ProxyHandler, Request, build_opener

from rich.console import Console
from rich.segment import Segment
from rich.text import Text

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
README = ROOT / "README.md"
COLUMNS, ROWS = 90, 26
"""The size of the terminal of the recording, in characters."""
CHARACTER, LINE, MARGIN = 8.0, 18, 16
"""The width of a character, the height of a line, and the space around the text, in pixels."""
ANSI = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
SESSION = ("plan", "apply --yes", "plan", "status")
CYCLE_BEFORE = "status"
"""The command before which the service runs a cycle."""
TARGET = ("--target", "tolerant", "--switch", "role_blob=display_name", "--switch", "bare_extension=attribute")
"""A SCIM server in place of Writer, as in examples/demo.py."""
TYPED, RESULT, READ = 0.03, 0.4, 0.1
"""Seconds for a letter, between a command and its output, and for each line of the output to be read."""


@dataclass(frozen=True)
class Theme:
    """The colours of a picture."""

    name: str
    background: str
    text: str
    colors: Mapping[str, str]


THEMES = (
    Theme(
        "light",
        "#ffffff",
        "#1f2328",
        MappingProxyType(
            {"red": "#b3261e", "green": "#116329", "yellow": "#7d4e00", "blue": "#0550ae", "cyan": "#0b6b75",
             "magenta": "#8250df", "dim": "#59636e"}
        ),
    ),
    Theme(
        "dark",
        "#0d1117",
        "#e6edf3",
        MappingProxyType(
            {"red": "#ff7b72", "green": "#7ee787", "yellow": "#e3b341", "blue": "#79c0ff", "cyan": "#76e3ea",
             "magenta": "#d2a8ff", "dim": "#9198a1"}
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """Lines that appear together, `at` seconds after the start; of a typed line, the letters appear one by one."""

    lines: tuple[str, ...]
    at: float
    typed: float = 0.0


# --- commands -------------------------------------------------------------------------------------------------------


@contextmanager
def tenant(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the environment of commands against a sandbox in which the application of the README exists."""
    ready = folder / "ready"
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "SCIMCONF_"))}
    serve = [sys.executable, "-m", "scimconf", "sandbox", "serve", "--port", "0", "--ready-file", str(ready), *TARGET]
    with subprocess.Popen(serve, env=plain, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            while not ready.exists():
                assert server.poll() is None, "the sandbox did not start"
                time.sleep(0.05)
            variables = {"SCIMCONF_GRAPH_URL": ready.read_text(), "WRITER_SCIM_TOKEN": "a-token-of-the-pictures"}
            environ = plain | variables | {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
            shutil.copytree(ROOT / "examples", folder / "examples")
            output("apply --yes --no-history examples/writer-new", folder, environ)
            (folder / "scimconf.yaml").write_text(spec_of(README.read_text("utf-8")), "utf-8")
            yield environ
        finally:
            server.terminate()


def cycle(environ: Mapping[str, str]) -> None:
    """Run a cycle of the service, as it would start 40 minutes after the last."""
    url = environ["SCIMCONF_GRAPH_URL"].removesuffix("/v1.0")
    request = Request(f"{url}/_sandbox/cycle", b"{}")  # noqa: S310  the sandbox on this machine
    with build_opener(ProxyHandler({})).open(request):
        return


def spec_of(readme: str) -> str:
    """Return the spec that the README shows."""
    return re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)[0]


def output(command: str, folder: Path, environ: dict[str, str]) -> list[str]:
    """Return the lines that a command prints on stdout, with their colours."""
    argv = [sys.executable, "-m", "scimconf", *command.split()]
    result = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, check=True)
    return result.stdout.replace(f"{folder.resolve()}/", "").rstrip("\n").split("\n")


def _outputs(folder: Path, environ: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    for command in SESSION:
        if command == CYCLE_BEFORE:
            cycle(environ)
        yield command, output(command, folder, environ)


# --- pictures -------------------------------------------------------------------------------------------------------


def still(lines: Sequence[str], theme: Theme) -> str:
    """Return an SVG that shows lines of a terminal."""
    body = "\n".join(_line(line, number, theme) for number, line in enumerate(lines))
    return _svg(len(lines), theme, body)


def recording(blocks: Sequence[Block], theme: Theme) -> str:
    """Return an SVG in which the blocks appear one after the other, scrolled as a terminal scrolls."""
    end = blocks[-1].at + blocks[-1].typed + 4.0
    tops = list(accumulate((len(block.lines) for block in blocks), initial=0))
    parts, rules = [], []
    for number, (block, top) in enumerate(zip(blocks, tops, strict=False)):
        lines = "\n".join(_line(line, top + index, theme) for index, line in enumerate(block.lines))
        parts.append(f'<g class="b{number}">\n{lines}\n</g>')
        rules.append(_appearance(number, block, end))
    scrolls = [(block.at, max(0, top + len(block.lines) - ROWS)) for block, top in zip(blocks, tops, strict=False)]
    rules.append(_scrolling(scrolls, end))
    still_life = "@media (prefers-reduced-motion: reduce) {g {animation: none !important}}"
    style = f"<style>{''.join(rules)}{still_life}</style>\n"
    return _svg(ROWS, theme, f'{style}<g class="all">\n' + "\n".join(parts) + "\n</g>")


def _appearance(number: int, block: Block, end: float) -> str:
    """Return the rules by which a block is hidden until its time, and typed letter by letter."""
    if not block.at:
        return ""  # visible from the start, also where a reader sees the first picture only
    start = 100 * block.at / end
    if not block.typed:
        frames = f"0%,{start:.2f}%{{opacity:0}}{start + 0.01:.2f}%,100%{{opacity:1}}"
        return f"@keyframes b{number}{{{frames}}}.b{number}{{animation:b{number} {end:.1f}s step-end infinite}}"
    letters = len(block.lines[0])
    stop = 100 * (block.at + block.typed) / end
    hidden, shown = "clip-path:inset(0 100% 0 0)", "clip-path:inset(0 0 0 0)"
    timing = f"animation-timing-function:steps({letters})"
    frames = (
        f"0%{{{hidden};animation-timing-function:step-end}}{start:.2f}%{{{hidden};{timing}}}{stop:.2f}%,100%{{{shown}}}"
    )
    return f"@keyframes b{number}{{{frames}}}.b{number}{{animation:b{number} {end:.1f}s infinite}}"


def _scrolling(scrolls: Iterable[tuple[float, int]], end: float) -> str:
    """Return the rules that move everything up when the last line would be below the picture."""
    frames = "".join(f"{100 * at / end:.2f}%{{transform:translateY(-{rows * LINE}px)}}" for at, rows in scrolls)
    return f"@keyframes all{{{frames}}}.all{{animation:all {end:.1f}s step-end infinite}}"


def _line(line: str, row: int, theme: Theme) -> str:
    """Return a line as a text element; spaces keep their width by the place of each part."""
    console, column, spans = Console(width=1000, color_system="truecolor"), 0, []
    for segment in Text.from_ansi(line).render(console):
        if segment.text.strip():
            spans.append(_span(segment, column, theme))
        column += segment.cell_length
    return f'<text y="{MARGIN + (row + 1) * LINE - 5}">{"".join(spans)}</text>'


def _span(segment: Segment, column: int, theme: Theme) -> str:
    style = segment.style
    color = theme.text
    if style and style.dim:
        color = theme.colors["dim"]
    elif style and style.color:
        color = theme.colors.get(ANSI[(style.color.number or 0) % 8], theme.text)
    weight = ' font-weight="bold"' if style and style.bold else ""
    indent = len(segment.text) - len(segment.text.lstrip())
    text = segment.text.strip()
    length = f'textLength="{len(text) * CHARACTER:g}" lengthAdjust="spacingAndGlyphs"'
    return (
        f'<tspan x="{MARGIN + (column + indent) * CHARACTER:g}" fill="{color}"{weight} {length}>{escape(text)}</tspan>'
    )


def _svg(rows: int, theme: Theme, body: str) -> str:
    width, height = round(COLUMNS * CHARACTER + 2 * MARGIN), rows * LINE + 2 * MARGIN
    font = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="{font}" font-size="13px" xml:space="preserve">\n'
        f'<rect width="100%" height="100%" rx="8" fill="{theme.background}" stroke="#8c959f" stroke-opacity="0.4"/>\n'
        f'<clipPath id="inside"><rect x="0" y="{MARGIN}" width="100%" height="{height - 2 * MARGIN}"/></clipPath>\n'
        f'<g clip-path="url(#inside)">\n{body}\n</g>\n</svg>\n'
    )


def session(outputs: Iterable[tuple[str, Sequence[str]]]) -> list[Block]:
    """Return the blocks of a recording: each command after the first is typed, its output appears, and time passes to read it."""
    blocks, at = [], 0.0
    for command, lines in outputs:
        line = f"$ scimconf {command}"
        typed = len(line) * TYPED if blocks else 0.0
        blocks += [Block(("",), at)] if blocks else []
        blocks.append(Block((line,), at, typed))
        at += typed + RESULT
        for start in range(0, len(lines), ROWS - 2):
            part = (*lines[start : start + ROWS - 2],)
            blocks.append(Block(part, at))
            at += 1.0 + len(part) * READ
    return blocks


# --- the page -------------------------------------------------------------------------------------------------------


def photograph(page: Path, theme: Theme, target: Path) -> None:
    """Save a picture of a page as a browser shows it to somebody who prefers this theme."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = str(shutil.which("chromium"))
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "hide-scrollbars", "window-size=1200,800"):
        options.add_argument(f"--{argument}")
    driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
    try:
        feature = {"features": [{"name": "prefers-color-scheme", "value": theme.name}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
        driver.get(page.as_uri())
        driver.save_screenshot(str(target))
    finally:
        driver.quit()


def main() -> int:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, tenant(folder := Path(name)) as environ:
        plan = output("plan", folder, environ)
        html = folder / "page.html"
        html.write_text("\n".join(output("plan --format html", folder, environ)), "utf-8")
        blocks = session(list(_outputs(folder, environ)))
        for theme in THEMES:
            (PICTURES / f"plan-{theme.name}.svg").write_text(still(plan, theme), "utf-8")
            (PICTURES / f"session-{theme.name}.svg").write_text(recording(blocks, theme), "utf-8")
            if shutil.which("chromium") and shutil.which("chromedriver"):
                photograph(html, theme, PICTURES / f"page-{theme.name}.png")
    print(*sorted(str(path.relative_to(ROOT)) for path in PICTURES.iterdir()), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
