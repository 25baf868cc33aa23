"""Writes the generated parts of `docs/expressions.md` anew: the functions, the rules, and the published examples.

A part stands between `<!-- made by expression_page.py: NAME -->` and `<!-- end -->`. The examples are kept next to the
checkout; where they are not, their part stays as it is.
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
from scimconf.expressions.evaluation.functions import FOREIGN, UNDESCRIBED
from scimconf.expressions.lint import RULES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "expressions.md"
PART = re.compile(r"(<!-- made by expression_page.py: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

WHY = {
    "case-only": "Nothing in the expression changes the case.",
    "datediff/comparison sign": "The reference's own table counts from the first date to the second.",
    "arithmetic (FILETIME)": "The stated number is not the stated moment; ours is.",
    "whitespace": "The text in the expression has no space there.",
    "text": "The expression, read literally, gives this.",
}
WHY_OF = {
    "replace-4": "The pattern does not match the `+`, and another guide keeps it.",
    "wd-numfromdate-2": "DateAdd gives `M/d/yyyy …` by the reference, which is not of the format that is then read.",
    "wd-ou-4": "The key `UK` stands in the expression.",
    "wd-rand-1": "The first four digits in a row are `6789`.",
    "sf-pref-2": "The reference has Coalesce pass over null only, this guide over the empty text too.",
    "sf-wbk-4": "From July 30 to August 1 it is two days, so `<> 1` holds.",
}


def functions() -> Iterator[str]:
    """The catalogue as a table."""
    yield "| function | gives | |"
    yield "|---|---|---|"
    for function in FUNCTIONS.values():
        why = "described nowhere" if function.name in UNDESCRIBED else "described for cloud sync only"
        note = f" *Not evaluated: {why}.*" if function.name in UNDESCRIBED | FOREIGN else ""
        dialect = {"cloud-sync": " *Cloud sync.*", "graph": " *Graph's list only.*"}.get(function.dialect, "")
        yield f"| `{_signature(function)}` | {function.result} | [{function.doc}]({function.source}){dialect}{note} |"


def _signature(function: Function) -> str:
    return f"{function.name}({', '.join(_parameter(each) for each in function.parameters if not each.infix)})"


def _parameter(parameter: Parameter) -> str:
    kind = "" if parameter.type == "String" else f": {parameter.type}"
    return f"{parameter.key}{kind}{'' if parameter.required else '?'}{'…' if parameter.repeats else ''}"


def rules() -> Iterator[str]:
    """The lint's rules with their pages."""
    yield "| rule | | |"
    yield "|---|---|---|"
    for name, rule in RULES.items():
        yield f"| [{name}](lint/{name}.md) | {rule.title} | {rule.severity} |"


def published() -> Iterator[str]:
    """How many of the published examples there are of each sort, the conflicts, and what stays open."""
    found = examples.vectors()
    counted = examples.numbers(found)
    yield f"Of {len(found)} published examples, **{counted['agree']} agree**, **{counted['conflict']} conflict** with the"
    yield f"reference, **{counted['undetermined']} are undetermined**, and {counted['refused']} must be refused, and are: by the parser or by a rule."
    yield ""
    yield "| example | stated | here | why |"
    yield "|---|---|---|---|"
    for vector in found:
        value = None if vector.get("invalid") else examples.run(vector)
        if not vector.get("invalid") and examples.sort(vector, value) == "conflict":
            why = WHY_OF.get(vector["id"]) or WHY[vector["conflict_kind"]]
            yield f"| {_origin(vector)} | {_stated(vector)} | {_shown(value)} | {why} |"
    yield ""
    yield "Undetermined are:"
    yield ""
    for vector in found:
        value = None if vector.get("invalid") else examples.run(vector)
        if isinstance(value, Undetermined):
            yield f"* `{' '.join(vector['expression'].split())[:80]}`: {value.reason}."


def _origin(vector: dict[str, Any]) -> str:
    page, _, part = vector["source"].rpartition("/")[2].partition("#")
    name = page.removesuffix(".md").removesuffix("-expression-mapping-functions-guide")
    return f"{name.replace('functions-for-customizing-application-data', 'reference')}: {part.replace('-', ' ')} ({vector['id']})"


def _stated(vector: dict[str, Any]) -> str:
    return "no flow" if vector.get("outcome") else f"`{vector['expected']}`"


def _shown(value: object) -> str:
    match value:
        case Ignored():
            return "no flow"
        case Failure():
            return "an error"
        case _:
            return f"`{value}`"


MADE: dict[str, Callable[[], Iterator[str]]] = {"functions": functions, "rules": rules, "published": published}


def fresh(text: str) -> str:
    """The page with its generated parts as they must be."""

    def made(part: re.Match[str]) -> str:
        if part[2] == "published" and not examples.vectors():
            return part[0]
        return part[1] + "\n" + "\n".join(MADE[part[2]]()) + "\n\n" + part[3]

    return PART.sub(made, text)


if __name__ == "__main__":
    PAGE.write_text(fresh(PAGE.read_text("utf-8")), "utf-8")
