"""What the repository may hold, and that what is written by a tool is fresh."""

from __future__ import annotations

import ast
import re
import runpy

import pytest

from scimconf import __version__

from .pages import ROOT, files, headings, read

TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8", "replace")
    for path in files()
    if path.suffix not in {".png", ".pyc"}
}
REGISTRIES = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".com", "pkgs.dev" + ".azure.com", "jfrog" + ".io")
MACHINES = ("/wo" + "rk/", "/ro" + "ot/", "/opt" + "/")
BOUNDARY_MODULES = {
    "azure.core": {"graph/credentials.py", "graph/secrets.py"},
    "azure.identity": {"graph/credentials.py"},
    "azure.keyvault": {"graph/secrets.py"},
}
"""The only modules that import these, which import-linter cannot distinguish: it sees one package azure."""


def having(*words, besides=()):
    return sorted(
        name for name, text in TEXTS.items() if not name.startswith(besides) and any(w in text for w in words)
    )


def test_no_package_registry_is_named():
    assert having(*REGISTRIES) == []


def test_no_path_of_any_machine_is_named():
    assert having(*MACHINES, besides=("LICENSE",)) == []


def test_only_tests_and_ci_look_beside_the_checkout():
    assert having("../sha" + "red", besides=("tests/", ".ci/")) == []


def test_the_changelog_begins_with_this_version():
    assert headings(read("CHANGELOG.md"), 2)[0] == __version__


def test_fragments_of_the_changelog_say_their_kind():
    names = [path.name for path in (ROOT / "changelog.d").iterdir()]
    assert [
        name for name in names if not re.fullmatch(r"README\.md|[\w-]+\.(added|changed|fixed|removed)\.md", name)
    ] == []


@pytest.mark.parametrize("name", ["spec.schema.json", "plan.schema.json"])
def test_the_json_schemas_are_fresh(name):
    texts = runpy.run_path(str(ROOT / "tests" / "tools" / "schemas.py"))["texts"]()
    assert read(f"schemas/{name}") == texts[name], "run `make schemas`"


def test_constraints_are_names_and_exact_versions():
    assert re.fullmatch(r"([A-Za-z0-9._-]+==[A-Za-z0-9.+!]+\n)+", read("constraints.txt"))


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{one.name}" for one in node.names)


def test_third_parties_are_imported_in_their_boundary_modules():
    others = []
    for path in sorted((ROOT / "scimconf").rglob("*.py")):
        place = path.relative_to(ROOT / "scimconf").as_posix()
        for name in imported(ast.parse(path.read_text("utf-8"))):
            others += [
                (place, name)
                for library, modules in BOUNDARY_MODULES.items()
                if f"{name}.".startswith(f"{library}.") and not place.startswith(tuple(modules))
            ]
    assert others == []
