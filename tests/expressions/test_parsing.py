"""Parsing: the expression of a text, and the errors of texts that are not expressions."""

import pytest

from scimconf.expressions import (
    MAX_DEPTH,
    MAX_LENGTH,
    Attribute,
    Call,
    Comparison,
    Concatenation,
    Constant,
    ExpressionError,
    attributes,
    functions,
    locate,
    parse,
)

MAIL = Attribute("mail")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("[mail]", MAIL),
        ('"abc"', Constant("abc")),
        ('""', Constant("")),
        ("-42568.75", Constant("-42568.75")),
        ("Now()", Call("Now")),
        ("Now (\t\r\n)", Call("Now")),
        ("Mid([mail], 1, 129699324000000000)", Call("Mid", (MAIL, Constant("1"), Constant("129699324000000000")))),
        ("BitAnd(&HF, &HF7)", Call("BitAnd", (Constant("&HF"), Constant("&HF7")))),
        ('f(,"", )', Call("f", (None, Constant(""), None))),
        ("f(vbTextCompare)", Call("f", (Constant("vbTextCompare"),))),
        (
            'IIF([mail] <> "x", 1, 2)',
            Call("IIF", (Comparison(MAIL, "<>", Constant("x")), Constant("1"), Constant("2"))),
        ),
        ("CBool([mail]>=Len([mail]))", Call("CBool", (Comparison(MAIL, ">=", Call("Len", (MAIL,))),))),
        ('f("t-" & [mail]&"x")', Call("f", (Concatenation((Constant("t-"), MAIL, Constant("x"))),))),
        ("NoSuchFunction([mail])", Call("NoSuchFunction", (MAIL,))),
        ("[msDS-cloud attribute, 1]", Attribute("msDS-cloud attribute, 1")),
        ("[urn:ietf:params:scim:a:2.0:User:b]", Attribute("urn:ietf:params:scim:a:2.0:User:b")),
        ('[a"b]', Attribute('a"b')),
        ("[ mail ]", Attribute(" mail ")),
    ],
)
def test_parse_returns_the_expression(text, expression):
    assert parse(text) == expression


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"a\\b"', r"a\b"),
        (r'"a\"b"', 'a"b'),
        (r'"\d\n\u0041"', r"\d\n\u0041"),
        (r'"\\d"', r"\d"),
        ('"two\nlines, [x] and (y)"', "two\nlines, [x] and (y)"),
        ('"it\'s"', "it's"),
        ('"%DomainFQDN%"', "%DomainFQDN%"),
    ],
)
def test_parse_unescapes_only_quotes_and_backslashes(text, value):
    assert parse(text) == Constant(value)


def test_constants_with_and_without_quotes_are_equal_but_for_bare():
    bare, quoted = parse("Mid([a], 1, 1)"), parse('Mid([a], "1", "1")')
    assert bare == quoted
    assert hash(bare) == hash(quoted)
    assert [call.arguments[1].bare for call in (bare, quoted)] == [True, False]


NEST = "For AND, nest a second IIF as second argument; for OR, as third. To negate, use Not() or swap the branches."
NO_LOGIC = ("logical operators are not supported", NEST)
NO_ARITHMETIC = (
    "arithmetic is not supported",
    "Add to dates with DateAdd. Concatenate strings with Join or Append.",
)
NO_COMMENTS = ("comments are not supported inside an expression", "Move the comment into the YAML file.")
NO_INDEX = ("indexing with [ ] is not supported", "Use Item(list, 1), which counts from 1.")
NO_GROUPS = ("parentheses are allowed only after a function name", "Remove them, or nest another function.")
QUOTES = ("strings need straight double quotes", 'Write "text".')
OPEN_STRING = ("the string is not closed", 'Close it with ". Inside a string, write \\" for ".')
OPEN_BRACKET = (
    "the bracket of the attribute is not closed",
    "Write ] after the name, which has no brackets or parentheses.",
)
IN_BRACKETS = ("an attribute name cannot contain `(`", "Write functions outside the brackets, such as ToLower([mail]).")
OPEN_CALL = ("the parenthesis of f is not closed", "Close it with ).")
EMPTY = ("the expression is empty", 'Write [attribute], "text" or Function(…).')
IN_IIF = 'Use it inside IIF: IIF([a] = "b", "True", "False").'


