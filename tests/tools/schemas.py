"""Generates `schemas/` from the code: `make schemas`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scimconf.presets.catalogue import facts_schema
from scimconf.render.checks import json as check_report
from scimconf.render.json import write
from scimconf.render.json_schema import plan_schema
from scimconf.spec import tenants_file
from scimconf.spec.json_schema import as_text

FOLDER = Path(__file__).resolve().parents[2] / "schemas"


def texts() -> Mapping[str, str]:
    """Return the expected content of each schema file by name."""
    return {
        "spec.schema.json": as_text(),
        "plan.schema.json": write(plan_schema()),
        "check-report.schema.json": write(check_report.schema()),
        "preset.schema.json": write(facts_schema()),
        "tenants.schema.json": write(tenants_file.schema()),
    }


if __name__ == "__main__":
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
