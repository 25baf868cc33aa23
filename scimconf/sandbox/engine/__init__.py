"""The provisioning engine: what Entra's provisioning service sends to the SCIM endpoint of an application.

    source ─▶ scope ─▶ mapping ─▶ resource · patch ─▶ requests

These modules are pure: they read documents and return values. `docs/engine.md` lists each fact with its test or switch.
"""
