"""High-level operations that compose the other packages: validate, plan, preview, apply, export. Stateless.

Nothing is imported here: each command imports the operations that it needs.
"""
