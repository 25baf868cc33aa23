"""From files to a spec: read, composed by libyaml, merged, checked. The only module that knows PyYAML.

Files are read by the function that is given. All complaints are gathered; where a value was complained of while
reading, nothing more is said about that place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import yaml
from pydantic import ValidationError

from scimconf.diagnostics import Diagnostic, Location
from scimconf.spec.comments import SourceComment, comments
from scimconf.spec.guard_exemptions import loosened
from scimconf.spec.loaded import Loaded
from scimconf.spec.merge import merge
from scimconf.spec.model import Spec
from scimconf.spec.nodes import Builder, RefusedError, instead
from scimconf.spec.references import Variables, misplaced, relative_to, with_files
from scimconf.spec.rows import Column, read_rows
from scimconf.spec.tree import CsvRows, Table
from scimconf.spec.validation_errors import problems_of

Read = Callable[[str], bytes | str]

MAX_SIZE = 4_000_000
MAX_BASES = 20
LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
QUOTES = "Put the text in quotes."
SECOND_COLON = "mapping values are not allowed in this context"
NO_COLON = "could not find expected ':'"
UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML refuses anywhere; a surrogate has been refused as no UTF-8 already."""
KEY = re.compile(r"""\s*(?:- +)?(?:[\w.$-]+|'[^']*'|"[^"]*") *:(?:\s(?!.*:(?:\s|$))|$)""")
"""A line that is a key, with one `: ` in it or none."""
SAID = {
    SECOND_COLON: ("a second `: ` in one line", QUOTES),
    "found unexpected end of stream": ("a quote is opened and never closed", "Close it."),
    "found character that cannot start any token": ("no text begins with this sign", QUOTES),
    "found undefined alias": ("an alias of something that is not there", "A text that begins with `*` takes quotes."),
    "did not find expected key": ("this line is indented differently from its neighbours", "Align it with them."),
    NO_COLON: ("a key without `:`", "Write `key: value`."),
    "did not find expected '-' indicator": ("a list goes on without `-`", "Begin the item with `- `."),
    "did not find expected ',' or '}'": ("a `{` is opened and not closed", "Close it, or put its texts in quotes."),
    "did not find expected ',' or ']'": ("a `[` is opened and not closed", "Close it, or put its texts in quotes."),
    "did not find expected node content": ("a `[` or `{` is opened and not closed", "Close it."),
    "did not find expected alphabetic or numeric character": ("`&` and `*` begin an alias", QUOTES),
    "found unknown escape character": ("`\\` begins an escape within double quotes", "Use single quotes."),
}
"""libyaml's words for what is wrong, and ours."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # whichever is there
    """Composes and resolves nothing: the tree keeps the characters."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


def load(path: str, read: Read, environ: Mapping[str, str], variables: Mapping[str, str]) -> Loaded:
    """The spec at a path, with its bases, variables and CSV files; or what is wrong with it."""
    files = _Files(read, Variables(variables, environ))
    tree = files.spec(path)
    if tree is None:
        return Loaded(None, tuple(files.problems), Table(), tuple(files.paths), files.comments, files.lines)
    files.problems += misplaced(tree)
    files.bring_in(tree)
    spec, wrong = _validate(tree)
    said = {problem.location for problem in files.problems}
    problems = files.problems + [problem.located(Location(path)) for problem in wrong if problem.location not in said]
    order = {file: index for index, file in enumerate(files.paths)}
    problems.sort(key=lambda one: _sort_key(one.location or Location(path), order))
    return Loaded(
        None if problems else spec,
        tuple(dict.fromkeys(problems)),
        tree,
        tuple(files.paths),
        files.comments,
        files.lines,
    )


def load_variables(path: str, read: Read) -> tuple[dict[str, str], tuple[Diagnostic, ...]]:
    """The variables of a `--var-file`: a map of names to texts, each as its own characters."""
    files = _Files(read, Variables({}, {}))
    table = files.table(path, Location(path)) or Table()
    files.problems += [
        Diagnostic("S025", "a variable is a text", (key,), table.places[key], f"Write `{key}: TEXT`.")
        for key, value in table.items()
        if not isinstance(value, str)
    ]
    return {key: str(value) for key, value in table.items() if isinstance(value, str)}, tuple(files.problems)


