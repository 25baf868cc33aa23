"""Tests of the repository: forbidden references, the changelog, and files that tools generate."""

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
    "azure.core": {"graph/blob_storage.py", "graph/credentials.py", "graph/secrets.py"},
    "azure.identity": {"graph/credentials.py"},
    "azure.keyvault": {"graph/secrets.py"},
    "azure.storage": {"graph/blob_storage.py"},
}
"""The only modules that import these, which import-linter cannot distinguish: it sees one package azure."""


def files_containing(*words, excluding=()):
    """Return the names of the files that contain one of the words, except those with an excluded prefix."""
    return sorted(
        name for name, text in TEXTS.items() if not name.startswith(excluding) and any(w in text for w in words)
    )


def test_repository_names_no_package_registry():
    assert files_containing(*REGISTRIES) == []


def test_repository_contains_no_machine_specific_path():
    assert files_containing(*MACHINES, excluding=("LICENSE",)) == []


def test_only_tests_and_ci_refer_to_the_parent_folder_of_the_checkout():
    assert files_containing("../sha" + "red", excluding=("tests/", ".ci/")) == []


def test_changelog_begins_with_the_package_version():
    assert headings(read("CHANGELOG.md"), 2)[0] == __version__


def test_changelog_fragment_names_contain_their_category():
    names = [path.name for path in (ROOT / "changelog.d").iterdir()]
    assert [
        name
        for name in names
        if not re.fullmatch(r"README\.md|template\.jinja|[\w-]+\.(added|changed|fixed|removed)\.md", name)
    ] == []


@pytest.mark.parametrize("name", ["spec.schema.json", "plan.schema.json", "preset.schema.json"])
def test_json_schema_files_are_up_to_date(name):
    texts = runpy.run_path(str(ROOT / "tests" / "tools" / "schemas.py"))["texts"]()
    assert read(f"schemas/{name}") == texts[name], "run `make schemas`"


def test_constraints_file_contains_only_names_with_exact_versions():
    assert re.fullmatch(r"([A-Za-z0-9._-]+==[A-Za-z0-9.+!]+\n)+", read("constraints.txt"))


def imported_names(tree):
    """Yield the absolute names that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_azure_libraries_are_imported_only_in_their_boundary_modules():
    violations = []
    for path in sorted((ROOT / "scimconf").rglob("*.py")):
        module = path.relative_to(ROOT / "scimconf").as_posix()
        for name in imported_names(ast.parse(path.read_text("utf-8"))):
            violations += [
                (module, name)
                for library, modules in BOUNDARY_MODULES.items()
                if f"{name}.".startswith(f"{library}.") and not module.startswith(tuple(modules))
            ]
    assert violations == []
