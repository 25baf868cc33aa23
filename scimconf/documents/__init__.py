"""Views and edits of Graph's raw documents. Pure: a document goes in, a changed copy comes out.

`OPERATIONS` is the one table by which a step's operation finds its two functions: whether it holds, and the change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from scimconf.documents import application, definitions, job, rows, schema, scopes, secrets
from scimconf.snapshot import Json

Judge = Callable[[Json, tuple[str, ...], Json], bool]
Make = Callable[[Json, tuple[str, ...], Json], Json]
View = Callable[[Json, tuple[str, ...]], Json]


@dataclass(frozen=True, slots=True)
class Operation:
    """`holds` judges in the normal form; `change` is right on any document, and absent where one can only wait.

    `view` is what the change stands on, in the normal form: if it is no longer what the plan saw, the plan is stale.
    """

    holds: Judge
    change: Make | None = None
    view: View | None = None


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "set_role": Operation(application.role_holds, application.set_role, application.role_view),
        "disable_role": Operation(application.role_disabled, application.disable_role, application.role_view),
        "remove_role": Operation(application.role_gone, application.remove_role, application.role_view),
        "set_tag": Operation(application.tag_holds, application.set_tag),
        "set_value": Operation(secrets.value_holds, secrets.set_value, secrets.value_view),
        "set_flag": Operation(secrets.flag_holds, secrets.set_value, secrets.value_view),
        "remove_value": Operation(secrets.value_gone, secrets.remove_value, secrets.value_view),
        "set_members": Operation(secrets.members_hold, secrets.set_members, secrets.members_view),
        "set_mapping": Operation(schema.mapping_holds, schema.set_mapping, schema.mapping_view),
        "remove_mapping": Operation(schema.mapping_gone, schema.remove_mapping, schema.mapping_view),
        "set_object": Operation(schema.object_holds, schema.set_object, schema.object_view),
        "define_attribute": Operation(schema.definition_holds, schema.define_attribute, schema.definition_view),
        "is_there": Operation(job.is_there),
        "state_is": Operation(job.state_is),
    }
)

__all__ = ["OPERATIONS", "Operation", "application", "definitions", "job", "rows", "schema", "scopes", "secrets"]
