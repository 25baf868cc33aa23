"""What stands in this folder is shared by the tests: `rehearsal` is a tenant in this process and the way to it."""

pytest_plugins = ["conformance.plugin"]
