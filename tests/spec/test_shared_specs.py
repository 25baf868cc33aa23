"""translate_spec: the translated shared cases have no unknown keys and no unknown values."""

import pytest
from shared_specs import CASES, translate_spec

from scimconf.spec.load import load

SPECS = sorted(path for path in CASES.rglob("*.yaml")) if CASES.is_dir() else []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("guards: [{allow: scope-all, up_to: 3, until: 2026-12-01, why: x}]",
         "guard_exemptions: [{guard: scope-widened, max: 3, until: 2026-12-01, reason: x}]"),
        ("assignments:\n  unlisted: remove\n  keep: [{group: A}]", "assignments:\n  unlisted: delete\n  protect: [{group: A}]"),
        ("      title: {source: jobTitle, flow: always}", "      title: {source: jobTitle, flow_behavior: always}"),
        ("guards:\n  - allow: first-start\n    why: new", "guard_exemptions:\n  - guard: initial-start\n    reason: new"),
        ("app_roles: {unlisted: keep}  # keep: this", "app_roles: {unlisted: keep}  # keep: this"),
    ],
)  # fmt: skip
def test_translate_spec_renames_keys_values_and_guards(before, after):
    assert translate_spec(before) == after


@pytest.mark.skipif(not SPECS, reason="the shared cases are not beside this checkout")
@pytest.mark.parametrize("path", SPECS, ids=lambda path: str(path.relative_to(CASES)))
def test_translate_spec_leaves_no_unknown_key_in_the_shared_cases(path):
    texts = {str(path): translate_spec(path.read_text("utf-8"))}
    loaded = load(str(path), lambda name: texts.get(name, "{}"), {}, {}, lambda _: True)
    assert [diagnostic for diagnostic in loaded.diagnostics if diagnostic.code in ("S201", "S207")] == []
