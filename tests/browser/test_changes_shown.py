"""What changed in 24 hours, on the live page: a short list of the pool, told as text."""

import json
import socket
import time

import pytest
from programs import until
from selenium.webdriver.common.by import By
from stand_in import Host, frame, str8, varint
from test_live_page import complaints, text, wait_for_points

# The machine that runs the tests may be busy; here that is no alert.
pytestmark = pytest.mark.config("rules:\n  limit:\n    hold: 1h\n")

CHANGE, UPGRADED, REMOVED = 13, 1, 3


def tell(collector, host, *changes):
    """As an agent of `host` in pool web: HELLO, then each (kind, subject, before, after)."""
    address, _, port = collector.agents.rpartition(":")
    with socket.create_connection((address, int(port)), timeout=5) as line:
        line.sendall(Host(collector.agents, name=host).hello())
        for kind, *texts in changes:
            body = bytes([kind]) + varint(int(time.time() * 1000)) + varint(1)
            line.sendall(frame(CHANGE, body + b"".join(str8(t.encode()) for t in texts)))
        def heard():
            known = json.loads(collector.request("/api/v1/changes")[2])["changes"]
            return sum(change["host"] == host for change in known) == len(changes)
        until(heard, 5, "the collector has heard")


def lines(driver):
    return [item.text for item in driver.find_elements(By.CSS_SELECTOR, "#changes li")]


def test_changes_of_the_pool_are_listed(collector, agent, browse):
    tell(collector, "fe2", (UPGRADED, "openssl", "3.0.15", "3.0.17"), (REMOVED, "<b>x</b>", "1", ""))
    tell(collector, "fe3", (UPGRADED, "openssl", "3.0.15", "3.0.17"))
    driver = browse(collector, "/#pool=web&host=fe1")
    wait_for_points(driver, 2)
    until(lambda: any("openssl" in line for line in lines(driver)), 10, "the list")
    assert text(driver, "#changes-title") == "What changed in web in 24 h"
    shown = [line for line in lines(driver) if "openssl 3.0.15→3.0.17" in line]
    assert len(shown) == 1 and "fe2" in shown[0] and "fe3" in shown[0] and "UTC" in shown[0]
    assert any("removed <b>x</b> 1" in line for line in lines(driver))  # text, not markup
    assert len(lines(driver)) <= 8
    assert complaints(driver) == []
