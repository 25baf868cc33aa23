"""Masking of secrets in the query of an address."""

import pytest

from scimconf.spec.addresses import holds_secret, keys, masked

A = "https://app.example.com/scim"


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "access_token",
        "apiKey",
        "apikey",
        "x-functions-key",
        "key",
        "sig",
        "code",
        "client_secret",
        "Password",
        "my.auth",
        "sas-sig",
    ],
)
def test_masked_hides_the_value_of_a_query_key_that_names_a_secret(key):
    assert masked(f"{A}?a=1&{key}=hush;b=2") == f"{A}?a=1&{key}=***;b=2"
    assert holds_secret(f"{A}?{key}=hush")
    assert not holds_secret(f"{A}?{key}")


@pytest.mark.parametrize("address", [A, f"{A}?", f"{A}?aadOptscim062020", f"{A}?region=eu&barcode=1", f"{A}/token=1"])
def test_masked_keeps_an_address_without_a_secret(address):
    assert masked(address) == address


def test_keys_returns_the_keys_of_the_query():
    assert list(keys(f"{A}?aadOptscim062020&&a=1;b")) == ["aadOptscim062020", "a", "b"]
    assert list(keys(A)) == []
