"""Assignments from a CSV file: a header, then one row per user (or group) and role."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import Literal

from scimconf.diagnostics import Diagnostic, Location
from scimconf.spec.nodes import unusable
from scimconf.spec.tree import CsvRows

Column = Literal["user", "group"]

MAX_ROWS = 500_000
"""Rows of one CSV file; an application in Entra ID rarely has more than 100,000 assignments."""


def read_rows(text: str, file: str, column: Column) -> tuple[CsvRows, list[Diagnostic]]:
    """Return the assignments of a CSV file, one entry for each principal, and the errors in its rows."""
    diagnostics: list[Diagnostic] = []
    rows = _Rows(column)
    for number, (line, principal, role) in enumerate(_records(text, file, column, diagnostics), 1):
        if number > MAX_ROWS:
            message, hint = f"the file has more than {MAX_ROWS:,} rows", "Move parts of it to other CSV files."
            diagnostics.append(Diagnostic("S008", message, location=Location(file, line, 1), hint=hint))
            break
        if errors := rows.errors(principal, role) or rows.add(line, principal, role):
            diagnostics += (error.located(Location(file, line, 1)) for error in errors)
    return rows.result(file), diagnostics


class _Rows:
    """Collects rows by principal; a role that many principals have is stored once."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._positions: dict[str, int] = {}
        self._principals: list[str] = []
        self._roles: list[tuple[str, ...]] = []
        self._lines = array("L")
        self._several: dict[int, dict[str, int]] = {}
        """The line of each role, for principals in several rows."""
        self._shared: dict[tuple[str, ...], tuple[str, ...]] = {}

    def errors(self, principal: str, role: str) -> Iterable[Diagnostic]:
        """Return the errors of a row by itself."""
        if not principal or not role:
            message = f"the row has no {'role' if principal else self._column}"
            return (Diagnostic("S031", message, hint=f"Write `{self._column},role` in this row, or delete it."),)
        return (*unusable(principal), *unusable(role))

    def add(self, line: int, principal: str, role: str) -> Iterable[Diagnostic]:
        """Add a row; return an error if an earlier one has this role of the principal, in any case of letters."""
        position = self._positions.setdefault(principal.casefold(), len(self._principals))
        if position == len(self._principals):
            self._principals.append(principal)
            self._roles.append(self._share((role,)))
            self._lines.append(line)
            return ()
        lines = self._several.setdefault(position, {self._roles[position][0]: self._lines[position]})
        if role in lines:
            message = f'{self._column} "{principal}" has the role "{role}" twice'
            return (Diagnostic("S032", message, hint="Delete one of the rows."),)
        lines[role] = line
        return ()

    def result(self, file: str) -> CsvRows:
        for position, lines in self._several.items():
            self._roles[position] = self._share(tuple(lines))
        more_lines = {position: tuple(lines.values()) for position, lines in self._several.items()}
        return CsvRows(file, self._column, tuple(self._principals), tuple(self._roles), self._lines, more_lines)

    def _share(self, roles: tuple[str, ...]) -> tuple[str, ...]:
        return self._shared.setdefault(roles, roles)


def _records(text: str, file: str, column: Column, diagnostics: list[Diagnostic]) -> Iterator[tuple[int, str, str]]:
    """Yield line number, principal and role of each row that is not empty."""
    import csv

    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if column not in header or "role" not in header:
            hint = f"Make `{column},role` the first line, separated by a comma."
            message = f"missing columns: expected `{column},role`"
            diagnostics.append(Diagnostic("S030", message, location=Location(file, 1, 1), hint=hint))
            return
        at, role_at = header.index(column), header.index("role")
        for record in reader:
            record.extend([""] * (len(header) - len(record)))
            principal, role = record[at].strip(), record[role_at].strip()
            if principal or role or any(map(str.strip, record)):
                yield reader.line_num, principal, role
    except csv.Error as error:
        location = Location(file, reader.line_num, 1)
        hint = "Put a cell that contains a comma in double quotes, and nothing outside of them."
        diagnostics.append(Diagnostic("S031", f"not valid CSV: {error}", location=location, hint=hint))
