from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from typing import Any

import pytest
from server_fixture import Server, wait_until

from sandbox.client import Client
from scimconf.sandbox.target.page import ROWS, TargetView, content_security_policy

from .scim_client import ENTERPRISE, WRITER, TargetClient, user_body

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


class _Text(HTMLParser):
    """The cells and headings of a page as text, and the names of its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _user(number: str, **more: Any) -> dict[str, Any]:
    return {**user_body(f"{number}@contoso.com"), "id": number, "meta": {"resourceType": "User"}, **more}


def _page(users: list[Any], groups: list[Any]) -> str:
    return TargetView("tolerant", "http://127.0.0.1:1/v2", lambda: users, lambda: groups).page()


def test_the_page_shows_users_and_groups_as_the_application_would() -> None:
    ada = _user(
        "ada", roles=[{"value": "adm", "display": "Admin"}, {"value": "reader"}], **{WRITER: {"role": "member"}}
    )
    grace = _user("grace", active=False, **{ENTERPRISE: {"manager": {"value": "ada"}}})
    alan = {"id": "alan", "userName": "alan", ENTERPRISE: {"manager": {"value": "elsewhere"}}}
    group = {"id": "g", "displayName": "Sales", "externalId": "x1", "members": [{"value": "ada"}, {"value": "gone"}]}
    text = _Text(_page([ada, grace, alan], [group])).parts
    for expected in (
        "Users (3)",
        "Groups (1)",
        "Admin",
        "reader",
        "member",
        "disabled",
        "Sales",
        "gone (unknown)",
        "x1",
    ):
        assert expected in text, expected
    assert [part for part in text if part in ("active", "disabled", "not set")] == ["active", "disabled", "not set"]
    assert text.count("ada@contoso.com") == 3  # the user, the manager of Grace, the member of Sales
    assert "elsewhere" in text


def test_an_empty_target_says_so() -> None:
    text = _Text(_page([], [])).parts
    assert "No users yet." in text
    assert "No groups yet." in text


def test_values_are_text_and_the_page_loads_nothing() -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e\x00'\""
    user = _user(evil, displayName=evil, userName=evil, roles=[{"value": evil}], **{f"urn:{evil}": {evil: evil}})
    group = {"id": evil, "displayName": evil, "externalId": evil, "members": [{"value": evil}, {"value": f"{evil}2"}]}
    page = _page([user], [group])
    parsed = _Text(page)
    assert "img" not in parsed.tags
    assert page.count("<script") == 1
    assert "\u202e" not in page
    assert "\\u202e" in page
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?:http|//)""", page)


@pytest.mark.slow
def test_a_long_list_is_cut() -> None:
    users = [_user(f"u{number}") for number in range(ROWS + 2)]
    group = {"id": "g", "displayName": "All", "members": [{"value": user["id"]} for user in users]}
    text = _Text(_page(users, [group])).parts
    assert text.count("and 2 more") == 2
    assert f"Users ({ROWS + 2})" in text


def test_the_sandbox_serves_the_page_of_its_target(tolerant: TargetClient) -> None:
    client = Client()
    assert "Start it with --target" in client.get("/_sandbox/target", expect=404)["error"]["message"]
    client.service.target = tolerant.target.view()
    user = tolerant.create_user("page@contoso.com")
    document = client.get("/_sandbox/target")
    assert (document["kind"], document["url"]) == ("tolerant", tolerant.url)
    assert user in [item["id"] for item in document["users"]]
    response = client.send("GET", "/_sandbox/target", headers=BROWSER)
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["content-security-policy"] == content_security_policy()
    assert "page@contoso.com" in response.text
    client.close()


@pytest.mark.slow
@pytest.mark.xdist_group("chromium")
@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed")
def test_the_page_in_a_browser_follows_the_target_and_keeps_open_details(tolerant: TargetClient, tmp_path: Any) -> None:
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    server = Server()
    server.service.target = tolerant.target.view()
    server.start()
    tolerant.create_user("before@contoso.com")
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        browser.get(f"{server.url.removesuffix('/v1.0')}/_sandbox/target")
        browser.find_element("css selector", "summary").click()
        tolerant.create_user("after@contoso.com")
        wait_until(lambda: "after@contoso.com" in browser.page_source)
        assert len(browser.find_elements("css selector", "details[open]")) == 1
        assert browser.get_log("browser") == []
    finally:
        browser.quit()
        server.stop()
