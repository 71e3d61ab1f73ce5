"""Answering for an alert on the live page: acknowledging, giving back, putting off, silencing, and who got it. With
`PLIMSOLL_PICTURES=DIR` it leaves pictures: light, dark, on a phone."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from programs import until
from providers import Ntfy, Providers
from stand_in import Host
from test_live_page import complaints, text
from test_login import picture, shown

RULES = """
rules:
  limit: {cpu: 0.90, warn: 0.75, hold: 0s, clear: 0s}
pools:
  web: {owner: Web team, runbook: 'https://wiki.example/surge'}
"""


@pytest.fixture
def burning(receiver, start_collector):
    """A pool whose page Alex got, and the other one not."""
    receiver.set_script("/ill=503:600 200")
    collector = start_collector(RULES + f"""
notifiers:
  push: {{type: alertmanager, url: {receiver.url}/well}}
  sms: {{type: alertmanager, url: {receiver.url}/ill}}
people:
  alex: {{contact: [push]}}
""")
    with Host(collector.agents) as fe1:
        until(lambda: collector.host("fe1"), 5, "a sample of fe1")
        fe1.cpu = 0.97
        yield collector


def alert(collector):
    return {a["id"]: a for a in collector.get("/api/v1/alerts")["alerts"]}.get("limit/web", {})


def button(driver, name):
    return next(b for b in driver.find_elements(By.CSS_SELECTOR, "#alerts button")
                if b.is_displayed() and b.text.startswith(name))


def state(driver):
    return text(driver, "#alerts .card-head .state")


def test_answers_on_the_page(burning, browse):
    driver = browse(burning)
    until(lambda: state(driver) == "paging", 10, "it pages")
    assert shown(driver, "#alerts .actions button") == ["Acknowledge", "Snooze …", "Silence …", "Who was told"]

    # Did Alex get it?
    button(driver, "Who was told").click()
    until(lambda: len(shown(driver, ".deliveries li")) == 2, 10, "both attempts are listed")
    told = "\n".join(shown(driver, ".deliveries li"))
    assert "alex by push\ndelivered\n" in told and "answer 200" in told
    assert "sms\nnot yet, it is tried again\n" in told and "answer 503" in told
    picture(driver, "alert-light")

    # By keyboard alone; the focus stays on the alert.
    button(driver, "Acknowledge").send_keys(Keys.ENTER)
    until(lambda: state(driver) == "acknowledged", 5, "the page shows that somebody has it")
    assert text(driver, ".alert-held").startswith("admin has it until ")
    assert alert(burning)["acknowledged"]["by"] == "admin"
    until(lambda: driver.switch_to.active_element.text == "Give back", 5, "the focus is on what can be done next")
    until(lambda: "taken back: nobody needs it any more" in "\n".join(shown(driver, ".deliveries li")), 10,
          "what was queued is taken back")
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    until(lambda: state(driver) == "paging", 5, "it was given back")

    button(driver, "Snooze").click()
    assert driver.switch_to.active_element.tag_name == "select"
    driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert driver.switch_to.active_element.text == "Snooze …"
    button(driver, "Silence").click()
    form = next(f for f in driver.find_elements(By.CSS_SELECTOR, "#alerts form") if f.is_displayed())
    Select(form.find_element(By.TAG_NAME, "select")).select_by_visible_text("4 h")
    form.find_element(By.TAG_NAME, "input").send_keys("<b>reindexing</b>")
    picture(driver, "alert-silence")
    form.submit()
    until(lambda: state(driver) == "silenced", 5, "it is silenced")
    assert text(driver, ".alert-held").endswith(": <b>reindexing</b>")
    silences = burning.get("/api/v1/silences")["silences"]
    assert [(s["pool"], s["rule"], s["by"]) for s in silences] == [("web", "limit", "admin")]
    assert complaints(driver) == []

    # Who may only look sees who has it and who was told, and no more.
    assert burning.request("/api/v1/users", "POST", {"name": "guest", "role": "read-only"})[0] == 204
    name, value = burning.cookie("guest").split("=")
    driver.execute_cdp_cmd("Network.setCookie", {"name": name, "value": value, "url": burning.url("/"),
                                                 "sameSite": "Strict", "httpOnly": True})
    driver.refresh()
    until(lambda: shown(driver, "#who") == ["guest (read-only)"] and state(driver) == "silenced", 10, "the guest's page")
    assert shown(driver, "#alerts .actions button") == ["Who was told"]


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone(burning, browse, dark):
    driver = browse(burning, width=390, height=844, dark=dark, phone=True)
    until(lambda: state(driver) == "paging", 10, "it pages")
    button(driver, "Who was told").click()
    until(lambda: shown(driver, ".deliveries li"), 10, "attempts are listed")
    button(driver, "Silence").click()
    for element in driver.find_elements(By.CSS_SELECTOR, "#alerts button, #alerts select, #alerts input"):
        if element.is_displayed():
            assert element.rect["height"] >= 44 and element.rect["width"] >= 44, element.text
    assert driver.execute_script("return document.documentElement.scrollWidth") <= 390
    picture(driver, "alert-phone-dark" if dark else "alert-phone")


def test_the_link_of_a_page_on_a_phone(start_collector, browse, tmp_path):
    """Without a login, by one tap; Chromium sends its form with the origin `null`, for the page tells no referrer."""
    with Providers([Ntfy]) as them:
        collector = start_collector(RULES + "collector: {external_url: 'https://plimsoll.example'}\n"
                                    + them.config(tmp_path))
        with Host(collector.agents) as fe1:
            until(lambda: collector.host("fe1"), 5, "a sample of fe1")
            fe1.cpu = 0.97
            them.wait_for(lambda: them.of["ntfy"].accepted, 10, "the page")
            link = them.of["ntfy"].requests[0].body["actions"][0]["url"].removeprefix("https://plimsoll.example")
            driver = browse(collector, link, width=390, height=844, phone=True, logged_in=False)
            assert shown(driver, "h1") == ["Do you have it?"]
            assert shown(driver, "#alert")[0].startswith("[PAGE] web: cpu of fe1 at ")
            picture(driver, "link-phone")
            driver.find_element(By.NAME, "who").send_keys("Kim")
            driver.find_element(By.CSS_SELECTOR, "form button").click()
            until(lambda: shown(driver, "h1") == ["You have it"], 5, "it is said")
            assert shown(driver, "#who")[0].startswith("Kim has it since ")
            assert alert(collector)["acknowledged"]["by"] == "Kim"
            assert driver.execute_script("return document.documentElement.scrollWidth") <= 390
            feature = {"name": "prefers-color-scheme", "value": "dark"}
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
            picture(driver, "link-phone-dark")
            assert complaints(driver) == []
