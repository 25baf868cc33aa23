"""A pretend tenant: Microsoft Graph v1.0 as far as provisioning needs it, over ASGI, refusing what Graph refuses.

Apart from the expression language it shares no code with the client, so the two cannot agree on a mistake.
"""
