"""The live page in Chromium, with a real collector, agent and Redis behind it."""

import os
import signal
import time

import pytest
from programs import until
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

# The machine that runs the tests may be busy; here that is no alert.
pytestmark = pytest.mark.config("rules:\n  limit:\n    hold: 1h\n")

LOAD_SECONDS = 15


def chart(driver, what):
    """A number the first chart says about itself."""
    script = "return document.querySelector('#charts .chart')?.dataset[arguments[0]]"
    return int(driver.execute_script(script, what) or 0)


def text(driver, selector):
    found = driver.find_elements(By.CSS_SELECTOR, selector)
    return found[0].text if found else ""


def wait_for_points(driver, count):
    until(lambda: chart(driver, "points") >= count, LOAD_SECONDS, f"{count} points in the chart")


def complaints(driver):
    """What the browser's console holds against us; a broken line is not our page's fault."""
    return [entry["message"] for entry in driver.get_log("browser")
            if entry["level"] == "SEVERE" and "ERR_" not in entry["message"]]


def test_chart_gains_points(collector, agent, browse):
    driver = browse(collector)
    wait_for_points(driver, 2)
    points, newest = chart(driver, "points"), chart(driver, "newest")
    until(lambda: chart(driver, "points") >= points + 3, 10, "three points more")
    until(lambda: chart(driver, "newest") >= newest + 3000 - 500, 10, "newer points")  # or faster ones before
    assert text(driver, "#charts-title") == f"Charts of {agent.host}"
    assert text(driver, "#pools .card-name") == "web"
    assert "%" in text(driver, "#pools .big") and "pages at" in text(driver, "#pools .of")
    assert text(driver, "#hosts .state") == "ok"
    assert "All ok: 1 pool, 1 host" in text(driver, "#summary")
    assert driver.title.startswith("○ All ok")
    assert complaints(driver) == []


def test_history_is_there_after_a_reload(collector, agent, browse):
    driver = browse(collector)
    wait_for_points(driver, 6)
    driver.refresh()
    wait_for_points(driver, 6)  # more than it could have gathered live by then
    assert complaints(driver) == []


def test_dead_agent_turns_silent_and_leaves_a_gap(collector, agent, browse):
    """Within 6 s of the kill the host is silent on the page; when the agent is back, the chart has
    a gap, and no line is drawn through it."""
    driver = browse(collector)
    wait_for_points(driver, 4)
    agent.kill()
    killed = time.monotonic()
    until(lambda: text(driver, "#hosts .state") == "silent", 6, "the host is silent on the page")
    print(f"silent on the page {time.monotonic() - killed:.2f} s after the kill")
    assert "for" in text(driver, "#hosts .age")
    assert "Silent: web" in text(driver, "#summary") and driver.title.startswith("■")
    assert chart(driver, "gaps") == 1  # from the last sample to now
    points = chart(driver, "points")
    agent.start()
    until(lambda: chart(driver, "points") >= points + 3, LOAD_SECONDS, "points after the gap")
    until(lambda: text(driver, "#hosts .state") == "ok", 10, "the host is ok again")
    assert chart(driver, "gaps") == 1
    assert complaints(driver) == []


@pytest.mark.config("rules:\n  limit:\n    warn: 0.01\n    cpu: 0.01\n    leave: 0\n    hold: 0\n")
def test_silence_is_told_since_it_began(collector, agent, browse):
    """A host that dies under load: its pool is silent since it died, not since it was loaded."""
    driver = browse(collector)
    until(lambda: text(driver, "#summary").startswith("Act now: web, since"), 20, "a loaded host")
    time.sleep(2)  # so that the two times differ in their seconds
    agent.kill()
    until(lambda: text(driver, "#summary").startswith("Silent: web"), 8, "the silence")
    began = next(alert["since"][11:19] for alert in collector.get("/api/v1/alerts")["alerts"]
                 if alert["rule"] == "silent")
    assert text(driver, "#summary") == f"Silent: web, since {began} UTC"
    assert text(driver, "#pools .since") == f"since {began} UTC"


def test_phone(collector, agent, browse):
    """390 px: nothing to scroll sideways, everything that can be pressed is 44 px high."""
    driver = browse(collector, "/", 390, 844, phone=True)
    wait_for_points(driver, 2)
    width, inner = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert width <= inner == 390
    heights = driver.execute_script(
        "return [...document.querySelectorAll('a:not(.skip), button')].filter(e => e.offsetParent)"
        ".map(e => [e.textContent.trim(), e.getBoundingClientRect().height])")
    assert len(heights) >= 6
    assert [item for item in heights if item[1] < 44] == []
    assert complaints(driver) == []


