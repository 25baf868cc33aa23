"""Assignments out of a CSV file: a header, then a row a role; the rows of one principal gather."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from scimconf.diagnostics import Diagnostic, Location
from scimconf.spec.model.base import GUID
from scimconf.spec.tree import CsvRows, Table

Column = Literal["user", "group"]


def read_rows(text: str, file: str, column: Column) -> tuple[CsvRows, list[Diagnostic]]:
    """The principals of a CSV file as the spec writes them, and what is wrong with its rows."""
    problems: list[Diagnostic] = []
    found = _Principals(column)
    for line, principal, role in _records(text, file, column, problems):
        where = Location(file, line, 1)
        if not principal or not role:
            missing = "role" if principal else column
            problems.append(
                Diagnostic("S031", f"the row has no {missing}", location=where, hint=f"Write `{column},role` in it.")
            )
        elif not found.add(principal, role, where):
            message = f'{column} "{principal}" has role "{role}" twice'
            problems.append(Diagnostic("S032", message, location=where, hint="Take one row out."))
    return found.rows, problems


def _records(text: str, file: str, column: Column, problems: list[Diagnostic]) -> Iterator[tuple[int, str, str]]:
    import csv

    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if column not in header or "role" not in header:
            hint = f"The first line is `{column},role`, with commas."
            problems.append(
                Diagnostic(
                    "S030", f"the columns {column} and role are wanted", location=Location(file, 1, 1), hint=hint
                )
            )
            return
        at, role_at = header.index(column), header.index("role")
        for record in reader:
            cells = [cell.strip() for cell in record] + [""] * (len(header) - len(record))
            if any(cells):
                yield reader.line_num, cells[at], cells[role_at]
    except csv.Error as error:
        problems.append(
            Diagnostic("S031", f"not readable as CSV: {error}", location=Location(file, reader.line_num, 1))
        )


class _Principals:
    """Principals in the order of their first row, each with the places of its roles."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._known: dict[str, CsvRows] = {}
        self.rows = CsvRows()

    def add(self, principal: str, role: str, where: Location) -> bool:
        """Whether the role is new for this principal."""
        roles = self._known.get(principal.casefold())
        if roles is None:
            roles = self._known[principal.casefold()] = CsvRows()
            key = self._key(principal)
            self.rows.append(Table(((key, principal), ("roles", roles)), {key: where, "roles": where}))
            self.rows.places.append(where)
        if role in roles:
            return False
        roles.append(role)
        roles.places.append(where)
        return True

    def _key(self, principal: str) -> str:
        if self._column == "user":
            return "user"
        return "id" if re.match(GUID, principal) else "name"
