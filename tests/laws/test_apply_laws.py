"""Whatever a spec says and however the service normalises: an apply makes it so, and a plan sees that."""

from __future__ import annotations

from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from scimconf.plan import Report
from scimconf.render.yaml import write_spec
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import GUARDS
from tests.laws.positions import readings, tenant
from tests.laws.profile import tried
from tests.laws.specs import ENVIRON, specs
from tests.rehearsal import Rehearsal, changes, told, wishes

OPEN = wishes(allow=GUARDS)


def loaded(tree: dict[str, Any]) -> Loaded:
    """The tree as a file would give it."""
    text = write_spec(tree)
    found = load("spec.yaml", lambda _path: text, ENVIRON, {})
    assert found.spec is not None, [(one.message, one.path) for one in found.problems]
    return found


def applied(one: Rehearsal, spec: Loaded) -> Report:
    """The report of an apply that everything is allowed to."""
    planned = one.plan(spec, OPEN)
    assert planned.comparison.problems == (), told(planned)
    report = one.apply(planned, OPEN)
    failed = [one.detail for one in report.failed]
    assert (report.exit_code, report.error, failed) == (0, "", []), (report.exit_code, report.error, failed)
    return report


def settled(one: Rehearsal, spec: Loaded) -> None:
    """A plan is empty, and an apply of it writes nothing."""
    planned = one.plan(spec, OPEN)
    assert (planned.comparison.problems, changes(planned)) == ((), []), told(planned)
    one.forget()
    assert one.apply(planned, OPEN).exit_code == 0
    assert one.writes == [], one.writes


@tried(130)
@given(specs(), readings(), st.booleans())
def test_what_was_applied_plans_to_nothing_and_is_applied_without_a_write(tree, positions, made):
    """The promise of the whole tool, under every reading of what Graph does."""
    spec = loaded(tree)
    one = tenant(positions, tree, ENVIRON, made=made)
    report = applied(one, spec)
    event(f"{len(report.outcomes) // 10 * 10} steps and more")
    settled(one, spec)
