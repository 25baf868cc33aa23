"""High-level operations that compose the other packages: validate, plan, preview, apply, export. Stateless."""

from scimconf.diagnostics import GraphError
from scimconf.workflow.apply import ApplyHooks, apply
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.export import export
from scimconf.workflow.plan import PlannedApplication, plan
from scimconf.workflow.validate import lint, validate

__all__ = [
    "ApplyHooks",
    "GraphError",
    "PlanOptions",
    "PlannedApplication",
    "apply",
    "export",
    "lint",
    "plan",
    "validate",
]
