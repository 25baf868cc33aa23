"""Tests of the reference pages: every code, guard, exit code, switch and endpoint is explained."""

from __future__ import annotations

import json
import re

from scimconf.cli.exit_codes import PRECEDENCE, ExitCode
from scimconf.kinds.registry import ALL_GUARDS
from scimconf.plan.guards import ASKED
from scimconf.sandbox.control import PREFIX, control_routes
from scimconf.sandbox.faults import Fault
from scimconf.sandbox.server import create_app
from scimconf.sandbox.switches import table
from scimconf.spec.model import GUARDS

from .pages import ROOT, blocks, first_cells, headings, read

CODES = re.compile(r'"([A-Z]\d{3}|no-matching)"')


def test_diagnostics_pages_explain_exactly_the_codes_of_the_package():
    used = {code for path in (ROOT / "scimconf").rglob("*.py") for code in CODES.findall(path.read_text("utf-8"))}
    explained = [heading.split()[0] for heading in headings(read("docs/diagnostics.md"))]
    explained += [page.stem for page in (ROOT / "docs" / "lint").glob("*.md") if page.stem[1:].isdigit()]
    assert sorted(explained) == sorted(used)


def test_guards_page_explains_exactly_the_guards_of_the_registry():
    page = read("docs/guards.md")
    assert headings(page) == list(dict.fromkeys(headings(page)))
    assert set(headings(page)) == set(ALL_GUARDS) == set(GUARDS)


def test_guards_page_names_the_count_and_the_exemption_of_every_guard():
    sections = re.split(r"^### ", read("docs/guards.md"), flags=re.MULTILINE)[1:]
    assert [section.split()[0] for section in sections if not re.search(r"Number:.*Keys?:", section, re.DOTALL)] == []
    assert {section.split()[0] for section in sections if "`--yes` allow it." in section} == ASKED


def test_exit_codes_page_explains_exactly_the_exit_codes():
    page = read("docs/exit-codes.md")
    explained = [int(cell) for cell in first_cells(page) if cell.isdigit()]
    assert explained == sorted(map(int, ExitCode))
    assert ", ".join(map(str, map(int, PRECEDENCE))) in page.replace("\n", " ")


def test_sandbox_page_explains_exactly_the_switches():
    names = re.findall(r"^\| `(\w+)` \|", read("docs/sandbox.md").split("## Switches")[1], re.MULTILINE)
    assert names == [switch.name for switch in table()]


def test_sandbox_page_explains_exactly_the_control_endpoints():
    explained = set()
    for cell in first_cells(read("docs/sandbox.md")):
        methods, path = re.findall(r"\b[A-Z]{3,6}\b", cell), re.search(rf"{PREFIX}/\w+", cell)
        explained |= {(method, path[0]) for method in methods if path}
    routes = control_routes(create_app().state.service)
    assert explained == {(method, route.path) for route in routes for method in route.methods or () if method != "HEAD"}


def test_sandbox_page_examples_of_tenant_and_fault_are_valid():
    tenant, fault = map(json.loads, blocks(read("docs/sandbox.md"), "json"))
    service = create_app(tenant).state.service
    assert {"eve@contoso.com", "ada@contoso.com"} <= {
        user["userPrincipalName"] for user in service.tenant.documents.all("user")
    }
    assert Fault.read(fault).document() == fault | {"action": {"drop": True}}
