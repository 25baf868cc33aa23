"""The catalogue of vendors: presets, which are tested, and fact pages, which are not.

A preset is a folder `NAME/` of this package; a fact page is a file `NAME.yaml` in `scimconf/fact_pages/`. Listing the names
reads no file; `catalogue` loads the content.
"""

from scimconf.presets.names import fact_page_names, preset_names

__all__ = ["fact_page_names", "preset_names"]
