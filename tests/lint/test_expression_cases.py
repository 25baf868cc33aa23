"""Specs made from public reports, with expressions: their diagnostics, and the values for users."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from shared_specs import CASES, translate_spec

from scimconf.expressions.evaluation import Undetermined, evaluate
from scimconf.kinds import mappings
from scimconf.render.common.labels import diagnostic_sentence
from scimconf.spec.load import load
from scimconf.workflow.validate import lint, validate

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not beside this checkout")
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def case(name):
    """Return a spec of the shared cases, translated to today's keys."""
    text = translate_spec((CASES / name).read_text("utf-8"))
    loaded = load("scimconf.yaml", lambda _: text, {}, {}, lambda _: True)
    assert loaded.spec is not None
    return loaded


def codes(name):
    return [diagnostic.code for diagnostic in lint(case(name), ())]


def value(name, attributes):
    """Return the value of the only expression of a spec."""
    [expression] = [row.row.expression for row in mappings.listed(case(name).spec) if row.row.expression]
    return evaluate(expression, attributes, now=NOW)


def roles(*values):
    return {"appRoleAssignments": [{"id": "1", "value": value, "displayName": value} for value in values]}


def test_date_in_the_value_of_iif_that_is_not_chosen_is_undetermined_and_reported():
    name = "01/scimconf.yaml"
    assert codes(name) == ["L312"]
    assert value(name, {"extensionAttribute9": "31/12/2026"}) == "2026-12-31"
    outcome = value(name, {"extensionAttribute9": "on leave"})
    assert isinstance(outcome, Undetermined)
    assert "sqlravingsandotherstuff.blogspot.com" in outcome.reason
    assert "SuccessFactors guide" in outcome.reason
    [failed] = [diagnostic for diagnostic in validate(case(name), date(2026, 11, 30)) if diagnostic.code == "K510"]
    assert "sources disagree about IIF" in diagnostic_sentence(failed)


@pytest.mark.parametrize("text", ["31/12/2026", "on leave", ""])
def test_style_written_as_a_number_is_undetermined(text):
    name = "01b/scimconf.yaml"
    assert codes(name) == []
    assert isinstance(value(name, {"extensionAttribute9": text}), Undetermined)


@pytest.mark.parametrize("name", ["03/scimconf.yaml", "vendors/figma.scimconf.yaml"])
def test_role_objects_in_join_are_a_string(name):
    assert [code for code in codes(name) if code in ("L403", "L404", "L502")] == []
    assert value(name, roles("FigmaFullFigJamFullDevModeFull", "User")) == "full"
    assert value(name, roles("FigJamViewerRestricted")) == "viewerRestricted"
    assert value(name, roles("User")) == ""


def test_function_in_another_case_is_a_warning():
    assert codes("03/scimconf.yaml") == ["L102", "L102"]


@pytest.mark.parametrize("name", ["23/scimconf.yaml", "vendors/datadog.scimconf.yaml"])
def test_two_names_of_a_role_are_no_warning_where_both_are_sent(name):
    assert "L502" not in codes(name)
