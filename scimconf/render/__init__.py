"""Telling people and machines what a plan means and what an apply did.

Every function here takes values and gives text; nothing prints, asks the terminal, or reads a clock. Whatever comes
from the tenant or the spec is text to be shown, never markup or control characters to be obeyed.
"""
