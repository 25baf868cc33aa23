"""How many examples a law is tried with: a few by default, many in the profile `long`."""

from hypothesis import HealthCheck, settings

LONG = 8
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


def tried(examples: int) -> settings:
    more = LONG if settings.get_current_profile_name() == "long" else 1
    return settings(max_examples=examples * more, deadline=None, suppress_health_check=SLOW)
