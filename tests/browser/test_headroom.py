"""Headroom on the live page: what is left, until when, what would settle it. The hosts are a swarm."""

import re

import pytest
from programs import until
from test_live_page import assert_readable, complaints, text

# The machine that runs the tests may be busy; the simulated hosts are not this machine.
CAPACITY = "pools:\n  web:\n    capacity: 1000\n"
# Two hosts accept about 800 connections/s each at load 1: 320/s for half a minute, then 1,300/s.
RISE = "second,load\n0,0.2\n30,0.2\n90,0.8\n"


def headroom(driver):
    """The large number of the first pool, in per cent, or None while it is none of headroom."""
    big, of = driver.execute_script("return ['.big', '.of'].map(part => "
                                    "document.querySelector('#pools ' + part)?.textContent)")
    return int(big.replace("−", "-").rstrip("\u00a0%")) if of and "headroom" in of else None


@pytest.mark.config(CAPACITY)
def test_headroom_shrinks_as_load_rises(collector, start_swarm, browse):
    """Half of 1,000/s are left without one of two hosts: at 320/s a third, at 500/s nothing."""
    driver = browse(collector)
    start_swarm(collector, "web", 2, RISE)
    until(lambda: text(driver, "#pools .of") == "headroom (N−1)", 40, "headroom of both hosts is known")
    until(lambda: 20 < headroom(driver) < 60, 40, "the headroom of a quiet pool")
    quiet = headroom(driver)
    assert text(driver, "#pools .until").startswith("growth can be told in ")
    facts = text(driver, "#pools .facts")
    assert 400 < int(re.search(r"can take (\d+)/s without web\d, configured", facts).group(1)) <= 500, facts
    until(lambda: headroom(driver) < min(0, quiet - 30), 90, "the headroom of a pool that fills up")
    assert "would not survive the loss of" in text(driver, "#pools .until")
    until(lambda: "full now" in text(driver, "#pools .until"), 90, "a full pool")
    assert text(driver, "#summary").startswith("Act now: web") and driver.title.startswith("◆")
    for dark in (False, True):
        driver = browse(collector, "/", 390, 844, phone=True, dark=dark)
        until(lambda: headroom(driver) is not None, 15, "headroom on a phone")
        until(lambda: text(driver, "#traffic .legend b") != "–", 15, "the traffic on a phone")
        assert_readable(driver)
        width, inner = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert width <= inner == 390
        assert complaints(driver) == []


def test_what_is_not_known_is_told_with_what_settles_it(collector, start_swarm, browse):
    driver = browse(collector)
    start_swarm(collector, "web", 2, "second,load\n0,0.3\n")
    until(lambda: "Capacity not known yet" in text(driver, "#pools .until"), 20, "the gap")
    assert text(driver, "#pools .until").endswith("settle it")
    until(lambda: "pages at" in text(driver, "#pools .of"), 10, "what is known instead")
    assert headroom(driver) is None
    assert text(driver, "#traffic-title") == "Traffic of web"
    until(lambda: text(driver, "#traffic .chart-at") == "connections/s", 15, "its unit")
    assert complaints(driver) == []


KNOWN = {"name": "web", "state": "watch", "hosts": {"total": 3, "up": 3, "silent": 0},
         "worst": {"host": "fe2", "resource": "cpu", "utilisation": 0.61, "limit": 0.9},
         "traffic": {"value": 300, "unit": "requests/s"},
         "capacity": {"source": "learned", "whole": {"p10": 690, "p50": 720, "p90": 760},
                      "spare": {"p10": 430, "p50": 480, "p90": 540}, "headroom": 0.3799, "sure": True,
                      "first_host": "fe2", "first_limit": "cpu", "worst_loss": "fe1", "unknown": None, "missing": None},
         "outlook": {"tier": "warn", "reason": "growth", "of": 480, "left_s": 840, "early_s": 530, "late_s": 1500,
                     "doubling_s": None}}
CARD = """
const done = arguments[arguments.length - 1];
import('/pools.js').then(({makePool, updatePool}) => {
  const item = makePool();
  updatePool(item, arguments[0], {});
  const line = item.querySelector('.bar-line').style.left;
  done(['.big', '.of', '.until', '.facts'].map(part => item.querySelector(part).textContent).concat(line));
});
"""


def card(driver, capacity=None, outlook=None, **rest):
    """What the card of a pool says that is KNOWN but for these members."""
    pool = {**KNOWN, **rest, "capacity": {**KNOWN["capacity"], **(capacity or {})},
            "outlook": {**KNOWN["outlook"], **(outlook or {})}}
    return [said.replace("\u00a0", " ") for said in driver.execute_async_script(CARD, pool)]


def test_the_words_of_a_pool(collector, browse):
    driver = browse(collector)
    big, of, until_full, facts, line = card(driver)
    assert (big, of) == ("37 %", "headroom (N−1)")  # cut, not rounded
    assert until_full == "full in about 14 min (9 to 25 min) · first limit: cpu of fe2"
    assert facts == ("3 hosts · 300 requests/s · can take 480/s (430 to 540) without fe1, learned · "
                     "cpu of fe2 61 %")
    assert 63 < float(line.rstrip("%")) < 65  # 480 of 720 and a margin
    assert card(driver, outlook={"left_s": 55, "early_s": 40, "late_s": 300})[2].startswith(
        "full in about 60 s (40 s to 5 min) · ")
    assert card(driver, outlook={"left_s": 9000, "early_s": 5400, "late_s": 36000, "doubling_s": 600})[2].startswith(
        "full in about 2.5 h (1.5 to 10 h) · doubles every 10 min · ")
    missing = {"hosts": 1, "like": "fe2", "or_each": {"resource": "memory", "factor": 1.25, "text": "+8 GiB of memory"}}
    big, _, until_full, _, _ = card(driver, {"headroom": -0.121, "missing": missing}, {"left_s": 0})
    assert big == "−13 %"
    assert until_full == ("full now · would not survive the loss of fe1 · first limit: cpu of fe2 · "
                          "what helps: +1 host like fe2, or +8 GiB of memory on each")
    _, of, _, facts, _ = card(driver, {"spare": None, "sure": False})
    assert of == "headroom, with one host only" and "learned, too uncertain to page by" in facts
