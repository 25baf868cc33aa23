"""The tenant: all that reads it, writes it, or holds a credential or a secret.

Nothing is imported here: each door (`graph`, `credentials`, `secrets`) is opened only by the command that needs it.
"""
