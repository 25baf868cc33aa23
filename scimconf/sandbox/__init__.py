"""A simulated Microsoft Entra tenant: the part of Microsoft Graph v1.0 that provisioning needs, as an ASGI application.

It refuses the requests that Graph refuses. Apart from the expression language it shares no code with the client, so
that a wrong assumption of the client is not repeated here.
"""
