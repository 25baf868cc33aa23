"""Set-up of all tests: the Hypothesis profiles, the check of requests against Microsoft's description, the watch for secrets."""

import hypothesis_profiles

pytest_plugins = ["canary.plugin", "conformance.plugin"]

hypothesis_profiles.register()
