"""Set-up of all tests: the Hypothesis profiles, the check of requests against Microsoft's description, and the counts of lifecycles."""

import hypothesis_profiles

pytest_plugins = ["conformance.plugin", "tests.lifecycle.counts"]

hypothesis_profiles.register()
