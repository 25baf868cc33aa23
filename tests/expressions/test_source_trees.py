"""Source trees: reading and writing, and the published ones."""

import pytest

from scimconf.expressions import (
    Attribute,
    Call,
    Comparison,
    Concatenation,
    Constant,
    ExpressionError,
    from_source,
    parse,
    render,
    to_source,
)


def attribute(name):
    return {"expression": f"[{name}]", "name": name, "parameters": [], "type": "Attribute"}


def constant(text):
    return {"expression": f'"{text}"', "name": text, "parameters": [], "type": "Constant"}


def function(name, *pairs, expression=None):
    parameters = [{"key": key, "value": value} for key, value in pairs]
    return {"expression": expression, "name": name, "parameters": parameters, "type": "Function"}


def keys(tree):
    return [parameter["key"] for parameter in tree["parameters"]]


# ---- published trees


def trees(document):
    """Yield every source tree of a document, also nested ones; the definition of an attribute has a `type` as well."""
    if isinstance(document, list):
        for item in document:
            yield from trees(item)
    elif isinstance(document, dict):
        named = {"expression", "name", "parameters"} & document.keys()
        defined = {"required", "mutability", "anchor", "multivalued"} & document.keys()
        if document.get("type") in {"Attribute", "Constant", "Function"} and named and not defined:
            yield document
        for value in document.values():
            yield from trees(value)


def normal(tree):
    """Return a tree without the differences that equal trees may have: null or missing parameters, text of a leaf.

    A missing text is that of the name; the text of a constant may lack its quotes. Everything else is compared: types,
    names, keys, their order, nesting and all texts of functions.
    """
    name, text = tree["name"], tree.get("expression")
    if tree["type"] == "Attribute":
        text = text or f"[{name}]"
    if tree["type"] == "Constant":
        text = f'"{name}"' if text in {None, name} else text
    listed = [{"key": pair["key"], "value": normal(pair["value"])} for pair in tree.get("parameters") or []]
    return {"expression": text, "name": name, "parameters": listed, "type": tree["type"]}


def test_published_trees_round_trip(samples):
    published = [(name, tree) for name, document in samples.items() for tree in trees(document)]
    assert len(published) > 50
    for name, tree in published:
        assert normal(tree) == to_source(from_source(tree)), name


def test_published_texts_are_equal_to_their_trees(samples):
    for document in samples.values():
        for tree in trees(document):
            text = tree.get("expression") or f"[{tree['name']}]"
            assert render(parse(text)) == render(from_source(tree))


def test_to_source_agrees_with_the_published_response_of_parse_expression(samples):
    request = samples["42-docs-parseexpression-request-repaired.json"]
    answer = samples["43-docs-parseexpression-response.json"]
    assert answer["parsedExpression"] == to_source(parse(request["expression"]))


def test_three_arguments_of_format_date_time_are_the_old_form_only_in_a_text():
    text = 'FormatDateTime([a], "None", "yyyy", )'
    assert render(from_source(to_source(parse(text)))) == render(parse(text)) == text
    old = 'FormatDateTime([a], "yyyy", "MM")'
    assert render(from_source(to_source(parse(old)))) == render(parse(old)) == 'FormatDateTime([a], , "yyyy", "MM")'


def test_keywords_round_trip_without_quotes_and_strings_with_them():
    tree = to_source(parse('IIF([a] = "b", IgnoreAttributeFlow, "IgnoreAttributeFlow")'))
    texts = [parameter["value"]["expression"] for parameter in tree["parameters"]]
    assert texts[-2:] == ["IgnoreAttributeFlow", '"IgnoreAttributeFlow"']
    assert [argument.bare for argument in from_source(tree).arguments[1:]] == [True, False]


def test_tree_of_a_function_in_another_case_is_that_of_the_function():
    """Guides have Instr; the service stores it, or the documented name."""
    tree = function("Instr", ("source", attribute("a")), ("value", constant("b")))
    assert render(from_source(tree)) == render(parse('inStr([a], "b")')) == 'InStr([a], "b", , )'
    assert to_source(from_source(tree)) == to_source(parse('InStr([a], "b")'))
    other = function("instr", ("x", attribute("a")))
    assert to_source(from_source(other))["parameters"][0]["key"] == "x"


@pytest.mark.parametrize("name", ['emails[type eq "work"].value', "a]", "[a", "a(b", "a)", "f(x)"])
def test_attribute_names_with_brackets_or_parentheses_cannot_be_written(name):
    with pytest.raises(ExpressionError, match="cannot be written in an expression"):
        from_source(attribute(name))


def test_trees_of_published_texts_round_trip(corpus):
    for text in (entry["expression"] for entry in corpus if entry["parses"]):
        assert render(parse(text)) == render(from_source(to_source(parse(text))))


