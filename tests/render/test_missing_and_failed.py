"""Missing users and groups, and applications that could not be planned, are visible in every format of a plan."""

from __future__ import annotations

import json

import pytest

from scimconf.diagnostics import Diagnostic
from scimconf.plan import (
    Action,
    Address,
    ApplicationPlan,
    Change,
    FailedApplication,
    MissingPrincipal,
    Plan,
    Resource,
    Tenant,
)
from scimconf.plan.file import read
from scimconf.render import html, markdown, text
from scimconf.render import json as as_json
from scimconf.render.common.verdict import verdict

ROLE = Address("writer", "app_role", "admin")
CHANGE = Change(ROLE, Action.CREATE, after=Resource(ROLE))
FAILED = FailedApplication(
    "broken", "GET /servicePrincipals answered 403 Denied", "Grant it.", ("broken/scimconf.yaml",)
)
FORMATS = {"text": text.plan, "json": as_json.plan, "markdown": markdown.plan, "html": html.plan}


def missing(type_="user", name="grace@contoso.com", severity="warning"):
    message = f"{name} was deleted on 28 Nov 2026 and is in the recycle bin"
    diagnostic = Diagnostic("K811", message, ("assignments", "users", 2), hint="Remove the entry.", severity=severity)
    place = Address("writer", "assignment", f"{type_}:{name}/admin")
    return MissingPrincipal(type_, name, (place,), diagnostic, "2026-11-28")


def plan(*applications, failures=()):
    return Plan(Tenant("t", "contoso.com"), applications, {}, failures)


WRITER = ApplicationPlan("writer", missing=(missing(), missing("group", "Sales", "error")))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (plan(WRITER), "No changes, but 2 listed users or groups are missing (drift); 1 of them prevents an apply."),
        (
            plan(ApplicationPlan("writer", missing=(missing("group", "Sales", "error"),))),
            "No changes, but 1 listed user or group is missing (drift); it prevents an apply.",
        ),
        (
            plan(ApplicationPlan("writer", missing=(missing("group", "A", "error"), missing("group", "B", "error")))),
            "No changes, but 2 listed users or groups are missing (drift); 2 of them prevent an apply.",
        ),
        (
            plan(ApplicationPlan("writer", changes=(CHANGE,), missing=(missing("group", "Sales", "error"),))),
            (
                "Plan: 1 to create, 0 to update, 0 to replace, 0 to delete. 1 listed user or group is missing; it prevents an"
                " apply."
            ),
        ),
        (
            plan(ApplicationPlan("writer", changes=(CHANGE,), missing=(missing(),))),
            "Plan: 1 to create, 0 to update, 0 to replace, 0 to delete. 1 listed user or group is missing.",
        ),
        (
            plan(ApplicationPlan("writer", missing=(missing(),), unmanaged_drift=(Resource(ROLE),))),
            "No changes, but 1 unmanaged resource in the tenant and 1 listed user or group is missing (drift).",
        ),
        (plan(failures=(FAILED,)), "1 of 1 application could not be planned."),
        (
            plan(ApplicationPlan("a"), failures=(FAILED,)),
            "1 of 2 applications could not be planned. The others have no changes.",
        ),
        (
            plan(ApplicationPlan("a", changes=(CHANGE,)), failures=(FAILED,)),
            "1 of 2 applications could not be planned. Plan: 1 to create, 0 to update, 0 to replace, 0 to delete.",
        ),
        (
            plan(ApplicationPlan("a", not_compared=("assignment",))),
            "No changes in the selected addresses (assignments not compared).",
        ),
        (
            plan(ApplicationPlan("a", excluded_changes=2, not_compared=("assignment", "made_up"))),
            "No changes in the selected addresses (2 changes excluded, assignments and made up not compared).",
        ),
    ],
)
def test_verdict_names_missing_principals_and_failures(given, expected):
    assert verdict(given) == expected


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_shows_a_failed_application(name):
    """Neither alone nor beside others does a failed application look like one without changes."""
    for applications in ((), (ApplicationPlan("idle"),)):
        rendered = FORMATS[name](plan(*applications, failures=(FAILED,)))
        assert "broken" in rendered
        assert "GET /servicePrincipals answered 403 Denied" in rendered.replace("`", "")
        assert "The tenant matches the spec" not in rendered
        assert "could not be planned" in rendered or name == "json"
        assert "failed" in rendered or name == "json"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_shows_missing_principals(name):
    rendered = " ".join(FORMATS[name](plan(WRITER)).replace("`", "").split())
    assert "grace@contoso.com was deleted on 28 Nov 2026 and is in the recycle bin" in rendered
    assert "Sales was deleted on 28 Nov 2026 and is in the recycle bin" in rendered
    assert "The tenant matches the spec" not in rendered
    assert "No changes. " not in rendered.partition("missing")[2]


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
@pytest.mark.parametrize(
    ("excluded", "part"), [(0, "assignments not compared"), (2, "2 changes, assignments not compared")]
)
def test_formats_say_what_was_not_compared(name, excluded, part):
    rendered = FORMATS[name](plan(ApplicationPlan("a", excluded_changes=excluded, not_compared=("assignment",))))
    assert part in " ".join(rendered.split())


def test_text_of_missing_and_failed_rows():
    rendered = text.plan(plan(WRITER, failures=(FAILED,)), width=100)
    assert rendered == (
        "Tenant: contoso.com\n\n"
        "writer\n\n"
        "  No changes.\n\n"
        "  missing: listed in the spec, not in the tenant; nothing is assigned to them\n"
        "    ? user:grace@contoso.com  warning K811: assignments.users[2]: grace@contoso.com was deleted\n"
        "        on 28 Nov 2026 and is in the recycle bin. Remove the entry.\n"
        "    ! group:Sales  error K811: assignments.users[2]: Sales was deleted on 28 Nov 2026 and is in\n"
        "        the recycle bin. Remove the entry.\n\n"
        "broken\n"
        "  broken/scimconf.yaml\n\n"
        "  ! failed: GET /servicePrincipals answered 403 Denied. Grant it.\n\n"
        "writer  no changes, 2 missing\n"
        "broken  failed\n"
        "1 of 2 applications could not be planned. No changes, but 2 listed users or groups are missing\n"
        "  (drift); 1 of them prevents an apply.\n"
    )


def test_markdown_has_a_row_and_a_reason_for_a_failed_application():
    rendered = markdown.plan(plan(WRITER, failures=(FAILED, FailedApplication("x|y", "Is it <b>bold</b>?"))))
    assert "**2 of 3 applications could not be planned. No changes, but 2 listed users or groups" in rendered
    assert "- `broken` (`broken/scimconf.yaml`): failed: " in rendered
    assert "| `broken`: **failed** | | | | | | | | |" in rendered
    assert "`<b>bold</b>`?" in rendered


def test_json_of_missing_and_failed_rows_is_read_back():
    written = as_json.plan(plan(WRITER, failures=(FAILED,)))
    document = json.loads(written)
    assert document["failures"] == [
        {
            "name": "broken",
            "message": "GET /servicePrincipals answered 403 Denied",
            "hint": "Grant it.",
            "paths": ["broken/scimconf.yaml"],
        }
    ]
    assert (document["summary"]["missing"], document["summary"]["failures"]) == (2, 1)
    saved = read(written, "plan.json").plan
    assert saved.failures == (FAILED,)
    assert [(row.type, row.name, row.deleted, row.is_error) for row in saved.applications[0].missing] == [
        ("user", "grace@contoso.com", "2026-11-28", False),
        ("group", "Sales", "2026-11-28", True),
    ]
    assert as_json.plan(saved) == written
