"""The application gallery: application templates and the defaults of their instances. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from scimconf.sandbox.http_types import Json

CUSTOM = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
_INTEGRATED = "WindowsAzureActiveDirectoryIntegratedApp"


@dataclass(frozen=True, slots=True)
class GalleryEntry:
    """An application template and the provisioning templates of its instances."""

    template_id: str
    name: str
    key: str
    publisher: str
    roles: tuple[str, ...]
    tags: tuple[str, ...]
    provisioning: tuple[str, ...]

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


_ENTRIES = (
    GalleryEntry(
        CUSTOM,
        "Custom",
        "customappsso",
        "Microsoft Entra ID",
        ("User", "msiam_access"),
        ("WindowsAzureActiveDirectoryCustomSingleSignOnApplication", _INTEGRATED),
        ("scim",),
    ),
    GalleryEntry(
        "5b1c3a52-0f6f-4b1e-9a3e-6d7c3d1c9e01",
        "Parley",
        "parley",
        "Parley Software",
        ("User", "msiam_access"),
        (_INTEGRATED,),
        ("parley",),
    ),
    GalleryEntry(
        "7e0d9b84-2c57-4f0b-8f52-1d6a5b0c4f02",
        "Fieldbook",
        "fieldbook",
        "Fieldbook Limited",
        ("msiam_access",),
        (_INTEGRATED,),
        ("fieldbook", "fieldbookLegacy"),
    ),
    GalleryEntry(
        "c3f4a6de-91b0-4d1b-b7a6-2e8f7a0d5b03",
        "Lanternpost",
        "lanternpost",
        "Lanternpost",
        ("msiam_access",),
        (_INTEGRATED,),
        (),
    ),
)
GALLERY = {entry.template_id: entry for entry in _ENTRIES}
BY_NAME = {entry.name.lower(): entry for entry in _ENTRIES}
