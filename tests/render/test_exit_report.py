"""Tests of the Markdown report of an apply: urgent lines first, values as code, within a length."""

from datetime import UTC, datetime

import pytest

from scimconf.diagnostics import Diagnostic
from scimconf.plan import Address, ApplyStatus, ExitReport, Pause, Report, Result, StepOutcome, Tenant
from scimconf.render.markdown import exit_report
from scimconf.render.markdown.exit_report import MAX_LISTED

CONTOSO = Tenant("11111111-2222-4333-8444-555555555555", "contoso.com")
FABRIKAM = Tenant("22222222-2222-4333-8444-555555555555", "fabrikam.com")
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def rendered(*ends, tenants=(CONTOSO,), code=5, meaning="partially applied", max_length=65_536, **members):
    report = ExitReport(applications=ends, tenants=tenants, exit_code=code, meaning=meaning, **members)
    return exit_report(report, max_length=max_length)


def role(name):
    return Address("writer", "app_role", name)


def outcome(result, *names, **members):
    return StepOutcome(result, tuple(map(role, names)), "create app role", **members)


def test_exit_report_has_the_pause_first_and_then_what_failed():
    report = Report(
        "writer",
        (outcome(Result.DONE, "a"), outcome(Result.SKIPPED, "b"), outcome(Result.FAILED, "c", detail="`x|y` </h4>", hint="Do this.")),
        wrote=True, history_entry=".scimconf/history/writer/1", warnings=("a warning",), error="An error.", hint="A hint.",
        diagnostics=(Diagnostic("K001", "no such user", hint="Create it."),), status=ApplyStatus.PARTIALLY_APPLIED,
        pause=Pause.CONFIRMED, paused_since=NOON, command=f"scimconf apply 'a`b\n{'c' * 300}'",
    )  # fmt: skip
    assert rendered((CONTOSO, report)) == (
        "### scimconf apply for `contoso.com`\n\n"
        "**Exit code 5: partially applied.**\n\n"
        "#### `writer`: partially applied\n\n"
        "**Provisioning is paused since `2026-11-25 12:00:00` UTC: nobody is created, changed or disabled until an apply"
        " succeeds. Run:**\n\n"
        f"    scimconf apply 'a`b\\n{'c' * 300}'\n\n"
        "An error.\n\nA hint.\n\nWarning: a warning\n\n`K001` no such user. Create it.\n\n"
        "1 done; 1 skipped; 1 failed.\n\n"
        "Fix the problem and run apply again: it plans again and does what remains.\n\n"
        "History entry: `.scimconf/history/writer/1`\n\n"
        "- **failed**: `app_role/c`: create app role. `x|y` `</h4>`. Do this\n"
        "- **skipped**: `app_role/b`: create app role\n"
        "- done: `app_role/a`\n\n"
    )


def test_exit_report_of_an_apply_that_has_not_ended():
    assert exit_report(ExitReport(), max_length=1000) == (
        "### scimconf apply\n\n**This apply has not ended, or was killed. Plan again to see what remains.**\n\n"
    )


def test_exit_report_of_a_pause_without_a_command_says_what_to_run():
    report = Report("writer", status=ApplyStatus.PARTIALLY_APPLIED, pause=Pause.PAUSE_UNCONFIRMED)
    text = rendered((CONTOSO, report))
    assert "until an apply succeeds. Run apply again.**\n\nFix the problem" in text


def test_exit_report_names_the_tenants_of_applications_and_how_many_failed():
    text = rendered(
        (CONTOSO, Report("a")), (FABRIKAM, Report("a", status=ApplyStatus.BLOCKED)), tenants=(CONTOSO, FABRIKAM)
    )
    assert text.startswith("### scimconf apply for `contoso.com`, `fabrikam.com`\n")
    assert "1 of 2 applications not applied or not completely.**" in text
    assert "#### `a` in `contoso.com`: no changes\n\nNo changes were made.\n" in text
    assert "#### `a` in `fabrikam.com`: blocked\n" in text


def test_exit_report_lists_the_errors_of_the_whole_command_and_their_details():
    details = tuple(f"line {number}" for number in range(MAX_LISTED + 2))
    text = rendered(errors=("The plan is out of date.", "Plan again."), details=details)
    assert "The plan is out of date.\n\nPlan again.\n\n- line 0\n" in text
    assert f"- line {MAX_LISTED - 1}\n\nand 2 more\n\n" in text


@pytest.mark.parametrize("result", [Result.SKIPPED, Result.UNCONFIRMED, Result.DONE])
def test_exit_report_counts_what_is_too_much_to_list(result):
    outcomes = tuple(outcome(result, f"r{number}", detail="because") for number in range(MAX_LISTED + 1))
    text = rendered((CONTOSO, Report("writer", outcomes)))
    assert "21 roles" in text
    assert ("  - because\n" in text) == (result is not Result.DONE)
    assert "r20" not in text


def test_exit_report_shortens_long_steps_and_rows_and_names_steps_without_addresses():
    users = tuple(
        Address("writer", "assignment", f"user:u{number}@contoso.com/admin") for number in range(MAX_LISTED + 3)
    )
    report = Report("writer", (StepOutcome(Result.FAILED, users, ""), StepOutcome(Result.FAILED, (), "check the name")))
    text = rendered((CONTOSO, report))
    assert "`assignment/user:u19@contoso.com/admin` and 3 more\n" in text
    assert "- **failed**: check the name\n" in text


def test_exit_report_has_the_roles_of_a_user_in_one_row():
    roles = tuple(
        Address("writer", "assignment", f"user:ada@contoso.com/r{number:02}") for number in range(MAX_LISTED + 1)
    )
    text = rendered((CONTOSO, Report("writer", (StepOutcome(Result.DONE, roles, "assign"),), removed=frozenset(roles))))
    assert "- removed: `assignment/user:ada@contoso.com` `r00`, `r01`" in text
    assert "`r19` and 1 more\n" in text


@pytest.mark.parametrize("max_length", [1_000, 3_000, 20_000])
def test_exit_report_stays_within_its_length_and_counts_what_is_left_out(max_length):
    outcomes = tuple(outcome(Result.FAILED, f"r{number}", detail=f"{number} {'x' * 500}") for number in range(100))
    text = rendered((CONTOSO, Report("a", outcomes)), (CONTOSO, Report("b", outcomes)), max_length=max_length)
    assert len(text) <= max_length
    assert text.endswith(" more lines in the log of this run.**\n")
