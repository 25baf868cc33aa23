"""Export one live application as a spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from scimconf.diagnostics import DiagnosticsError
from scimconf.kinds import KINDS
from scimconf.workflow.compilation import (
    check,
    documents,
    lookups,
)

if TYPE_CHECKING:
    from scimconf.export import ExportedSpec
    from scimconf.graph.reading import TenantSession


UNEXPORTABLE = frozenset({"K101", "K102", "K103", "K201", "K202", "K401", "K601", "K801"})
"""Problems that leave nothing to export, or only a part that would pass for the whole."""
NOT_EXPORTED = "Name it as the portal does, or by its application id; see also that this is the right tenant."


async def export(
    live: TenantSession, identified: Mapping[str, str], name: str, tenant: str, *, full: bool, defined: bool = False
) -> ExportedSpec:
    """One live application as a spec; `identified` is its display_name, app_id or object_id.

    `defined` has it say every attribute that is there, also those that the template brings along.

    Raises ProblemsError where there is no such application, or several, or a document is refused.
    """
    from scimconf.documents.schema import default_schema
    from scimconf.export import ExportRequest, everything, export_spec, same_name_lookups
    from scimconf.graph.reading import observe

    spec = everything(name, identified)
    wanted = (*documents(KINDS, [spec]), default_schema())
    snapshot = await observe(live, wanted, lambda seen: (*lookups(KINDS, [spec], seen), *same_name_lookups(seen)))
    problems = [one for one in check(KINDS, spec, snapshot) if one.is_error and one.code in UNEXPORTABLE]
    if problems:
        raise DiagnosticsError(
            replace(problem, path=(), hint=NOT_EXPORTED if problem.code == "K103" else problem.hint)
            for problem in problems
        )
    return export_spec(tenant, ExportRequest(name=name, snapshot=snapshot, full=full, definitions=defined))