def _validate(tree: Table) -> tuple[Spec | None, list[Diagnostic]]:
    try:
        return Spec.model_validate(with_files(tree)), []
    except ValidationError as error:
        return None, list(problems_of(error, tree))


def _sort_key(where: Location, order: Mapping[str, int]) -> tuple[int, int, int]:
    return order.get(where.file, 0), where.line, where.column


class _Files:
    """Reads what one spec consists of, each file once."""

    def __init__(self, read: Read, variables: Variables) -> None:
        self.problems: list[Diagnostic] = []
        self.paths: list[str] = []
        self.comments: dict[tuple[str, int], SourceComment] = {}
        self.lines: dict[str, tuple[str, ...]] = {}
        self._read = read
        self._variables = variables
        self._tables: dict[str, Table | None] = {}
        self._merged: dict[str, Table | None] = {}

    def spec(self, path: str, trail: tuple[str, ...] = ()) -> Table | None:
        """A file with its bases under it; None where nothing of it can be used."""
        if path not in self._merged:
            self._merged[path] = self._merge(path, (*trail, path))
        return self._merged[path]

    def _merge(self, path: str, trail: tuple[str, ...]) -> Table | None:
        table = self.table(path, Location(path))
        if table is None or "extends" not in table:
            return table
        merged = Table()
        for base, place in self._bases(table["extends"], table.places["extends"]):
            if base in trail or len(trail) > MAX_BASES:
                around = base in trail
                message = "the files extend each other in a circle" if around else "the files extend each other too far"
                code, hint = ("S021", "Take this entry out.") if around else ("S008", "Merge some of them.")
                self.problems.append(Diagnostic(code, message, ("extends",), place, hint))
                continue
            self.table(base, place)
            merged = merge(merged, self.spec(base, trail) or Table())
        own = Table(table.items(), table.places)
        del own["extends"]
        self.problems += loosened(merged.get("guard_exemptions"), own.get("guard_exemptions"))
        return merge(merged, own)  # type: ignore[no-any-return]  # two tables at the root make a table

    def _bases(self, extends: Any, place: Location) -> list[tuple[str, Location]]:
        if not isinstance(extends, CsvRows) or not all(isinstance(item, str) and item for item in extends):
            hint = f"Write `extends: [{extends}]`." if isinstance(extends, str) else "Write `extends: [base.yaml]`."
            self.problems.append(Diagnostic("S203", "a list of files is wanted here", ("extends",), place, hint))
            return []
        named = zip(extends, extends.places, strict=True)
        return [(relative_to(where.file, name), where) for name, where in named]

    def table(self, path: str, asked: Location) -> Table | None:
        """The map in a file; None, with a problem at the place that asked, where there is none."""
        if path not in self._tables:
            try:
                self._tables[path] = self._build(path, self.text(path, asked))
            except RefusedError as refused:
                self.problems.append(refused.problem)
                self._tables[path] = None
        return self._tables[path]

    def text(self, path: str, asked: Location) -> str:
        try:
            data = self._read(path)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            hint = "" if asked.file == path else f"It is looked for at {path}."
            raise RefusedError(Diagnostic("S001", f"cannot be read: {why}", location=asked, hint=hint)) from error
        if path not in self.paths:
            self.paths.append(path)
        if len(data) > MAX_SIZE:
            raise RefusedError(Diagnostic("S008", "the file is larger than 4 MB", location=Location(path)))
        try:
            return (data.encode() if isinstance(data, str) else data).decode("utf-8-sig")
        except (UnicodeDecodeError, UnicodeEncodeError) as error:
            before = error.object[: error.start]
            where = _spot(before if isinstance(before, str) else before.decode(), path)
            raise RefusedError(Diagnostic("S002", "not UTF-8", location=where, hint="Save it as UTF-8.")) from error

    def _build(self, path: str, text: str) -> Table:
        lines = LINE_BREAK.split(text)
        self.lines[path] = tuple(lines)
        if "scimconf:" in text:
            self.comments |= {(path, number): comment for number, comment in comments(lines)}
        try:
            node = _Loader(text).get_single_node()
        except yaml.YAMLError as error:
            raise RefusedError(_syntax(error, path, text, lines)) from error
        builder = Builder(path, lines, self._variables)
        tree = builder.build(node) if node is not None else None
        self.problems += builder.problems
        if not isinstance(tree, Table):
            message = "the file is empty" if tree is None else "the file is not a map"
            raise RefusedError(
                Diagnostic("S011", message, location=Location(path, 1, 1), hint="Begin with `version: 1`.")
            )
        return tree

    def bring_in(self, tree: Table) -> None:
        """Puts the rows of the CSV files into the tree."""
        assignments = tree.get("assignments")
        if not isinstance(assignments, Table):
            return
        if "imported" in assignments:
            place = assignments.places["imported"]
            self.problems.append(
                Diagnostic("S201", "not a key here", ("assignments", "imported"), place, "Use users_from.")
            )
        imported = CsvRows()
        columns: tuple[Column, ...] = ("user", "group")
        for column in columns:
            named = assignments.get(f"{column}s_from")
            for name, place in zip(named, named.places, strict=True) if isinstance(named, CsvRows) else ():
                if isinstance(name, str) and name:
                    imported.append(self._rows(name, place, column))
                    imported.places.append(place)
        if imported:
            assignments["imported"], assignments.places["imported"] = imported, imported.places[0]
        else:
            assignments.pop("imported", None)

    def _rows(self, name: str, place: Location, column: Column) -> Table:
        path, rows = relative_to(place.file, name), CsvRows()
        try:
            rows, problems = read_rows(self.text(path, place), path, column)
            self.problems += problems
        except RefusedError as refused:
            self.problems.append(refused.problem)
        return Table((("file", name), (f"{column}s", rows)), {"file": place, f"{column}s": place})


