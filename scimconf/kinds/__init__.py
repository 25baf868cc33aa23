"""The kinds: what each type of resource means. `kind` holds their interface, `registry` lists them."""

from scimconf.kinds.kind import Kind
from scimconf.kinds.registry import BY_NAME, KINDS

__all__ = ["BY_NAME", "KINDS", "Kind"]
