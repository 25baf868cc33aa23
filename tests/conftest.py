"""Set-up of all tests: the Hypothesis profiles, the check of requests against Microsoft's description, and counts."""

import hypothesis_profiles

pytest_plugins = ["conformance.plugin", "lifecycle.disturbances", "tests.lifecycle.counts"]

hypothesis_profiles.register()
