"""How many examples a law is tried with: a few by default, always the same; many new ones in the profile `long`."""

from hypothesis import HealthCheck, settings

LONG = 8
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


def tried(examples: int) -> settings:
    is_long = settings.get_current_profile_name() == "long"
    return settings(
        max_examples=examples * (LONG if is_long else 1),
        deadline=None,
        derandomize=not is_long,
        suppress_health_check=SLOW,
    )
