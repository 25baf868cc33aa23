"""Assignments from a CSV file: a header, then one row per user (or group) and role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from scimconf.diagnostics import Diagnostic, Location
from scimconf.spec.nodes import unusable
from scimconf.spec.patterns import GUID
from scimconf.spec.tree import RowLocations, YamlList, YamlMapping

Column = Literal["user", "group"]

MAX_ROWS = 500_000
"""Rows of one CSV file; an application in Entra ID rarely has more than 100,000 assignments."""


def read_rows(text: str, file: str, column: Column) -> tuple[YamlList, list[Diagnostic]]:
    """Return the assignments of a CSV file as a spec writes them, one per principal, and the errors in its rows."""
    diagnostics: list[Diagnostic] = []
    assignments, roles_of, rows = YamlList(), dict[str, YamlList](), set[tuple[str, str]]()
    for number, (line, principal, role) in enumerate(_records(text, file, column, diagnostics), 1):
        location = Location(file, line, 1)
        if number > MAX_ROWS:
            message, hint = f"the file has more than {MAX_ROWS:,} rows", "Move parts of it to other CSV files."
            diagnostics.append(Diagnostic("S008", message, location=location, hint=hint))
            break
        if not principal or not role:
            message = f"the row has no {'role' if principal else column}"
            hint = f"Write `{column},role` in this row, or delete it."
            diagnostics.append(Diagnostic("S031", message, location=location, hint=hint))
            continue
        if errors := [*unusable(principal, location), *unusable(role, location)]:
            diagnostics += errors
            continue
        roles, row = roles_of.setdefault(principal.casefold(), YamlList()), (principal.casefold(), role)
        if row in rows:
            message = f'{column} "{principal}" has the role "{role}" twice'
            diagnostics.append(Diagnostic("S032", message, location=location, hint="Delete one of the rows."))
            continue
        if not roles:
            key = "user" if column == "user" else "id" if re.match(GUID, principal) else "name"
            entries = ((key, principal), ("roles", roles))
            assignments.add(YamlMapping(entries, RowLocations(location)), location)
        roles.add(role, location)
        rows.add(row)
    return assignments, diagnostics


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
            cells = [cell.strip() for cell in record] + [""] * (len(header) - len(record))
            if any(cells):
                yield reader.line_num, cells[at], cells[role_at]
    except csv.Error as error:
        location = Location(file, reader.line_num, 1)
        hint = "Put a cell that contains a comma in double quotes, and nothing outside of them."
        diagnostics.append(Diagnostic("S031", f"not valid CSV: {error}", location=location, hint=hint))
