"""What the service's reasons and error codes mean, and what to do about each.

Sources: the Entra documentation about quarantine, accidental deletions and provisioning logs, and published captures.
A code may begin with the name of a connector (`ContosoEntryConflict`), so that codes are recognized by their ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_COMMAND = re.compile(r"`(scimconf (?:resume|restart|allow-deletions|logs|status)\b(?![^`]*--app)[^`]*)`")


class Cause(NamedTuple):
    """What happened, in plain words, and what to do; commands in `action` lack the application, which `action_for` adds."""

    meaning: str
    action: str

    def action_for(self, selector: str) -> str:
        """Return what to do, with commands that can be run as they are printed."""
        return with_application(self.action, selector)


def with_application(text: str, selector: str) -> str:
    """Return a text in which each command about an application names it; `selector` are the words that do, or ""."""
    return _COMMAND.sub(lambda command: f"`{' '.join(filter(None, [command[1], selector]))}`", text)


_REPAIR_CONNECTION = (
    "Correct the tenant URL, or store a new token and change `rotation`, and apply. Then run `scimconf restart`; else the job"
    " waits for its next attempt."
)
_TOO_MANY_FAILURES = Cause(
    "too many users or groups failed",
    "Look at the most frequent failures, correct the mappings or the data, and run `scimconf restart`.",
)
QUARANTINE_REASONS: Mapping[str, Cause] = MappingProxyType(
    {
        "EncounteredQuarantineException": Cause(
            "the application refused the connection or answered in a way that the service does not understand",
            _REPAIR_CONNECTION,
        ),
        "EncounteredEscrowProportionThreshold": _TOO_MANY_FAILURES,
        "EncounteredBaseEscrowThreshold": _TOO_MANY_FAILURES,
        "EncounteredTotalEscrowThreshold": _TOO_MANY_FAILURES,
        "TooManyDeletes": Cause(
            "more users and groups would be deleted or disabled than the deletion threshold allows; nothing was deleted",
            "Undo the cause and run `scimconf restart`, or, if the deletions are right, run `scimconf allow-deletions`.",
        ),
        "QuarantinedOnDemand": Cause(
            "Microsoft stopped the job", "Ask Microsoft's support; what to correct is not in the job."
        ),
    }
)
"""The reasons of a quarantine, by their names in Graph (Entra documentation, quarantine status)."""

_UNKNOWN_REASON = Cause(
    "the service gives no reason that is documented",
    "Look at the error below and at the provisioning log in the portal.",
)
UNKNOWN_ERROR = Cause("the service reports an error", "Look at the error and at the provisioning log in the portal.")
_CONFLICT = Cause(
    "the application has another object with a value that must be unique",
    "Match users by what the application has, or correct the value.",
)
_CONNECTION = Cause("the application refused the credentials or could not be reached", _REPAIR_CONNECTION)
_REFUSED = Cause(
    "the application refuses this operation for the token",
    "Give the token more rights in the application, or remove the operation from `actions`.",
)
_UNSUPPORTED = Cause(
    "the application does not support this operation", "Remove the operation from `actions`, or ask the vendor."
)
_TEMPORARY = Cause(
    "the application or the service was overloaded or failed", "Wait: the service tries again by itself."
)
_UNEXPECTED = Cause(
    "the application's response is not what SCIM requires",
    "Read its response; often a required attribute is missing, or groups are not supported.",
)
_MISSING_VALUE = Cause(
    "a value that the application requires is missing",
    "Add a `default`, use Coalesce, or exclude these users by scope.",
)
_CODES: Mapping[str, Cause] = MappingProxyType(
    {
        "ServiceIncompatibleFiltering": Cause(
            "the application refused the search for the matching attribute, or reported a conflict",
            "Read the HTTP status in the reason: 409 is a conflict; otherwise match by an attribute that it can search.",
        ),
        "ServiceIncompatible": _UNEXPECTED,
        "InvalidCredentials": _CONNECTION,
        "CredentialValidationFailure": _CONNECTION,
        "CredentialValidationUnavailable": _CONNECTION,
        "EntryConflict": _CONFLICT,
        "Conflict": _CONFLICT,
        "DuplicateTargetEntries": Cause(
            "several users of the application match", "Match by an attribute that is unique in the application."
        ),
        "DuplicateSourceEntries": Cause(
            "several users of the tenant match one user of the application",
            "Change the expression of the matching attribute, so that its values differ.",
        ),
        "MultipleEntriesInResponse": Cause(
            "the application returned several objects for one", "The application ignores the filter; ask its vendor."
        ),
        "BadRequest": Cause(
            "the application refused the request", "Correct the value that its response names, or the PATCH dialect."
        ),
        "InsufficientRights": _REFUSED,
        "NotPermitted": _REFUSED,
        "MethodNotAllowed": _UNSUPPORTED,
        "Unauthorized": _REFUSED,
        "UnprocessableEntity": _UNEXPECTED,
        "NotImplemented": _UNSUPPORTED,
        "MandatoryFieldsMissing": _MISSING_VALUE,
        "MissingValues": _MISSING_VALUE,
        "AttributeValidationFailed": _MISSING_VALUE,
        "SchemaAttributeNotFound": Cause(
            "the application does not know a target attribute", "Correct or remove the mapping of this attribute."
        ),
        "SchemaPropertyCanOnlyAcceptValue": Cause(
            "several values were sent to an attribute with one value", "Select one value with Item or Join."
        ),
        "InvalidDomain": Cause(
            "the application does not accept the domain of a value", "Allow the domain there, or change the expression."
        ),
        "InvalidAnchor": Cause(
            "the user was deleted in the application", "Restore the user there, or run `scimconf restart`."
        ),
        "ImportSkipped": Cause(
            "the user has no value for the matching attribute", "Add the value, or match by another attribute."
        ),
        "EntryJoiningPropertyValueIsMissing": Cause(
            "the user has no value for the matching attribute", "Add the value, or match by another attribute."
        ),
        "InvalidLookupReference": Cause(
            "the application does not know the value in its list", "Translate the values with Switch."
        ),
        "NotEffectivelyEntitled": Cause(
            "the user is not assigned, is disabled in the tenant, or is only in a nested group",
            "`scimconf why USER` shows which of them. Assign the user directly, or enable the account.",
        ),
        "RedundantExport": Cause("the application has these values already", "Nothing is to be done."),
        "EntrySynchronizationSkipped": Cause("the user is out of scope, or nothing changed", "Look at the scope."),
        "UnableToResolveReferenceAttributeValue": Cause(
            "a manager or member is not provisioned",
            "It is tried again. If it does not go away, bring this user into scope and run `scimconf restart`.",
        ),
        "MultipleGrantsNotSupported": Cause(
            "the user has several roles, and the mapping takes one", "Remove all assignments of the user but one."
        ),
        "LicenseLimitExceeded": Cause("the application has no licence left", "Buy licences, or unassign users."),
        "TooManyRequests": _TEMPORARY,
        "Timeout": _TEMPORARY,
        "InternalServerError": _TEMPORARY,
        "ServerError": _TEMPORARY,
        "WebExceptionProtocolError": _TEMPORARY,
        "InternalError": _TEMPORARY,
    }
)
_LONGEST_FIRST = tuple(sorted(_CODES, key=lambda code: (-len(code), code)))


def quarantine_cause(reason: str) -> Cause:
    """Return the explanation of a quarantine's reason, in any case."""
    lower = reason.lower()
    return next((cause for name, cause in QUARANTINE_REASONS.items() if name.lower() == lower), _UNKNOWN_REASON)


def error_cause(code: str) -> Cause | None:
    """Return the explanation of an error code or a skip reason, None if it is not known."""
    lower = code.lower()
    name = next((name for name in _LONGEST_FIRST if lower.endswith(name.lower())), None)
    return None if name is None else _CODES[name]
