"""Application provisioning in Microsoft Entra ID as code."""

__version__ = "0.1.0"
