"""Suggestions for misspelled names ("Did you mean …?")."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimconf import suggestions
from scimconf.suggestions import PrincipalNames, did_you_mean, edit_distance, suggest, suggest_principal, unknown

AUTHENTICATIONS = ["bearer_token", "oauth2_client_credentials", "other"]
KEYS = ["source", "expression", "constant", "match", "flow_behavior"]
PEOPLE = ["ada@contoso.com", "joe@contoso.com", "alan@contoso.com", "grace@contoso.com", "katherine@contoso.com"]


@pytest.mark.parametrize(
    ("name", "candidates", "expected"),
    [
        ("oauth2", AUTHENTICATIONS, "oauth2_client_credentials"),
        ("bearer-token", AUTHENTICATIONS, "bearer_token"),
        ("bearer", AUTHENTICATIONS, "bearer_token"),
        ("basic", AUTHENTICATIONS, None),
        ("Slak", ["Salesforce", "Slack"], "Slack"),
        ("slack", ["Slack"], "Slack"),
        ("sorce", KEYS, "source"),
        ("osurce", KEYS, "source"),
        ("matching", KEYS, "match"),
        ("flowBehavior", KEYS, "flow_behavior"),
        ("colour", KEYS, None),
        ("of", ["officeLocation"], None),
        ("adm1n", ["admin", "member"], "admin"),
        ("", KEYS, None),
        ("x", [], None),
    ],
)
def test_suggest_returns_the_closest_candidate(name: str, candidates: list[str], expected: str | None) -> None:
    assert suggest(name, candidates) == expected


@pytest.mark.parametrize(
    ("name", "candidates", "expected"),
    [
        ("alann@contoso.com", PEOPLE, "alan@contoso.com"),
        ("alann@contoso.com", ["ada@contoso.com"], None),
        ("grce@contoso.com", PEOPLE, "grace@contoso.com"),
        ("grce@contoso.com", ["joe@contoso.com", "ada@contoso.com"], None),
        ("GRACE@contoso.com", PEOPLE, "grace@contoso.com"),
        ("grace@contoso.onmicrosoft.com", PEOPLE, "grace@contoso.com"),
        ("kathrine@contoso.com", PEOPLE, "katherine@contoso.com"),
        ("katrine@contoso.com", PEOPLE, "katherine@contoso.com"),
        ("catrine@contoso.com", PEOPLE, None),
        ("adb@contoso.com", ["ada@contoso.com", "adc@contoso.com"], None),
        ("ann@contoso.com", ["ann@fabrikam.com", "anne@contoso.com"], "ann@fabrikam.com"),
        ("alann@contoso.com", ["alan@fabrikam.com"], None),
        ("grace@contoso.com", ["joe@contoso.com", "ada@contoso.com", "linus@contoso.com"], None),
        ("user12@contoso.com", ["user13@contoso.com", "user21@contoso.com"], None),
        ("ada.lovelace@contoso.com", ["adalovelace@contoso.com"], "adalovelace@contoso.com"),
        ("ada.lovelace2@contoso.com", ["ada.lovelace@contoso.com"], None),
        ("j.smith@contoso.com", ["k.smith@contoso.com"], None),
        ("jane.smith@contoso.com", ["jane.smyth@contoso.com"], "jane.smyth@contoso.com"),
        ("Salse", ["Sales", "Marketing"], "Sales"),
        ("Sales EU", ["Sales US"], None),
        ("Sales US", ["Sales UK"], None),
        ("Sales EUR", ["Sales EMR"], None),
        ("Sales EU", ["SalesEU"], "SalesEU"),
        ("Slaes EU", ["Sales EU", "Sales US"], "Sales EU"),
        ("Writer editor", ["Writer editors"], "Writer editors"),
        ("AP-Finanse", ["AP-Finance", "AP-Support"], "AP-Finance"),
        ("Team A", ["Team B", "Team"], None),
        ("Team 1", ["Team 2"], None),
        ("Level 4 support", ["Level 2 support"], None),
        ("HR", ["PR"], None),
        ("Sales", ["Sales EMEA"], None),
        ("bob", [], None),
    ],
)
def test_suggest_principal_returns_the_closest_candidate(
    name: str, candidates: list[str], expected: str | None
) -> None:
    assert suggest_principal(name, candidates) == expected


@pytest.mark.parametrize(
    ("left", "right", "distance"),
    [("", "", 0), ("a", "", 1), ("source", "sorce", 1), ("ab", "ba", 1), ("abc", "xyz", 3), ("abcdefgh", "", 5)],
)
def test_edit_distance_is_exact_up_to_four(left: str, right: str, distance: int) -> None:
    assert edit_distance(left, right, 4) == distance


def test_did_you_mean_returns_a_hint() -> None:
    assert did_you_mean("title") == "Did you mean `title`?"
    assert did_you_mean(None, "Valid keys: a, b.") == "Valid keys: a, b."


def test_unknown() -> None:
    assert (
        unknown("guard", "scope-widend", ["scope-widened"])
        == "unknown guard 'scope-widend'. Did you mean scope-widened?"
    )
    assert unknown("guard", "x", ["scope-widened"], "See docs/guards.md.") == "unknown guard 'x'. See docs/guards.md."


NAMES = st.text(alphabet="abé.-1", min_size=1, max_size=9)


@given(st.lists(NAMES, max_size=12), NAMES, st.sampled_from(["@contoso.com", "@fabrikam.com", ""]))
def test_principal_names_suggest_what_a_comparison_with_all_names_suggests(names: list[str], name: str, domain: str):
    principals = [f"{other}@contoso.com" for other in names] + names
    assert PrincipalNames(principals).closest(name + domain) == suggest_principal(name + domain, principals)


@given(st.text(alphabet="abcdefghij", min_size=6, max_size=14), st.data())
def test_principal_names_suggest_a_name_with_two_typing_errors(name: str, data: st.DataObject):
    misspelt = name
    for _ in range(2):
        at = data.draw(st.integers(0, len(misspelt) - 2))
        swapped = misspelt[:at] + misspelt[at + 1] + misspelt[at] + misspelt[at + 2 :]
        misspelt = data.draw(
            st.sampled_from([swapped, misspelt[:at] + misspelt[at + 1 :], f"{misspelt[:at]}k{misspelt[at:]}"])
        )
    assert PrincipalNames([name]).closest(misspelt) == suggest_principal(misspelt, [name])


def test_principal_names_compare_few_of_many_names(monkeypatch: pytest.MonkeyPatch):
    compared: list[str] = []
    monkeypatch.setattr(suggestions, "suggest_principal", lambda _name, candidates: compared.extend(candidates))
    names = PrincipalNames(f"user{number:05}@contoso.com" for number in range(2_000))
    names.closest("usr01234@contoso.com")
    assert compared == ["user01234@contoso.com"]
