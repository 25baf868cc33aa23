"""The names of environment variables that contain secrets of applications."""

from __future__ import annotations

import re

from scimconf.spec.patterns import ENV_NAME

RESERVED = re.compile(
    "AZURE_|ARM_|ACTIONS_|CI_JOB_|CI_REGISTRY_|CI_DEPLOY_|IDENTITY_|MSI_|AWS_|GOOGLE_|SSH_"
    "|(GITHUB_TOKEN|GH_TOKEN|GITLAB_TOKEN|SYSTEM_ACCESSTOKEN|SYSTEM_OIDCREQUESTURI)$"
)
"""Environment variables of the sign-in to Azure and other clouds, and of pipelines, in upper case."""


def secret_variable(name: str, key: str) -> str:
    """Return the variable of a secret of an application: `WRITER_SCIM_TOKEN` for `writer` and `SCIM_TOKEN`.

    It begins with `APP_` where a spec could not name it otherwise: `APP_AWS_SCIM_TOKEN` for `aws`.
    """
    variable = re.sub(r"[^A-Z0-9]+", "_", f"{name}_{key}".upper())
    is_usable = re.match(ENV_NAME, variable) and not RESERVED.match(variable)
    return variable if is_usable else f"APP_{variable}"
