"""Set-up of all tests: the Hypothesis profiles, and the check of requests against Microsoft's description."""

import hypothesis_profiles

pytest_plugins = ["conformance.plugin"]

hypothesis_profiles.register()
