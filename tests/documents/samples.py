"""Published documents of Graph in a folder beside the checkout; tests that need them are skipped without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "samples"
needs_samples = pytest.mark.skipif(not FOLDER.is_dir(), reason="the sample documents are not beside this checkout")


def sample(number: str) -> Any:
    """Return the document whose file name begins with this number."""
    return json.loads(next(FOLDER.glob(f"{number}-*.json")).read_text("utf-8-sig"))


def text(value: Any) -> str:
    """Return the value as JSON text, in its order, for comparison."""
    return json.dumps(value, ensure_ascii=False)