CONTRASTS = """
const channel = c => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
const numbers = text => text.match(/[\\d.]+/g).map(Number);
const luminance = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
const paperOf = e => {
  for (; e; e = e.parentElement) {
    const colour = getComputedStyle(e).backgroundColor;
    if (numbers(colour)[3] !== 0) return numbers(colour);
  }
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; (node = walker.nextNode());) {
  const e = node.parentElement;
  if (!node.textContent.trim() || !e.offsetParent || e.closest('.skip, .hidden, svg')) continue;
  const [a, b] = [luminance(numbers(getComputedStyle(e).color)), luminance(paperOf(e))];
  found.push([node.textContent.trim(), (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]);
}
return found;
"""


def assert_readable(driver, least=21):
    contrasts = driver.execute_script(CONTRASTS)
    assert len(contrasts) >= least
    assert [item for item in contrasts if item[1] < 4.5] == []


def test_contrast_in_light_and_dark(collector, agent, browse):
    for dark in (False, True):
        driver = browse(collector, dark=dark)
        wait_for_points(driver, 2)
        paper = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") != dark
        assert_readable(driver)
    agent.kill()
    until(lambda: text(driver, "#hosts .state") == "silent", 8, "silent")
    assert_readable(driver)  # with an alert and tinted cards


def test_keyboard_reaches_everything(collector, agent, browse, start_agent):
    start_agent([collector.agents], host="fe2", pool="api")
    driver = browse(collector)
    until(lambda: len(driver.find_elements(By.CSS_SELECTOR, "#pools .card")) == 2, 10, "two pools")
    wait_for_points(driver, 1)
    name = ("const e = document.activeElement;"
            "return e.querySelector('.card-name')?.textContent ?? e.textContent.trim()")
    reached = []
    for _ in range(11):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        reached.append(driver.execute_script(name))
    assert reached[0] == "Skip to the charts" and "UTC" in reached[1]
    assert {"Launches", "Cases", "Log out", "api", "web", "5 min", "1 h"} <= set(reached)
    other = next(card for card in driver.find_elements(By.CSS_SELECTOR, "#pools .card")
                 if card.get_attribute("aria-current") == "false")
    other.send_keys(Keys.ENTER)
    until(lambda: other.get_attribute("aria-current") == "true", 5, "the other pool is chosen")
    host = {"web": "fe1", "api": "fe2"}[other.find_element(By.CSS_SELECTOR, ".card-name").text]
    until(lambda: text(driver, "#charts-title") == f"Charts of {host}", 5, "its host's charts")
    assert f"pool={other.find_element(By.CSS_SELECTOR, '.card-name').text}" in driver.current_url


def test_tabs_share_one_stream(collector, agent, browse):
    driver = browse(collector)
    wait_for_points(driver, 1)
    first = driver.current_window_handle
    driver.switch_to.new_window("tab")
    driver.get(collector.url("/"))
    points = chart(driver, "points")
    until(lambda: chart(driver, "points") >= points + 2, 10, "the second tab is fed")
    until(lambda: collector.get("/api/v1/self")["http"]["streams"] == 1, 5, "by the first tab's stream")
    second = driver.current_window_handle
    driver.switch_to.window(first)
    driver.close()
    driver.switch_to.window(second)
    points = chart(driver, "points")
    until(lambda: chart(driver, "points") >= points + 2, 10, "the second tab has taken over")


def test_trouble_with_redis_is_one_calm_line(collector, agent, browse):
    driver = browse(collector)
    wait_for_points(driver, 2)
    assert text(driver, "#notice") == ""
    pid = collector.get("/api/v1/self")["redis"]["pid"]
    os.kill(pid, signal.SIGKILL)
    told = "The collector's own Redis ended and was started again (since "
    until(lambda: text(driver, "#notice").startswith(told), 10, "the restart")
    assert text(driver, "#notice").endswith(" UTC).")
    assert "All ok" in text(driver, "#summary")  # the pools are
    pid = collector.get("/api/v1/self")["redis"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    until(lambda: text(driver, "#notice").startswith("Redis is away: live data"), 10, "a Redis that hangs")
    points = chart(driver, "points")
    until(lambda: chart(driver, "points") >= points + 3, 10, "live data all the same")
    os.kill(pid, signal.SIGCONT)
    until(lambda: "away" not in text(driver, "#notice"), 10, "that Redis goes on")
    assert complaints(driver) == []


def test_page_says_when_its_data_is_old(collector, agent, browse):
    driver = browse(collector)
    wait_for_points(driver, 2)
    assert text(driver, "#stale") == ""
    collector.kill()
    until(lambda: "Live data stopped at" in text(driver, "#stale"), 8, "the banner")
    assert driver.title.startswith("?")
    collector.start()
    until(lambda: text(driver, "#stale") == "", 20, "live again")
    points = chart(driver, "points")
    until(lambda: chart(driver, "points") >= points + 2, 15, "and gaining points")
