"""What the laws do with a spec: write it as a file, apply it, export it, and see that nothing is left to do."""

from __future__ import annotations

from typing import Any

from scimconf.export import ExportedSpec
from scimconf.plan import Report
from scimconf.render.yaml import write_spec
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import GUARDS
from scimconf.workflow import export
from tests.properties.specs import ENVIRON
from tests.tenant_fixture import Rehearsal, changes, exit_code, told, wishes

OPEN = wishes(allow=GUARDS)


def loaded(tree: dict[str, Any]) -> Loaded:
    """The tree as a file would give it."""
    text = write_spec(tree)
    found = load("spec.yaml", lambda _path: text, ENVIRON, {})
    assert found.spec is not None, [(one.message, one.path) for one in found.diagnostics]
    return found


def applied(one: Rehearsal, spec: Loaded) -> Report:
    """The report of an apply that everything is allowed to."""
    planned = one.plan(spec, OPEN)
    assert planned.errors == (), told(planned)
    report = one.apply(planned, OPEN)
    failed = [one.detail for one in report.failed]
    assert (exit_code(report), report.error, failed) == (0, "", []), (exit_code(report), report.error, failed)
    return report


def settled(one: Rehearsal, spec: Loaded) -> None:
    """A plan is empty, and an apply of it writes nothing."""
    planned = one.plan(spec, OPEN)
    assert (planned.errors, changes(planned)) == ((), []), told(planned)
    one.forget()
    assert exit_code(one.apply(planned, OPEN)) == 0
    assert one.writes == [], one.writes


def exported(one: Rehearsal, *, full: bool) -> ExportedSpec:
    return one.run(lambda live: export(live, {"display_name": "Writer"}, "exported", "contoso.com", full=full))
