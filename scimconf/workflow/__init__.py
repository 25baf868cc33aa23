"""High-level operations that compose the other packages: validate, plan, preview, apply, export. Stateless."""

from scimconf.workflow.apply import ApplyHooks as ApplyHooks
from scimconf.workflow.apply import apply as apply
from scimconf.workflow.compilation import PlanOptions as PlanOptions
from scimconf.workflow.export import export as export
from scimconf.workflow.plan import PlannedApplication as PlannedApplication
from scimconf.workflow.plan import plan as plan
from scimconf.workflow.validate import lint as lint
from scimconf.workflow.validate import validate as validate
