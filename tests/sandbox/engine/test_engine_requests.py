"""URLs, filters and headers of the engine's requests."""

from __future__ import annotations

import pytest

from scimconf.sandbox.engine import requests
from scimconf.sandbox.engine.values import Dialect, ScimRequest

from .flows import GROUPS, USERS, attribute_flow, object_flow, switches

ADDRESS = "https://app.contoso.com/scim/v2"
KIM = "userName+eq+%22kim%40contoso.com%22"


@pytest.mark.parametrize(
    ("address", "positions", "url", "query", "dialect"),
    [
        (f"{ADDRESS}/", {}, ADDRESS, "", "legacy"),
        (f"{ADDRESS}/?aadOptscim062020", {}, ADDRESS, "", "compliant"),
        (f"{ADDRESS}?AADOPTSCIM062020=&region=eu", {}, ADDRESS, "region=eu", "compliant"),
        (f"{ADDRESS}?AzureAdScimPatch062020", {}, ADDRESS, "", "compliant"),
        (f"{ADDRESS}?AzureAdScimPatch2017", {}, ADDRESS, "", "legacy"),
        (f"{ADDRESS}?aadOptscim062020&AzureAdScimPatch2017", {}, ADDRESS, "", "legacy"),
        (f"{ADDRESS}?aadOptscim062020", {"flag_on_wire": "kept"}, ADDRESS, "aadOptscim062020", "compliant"),
        (f"{ADDRESS}?aadOptscim062020", {"dialect": "legacy"}, ADDRESS, "", "legacy"),
        (ADDRESS, {"dialect": "aadOptscim062020"}, ADDRESS, "", "compliant"),
    ],
)
def test_endpoint_has_dialect_of_flag_and_no_flag(address, positions, url, query, dialect):
    endpoint = requests.endpoint(address, switches(**positions))
    assert (endpoint.url, endpoint.query, endpoint.dialect) == (url, query, Dialect(dialect))


@pytest.mark.parametrize(
    ("address", "query", "expected"),
    [
        (ADDRESS, "", f"{ADDRESS}/Users"),
        (ADDRESS, "filter=a", f"{ADDRESS}/Users?filter=a"),
        (f"{ADDRESS}?region=eu", "filter=a", f"{ADDRESS}/Users?region=eu&filter=a"),
        (f"{ADDRESS}?region=eu", "", f"{ADDRESS}/Users?region=eu"),
    ],
)
def test_url_has_parameters_of_tenant_url_first(address, query, expected):
    assert requests.url(requests.endpoint(address, switches()), ScimRequest("GET", "/Users", query)) == expected


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ({}, {"Accept": "application/scim+json", "ADSCIMVersion": "6.0"}),
        ({"accept": "none"}, {"ADSCIMVersion": "6.0"}),
        ({"adscimversion_header": "none"}, {"Accept": "application/scim+json"}),
        ({"adscimversion_header": "dated", "accept": "none"}, {"ADSCIMVersion": "Date:1"}),
        ({"user_agent": "sent", "accept": "none"}, {"ADSCIMVersion": "6.0", "User-Agent": "scimconf-sandbox"}),
    ],
)
def test_headers_without_body_have_no_content_type(positions, expected):
    request = requests.delete(USERS, "1", switches())
    sent = requests.headers(request, "secret", switches(**positions), activity="Date:1")
    assert sent == {"Authorization": "Bearer secret"} | expected


@pytest.mark.parametrize(
    ("position", "expected"),
    [("charset", "application/scim+json; charset=utf-8"), ("bare", "application/scim+json")],
)
def test_headers_of_a_body_have_its_content_type(position, expected):
    request = requests.create(USERS, {}, switches())
    assert requests.headers(request, "secret", switches(content_type=position))["Content-Type"] == expected


def test_headers_without_an_activity_have_the_version_of_captures():
    request = requests.read(USERS, "1", switches())
    sent = requests.headers(request, "secret", switches(adscimversion_header="dated"))
    assert sent["ADSCIMVersion"] == "6.0"


@pytest.mark.parametrize(
    ("flow", "attribute", "value", "positions", "path", "query"),
    [
        (USERS, "userName", "kim@contoso.com", {}, "/Users", f"filter={KIM}"),
        (USERS, "userName", "a b", {"query_space": "percent"}, "/Users", "filter=userName%20eq%20%22a%20b%22"),
        (USERS, "externalId", 'a"b\\', {}, "/Users", "filter=externalId+eq+%22a%5C%22b%5C%5C%22"),
        (GROUPS, "displayName", "Sales", {}, "/Groups", "excludedAttributes=members&filter=displayName+eq+%22Sales%22"),
        (
            USERS,
            'emails[type eq "work"].value',
            "é",
            {},
            "/Users",
            "filter=emails%5Btype+eq+%22work%22%5D.value+eq+%22%C3%A9%22",
        ),
    ],
)
def test_match_filters_by_one_attribute(flow, attribute, value, positions, path, query):
    assert requests.match(flow, attribute, value, switches(**positions)) == ScimRequest("GET", path, query)


@pytest.mark.parametrize(
    ("flow", "key", "path", "query"),
    [
        (USERS, "1", "/Users/1", ""),
        (GROUPS, "g/1?", "/Groups/g%2F1%3F", "excludedAttributes=members"),
        (USERS, "..", "/Users/%2E%2E", ""),
    ],
)
def test_read_addresses_one_object(flow, key, path, query):
    assert requests.read(flow, key, switches()) == ScimRequest("GET", path, query)


def test_writes_have_the_documented_methods_and_bodies():
    operations = [{"op": "Replace", "path": "title", "value": "Lead"}]
    schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
    assert requests.create(USERS, {"a": 1}, switches()) == ScimRequest("POST", "/Users", body={"a": 1})
    updated = requests.update(GROUPS, "g", operations, switches())
    assert updated == ScimRequest("PATCH", "/Groups/g", body={"schemas": schemas, "Operations": operations})
    assert list(updated.body) == ["schemas", "Operations"]
    assert requests.delete(USERS, "1", switches()) == ScimRequest("DELETE", "/Users/1")


def test_reference_test_asks_for_the_id_only():
    request = requests.reference_test(GROUPS, "g", "members", "u", switches())
    assert request.query == "attributes=id&filter=id+eq+%22g%22+and+members+eq+%22u%22"


BY_MAIL = object_flow(attribute_flow("userName"), attribute_flow("externalId", matching_priority=2))


@pytest.mark.parametrize(
    ("flows", "position", "expected"),
    [
        ([USERS, GROUPS], "no", ["/Users userName", "/Groups displayName"]),
        ([USERS], "yes", ["/Users userName", "/Groups displayName"]),
        ([USERS], "no", ["/Users userName"]),
        ([BY_MAIL], "no", ["/Users externalId"]),
        ([], "no", ["/Users userName"]),
    ],
)
def test_probes_search_a_random_value_of_the_first_matching_attribute(flows, position, expected):
    probes = requests.probes(flows, "guid", switches(probe_groups=position))
    searched = [f"{probe.path} {probe.query.partition('filter=')[2].partition('+')[0]}" for probe in probes]
    assert searched == expected
    assert all(probe.query.endswith("+eq+%22guid%22") for probe in probes)
