"""The JSON Schema of the machine format. Unknown keys are allowed, since minor versions add some."""

from __future__ import annotations

from typing import Any

from scimconf.plan import Action, Effect

Json = Any


def plan_schema() -> Json:
    """What `schemas/plan.schema.json` holds."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan of scimconf",
        "description": "What `scimconf plan --format json` prints and `plan --out` saves.",
        **_object(
            format_version={"type": "string", "pattern": r"^1\.[0-9]+$"},
            options=_text("object", "The options that shaped the plan; `apply` of a saved plan uses them again."),
            tenant=_object(id={"type": "string"}, domain={"type": "string"}),
            applications=_list("application"),
            summary=_object(**dict.fromkeys([*map(str, Action), "reported", "guards"], _number())),
        ),
        "$defs": {
            "application": _application(),
            "change": _change(),
            "resource": _resource(),
            "guard": _guard(),
            "notice": _notice(),
        },
    }


def _number(**more: Json) -> Json:
    return {"type": "integer", "minimum": 0, **more}


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def _list(of: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/$defs/{of}"}}


def _text(kind: str | list[str], description: str) -> Json:
    return {"type": kind, "description": description}


def _application() -> Json:
    return _object(
        name=_text("string", "The name that the spec gives it; addresses begin with it."),
        ids={"type": "object", "additionalProperties": {"type": "string"}, "description": "Graph's ids."},
        spec=_object(
            paths={"type": "array", "items": {"type": "string"}, "description": "The files, never absolute."},
            digest=_text("string", "Over the spec as it was resolved; secrets are references in it."),
        ),
        fingerprint=_text("string", "Over what the plan stands on in the tenant."),
        complete=_text("boolean", "False where the first step hides what comes after it."),
        changes=_list("change"),
        reported={**_list("resource"), "description": "Drift: in the tenant, not in the spec, and only told."},
        left_alone={"type": "object", "additionalProperties": _number(), "description": "How many of each kind."},
        excluded=_number(description="Changes hidden by `--only` and `--exclude`."),
        guards=_list("guard"),
        notices=_list("notice"),
    )


def _change() -> Json:
    side = {"description": "Any JSON; null where there is nothing; write-only values as an object that says so."}
    return _object(
        address=_text("string", "`NAME:kind/scope/rest`"),
        kind={"type": "string"},
        action={"enum": [action.value for action in Action]},
        fields={"type": "object", "additionalProperties": _object(before=side, after=side)},
        effects={"type": "array", "items": {"enum": [effect.value for effect in Effect]}, "uniqueItems": True},
        reason=_text("string", "Why, where the action alone does not say it; nothing may be decided by it."),
    )


def _resource() -> Json:
    return _object(address={"type": "string"}, kind={"type": "string"}, fields={"type": "object"})


def _guard() -> Json:
    return _object(
        id={"type": "string"},
        message={"type": "string"},
        opened_by=_text("string", "The permit that opened it; empty while it stops an apply."),
        number=_text(["integer", "null"], "What it counted, where it counts."),
        address=_text(["string", "null"], "What it is about, where that is one thing."),
    )


def _notice() -> Json:
    return _object(
        code={"type": "string"},
        severity={"enum": ["error", "warning"]},
        path=_text("string", "The place in the spec, dotted."),
        message={"type": "string"},
        hint={"type": "string"},
    )
