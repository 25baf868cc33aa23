"""Cells of CSV files that a spreadsheet does not take for formulas."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula for spreadsheets, and gets an apostrophe before it."""


def csv_cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
