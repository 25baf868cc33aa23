"""Loads a spec: reads its files, parses them with libyaml, merges and validates them. The only user of PyYAML.

Files are read by a function that the caller passes, and only those that another function allows: a spec may come from
someone who must not see the files of this machine. All diagnostics are collected; a location that has one from reading gets
no further ones from validation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, get_args

import yaml
from pydantic import ValidationError

from scimconf.diagnostics import Diagnostic, Location
from scimconf.spec.comments import SourceComment, comments
from scimconf.spec.loaded import Loaded
from scimconf.spec.merge import merge, widened_exemptions
from scimconf.spec.model import Spec
from scimconf.spec.nodes import Builder, FileError, quoted_expression
from scimconf.spec.references import Variables, misplaced, relative_to, secret_files, with_secret_paths
from scimconf.spec.rows import Column, read_rows
from scimconf.spec.tree import CsvRows, YamlList, YamlMapping
from scimconf.spec.validation_errors import diagnostics_of

Read = Callable[[str], bytes | str]
IsAllowed = Callable[[str], bool]
"""Returns whether a spec may name the file at a path, after links are resolved."""

MAX_SIZE = 4_000_000
"""Bytes of a YAML file."""
MAX_CSV_SIZE = 64_000_000
"""Bytes of a CSV file, the largest file that a spec names."""
MAX_BASES = 20
LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
QUOTES = "Put the string in quotes."
SECOND_COLON = "mapping values are not allowed in this context"
NO_COLON = "could not find expected ':'"
UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that YAML does not allow. Surrogates are rejected earlier, as invalid UTF-8."""
VERSION = re.compile(r"""^(?:\{\s*|[ \t]*)(["']?)version\1\s*:\s*(["']?)1\2(?=[\s,}]|$)""", re.MULTILINE)
"""The key that marks a file as a spec, in block style or as the first key of a flow mapping.

Only after a `{` does it cross lines: from the start of each line, many empty lines would take quadratic time.
"""
KEY = re.compile(r"""\s*(?:- +)?(?:[\w.$-]+|'[^']*'|"[^"]*") *:(?:\s(?!.*:(?:\s|$))|$)""")
"""A line that is a key and contains at most one `: `."""
YAML_ERRORS = {
    SECOND_COLON: ("a second `: ` in one line", QUOTES),
    "found unexpected end of stream": ("a quote is not closed", "Add the closing quote."),
    "found character that cannot start any token": ("a plain string cannot begin with this character", QUOTES),
    "found undefined alias": ("`*` begins an alias that is not defined", QUOTES),
    "did not find expected key": ("the indentation differs from that of the surrounding lines", "Align it with them."),
    NO_COLON: ("a key without `:`", "Write `key: value`."),
    "did not find expected '-' indicator": ("a list item without `-`", "Begin the item with `- `."),
    "did not find expected ',' or '}'": ("a `{` is not closed", "Close it, or put the strings in it in quotes."),
    "did not find expected ',' or ']'": ("a `[` is not closed", "Close it, or put the strings in it in quotes."),
    "did not find expected node content": ("a `[` or `{` is not closed", "Close it."),
    "did not find expected alphabetic or numeric character": ("`&` and `*` begin an anchor or an alias", QUOTES),
    "found unknown escape character": ("`\\` begins an escape in double quotes", "Use single quotes."),
}
"""libyaml's messages, and the messages and hints that replace them."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml if it is installed
    """Parses YAML without converting scalars: the tree keeps the characters."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


def load(
    path: str, read: Read, environ: Mapping[str, str], variables: Mapping[str, str], is_allowed: IsAllowed
) -> Loaded:
    """Return the spec at a path, merged with its base and CSV files, or the errors. `environ` is for hints only.

    A file that is not allowed, and the text of a base file that is no spec, are never in the result.
    """
    files = _Files(read, Variables(variables, environ), is_allowed)
    tree = files.spec(path)
    if tree is None:
        return _loaded(None, files, YamlMapping(), files.diagnostics)
    files.diagnostics += misplaced(tree)
    files.import_rows(tree)
    files.check_secret_files(tree)
    spec, invalid = _validate(tree, path)
    reported = {diagnostic.location for diagnostic in files.diagnostics}
    diagnostics = files.diagnostics + [
        diagnostic.located(Location(path)) for diagnostic in invalid if diagnostic.location not in reported
    ]
    order = {file: index for index, file in enumerate(files.paths)}
    diagnostics.sort(key=lambda diagnostic: _sort_key(diagnostic.location or Location(path), order))
    return _loaded(None if diagnostics else spec, files, tree, diagnostics)


