"""The two Hypothesis profiles. `default` tries the same few examples at every run, `long` sixteen times as many random ones.

Neither has a deadline or a check of speed: how busy a machine is says nothing about the code.
"""

from hypothesis import HealthCheck, settings

EXAMPLES, LONG = 50, 16
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


def register() -> None:
    """Register both profiles and load `default`; pytest loads `long` after that on `--hypothesis-profile=long`."""
    common = {"deadline": None, "suppress_health_check": SLOW}
    settings.register_profile("default", max_examples=EXAMPLES, derandomize=True, **common)
    settings.register_profile("long", max_examples=EXAMPLES * LONG, derandomize=False, **common)
    settings.load_profile("default")


def is_long() -> bool:
    """Return whether pytest runs with `--hypothesis-profile=long`; call it in a test, not when a module is imported."""
    return settings.get_current_profile_name() == "long"


def examples(number: int, quick: int | None = None) -> settings:
    """Return the settings of a test that needs another number of examples than the profile has; `quick` is for the default."""
    return settings(max_examples=number * LONG if is_long() else quick or number)