@pytest.mark.parametrize(
    ("text", "offset", "message", "hint"),
    [
        ("", 0, *EMPTY),
        (" \n", 0, *EMPTY),
        (" [mail", 1, *OPEN_BRACKET),
        ('[a[b "]]', 0, *OPEN_BRACKET),
        ('[emails[type eq "work"].value]', 0, *OPEN_BRACKET),
        ('Join(" ", [givenName, [surname])', 10, *OPEN_BRACKET),
        ('Append([mail, "x")', 7, *OPEN_BRACKET),
        ("[attribute (1)]", 11, *IN_BRACKETS),
        ("Left([ToLower(mail)], 2)", 13, *IN_BRACKETS),
        ("[]", 0, "attribute without a name", "Write the name between the brackets: [mail]."),
        ('f("abc)', 2, *OPEN_STRING),
        ('f("abc\\")', 2, *OPEN_STRING),
        ('f("a" "b")', 6, 'expected a comma or ) in f, got `"`', ""),
        ('f("a" "=")', 6, 'expected a comma or ) in f, got `"`', ""),
        ('"a" "="', 4, 'expected the end of the expression, got `"`', ""),
        ('f("a""b")', 5, "two strings without a comma between them", 'Inside a string, write \\" for ".'),
        ("f([a] [b])", 6, "expected a comma or ) in f, got `[b]`", ""),
        ("f(1abc)", 3, "expected a comma or ) in f, got `abc`", ""),
        ("f([a]", 1, *OPEN_CALL),
        ("f([a],", 1, *OPEN_CALL),
        ("f(", 1, *OPEN_CALL),
        ("f([a]))", 6, "unmatched )", "Remove it."),
        ("f([a]) g()", 7, "expected the end of the expression, got `g`", ""),
        ("[a] [b]", 4, "expected the end of the expression, got `[b]`", ""),
        ('[a] = "b"', 4, "`=` is allowed only in a function's argument", IN_IIF),
        ('[a] & "b"', 4, "`&` is allowed only in a function's argument", IN_IIF),
        ("mail", 0, "unquoted word `mail`", 'Write [mail] for the attribute, or "mail" for the string.'),
        ("f([a]; 1)", 5, "arguments are separated by commas", "Write , instead of ;."),
        ("f(1 + 1)", 4, *NO_ARITHMETIC),
        ("f(5-3)", 3, *NO_ARITHMETIC),
        ('IIF([a] == "b", 1)', 9, "unknown operator `==`", "Write = for equal."),
        ('IIF([a] != "b", 1)', 8, "unknown operator `!=`", "Write <> for not equal."),
        ('IIF([a] = "b" AND [c] = "d", 1)', 14, *NO_LOGIC),
        ('IIF([a] = "b" && [c] = "d", 1)', 15, *NO_LOGIC),
        ('IIF([a] = "b" || [c] = "d", 1)', 14, *NO_LOGIC),
        ("IIF(![a], 1)", 4, *NO_LOGIC),
        (
            "IIF([a] = [b] = [c], 1)",
            14,
            "a condition can have only one comparison",
            "Nest a second IIF for a second condition.",
        ),
        ("IIF(= 1, 2)", 4, "expected a value, got `=`", ""),
        ("IIF([a] =", 9, "expected a value, got the end of the expression", ""),
        ("IIF(([a] = 1), 2)", 4, *NO_GROUPS),
        ("f([a])(1)", 6, *NO_GROUPS),
        ("f('a')", 2, *QUOTES),
        ("f(“a”)", 2, *QUOTES),
        ("f(1,\u00a0[a])", 4, "unsupported white space character", "Replace it with a plain space."),
        ("%Domain%", 0, "%parameters% are not supported", "They are a feature of Entra Connect. Write a constant."),
        ('Split([a], ",")[0]', 15, *NO_INDEX),
        ('Left(Split([a], ",")[-1], 2)', 20, *NO_INDEX),
        ("f([a]) // why", 7, *NO_COMMENTS),
        ("f([a] # why\n)", 6, *NO_COMMENTS),
        ("f(urn:a)", 5, "a name with a dot or a colon needs brackets", "Write [name.part]."),
        ("{a}", 0, "unexpected `{`", ""),
    ],
)
def test_parse_error_has_offset_message_and_hint(text, offset, message, hint):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    error = caught.value
    assert (error.offset, str(error), error.hint) == (offset, message, hint)


def test_parse_limits_the_length():
    assert len(parse('"' + "x" * (MAX_LENGTH - 2) + '"').text) + 2 == MAX_LENGTH
    with pytest.raises(ExpressionError, match="has 10,001 characters"):
        parse("x" * (MAX_LENGTH + 1))


@pytest.mark.parametrize("tail", ["", "[a]" + ")" * 3000])
def test_parse_limits_the_depth(tail):
    with pytest.raises(ExpressionError, match="deeper than 100 levels"):
        parse("f(" * 3000 + tail)
    assert Call("f", (MAIL,)) == parse("f([mail])")
    assert functions(parse("f(" * MAX_DEPTH + ")" * MAX_DEPTH)) == ("f",)


def test_parse_accepts_the_published_texts_that_are_valid(corpus):
    assert [entry["expression"] for entry in corpus if _parses(entry["expression"]) != entry["parses"]] == []


def _parses(text):
    try:
        parse(text)
    except ExpressionError as error:
        assert 0 <= error.offset <= len(text)
        return False
    return True


@pytest.mark.parametrize(("offset", "position"), [(0, (1, 1)), (1, (1, 2)), (2, (1, 3)), (3, (2, 1)), (5, (2, 3))])
def test_locate_returns_line_and_column(offset, position):
    assert locate("ab\ncd", offset) == position


def test_attributes_and_functions_are_listed_once_in_the_order_of_the_text():
    expression = parse('IIF([b] = Len([a]), Join("", [b], "x" & [c], Len([a])), Now())')
    assert attributes(expression) == ("b", "a", "c")
    assert functions(expression) == ("IIF", "Len", "Join", "Now")
    assert functions(MAIL) == ()
