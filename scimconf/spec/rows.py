"""Assignments from a CSV file: a header, then one row per user (or group) and role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from scimconf.diagnostics import Diagnostic, Location
from scimconf.spec.patterns import GUID
from scimconf.spec.tree import YamlList, YamlMapping

Column = Literal["user", "group"]


def read_rows(text: str, file: str, column: Column) -> tuple[YamlList, list[Diagnostic]]:
    """Return the assignments of a CSV file as a spec writes them, one per principal, and the errors in its rows."""
    diagnostics: list[Diagnostic] = []
    principals = _Principals(column)
    for line, principal, role in _records(text, file, column, diagnostics):
        location = Location(file, line, 1)
        if not principal or not role:
            hint = f"Write `{column},role` in this row, or delete it."
            missing = "role" if principal else column
            diagnostics.append(Diagnostic("S031", f"the row has no {missing}", location=location, hint=hint))
        elif not principals.add(principal, role, location):
            message = f'{column} "{principal}" has the role "{role}" twice'
            diagnostics.append(Diagnostic("S032", message, location=location, hint="Delete one of the rows."))
    return principals.rows, diagnostics


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


class _Principals:
    """Collects the roles of each principal, in the order of their first rows."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._roles: dict[str, YamlList] = {}
        self.rows = YamlList()

    def add(self, principal: str, role: str, location: Location) -> bool:
        """Add a role; return False if the principal has it already."""
        roles = self._roles.get(principal.casefold())
        if roles is None:
            roles = self._roles[principal.casefold()] = YamlList()
            key = "user" if self._column == "user" else "id" if re.match(GUID, principal) else "name"
            self.rows.append(YamlMapping(((key, principal), ("roles", roles)), {key: location, "roles": location}))
            self.rows.locations.append(location)
        if role in roles:
            return False
        roles.append(role)
        roles.locations.append(location)
        return True
