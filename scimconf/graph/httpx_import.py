"""Imports httpx without its command line, which costs a third of its import.

The package imports its own command line, with rich and pygments, if they are installed (`httpx/__init__.py`); otherwise
`httpx.main` prints that they are missing. This module must be imported before kiota, which imports httpx too.
"""

from __future__ import annotations

import sys

_COMMAND_LINE = "httpx._main"


def _import_httpx() -> None:
    """Import httpx as if its command line were not installed, unless it is imported already."""
    if _COMMAND_LINE in sys.modules:
        return
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]  # makes the import of this name fail
    try:
        import httpx  # noqa: F401
    finally:
        del sys.modules[_COMMAND_LINE]


_import_httpx()
