"""Who is on call, on the live page."""

import pytest
from programs import until
from selenium.webdriver.common.by import By
from test_live_page import complaints, text

pytestmark = pytest.mark.config("""
notifiers: {push: {type: alertmanager, url: "http://127.0.0.1:9/"}}
people: {alex: {contact: [push]}, sam: {contact: [push]}}
schedules: {web: {zone: Europe/Berlin, layers: [turns]}, night: {layers: [ended]}}
layers:
  turns: {people: [alex]}
  ended: {people: [sam], start: 2999-01-01}
""")


def test_who_is_on_call(collector, agent, browse):
    driver = browse(collector)

    def lines():
        return [item.text for item in driver.find_elements(By.CSS_SELECTOR, "#oncall li")]

    until(lambda: len(lines()) == 3, 10, "two schedules and a warning")
    assert text(driver, "#oncall-title") == "On call now"
    assert lines()[0] == "web: alex Europe/Berlin"
    assert lines()[1].startswith("△ night: nobody UTC")
    assert lines()[2].startswith("△ night: nobody is on call from ")
    assert complaints(driver) == []
