"""The protocol of Graph as values and rules: requests, replies, errors, retries, pages, batches.

Nothing here opens a connection or imports msgraph, kiota or httpx; `graph.client` passes a function that sends.
"""
