"""Execution of the steps of a plan: the only code that writes to a tenant.

A write can be refused, lost, or applied with a delay. Therefore each document is written as one read-modify-write of
raw JSON: read again, compared with what the plan read, edited, written, and read until the edits are visible. A second
write of a document starts from the result of the first.

`scheduler.execute` runs an `ExecutionRequest`; `order` is pure and is also used when a plan is made. Nothing is
imported here, so that importing `order` does not import the Graph client.
"""
