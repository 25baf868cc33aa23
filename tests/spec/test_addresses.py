"""Masking of secrets in the query of an address."""

import pytest

from scimconf.spec.addresses import endpoint, flags, holds_secret, is_local, keys, masked

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


@pytest.mark.parametrize(
    ("address", "is_same"),
    [
        (f"{A}/", True),
        (f"{A}?aadOptscim062020", True),
        (f"{A}/?AzureAdScimPatch2017=1", True),
        (f"{A}?", True),
        ("HTTPS://App.example.com:443/scim", True),
        ("https://app.example.com:8443/scim", False),
        ("https://app.example.com/SCIM", False),
        ("http://app.example.com/scim", False),
        (f"{A}?region=eu", False),
        ("https://[app", False),
        ("scim", False),
    ],
)
def test_endpoint_is_equal_for_two_urls_of_one_endpoint(address, is_same):
    assert (endpoint(address) == endpoint(A)) is is_same


def test_endpoint_compares_the_values_of_parameters_but_no_secrets():
    assert endpoint(f"{A}?region=eu&org=1") == endpoint(f"{A}?org=1&region=eu") != endpoint(f"{A}?org=2&region=eu")
    assert endpoint(f"{A}?token=a") == endpoint(f"{A}?token=b")


def test_flags_returns_the_flags_of_the_service_in_lower_case():
    assert flags(f"{A}?aadOptscim062020&region=eu;AzureAdScimPatch2017") == {"aadoptscim062020", "azureadscimpatch2017"}
    assert flags(A) == frozenset()


def test_is_local_is_true_for_http():
    assert is_local("http://127.0.0.1:8080/scim") and not is_local(A)
