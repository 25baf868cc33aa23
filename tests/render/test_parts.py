"""Plans as JSON and HTML are written in parts: the text of a large plan is not in memory as a whole."""

from importlib import import_module

import plans

from scimconf.render import html
from scimconf.render import json as machine


def test_a_plan_is_written_in_parts_of_at_most_one_change():
    plan = plans.large(300)
    parts = list(machine.plan_parts(plan))
    assert "".join(parts) == machine.plan(plan) == machine.write(machine.plan_document(plan))
    assert max(part.count('"address"') for part in parts) == 1


def test_a_page_is_written_in_parts_and_its_rows_are_made_one_by_one(monkeypatch):
    plan = plans.large(300)
    views, module = [], import_module("scimconf.render.html.view")
    make = module._change
    monkeypatch.setattr(module, "_change", lambda row: views.append(row) or make(row))
    parts = html.plan_parts(plan)
    first = next(part for part in parts if 'class="entry' in part)
    assert len(views) == 1
    assert first.count('class="entry') == 1
    assert first.endswith("\n")
    assert len(list(parts)) > 300
    assert "".join(html.plan_parts(plan)) == html.plan(plan)
