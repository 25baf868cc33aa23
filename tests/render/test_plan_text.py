"""Text output of plans, reports and diagnostics: cases that the sample plan does not contain."""

import pytest
import rich_plan

from scimconf.diagnostics import Diagnostic, Location
from scimconf.plan import (
    Abandoned,
    Action,
    Address,
    ApplicationPlan,
    ApplyStatus,
    Change,
    Detail,
    Effect,
    FieldChange,
    Guard,
    Impact,
    Plan,
    Report,
    Resource,
    Result,
    StepOutcome,
    Tenant,
    WriteOnly,
)
from scimconf.plan.diff import diff
from scimconf.plan.redact import redact_report
from scimconf.render import diagnostics, html, markdown, text
from scimconf.render.common import effects, labels
from scimconf.render.common.change_view import change_rows, combined_sentence
from scimconf.render.common.guard_groups import guard_groups


def plan_text(*changes, width=80, **more):
    return text.plan(Plan(applications=(ApplicationPlan("a", changes=changes, **more),)), width=width)


def update(*fields, kind="settings", **more):
    return Change(Address("a", kind), Action.UPDATE, fields=fields, **more)


def diff_text(before, after, width=80):
    address = Address("a", "object_mapping", "users")
    found = diff([Resource(address, {"filters": after})], [Resource(address, {"filters": before})], {})
    return plan_text(*found.changes, width=width)


def outcomes(number, result, detail, hint="Run apply again."):
    addresses = [Address("a", "assignment", f"user:u{index:05}@contoso.com/member") for index in range(number)]
    return tuple(StepOutcome(result, (address,), f"assign {address.rest}", detail, hint) for address in addresses)


def test_text_report_shows_many_failures_with_one_reason_as_one():
    failed = outcomes(5_519, Result.FAILED, "403 Forbidden")
    skipped = outcomes(44_901, Result.SKIPPED, "not sent, because Graph is throttling requests")
    rendered = text.report([Report("a", (*failed, *outcomes(1, Result.FAILED, "other reason"), *skipped))])
    assert rendered.splitlines()[1:12] == [
        "  skipped  44,901 assignments",
        "      not sent, because Graph is throttling requests",
        "      Run apply again.",
        "  FAILED  5,519 assignments",
        "      403 Forbidden",
        "      Run apply again.",
        "      assignment/user:u00000@contoso.com, assignment/user:u00001@contoso.com,",
        "        assignment/user:u00002@contoso.com and 5,516 more",
        "  FAILED  assignment/user:u00000@contoso.com/member",
        "      assign user:u00000@contoso.com/member",
        "      other reason",
    ]
    assert rendered.count("\n") < 20


def test_text_plan_without_changes():
    assert text.plan(Plan()) == "No changes. The tenant matches the spec.\n"
    assert plan_text().endswith("  No changes.\n\nNo changes. The tenant matches the spec.\n")


def test_text_plan_summary_counts_unmanaged_drift_without_changes():
    rendered = plan_text(unmanaged_drift=(Resource(Address("a", "app_role", "x"), facts={"assignments": 2}),))
    assert "    ? app_role/x  (assignments 2)\n" in rendered
    assert rendered.endswith("\nNo changes, but 1 unmanaged resource in the tenant (drift).\n")


def test_text_plan_last_line_counts_actions():
    assert plan_text(update()).endswith("\nPlan: 0 to create, 1 to update, 0 to replace, 0 to delete.\n")


def test_text_plan_shows_short_id_of_tenant_without_domain():
    tenant = Tenant("11111111-2222-3333-4444-555555555555")
    assert text.plan(Plan(tenant, (ApplicationPlan("a"),))).startswith("Tenant: 11111111\n\na\n")


def test_text_plan_shows_source_of_write_only_value():
    first = FieldChange("secret_token", None, WriteOnly("TOKEN"), write_only=True)
    again = FieldChange("secret_token", "*", WriteOnly("TOKEN"), write_only=True)
    gone = FieldChange("secret_token", "hunter2", None, write_only=True)
    assert "secret_token  (write-only, from TOKEN)" in plan_text(update(first))
    assert "secret_token  (write-only, sent again from TOKEN)" in plan_text(update(again))
    assert "secret_token  (write-only)" in plan_text(update(gone))


