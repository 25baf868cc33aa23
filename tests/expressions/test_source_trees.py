"""Graph's source trees: read, written, and the published ones survive both."""

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
    """Every source tree of a document, those inside of others too; an attribute's definition also has a `type`."""
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
    """What two equal trees may differ in: `parameters` null or missing is [], and so much of the `expression` text.

    A missing text is that of the name; a constant's text may lack its quotes. Nothing else is forgiven here: types,
    names, keys, their order, nesting and all texts of functions are compared as they are.
    """
    name, text = tree["name"], tree.get("expression")
    if tree["type"] == "Attribute":
        text = text or f"[{name}]"
    if tree["type"] == "Constant":
        text = f'"{name}"' if text in {None, name} else text
    listed = [{"key": each["key"], "value": normal(each["value"])} for each in tree.get("parameters") or []]
    return {"expression": text, "name": name, "parameters": listed, "type": tree["type"]}


def test_published_trees_survive(samples):
    """Every tree in every published document is the same after reading and writing."""
    found = [(name, tree) for name, document in samples.items() for tree in trees(document)]
    assert len(found) > 50
    for name, tree in found:
        assert normal(tree) == to_source(from_source(tree)), name


def test_published_texts_mean_their_trees(samples):
    """The text of every published tree is read as what its tree means, so that a plan shows no difference."""
    for document in samples.values():
        for tree in trees(document):
            text = tree.get("expression") or f"[{tree['name']}]"
            assert render(parse(text)) == render(from_source(tree))


def test_published_answer_of_parse_expression(samples):
    """For the published request we make the tree that the service answered."""
    request = samples["42-docs-parseexpression-request-repaired.json"]
    answer = samples["43-docs-parseexpression-response.json"]
    assert answer["parsedExpression"] == to_source(parse(request["expression"]))


def test_a_style_without_an_output_format_stays_one():
    """Three arguments of a text are the old form; three parameters of a tree say themselves what they are."""
    text = 'FormatDateTime([a], "None", "yyyy", )'
    assert render(from_source(to_source(parse(text)))) == render(parse(text)) == text
    old = 'FormatDateTime([a], "yyyy", "MM")'
    assert render(from_source(to_source(parse(old)))) == render(parse(old)) == 'FormatDateTime([a], , "yyyy", "MM")'


def test_a_word_keeps_its_lack_of_quotes():
    """Quoted, the same letters may be a text."""
    word = to_source(parse('IIF([a] = "b", IgnoreAttributeFlow, "IgnoreAttributeFlow")'))
    texts = [each["value"]["expression"] for each in word["parameters"]]
    assert texts[-2:] == ["IgnoreAttributeFlow", '"IgnoreAttributeFlow"']
    read = from_source(word)
    assert [each.bare for each in read.arguments[1:]] == [True, False]


def test_names_with_brackets_in_pairs_are_names():
    """As SCIM's own are."""
    assert from_source(attribute('emails[type eq "work"].value')) == Attribute('emails[type eq "work"].value')


def test_the_corpus_survives(corpus):
    """A tree made of any published text is read as the same expression."""
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
def test_keys_are_the_engines(text, expected):
    """Arguments stand under the engine's keys, empty ones are absent, and the way back finds their places."""
    tree = to_source(parse(text))
    assert expected == keys(tree)
    assert render(parse(text)) == tree["expression"] == render(from_source(tree))


def test_a_condition_is_three_parameters():
    """IIF's comparison is stored as its left side, its operator as a constant, and its right side."""
    tree = to_source(parse('IIF([a]="0", 1, 2)'))
    assert [attribute("a"), constant("="), constant("0"), constant("1"), constant("2")] == [
        parameter["value"] for parameter in tree["parameters"]
    ]


@pytest.mark.parametrize("text", ['CBool([a] = "b")', 'Append("t-" & [a] & 1, [b])', 'IIF([c], [a] > 1, "x" & [b])'])
def test_other_operators_have_a_tree_too(text):
    """Operators outside of IIF's condition come back, in a form of our own."""
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
def test_reads_incomplete_trees(tree, expression):
    """What a tree leaves out is taken from what it says; where text and name disagree, the name is right."""
    assert expression == from_source(tree)


