"""Markdown plan for pull request comments: contents, maximum length and truncation."""

from dataclasses import replace
from pathlib import Path

import plans
import pytest
import rich_plan
from call_counter import calls
from golden_files import golden_text, lines_that_differ

from scimconf.plan import Action, Address, ApplicationPlan, Change, FieldChange, Guard, Impact, Plan, Resource, Tenant
from scimconf.render import markdown
from scimconf.render.common.effects import users
from scimconf.render.markdown.escaping import size
from scimconf.render.markdown.truncation import MarkdownPart, SectionGroup, fill, fit, shares

GOLDEN = Path(__file__).parent / "pages"
RENDERED = {
    "plan.md": lambda: markdown.plan(plans.rich(), marker="plan"),
    "plan-bitbucket.diff": lambda: lines_that_differ(
        markdown.plan(plans.rich(), marker="plan"),
        markdown.plan(plans.rich(), max_length=markdown.LIMITS["bitbucket"], marker="plan", as_html=False),
    ),
    "plan-4000.md": lambda: markdown.plan(plans.rich(), max_length=4_000),
    "plan-nothing.md": lambda: markdown.plan(Plan(Tenant("1", "contoso.com"), (rich_plan.idle(),))),
}


@pytest.mark.parametrize("name", RENDERED)
def test_markdown_plan_matches_golden_file(name):
    file, rendered = GOLDEN / name, RENDERED[name]()
    assert rendered == golden_text(file, rendered)


def plan_of(*changes, **more):
    return Plan(applications=(ApplicationPlan("a", changes=changes, **more),))


def change(number, text="x"):
    fields = (FieldChange("description", None, text),)
    return Change(Address("a", "app_role", f"role{number:04}"), Action.CREATE, fields=fields)


# --- contents ------------------------------------------------------------------------------------------------------


def test_markdown_plan_shows_summary_effects_and_guards_before_applications():
    rendered = markdown.plan(plans.rich())
    marks = ["### scimconf plan", "**Plan: ", "guards block", "**Effects on users**", "**Guards**", "<details>"]
    places = [rendered.index(mark) for mark in marks]
    assert places == sorted(places)


def test_markdown_effects_name_their_causes():
    assert "- **deprovisions**: users may be disabled (1 object mapping, 1 attribute mapping, 1 role, 3 users)" in (
        markdown.plan(plans.rich())
    )


def test_markdown_effects_count_principals_other_than_users_and_groups():
    from scimconf.plan import Effect

    address = Address("a", "assignment", "servicePrincipal:daemon/reader")
    assert "(1 other principal)" in markdown.plan(
        plan_of(Change(address, Action.DELETE, effects=frozenset({Effect.DEPROVISIONS})))
    )


def test_markdown_plan_shows_guard_count_if_message_lacks_it():
    rendered = markdown.plan(
        plan_of(guards=(Guard("a-b", "too many", count=1_200), Guard("c-d", "12 of them", count=12)))
    )
    assert "too many (count: 1,200)." in rendered
    assert "12 of them. " in rendered


def test_markdown_marks_a_partial_plan():
    rendered = markdown.plan(Plan(applications=(rich_plan.figma(), rich_plan.idle())))
    assert "| `figma`, partial plan |" in rendered
    assert "**Partial plan.** The template's defaults are known only once the application exists" in rendered


def test_markdown_plan_of_one_application_has_no_table():
    assert "| application |" not in markdown.plan(plan_of(change(1)))


def test_markdown_verdict_counts_drift():
    rendered = markdown.plan(plan_of(unmanaged_drift=(Resource(Address("a", "app_role", "x")),)))
    assert "**No changes, but 1 unmanaged resource in the tenant (drift).**" in rendered


@pytest.mark.parametrize(
    ("tenant", "title"),
    [
        (Tenant(), "### scimconf plan\n"),
        (Tenant("1"), "### scimconf plan for `1`\n"),
        (Tenant("1", "a.b"), "### scimconf plan for `a.b`\n"),
    ],
)
def test_markdown_title_names_the_tenant_if_known(tenant, title):
    assert markdown.plan(Plan(tenant)).startswith(title)
    assert markdown.plan(Plan(tenant), command="drift").startswith(title.replace("plan", "drift"))