def _loaded(spec: Spec | None, files: _Files, tree: YamlMapping, diagnostics: list[Diagnostic]) -> Loaded:
    return Loaded(spec, tuple(dict.fromkeys(diagnostics)), tree, tuple(files.paths), files.comments, files.lines)


def load_variables(path: str, read: Read) -> tuple[dict[str, str], tuple[Diagnostic, ...]]:
    """Return the variables of a `--var-file`, each as the characters in the file, and the errors in it."""
    files = _Files(read, Variables({}, {}), lambda _: True)
    mapping = files.mapping(path, Location(path)) or YamlMapping()
    variables = {key: str(value) for key, value in mapping.items() if isinstance(value, str)}
    message = "the value of a variable must be a string"
    files.diagnostics += [
        Diagnostic("S025", message, (key,), location, f"Write `{key}: TEXT`.")
        for key, location in mapping.locations.items()
        if key not in variables
    ]
    return variables, tuple(files.diagnostics)


def load_tree(path: str, read: Read) -> tuple[YamlMapping | None, tuple[Diagnostic, ...]]:
    """Return the mapping in a YAML file that is no spec, and the errors in it; None if it cannot be used."""
    files = _Files(read, Variables({}, {}), lambda _: True)
    return files.mapping(path, Location(path)), tuple(files.diagnostics)


def _validate(tree: YamlMapping, path: str) -> tuple[Spec | None, list[Diagnostic]]:
    try:
        return Spec.model_validate(with_secret_paths(tree, path)), []
    except ValidationError as error:
        return None, list(diagnostics_of(error, tree))


def _sort_key(location: Location, order: Mapping[str, int]) -> tuple[int, int, int]:
    return order.get(location.file, 0), location.line, location.column


