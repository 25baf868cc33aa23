"""The version of scimconf."""

__version__ = "0.1.0"
