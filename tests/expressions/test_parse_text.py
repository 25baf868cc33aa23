"""Text to expression: what is read, and what is said about what cannot be read."""

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
        ("BitAnd(&HF, &hF)", None),
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
        ("[msDS-cloud attribute, (1)]", Attribute("msDS-cloud attribute, (1)")),
        ("[urn:ietf:params:scim:a:2.0:User:b]", Attribute("urn:ietf:params:scim:a:2.0:User:b")),
        ('[emails[type eq "work"].value]', Attribute('emails[type eq "work"].value')),
        ('[emails[type eq "a]b"].value]', Attribute('emails[type eq "a]b"].value')),
        ('[a"b]', Attribute('a"b')),
        ("[ mail ]", Attribute(" mail ")),
    ],
)
def test_reads(text, expression):
    """A text is read as the expression, names and texts to the letter."""
    if expression is None:
        with pytest.raises(ExpressionError):
            parse(text)
    else:
        assert expression == parse(text)


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
def test_two_escapes(text, value):
    """Only a backslash and a quotation mark are escaped; any other backslash stays."""
    assert Constant(value) == parse(text)


def test_remembers_what_was_written_bare():
    """Quotes around a number make no other expression, and it is still known whether there were any."""
    bare, quoted = parse("Mid([a], 1, 1)"), parse('Mid([a], "1", "1")')
    assert bare == quoted
    assert hash(bare) == hash(quoted)
    assert [each.arguments[1].bare for each in (bare, quoted)] == [True, False]


NESTING = (
    "Nest a second IIF: as the second argument for AND, as the third for OR. To negate, use Not() or swap the branches."
)
JOINED = "conditions cannot be joined or negated by an operator"
SUMS = ("there is no arithmetic", "Add to dates with DateAdd; join texts with Join or Append.")
COMMENT = ("there are no comments inside an expression", "Put the comment into the YAML file, above the mapping.")
INDEX = ("values cannot be indexed with [ ]", "Use Item(list, 1), which counts from 1.")
STRAIGHT = ("text stands in straight double quotes", 'Write "text".')
GROUPS = ("parentheses stand only behind a function's name", "Leave them out, or nest another function.")
UNCLOSED = ("the text is never closed", 'Close it with ". Inside a text, write \\" for ".')
DOTS = ("a name with dots or colons stands in brackets", "Write [name.part].")
INSIDE = 'Use it inside IIF: IIF([a] = "b", "True", "False").'