class _Files:
    """Reads the files of one spec, each once, and collects their diagnostics."""

    def __init__(self, read: Read, variables: Variables, is_allowed: IsAllowed) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.paths: list[str] = []
        self.comments: dict[tuple[str, int], SourceComment] = {}
        self.lines: dict[str, tuple[str, ...]] = {}
        self._read = read
        self._variables = variables
        self._is_allowed = is_allowed
        self._mappings: dict[str, YamlMapping | None] = {}
        self._merged: dict[str, YamlMapping | None] = {}

    def spec(self, path: str, trail: tuple[str, ...] = ()) -> YamlMapping | None:
        """Return a file merged over its base files; None if it cannot be used. `trail` are the files that extend it."""
        if path not in self._merged:
            self._merged[path] = self._merge(path, (*trail, path))
        return self._merged[path]

    def _merge(self, path: str, trail: tuple[str, ...]) -> YamlMapping | None:
        mapping = self.mapping(path, Location(path))
        if mapping is None or "extends" not in mapping:
            return mapping
        merged = YamlMapping()
        for base, location in self._bases(mapping["extends"], mapping.locations["extends"]):
            if base in trail or len(trail) > MAX_BASES:
                self.diagnostics.append(_endless(base, base in trail, location))
                continue
            self.mapping(base, location)
            merged = merge(merged, self.spec(base, trail) or YamlMapping())
        own = YamlMapping(mapping.items(), mapping.locations)
        del own["extends"]
        self.diagnostics += widened_exemptions(merged, own)
        return merge(merged, own)  # type: ignore[no-any-return]  # merging two mappings returns a mapping

    def _bases(self, extends: Any, location: Location) -> list[tuple[str, Location]]:
        if not isinstance(extends, YamlList) or not all(isinstance(item, str) and item for item in extends):
            hint = f"Write `extends: [{extends}]`." if isinstance(extends, str) else "Write `extends: [base.yaml]`."
            self.diagnostics.append(Diagnostic("S203", "expected a list of files", ("extends",), location, hint))
            return []
        entries = zip(extends, extends.locations, strict=True)
        return [(relative_to(entry_location.file, name), entry_location) for name, entry_location in entries]

    def mapping(self, path: str, referrer: Location) -> YamlMapping | None:
        """Return the mapping in a file. If there is none, report it at `referrer` and return None."""
        if path not in self._mappings:
            try:
                text = self.text(path, referrer)
                if referrer.file != path and not is_spec(text):
                    raise FileError(_not_a_spec(path, referrer))
                self._mappings[path] = self._build(path, text)
            except FileError as error:
                self.diagnostics.append(error.diagnostic)
                self._mappings[path] = None
        return self._mappings[path]

    def text(self, path: str, referrer: Location, limit: int = MAX_SIZE) -> str:
        """Return the text of a file; raise FileError if it is not allowed, cannot be read, is too large or not UTF-8.

        `limit` is in bytes.
        """
        if not self._is_allowed(path):
            raise FileError(_outside(path, referrer))
        try:
            content = self._read(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            hint = "Check the path." + (" It is relative to the file that names it." if referrer.file != path else "")
            raise FileError(Diagnostic("S001", f"cannot read {path}: {reason}", (), referrer, hint)) from error
        if path not in self.paths:
            self.paths.append(path)
        if len(content) > limit:
            kind = "files that it `extends`" if limit == MAX_SIZE else "other CSV files"
            message = f"the file is larger than {limit // 1_000_000} MB"
            raise FileError(Diagnostic("S008", message, (), Location(path), f"Move parts of it to {kind}."))
        try:
            return (content.encode() if isinstance(content, str) else content).decode("utf-8-sig")
        except (UnicodeDecodeError, UnicodeEncodeError) as error:
            before = error.object[: error.start]
            location = _end_of(before if isinstance(before, str) else before.decode(), path)
            hint = "Save the file as UTF-8."
            raise FileError(Diagnostic("S002", "the file is not UTF-8", location=location, hint=hint)) from error

    def _build(self, path: str, text: str) -> YamlMapping:
        lines = LINE_BREAK.split(text)
        self.lines[path] = tuple(lines)
        if "scimconf:" in text:
            self.comments |= {(path, number): comment for number, comment in comments(lines)}
        try:
            node = _Loader(text).get_single_node()
        except yaml.YAMLError as error:
            raise FileError(_syntax_error(error, path, text, lines)) from error
        builder = Builder(path, lines, self._variables)
        tree = builder.build(node) if node is not None else None
        self.diagnostics += builder.diagnostics
        if not isinstance(tree, YamlMapping):
            message = "the file is empty" if tree is None else "the file must be a mapping of keys and values"
            raise FileError(Diagnostic("S011", message, location=Location(path, 1, 1), hint="Begin with `version: 1`."))
        return tree

    def import_rows(self, tree: YamlMapping) -> None:
        """Add the rows of the CSV files to the tree."""
        assignments = tree.get("assignments")
        if not isinstance(assignments, YamlMapping):
            return
        if "imported" in assignments:
            location, hint = assignments.locations["imported"], "Use `users_from: [FILE]` or `groups_from: [FILE]`."
            path = ("assignments", "imported")
            self.diagnostics.append(Diagnostic("S201", "unknown key `imported`", path, location, hint))
        assignments["imported"] = imported = YamlList()
        for column in get_args(Column):
            names = assignments.get(f"{column}s_from")
            for name, location in zip(names, names.locations, strict=True) if isinstance(names, YamlList) else ():
                if isinstance(name, str) and name:
                    imported.add(self._rows(name, location, column), location)
        if imported:
            assignments.locations["imported"] = imported.locations[0]
        else:
            del assignments["imported"]

    def check_secret_files(self, tree: YamlMapping) -> None:
        """Add an error for each secret file that the spec must not name."""
        self.diagnostics += [
            _outside(file, location) for file, location in secret_files(tree) if not self._is_allowed(file)
        ]

    def _rows(self, name: str, location: Location, column: Column) -> YamlMapping:
        path, rows = relative_to(location.file, name), CsvRows(column=column)
        try:
            rows, diagnostics = read_rows(self.text(path, location, MAX_CSV_SIZE), path, column)
            self.diagnostics += diagnostics
        except FileError as error:
            self.diagnostics.append(error.diagnostic)
        return YamlMapping((("file", name), (f"{column}s", rows)), {"file": location, f"{column}s": location})


def is_spec(text: str) -> bool:
    """Return whether a text has the key that each spec and each base file has: `version: 1` at its top level."""
    return VERSION.search(text) is not None


def _not_a_spec(path: str, referrer: Location) -> Diagnostic:
    hint = "Name a spec, or add `version: 1` to the file."
    return Diagnostic("S013", f"{path} is not a spec: it has no `version: 1`", (), referrer, hint)


def _outside(path: str, referrer: Location) -> Diagnostic:
    hint = "Move the file into the repository, or allow its folder with `--allow-path DIR`."
    message = f"{path} is outside of the repository of the spec"
    return Diagnostic("S014", message, (), referrer, hint)


def _endless(base: str, is_circle: bool, location: Location) -> Diagnostic:
    """Return the error for a base file that leads back to a file that extends it, or whose bases are too many."""
    if is_circle:
        message = f"{base} extends itself, directly or through other files"
        return Diagnostic("S021", message, ("extends",), location, "Delete this entry.")
    message = f"files extend each other more than {MAX_BASES} levels deep"
    return Diagnostic("S008", message, ("extends",), location, "Merge some of them.")


def _end_of(text: str, path: str) -> Location:
    """Return the location in a file that follows this text."""
    lines = LINE_BREAK.split(text)
    return Location(path, len(lines), len(lines[-1]) + 1)


def _syntax_error(error: yaml.YAMLError, path: str, text: str, lines: list[str]) -> Diagnostic:
    """Return libyaml's error as a diagnostic, with the line to write if it is about an expression."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        character = UNPRINTABLE.search(text)
        location = _end_of(text[: character.start()] if character else "", path)
        return Diagnostic("S003", "YAML does not allow this control character", (), location, "Delete it.")
    problem = str(getattr(error, "problem", None) or "")
    if problem == NO_COLON:
        mark = getattr(error, "context_mark", None) or mark  # the beginning of the key, not the end of its line
    code, message, hint = _explain(problem, lines, mark.line)
    return Diagnostic(code, message, (), Location(path, mark.line + 1, mark.column + 1), hint)


def _explain(problem: str, lines: list[str], number: int) -> tuple[str, str, str]:
    line = lines[number] if number < len(lines) else ""
    if "another document" in problem or "<document start>" in problem:
        return "S004", "a second YAML document begins here", "Move it to a file of its own."
    if "tab" in problem or "\t" in line[: len(line) - len(line.lstrip())]:
        return "S007", "this line is indented with a tab", "Use spaces."
    if "nesting depth" in problem:
        return "S008", "nested too deep for the YAML parser", "Write it with fewer levels."
    message, hint = YAML_ERRORS.get(problem, (problem, "Check the syntax of this line."))
    if problem == SECOND_COLON and KEY.match(line):
        message, hint = _explain_indentation(lines, number)
    elif (expression := line.partition("expression:")[2].strip()) and expression[0] not in "|>":
        return "S012", f"not valid YAML: {message}", quoted_expression(expression.removesuffix("}").rstrip())
    return "S003", f"not valid YAML: {message}", hint


def _explain_indentation(lines: list[str], number: int) -> tuple[str, str]:
    """Return message and hint for an unexpected key: the line above has a value, or is a key without `:`."""
    numbers = (at for at in range(number - 1, -1, -1) if lines[at].strip() and not lines[at].lstrip().startswith("#"))
    above = next(numbers, 0)
    if re.search(r":\s", lines[above]):
        message = f"this line is indented further than line {above + 1}, which already has a value"
        return message, "Align it with that line."
    return f"line {above + 1} is a key without `:`", "Add `:` at its end."
