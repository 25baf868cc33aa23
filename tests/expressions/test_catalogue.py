"""The catalogue against the service's own published list, and against the texts that use it."""

import pytest

from scimconf.expressions import FUNCTIONS, find, functions, parse


def listed(function):
    """A function as GET …/schema/functions lists it."""
    return [
        {
            "name": parameter.key,
            "type": parameter.type,
            "required": parameter.required,
            "allowMultipleOccurrences": parameter.repeats,
        }
        for parameter in function.parameters
    ]


def test_agrees_with_the_published_answer(samples):
    """Keys, types, required and repeating are those of the service's answer of 2017.

    But for FormatDateTime: that answer is older than its dateTimeStyle.
    """
    for entry in samples["40-docs-functions-full-2017.json"]["value"]:
        function = FUNCTIONS[entry["name"]]
        ours = [each for each in listed(function) if each["name"] != "dateTimeStyle"]
        assert entry["parameters"] == ours, entry["name"]
        assert function.keys_seen


def test_knows_the_functions_that_are_published(corpus):
    """Every function of a published text for applications is in the catalogue; one guide made one up."""
    used = {name for entry in corpus if entry["parses"] for name in functions(parse(entry["expression"]))}
    assert {"Lookup"} == used - FUNCTIONS.keys()


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_rows_are_complete(function):
    """Each row has a sentence and a source, keys that differ, and its repeating parameter last."""
    keys = [parameter.key for parameter in function.parameters]
    assert function.doc.endswith(".")
    assert function.source.startswith("https://learn.microsoft.com/")
    assert len(keys) == len(set(keys))
    assert not any(parameter.repeats for parameter in function.parameters[:-1])
    assert function.dialect in {"application", "cloud-sync", "graph"}


def test_rows_are_sorted_and_cannot_be_changed():
    """The table is in alphabetical order, and nobody writes to it."""
    assert sorted(FUNCTIONS, key=str.lower) == list(FUNCTIONS)
    with pytest.raises(TypeError):
        FUNCTIONS["Not"] = None


def test_finds_by_exact_spelling():
    """The syntax is case-sensitive."""
    assert find("Switch") is FUNCTIONS["Switch"]
    assert find("switch") is None


def test_parameters_by_place():
    """An argument's place says its parameter: slots first, then the repeating one, then none."""
    switch, mid, iif = find("Switch"), find("Mid"), find("IIF")
    assert [switch.parameter(n).key for n in range(4)] == ["source", "defaultValue", "switchValue", "switchValue"]
    assert mid.parameter(3) is None
    assert [iif.parameter(n).key for n in range(3)] == ["one", "four", "five"]
