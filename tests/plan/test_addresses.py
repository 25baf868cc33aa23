"""Addresses: encoding of names, order, parents, and the identity of resources."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimconf.plan import Absent, Address, Protected, Resource, decode, encode


@pytest.mark.parametrize(
    ("part", "encoded"),
    [
        ("ada@contoso.com", "ada@contoso.com"),
        ("R&D / Europe", "R&D %2F Europe"),
        ("urn:acme:admin", "urn%3Aacme%3Aadmin"),
        ("100%", "100%25"),
        ("%2F", "%252F"),
        ("", ""),
        ("王小明", "王小明"),
    ],
)
def test_encode_escapes_only_slash_colon_and_percent(part, encoded):
    assert encode(part) == encoded
    assert decode(encoded) == part


@given(st.text())
def test_decode_reverses_encode(part):
    assert decode(encode(part)) == part
    assert "/" not in encode(part)
    assert ":" not in encode(part)


@given(st.text(), st.text())
def test_encode_gives_different_names_different_results(one, other):
    assert (encode(one) == encode(other)) == (one == other)


def test_address_str_is_application_kind_and_rest():
    address = Address("writer", "attribute_mapping", "users/externalId")
    assert str(address) == "writer:attribute_mapping/users/externalId"
    assert address.local == "attribute_mapping/users/externalId"
    assert str(Address("writer", "schedule")) == "writer:schedule"


def test_address_under_appends_a_part_and_parents_lists_the_levels_above():
    top = Address("a", "k")
    nested = top.under("b").under("c")
    assert nested == Address("a", "k", "b/c")
    assert list(nested.parents()) == [top.under("b"), top]
    assert list(top.parents()) == []


@given(st.lists(st.text(), min_size=1))
def test_address_parents_end_with_the_address_of_the_kind(parts):
    address = Address("a", "k")
    for part in parts:
        address = address.under(f"x{encode(part)}")
    assert len(list(address.parents())) == len(parts)
    assert list(address.parents())[-1] == Address("a", "k")


@pytest.mark.parametrize("item", [Resource, Absent, Protected])
def test_identity_is_the_key_or_else_the_address(item):
    first, second = Address("a", "k", "x"), Address("a", "k", "y")
    assert item(first).identity == ("a", "k", "x")
    assert item(first, key="id").identity == item(second, key="id").identity == ("a", "k", "id")


def test_addresses_sort_by_application_kind_and_rest():
    addresses = [Address("b", "a"), Address("a", "b", "x"), Address("a", "b"), Address("a", "a", "z")]
    assert sorted(addresses) == [addresses[3], addresses[2], addresses[1], addresses[0]]
