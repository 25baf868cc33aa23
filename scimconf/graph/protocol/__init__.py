"""How one speaks with Graph, without speaking: requests and replies as values, and the rules for them.

Nothing here opens a connection or imports msgraph, kiota or httpx; `live.graph` gives it a way to send.
"""
