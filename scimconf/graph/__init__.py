"""Access to the tenant: everything that reads it, writes to it, or holds a credential or a secret.

Nothing is imported here: `client`, `credentials` and `secrets` import large libraries only when they are used.
"""
