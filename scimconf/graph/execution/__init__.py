"""Execution of the steps of a plan: the only code that writes to a tenant.

A write can be refused, lost, or applied with a delay. Therefore each document is read again, compared with what the
plan read, edited, written, and read until the edits are visible. A second write starts from the result of the first.

Nothing is imported here, so that importing `order` when a plan is made does not import the Graph client.
"""
