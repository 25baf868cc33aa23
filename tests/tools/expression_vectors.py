"""The published examples, run: what agrees, where two sources disagree, and what stays open."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from pathlib import Path

from scimconf.expressions import ExpressionError
from scimconf.expressions.evaluation import Failure, Ignored, Undetermined, evaluate

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "expression-vectors.json"
SOME_DAY = "2025-07-30"


def vectors():
    """All of them; none where the published data is not next to the checkout."""
    return json.loads(VECTORS.read_text("utf-8")) if VECTORS.exists() else []


def run(vector):
    """What we say, under the circumstances that the example states."""
    try:
        return evaluate(
            vector["expression"],
            vector["attributes"],
            now=datetime.fromisoformat(vector.get("now") or SOME_DAY),
            existing=vector.get("existing") or (),
            guid=(vector.get("stubs") or {}).get("Guid"),
        )
    except ExpressionError as error:
        return Failure(error.message)


def agrees(vector, value):
    """Whether that is what the source states."""
    match vector.get("outcome") or "value":
        case "skip":
            return value == Ignored()
        case "object_skip":
            return value == Ignored(whole_object=True)
        case "error" | "invalid":
            return isinstance(value, Failure)
    if vector.get("expected_pattern"):
        return isinstance(value, str) and re.match(vector["expected_pattern"], value) is not None
    expected = vector["expected"]
    return value == (tuple(expected) if isinstance(expected, list) else expected)


def sort(vector, value):
    """Where an example stands in the count."""
    if agrees(vector, value):
        return "agree"
    return "undetermined" if isinstance(value, Undetermined) else "conflict"


def numbers(found=None):
    """How many there are of each sort; those that a mapping must refuse are the lint's business."""
    found = vectors() if found is None else found
    return Counter("refused" if each.get("invalid") else sort(each, run(each)) for each in found)