@pytest.mark.parametrize(
    ("text", "offset", "message", "hint"),
    [
        ("", 0, "the expression is empty", 'Write [attribute], "text" or Function(…).'),
        (" \n", 0, "the expression is empty", 'Write [attribute], "text" or Function(…).'),
        (" [mail", 1, "the attribute's bracket is never closed", "Close it with ] behind the name."),
        ('[a[b "]]', 0, "the attribute's bracket is never closed", "Close it with ] behind the name."),
        ("[]", 0, "an attribute without a name", "Write the name between the brackets: [mail]."),
        ('f("abc)', 2, *UNCLOSED),
        ('f("abc\\")', 2, *UNCLOSED),
        ('f("a" "b")', 6, 'a comma or ) of f is missing before `"`', ""),
        ('f("a" "=")', 6, 'a comma or ) of f is missing before `"`', ""),
        ('"a" "="', 4, 'unexpected `"`', "The expression ended before this."),
        ('f("a""b")', 5, "two texts stand side by side", 'Inside a text, write \\" for ".'),
        ("f([a] [b])", 6, "a comma or ) of f is missing before `[b]`", ""),
        ("f([a] g())", 6, "a comma or ) of f is missing before `g`", ""),
        ("f(1abc)", 3, "a comma or ) of f is missing before `abc`", ""),
        ("f([a]", 1, "the parenthesis of f is never closed", "Close it with )."),
        ("f([a],", 1, "the parenthesis of f is never closed", "Close it with )."),
        ("f(", 1, "the parenthesis of f is never closed", "Close it with )."),
        ("f([a]))", 6, "a ) without a (", "Leave it out."),
        ("f([a]) g()", 7, "unexpected `g`", "The expression ended before this."),
        ("[a] [b]", 4, "the expression ended before `[b]`", ""),
        ('[a] = "b"', 4, "= stands only inside a function's argument", INSIDE),
        ('[a] & "b"', 4, "& stands only inside a function's argument", INSIDE),
        (
            "mail",
            0,
            "mail is neither an attribute nor a text",
            'Write [mail] for the attribute, or "mail" for the text.',
        ),
        ("f([a]; 1)", 5, "arguments are separated by commas", "Write , for ;."),
        ("f(1 + 1)", 4, *SUMS),
        ("f(5-3)", 3, *SUMS),
        ('IIF([a] == "b", 1)', 9, "one operator is enough", "Write = for equal."),
        ('IIF([a] != "b", 1)', 8, "the operator is <>", "Write <> for not equal."),
        ('IIF([a] = "b" AND [c] = "d", 1)', 14, JOINED, NESTING),
        ('IIF([a] = "b" && [c] = "d", 1)', 15, JOINED, NESTING),
        ('IIF([a] = "b" || [c] = "d", 1)', 14, JOINED, NESTING),
        ("IIF(![a], 1)", 4, JOINED, NESTING),
        (
            "IIF([a] = [b] = [c], 1)",
            14,
            "one comparison is all that a condition holds",
            "Nest a second IIF for a second condition.",
        ),
        ("IIF(= 1, 2)", 4, "a value is missing before `=`", ""),
        ("IIF([a] =", 9, "a value is missing before the end", ""),
        ("IIF(([a] = 1), 2)", 4, *GROUPS),
        ("f([a])(1)", 6, *GROUPS),
        ("f('a')", 2, *STRAIGHT),
        ("f(“a”)", 2, *STRAIGHT),
        ("f(1,\u00a0[a])", 4, "a space of an unusual kind", "Type the space again; it came with a copied text."),
        ("%Domain%", 0, "there are no %parameters%", "They belong to Entra Connect; write a constant."),
        ('Split([a], ",")[0]', 15, *INDEX),
        ('Left(Split([a], ",")[-1], 2)', 20, *INDEX),
        ("f([a]) // why", 7, *COMMENT),
        ("f([a] # why\n)", 6, *COMMENT),
        ("f(urn:a)", 5, *DOTS),
        ("{a}", 0, "unexpected `{`", ""),
    ],
)
def test_says_what_is_wrong(text, offset, message, hint):
    """A text that is no expression is refused at the place, with what to write instead."""
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    error = caught.value
    assert (offset, message, hint) == (error.offset, str(error), error.hint)


def test_length_has_a_limit():
    """The service takes 10,000 characters, and so do we."""
    assert len(parse('"' + "x" * (MAX_LENGTH - 2) + '"').text) + 2 == MAX_LENGTH
    with pytest.raises(ExpressionError, match="has 10,001 characters"):
        parse("x" * (MAX_LENGTH + 1))


@pytest.mark.parametrize("tail", ["", "[a]" + ")" * 3000])
def test_depth_has_a_limit(tail):
    """A pathological text is refused before Python's stack is."""
    with pytest.raises(ExpressionError, match="deeper than 100 levels"):
        parse("f(" * 3000 + tail)
    assert Call("f", (MAIL,)) == parse("f([mail])")
    assert functions(parse("f(" * MAX_DEPTH + ")" * MAX_DEPTH)) == ("f",)


def test_the_corpus(corpus):
    """Every published text is read or refused as the corpus says."""
    wrong = [entry["expression"] for entry in corpus if _parses(entry["expression"]) != entry["parses"]]
    assert wrong == []


def _parses(text):
    try:
        parse(text)
    except ExpressionError as error:
        assert 0 <= error.offset <= len(text)
        return False
    return True


@pytest.mark.parametrize(("offset", "place"), [(0, (1, 1)), (1, (1, 2)), (2, (1, 3)), (3, (2, 1)), (5, (2, 3))])
def test_locates_lines(offset, place):
    """An offset is also told as line and column, both from 1."""
    assert place == locate("ab\ncd", offset)


def test_lists_what_is_mentioned():
    """Attributes and functions are listed once each, in the order of the text."""
    expression = parse('IIF([b] = Len([a]), Join("", [b], "x" & [c], Len([a])), Now())')
    assert attributes(expression) == ("b", "a", "c")
    assert functions(expression) == ("IIF", "Len", "Join", "Now")
    assert functions(MAIL) == ()
