"""Generates parts of `docs/expressions.md`: the functions and the published examples.

A part is between `<!-- made by expression_page.py: NAME -->` and `<!-- end -->`. The examples are beside the checkout;
without them, their part is not changed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import expression_vectors as examples

from scimconf.expressions import FUNCTIONS, Function, Parameter
from scimconf.expressions.evaluation import Failure, Ignored, Undetermined
from scimconf.expressions.evaluation.functions import CLOUD_SYNC_ONLY, UNDOCUMENTED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "expressions.md"
PART = re.compile(r"(<!-- made by expression_page.py: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

REASON = {
    "case-only": "No function in the expression changes the case.",
    "datediff/comparison sign": "The table in the reference counts from the first date to the second.",
    "arithmetic (FILETIME)": "The published number does not represent the published date; ours does.",
    "whitespace": "The string in the expression has no space there.",
    "text": "The expression, taken literally, returns this.",
}
REASON_OF = {
    "replace-4": "The pattern does not match the `+`, and in another guide it is preserved.",
    "wd-numfromdate-2": "DateAdd returns `M/d/yyyy …` according to the reference, which does not match the format of the next function.",
    "wd-ou-4": "The expression has the key `UK`.",
    "wd-rand-1": "The first four consecutive digits are `6789`.",
    "sf-pref-2": "In the reference, Coalesce skips only null; in this guide also the empty string.",
    "sf-wbk-4": "July 30 to August 1 is two days, so `<> 1` is true.",
}


def functions() -> Iterator[str]:
    """Yield the table of the catalogue."""
    yield "| function | result | description |"
    yield "|---|---|---|"
    for function in FUNCTIONS.values():
        reason = "not documented" if function.name in UNDOCUMENTED else "documented for cloud sync only"
        note = f" *Not evaluated: {reason}.*" if function.name in UNDOCUMENTED | CLOUD_SYNC_ONLY else ""
        dialect = {"cloud-sync": " *Cloud sync only.*", "graph": " *In Graph's list only.*"}.get(function.dialect, "")
        yield f"| `{_signature(function)}` | {function.result} | [{function.doc}]({function.source}){dialect}{note} |"


def _signature(function: Function) -> str:
    return f"{function.name}({', '.join(_parameter(parameter) for parameter in function.parameters if not parameter.infix)})"


def _parameter(parameter: Parameter) -> str:
    kind = "" if parameter.type == "String" else f": {parameter.type}"
    return f"{parameter.key}{kind}{'' if parameter.required else '?'}{'…' if parameter.repeats else ''}"


def published() -> Iterator[str]:
    """Yield the number of published examples by outcome, the conflicts, and the undetermined values."""
    vectors = examples.vectors()
    count = examples.count_outcomes(vectors)
    yield f"Of {len(vectors)} published examples, **{count['agree']} agree**, **{count['conflict']} conflict** with the"
    yield f"reference, **{count['undetermined']} are undetermined**, and {count['refused']} are invalid and rejected by the parser or a lint rule."
    yield ""
    yield "| example | published | scimconf | reason |"
    yield "|---|---|---|---|"
    for vector in vectors:
        value = None if vector.get("invalid") else examples.run(vector)
        if not vector.get("invalid") and examples.outcome(vector, value) == "conflict":
            reason = REASON_OF.get(vector["id"]) or REASON[vector["conflict_kind"]]
            yield f"| {_origin(vector)} | {_published(vector)} | {_ours(value)} | {reason} |"
    yield ""
    yield "The undetermined examples:"
    yield ""
    for vector in vectors:
        value = None if vector.get("invalid") else examples.run(vector)
        if isinstance(value, Undetermined):
            yield f"* `{' '.join(vector['expression'].split())[:80]}`: {value.reason}."


def _origin(vector: dict[str, Any]) -> str:
    page, _, part = vector["source"].rpartition("/")[2].partition("#")
    name = page.removesuffix(".md").removesuffix("-expression-mapping-functions-guide")
    return f"{name.replace('functions-for-customizing-application-data', 'reference')}: {part.replace('-', ' ')} ({vector['id']})"


def _published(vector: dict[str, Any]) -> str:
    return "not sent" if vector.get("outcome") else f"`{vector['expected']}`"


def _ours(value: object) -> str:
    match value:
        case Ignored():
            return "not sent"
        case Failure():
            return "an error"
        case _:
            return f"`{value}`"


GENERATORS: dict[str, Callable[[], Iterator[str]]] = {"functions": functions, "published": published}


def fresh(text: str) -> str:
    """Return the page with its generated parts up to date."""

    def generate(part: re.Match[str]) -> str:
        if part[2] == "published" and not examples.vectors():
            return part[0]
        return part[1] + "\n" + "\n".join(GENERATORS[part[2]]()) + "\n\n" + part[3]

    return PART.sub(generate, text)


if __name__ == "__main__":
    PAGE.write_text(fresh(PAGE.read_text("utf-8")), "utf-8")
