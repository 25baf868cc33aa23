"""Renderers escape control characters and other hostile values of a tenant or a spec."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimconf.diagnostics import Diagnostic, Location
from scimconf.plan import (
    Action,
    Address,
    ApplicationPlan,
    Change,
    FieldChange,
    Guard,
    Plan,
    Report,
    Resource,
    Result,
    StepOutcome,
    Tenant,
)
from scimconf.plan.diff import diff
from scimconf.render import diagnostics, text
from scimconf.render import json as machine
from scimconf.render.common.escaping import cells, pad, visible, wrap
from scimconf.steps import Phase, Send

HOSTILE = {
    "escape": ("\x1b[2J\x1b[31mred\x1b[0m", "\\x1b[2J"),
    "c1": ("\x9b31mred", "\\x9b31m"),
    "title": ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
    "bidi": ("admin\u202etxt.exe", "admin\\u202etxt.exe"),
    "isolate": ("\u2066ada\u2069", "\\u2066ada\\u2069"),
    "newline": ("one\r\nPlan: 0 to create", "one\\r\\nPlan:"),
    "separator": ("one\u2028two", "one\\u2028two"),
    "tab": ("a\tb", "a\\tb"),
    "zero width": ("ad\u200bmin", "ad\\u200bmin"),
    "no-break space": ("a\xa0b", "a\\xa0b"),
    "surrogate": ("\ud800", "\\ud800"),
    "tag": ("a\U000e0041b", "a\\U000e0041b"),
    "markup": ("[red]not red[/red] [link=file:///etc]x[/link]", "[red]not red[/red] [link=file:///etc]x[/link]"),
    "backslashes": (r"^\d+\.\d{2}$", r"^\d+\.\d{2}$"),
    "wide": ("王小明" * 40, "王小明王小明"),
    "long": ("x" * 10_000, "xxxxxxxx"),
}


def render_everywhere(value):
    """Return every rendering of a plan, a report, steps and diagnostics with the value in each string."""
    address = Address(value, "attribute_mapping", f"users/{value}")
    field = FieldChange(value, value, [value, {value: value}])
    change = Change(address, Action.UPDATE, fields=(field, FieldChange("a", value, f"{value}!")), reason=value)
    swap = diff([Resource(Address(value, "assignment", f"{value}/new"))], [], {}).changes
    diagnostic = Diagnostic(value, value, (value, 1), Location(value, 1, 1), value)
    plan = ApplicationPlan(
        value,
        {"service_principal": value},
        (value,),
        changes=(change, *swap),
        unmanaged_drift=(Resource(address, facts={"id": value}),),
        unmanaged=(Resource(address),),
        guards=(Guard(value, value, address=address), Guard(value, value, value)),
        warnings=(diagnostic,),
    )
    outcome = StepOutcome(Result.FAILED, (address,), value, value, value)
    report = Report(
        value,
        (outcome, StepOutcome(Result.DONE, (address,), value)),
        True,
        value,
        (value,),
        value,
        value,
        (diagnostic,),
        5,
    )
    send = Send(Phase.BUILD, (address,), value, "POST", value, {value: value}, outputs=((value, value),))
    return [
        text.plan(Plan(Tenant(value, value), (plan, plan))),
        text.plan(Plan(Tenant(value, value), (plan, plan)), width=40),
        text.report([report]),
        text.steps([send]),
        diagnostics.text([diagnostic], sources={value: value}),
        machine.plan(Plan(Tenant(value, value), (plan, plan))),
        machine.diagnostics([diagnostic]),
    ]


@pytest.mark.parametrize("value", [value for value, _ in HOSTILE.values()], ids=list(HOSTILE))
def test_renderers_write_no_terminal_control_characters(value):
    for rendered in render_everywhere(value):
        assert all(line.isprintable() for line in rendered.split("\n"))
        assert "\nPlan: 0 to create" not in rendered
        rendered.encode()


@pytest.mark.parametrize(("value", "shown"), HOSTILE.values(), ids=list(HOSTILE))
def test_visible_escapes_hostile_value(value, shown):
    assert shown in visible(value)
    if len(value) < 1000:
        assert shown in text.steps([Send(Phase.BUILD, (), value, "POST", "/")], width=900)


@given(st.text())
def test_json_plan_keeps_exact_string(value):
    change = Change(Address("a", "b"), Action.UPDATE, fields=(FieldChange("f", None, value),))
    read = json.loads(machine.plan(Plan(applications=(ApplicationPlan("a", changes=(change,)),))))
    assert read["applications"][0]["changes"][0]["fields"]["f"]["after"] == value


@given(st.text())
def test_visible_is_printable_and_idempotent(value):
    assert visible(value).isprintable()
    assert visible(visible(value)) == visible(value)


@given(st.text(st.characters(exclude_categories=["C", "Z", "M"]) | st.just(" "), max_size=200), st.integers(2, 50))
def test_wrap_keeps_all_characters_and_the_width(value, width):
    lines = wrap(value, width)
    assert "".join(lines).replace(" ", "") == value.replace(" ", "")
    assert all(cells(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("value", "width", "lines"),
    [
        ("", 10, [""]),
        ("aaa bbb ccc", 7, ["aaa bbb", "ccc"]),
        ("aaa   bbb", 5, ["aaa", "bbb"]),
        ("https://example.com/scim", 12, ["https://", "example.com/", "scim"]),
        ("aaaa,bbbbbb", 6, ["aaaa,", "bbbbbb"]),
        ("abcdef", 4, ["abcd", "ef"]),
        ("王小明王", 5, ["王小", "明王"]),
        ("e\u0301" * 3, 2, ["e\u0301e\u0301", "e\u0301"]),
        ("王", 1, ["王"]),
        ("ab", 0, ["a", "b"]),
    ],
)
def test_wrap_breaks_at_spaces_then_punctuation_then_anywhere(value, width, lines):
    assert wrap(value, width) == lines


@pytest.mark.parametrize(("value", "width"), [("ada", 3), ("王小", 4), ("e\u0301", 1), ("🙂", 2)])
def test_cells_and_pad_count_terminal_columns(value, width):
    assert cells(value) == width
    assert cells(pad(value, 6)) == 6
