"""The application gallery: application templates and the defaults of their instances.

Most applications of vendors have published credentials, attributes and roles only; ids and default mappings are invented
where none are published.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scimconf.sandbox.data_files import names_in, read_data
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


VENDORS = "vendors"
"""The folder of the data files that `make docs` generates from the facts of the catalogue; each has an `application` and a `template`."""
_ROWS = [*read_data("gallery.json"), *(read_data(f"{VENDORS}/{name}")["application"] for name in names_in(VENDORS))]
_ENTRIES = [GalleryEntry(**row) for row in _ROWS]
GALLERY = {entry.template_id: entry for entry in _ENTRIES}
BY_NAME = {entry.name.lower(): entry for entry in _ENTRIES}
CUSTOM = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
"""The id of the application template of non-gallery applications."""
