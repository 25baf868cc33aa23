"""Making a plan's steps so: the only loop that writes.

Terms: a *node* is what runs as one (see `live.order`). An edit's *view* is what it stands on.

Premise: every write can be refused, lost, or late. A write is one read-modify-write of raw JSON: read again, judged
again, folded, written, and read until it shows. A second write of a document starts from what the first one wrote.
"""

from scimconf.graph.execution.context import ExecutionRequest, ExecutionResult, SecretResolver
from scimconf.graph.execution.scheduler import execute
from scimconf.graph.execution.secret_resolver import preflight

__all__ = ["ExecutionRequest", "ExecutionResult", "SecretResolver", "execute", "preflight"]
