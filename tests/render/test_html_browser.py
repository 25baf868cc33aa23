"""The HTML page in Chromium: filters, keyboard, contrast, print, no console messages and no requests."""

import base64
import json
import shutil
import time

import plans
import pytest

from scimconf.render import html

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed"),
    pytest.mark.xdist_group("chromium"),
]
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1280,900",
]


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


@pytest.fixture
def open_page(browser, tmp_path):
    """Yield a function that opens the page of a plan; then check that the console and the network log are empty."""
    browser.get_log("browser")
    browser.get_log("performance")
    file = tmp_path / "plan.html"

    def load(plan):
        file.write_text(html.plan(plan), "utf-8")
        browser.get(file.as_uri())
        return browser

    yield load
    assert browser.get_log("browser") == []
    requested = [
        message["params"]["request"]["url"]
        for message in (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
        if message["method"] == "Network.requestWillBeSent" and message["params"]["documentURL"] == file.as_uri()
    ]
    assert {url for url in requested if not url.startswith("data:")} == {file.as_uri()}


def set_filters(browser, **values):
    """Set filter values, dispatch their input events and wait for the page to update."""
    script = """
      const form = document.getElementById("filters");
      for (const [name, value] of Object.entries(arguments[0])) {
        form.elements[name].value = value;
        form.elements[name].dispatchEvent(new Event("input", {bubbles: true}));
      }"""
    browser.execute_script(script, values)
    time.sleep(0.25)


def visible_addresses(browser):
    script = "return [...document.querySelectorAll('.entry .address')].filter(e => e.checkVisibility()).map(e => e.textContent)"
    return browser.execute_script(script)


def counter_text(browser):
    return browser.find_element("id", "shown").text


def visible(browser, selector):
    script = (
        "return [...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility()).map(e => e.innerText)"
    )
    return browser.execute_script(script, selector)


@pytest.mark.parametrize(
    ("filters", "text", "count"),
    [
        ({}, "23 changes", 23),
        ({"effect": "data_loss"}, "3 of 23 changes", 3),
        ({"effect": "none"}, "5 of 23 changes", 5),
        ({"kind": "assignment"}, "6 of 23 changes", 6),
        ({"application": "figma"}, "3 of 23 changes", 3),
        ({"text": "ADA@contoso"}, "1 of 23 changes", 1),
        ({"text": "switch mailnick"}, "0 of 23 changes", 0),
        ({"kind": "attribute_mapping", "effect": "deprovisions", "text": "external"}, "1 of 23 changes", 1),
    ],
)
def test_filters_count_and_show_matching_rows(open_page, filters, text, count):
    browser = open_page(plans.rich())
    set_filters(browser, **filters)
    assert counter_text(browser) == text
    assert len(visible_addresses(browser)) == count


def test_filters_hide_and_restore_headings_without_changes(open_page):
    browser = open_page(plans.rich())
    set_filters(browser, application="figma")
    assert [heading.split("\n")[0].split(" ")[0] for heading in visible(browser, "h2[id]")] == ["figma"]
    assert "1 job" not in visible(browser, "h3")
    set_filters(browser, text="nothing is like that")
    assert visible(browser, "#nothing") == ["No changes match the filters."]
    browser.find_element("css selector", "button[type=reset]").click()
    time.sleep(0.1)
    assert counter_text(browser) == "23 changes"
    assert len(visible(browser, "h2[id]")) == 3
    assert visible(browser, "#nothing") == []


def test_open_and_close_buttons_affect_only_matching_entries(open_page):
    browser = open_page(plans.rich())
    set_filters(browser, kind="assignment")
    browser.find_element("css selector", "button[data-open='true']").click()
    assert browser.execute_script("return document.querySelectorAll('.entry[data-kind=assignment][open]').length") == 6
    browser.find_element("css selector", "button[data-open='']").click()
    assert browser.execute_script("return document.querySelectorAll('.entry[data-kind=assignment][open]').length") == 0
    assert browser.execute_script("return document.querySelectorAll('.entry[data-kind=job][open]').length") == 1


def test_html_page_works_with_keyboard(open_page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser = open_page(plans.rich())
    ActionChains(browser).send_keys(Keys.TAB, Keys.TAB).perform()
    assert browser.switch_to.active_element.get_attribute("name") == "effect"
    ActionChains(browser).send_keys("deprovisions").perform()
    time.sleep(0.25)
    assert counter_text(browser) == "6 of 23 changes"
    summary = browser.find_element("css selector", ".entry:not([hidden]) > summary")
    browser.execute_script("arguments[0].focus()", summary)
    ActionChains(browser).send_keys(Keys.ENTER).perform()
    assert not browser.execute_script("return arguments[0].parentElement.open", summary)


def test_html_page_controls_have_labels_and_text_has_enough_contrast(open_page):
    browser = open_page(plans.rich())
    unnamed = "return [...document.querySelectorAll('select, input')].filter(e => !e.labels.length).length"
    assert browser.execute_script(unnamed) == 0
    for mode in ("light", "dark"):
        set_color_scheme(browser, mode)
        assert browser.execute_script(CONTRAST) == []


CONTRAST = """
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = color => color.slice(0, 3).map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const color = rgb(getComputedStyle(node).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const node of document.querySelectorAll("body *:not(svg *)")) {
    if (![...node.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !node.checkVisibility()) continue;
    if (/^(SCRIPT|OPTION)$/.test(node.tagName)) continue;
    const [one, two] = [light(rgb(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(one, two) + .05) / (Math.min(one, two) + .05);
    if (ratio < 4.5) bad.push([node.className, node.textContent.slice(0, 30), ratio]);
  }
  return bad;
"""


def set_color_scheme(browser, mode):
    features = [{"name": "prefers-color-scheme", "value": mode}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_html_page_fits_the_window_width(open_page, tmp_path, width, mode):
    browser = open_page(plans.rich())
    set_color_scheme(browser, mode)
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        assert browser.execute_script("return document.documentElement.scrollWidth") == width
        dark = browser.execute_script("return getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert dark is (mode == "dark")
        file = tmp_path / f"plan-{width}-{mode}.png"
        assert browser.save_screenshot(str(file))
        assert file.stat().st_size > 10_000
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_html_page_prints_without_filter_controls(open_page, tmp_path):
    browser = open_page(plans.rich())
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert visible(browser, ".filters label, .filters button") == []
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    printed = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    (tmp_path / "plan.pdf").write_bytes(printed)
    assert printed.startswith(b"%PDF")
    assert browser.execute_script("return document.querySelectorAll('details:not([open])').length") == 6


@pytest.mark.parametrize("name", ["script", "image", "attribute", "close details", "mermaid", "template", "bidi"])
def test_html_page_shows_hostile_value_as_text(open_page, name):
    browser = open_page(plans.everywhere(plans.HOSTILE[name]))
    assert browser.execute_script("return document.querySelectorAll('main script, main img, main h1').length") == 0
    from scimconf.render.common.escaping import visible as shown

    assert shown(plans.HOSTILE[name]) in browser.execute_script("return document.querySelector('main').textContent")
    set_filters(browser, kind=shown(plans.HOSTILE[name]))
    assert counter_text(browser) == "2 of 6 changes"


@pytest.mark.slow
def test_filters_work_on_a_page_with_5000_changes(open_page):
    browser = open_page(plans.large(5_000))
    assert counter_text(browser) == "5,000 changes"
    set_filters(browser, text="person42")
    assert counter_text(browser).endswith(" of 5,000 changes")
    set_filters(browser, text="", effect="deprovisions")
    assert counter_text(browser) == "1,666 of 5,000 changes"
