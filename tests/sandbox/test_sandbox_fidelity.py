"""docs/fidelity.md lists each route and each switch of the sandbox, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from scimconf.sandbox.routes import ROUTES
from scimconf.sandbox.switches import table

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "fidelity.md").read_text(encoding="utf-8")
CALL = re.compile(r"^\| `(?P<method>[A-Z]+) (?P<path>/\S+)` \|(?P<cells>.*)\|$", re.MULTILINE)
SPELLINGS = re.compile(r"/(microsoft\.graph\.\w+(\(\))?|\w+\(\))\Z")


def plain(method, path):
    return f"{method} {re.sub(r'{[^}]*}', '{}', path).lower()}"


def test_fidelity_page_has_a_row_for_each_route():
    routes = [(route.method, "/" + "/".join(route.pattern)) for route in ROUTES]
    expected = {plain(method, path) for method, path in routes if not SPELLINGS.search(path)}
    rows = [plain(row["method"], row["path"]) for row in CALL.finditer(PAGE)]
    assert sorted(rows) == sorted(expected)


def test_fidelity_rows_state_behaviour_and_source():
    for row in CALL.finditer(PAGE):
        behaviour, source, _ = (cell.strip() for cell in row["cells"].split("|"))
        assert behaviour and re.fullmatch(r"[RMECTIS]( [RMECTIS])*", source), row[0]


def test_fidelity_page_names_each_switch_and_no_other():
    names = {switch.name for switch in table()}
    assert [name for name in sorted(names) if f"`{name}`" not in PAGE] == []
    mentioned = {word for word in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", PAGE)}
    assert mentioned - names == set()
