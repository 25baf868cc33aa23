"""Real documents, published elsewhere, beside the checkout; tests that need them are skipped where they are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "samples"
needs_samples = pytest.mark.skipif(not FOLDER.is_dir(), reason="the sample documents are not beside this checkout")


def sample(number: str) -> Any:
    """The document whose file name begins with that number."""
    return json.loads(next(FOLDER.glob(f"{number}-*.json")).read_text("utf-8-sig"))


def text(value: Any) -> str:
    """JSON in which order and every value count."""
    return json.dumps(value, ensure_ascii=False)
