"""What pydantic says that nobody foresaw is said too."""

from __future__ import annotations

import pytest
from pydantic import Field, ValidationError

from scimconf.spec.model import Section
from scimconf.spec.tree import Table
from scimconf.spec.validation_errors import keys_at, problems_of
from tests.spec.reading import line


class Odd(Section):
    number: int = Field(le=3)


def test_an_unforeseen_complaint_is_passed_on():
    with pytest.raises(ValidationError) as raised:
        Odd(number=4)
    (problem,) = problems_of(raised.value, Table([("number", "4")]))
    assert line(problem) == "None  S203  number: not valid: Input should be less than or equal to 3."


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (("mappings", "users", "filters", 0, "all", 1), ["attribute", "operator", "value"]),
        (("assignments", "users", 3), ["roles", "absent", "user", "role"]),
        (("connection", "other", "Password", "key_vault"), ["vault", "secret", "version"]),
        (("provisioning", "notifications"), ["email"]),
    ],
)
def test_the_keys_of_a_section(path, keys):
    assert keys_at(path) == keys
