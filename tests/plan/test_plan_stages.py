"""plan() runs each stage once, and fails for steps that cannot be executed."""

import sys
from collections import Counter
from dataclasses import replace

import pytest
from tenant_fixture import WRITER, Rehearsal, everything_open, wishes

from scimconf.diagnostics import PlanError
from scimconf.impact import estimates, queries
from scimconf.kinds import KINDS
from scimconf.plan import Address
from scimconf.steps import Phase, Send
from scimconf.workflow import compilation

workflow_plan = sys.modules["scimconf.workflow.plan"]
STAGES = ("check", "key_sets", "desired", "observed", "steps", "effects")
BY_KEYS = {"assignment"}
"""The kinds whose resources are compared as sets of keys, so that neither side is made."""


class CountingKind:
    """A kind that counts how often each stage calls it; `steps` may be replaced."""

    def __init__(self, kind, calls, steps=None):
        self._kind, self._calls, self._steps = kind, calls, steps

    def __getattr__(self, name):
        value = getattr(self._kind, name)
        if name not in STAGES:
            return value

        def call(*arguments):
            self._calls[self._kind.name, name] += 1
            return value(*arguments) if name != "steps" or self._steps is None else self._steps

        return call


def use_kinds(monkeypatch, calls, **steps):
    kinds = tuple(CountingKind(kind, calls, steps.get(kind.name)) for kind in KINDS)
    monkeypatch.setattr(workflow_plan, "KINDS", kinds)


def count(monkeypatch, calls, module, name):
    function = getattr(module, name)

    def counted(*arguments, **options):
        calls[name] += 1
        return function(*arguments, **options)

    monkeypatch.setattr(module, name, counted)


@pytest.fixture
def writer():
    tenant = Rehearsal()
    planned = tenant.plan(WRITER)
    tenant.apply(planned, everything_open(planned))
    return tenant


def with_wider_scope(writer, folder):
    (folder / "people.csv").write_text((WRITER.parent / "people.csv").read_text("utf-8"), "utf-8")
    path = folder / "scimconf.yaml"
    path.write_text(WRITER.read_text("utf-8").replace("scope: assigned", "scope: all"), "utf-8")
    return writer.load(path)


def test_plan_runs_each_stage_once_and_calls_each_kind_once_per_stage(writer, tmp_path, monkeypatch):
    """Also if the impact of the changes is estimated, which reads the tenant a second time."""
    loaded, calls = with_wider_scope(writer, tmp_path), Counter()
    use_kinds(monkeypatch, calls)
    for name in ("build_changes", "states_before_and_after", "guards", "lint"):
        count(monkeypatch, calls, workflow_plan, name)
    count(monkeypatch, calls, queries, "user_query")
    count(monkeypatch, calls, estimates, "annotate")
    count(monkeypatch, calls, compilation, "diff")
    planned = writer.plan(loaded)
    (change,) = planned.plan.changes
    assert change.impact
    assert set(calls.values()) == {1}
    assert len(calls) == len(KINDS) * len(STAGES) - 2 * len(BY_KEYS) + 7


def test_plan_with_a_previous_spec_calls_desired_once_per_spec(writer, monkeypatch):
    loaded, calls = writer.load(WRITER), Counter()
    use_kinds(monkeypatch, calls)
    writer.run(lambda session: workflow_plan.plan(session, loaded, wishes(), loaded.spec))
    assert {calls[kind.name, "desired"] + (kind.name in BY_KEYS) for kind in KINDS} == {2}
    assert {calls[kind.name, "key_sets"] for kind in KINDS} == {1}
    assert {calls[kind.name, "check"] for kind in KINDS} == {1}


STEP = Send(Phase.BUILD, (Address("writer", "settings"),), "first", "POST", "/a/{x}", outputs=(("y", "id"),))


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((STEP,), r"\{x\}"),
        (
            (STEP, replace(STEP, description="second", path="/b/{y}", outputs=(("x", "id"),))),
            "first → second|second → first",
        ),
    ],
    ids=["placeholder without a producer", "cycle"],
)
def test_plan_fails_for_steps_that_cannot_be_executed(writer, tmp_path, monkeypatch, steps, message):
    """The error is raised by plan(), before the approval."""
    loaded = with_wider_scope(writer, tmp_path)
    use_kinds(monkeypatch, Counter(), settings=steps, connection=())
    with pytest.raises(PlanError, match=message):
        writer.plan(loaded)
