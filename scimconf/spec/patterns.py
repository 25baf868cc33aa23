"""The forms of texts in a spec: a regular expression for each, and the message for a text of another form."""

from __future__ import annotations

import re
from typing import NamedTuple

_GUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_DOMAIN = r"([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"
_SIGNS = r"A-Za-z0-9!#$%&'()*+,\-/:;<=>?@\[\]^_`{|}~"

ROLE_VALUE = f"^[{_SIGNS}][{_SIGNS}.]{{0,248}}$"
"""Graph's reference of appRole: these characters, no `.` at the start. Terraform's azuread provider sends up to 249."""
GUID = f"^{_GUID}$"
TENANT = f"^({_GUID}|{_DOMAIN})$"
SLUG = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
EMAIL = r"^(none|[^\s@]+@[^\s@]+)$"
OWNER = rf"^({_GUID}|[^\s@]+@[^\s@]+)$"
HTTPS = r"^https://[A-Za-z0-9.-]+(:[0-9]+)?([/?][!\"$-~]*)?$"
ENDPOINT = (
    r"^(https://[A-Za-z0-9.-]+|http://(localhost|127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}))(:[0-9]+)?([/?][!\"$-~]*)?$"
)
"""An https URL, or an http URL of this machine, which only a sandbox reaches."""
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"
ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
ENV_REFERENCE = r"^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$"
VAULT = r"^https://[A-Za-z0-9-]{3,24}\.(vault\.azure\.net|vault\.azure\.cn|vault\.usgovcloudapi\.net)/?$"


class TextForm(NamedTuple):
    """What a text of a given form is, and the line to write. `is_shown` is False where the text may be a secret."""

    noun: str
    hint: str
    is_shown: bool = True


_IS_GUID = re.compile(GUID).fullmatch


def is_guid(text: str) -> bool:
    return _IS_GUID(text) is not None


FORMS: dict[str, TextForm] = {
    SLUG: TextForm("a valid name", "Use letters, digits, `-`, `_` and `.`, for example `writer-test`."),
    TENANT: TextForm(
        "a tenant", "Write a verified domain such as `contoso.com` or `contoso.onmicrosoft.com`, or the tenant id."
    ),
    EMAIL: TextForm("an email address", "Write an address such as `identity@contoso.com`, or `none`."),
    OWNER: TextForm(
        "an owner",
        "Write the user principal name of a user, such as `ada@contoso.com`, or the id of a user or a group.",
    ),
    HTTPS: TextForm("an https URL", "Write a URL such as `https://app.example.com/scim`.", is_shown=False),
    ENDPOINT: TextForm("an https URL", "Write a URL such as `https://app.example.com/scim`.", is_shown=False),
    GUID: TextForm("a GUID", "Write an id such as `00000000-0000-0000-0000-000000000000`."),
    ROLE_VALUE: TextForm(
        "a valid role value", "Use up to 120 letters, digits and punctuation marks: no spaces, no `.` at the start."
    ),
    ENV_NAME: TextForm(
        "the name of an environment variable", "Write a name such as `WRITER_SCIM_TOKEN`, without `$`.", is_shown=False
    ),
    VAULT: TextForm("the URL of an Azure Key Vault", "Write it as `https://NAME.vault.azure.net`."),
}
