"""Parts of the HTML page: marked text differences, origins of values, and flow diagrams."""

import itertools

import pytest
import rich_plan
from hypothesis import given
from hypothesis import strategies as st

from scimconf.plan import Action, Address, Change, FieldChange
from scimconf.render.common.attribute_flow import Origin, origin
from scimconf.render.html.flow_diagram import MAX_FLOWS, flow_diagrams
from scimconf.render.html.text_diff import marked


def with_marks(pieces):
    return "".join(f"<{piece.text}>" if piece.marked else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("before", "after", "old", "new"),
    [
        ("[mail]", "[mail]", "[mail]", "[mail]"),
        ("[mail]", "[upn]", "<[mail]>", "<[upn]>"),
        ("", "x", "", "<x>"),
        ("[create, update, delete]", "[create, update]", "[create, update<, delete>]", "[create, update]"),
        ('Join(" ", [a], [b])', 'Join("-", [a], [b])', 'Join(<" ">, [a], [b])', 'Join(<"-">, [a], [b])'),
        ("Join([a], [b])", "Join(\n  [a],\n  [b]\n)", "Join([a], [b])", "Join(\n  [a],\n  [b]\n)"),
        ("a b c", "a x y c", "a <b> c", "a <x y> c"),
        ("a", "a\nb c\nd", "a", "a\n<b c>\n<d>"),
        ("a b ", "a c ", "a <b> ", "a <c> "),
        ('"it is \\" one"', '"it is \\" two"', '<"it is \\" one">', '<"it is \\" two">'),
    ],
)
def test_marked_marks_text_that_differs(before, after, old, new):
    assert tuple(map(with_marks, marked(before, after))) == (old, new)


def test_marked_keeps_common_ends_of_very_long_texts_unmarked():
    before, after = "(" + "a." * 2_000 + ")", "(" + "b." * 2_000 + ")"
    assert with_marks(marked(before, after)[0]).startswith("(<a.a.")
    assert with_marks(marked(before, after)[1]).endswith("b>.)")


TEXTS = st.text(st.sampled_from('ab1 "[](),.\n\\'), max_size=40)


@given(TEXTS, TEXTS)
def test_marked_keeps_all_characters_and_does_not_mark_equal_texts(before, after):
    old, new = marked(before, after)
    assert "".join(piece.text for piece in old) == before
    assert "".join(piece.text for piece in new) == after
    assert not any(piece.marked for side in marked(before, before) for piece in side)
    assert all(one.marked != two.marked for one, two in itertools.pairwise(old) if one.text and two.text)


# --- origins and flow diagrams -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "default", "found"),
    [
        (None, None, None),
        (None, "x", Origin("constant", "default x")),
        ("[mail]", "x", Origin("attribute", "mail", ("mail",))),
        ('"Member"', None, Origin("constant", '"Member"')),
        ('Join(" ", [a], [b], [a])', None, Origin("function", "Join(…)", ("a", "b"))),
        ("Join(", None, Origin("function", "Join(")),
        ({"type": "Function"}, None, Origin("function", "{type: Function}")),
    ],
)
def test_origin_of_source_and_default(source, default, found):
    assert origin(source, default) == found


def mapping(target, before, after, section="users"):
    fields = (FieldChange("source", before, after),)
    return Change(Address("a", "attribute_mapping", f"{section}/{target}"), Action.UPDATE, fields=fields)


def test_flow_diagrams_boxes_do_not_overlap():
    for diagram in flow_diagrams(rich_plan.writer().changes):
        for one, two in itertools.combinations(diagram.boxes, 2):
            assert one.x != two.x or abs(one.y - two.y) >= one.height
        assert all(box.y + box.height <= diagram.height and box.x + box.width <= diagram.width for box in diagram.boxes)


def test_flow_diagrams_mark_new_removed_and_unchanged_flows():
    changes = [
        mapping("a", "[x]", "[y]"),
        mapping("b", None, 'Join("", [x])'),
        mapping("c", "[z]", None),
        mapping("d", "Trim([x])", "Trim([x])"),
    ]
    (diagram,) = flow_diagrams(changes)
    assert [(box.text, box.state) for box in diagram.boxes if box.shape == "target"] == [
        ("a", "unchanged"),
        ("b", "new"),
        ("c", "removed"),
        ("d", "unchanged"),
    ]
    assert [line.state for line in diagram.lines] == [
        "removed",
        "new",
        "new",
        "new",
        "removed",
        "unchanged",
        "unchanged",
    ]
    assert diagram.descriptions == ("a: x → y", "b: not mapped → Join(…)", "c: z → not mapped", "d: Trim(…)")


def test_flow_diagrams_draw_one_diagram_per_section_and_limit_its_flows():
    changes = [mapping(f"a{number}", None, f"[s{number}]", "groups") for number in range(MAX_FLOWS + 5)]
    users, groups = flow_diagrams([mapping("x", None, "[y]"), *changes])
    assert (users.section, users.more) == ("users", 0)
    assert (groups.section, groups.more) == ("groups", 5)
    assert sum(box.shape == "target" for box in groups.boxes) == MAX_FLOWS


def test_flow_diagrams_shorten_long_names_in_the_middle():
    (diagram,) = flow_diagrams(
        [mapping("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", None, f"[{'王' * 30}]")]
    )
    source, target = diagram.boxes
    assert target.text == "urn:ietf:params:sc…enterprise:2.0:User"
    assert source.text == "王" * 8 + "…" + "王" * 9
    assert source.whole == "王" * 30
