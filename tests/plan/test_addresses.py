"""Addresses are for people, and safe: what a principal or a role is called never changes where it stands."""

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
def test_only_what_would_part_an_address_is_encoded(part, encoded):
    assert encode(part) == encoded
    assert decode(encoded) == part


@given(st.text())
def test_decoding_gives_back_what_was_encoded(part):
    assert decode(encode(part)) == part
    assert "/" not in encode(part)
    assert ":" not in encode(part)


@given(st.text(), st.text())
def test_no_two_names_share_an_address(one, other):
    assert (encode(one) == encode(other)) == (one == other)


def test_an_address_reads_as_name_kind_and_rest():
    address = Address("writer", "attribute_mapping", "users/externalId")
    assert str(address) == "writer:attribute_mapping/users/externalId"
    assert address.local == "attribute_mapping/users/externalId"
    assert str(Address("writer", "schedule")) == "writer:schedule"


def test_under_leads_down_and_parents_lead_up():
    top = Address("a", "k")
    low = top.under("b").under("c")
    assert low == Address("a", "k", "b/c")
    assert list(low.parents()) == [top.under("b"), top]
    assert list(top.parents()) == []


@given(st.lists(st.text(), min_size=1))
def test_the_kinds_own_address_is_the_last_above(parts):
    address = Address("a", "k")
    for part in parts:
        address = address.under(f"x{encode(part)}")
    assert len(list(address.parents())) == len(parts)
    assert list(address.parents())[-1] == Address("a", "k")


@pytest.mark.parametrize("item", [Resource, Absent, Protected])
def test_the_key_decides_who_is_who_and_the_address_where_there_is_none(item):
    here, there = Address("a", "k", "x"), Address("a", "k", "y")
    assert item(here).identity == ("a", "k", "x")
    assert item(here, key="id").identity == item(there, key="id").identity == ("a", "k", "id")


def test_addresses_sort_by_application_kind_and_rest():
    addresses = [Address("b", "a"), Address("a", "b", "x"), Address("a", "b"), Address("a", "a", "z")]
    assert sorted(addresses) == [addresses[3], addresses[2], addresses[1], addresses[0]]
