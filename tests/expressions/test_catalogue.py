"""The catalogue, against the published list of the service and against published expressions."""

import pytest

from scimconf.expressions import FUNCTIONS, Call, find, functions, parse, respell, spelling


def listed(function):
    """Return the parameters of a function as GET …/schema/functions lists them."""
    return [
        {
            "name": parameter.key,
            "type": parameter.type,
            "required": parameter.required,
            "allowMultipleOccurrences": parameter.repeats,
        }
        for parameter in function.parameters
    ]


def test_catalogue_agrees_with_the_published_list_of_2017(samples):
    """That list is older than the dateTimeStyle of FormatDateTime."""
    for entry in samples["40-docs-functions-full-2017.json"]["value"]:
        function = FUNCTIONS[entry["name"]]
        ours = [parameter for parameter in listed(function) if parameter["name"] != "dateTimeStyle"]
        assert entry["parameters"] == ours, entry["name"]
        assert function.keys_seen


def test_catalogue_has_the_functions_of_published_expressions(corpus):
    """One guide uses a function, Lookup, that does not exist."""
    used = {name for entry in corpus if entry["parses"] for name in functions(parse(entry["expression"]))}
    assert {"Lookup"} == used - FUNCTIONS.keys()


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_catalogue_rows_are_complete(function):
    keys = [parameter.key for parameter in function.parameters]
    assert function.doc.endswith(".")
    assert function.source.startswith("https://learn.microsoft.com/")
    assert len(keys) == len(set(keys))
    assert not any(parameter.repeats for parameter in function.parameters[:-1])
    assert function.dialect in {"application", "cloud-sync", "graph"}


def test_catalogue_is_sorted_and_read_only():
    assert sorted(FUNCTIONS, key=str.lower) == list(FUNCTIONS)
    with pytest.raises(TypeError):
        FUNCTIONS["Not"] = None


def test_find_is_case_sensitive():
    assert find("Switch") is FUNCTIONS["Switch"]
    assert find("switch") is None


@pytest.mark.parametrize(("name", "expected"), [("instr", "InStr"), ("IIF", "IIF"), ("Lookup", "Lookup")])
def test_spelling_is_that_of_the_function_whose_name_differs_in_case(name, expected):
    assert spelling(name) == expected
    assert functions(Call(name, ())) == (expected,)
    assert respell(Call("Not", (Call(name, ()),))) == Call("Not", (Call(expected, ()),))


def test_parameter_of_a_position_is_a_slot_then_the_repeating_one_then_none():
    switch, mid, iif = find("Switch"), find("Mid"), find("IIF")
    assert [switch.parameter(n).key for n in range(4)] == ["source", "defaultValue", "switchValue", "switchValue"]
    assert mid.parameter(3) is None
    assert [iif.parameter(n).key for n in range(3)] == ["one", "four", "five"]
