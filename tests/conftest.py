"""Set-up of all tests: the Hypothesis profiles, the check of requests against Microsoft's description, the watch for secrets,
and counts."""

import hypothesis_profiles

pytest_plugins = ["canary.plugin", "conformance.plugin", "lifecycle.disturbances", "tests.lifecycle.counts"]

hypothesis_profiles.register()