# ---- writing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Replace([a], "x", , , "y")', ["source", "Find", "Replacement"]),
        ('Join("", [a], [b], [c])', ["separator", "source", "source", "source"]),
        ("Mid([a], 1, 8)", ["source", "start", "length"]),
        ('Switch([a], , "k", "v")', ["source", "switchValue", "switchValue"]),
        ('Switch([a], "d", "k", "v")', ["source", "defaultValue", "switchValue", "switchValue"]),
        ('FormatDateTime([a], "in", "out")', ["source", "inputFormat", "outputFormat"]),
        ('FormatDateTime([a], "s", "in", "out")', ["source", "dateTimeStyle", "inputFormat", "outputFormat"]),
        ("IIF(IsPresent([a]), [a], [b])", ["one", "four", "five"]),
        ("IIF(IsPresent([a]), [a])", ["one", "four"]),
        ('IIF([a] = "0", [a], [b])', ["one", "two", "three", "four", "five"]),
        ("Now()", []),
        ("Not([a], , 1)", ["source", "argument3"]),
        ("Unknown(1, 2, , 4)", ["source", "argument2", "argument4"]),
        ("Unknown(, 2)", ["argument2"]),
    ],
)
def test_to_source_writes_the_keys_of_the_service_without_empty_arguments(text, expected):
    tree = to_source(parse(text))
    assert expected == keys(tree)
    assert render(parse(text)) == tree["expression"] == render(from_source(tree))


def test_to_source_writes_the_condition_of_iif_as_three_parameters():
    tree = to_source(parse('IIF([a]="0", 1, 2)'))
    assert [attribute("a"), constant("="), constant("0"), constant("1"), constant("2")] == [
        parameter["value"] for parameter in tree["parameters"]
    ]


@pytest.mark.parametrize("text", ['CBool([a] = "b")', 'Append("t-" & [a] & 1, [b])', 'IIF([c], [a] > 1, "x" & [b])'])
def test_operators_outside_a_condition_round_trip(text):
    assert render(parse(text)) == render(from_source(to_source(parse(text))))


# ---- reading


@pytest.mark.parametrize(
    ("tree", "expression"),
    [
        ({"type": "Attribute", "name": "mail"}, Attribute("mail")),
        ({"type": "Attribute", "expression": "[mail]", "parameters": None}, Attribute("mail")),
        ({"type": "Constant", "name": "", "expression": '""'}, Constant("")),
        ({"type": "Constant", "name": "x", "expression": None}, Constant("x")),
        ({"type": "Constant", "name": "%DomainFQDN%", "expression": "%DomainFQDN%"}, Constant("%DomainFQDN%")),
        ({"type": "Constant", "name": r"a\b", "expression": r'"a\\b"'}, Constant(r"a\b")),
        ({"type": "Constant", "name": r"a\\b", "expression": r'"a\\b"'}, Constant(r"a\b")),
        ({"type": "Constant", "name": "true", "expression": '"false"'}, Constant("true")),
        ({"type": "Constant", "expression": '"x"'}, Constant("x")),
        ({"type": "Constant", "expression": "x"}, Constant("x")),
        ({"type": "Function", "name": "Now", "parameters": None}, Call("Now")),
        ({"type": "Function", "name": "Now"}, Call("Now")),
    ],
)
def test_from_source_reads_incomplete_trees_and_prefers_the_name_to_the_text(tree, expression):
    assert expression == from_source(tree)


def test_from_source_ignores_the_order_of_keys():
    tree = to_source(parse('Replace([a], "x", , , "y")'))
    shuffled = {**tree, "parameters": tree["parameters"][::-1]}
    assert from_source(tree) == from_source(shuffled)


def test_from_source_ignores_a_text_that_lacks_an_argument():
    tree = function(
        "Join",
        ("separator", constant("@")),
        ("source", attribute("sAMAccountName")),
        ("source", {"type": "Constant", "name": "%DomainFQDN%", "expression": "%DomainFQDN%"}),
        expression='Join("@", [sAMAccountName], )',
    )
    assert render(from_source(tree)) == 'Join("@", [sAMAccountName], "%DomainFQDN%")'


