"""The codes of this room's problems, and how a model says one.

A code is stable: its number never gets a second meaning. `docs/problems.md` explains each with an example.
S0xx: the text of a file. S2xx: its shape, which the JSON Schema finds as well. S3xx: its meaning.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pydantic_core import PydanticCustomError

from scimconf.diagnostics import SpecPath

CODES: dict[str, str] = {
    "S001": "a file cannot be read",
    "S002": "a file is not UTF-8",
    "S003": "not valid YAML",
    "S004": "several documents in one file",
    "S005": "a key is written twice",
    "S006": "a value is missing",
    "S007": "a tab indents a line",
    "S008": "too large, too deep, or too many aliases",
    "S009": "a key is not plain text",
    "S010": "a tag or a merge key",
    "S011": "the file is not a map",
    "S012": "YAML would change this expression",
    "S021": "files extend each other in a circle",
    "S023": "an unknown variable",
    "S024": "an environment variable outside a secret reference",
    "S025": "a variable is not text",
    "S030": "a CSV file without the right header",
    "S031": "a CSV row that is not complete",
    "S032": "a CSV row that is there twice",
    "S201": "an unknown key",
    "S202": "a required key is missing",
    "S203": "a map, a list or a text in the wrong place",
    "S205": "not true or false",
    "S206": "not a whole number of at least 1",
    "S207": "not one of the words",
    "S208": "exactly one of several keys",
    "S209": "null where it means nothing",
    "S210": "a text of the wrong form",
    "S211": "a secret in the file",
    "S212": "an empty text or list",
    "S301": "the connection lacks what its authentication needs",
    "S302": "the connection has what its authentication does not use",
    "S303": "a key that another field owns",
    "S304": "a creation without a display name",
    "S305": "listed twice",
    "S306": "a match number is used twice",
    "S307": "an operator with the wrong number of values",
    "S308": "an unknown operator",
    "S309": "selectors in the wrong place, or missing",
    "S310": "one target attribute, mapped twice",
    "S311": "a role that is absent is assigned",
    "S312": "two specs of one name or one application",
    "S313": "a permit that opens more than the base's",
    "S314": "a star in place of a value",
    "S315": "a secret in an address",
}


class ModelIssue(NamedTuple):
    """What a model complains about: `at` is the path below the model."""

    code: str
    message: str
    hint: str = ""
    at: SpecPath = ()


def quoted(text: str) -> str:
    """A text of the file within a sentence: on one line, and not too long."""
    line = " ".join(text.split())
    return f'"{line[:60]}…"' if len(line) > 60 else f'"{line}"'


def refuse(code: str, message: str, hint: str = "", at: SpecPath = ()) -> PydanticCustomError:
    return refuse_all([ModelIssue(code, message, hint, at)])


def refuse_all(said: Iterable[ModelIssue]) -> PydanticCustomError:
    """Several complaints as the one error that pydantic lets a validator raise."""
    listed = tuple(said)
    text = "; ".join(one.message for one in listed)
    return PydanticCustomError("scimconf", "{text}", {"text": text, "said": listed})
