"""The preview page of 1,000 users in Chromium: its filters work, and it sends no network request."""

import json
import shutil
import time

import pytest
from previews import Rehearsal, minimal_spec, preview, tenant_with_writer

from scimconf.sandbox.tenant_file import TenantFile

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed"),
    pytest.mark.xdist_group("chromium"),
]
SWITCHES = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update"),
    *("--disable-background-networking", "--disable-sync", "--window-size=1280,900"),
)
HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script>\x1b[31m\u202e"
CHANGED = "mappings: {users: {attributes: {title: {expression: 'Join(\" \", [givenName], [surname])'}}}}\n"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


def set_filters(browser, **values):
    script = """
      const form = document.getElementById("filters");
      for (const [name, value] of Object.entries(arguments[0])) {
        form.elements[name].value = value;
        form.elements[name].dispatchEvent(new Event("input", {bubbles: true}));
      }"""
    browser.execute_script(script, values)
    time.sleep(0.4)


@pytest.mark.slow
def test_preview_page_filters_find_one_of_1000_users_and_send_no_request(browser, tmp_path):
    eve = {"userPrincipalName": "eve@contoso.com", "displayName": HOSTILE, "jobTitle": HOSTILE, "surname": "Moneypenny"}
    application = {"secrets": {"BaseAddress": "https://app.writer.com/scim", "SecretToken": "x", "SyncAll": "true"}}
    rehearsal = Rehearsal(
        TenantFile(tenant_with_writer(generate={"users": 1_000}, users=[eve], application=application))
    )
    file = tmp_path / "preview.html"
    file.write_text(preview(rehearsal, minimal_spec(tmp_path, CHANGED, "scope: all"), "html").text, "utf-8")
    browser.get_log("performance")
    browser.get(file.as_uri())
    shown_count = lambda: browser.find_element("id", "shown").text
    assert shown_count() == "1,013 users"
    set_filters(browser, text="user00777@contoso.com")
    assert shown_count() == "1 of 1,013 users"
    (entry,) = [one for one in browser.find_elements("css selector", ".entry") if one.is_displayed()]
    entry.find_element("css selector", "summary").click()
    row = next(one for one in entry.find_elements("css selector", "tbody tr") if one.text.startswith("title"))
    assert row.find_element("css selector", ".before").text.endswith("not sent")
    assert row.find_element("css selector", ".after").text.endswith('"User 00777"')
    assert entry.find_element("css selector", ".resource ins").text.strip() == '"title": "User 00777",'
    set_filters(browser, text="moneypenny")
    assert shown_count() == "1 of 1,013 users"
    assert browser.execute_script("return document.querySelectorAll('main img, main script').length") == 0
    set_filters(browser, text="", outcome="leaves")
    assert shown_count() == "0 of 1,013 users"
    assert browser.find_element("id", "nothing").is_displayed()
    top = "return document.querySelector('.sum').getBoundingClientRect().top < document.querySelector('.listed').getBoundingClientRect().top"
    assert browser.execute_script(top)
    assert browser.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    requested = {
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent" and message["params"]["documentURL"] == file.as_uri()
    }
    assert {url for url in requested if not url.startswith("data:")} == {file.as_uri()}