def test_text_plan_shows_write_only_field_on_line_of_created_resource():
    change = Change(
        Address("a", "connection"), Action.CREATE, fields=(FieldChange("t", None, WriteOnly("T"), (), True),)
    )
    assert "  + connection  t: (write-only, from T)\n" in plan_text(change)


def test_text_plan_omits_empty_and_default_fields_of_created_resource():
    fields = {"source": "[mail]", "match": None, "apply": "always", "flow_behavior": "when_changed"}
    address = Address("a", "attribute_mapping", "users/mail")
    assert "  + attribute_mapping/users/mail  source: [mail]\n" in plan_text(
        *diff([Resource(address, fields)], [], {}).changes
    )
    unusual = diff([Resource(address, fields | {"flow_behavior": "always"})], [], {}).changes
    assert "users/mail\n      flow_behavior  always\n      source         [mail]\n" in plan_text(*unusual)


def test_text_plan_shows_default_values_of_updated_fields():
    assert "apply  on_create → always" in plan_text(
        update(FieldChange("apply", "on_create", "always"), kind="attribute_mapping")
    )


def test_text_plan_shows_added_and_removed_items_of_long_list():
    assert "filters  [a, b] → [a, c]\n" in diff_text(["a", "b"], ["a", "c"])
    before, after = [f"word{number}" for number in range(20)], [f"word{number}" for number in range(1, 21)]
    rendered = diff_text(before, after)
    assert "      filters\n        - word0\n        + word20\n" in rendered or "word0 → word20" in rendered


def test_text_plan_shows_nested_differences_by_path():
    before = [{"name": "employees", "all": [{"value": "Employee"}]}, {"name": "x", "all": []}]
    after = [{"name": "employees", "all": [{"value": "Contractor"}]}, {"name": "y", "all": []}]
    rendered = diff_text(before, after)
    assert "        employees.all[0].value: Employee → Contractor\n" in rendered
    assert "        [1].name: x → y\n" in rendered


def test_text_plan_shows_added_and_removed_keys():
    rendered = diff_text({"a": 1, "b": {"c": "d"}}, {"b": {"c": "d", "e": "f" * 90}})
    assert "        - a: 1\n" in rendered
    assert "        b.e\n        + ffff" in rendered


def test_text_plan_shows_long_nested_strings_below_their_path():
    rendered = diff_text({"a": "b" * 60}, {"a": "c" * 60})
    assert f"        a\n        - {'b' * 60}\n        + {'c' * 60}\n" in rendered


def test_text_plan_omits_position_of_string_in_list():
    rendered = diff_text(["b" * 60], ["c" * 60])
    assert f"      filters\n        - {'b' * 60}\n        + {'c' * 60}\n" in rendered


def test_text_plan_shows_detail_path_that_does_not_match_the_value():
    change = FieldChange("f", "no list", {"a": 1}, (Detail((3, "a"), 1, 2),))
    assert "        [3].a: 1 → 2\n" in plan_text(update(change))


def test_text_plan_shows_long_values_below_field_name():
    words = " ".join(["word"] * 30)
    rendered = plan_text(update(FieldChange("email", None, words)))
    assert "      email\n        - none\n        + word word" in rendered


def test_text_plan_lists_unknown_kind_last_with_its_name():
    rendered = plan_text(
        update(kind="new_kind"), update(kind="schedule"), unmanaged=(Resource(Address("a", "new_kind", "x")),)
    )
    assert rendered.index("~ schedule") < rendered.index("~ new_kind")
    assert "unmanaged: 1 new kind\n" in rendered
    assert labels.count(1200, "new_kind") == "1,200 new kinds"


def test_text_plan_groups_assignments_of_one_principal_on_one_line():
    changes = diff(
        [Resource(Address("a", "assignment", f"user:ada/{role}")) for role in ("b", "urn%3Ac")], [], {}
    ).changes
    assert "  + assignment/user:ada  b, urn:c\n" in plan_text(*changes)


def test_text_plan_marks_severe_effects():
    change = update(effects=frozenset(Effect), kind="schedule")
    rendered = plan_text(change)
    assert "      ! data is deleted\n      ! users may be disabled\n" in rendered
    assert "  full resync: 1 change re-evaluates all users\n" in rendered


