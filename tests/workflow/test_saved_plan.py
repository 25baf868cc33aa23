"""Tests of `workflow.saved_plan`: plans in files."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tenant_fixture import WRITER, Rehearsal

from scimconf.diagnostics import DiagnosticsError
from scimconf.plan import FailedApplication, Plan
from scimconf.render.json import plan as as_json
from scimconf.workflow.plan_all import PlanResults
from scimconf.workflow.saved_plan import changes_since, is_saved_plan, read_saved_plan, spec_paths

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def plan():
    return PlanResults([Rehearsal().plan(WRITER)]).combined_plan()


@pytest.fixture
def path(plan, tmp_path):
    file = tmp_path / "plan.json"
    file.write_text(as_json(plan))
    return str(file)


def codes(function, *arguments):
    with pytest.raises(DiagnosticsError) as error:
        function(*arguments)
    return [diagnostic.code for diagnostic in error.value.diagnostics]


def test_is_saved_plan_distinguishes_plans_from_specs(path, tmp_path):
    assert is_saved_plan(path)
    assert not is_saved_plan(str(WRITER))
    assert not is_saved_plan(str(tmp_path))


def test_read_saved_plan_reports_missing_files_and_files_that_are_not_plans(path, tmp_path):
    assert read_saved_plan(path).plan.applications[0].name == "writer"
    (tmp_path / "other.json").write_text("{}")
    assert codes(read_saved_plan, str(tmp_path / "other.json")) == ["P002"]
    assert codes(read_saved_plan, str(tmp_path / "missing.json")) == ["P001"]


def test_spec_paths_reports_missing_files_and_plans_without_paths(plan, path, tmp_path):
    saved = read_saved_plan(path)
    assert spec_paths(saved) == (plan.applications[0].paths[0],)
    moved = replace(plan.applications[0], paths=("missing.yaml",))
    assert codes(spec_paths, replace(saved, plan=Plan(applications=(moved,)))) == ["S001"]
    unnamed = replace(plan.applications[0], paths=())
    assert codes(spec_paths, replace(saved, plan=Plan(applications=(unnamed,)))) == ["P006"]
    incomplete = replace(saved.plan, failures=(FailedApplication("other", "no"),))
    assert codes(spec_paths, replace(saved, plan=incomplete)) == ["P007"]


def test_changes_since_is_empty_for_the_same_plan(plan, path):
    assert changes_since(read_saved_plan(path), plan) == ()
    fewer = replace(plan, applications=(replace(plan.applications[0], changes=plan.applications[0].changes[1:]),))
    (line,) = changes_since(read_saved_plan(path), fewer)
    assert line.startswith("writer: create of writer:application")


def test_changes_since_a_redacted_plan_compares_redacted_plans(plan, tmp_path):
    from scimconf.plan.redact import redact_plan

    redacted = redact_plan(replace(plan, options={"redact": True}))
    (tmp_path / "plan.json").write_text(as_json(redacted))
    assert changes_since(read_saved_plan(str(tmp_path / "plan.json")), plan) == ()
