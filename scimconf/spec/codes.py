"""The diagnostic codes of a spec, and how a model raises a diagnostic.

A code is stable: its number never gets a second meaning. `docs/diagnostics.md` explains each with an example.
S0xx: the text of a file. S2xx: its structure, which the JSON Schema checks as well. S3xx: its meaning.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic_core import PydanticCustomError

from scimconf.diagnostics import Diagnostic, SpecPath

CODES: dict[str, str] = {
    "S001": "a file cannot be read",
    "S002": "a file is not UTF-8",
    "S003": "not valid YAML",
    "S004": "several documents in one file",
    "S005": "duplicate key",
    "S006": "empty value",
    "S007": "tab in the indentation",
    "S008": "file too large, too deeply nested, or too many aliases",
    "S009": "a key is not a plain string",
    "S010": "YAML tag or merge key",
    "S011": "the file is not a mapping",
    "S012": "YAML would change this expression",
    "S021": "files extend each other in a circle",
    "S023": "unknown variable",
    "S024": "environment variable outside a secret reference",
    "S025": "the value of a variable is not a string",
    "S030": "missing columns in a CSV file",
    "S031": "incomplete row in a CSV file",
    "S032": "duplicate row in a CSV file",
    "S201": "unknown key",
    "S202": "required key is missing",
    "S203": "wrong type: a mapping, a list or a string is expected",
    "S205": "not a boolean",
    "S206": "not a positive integer",
    "S207": "not one of the allowed values",
    "S208": "exactly one of several keys is allowed",
    "S209": "null is not allowed",
    "S210": "a value of the wrong form",
    "S211": "a secret in the spec",
    "S212": "empty string, list or mapping",
    "S301": "the authentication needs another key",
    "S302": "the authentication does not use this key",
    "S303": "a key that has its own field",
    "S304": "create without a display name",
    "S305": "duplicate entry",
    "S306": "duplicate matching precedence",
    "S307": "wrong number of values for a filter operator",
    "S308": "unknown filter operator",
    "S309": "source and target of an object mapping",
    "S310": "target attribute is mapped twice",
    "S311": "an absent role is assigned",
    "S312": "two specs with the same name or application",
    "S313": "a guard exemption that is wider than that of the base file",
    "S314": "an asterisk instead of a value",
    "S315": "a secret in a URL",
    "S316": "an expression instead of a source attribute",
}


def quoted(text: str) -> str:
    """Return a text of the file for use in a message: in quotes, on one line, at most 60 characters."""
    line = " ".join(text.split())
    return f'"{line[:60]}…"' if len(line) > 60 else f'"{line}"'


def model_error(code: str, message: str, hint: str = "", path: SpecPath = ()) -> PydanticCustomError:
    """Return the exception for one diagnostic. `path` is the path below the model that raises it."""
    return model_errors([Diagnostic(code, message, path, hint=hint)])


def model_errors(diagnostics: Iterable[Diagnostic]) -> PydanticCustomError:
    """Return several diagnostics as the one exception that pydantic lets a validator raise."""
    diagnostics = tuple(diagnostics)
    text = "; ".join(diagnostic.message for diagnostic in diagnostics)
    return PydanticCustomError("scimconf", "{text}", {"text": text, "diagnostics": diagnostics})
