"""Property tests: specs generated from the model in random YAML layouts; formatting changes only the layout."""

from __future__ import annotations

import json
import random
import re
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_profiles import examples

from scimconf.diagnostics import DiagnosticsError
from scimconf.render.yaml import format_text, write_spec
from scimconf.render.yaml.builder import MEANT
from scimconf.render.yaml.parser import read
from scimconf.spec.load import _Loader, load
from scimconf.spec.loaded import digest
from scimconf.spec.model import Section, Spec
from scimconf.spec.nodes import Builder
from scimconf.spec.references import Variables
from scimconf.spec.tree import Plain

WORDS = [
    "a", "mail", "none", "NO", "yes", "0010", "1.10", "2026-11", "null", "~", "true", "a: b", "a:b", " a", "a ", "", ".",
    "https://app.example.com/scim", "ada@contoso.com", "${var:X}", "a ${var:X}", 'say "hi"', "it's", "# no", "a #b",
    "[x]", "{x", "a, b", "- a", "-a", "?", "&a", "*a", "!a", "%a", "@a", "`a", "é", "\u2028", "\x85", "\u00a0",
    "tab\there", "one\ntwo", "one\n\n two\n", "\ufeff", "🙂", "a\\b", "=", "<<", "EQUALS", "equals", "SyncAll",
    "two  spaces", "long " * 30 + "end", 'Join(" ", [givenName],  [surname])', "x" * 120, "a :b", "trailing:",
]  # fmt: skip
PLAINS = ["true", "false", "1", "50", "0x1F", "1.10", "none", "word", "NO", "2026-12-31", "${var:X}"]
NAMES = ["users", "groups", "userName", 'emails[type eq "work"].value', *WORDS]
WILD = "ab01 .,:;-?#&*!|>%@`'\"\\[]{}()=~$\u00e9\u2028\x85\u00a0\ufeff\U0001f642"


COMMENT = re.compile(r"# \d+(?: x: y| - \[| &a \*b| é)?")


class SpecGenerator:
    """Generates random values that fit the types of the model; they can be semantically invalid."""

    def __init__(self, rnd: random.Random) -> None:
        self.rnd = rnd

    def spec(self) -> dict[str, Any]:
        tree = {"version": Plain("1")} | self.of(Spec)
        if self.rnd.random() < 0.3:
            tree |= {"extends": ["base.yaml"], "strange": self.rnd.choice([self.text(), [self.text()]])}
        return tree

    def text(self) -> str:
        if self.rnd.random() < 0.3:
            return "".join(self.rnd.choices(WILD, k=self.rnd.randint(0, 6)))
        return self.rnd.choice(WORDS)

    def some_text(self) -> str:
        return self.text() or "x"

    def value(self) -> str:
        """Return a connection value without `*`, which is an error (S314)."""
        return self.text().replace("*", "x")

    def of(self, annotation: Any) -> Any:
        origin, arms = get_origin(annotation), get_args(annotation)
        few = range(self.rnd.choice([0, 1, 1, 2, 3]))
        if origin is Annotated:
            return self.of(arms[0])
        if origin in (Union, UnionType):
            return self.of(self.rnd.choice([arm for arm in arms if arm is not NoneType]))
        if origin is Literal:
            return Plain(self.rnd.choice(arms))
        if origin is tuple:
            return [self.of(arms[0]) for _ in few]
        if origin is dict:
            return {self.rnd.choice([*NAMES, self.text()]): self.of(arms[1]) for _ in few}
        if isinstance(annotation, type) and issubclass(annotation, Section):
            fields = [name for name in annotation.model_fields if name != "imported" and self.rnd.random() < 0.5]
            made = {name: self.of(annotation.model_fields[name].annotation) for name in fields}
            for name in [name for name in MEANT if made.get(name) == "none"]:
                made[name] = Plain("none")  # quoted or not, it means the keyword; it is written without quotes
            return made
        return Plain(self.rnd.choice(PLAINS)) if annotation is not str and self.rnd.random() < 0.6 else self.text()


