"""What stands in this folder is shared by the tests: `rehearsal` is a tenant in this process and the way to it."""

import hypothesis_profiles

pytest_plugins = ["conformance.plugin"]

hypothesis_profiles.register()
