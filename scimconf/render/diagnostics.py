"""Diagnostics as text, one per line: `file:line:col  CODE  path: message. hint`, by location, and the count at the end.

Lines are not wrapped unless a width is given, so that editors and `grep` find each on one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from scimconf.diagnostics import Diagnostic, dotted, plural
from scimconf.render.common.escaping import cells, visible
from scimconf.render.common.labels import diagnostic_sentence
from scimconf.render.terminal.page import Page

MAX_SHOWN = 100


def text(
    diagnostics: Iterable[Diagnostic],
    *,
    width: int | None = None,
    color: bool = False,
    sources: Mapping[str, str] | None = None,
) -> str:
    """Return the diagnostics; with the text of a file in `sources`, the line that one is about is shown below it.

    At most `MAX_SHOWN` are listed, errors before warnings; all are counted.
    """
    page = Page(width or 0, color)
    ordered = sorted(diagnostics, key=_order)
    listed = sorted(sorted(ordered, key=lambda diagnostic: not diagnostic.is_error)[:MAX_SHOWN], key=_order)
    lines: list[str] = []
    for diagnostic in listed:
        lines += _lines(page, diagnostic, wrapped=width is not None)
        lines += _excerpt(page, diagnostic, sources or {})
    if len(listed) < len(ordered):
        lines.append(f"… and {len(ordered) - len(listed):,} more.")
    return "\n".join([*lines, _counted(ordered)]) + "\n"


def _order(diagnostic: Diagnostic) -> tuple[str, int, int, bool, str, str, str]:
    location = diagnostic.location
    file, line, column = (location.file, location.line, location.column) if location else ("", 0, 0)
    return (file, line, column, not diagnostic.is_error, diagnostic.code, dotted(diagnostic.path), diagnostic.message)


def _lines(page: Page, diagnostic: Diagnostic, *, wrapped: bool) -> Iterator[str]:
    place = f"{diagnostic.location}  " if diagnostic.location else ""
    style, mark = ("danger", "") if diagnostic.is_error else ("replace", "warning  ")
    message = f"{mark}{diagnostic_sentence(diagnostic)}"
    if not wrapped or cells(f"{place}{diagnostic.code}  {message}") <= page.space(0):
        yield page.line(0, ("strong", place), (style, diagnostic.code), ("", f"  {message}"))
        return
    yield page.line(0, ("strong", place), (style, diagnostic.code))
    yield from page.prose(4, message)


def _excerpt(page: Page, diagnostic: Diagnostic, sources: Mapping[str, str]) -> Iterator[str]:
    """Yield the line of the file, and a mark below the column."""
    location = diagnostic.location
    lines = sources.get(location.file, "").splitlines() if location else []
    if location is None or not 0 < location.line <= len(lines):
        return
    number, line = str(location.line), lines[location.line - 1].rstrip()
    yield page.line(4, ("quiet", f"{number} | "), ("", line))
    if 0 < location.column <= len(line) + 1:
        before = cells(visible(line[: location.column - 1]))
        yield page.line(4, ("quiet", f"{' ' * len(number)} | "), ("danger", f"{' ' * before}^"))


def _counted(diagnostics: list[Diagnostic]) -> str:
    errors = sum(diagnostic.is_error for diagnostic in diagnostics)
    numbers = [(errors, "error"), (len(diagnostics) - errors, "warning")]
    return (", ".join(plural(number, word) for number, word in numbers if number) or "No errors") + "."
