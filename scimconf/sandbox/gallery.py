"""The application gallery: application templates and the defaults of their instances."""

from __future__ import annotations

from dataclasses import dataclass, field

from scimconf.sandbox.data_files import read_data
from scimconf.sandbox.http_types import Json


@dataclass(frozen=True, slots=True)
class GalleryEntry:
    """An application template and the provisioning templates of its instances.

    `imported_roles` are the display names of the roles that a provisioning cycle imports from the application.
    """

    template_id: str
    name: str
    key: str
    publisher: str
    roles: list[str]
    tags: list[str]
    provisioning: list[str]
    imported_roles: list[str] = field(default_factory=list)

    def document(self) -> Json:
        return {
            "id": self.template_id,
            "displayName": self.name,
            "homePageUrl": None,
            "supportedSingleSignOnModes": ["password", "saml", "external", "oidc"],
            "supportedProvisioningTypes": ["sync"] if self.provisioning else [],
            "logoUrl": None,
            "categories": [],
            "publisher": self.publisher,
            "description": None,
        }


_ENTRIES = [GalleryEntry(**row) for row in read_data("gallery.json")]
GALLERY = {entry.template_id: entry for entry in _ENTRIES}
BY_NAME = {entry.name.lower(): entry for entry in _ENTRIES}
CUSTOM = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
"""The id of the application template of non-gallery applications."""
