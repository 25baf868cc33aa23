"""The tests of Microsoft's validator that go through Entra: 1 to 14."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scimconf.rehearsal.endpoint.context import CheckContext, CheckFunction, CheckSkippedError


def _not_available(_context: CheckContext) -> str:
    raise CheckSkippedError("needs provisioning cycles, which this version of scimconf does not run")


CHECKS: Mapping[str, CheckFunction] = MappingProxyType(
    dict.fromkeys(
        (
            "Create_User_Test",
            "Update_User_Test",
            "Disable_User_Test",
            "Delete_User_Test",
            "User_Update_Manager_Test",
            "Restore_User_Test",
            "POD_User_Test",
            "Create_Group_Test",
            "Update_Group_Test",
            "Delete_Group_Test",
            "Group_Update_Add_Member_Test",
            "Group_Update_Remove_Member_Test",
            "POD_Group_Test",
            "Restore_Group_Test",
        ),
        _not_available,
    )
)
