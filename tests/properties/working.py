"""Operations of the property tests: load a tree as a spec, apply it, export it, and assert that it has no changes."""

from __future__ import annotations

from typing import Any

from scimconf.export import ExportedSpec
from scimconf.plan import Report
from scimconf.render.yaml import write_spec
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import GUARDS
from scimconf.workflow.export import export
from tests.properties.specs import ENVIRON
from tests.tenant_fixture import Rehearsal, changes, exit_code, told, wishes

ALLOW_ALL = wishes(allow=GUARDS)


def load_tree(tree: dict[str, Any]) -> Loaded:
    """Return the tree as loaded from a file."""
    text = write_spec(tree)
    found = load("spec.yaml", lambda _path: text, ENVIRON, {}, lambda _: True)
    assert found.spec is not None, [(one.message, one.path) for one in found.diagnostics]
    return found


def apply_spec(tenant: Rehearsal, spec: Loaded) -> Report:
    """Return the report of an apply with all guards allowed."""
    planned = tenant.plan(spec, ALLOW_ALL)
    assert planned.errors == (), told(planned)
    report = tenant.apply(planned, ALLOW_ALL)
    failed = [one.detail for one in report.failed]
    assert (exit_code(report), report.error, failed) == (0, "", []), (exit_code(report), report.error, failed)
    return report


def assert_no_changes(tenant: Rehearsal, spec: Loaded) -> None:
    """Assert that the plan is empty and that its apply writes nothing."""
    planned = tenant.plan(spec, ALLOW_ALL)
    assert (planned.errors, changes(planned)) == ((), []), told(planned)
    tenant.forget()
    assert exit_code(tenant.apply(planned, ALLOW_ALL)) == 0
    assert tenant.writes == [], tenant.writes


def export_spec(tenant: Rehearsal, *, full: bool) -> ExportedSpec:
    return tenant.run(lambda live: export(live, {"display_name": "Writer"}, "exported", "contoso.com", full=full))
