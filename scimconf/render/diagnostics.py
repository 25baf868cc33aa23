"""Problems, one a line: `file:line:col  CODE  path: message. hint`, by place, and at the end how many there are.

A line is never folded unless a width is given, so that editors and `grep` find each whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from scimconf.diagnostics import Diagnostic, dotted
from scimconf.render.common.escaping import cells, visible
from scimconf.render.labels import plural
from scimconf.render.terminal.page import Page

SHOWN = 100


def text(
    problems: Iterable[Diagnostic],
    *,
    width: int | None = None,
    color: bool = False,
    sources: Mapping[str, str] | None = None,
) -> str:
    """The problems; with the text of a file in `sources`, the line a problem stands on is shown under it.

    Of very many the first are shown, errors before warnings, and all are counted: nobody reads the others.
    """
    page = Page(width or 0, color)
    ordered = sorted(problems, key=_place)
    shown = sorted(sorted(ordered, key=lambda one: not one.is_error)[:SHOWN], key=_place)
    lines: list[str] = []
    for problem in shown:
        lines += _lines(page, problem, folded=width is not None)
        lines += _excerpt(page, problem, sources or {})
    if len(shown) < len(ordered):
        lines.append(f"… and {len(ordered) - len(shown):,} more.")
    return "\n".join([*lines, _counted(ordered)]) + "\n"


def sentence(problem: Diagnostic) -> str:
    """`path: message. hint`, without the place."""
    said = _ended(problem.message)
    path = dotted(problem.path)
    return visible(" ".join(filter(None, [f"{path}: {said}" if path else said, problem.hint])))


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


def _place(problem: Diagnostic) -> tuple[str, int, int, bool, str, str, str]:
    where = problem.location
    file, line, column = (where.file, where.line, where.column) if where else ("", 0, 0)
    return (file, line, column, not problem.is_error, problem.code, dotted(problem.path), problem.message)


def _lines(page: Page, problem: Diagnostic, *, folded: bool) -> Iterator[str]:
    place = f"{problem.location}  " if problem.location else ""
    style, mark = ("danger", "") if problem.is_error else ("replace", "warning  ")
    said = f"{mark}{sentence(problem)}"
    if not folded or cells(f"{place}{problem.code}  {said}") <= page.room(0):
        yield page.line(0, ("strong", place), (style, problem.code), ("", f"  {said}"))
        return
    yield page.line(0, ("strong", place), (style, problem.code))
    yield from page.prose(4, said)


def _excerpt(page: Page, problem: Diagnostic, sources: Mapping[str, str]) -> Iterator[str]:
    """The line of the file, and a mark under the column."""
    where = problem.location
    lines = sources.get(where.file, "").splitlines() if where else []
    if where is None or not 0 < where.line <= len(lines):
        return
    number, line = str(where.line), lines[where.line - 1].rstrip()
    yield page.line(4, ("quiet", f"{number} | "), ("", line))
    if 0 < where.column <= len(line) + 1:
        before = cells(visible(line[: where.column - 1]))
        yield page.line(4, ("quiet", f"{' ' * len(number)} | "), ("danger", f"{' ' * before}^"))


def _counted(problems: list[Diagnostic]) -> str:
    errors = sum(problem.is_error for problem in problems)
    warnings = len(problems) - errors
    if not problems:
        return "No problems."
    parts = [plural(errors, "problem")] if errors else []
    return ", ".join(parts + ([plural(warnings, "warning")] if warnings else [])) + "."