def test_report_text_without_outcomes():
    assert text.report([Report("a")]) == "a\n  No changes were made.\n\n"


@pytest.mark.parametrize("status", [status for status in ApplyStatus if status is not ApplyStatus.APPLIED])
def test_report_text_says_how_to_continue(status):
    assert "  next: " in text.report([Report("a", status=status)])


def test_report_text_shows_worst_result_of_an_address():
    address = Address("a", "job")
    both = (
        StepOutcome(Result.DONE, (address,), "make it"),
        StepOutcome(Result.FAILED, (address,), "wait for it", "no"),
    )
    rendered = text.report([Report("a", both)])
    assert "  done" not in rendered
    assert "  FAILED  job\n      wait for it\n      no\n" in rendered
    assert "  1 failed.\n" in rendered


def test_diagnostics_text_without_diagnostics():
    assert diagnostics.text([]) == "No errors.\n"
    assert diagnostics.text([Diagnostic("W1", "hm", severity="warning")]) == "W1  warning  hm.\n1 warning.\n"


@pytest.mark.parametrize(
    ("line", "column", "mark"), [(1, 0, False), (1, 3, True), (1, 9, False), (0, 0, False), (7, 1, False)]
)
def test_diagnostics_text_shows_source_line_if_known(line, column, mark):
    found = Diagnostic("S1", "no", location=Location("f", line, column))
    rendered = diagnostics.text([found], sources={"f": "王: x\n"})
    assert ("    1 | 王: x\n" in rendered) == (line == 1)
    assert ("\n      |    ^\n" in rendered) == mark


def test_diagnostics_text_is_ordered_by_location():
    listed = rich_plan.diagnostics()
    assert diagnostics.text(listed) == diagnostics.text(reversed(listed))


def test_text_plan_shows_address_of_guard_with_several_possible_addresses():
    guards = (
        Guard("initial-start", "x", address=Address("a", "schedule")),
        Guard("role-in-use", "y", address=Address("a", "app_role", "r")),
    )
    rendered = plan_text(guards=guards)
    assert (
        "  ! guard initial-start: x\n      to allow: answer yes when apply asks, or pass --allow initial-start\n"
        in rendered
    )
    assert "  ! guard role-in-use at app_role/r: y\n" in rendered


def test_text_plan_shows_removal_snippet_of_abandoned_resource():
    abandoned_resources = (Abandoned(Address("a", "app_role", "old"), "app_roles.roles: {value: old, absent: true}"),)
    assert "    ? app_role/old\n        app_roles.roles: {value: old, absent: true}\n" in plan_text(
        abandoned=abandoned_resources
    )


def test_text_plan_lists_unmanaged_resources_only_if_requested():
    unmanaged_resources = (Resource(Address("a", "app_role", "x")), Resource(Address("a", "app_role", "y" * 80)))
    plan = Plan(applications=(ApplicationPlan("a", unmanaged=unmanaged_resources),))
    assert "  unmanaged: 2 roles\n\n" in text.plan(plan)
    assert "  unmanaged: 2 roles\n    . app_role/x\n    . app_role/yyy" in text.plan(plan, unmanaged=True, width=60)


def test_diagnostics_text_shows_at_most_100_diagnostics_and_counts_all():
    """Errors take precedence over warnings; the output stays ordered by location."""
    listed = [Diagnostic("W1", "hm", location=Location("f", line), severity="warning") for line in range(1, 200)]
    listed += [Diagnostic("S1", "no", location=Location("f", 1000 + line)) for line in range(60)]
    *lines, more, counted = diagnostics.text(listed).splitlines()
    assert (len(lines), more, counted) == (100, "… and 159 more.", "60 errors, 199 warnings.")
    assert (sum("  S1  " in line for line in lines), lines[0]) == (60, "f:1:0  W1  warning  hm.")
    assert "more" not in diagnostics.text(listed[:100])


def test_report_text_calls_a_deletion_removed_also_with_pseudonyms():
    kept, gone = Address("a", "assignment", "user:ada/admin"), Address("a", "assignment", "user:ada/member")
    outcomes = (StepOutcome(Result.DONE, (gone,), "remove it"), StepOutcome(Result.DONE, (kept,), "assign it"))
    report = redact_report(Report("a", outcomes, removed=frozenset({gone})), lambda text: text.replace("ada", "u1"))
    rendered = text.report([report])
    assert "  done  assignment/user:u1  admin\n  removed  assignment/user:u1  member\n" in rendered


