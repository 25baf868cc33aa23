"""The page in a real browser: opened, filtered, printed, looked at, and silent."""

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
def opened(browser, tmp_path):
    """Opens a plan's page; afterwards the console was silent and nothing but the page was asked for."""
    browser.get_log("browser")
    browser.get_log("performance")
    file = tmp_path / "plan.html"

    def opening(plan):
        file.write_text(html.plan(plan), "utf-8")
        browser.get(file.as_uri())
        return browser

    yield opening
    assert browser.get_log("browser") == []
    asked = [
        message["params"]["request"]["url"]
        for message in (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
        if message["method"] == "Network.requestWillBeSent" and message["params"]["documentURL"] == file.as_uri()
    ]
    assert {url for url in asked if not url.startswith("data:")} == {file.as_uri()}


def choose(browser, **values):
    """Fills the filters as a person does, and waits for the page to follow."""
    script = """
      const form = document.getElementById("filters");
      for (const [name, value] of Object.entries(arguments[0])) {
        form.elements[name].value = value;
        form.elements[name].dispatchEvent(new Event("input", {bubbles: true}));
      }"""
    browser.execute_script(script, values)
    time.sleep(0.25)


def seen(browser):
    script = "return [...document.querySelectorAll('.entry .address')].filter(e => e.checkVisibility()).map(e => e.textContent)"
    return browser.execute_script(script)


def said(browser):
    return browser.find_element("id", "shown").text


def visible(browser, selector):
    script = (
        "return [...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility()).map(e => e.innerText)"
    )
    return browser.execute_script(script, selector)


@pytest.mark.parametrize(
    ("filters", "counted", "found"),
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
def test_filters_count_and_show_matching_rows(opened, filters, counted, found):
    browser = opened(plans.rich())
    choose(browser, **filters)
    assert said(browser) == counted
    assert len(seen(browser)) == found


def test_headings_without_changes_go_and_come_back(opened):
    browser = opened(plans.rich())
    choose(browser, application="figma")
    assert [heading.split("\n")[0].split(" ")[0] for heading in visible(browser, "h2[id]")] == ["figma"]
    assert "1 job" not in visible(browser, "h3")
    choose(browser, text="nothing is like that")
    assert visible(browser, "#nothing") == ["No changes match the filters."]
    browser.find_element("css selector", "button[type=reset]").click()
    time.sleep(0.1)
    assert said(browser) == "23 changes"
    assert len(visible(browser, "h2[id]")) == 3
    assert visible(browser, "#nothing") == []


def test_all_that_is_seen_is_opened_and_closed(opened):
    browser = opened(plans.rich())
    choose(browser, kind="assignment")
    browser.find_element("css selector", "button[data-open='true']").click()
    assert browser.execute_script("return document.querySelectorAll('.entry[data-kind=assignment][open]').length") == 6
    browser.find_element("css selector", "button[data-open='']").click()
    assert browser.execute_script("return document.querySelectorAll('.entry[data-kind=assignment][open]').length") == 0
    assert browser.execute_script("return document.querySelectorAll('.entry[data-kind=job][open]').length") == 1


def test_it_works_by_keyboard(opened):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser = opened(plans.rich())
    ActionChains(browser).send_keys(Keys.TAB, Keys.TAB).perform()
    assert browser.switch_to.active_element.get_attribute("name") == "effect"
    ActionChains(browser).send_keys("deprovisions").perform()
    time.sleep(0.25)
    assert said(browser) == "6 of 23 changes"
    summary = browser.find_element("css selector", ".entry:not([hidden]) > summary")
    browser.execute_script("arguments[0].focus()", summary)
    ActionChains(browser).send_keys(Keys.ENTER).perform()
    assert not browser.execute_script("return arguments[0].parentElement.open", summary)


def test_every_control_has_a_name_and_every_text_enough_contrast(opened):
    browser = opened(plans.rich())
    unnamed = "return [...document.querySelectorAll('select, input')].filter(e => !e.labels.length).length"
    assert browser.execute_script(unnamed) == 0
    for mode in ("light", "dark"):
        scheme(browser, mode)
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


def scheme(browser, mode):
    features = [{"name": "prefers-color-scheme", "value": mode}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_it_fits_the_window_and_has_its_picture_taken(opened, tmp_path, width, mode):
    browser = opened(plans.rich())
    scheme(browser, mode)
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


def test_it_is_printed_whole_and_without_controls(opened, tmp_path):
    browser = opened(plans.rich())
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
def test_a_hostile_value_is_seen_and_does_nothing(opened, name):
    browser = opened(plans.everywhere(plans.HOSTILE[name]))
    assert browser.execute_script("return document.querySelectorAll('main script, main img, main h1').length") == 0
    from scimconf.render.common.escaping import visible as shown

    assert shown(plans.HOSTILE[name]) in browser.execute_script("return document.querySelector('main').textContent")
    choose(browser, kind=shown(plans.HOSTILE[name]))
    assert said(browser) == "2 of 6 changes"


def test_five_thousand_changes_stay_usable(opened):
    browser = opened(plans.large(5_000))
    assert said(browser) == "5,000 changes"
    choose(browser, text="person42")
    assert said(browser).endswith(" of 5,000 changes")
    choose(browser, text="", effect="deprovisions")
    assert said(browser) == "1,666 of 5,000 changes"