def _spot(before: str, path: str) -> Location:
    """The place in a file that comes after this text."""
    lines = LINE_BREAK.split(before)
    return Location(path, len(lines), len(lines[-1]) + 1)


def _syntax(error: yaml.YAMLError, path: str, text: str, lines: list[str]) -> Diagnostic:
    """Libyaml's complaint in our words, with the line to write where it is about an expression."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        odd = UNPRINTABLE.search(text)
        where = _spot(text[: odd.start()] if odd else "", path)
        return Diagnostic(
            "S003", "a character that no text file holds", location=where, hint="Remove control characters."
        )
    problem = str(getattr(error, "problem", None) or "")
    if problem == NO_COLON:
        mark = getattr(error, "context_mark", None) or mark  # where the key begins, not where it could end no more
    where = Location(path, mark.line + 1, mark.column + 1)
    code, message, hint = _said(problem, lines, mark.line)
    return Diagnostic(code, message, location=where, hint=hint)


def _said(problem: str, lines: list[str], number: int) -> tuple[str, str, str]:
    """Code, message and hint for libyaml's complaint about a line."""
    line = lines[number] if number < len(lines) else ""
    if "another document" in problem or "<document start>" in problem:
        return "S004", "a second document begins here", "Put it into a file of its own."
    if "tab" in problem or "\t" in line[: len(line) - len(line.lstrip())]:
        return "S007", "a tab indents this line", "Use spaces."
    if "nesting depth" in problem:
        return "S008", "maps and lists are nested too deep", ""
    message, hint = SAID.get(problem, (problem, ""))
    if problem == SECOND_COLON and KEY.match(line):
        message, hint = _indented(lines, number)
    elif (expression := line.partition("expression:")[2].strip()) and expression[0] not in "|>":
        return "S012", f"not valid YAML: {message}", instead(expression.removesuffix("}").rstrip())
    return "S003", f"not valid YAML: {message}", hint


def _indented(lines: list[str], number: int) -> tuple[str, str]:
    """A key where none can stand: the line goes on with the one above, which has a value, or is a key without `:`."""
    texts = (at for at in range(number - 1, -1, -1) if lines[at].strip() and not lines[at].lstrip().startswith("#"))
    above = next(texts, 0)
    if re.search(r":\s", lines[above]):
        return (
            f"this line is indented further than line {above + 1}, which has a value already",
            "Align it with that line.",
        )
    return f"line {above + 1} is a key without `:`", "End it with `:`."
