r"""A pattern of .NET as one of the `regex` library.

The two differ where it hurts: .NET numbers groups without a name before those with one, takes `{` and `(?P<n>` for what
they are not elsewhere, has `\Z`, `\z`, set subtraction and category names of its own, and knows no possessive
quantifier. So each piece is read as .NET reads it and written anew. What .NET refuses fails; what it has and this does not
(balancing groups, conditions, `(?x)`) is left open. Counted repetitions are bounded, since the library holds each.
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
_WIDTHLESS = ("(?:", "(?=", "(?!", "(?<=", "(?<!")  # how anchors begin, and what looks around
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
    """The pattern for `regex`, and its groups: .NET's numbers and names, each to the name that it has in there."""

    text: str = ""
    numbers: dict[int, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    caseless: bool = False


@dataclass(slots=True)
class _OpenGroup:
    """A group that is not closed yet: where it begins in the output, and how many atoms it has, repeated ones too."""

    start: int
    counts: int = 0


def translate(pattern: str) -> Translation:
    """The translation; raises FailedError for what .NET refuses, OpenError for what cannot be tried here."""
    if len(pattern) > MAX_LENGTH:
        raise UndocumentedBehaviour("the pattern is too long to be tried here")
    return _Translator(pattern).whole()


class _Translator:
    """A walk along the pattern. `atom` is where the last thing that can be repeated begins in the output."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.out: list[str] = []
        self.groups = [_OpenGroup(0)]
        self.atom: int | None = None
        self.counts = 1  # of the last atom, inside
        self.names: dict[str, str] = {}
        self.unnamed = 0
        self.caseless = False
        self.backward: list[tuple[int, str]] = []  # places in the output that refer to groups by number
        self.taken: list[str] = []  # groups that balancing ones take from, by name or number

    def whole(self) -> Translation:
        while self.position < len(self.pattern):
            self.piece()
        if len(self.groups) > 1:
            raise ServiceFailure("a ( in the pattern is never closed")
        named = list(self.names.items())
        numbers = {number: f"u{number}" for number in range(1, self.unnamed + 1)}
        numbers |= {self.unnamed + 1 + place: inner for place, (_, inner) in enumerate(named)}
        for place, digits in self.backward:
            self.out[place] = f"(?P={numbers[int(digits)]})" if int(digits) in numbers else _octal(digits)
        self.balanced({*self.names, *map(str, numbers), "0"})
        return Translation("".join(self.out), numbers, dict(named), self.caseless)

    def piece(self) -> None:
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
        """Something that a quantifier may follow."""
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
        found = _BACK_NAMED.match(self.pattern, self.position)
        name = (found[1] or found[2]) if found else ""
        if found is None or name not in self.names:
            raise UndocumentedBehaviour("the pattern refers to a group by a name that does not stand before it")
        self.position = found.end()
        self.emit(f"(?P={self.names[name]})")

    def repeat(self, found: re.Match[str]) -> None:
        if self.atom is None:
            raise ServiceFailure("a quantifier in the pattern has nothing to repeat")
        self.position = found.end()
        self.grow(self.counts * (_most(found) - 1))
        lazy = self.pattern.startswith("?", self.position)
        self.position += lazy
        if lazy and self.out[self.atom] != "(?:" and self.out[self.atom].startswith(_WIDTHLESS):
            raise UndocumentedBehaviour("the pattern repeats lazily what has no width, which cannot be tried here")
        self.out.append(found[0] + "?" * lazy)
        self.atom = None

    def grow(self, counts: int) -> None:
        """So many atoms more to hold in memory."""
        self.groups[-1].counts += counts
        if self.groups[-1].counts > MAX_COUNT:
            raise UndocumentedBehaviour("the pattern repeats too often to be tried here")

    def opened(self) -> None:
        behind = self.position + 1
        if comment := _COMMENT.match(self.pattern, behind):
            self.position = comment.end()
        elif self.pattern.startswith("?)", behind):
            raise ServiceFailure("a quantifier in the pattern has nothing to repeat")
        elif not self.pattern.startswith("?", behind):
            self.unnamed += 1
            self.enter(f"(?P<u{self.unnamed}>", behind)
        elif plain := _PLAIN.match(self.pattern, behind):
            self.enter(f"({plain[0]}", plain.end())
        elif named := _NAMED.match(self.pattern, behind):
            self.enter(f"(?P<{self.group(named[1] or named[2])}>", named.end())
        elif balancing := _BALANCING.match(self.pattern, behind):
            self.balancing(balancing)
        elif flags := _FLAGS.match(self.pattern, behind):
            self.flagged(flags)
        else:
            raise self.unknown_group(behind)

    def unknown_group(self, behind: int) -> Exception:
        rest = self.pattern[behind : behind + 2]
        if rest == "?(":
            return UndocumentedBehaviour("the pattern has a condition, which cannot be tried here")
        if rest in ("?<", "?'"):
            return ServiceFailure("a group in the pattern has a name that .NET does not take")
        return ServiceFailure(f"the pattern has (?{rest[1:]}, which .NET does not know")

    def group(self, name: str) -> str:
        """The inner name of a named group; the same name twice is one group, in .NET too."""
        if name.strip("0") == "":
            raise ServiceFailure("the pattern names a group 0, which is the whole match")
        if name.isdigit():
            raise UndocumentedBehaviour("the pattern gives numbers to its groups, which cannot be tried here")
        if "0" <= name[0] <= "9":
            raise ServiceFailure("a group in the pattern has a name that .NET does not take")
        return self.names.setdefault(name, f"n{len(self.names) + 1}")

    def balancing(self, found: re.Match[str]) -> None:
        """`(?<name-other>…)` takes from another group, which may as well stand behind it. So the walk goes on."""
        name, other = found[1] or found[3], found[2] or found[4]
        if name:
            self.group(name)
        self.taken.append(other)
        self.enter("(?:", found.end())

    def balanced(self, known: set[str]) -> None:
        """.NET refuses to take from a group that is nowhere; a hyphen in a name is mostly meant as a letter."""
        for other in self.taken:
            if other not in known:
                raise ServiceFailure(f"the pattern refers to group {other}, which it does not have")
        if self.taken:
            raise UndocumentedBehaviour("the pattern has a balancing group, which cannot be tried here")

    def flagged(self, found: re.Match[str]) -> None:
        flags = found[1]
        if "x" in flags or "n" in flags:
            raise UndocumentedBehaviour("the pattern sets the options x or n, which cannot be tried here")
        if "i" in flags.partition("-")[0]:
            self.caseless = True
            flags += "f" if "-" in flags else "-f"  # one character for one, as .NET compares
        if found[2] == ":":
            self.enter(f"(?{flags}:", found.end())
        else:
            self.position = found.end()
            self.out.append(f"(?{flags})" if flags else "")
            self.atom = None

    def enter(self, text: str, position: int) -> None:
        if len(self.groups) > MAX_DEPTH:
            raise UndocumentedBehaviour("the pattern is nested too deeply to be tried here")
        self.position = position
        self.groups.append(_OpenGroup(len(self.out)))
        self.out.append(text)
        self.atom = None

    def closed(self) -> None:
        if len(self.groups) == 1:
            raise ServiceFailure("the pattern has a ) without a (")
        inner = self.groups.pop()
        self.position += 1
        self.out.append(")")
        self.atom = inner.start
        self.counts = inner.counts + 1
        self.grow(self.counts)


def _octal(digits: str) -> str:
    r"""What digits are that number no group: a character in octal, and digits behind it; not so `\1` to `\9`."""
    if len(digits) == 1 or int(digits) >= 2**31:
        raise ServiceFailure(f"the pattern refers to group {digits}, which it does not have")
    character, end = escape("\\" + digits, 0)
    return character + digits[end - 1 :]


def _most(found: re.Match[str]) -> int:
    """How often a counted quantifier makes its atom stand in memory; at most two digits more than anybody needs."""
    if found["least"] is None:
        return 1
    least, most = found["least"], found["most"] or found["least"]
    if len(least) > 9 or len(most) > 9:
        raise UndocumentedBehaviour("the pattern repeats too often to be tried here")
    if found["comma"] and found["most"] and int(most) < int(least):
        raise ServiceFailure("a quantifier in the pattern has its numbers the wrong way round")
    return max(int(most), 1)
