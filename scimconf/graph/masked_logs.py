"""Masks secrets in the log records of libraries: httpcore's debug records have the headers of responses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LIBRARIES = frozenset({"azure", "httpcore", "httpx", "kiota_http", "msal", "msgraph_core", "urllib3"})
"""The first words of the names of their loggers."""


class _Masking(logging.Filter):
    def __init__(self, mask_text: Callable[[str], str]) -> None:
        super().__init__()
        self._mask_text = mask_text

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the message of a record by its masked text; every record passes."""
        record.msg, record.args = self._mask_text(record.getMessage()), ()
        return True


@contextmanager
def masked_logs(mask_text: Callable[[str], str]) -> Iterator[None]:
    """Mask secrets in this context in what the libraries that are loaded log, at any level and for any handler."""
    masking = _Masking(mask_text)
    loggers = [logging.getLogger(name) for name in _names()]
    for logger in loggers:
        logger.addFilter(masking)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(masking)


def _names() -> list[str]:
    """Return the names of all loggers of these libraries: a filter does not apply to loggers below its own."""
    return [name for name in logging.Logger.manager.loggerDict if name.partition(".")[0] in LIBRARIES]
