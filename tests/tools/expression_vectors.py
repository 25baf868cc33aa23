"""Evaluates the published examples: agreement, conflicts between sources, undetermined values."""

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
    """Return all examples; none if the published data is not beside the checkout."""
    return json.loads(VECTORS.read_text("utf-8")) if VECTORS.exists() else []


def run(vector):
    """Return our value of an example, in the context that it states."""
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
    """Return whether a value is the published one."""
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


def outcome(vector, value):
    """Return the outcome of an example: agree, conflict or undetermined."""
    if agrees(vector, value):
        return "agree"
    return "undetermined" if isinstance(value, Undetermined) else "conflict"


def count_outcomes(examples):
    """Return the number of examples by outcome; "refused" are those that the parser or the lint must reject."""
    return Counter("refused" if vector.get("invalid") else outcome(vector, run(vector)) for vector in examples)
