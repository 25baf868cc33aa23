"""The presets under test, and specs made of them."""

from __future__ import annotations

import re

import pytest

from scimconf.presets import fact_page_names, preset_names
from scimconf.render.yaml import format_text
from scimconf.spec.load import load

PRESETS = preset_names()
FACT_PAGES = fact_page_names()
each_preset = pytest.mark.parametrize("name", PRESETS)
each_entry = pytest.mark.parametrize("name", [*PRESETS, *FACT_PAGES])


def loaded(text):
    return load("scimconf.yaml", lambda _: text.encode(), {}, {}, lambda _: True)


def answered(entry, **changes):
    """Return the text of the preset's spec with the example answers."""
    return format_text(entry.spec_text(entry.example_answers() | changes))


def with_sandbox_token(text):
    """Return a spec that is applied in a test: its secrets are read from the variables of the test."""
    return re.sub(r"\benv: \w+", "env: WRITER_SCIM_TOKEN", text)
