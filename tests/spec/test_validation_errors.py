"""diagnostics_of and keys_at: pydantic errors as diagnostics, and the keys of a section."""

from __future__ import annotations

import pytest
from pydantic import Field, ValidationError

from scimconf.spec.model import Section
from scimconf.spec.model.types import keys_at
from scimconf.spec.tree import YamlMapping
from scimconf.spec.validation_errors import diagnostics_of
from tests.spec.reading import line


class Odd(Section):
    number: int = Field(le=3)


def test_diagnostics_of_uses_the_pydantic_message_for_other_errors():
    with pytest.raises(ValidationError) as raised:
        Odd(number=4)
    (problem,) = diagnostics_of(raised.value, YamlMapping([("number", "4")]))
    assert line(problem) == "None  S203  number: invalid value: Input should be less than or equal to 3."


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (("mappings", "users", "filters", 0, "all", 1), ["attribute", "operator", "value"]),
        (("assignments", "users", 3), ["user", "role", "roles", "absent"]),
        (("connection", "other", "Password", "key_vault"), ["vault", "secret", "version"]),
        (("provisioning", "notifications"), ["email"]),
    ],
)
def test_keys_at_returns_the_keys_of_a_section(path, keys):
    assert keys_at(path) == keys