@pytest.mark.parametrize(
    ("impact", "shown"),
    [
        (Impact(1, precision="at_most", total=1, population="assigned"), "up to 1 of 1 user who is assigned"),
        (Impact(0, total=1, population="assigned"), "0 of 1 user who is assigned"),
        (Impact(0, precision="at_most", total=0, population="assigned"), "0 users (no user is assigned)"),
        (Impact(0, total=0, population="in_scope"), "0 of 0 users in scope"),
        (Impact(1, population="assigned"), "1 user who is assigned"),
        (Impact(1, total=2, population="assigned"), "1 of 2 users who are assigned"),
        (Impact(1, sample_size=1, population="assigned"), "1 of 1 sampled users who are assigned"),
    ],
)
def test_numbers_of_users_agree_with_their_nouns(impact, shown):
    assert users(impact) == shown


# --- the marker ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marker", "line"),
    [
        ("plan/writer", "<!-- scimconf: plan/writer -->"),
        ("a --> <b>", "<!-- scimconf: a -_ _b_ -->"),
        ("x--!>y", "<!-- scimconf: x-__y -->"),
        ("", "<!-- scimconf:  -->"),
    ],
)
def test_markdown_marker_is_a_hidden_first_line(marker, line):
    assert markdown.plan(Plan(), marker=marker).splitlines()[0] == line


def test_markdown_plan_without_html_contains_no_tags():
    rendered = markdown.plan(plans.rich(), marker="plan", as_html=False)
    assert rendered.startswith("[//]: # (scimconf: plan)\n\n")
    assert "<" not in rendered.replace("```mermaid", "")


# --- maximum length ------------------------------------------------------------------------------------------------


MOST = [*range(0, 1_000, 23), *range(1_000, 12_000, 211), *markdown.LIMITS.values()]
ROOM = [
    pytest.param(as_html, most, marks=[] if number % 2 == as_html else pytest.mark.slow)
    for number, most in enumerate(MOST)
    for as_html in (True, False)
]
"""Every limit in both forms; by default each limit in one of them."""


@pytest.mark.parametrize(("as_html", "most"), ROOM)
def test_markdown_plan_respects_max_length(most, as_html):
    assert size(markdown.plan(plans.rich(), max_length=most, marker="plan", as_html=as_html)) <= most


LARGE = [
    pytest.param(applications, most, marks=[] if number % 3 == at else pytest.mark.slow)
    for number, most in enumerate([40, 1_000, *markdown.LIMITS.values()])
    for at, applications in enumerate([1, 7, 300])
]
"""Every limit with every number of applications; by default each limit with one of them."""


@pytest.mark.parametrize(("applications", "most"), LARGE)
def test_markdown_plan_of_large_plan_respects_max_length(most, applications):
    rendered = markdown.plan(plans.large(3_000, applications), max_length=most)
    assert size(rendered) <= most
    assert rendered.count("<details>") == rendered.count("</details>")
    assert rendered.count("```") % 2 == 0


def test_markdown_plan_is_not_truncated_if_it_fits():
    whole = markdown.plan(plans.large(900, 3), max_length=1_000_000)
    assert markdown.plan(plans.large(900, 3), max_length=len(whole)) == whole
    assert "see the artifact" not in whole


def count_shown_and_omitted(rendered, noun):
    import re

    omitted = sum(int(found.replace(",", "")) for found in re.findall(rf"([\d,]+) more {noun}", rendered))
    return rendered.count("+ app_role/"), omitted


def test_truncated_markdown_plan_counts_omitted_changes():
    plan = plan_of(*(change(number, "y" * 80) for number in range(2_000)))
    shown, omitted = count_shown_and_omitted(markdown.plan(plan, max_length=20_000), "changes")
    assert shown + omitted == 2_000
    assert shown > 80


def test_truncated_markdown_plan_counts_omitted_applications():
    plan = Plan(
        applications=tuple(ApplicationPlan(f"a{number}", changes=(change(number),) * 3) for number in range(300))
    )
    rendered = markdown.plan(plan, max_length=10_000)
    shown, omitted = count_shown_and_omitted(rendered, "changes")
    assert shown + omitted == 900
    assert "more applications, see the artifact.**" in rendered


