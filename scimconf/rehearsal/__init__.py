"""Checks of SCIM endpoints and rehearsals of specs: what Entra would do with an application, without a tenant."""