def test_order_of_keys_does_not_matter():
    """Parameters are placed by key, so another order is the same expression."""
    tree = to_source(parse('Replace([a], "x", , , "y")'))
    shuffled = {**tree, "parameters": tree["parameters"][::-1]}
    assert from_source(tree) == from_source(shuffled)


def test_a_lossy_text_is_not_believed():
    """The tree says what is meant, though its text has lost an argument."""
    tree = function(
        "Join",
        ("separator", constant("@")),
        ("source", attribute("sAMAccountName")),
        ("source", {"type": "Constant", "name": "%DomainFQDN%", "expression": "%DomainFQDN%"}),
        expression='Join("@", [sAMAccountName], )',
    )
    assert render(from_source(tree)) == 'Join("@", [sAMAccountName], "%DomainFQDN%")'


def test_a_parameter_without_a_value_is_left_out():
    """A key with null says no more than no key."""
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
def test_foreign_keys_are_kept(tree, text):
    """A tree whose keys nobody here knows has a text, and is written again with the same keys."""
    expression = from_source(tree)
    assert text == render(expression)
    assert {**tree, "expression": text} == to_source(expression)


def test_a_comparison_under_foreign_keys_stays_where_it_is():
    """Where a tree has keys of its own, nothing is spread over others."""
    comparison = to_source(Comparison(Attribute("a"), "=", Constant("1")))
    tree = function("IIF", ("one", comparison), ("extra", constant("x")))
    assert keys(to_source(from_source(tree))) == ["one", "extra"]


def test_trees_of_operators():
    """The forms of our own are read as the operators that they are."""
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
        ({}, "source has the type None"),
        ({"type": "attribute", "name": "mail"}, "source has the type 'attribute'"),
        ({"type": "Attribute"}, "source is an Attribute without a name"),
        ({"type": "Attribute", "name": "", "expression": "[]"}, "source is an Attribute without a name"),
        ({"type": "Attribute", "name": 1}, "source is an Attribute without a name"),
        ({"type": "Attribute", "expression": "mail"}, "source is an Attribute without a name"),
        ({"type": "Constant"}, "source is a Constant without a text"),
        ({"type": "Constant", "name": 5}, "source is a Constant without a text"),
        ({**attribute("a"), "parameters": [1]}, "source has parameters, and only a Function takes some"),
        ({"type": "Function", "name": ""}, "source is a Function without a name"),
        ({"type": "Function", "name": "Not", "parameters": {"key": 1}}, "the parameters of source.Not are not a list"),
        ({"type": "Function", "name": "Not", "parameters": ["a"]}, "a parameter of source.Not has no key"),
        ({"type": "Function", "name": "Not", "parameters": [{"value": {}}]}, "a parameter of source.Not has no key"),
        (function("Not", ("source", {})), "source.Not.source has the type None"),
        (attribute("a]"), "source is an Attribute whose name 'a]' no text can hold"),
        (attribute("a[b"), "source is an Attribute whose name 'a[b' no text can hold"),
        (attribute('a[b"]'), "source is an Attribute whose name 'a[b\"]' no text can hold"),
        (
            function("Not", ("source", attribute("a] "))),
            "source.Not.source is an Attribute whose name 'a] ' no text can hold",
        ),
        (function("Foo bar"), "source is a Function whose name 'Foo bar' no text can hold"),
        (function("é"), "source is a Function whose name 'é' no text can hold"),
        (function("Foo("), "source is a Function whose name 'Foo(' no text can hold"),
        (function("&", ("source", attribute("a"))), "source is a Function whose name '&' no text can hold"),
        (function("=", ("left", attribute("a"))), "source is a Function whose name '=' no text can hold"),
        (function("Not", ("source", "[a]")), "source.Not.source is not an object"),
    ],
)
def test_refuses_what_is_no_tree(tree, message):
    """What cannot be understood is refused with its place in the tree."""
    with pytest.raises(ExpressionError) as caught:
        from_source(tree)
    assert message == str(caught.value)


def test_depth_of_trees_has_a_limit():
    """A tree deeper than any text can be is refused, not followed."""
    tree = attribute("a")
    for _ in range(5000):
        tree = {"type": "Function", "name": "Not", "parameters": [{"key": "source", "value": tree}]}
    with pytest.raises(ExpressionError, match="deeper than 100 levels"):
        from_source(tree)
