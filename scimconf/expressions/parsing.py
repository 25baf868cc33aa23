"""The parser: text to expression. It checks the grammar only, not whether a function exists or gets what it needs.

    expression := call | attribute | string | number
    call       := NAME "(" [ argument ( "," argument )* ] ")"
    argument   := nothing | sum [ ( "=" | "<>" | ">" | ">=" | "<" | "<=" ) sum ]
    sum        := operand ( "&" operand )*
    operand    := call | attribute | string | number | word

This is what the function reference describes and what its examples add: white space and line breaks anywhere, empty
arguments, one comparison without AND or OR. No published expression has parentheses, arithmetic, indexing or comments;
they are rejected.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from scimconf.expressions.errors import ExpressionError
from scimconf.expressions.nodes import Attribute, Call, Comparison, Concatenation, Constant, Expression, Operator
from scimconf.expressions.syntax_hints import unexpected
from scimconf.expressions.tokens import Token, tokens

MAX_LENGTH = 10_000  # stated by the function reference
MAX_DEPTH = 100  # our limit: the deepest published expression has 9 levels, Python's stack ends near 1,000 frames
OPERATORS = frozenset({"=", "<>", ">", ">=", "<", "<="})
STACK_TOO_DEEP = "the Python call stack is too deep to read this expression"


def parse(text: str) -> Expression:
    """Return the expression of a text; raise ExpressionError at the first position that cannot be parsed."""
    if len(text) > MAX_LENGTH:
        message = f"the expression has {len(text):,} characters; the service allows {MAX_LENGTH:,}"
        raise ExpressionError(message, MAX_LENGTH, "Split it over two attributes, or compute the value at its source.")
    try:
        return _Parser(text).whole()
    except RecursionError:
        raise ExpressionError(STACK_TOO_DEEP) from None


class _Parser:
    """A recursive descent parser with one token of lookahead, for one call of `parse`."""

    __slots__ = ("depth", "rest", "text", "token")

    def __init__(self, text: str) -> None:
        self.text = text
        self.rest: Iterator[Token] = tokens(text)
        self.token = next(self.rest)
        self.depth = 0

    def whole(self) -> Expression:
        if self.at_end():
            raise ExpressionError("the expression is empty", 0, 'Write [attribute], "text" or Function(…).')
        start = self.token
        expression = self.operand()
        if start.kind == "word" and isinstance(expression, Constant):
            hint = f'Write [{start.text}] for the attribute, or "{start.text}" for the string.'
            raise ExpressionError(f"unquoted word `{start.text}`", start.offset, hint)
        if not self.at_end():
            raise self.leftover()
        return expression

    def take(self) -> Token:
        token, self.token = self.token, next(self.rest)
        return token

    def skip(self, mark: str) -> bool:
        """Step over a punctuation mark if it is the next token; return whether it was."""
        present = self.at(mark)
        if present:
            self.take()
        return present

    def at_end(self) -> bool:
        return self.token.kind == "end"

    def at(self, *marks: str) -> bool:
        return self.token.kind == "mark" and self.token.text in marks

    def operand(self) -> Expression:
        match self.token.kind:
            case "string":
                return Constant(self.take().text)
            case "attribute":
                return Attribute(self.take().text)
            case "number":
                return Constant(self.take().text, bare=True)
            case "word":
                name = self.take()
                return self.call(name) if self.at("(") else Constant(name.text, bare=True)
            case _:
                raise unexpected(self.text, self.token.offset, "a value")

    def call(self, name: Token) -> Call:
        opening = self.take()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            message = f"functions are nested deeper than {MAX_DEPTH} levels"
            raise ExpressionError(message, name.offset, "Use Switch to choose among many values.")
        arguments = () if self.skip(")") else self.arguments(name, opening)
        self.depth -= 1
        return Call(name.text, arguments)

    def arguments(self, name: Token, opening: Token) -> tuple[Expression | None, ...]:
        arguments: list[Expression | None] = []
        while True:
            arguments.append(None if self.at(",", ")") else self.argument(name, opening))
            if self.skip(")"):
                return tuple(arguments)
            if not self.skip(","):
                raise self.missing_separator(name, opening)

    def argument(self, name: Token, opening: Token) -> Expression:
        if self.at_end():
            raise self.missing_separator(name, opening)
        left = self.sum()
        if not self.at(*OPERATORS):
            return left
        operator = cast("Operator", self.take().text)
        return Comparison(left, operator, self.sum())

    def sum(self) -> Expression:
        parts = [self.operand()]
        while self.skip("&"):
            parts.append(self.operand())
        return Concatenation(tuple(parts)) if len(parts) > 1 else parts[0]

    def missing_separator(self, name: Token, opening: Token) -> ExpressionError:
        """Return the error for an argument that is followed neither by a comma nor by the closing parenthesis."""
        expected = f"a comma or ) in {name.text}"
        if self.at_end():
            return ExpressionError(f"the parenthesis of {name.text} is not closed", opening.offset, "Close it with ).")
        if self.token.kind == "attribute":
            return self.bracket(expected)
        if self.at(*OPERATORS):
            hint = "Nest a second IIF for a second condition."
            return ExpressionError("a condition can have only one comparison", self.token.offset, hint)
        return unexpected(self.text, self.token.offset, expected)

    def leftover(self) -> ExpressionError:
        """Return the error for a token after the end of the expression."""
        token, expected = self.token, "the end of the expression"
        if token.kind == "attribute":
            return self.bracket(expected)
        if self.at("&", *OPERATORS):
            hint = 'Use it inside IIF: IIF([a] = "b", "True", "False").'
            return ExpressionError(f"`{token.text}` is allowed only in a function's argument", token.offset, hint)
        if self.at(")"):
            return ExpressionError("unmatched )", token.offset, "Remove it.")
        return unexpected(self.text, token.offset, expected)

    def bracket(self, expected: str) -> ExpressionError:
        """Return the error for brackets after a value: an index, as in other languages, or a forgotten comma."""
        if self.token.text.lstrip("-").isdigit():
            hint = "Use Item(list, 1), which counts from 1."
            return ExpressionError("indexing with [ ] is not supported", self.token.offset, hint)
        return ExpressionError(f"expected {expected}, got `[{self.token.text}]`", self.token.offset)
