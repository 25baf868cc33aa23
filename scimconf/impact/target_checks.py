"""Check the values of target attributes against what the application accepts, as far as the spec or its preset states it.

`required`, `max_length`, `pattern` and `unique` of a target attribute are checked here. Entra stores only `required`; it
sends any value, and the application refuses the user. What the spec states takes the place of the preset's limit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from scimconf.kinds.patterns import matches
from scimconf.kinds.provisioning import SECTION, ProvisioningState
from scimconf.spec.model import Spec, TargetAttribute

if TYPE_CHECKING:
    from scimconf.plan.preview import UserPreview

VIOLATIONS = ("missing", "too_long", "mismatches", "repeated")
"""The counts of users whose values the application does not accept."""

_GIVEN_UP = "it could not be evaluated for other users"

Value = str | Sequence[str] | None


class TargetCheck(NamedTuple):
    """What the application accepts as the value of one target attribute; `is_declared`: the spec says so.

    `is_given_up`: the pattern could not be evaluated for several values, so it is not evaluated for others.
    """

    target: str
    required: bool = False
    max_length: int | None = None
    pattern: str | None = None
    unique: bool = False
    is_given_up: bool = False
    is_declared: bool = False

    @property
    def has_limits(self) -> bool:
        """Whether any value is not accepted."""
        return self.required or self.unique or self.max_length is not None or self.pattern is not None

    def violations(self, value: Value) -> Iterator[Violation]:
        """Yield what a creation with this value violates; None is no value. Uniqueness needs other users."""
        texts = [value] if isinstance(value, str) else value or ()
        if self.required and not any(texts):
            yield Violation("missing", "has no value, but the application requires one")
        longest = max(map(len, texts), default=0)
        if self.max_length is not None and longest > self.max_length:
            yield Violation("too_long", f"has {longest} characters, but at most {self.max_length} are accepted")
        if self.pattern is not None:
            yield from self._mismatches(self.pattern, texts)

    def _mismatches(self, pattern: str, texts: Sequence[str]) -> Iterator[Violation]:
        results = [_GIVEN_UP if self.is_given_up else matches(pattern, text) for text in texts]
        reason = next((result for result in results if isinstance(result, str)), "")
        if False in results:
            yield Violation("mismatches", f"does not match the pattern {pattern}")
        elif reason:
            yield Violation("undetermined", f"cannot be compared with the pattern {pattern}: {reason}")


class Violation(NamedTuple):
    """The name of the count, and the sentence about a target attribute without its name."""

    name: str
    text: str


def target_checks(spec: Spec, state: ProvisioningState) -> tuple[TargetCheck, ...]:
    """Return the checks of the spec, and of the attributes that the application's schema requires and that are mapped.

    A required attribute that is not mapped has no value for any user.
    """
    definitions = spec.mappings[SECTION].target_attributes if SECTION in spec.mappings else {}
    declared = [of_definition(target, definition) for target, definition in definitions.items()]
    checks = {check.target: check for check in declared}
    for target, check in vendor_checks(spec, SECTION).items():
        if target in state.rows and not (target in checks and checks[target].has_limits):
            checks[target] = check
    live = (state.required_targets & state.rows.keys()) - checks.keys()
    checks |= {target: TargetCheck(target, required=True) for target in live}
    return tuple(sorted((check for check in checks.values() if check.has_limits), key=lambda check: check.target))


def vendor_checks(spec: Spec, section: str) -> Mapping[str, TargetCheck]:
    """Return the limits of the vendor whose preset a spec names, by target attribute of `users` or `groups`."""
    if spec.preset is None:
        return {}
    from scimconf.presets.catalogue import find_entry
    from scimconf.presets.target import value_pattern

    entry = find_entry(spec.preset)
    limits = entry.facts.limits if entry is not None else ()
    return {
        limit.attribute: TargetCheck(
            limit.attribute, limit.required, limit.max_length, value_pattern(limit), unique=limit.unique
        )
        for limit in limits
        if limit.object == section
    }


def of_definition(target: str, definition: TargetAttribute) -> TargetCheck:
    limits = (definition.required, definition.max_length, definition.pattern)
    return TargetCheck(target, *limits, unique=definition.unique, is_declared=True)


def user_violations(checks: Collection[TargetCheck], user: UserPreview) -> Iterator[tuple[str, Violation]]:
    """Yield target attributes and violations of a user who is in scope; a value that is not known violates nothing.

    A disabled user is never created, and so needs no value.
    """
    if user.after.in_scope is not True or user.after.left_out:
        return
    for check in checks:
        sent = user.after.sent.get(check.target)
        if sent is not None and sent.kind in ("undetermined", "failure"):
            continue
        for violation in check.violations(sent.created if sent is not None else None):
            if not (violation.name == "missing" and user.after.disabled):
                yield check.target, violation
