"""Shared by all output formats: words, effect sentences, the rows of a plan, values as text, escaping."""
