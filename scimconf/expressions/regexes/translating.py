r"""Translation of a pattern of .NET into one of the `regex` library.

The two differ: .NET numbers unnamed groups before named ones, treats `{` and `(?P<n>` differently, has its own `\Z`,
`\z`, set subtraction and category names, and has no possessive quantifiers. Each part is parsed by .NET's rules and
written again. A pattern that .NET rejects raises ServiceFailure; a feature that is not translated (balancing groups,
conditions, `(?x)`) raises UndocumentedBehaviour. Counted repetitions are limited, since the library expands them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.regexes.classes import WORD, character_set, escape, literal

MAX_LENGTH = 10_000
MAX_DEPTH = 60
MAX_COUNT = 10_000

_EDGE = f"[{WORD}\u200c\u200d]"
_ANCHORS = {
    "A": r"\A",
    "Z": r"(?=\n?\Z)",
    "z": r"\Z",
    "G": r"\G",
    "b": f"(?:(?<={_EDGE})(?!{_EDGE})|(?<!{_EDGE})(?={_EDGE}))",
    "B": f"(?:(?<={_EDGE})(?={_EDGE})|(?<!{_EDGE})(?!{_EDGE}))",
}
_WIDTHLESS = ("(?:", "(?=", "(?!", "(?<=", "(?<!")  # the start of anchors, lookaheads and lookstarts
_QUANTIFIER = re.compile(r"[*+?]|\{(?P<least>[0-9]+)(?:(?P<comma>,)(?P<most>[0-9]*))?\}")
_NAMED = re.compile(r"\?(?:<(\w+)>|'(\w+)')")
_BALANCING = re.compile(r"\?(?:<(\w*)-(\w+)>|'(\w*)-(\w+)')")
_PLAIN = re.compile(r"\?(?:[:>=!]|<[=!])")
_FLAGS = re.compile(r"\?([imnsx]*(?:-[imnsx]+)?)([:)])")
_COMMENT = re.compile(r"\?#[^)]*\)")
_BACK_NAMED = re.compile(r"\\k(?:<(\w+)>|'(\w+)')")
_BACK = re.compile(r"\\([1-9][0-9]{0,9})")


@dataclass(slots=True)
class Translation:
    """The pattern for `regex`, and the names in it of .NET's groups, by number and by name."""

    text: str = ""
    numbers: dict[int, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    caseless: bool = False


@dataclass(slots=True)
class _OpenGroup:
    """An open group: its start in the output, and its number of atoms, with repetitions expanded."""

    start: int
    counts: int = 0


def translate(pattern: str) -> Translation:
    """Return the translation of a pattern; raise EvaluationStop if .NET rejects it or it cannot be translated."""
    if len(pattern) > MAX_LENGTH:
        raise UndocumentedBehaviour("the regular expression is too long to be evaluated")
    return _Translator(pattern).whole()


class _Translator:
    """Translates a pattern part by part. `atom` is the start of the last atom in the output, which may be repeated."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.out: list[str] = []
        self.groups = [_OpenGroup(0)]
        self.atom: int | None = None
        self.counts = 1  # atoms inside the last atom
        self.names: dict[str, str] = {}
        self.unnamed = 0
        self.caseless = False
        self.backward: list[tuple[int, str]] = []  # positions in the output of references by number
        self.popped: list[str] = []  # groups that balancing groups refer to, by name or number

    def whole(self) -> Translation:
        while self.position < len(self.pattern):
            self.part()
        if len(self.groups) > 1:
            raise ServiceFailure("a ( in the pattern is not closed")
        named = list(self.names.items())
        numbers = {number: f"u{number}" for number in range(1, self.unnamed + 1)}
        numbers |= {self.unnamed + number: inner for number, (_, inner) in enumerate(named, 1)}
        for position, digits in self.backward:
            self.out[position] = f"(?P={numbers[int(digits)]})" if int(digits) in numbers else _octal(digits)
        self.check_balancing({*self.names, *map(str, numbers), "0"})
        return Translation("".join(self.out), numbers, dict(named), self.caseless)

    def part(self) -> None:
        character = self.pattern[self.position]
        quantifier = _QUANTIFIER.match(self.pattern, self.position)
        if quantifier:
            self.repeat(quantifier)
        elif character == "\\":
            self.escaped()
        elif character == "[":
            text, self.position = character_set(self.pattern, self.position)
            self.emit(text)
        elif character == "(":
            self.opened()
        elif character == ")":
            self.closed()
        else:
            self.position += 1
            self.plain(character)

    def plain(self, character: str) -> None:
        if character == "|":
            self.out.append("|")
            self.atom = None
        elif character in "^$.":
            self.emit(character if character == "." else f"(?:{character})")
        else:
            self.emit(literal(character))

    def emit(self, text: str, counts: int = 1) -> None:
        """Append an atom, which a quantifier may follow."""
        self.atom = len(self.out)
        self.counts = counts
        self.grow(counts)
        self.out.append(text)

    def escaped(self) -> None:
        letter = self.pattern[self.position + 1 : self.position + 2]
        if letter in _ANCHORS:
            self.position += 2
            self.emit(f"(?:{_ANCHORS[letter]})", 10 if letter in "bB" else 1)
        elif letter == "k":
            self.named_reference()
        elif number := _BACK.match(self.pattern, self.position):
            self.position = number.end()
            self.backward.append((len(self.out), number[1]))
            self.emit("")
        else:
            text, self.position = escape(self.pattern, self.position)
            self.emit(text)

    def named_reference(self) -> None:
        match = _BACK_NAMED.match(self.pattern, self.position)
        name = (match[1] or match[2]) if match else ""
        if match is None or name not in self.names:
            raise UndocumentedBehaviour("the pattern refers to a named group that is not before the reference")
        self.position = match.end()
        self.emit(f"(?P={self.names[name]})")

    def repeat(self, quantifier: re.Match[str]) -> None:
        if self.atom is None:
            raise ServiceFailure("a quantifier in the pattern has nothing to repeat")
        self.position = quantifier.end()
        self.grow(self.counts * (_max_repetitions(quantifier) - 1))
        lazy = self.pattern.startswith("?", self.position)
        self.position += lazy
        if lazy and self.out[self.atom] != "(?:" and self.out[self.atom].startswith(_WIDTHLESS):
            raise UndocumentedBehaviour("the pattern has a lazy quantifier after an anchor, which cannot be evaluated")
        self.out.append(quantifier[0] + "?" * lazy)
        self.atom = None

    def grow(self, counts: int) -> None:
        """Count further atoms of the current group; raise UndocumentedBehaviour if they are too many."""
        self.groups[-1].counts += counts
        if self.groups[-1].counts > MAX_COUNT:
            raise UndocumentedBehaviour("the pattern has too many repetitions to be evaluated")

    def opened(self) -> None:
        start = self.position + 1
        if comment := _COMMENT.match(self.pattern, start):
            self.position = comment.end()
        elif self.pattern.startswith("?)", start):
            raise ServiceFailure("a quantifier in the pattern has nothing to repeat")
        elif not self.pattern.startswith("?", start):
            self.unnamed += 1
            self.enter(f"(?P<u{self.unnamed}>", start)
        elif plain := _PLAIN.match(self.pattern, start):
            self.enter(f"({plain[0]}", plain.end())
        elif named := _NAMED.match(self.pattern, start):
            self.enter(f"(?P<{self.group(named[1] or named[2])}>", named.end())
        elif balancing := _BALANCING.match(self.pattern, start):
            self.balancing(balancing)
        elif flags := _FLAGS.match(self.pattern, start):
            self.flagged(flags)
        else:
            raise self.unknown_group(start)

    def unknown_group(self, start: int) -> Exception:
        rest = self.pattern[start : start + 2]
        if rest == "?(":
            return UndocumentedBehaviour("the pattern has a condition, which cannot be evaluated")
        if rest in ("?<", "?'"):
            return ServiceFailure("a group in the pattern has a name that .NET rejects")
        return ServiceFailure(f"the pattern has (?{rest[1:]}, which .NET rejects")

    def group(self, name: str) -> str:
        """Return the inner name of a named group; a name that occurs twice is one group, as in .NET."""
        if name.strip("0") == "":
            raise ServiceFailure("the pattern names a group 0, which is the whole match")
        if name.isdigit():
            raise UndocumentedBehaviour("the pattern has numbered groups, which cannot be evaluated")
        if "0" <= name[0] <= "9":
            raise ServiceFailure("a group in the pattern has a name that .NET rejects")
        return self.names.setdefault(name, f"n{len(self.names) + 1}")

    def balancing(self, match: re.Match[str]) -> None:
        """Enter `(?<name-other>…)`; the other group may follow, so it is checked at the end."""
        name, other = match[1] or match[3], match[2] or match[4]
        if name:
            self.group(name)
        self.popped.append(other)
        self.enter("(?:", match.end())

    def check_balancing(self, known: set[str]) -> None:
        """Raise the error for balancing groups; .NET rejects those that refer to a group that does not exist."""
        for other in self.popped:
            if other not in known:
                raise ServiceFailure(f"the pattern refers to group {other}, which it does not have")
        if self.popped:
            raise UndocumentedBehaviour("the pattern has a balancing group, which cannot be evaluated")

    def flagged(self, match: re.Match[str]) -> None:
        flags = match[1]
        if "x" in flags or "n" in flags:
            raise UndocumentedBehaviour("the pattern sets the options x or n, which cannot be evaluated")
        if "i" in flags.partition("-")[0]:
            self.caseless = True
            flags += "f" if "-" in flags else "-f"  # without multi-character case folding, like .NET
        if match[2] == ":":
            self.enter(f"(?{flags}:", match.end())
        else:
            self.position = match.end()
            self.out.append(f"(?{flags})" if flags else "")
            self.atom = None

    def enter(self, text: str, position: int) -> None:
        if len(self.groups) > MAX_DEPTH:
            raise UndocumentedBehaviour("the pattern is nested too deeply to be evaluated")
        self.position = position
        self.groups.append(_OpenGroup(len(self.out)))
        self.out.append(text)
        self.atom = None

    def closed(self) -> None:
        if len(self.groups) == 1:
            raise ServiceFailure("the pattern has an unmatched )")
        inner = self.groups.pop()
        self.position += 1
        self.out.append(")")
        self.atom = inner.start
        self.counts = inner.counts + 1
        self.grow(self.counts)


def _octal(digits: str) -> str:
    r"""Return the translation of a reference to no group: an octal escape and further digits, but not `\1` to `\9`."""
    if len(digits) == 1 or int(digits) >= 2**31:
        raise ServiceFailure(f"the pattern refers to group {digits}, which it does not have")
    character, end = escape("\\" + digits, 0)
    return character + digits[end - 1 :]


def _max_repetitions(quantifier: re.Match[str]) -> int:
    """Return how often the library expands the atom of a quantifier."""
    if quantifier["least"] is None:
        return 1
    least, most = quantifier["least"], quantifier["most"] or quantifier["least"]
    if len(least) > 9 or len(most) > 9:
        raise UndocumentedBehaviour("the pattern has too many repetitions to be evaluated")
    if quantifier["comma"] and quantifier["most"] and int(most) < int(least):
        raise ServiceFailure("a quantifier in the pattern has its numbers in reverse order")
    return max(int(most), 1)
