"""Marks and pictures: what differs of two texts, and where the boxes of a flow stand."""

import itertools

import pytest
import rich_plan
from hypothesis import given
from hypothesis import strategies as st

from scimconf.plan import Action, Address, Change, FieldChange
from scimconf.render.common.attribute_flow import Origin, origin
from scimconf.render.html.flow_diagram import MAX_FLOWS, flow_diagrams
from scimconf.render.html.text_diff import marked


def shown(pieces):
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
def test_what_differs_is_marked(before, after, old, new):
    assert tuple(map(shown, marked(before, after))) == (old, new)


def test_very_long_texts_are_marked_between_their_ends():
    before, after = "(" + "a." * 2_000 + ")", "(" + "b." * 2_000 + ")"
    assert shown(marked(before, after)[0]).startswith("(<a.a.")
    assert shown(marked(before, after)[1]).endswith("b>.)")


TEXTS = st.text(st.sampled_from('ab1 "[](),.\n\\'), max_size=40)


@given(TEXTS, TEXTS)
def test_no_character_is_lost_and_equal_texts_have_no_mark(before, after):
    old, new = marked(before, after)
    assert "".join(piece.text for piece in old) == before
    assert "".join(piece.text for piece in new) == after
    assert not any(piece.marked for side in marked(before, before) for piece in side)
    assert all(one.marked != two.marked for one, two in itertools.pairwise(old) if one.text and two.text)


# --- where values come from ----------------------------------------------------------------------------------------


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
def test_a_value_is_made_of(source, default, found):
    assert origin(source, default) == found


def mapping(target, before, after, section="users"):
    fields = (FieldChange("source", before, after),)
    return Change(Address("a", "attribute_mapping", f"{section}/{target}"), Action.UPDATE, fields=fields)


def test_boxes_do_not_lie_on_each_other():
    for picture in flow_diagrams(rich_plan.writer().changes):
        for one, two in itertools.combinations(picture.boxes, 2):
            assert one.x != two.x or abs(one.y - two.y) >= one.height
        assert all(box.y + box.height <= picture.height and box.x + box.width <= picture.width for box in picture.boxes)


def test_what_is_new_what_goes_and_what_stays():
    changes = [
        mapping("a", "[x]", "[y]"),
        mapping("b", None, 'Join("", [x])'),
        mapping("c", "[z]", None),
        mapping("d", "Trim([x])", "Trim([x])"),
    ]
    (picture,) = flow_diagrams(changes)
    assert [(box.text, box.state) for box in picture.boxes if box.shape == "target"] == [
        ("a", "unchanged"),
        ("b", "new"),
        ("c", "removed"),
        ("d", "unchanged"),
    ]
    assert [line.state for line in picture.lines] == [
        "removed",
        "new",
        "new",
        "new",
        "removed",
        "unchanged",
        "unchanged",
    ]
    assert picture.descriptions == ("a: x → y", "b: not mapped → Join(…)", "c: z → not mapped", "d: Trim(…)")


def test_every_section_has_its_own_picture_and_a_large_one_is_cut():
    changes = [mapping(f"a{number}", None, f"[s{number}]", "groups") for number in range(MAX_FLOWS + 5)]
    users, groups = flow_diagrams([mapping("x", None, "[y]"), *changes])
    assert (users.section, users.more) == ("users", 0)
    assert (groups.section, groups.more) == ("groups", 5)
    assert sum(box.shape == "target" for box in groups.boxes) == MAX_FLOWS


def test_a_long_name_is_shown_by_both_its_ends():
    (picture,) = flow_diagrams(
        [mapping("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", None, f"[{'王' * 30}]")]
    )
    source, target = picture.boxes
    assert target.text == "urn:ietf:params:sc…enterprise:2.0:User"
    assert source.text == "王" * 8 + "…" + "王" * 9
    assert source.whole == "王" * 30
