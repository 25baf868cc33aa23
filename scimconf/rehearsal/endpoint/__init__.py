"""Checks of a SCIM endpoint without a spec: Microsoft's acceptance lists, and faults that real servers had."""
