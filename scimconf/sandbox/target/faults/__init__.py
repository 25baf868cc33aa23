"""Faults of real SCIM servers, each a function between a request and a tolerant target."""
