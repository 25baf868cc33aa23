"""Views and edits of Graph's raw JSON. Pure: an edit returns a changed copy of a document.

`OPERATIONS` maps the operation of a step to its functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from scimconf.documents import application, assignments, job, schema, secrets
from scimconf.json_types import Json
from scimconf.steps import OperationName

Predicate = Callable[[Json, tuple[str, ...], Json], bool]
Change = Callable[[Json, tuple[str, ...], Json], Json]
View = Callable[[Json, tuple[str, ...]], Json]


class Operation(NamedTuple):
    """The functions of an operation; each takes the raw document and the step's key, and its value where it has one.

    `holds` returns whether the document already has the result, compared in the normal form. `change` returns the
    changed document; it is None for an operation that can only be waited for. `view` returns what the change is based
    on, in the normal form: a plan is stale if it differs from what the plan read.
    """

    holds: Predicate
    change: Change | None = None
    view: View | None = None


def _gone(view: View) -> Predicate:
    return lambda raw, key, _value: view(raw, key) is None


OPERATIONS: Mapping[OperationName, Operation] = MappingProxyType(
    {
        "set_role": Operation(application.role_holds, application.set_role, application.role_view),
        "disable_role": Operation(application.role_disabled, application.disable_role, application.role_view),
        "remove_role": Operation(_gone(application.role_view), application.remove_role, application.role_view),
        "set_tag": Operation(application.tag_holds, application.set_tag),
        "record_sent": Operation(application.sent_holds, application.record_sent),
        "set_property": Operation(application.property_holds, application.set_property, application.property_view),
        "set_value": Operation(secrets.value_holds, secrets.set_value, secrets.value_view),
        "set_flag": Operation(secrets.flag_holds, secrets.set_value, secrets.value_view),
        "remove_value": Operation(_gone(secrets.value_view), secrets.remove_value, secrets.value_view),
        "set_members": Operation(secrets.members_hold, secrets.set_members, secrets.members_view),
        "set_mapping": Operation(schema.mapping_holds, schema.set_mapping, schema.mapping_view),
        "remove_mapping": Operation(_gone(schema.mapping_view), schema.remove_mapping, schema.mapping_view),
        "set_object": Operation(schema.object_holds, schema.set_object, schema.object_view),
        "define_attribute": Operation(schema.definition_holds, schema.define_attribute, schema.definition_view),
        "is_there": Operation(job.is_there),
        "state_is": Operation(job.state_is),
        "rows_gone": Operation(assignments.rows_gone),
    }
)