def test_from_source_treats_a_parameter_without_a_value_as_absent():
    tree = function("ToLower", ("source", attribute("a")), ("culture", None))
    assert parse("ToLower([a], )") == from_source(tree)


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (function("Foo", ("x", attribute("a")), ("y", constant("1"))), 'Foo([a], "1")'),
        (function("Foo", ("source", attribute("a")), ("source", attribute("b"))), "Foo([a], [b])"),
        (function("Mid", ("a", attribute("a")), ("b", constant("1")), ("c", constant("2"))), "Mid([a], 1, 2)"),
        (function("ToLower", ("source", attribute("a")), ("source", attribute("b"))), "ToLower([a], [b])"),
        (function("ToLower", ("value", attribute("a"))), "ToLower([a], )"),
        (function("Join", ("separator", constant("-")), ("argument2", attribute("a"))), 'Join("-", [a])'),
        (function("Mid", ("source", attribute("a")), ("argument2", constant("1"))), "Mid([a], 1, )"),
        (
            function("FormatDateTime", ("a", attribute("a")), ("b", constant("in")), ("c", constant("out"))),
            'FormatDateTime([a], "in", "out", )',
        ),
        (
            function("IIF", ("one", attribute("a")), ("two", constant("LIKE")), ("three", constant("b"))),
            'IIF([a], "LIKE", "b")',
        ),
        (
            function("IIF", ("one", attribute("a")), ("two", constant("=")), ("four", constant("b"))),
            'IIF([a], "=", "b")',
        ),
    ],
)
def test_trees_with_unknown_keys_round_trip(tree, text):
    expression = from_source(tree)
    assert text == render(expression)
    assert {**tree, "expression": text} == to_source(expression)


def test_a_comparison_in_a_tree_with_unknown_keys_stays_one_parameter():
    comparison = to_source(Comparison(Attribute("a"), "=", Constant("1")))
    tree = function("IIF", ("one", comparison), ("extra", constant("x")))
    assert keys(to_source(from_source(tree))) == ["one", "extra"]


def test_from_source_reads_operators():
    assert Comparison(Attribute("a"), "<", Constant("1")) == from_source(
        function("<", ("left", attribute("a")), ("right", constant("1")))
    )
    assert Concatenation((Attribute("a"), Constant("1"))) == from_source(
        function("&", ("source", attribute("a")), ("source", constant("1")))
    )


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (None, "source is not an object"),
        ("[mail]", "source is not an object"),
        ({}, "source has the unknown type None"),
        ({"type": "attribute", "name": "mail"}, "source has the unknown type 'attribute'"),
        ({"type": "Attribute"}, "source is an Attribute without a name"),
        ({"type": "Attribute", "name": "", "expression": "[]"}, "source is an Attribute without a name"),
        ({"type": "Attribute", "name": 1}, "source is an Attribute without a name"),
        ({"type": "Attribute", "expression": "mail"}, "source is an Attribute without a name"),
        ({"type": "Constant"}, "source is a Constant without a value"),
        ({"type": "Constant", "name": 5}, "source is a Constant without a value"),
        ({**attribute("a"), "parameters": [1]}, "source has parameters, but only a Function may have them"),
        ({"type": "Function", "name": ""}, "source is a Function without a name"),
        ({"type": "Function", "name": "Not", "parameters": {"key": 1}}, "the parameters of source.Not are not a list"),
        ({"type": "Function", "name": "Not", "parameters": ["a"]}, "a parameter of source.Not has no key"),
        ({"type": "Function", "name": "Not", "parameters": [{"value": {}}]}, "a parameter of source.Not has no key"),
        (function("Not", ("source", {})), "source.Not.source has the unknown type None"),
        (attribute("a]"), "source is an Attribute with the name 'a]', which cannot be written in an expression"),
        (attribute("a[b"), "source is an Attribute with the name 'a[b', which cannot be written in an expression"),
        (attribute('a[b"]'), "source is an Attribute with the name 'a[b\"]', which cannot be written in an expression"),
        (
            function("Not", ("source", attribute("a] "))),
            "source.Not.source is an Attribute with the name 'a] ', which cannot be written in an expression",
        ),
        (function("Foo bar"), "source is a Function with the name 'Foo bar', which cannot be written in an expression"),
        (function("é"), "source is a Function with the name 'é', which cannot be written in an expression"),
        (function("Foo("), "source is a Function with the name 'Foo(', which cannot be written in an expression"),
        (
            function("&", ("source", attribute("a"))),
            "source is a Function with the name '&', which cannot be written in an expression",
        ),
        (
            function("=", ("left", attribute("a"))),
            "source is a Function with the name '=', which cannot be written in an expression",
        ),
        (function("Not", ("source", "[a]")), "source.Not.source is not an object"),
    ],
)
def test_from_source_error_names_the_node(tree, message):
    with pytest.raises(ExpressionError) as caught:
        from_source(tree)
    assert message == str(caught.value)


def test_from_source_limits_the_depth():
    tree = attribute("a")
    for _ in range(5000):
        tree = {"type": "Function", "name": "Not", "parameters": [{"key": "source", "value": tree}]}
    with pytest.raises(ExpressionError, match="deeper than 100 levels"):
        from_source(tree)
