"""Published expressions and documents, which are beside the checkout; without them their tests are skipped."""

import json
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@pytest.fixture(scope="session")
def data():
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"the published data is not at {folder}")
    return folder


@pytest.fixture(scope="session")
def corpus(data):
    return json.loads((data / "expression-corpus.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def samples(data):
    return {path.name: json.loads(path.read_text("utf-8-sig")) for path in sorted((data / "samples").glob("*.json"))}
