"""The provisioning log in each output format."""