ROWS = [
    "mail", {"source": "mail", "match": Plain("none")}, {"source": "surname", "default": "none"},
    {"source": "surname", "default": Plain("none")}, {"constant": "NO", "apply": "on_create"}, {"absent": Plain("true")},
    {"expression": 'Join(" ", [givenName], [surname])', "flow_behavior": Plain("always")}, {"expression": "mail"},
    {"expression": 'Switch([a], "", ' + ", ".join(f'"{word}  {word}"' for word in WORDS[:9]) + ")"},
]  # fmt: skip
CLAUSES = [
    {"attribute": "employeeType", "operator": "equals", "value": "0010"},
    {"attribute": "employeeType", "operator": "STARTS!", "value": "none"},
    {"attribute": "accountEnabled", "operator": Plain("is_true")},
]
SECTIONS = {
    "tenant": lambda _: "contoso.com",
    "job": lambda make: {"template": make.some_text()},
    "connection": lambda make: {
        "authentication": Plain("other"),
        "base_address": "https://app.example.com/scim",
        "other": {"UserName": make.value(), "Password": {"env": "A_TOKEN", "rotation": make.some_text()}},
    },
    "mappings": lambda make: {
        "groups": {"enabled": Plain("false")},
        "users": {
            "attributes": {make.some_text(): make.rnd.choice(ROWS) for _ in range(4)},
            "filters": [{"name": make.some_text(), "all": [make.rnd.choice(CLAUSES)]} for _ in range(2)],
            "target_attributes": {make.some_text(): {"raw": {make.text(): None, "a": [make.text()]}}},
        },
    },
    "app_roles": lambda make: {"roles": [{"description": make.some_text(), "display_name": make.some_text()}]},
    "role_attribute": lambda make: {"target": "roles", "expression": make.some_text()},
    "assignments": lambda make: {
        "unlisted": Plain("keep"),
        "users": [{"user": "ada@contoso.com", "role": make.some_text()}, {"user": "bob", "roles": [make.some_text()]}],
    },
    "guard_exemptions": lambda make: [
        {
            "guard": "initial-start",
            "until": make.rnd.choice(["2026-12-01", Plain("2026-12-01")]),
            "reason": make.some_text(),
        }
    ],
}


def valid_spec(make: SpecGenerator) -> dict[str, Any]:
    """Return a spec without errors."""
    tree = {
        "version": Plain("1"),
        "name": make.rnd.choice(["writer", "0010", "NO"]),
        "application": {"display_name": make.some_text(), "create": {"from_template": make.some_text()}},
        "provisioning": {
            "enabled": Plain("true"),
            "deletion_threshold": make.rnd.choice([Plain("0x1F"), Plain("none")]),
        },
    }
    return tree | {name: section(make) for name, section in SECTIONS.items() if make.rnd.random() < 0.5}


