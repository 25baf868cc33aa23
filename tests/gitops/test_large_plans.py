"""`show` of a plan with 5,000 changes: the limit of each forge, each format, linear time."""

from __future__ import annotations

import json
import sys

import pytest

from scimconf.plan.digest import digest
from scimconf.render.markdown import LIMITS

FORMS = ("text", "json", "markdown", "html")


def change(number):
    name = f"person{number:05}@contoso.com"
    if number % 5 == 0:
        expression = {"before": f"[extensionAttribute{number}]", "after": f'Join(" ", [givenName], "{number}")'}
        address = f"big:attribute_mapping/users/custom{number:05}"
        return _change(address, "attribute_mapping", "update", {"source": expression}, ["resync"])
    fields = {"role": {"before": None, "after": "member"}}
    return _change(f"big:assignment/user:{name}/member", "assignment", "create", fields, ["provisions"])


def _change(address, kind, action, fields, effects):
    return {"address": address, "kind": kind, "action": action, "fields": fields, "effects": effects, "reason": ""}


@pytest.fixture(scope="module")
def plan_files(tmp_path_factory):
    """Return plan files by their number of changes."""

    def make(number):
        application = {
            "name": "big", "ids": {}, "spec": {"paths": ["big.scimconf.yaml"], "digest": "d"}, "fingerprint": "f",
            "complete": True, "changes": [change(one) for one in range(number)], "unmanaged_drift": [], "unmanaged": {},
            "abandoned": [], "excluded_changes": 0, "guards": [], "warnings": [],
        }  # fmt: skip
        document = {
            "format_version": "2.0", "options": {}, "tenant": {"id": "t", "domain": "contoso.com"},
            "applications": [application],
            "summary": {"create": 0, "update": 0, "replace": 0, "delete": 0, "unmanaged_drift": 0, "guards": 0},
        }  # fmt: skip
        path = tmp_path_factory.mktemp("plans") / "plan.json"
        path.write_text(json.dumps({**document, "digest": digest(document)}), "utf-8")
        return path

    return {number: make(number) for number in (100, 1_000, 5_000)}


@pytest.mark.parametrize("forge", LIMITS)
def test_show_markdown_respects_forge_limit_and_mentions_the_artifact(forge, plan_files, run):
    code, out, _ = run(
        "show", "--full", "--format", "markdown", "--comment-marker", "plan",
        "--max-length", LIMITS[forge], plan_files[5_000],
    )  # fmt: skip
    assert code == 0
    assert LIMITS[forge] // 4 < len(out) <= LIMITS[forge]
    assert out.startswith("<!-- scimconf: plan -->\n")
    assert ("see the artifact" in out) == (LIMITS[forge] < 500_000)
    assert out.count("<details>") == out.count("</details>")


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_show_prints_all_changes_in_formats_without_limit(form, plan_files, run):
    code, out, _ = run("show", "--full", "--format", form, plan_files[5_000])
    assert code == 0
    assert "person02502@contoso.com" in out
    assert "person04999@contoso.com" in out
    assert "custom04995" in out


def count_calls(function):
    """Return the number of function calls, which does not depend on the load of the machine."""
    number = 0

    def count(_frame, event, _argument):
        nonlocal number
        number += event in ("call", "c_call")

    previous = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(previous)
    return number


@pytest.mark.parametrize("form", FORMS)
def test_show_takes_linear_time(form, plan_files, run):
    run("show", "--format", form, plan_files[100])  # imports do not count
    small, big = (
        count_calls(lambda path=path: run("show", "--redact", "--format", form, path))
        for path in (plan_files[100], plan_files[1_000])
    )
    assert big < 12 * small
