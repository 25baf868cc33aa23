"""Fixtures of the command line tests, shared with the tests of export."""

from cli.conftest import desk, sandbox

__all__ = ["desk", "sandbox"]