class UntidyWriter:
    """Writes a tree as YAML in a random layout."""

    def __init__(self, rnd: random.Random) -> None:
        self.rnd = rnd
        self.count = 0
        self.block_end: str | None = None
        self.anchors: dict[str, str] = {}

    def text(self, tree: dict[str, Any]) -> str:
        lines = ["---"] * self.some(0.1) + self.above() + self.map(tree, 0) + self.above()
        return "\n".join(lines) + "\n" * (not self.some(0.1) or lines[-1] == "")

    def some(self, chance: float) -> bool:
        return self.rnd.random() < chance

    def comment(self) -> str:
        self.count += 1
        return f"# {self.count} {self.rnd.choice(['', 'x: y', '- [', '&a *b', 'é'])}".rstrip()

    def above(self) -> list[str]:
        """Return comments and blank lines; after a block scalar only those that YAML does not add to it."""
        lines = []
        while self.some(0.25):
            if self.some(0.6):
                lines.append(" " * self.rnd.randint(0, 8 if self.block_end is None else 0) + self.comment())
                self.block_end = None
            elif self.block_end != "+":
                lines.append(self.rnd.choice(["", "   "]) if self.block_end is None else "")
        return lines

    def beside(self) -> str:
        return " " * self.rnd.randint(1, 40) + self.comment() if self.some(0.2) else ""

    def map(self, tree: dict[str, Any], indent: int) -> list[str]:
        if not tree:
            return [" " * indent + "{}"]
        items = list(tree.items())
        self.rnd.shuffle(items)
        lines: list[str] = []
        for number, (key, value) in enumerate(items):
            name = self.line(key, is_key=True) + self.rnd.choice(["", "", " "])
            lines += self.above() if number else []
            lines += self.entry(" " * indent + name + ":", value, indent)
        return lines

    def list(self, items: list[Any], indent: int) -> list[str]:
        lines: list[str] = []
        for item in items:
            lines += self.above() if lines else []
            dash = " " * indent + "-"
            is_block = isinstance(item, dict | list) and item
            if is_block and self.some(0.5) and not self.alias(item):
                step = self.rnd.randint(1, 3)
                body = (
                    self.map(item, indent + 1 + step) if isinstance(item, dict) else self.list(item, indent + 1 + step)
                )
                lines += [dash + body[0][indent + 1 :], *body[1:]]
            else:
                lines += self.entry(dash, item, indent)
        return lines

    def entry(self, start: str, value: Any, indent: int) -> list[str]:
        """Return the lines of a key or a dash with its value in a random style."""
        value = Plain(self.rnd.choice(["null", "~"])) if value is None else value
        alias, self.block_end = self.alias(value), None
        if alias:
            return [f"{start} *{alias}{self.beside()}"]
        start += self.anchor(value)
        block = self.block(value, indent) if self.some(0.3) else None
        if block:
            return [f"{start} {block[0]}{self.beside()}", *block[1:]]
        if isinstance(value, str):
            if self.some(0.1) and not start.endswith(":"):
                return [start + self.beside(), *self.above(), " " * (indent + 2) + self.line(value) + self.beside()]
            return [f"{start} {self.spread(value, indent)}{self.beside()}"]
        if not value or self.some(0.4):
            flow = self.flow(value, indent + 1)
            if flow is not None:
                return [f"{start} {flow}{self.beside()}"]
        inner = indent + self.rnd.randint(1, 5)
        lines = [start + self.beside(), *self.above()]
        if isinstance(value, dict):
            return lines + self.map(value, inner)
        return lines + self.list(value, indent if start.rstrip().endswith(":") and self.some(0.3) else inner)

    def alias(self, value: Any) -> str:
        return self.anchors.get(value_key(value), "") if value and self.some(0.7) else ""

    def anchor(self, value: Any) -> str:
        name = f"a{len(self.anchors)}"
        if not value or self.some(0.85) or value_key(value) in self.anchors:
            return ""
        self.anchors[value_key(value)] = name
        return f" &{name}"

    def line(self, text: str, *, is_key: bool = False, in_flow: bool = False) -> str:
        """Return a scalar on one line."""
        is_bare = isinstance(text, Plain) or (self.some(0.5) and is_plain(text))
        if is_bare and not (in_flow and re.search(r"[\[\]{},:]", text)):
            return str(text)
        forms = [json.dumps(text, ensure_ascii=True).replace("\\ud83d\\ude42", "🙂")]
        if not any(ord(sign) < 32 or ord(sign) > 126 for sign in text):
            forms.append("'" + text.replace("'", "''") + "'")
        return self.rnd.choice(forms) if all(ord(sign) < 0x10000 for sign in text) else escaped(text)

    def spread(self, text: str, indent: int) -> str:
        """Return a scalar that may be folded over several lines at single spaces."""
        line = self.line(text)
        if "\\" in line or "  " in line or not self.some(0.3):
            return line
        return re.sub(r"(?<=\w) (?=\w)", "\n" + " " * (indent + 1 + self.rnd.randint(0, 5)), line, count=2)

    def block(self, text: Any, indent: int) -> list[str] | None:
        if isinstance(text, Plain | dict | list) or not text or not re.fullmatch(r"[ -~\n]+", text):
            return None
        if not text.strip(" \n"):
            return None
        body = text.rstrip("\n")
        ends = len(text) - len(body)
        end = "-" if not ends else "" if ends == 1 and self.some(0.5) else "+"
        step = self.rnd.randint(1, 4)
        digit = str(step) if body[0] in " \n" or self.some(0.2) else ""
        self.block_end = end
        lines = body.split("\n") + [""] * (ends - 1 if end == "+" else 0)
        is_one = "\n" not in body and "  " not in body and body.strip() == body
        sign = self.rnd.choice("|>") if is_one else "|"
        if sign == ">" and self.some(0.5):
            lines[:1] = re.sub(r"(?<=\S) (?=\S)", "\n", body, count=3).split("\n")
        return [sign + digit + end, *(" " * (indent + step) + line if line else "" for line in lines)]

    def flow(self, value: Any, indent: int) -> str | None:
        if value is None:
            return "null"
        if isinstance(value, str):
            return self.line(value, in_flow=True) if not isinstance(value, Plain) or "{" not in value else None
        keyed = isinstance(value, dict)
        items = list(value.items() if keyed else enumerate(value))
        self.rnd.shuffle(items) if keyed else None
        parts = []
        for key, item in items:
            part = self.flow(item, indent)
            if part is None or (key == "expression" and not part.startswith(("'", '"'))):
                return None
            name = self.line(key, is_key=True, in_flow=True) + ": " if keyed else ""
            parts.append(self.gap(indent) + name + part)
        text = ("," + self.gap(indent)).join(parts) + ("," if parts and self.some(0.2) else "") + self.gap(indent)
        return f"{{{text}}}" if keyed else f"[{text}]"

    def gap(self, indent: int) -> str:
        if self.some(0.8):
            return self.rnd.choice(["", " "])
        comment = f" {self.comment()}" if self.some(0.4) else ""
        return comment + "\n" + " " * indent


