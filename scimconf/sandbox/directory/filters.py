"""Compiles `$filter` of the directory to SQL.

Properties and operators that the directory does not support are refused, and filters with too many clauses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scimconf.sandbox.http_types import GraphRequest, bad_request, unsupported_query
from scimconf.sandbox.store import Condition, property_sql
from scimconf.sandbox.tenant import Tenant

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<punct>[(),])"
    r"|(?P<any>[A-Za-z]+/any\(\s*(?P<var>\w+)\s*:\s*(?P=var)(?:/(?P<part>\w+))?\s+eq\s+'(?P<item>(?:[^']|'')*)'\s*\))"
    r"|(?P<word>[A-Za-z0-9_.:/+-]+))"
)
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_COMPARE = {"eq": "=", "ne": "<>", "ge": ">=", "le": "<=", "gt": ">", "lt": "<"}
_BOOLEANS = {"true": 1, "false": 0}
_NULL = "null"
_ADVANCED = ("ne", "not", "endswith")
_PATTERNS = {"startswith": "{}%", "endswith": "%{}", "contains": "%{}%"}


@dataclass(frozen=True, slots=True)
class FilterColumn:
    """The SQL expression of a property, and the operators that filters can use on it."""

    sql: str
    operators: frozenset[str] = frozenset({"eq", "ne", "in", "startswith", "endswith", "ge", "le", "gt", "lt"})


def property_columns(*names: str) -> dict[str, FilterColumn]:
    """Return a column for each property of a document."""
    return {name: FilterColumn("id" if name == "id" else property_sql(name)) for name in names}


class _FilterParser:
    """A recursive descent parser of one filter. Its methods return SQL conditions."""

    def __init__(self, text: str, columns: Mapping[str, FilterColumn], *, is_advanced: bool, clauses: int) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._columns = columns
        self._advanced = is_advanced
        self._clauses = clauses

    def parse(self) -> Condition:
        condition = self._or_expression()
        if self._at != len(self._tokens):
            raise bad_request(f"Invalid filter clause: unexpected '{self._tokens[self._at]}'.")
        return condition

    def _or_expression(self) -> Condition:
        parts = [self._and_expression()]
        while self._accept("or"):
            parts.append(self._and_expression())
        self._limit_clauses(len(parts))
        return _joined(" OR ", parts)

    def _and_expression(self) -> Condition:
        parts = [self._term()]
        while self._accept("and"):
            parts.append(self._term())
        return _joined(" AND ", parts)

    def _term(self) -> Condition:
        if self._accept("not"):
            self._require_advanced("not")
            inner = self._term()
            return Condition(f"NOT ({inner.sql})", inner.values)
        if self._accept("("):
            inner = self._or_expression()
            self._expect(")")
            return inner
        name = self._next()
        if name.lower() in _PATTERNS:
            return self._text_function(name.lower())
        if "/any(" in name:
            return self._any_lambda(name)
        return self._comparison(name)

    def _text_function(self, function: str) -> Condition:
        if function in _ADVANCED:
            self._require_advanced(function)
        self._expect("(")
        lowers = self._accept("tolower")
        if lowers:
            self._expect("(")
        column = self._column(self._next(), function)
        if lowers:
            self._expect(")")
        self._expect(",")
        value = _literal(self._next())
        self._expect(")")
        pattern = _PATTERNS[function].format(re.sub(r"([%_\\])", r"\\\1", str(value)))
        return Condition(f"{column.sql} LIKE ? ESCAPE '\\'", (pattern,))

    def _any_lambda(self, text: str) -> Condition:
        match = _TOKEN.match(text)
        name = text.split("/", 1)[0]
        if match is None or name not in self._columns:
            raise unsupported_query(f"Unsupported or invalid query filter clause specified for property '{name}'.")
        item = match["item"].replace("''", "'")
        if match["part"]:
            sql = (
                f"EXISTS (SELECT 1 FROM json_each(doc, '$.{name}') WHERE json_extract(value, '$.{match['part']}') = ?)"  # noqa: S608  \w+ only
            )
            return Condition(sql, (item,))
        return Condition(f"EXISTS (SELECT 1 FROM json_each(doc, '$.{name}') WHERE value = ? COLLATE NOCASE)", (item,))  # noqa: S608  a known column name

    def _comparison(self, name: str) -> Condition:
        operator = self._next().lower()
        if operator != "in" and operator not in _COMPARE:
            raise bad_request(f"Invalid filter clause: '{operator}' is not an operator.")
        if operator in _ADVANCED:
            self._require_advanced(operator)
        column = self._column(name, operator)
        if operator == "in":
            return self._in(column)
        value = _literal(self._next())
        if value is None:
            return Condition(f"{column.sql} IS {'NULL' if operator == 'eq' else 'NOT NULL'}")
        return Condition(f"{column.sql} {_COMPARE[operator]} ?", (value,))

    def _in(self, column: FilterColumn) -> Condition:
        self._expect("(")
        values = [_literal(self._next())]
        while self._accept(","):
            values.append(_literal(self._next()))
        self._expect(")")
        self._limit_clauses(len(values))
        return Condition(f"{column.sql} IN ({', '.join('?' * len(values))})", tuple(values))

    def _column(self, name: str, operator: str) -> FilterColumn:
        column = self._columns.get(name)
        if column is None or operator not in column.operators:
            raise unsupported_query(
                f"Unsupported or invalid query filter clause specified for property '{name}' of resource."
            )
        return column

    def _limit_clauses(self, count: int) -> None:
        if count > self._clauses and not self._advanced:
            raise unsupported_query(
                "Too many child clauses specified in search filter expression containing 'OR' operators: "
                f"{count}. Max allowed: {self._clauses}."
            )

    def _require_advanced(self, operator: str) -> None:
        if not self._advanced:
            raise unsupported_query(
                f"Operator '{operator}' is not supported because the required parameters are not set."
            )

    def _accept(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at].lower() == word:
            self._at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise bad_request(f"Invalid filter clause: '{word}' is missing.")

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise bad_request("Invalid filter clause: unexpected end.")
        self._at += 1
        return self._tokens[self._at - 1]


def _tokens(text: str) -> Iterable[str]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise bad_request(f"Invalid filter clause: unexpected character at position {at}.")
        yield match.group().strip()
        at = match.end()


def _literal(token: str) -> str | int | None:
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if token in _BOOLEANS:
        return _BOOLEANS[token]
    if token == _NULL:
        return None
    if re.fullmatch(r"-?\d+", token):
        return int(token)
    if _GUID.match(token) or re.match(r"\d{4}-\d\d-\d\d", token):
        return token
    raise bad_request(f"Invalid filter clause: '{token}' is not a literal.")


def _joined(word: str, parts: Sequence[Condition]) -> Condition:
    if len(parts) == 1:
        return parts[0]
    values = tuple(value for part in parts for value in part.values)
    return Condition(word.join(f"({part.sql})" for part in parts), values)


def filter_condition(tenant: Tenant, request: GraphRequest, columns: Mapping[str, FilterColumn]) -> Condition:
    """Return the condition of `$filter`; without it, a condition that is always true."""
    text = request.query.get("filter")
    if not text:
        return Condition()
    is_advanced = request.is_advanced and request.query.get("count", "").lower() == "true"
    return _FilterParser(text, columns, is_advanced=is_advanced, clauses=tenant.switches.filter_clauses).parse()
