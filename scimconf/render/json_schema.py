"""The JSON Schema of saved plans, generated from the models that read them.

Unknown keys are allowed, since minor versions add some.
"""

from __future__ import annotations

from typing import Any

from scimconf.plan.file import PlanFile

Json = Any


def plan_schema() -> Json:
    """Return the content of `schemas/plan.schema.json`."""
    schema = _without_titles(PlanFile.model_json_schema())
    heading = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A plan of scimconf"}
    return {**heading, **schema}


def _without_titles(part: Json) -> Json:
    """Return a schema without the titles that pydantic generates; a property named `title` stays."""
    if isinstance(part, list):
        return [_without_titles(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: _without_titles(value) for key, value in part.items() if not (key == "title" and isinstance(value, str))
    }
