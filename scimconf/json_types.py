"""The type of raw JSON."""

from __future__ import annotations

from typing import Any

Json = Any
"""A JSON value as Python has it: a dict, list, string, number, boolean or None."""