def value_key(value: Any) -> str:
    """Return a key that is equal for equal values, so that an alias can replace one."""
    return f"{type(value)} {digest([value])}"


def escaped(text: str) -> str:
    return '"' + "".join(sign if sign.isalnum() and ord(sign) < 127 else f"\\U{ord(sign):08x}" for sign in text) + '"'


def is_plain(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z](?:[\w/.@=$ -]|:(?=\w))*", text, re.ASCII)) and not re.search(
        r" $|^(none|true|false|null|NULL|TRUE|True|Null|False|FALSE)$", text
    )


def raw(text: str) -> Any:
    """Return the tree as read from YAML, before the loader removes any keys."""
    return Builder("", text.split("\n"), Variables({}, {})).build(_Loader(text).get_single_node())


def loaded(text: str):
    return load("s.yaml", lambda path: text if path == "s.yaml" else "{}", {}, {"X": "x"}, lambda _: True)


def comparable_diagnostics(spec):
    """Return the diagnostics; none if one depends on the layout, because a location is reported only once."""
    if any(one.code < "S1" or one.code in ("S209", "S211") for one in spec.diagnostics):
        return []
    return sorted((one.code, one.message, one.path, one.hint) for one in spec.diagnostics)


def check(text: str) -> str:
    made = format_text(text, "s.yaml")
    before, after = loaded(text), loaded(made)
    assert before.spec == after.spec
    assert bool(before.diagnostics) == bool(after.diagnostics)
    assert comparable_diagnostics(before) == comparable_diagnostics(after)
    assert digest(before.resolved) == digest(after.resolved)
    assert digest(raw(text)) == digest(raw(made))
    assert format_text(made, "s.yaml") == made
    return made


RANDOMS = st.randoms(use_true_random=True)


@examples(25)
@given(RANDOMS)
def test_format_text_keeps_meaning_of_valid_spec(rnd):
    tree = valid_spec(SpecGenerator(rnd))
    text = UntidyWriter(rnd).text(tree)
    assert digest(raw(text)) == digest(tree)
    assert loaded(text).diagnostics == ()
    assert loaded(check(text)).spec == loaded(write_spec(tree)).spec


@examples(25)
@given(RANDOMS)
def test_format_text_keeps_values_and_comments_of_any_spec(rnd):
    tree, untidy = SpecGenerator(rnd).spec(), UntidyWriter(rnd)
    text = untidy.text(tree)
    assert digest(raw(text)) == digest(tree)
    made = check(text)
    assert sorted(read(made).comments) == sorted(COMMENT.findall(text))


@examples(25)
@given(RANDOMS)
def test_write_spec_is_canonical_and_keeps_values(rnd):
    tree = SpecGenerator(rnd).spec()
    text = write_spec(tree)
    assert digest(raw(text)) == digest(tree)
    assert check(text) == text


PIECES = [
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "!",
    "|",
    ">-",
    "#",
    "\t",
    "'",
    '"',
    "\n",
    " ",
    "---\n",
    "? ",
    "null",
]


@examples(25)
@given(RANDOMS)
def test_format_text_formats_corrupted_yaml_safely_or_reports_location(rnd):
    text = UntidyWriter(rnd).text(SpecGenerator(rnd).spec())
    for _ in range(rnd.randint(1, 3)):
        at = rnd.randint(0, len(text))
        text = text[:at] + rnd.choice(PIECES) + text[at + rnd.randint(0, 3) :]
    try:
        check(text)
    except DiagnosticsError as error:
        assert error.diagnostics
        assert all(problem.location is not None for problem in error.diagnostics)
