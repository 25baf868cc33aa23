"""Save the documents of an application before the first write."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from scimconf.diagnostics import ScimconfError
from scimconf.files import write_private_files
from scimconf.workflow.plan import PlannedApplication

DOCUMENTS = ("applications", "assignments", "jobs", "schema", "secrets", "service_principals")


def save_documents(folder: str, planned: PlannedApplication, now: datetime) -> str:
    """Write each document as JSON into a new folder, which only the owner can read; return its path.

    The folder is `FOLDER/APPLICATION/TIME`, with `now` in UTC. Raise ScimconfError if it cannot be written.
    """
    target = Path(folder) / planned.name / now.strftime("%Y%m%dT%H%M%S.%fZ")
    documents = {name: planned.snapshot.get(name) for name in DOCUMENTS}
    texts = {
        f"{name}.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for name, document in documents.items()
        if document is not None
    }
    try:
        write_private_files(target, texts)
    except OSError as error:
        raise ScimconfError(f"The backup in {target} cannot be written: {error.strerror}") from None
    return str(target)
