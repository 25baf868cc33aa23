"""Text to expression: the grammar, and no opinion on whether the functions exist or get what they need.

    expression := call | attribute | string | number
    call       := NAME "(" [ argument ( "," argument )* ] ")"
    argument   := nothing | sum [ ( "=" | "<>" | ">" | ">=" | "<" | "<=" ) sum ]
    sum        := operand ( "&" operand )*
    operand    := call | attribute | string | number | word

That is the reference's own description and what its examples add to it: white space and line breaks anywhere, empty
arguments, one comparison without AND or OR. Parentheses, arithmetic, indexing and comments occur nowhere and are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from scimconf.expressions.errors import ExpressionError
from scimconf.expressions.nodes import Attribute, Call, Comparison, Concatenation, Constant, Expression, Operator
from scimconf.expressions.syntax_hints import unexpected
from scimconf.expressions.tokens import Token, tokens

MAX_LENGTH = 10_000  # stated by the function reference
MAX_DEPTH = 100  # ours: the deepest published expression has 9 levels; Python's own stack ends near 1,000 frames
OPERATORS = frozenset({"=", "<>", ">", ">=", "<", "<="})


def parse(text: str) -> Expression:
    """Read the text of a mapping's source; raises ExpressionError at the first place that cannot be read."""
    if len(text) > MAX_LENGTH:
        said = f"the expression has {len(text):,} characters, the service takes {MAX_LENGTH:,}"
        raise ExpressionError(said, MAX_LENGTH, "Split it over two attributes, or compute the value at its source.")
    try:
        return _Parser(text).whole()
    except RecursionError:
        raise ExpressionError("the program that asks is nested too deeply itself for this to be read") from None


class _Parser:
    """A walk along the tokens, one ahead. It lives as long as one call of parse."""

    __slots__ = ("depth", "rest", "text", "token")

    def __init__(self, text: str) -> None:
        self.text = text
        self.rest: Iterator[Token] = tokens(text)
        self.token = next(self.rest)
        self.depth = 0

    def whole(self) -> Expression:
        if self.ended():
            raise ExpressionError("the expression is empty", 0, 'Write [attribute], "text" or Function(…).')
        start = self.token
        expression = self.operand()
        if start.kind == "word" and isinstance(expression, Constant):
            hint = f'Write [{start.text}] for the attribute, or "{start.text}" for the text.'
            raise ExpressionError(f"{start.text} is neither an attribute nor a text", start.offset, hint)
        if not self.ended():
            raise self.leftover()
        return expression

    def take(self) -> Token:
        taken = self.token
        self.token = next(self.rest)
        return taken

    def taken(self, mark: str) -> bool:
        """Step over a mark if it is the next thing."""
        if not self.at(mark):
            return False
        self.token = next(self.rest)
        return True

    def ended(self) -> bool:
        return self.token.kind == "end"

    def at(self, mark: str) -> bool:
        return self.token.kind == "mark" and self.token.text == mark

    def comparing(self) -> bool:
        return self.token.kind == "mark" and self.token.text in OPERATORS

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
            raise ExpressionError(message, name.offset, "Use Switch for a choice among many values.")
        arguments = () if self.taken(")") else self.arguments(name, opening)
        self.depth -= 1
        return Call(name.text, arguments)

    def arguments(self, name: Token, opening: Token) -> tuple[Expression | None, ...]:
        found: list[Expression | None] = []
        while True:
            found.append(None if self.at(",") or self.at(")") else self.argument(name, opening))
            if self.taken(")"):
                return tuple(found)
            if not self.taken(","):
                raise self.unseparated(name, opening)

    def argument(self, name: Token, opening: Token) -> Expression:
        if self.ended():
            raise self.unseparated(name, opening)
        left = self.sum()
        if not self.comparing():
            return left
        operator = cast("Operator", self.take().text)
        return Comparison(left, operator, self.sum())

    def sum(self) -> Expression:
        parts = [self.operand()]
        while self.taken("&"):
            parts.append(self.operand())
        return Concatenation(tuple(parts)) if len(parts) > 1 else parts[0]

    def unseparated(self, name: Token, opening: Token) -> ExpressionError:
        """An argument is followed by something that neither goes on nor ends the list."""
        if self.ended():
            return ExpressionError(
                f"the parenthesis of {name.text} is never closed", opening.offset, "Close it with )."
            )
        if self.token.kind == "attribute":
            return self.index(f"a comma or ) of {name.text} is missing before {self.bracketed()}")
        if self.comparing():
            hint = "Nest a second IIF for a second condition."
            return ExpressionError("one comparison is all that a condition holds", self.token.offset, hint)
        return unexpected(self.text, self.token.offset, f"a comma or ) of {name.text}")

    def leftover(self) -> ExpressionError:
        """Something follows the end of the whole expression."""
        token = self.token
        if token.kind == "attribute":
            return self.index(f"the expression ended before {self.bracketed()}")
        if self.comparing() or self.at("&"):
            hint = 'Use it inside IIF: IIF([a] = "b", "True", "False").'
            return ExpressionError(f"{token.text} stands only inside a function's argument", token.offset, hint)
        if self.at(")"):
            return ExpressionError("a ) without a (", token.offset, "Leave it out.")
        return unexpected(self.text, token.offset, hint="The expression ended before this.")

    def index(self, message: str) -> ExpressionError:
        """Something in brackets follows a value: an index of other languages, or an attribute after a lost comma."""
        if self.token.text.lstrip("-").isdigit():
            hint = "Use Item(list, 1), which counts from 1."
            return ExpressionError("values cannot be indexed with [ ]", self.token.offset, hint)
        return ExpressionError(message, self.token.offset)

    def bracketed(self) -> str:
        return f"`[{self.token.text}]`"
