"""A diagnostic as a sentence, without its location."""

from __future__ import annotations

from scimconf.diagnostics import Diagnostic, dotted
from scimconf.render.common.escaping import visible


def sentence(diagnostic: Diagnostic) -> str:
    """Return `path: message. hint` on one line, safe to print."""
    message = diagnostic.message if diagnostic.message.endswith((".", "!", "?", ":")) else f"{diagnostic.message}."
    path = dotted(diagnostic.path)
    return visible(" ".join(filter(None, [f"{path}: {message}" if path else message, diagnostic.hint])))
