"""The desk of the command line's tests is at hand here too."""

from cli.conftest import desk, sandbox

__all__ = ["desk", "sandbox"]