def test_truncated_markdown_plan_counts_applications_without_changes():
    plan = Plan(applications=tuple(replace(rich_plan.idle(), name=f"idle{number}") for number in range(300)))
    assert "more applications, see the artifact.**" in markdown.plan(plan, max_length=3_000).splitlines()[-1]


def test_truncated_markdown_plan_skips_oversized_change_and_shows_others():
    rendered = markdown.plan(plan_of(change(1, "y" * 90_000), change(2), change(3)))
    assert "**1 more change, see the artifact.**" in rendered
    assert count_shown_and_omitted(rendered, "change,") == (2, 1)


def test_truncated_markdown_plan_of_one_oversized_change_shows_only_the_count():
    assert "**1 more change in 1 more application, see the artifact.**" in markdown.plan(
        plan_of(change(1, "y" * 90_000))
    )


def test_truncated_markdown_plan_counts_omitted_guards():
    many = tuple(Guard(f"guard-{number}", "stops") for number in range(3_000))
    rendered = markdown.plan(plan_of(change(1), guards=many), max_length=8_000)
    assert "more guards, see the artifact." in rendered
    assert "+ app_role/role0001" in rendered


def test_size_counts_utf16_code_units():
    assert size("🙂a王") == 4
    plan = plan_of(*(change(number, "🙂" * 20) for number in range(300)))
    assert len(markdown.plan(plan, max_length=9_000).encode("utf-16-le")) // 2 <= 9_000


@pytest.mark.parametrize("most", [65_536, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_markdown_plan_takes_linear_time(most):
    def work(number):
        plan = plans.large(number)
        return calls(lambda: markdown.plan(plan, max_length=most))

    assert work(5_000) < 15 * work(500)


# --- distribution of the available space ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("needs", "space", "expected"),
    [
        ([], 10, []),
        ([5, 5], 10, [5, 5]),
        ([100, 9_000, 9_000], 6_100, [100, 3_000, 3_000]),
        ([9_000, 200], 3_000, [2_800, 200]),
        ([9_000, 9_000, 9_000], 2_000, [1_000, 1_000, 0]),
        ([9_000, 9_000], 10, [10, 0]),
        ([200, 9_000, 300], 1_500, [200, 1_000, 300]),
        ([200, 9_000, 9_000, 300], 1_500, [200, 1_300, 0, 0]),
    ],
)
def test_shares_distributes_unused_space(needs, space, expected):
    assert shares(needs, space) == expected


def test_fill_stops_after_first_part_that_does_not_fit():
    assert fill([MarkdownPart("aaa"), MarkdownPart("bbbb", 2), MarkdownPart("c")], 6) == ("aaa", 3)
    assert fill([MarkdownPart("a" * 9), MarkdownPart("bb"), MarkdownPart("c")], 3) == ("bbc", 1)


def test_fit_omits_group_if_no_part_fits():
    assert fit(SectionGroup("head", (MarkdownPart("xxxxx", 3),), "tail"), 9) == ("", 3)
    assert fit(SectionGroup("head", (MarkdownPart("xxxxx", 3),), "tail"), 13) == ("headxxxxxtail", 0)


def test_markdown_diff_separates_multiline_changes_by_blank_lines():
    long = change(2, "z" * 80)
    rendered = markdown.plan(plan_of(change(1), long, change(3), change(4)))
    block = rendered.partition("```diff\n")[2].partition("```")[0]
    gaps = [not line for line in block.splitlines()]
    assert gaps == [False, True, False, False, True, False, False]


def test_markdown_diagram_draws_unchanged_function_once():
    fields = (FieldChange("match", None, 1), FieldChange("source", "Trim([a])", "Trim([a])"))
    plan = plan_of(Change(Address("a", "attribute_mapping", "users/x"), Action.UPDATE, fields=fields))
    assert "-.->" not in markdown.plan(plan)


def test_markdown_diagram_counts_mappings_beyond_its_limit():
    assert " 60 more changed mappings are not drawn." in markdown.plan(plans.large(300), max_length=1_000_000)


def test_truncated_markdown_plan_drops_diagram_before_changes():
    whole = markdown.plan(plans.large(30))
    assert "```mermaid" in whole
    assert "```mermaid" not in markdown.plan(plans.large(30), max_length=len(whole) - 1)
    assert "see the artifact" not in markdown.plan(plans.large(30), max_length=len(whole) - 1)