def test_report_text_after_a_declined_plan_mentions_no_problem():
    report = Report("a", wrote=True, status=ApplyStatus.PARTIALLY_APPLIED, declined=True)
    assert "next: You did not approve the new plan. Run apply again to see it" in text.report([report])


def test_combined_sentence_names_users_and_groups_separately():
    """A switched off mapping of groups has no number of users; it does not hide the number of others."""
    off, deprovisions = (FieldChange("enabled", True, False),), frozenset({Effect.DEPROVISIONS})
    changes = [
        Change(Address("a", "object_mapping", name), Action.UPDATE, None, None, off, deprovisions, impact=impact)
        for name, impact in (("users", {Effect.DEPROVISIONS: Impact(8, 8)}), ("groups", {}))
    ]
    sentences = [combined_sentence(Effect.DEPROVISIONS, change_rows(some), []) for some in (changes, changes[1:])]
    assert sentences == ["8 of 8 users may be disabled; groups may be deleted", "groups may be deleted"]


@pytest.mark.parametrize(
    ("impact", "effect", "guard"),
    [
        (Impact(0, 12, "at_most", undetermined=12), "up to 12 of 12 users; undetermined for 12", ""),
        (
            Impact(7, 8, examples=("alan", "ada", "tim"), undetermined=1),
            "7 of 8 users: alan, ada, tim and 4 more; undetermined for 1",
            "7 of 8 users; undetermined for 1",
        ),
        (Impact(3, None, "at_most", 9, undetermined=2), "up to 3 of 9 sampled users; undetermined for 2", ""),
        (Impact(2, 8, "at_most"), "up to 2 of 8 users", ""),
        (Impact(0, 8, undetermined=8), "up to 8 of 8 users; undetermined for 8", ""),
        (Impact(0, 8, "at_least", undetermined=3), "up to 3 of 8 users; undetermined for 3", ""),
        (
            Impact(9, examples=("members of Sales", "ada", "alan", "members of HR", "tim")),
            "9 users: members of Sales, ada, alan and 2 more",
            "9 users",
        ),
    ],
)
def test_numbers_of_users_state_those_for_whom_the_effect_is_unknown(impact, effect, guard):
    """They belong to an upper bound, and their number follows the names of the others, also in guards."""
    effect_text = effects.sentence(Effect.DEPROVISIONS, (), impact).replace(" may be disabled", "")
    assert effect_text == effect
    assert effects.guard_message(Guard("initial-start", "start", impact=impact)) == f"start ({guard or effect})"


def guard(address, message="the job is in quarantine", allowed_by="", **fields):
    place = Address("a", "assignment", address) if address else None
    return Guard("quarantined", message, allowed_by, address=place, **fields)


def test_a_guard_of_several_changes_is_printed_once_with_the_first_addresses_and_their_numbers():
    many = [guard(f"user:u{number}", impact=Impact(1, 8)) for number in range(4)]
    application = ApplicationPlan("a", guards=(*many, guard("user:x", allowed_by="--allow quarantined")))
    plan = Plan(applications=(application,))
    lines = [line for line in text.plan(plan, width=200).splitlines() if "guard quarantined" in line]
    assert [line.strip() for line in lines] == [
        (
            "! guard quarantined at assignment/user:u0 (1 of 8 users), assignment/user:u1 (1 of 8 users),"
            " assignment/user:u2 (1 of 8 users) and 1 more: the job is in quarantine"
        ),
        "allowed guard quarantined at assignment/user:x: the job is in quarantine",
    ]
    comment = markdown.plan(plan)
    assert comment.count("`quarantined` at") == 2
    assert "`assignment/user:u2` (1 of 8 users) and 1 more: the job is in quarantine" in comment
    assert html.plan(plan).count("<code>assignment/user:u") == 3


def test_guards_without_an_address_or_a_number_are_separate():
    groups = guard_groups([guard(""), guard(""), guard("user:a", count=2), guard("user:b")])
    assert [list(group.places()) for group in groups] == [
        [],
        [],
        [("assignment/user:a", " (count: 2)"), ("assignment/user:b", "")],
    ]
