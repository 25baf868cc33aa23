"""The checks of a spec over all kinds, before and during a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from scimconf.diagnostics import Diagnostic
from scimconf.kinds.kind import Kind
from scimconf.snapshot import Snapshot
from scimconf.spec.model import SecretReference, Spec


def check(kinds: Sequence[Kind], spec: Spec, snapshot: Snapshot | None) -> tuple[Diagnostic, ...]:
    """Return the diagnostics of all kinds, each once; without a snapshot only what is known offline."""
    return tuple(dict.fromkeys(diagnostic for kind in kinds for diagnostic in kind.check(spec, snapshot)))


def missing_tenant(spec: Spec) -> Iterator[Diagnostic]:
    """Yield the warning about a spec that names no tenant."""
    if spec.tenant is None:
        message = "the spec names no tenant, so it can be applied to any tenant"
        hint = "Add `tenant:` with a verified domain."
        yield Diagnostic("K001", message, severity="warning", hint=hint)


def dated(spec: Spec, today: date) -> Iterator[Diagnostic]:
    """Yield the diagnostics that depend on the day: guard exemptions and tokens that have expired, or expire soon.

    Of a retired spec nothing is applied, so that only its date counts.
    """
    if spec.retired is not None:
        if spec.retired > today:
            message = f"`retired: {spec.retired}` is in the future"
            hint = "`scimconf retire` ends an application and prints this line; delete it until then."
            yield Diagnostic("K009", message, ("retired",), hint=hint)
        return
    for index, exemption in enumerate(spec.guard_exemptions):
        if exemption.until < today:
            message = f"the exemption for guard {exemption.guard} expired on {exemption.until.isoformat()}"
            hint = "Remove it, or renew `until` and `reason`."
            yield Diagnostic("K003", message, ("guard_exemptions", index), hint=hint)
    for path, reference in spec.connection.references() if spec.connection is not None else ():
        warning = _expiry(reference, today)
        if warning:
            hint = "Create a new one in the application, store it, and change `rotation` and `expires`."
            yield Diagnostic("K410", warning, ("connection", *path, "expires"), hint=hint, severity="warning")


def _expiry(reference: SecretReference, today: date) -> str:
    """Return the warning that a secret has expired or expires soon; empty without one, or without a date."""
    if reference.expires is None:
        return ""
    from scimconf.monitoring.application_status import expiry_warning

    return expiry_warning(str(reference), reference.expires, today)
