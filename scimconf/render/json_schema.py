"""The JSON Schema of the machine format, made from the models that read it back.

Unknown keys are allowed, since minor versions add some.
"""

from __future__ import annotations

from typing import Any

from scimconf.plan.file import PlanFile

Json = Any


def plan_schema() -> Json:
    """What `schemas/plan.schema.json` holds."""
    made = _without_titles(PlanFile.model_json_schema())
    heading = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A plan of scimconf"}
    return {**heading, **made}


def _without_titles(part: Json) -> Json:
    """Pydantic titles everything by its name, which says nothing; a property may be called `title` all the same."""
    if isinstance(part, list):
        return [_without_titles(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: _without_titles(value) for key, value in part.items() if not (key == "title" and isinstance(value, str))
    }
