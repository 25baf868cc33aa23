"""Rules about the tenant URL."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scimconf.diagnostics import Diagnostic
from scimconf.lint.mapping_context import MappingContext
from scimconf.spec.addresses import FLAG_NAMES, FLAGS, FORMER_FLAGS, is_local, keys
from scimconf.suggestions import did_you_mean, suggest

PATH = ("connection", "base_address")
FLAG = "aadoptscim062020"
RESOURCE = re.compile(r"/(Users|Groups|ServiceProviderConfig|Schemas|ResourceTypes)/?$", re.IGNORECASE)


def ignored_flag(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for the flag of the newer SCIM behavior, which provision on demand does not follow."""
    if FLAG in _address(context).lower():
        message = "provision on demand ignores this flag, so it sends other requests than a provisioning cycle"
        yield Diagnostic("L506", message, PATH, hint="Test changes with a provisioning cycle.")


def query_parameter(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each query parameter that is no flag of the service, or is one by a former name."""
    for key in keys(_address(context)):
        former = FORMER_FLAGS.get(key.lower())
        if former is not None:
            message = f"{key} is a former name of the flag {former}; it may no longer have an effect"
            yield Diagnostic("L508", message, PATH, hint=f"Write `{former}` instead.")
        elif key.lower() not in FLAGS:
            message = f'the query parameter "{key}" is sent to the application and shown in every plan'
            hint = "If it is a secret, use `secret_token: {env: NAME}`."
            yield Diagnostic("L508", message, PATH, hint=did_you_mean(suggest(key, FLAG_NAMES), hint))


def resource_path(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for a URL that ends in `/Users` or the like: the service appends these itself."""
    path, separator, query = _address(context).partition("?")
    resource = RESOURCE.search(path)
    if resource is not None:
        message = f"the URL ends in {resource[0]}, but the service appends /Users and /Groups itself"
        hint = f"Write `base_address: {path[: resource.start()]}{separator}{query}`."
        yield Diagnostic("L509", message, PATH, hint=hint)


def local_address(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for a URL of this machine: a plan against a tenant reports an error (K409)."""
    if is_local(_address(context)):
        message = "only a sandbox on this machine reaches this URL; a plan against a tenant fails"
        yield Diagnostic("L516", message, PATH, hint="Write the https URL of the application.")


def _address(context: MappingContext) -> str:
    connection = context.spec.connection
    return (connection.base_address if connection is not None else None) or ""
