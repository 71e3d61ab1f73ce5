"""What a collector has stored, replayed: the decisions it made live, and what other rules would do."""

import json
import os
import subprocess
import time
from datetime import datetime
from xml.etree import ElementTree

import pytest

from programs import BUILD, until

PLIMSOLL = os.path.join(BUILD, "collector", "plimsoll")
SWARM = os.path.join(BUILD, "tests", "plimsoll-swarm")
SECONDS = 30
SETTLED_S = 17  # replay leaves out the last 15 s, which may not be stored yet
RULES = """
pools: {shop: {capacity: 1200}}
rules:
  limit: {hold: 3s, clear: 4s}
  saturation: {clear: 3s}
"""
SHAPE = "second,load\n0,0.3\n10,0.3\n13,1.0\n20,1.0\n22,0.3\n"


def replay(*args):
    done = subprocess.run([PLIMSOLL, "replay", *args], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def unix(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@pytest.fixture
def story(start_collector, tmp_path):
    """A collector at which two front ends went through a surge that is over and stored."""
    collector = start_collector(RULES)
    shape = tmp_path / "shape.csv"
    shape.write_text(SHAPE)
    began = time.time()
    subprocess.run([SWARM, "--agents", "2", "--hz", "1", "--seconds", str(SECONDS), "--drain", "30", "--pool",
                    "shop", "--prefix", "fe", "--shape", str(shape), "--collector", collector.agents],
                   stdout=subprocess.DEVNULL, timeout=90, check=True)
    ended = began + SECONDS - 1
    until(lambda: time.time() > ended + SETTLED_S, 60, "all of it may be replayed")
    return collector, began, ended


def live(collector, began, ended):
    """(alert, word) -> when, as the collector logged it while the samples came."""
    words = {"alert_open": "opened", "alert_raised": "raised", "alert_lowered": "lowered",
             "alert_resolved": "resolved"}
    events = []
    for line in collector.log().splitlines():
        fields = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if fields.get("event") in words and began <= unix(fields["ts"]) <= ended:
            events.append((fields["alert"], words[fields["event"]], unix(fields["ts"])))
    return events


def test_a_history_tells_what_was_decided_live(story, tmp_path):
    collector, began, ended = story
    chart = tmp_path / "out.svg"
    source = ("--pool", "shop", "--state", os.path.join(collector.state, "data"),
              "--config", collector.config_paths[1], "--from", f"{began - 5:.0f}", "--to", f"{ended:.3f}")
    status, out, err = replay(*source, "--json", "--chart", str(chart))
    assert status == 0, err
    told = [(e["alert"], e["event"], unix(e["time"])) for e in map(json.loads, out.splitlines()) if "alert" in e]
    decided = live(collector, began, ended)
    assert {e[:2] for e in decided} >= {("saturation/shop", "opened"), ("limit/shop", "opened")}
    print(f"{len(decided)} decisions: {decided}")
    assert sorted(e[:2] for e in told) == sorted(e[:2] for e in decided)
    for (alert, word, at), (_, _, when) in zip(sorted(told), sorted(decided)):
        assert abs(at - when) <= 1.5, f"{alert} {word}: {at - when:+.2f} s"

    pages = sum(e["tier"] == "page" and e["event"] in ("opened", "raised")
                for e in map(json.loads, out.splitlines()) if "alert" in e)
    svg = ElementTree.parse(chart).getroot()
    marks = [g for g in svg.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "page"]
    assert len(marks) == pages > 0

    other = tmp_path / "other.yaml"
    other.write_text("rules: {limit: {hold: 30m}}\n")
    redis = f"unix://{collector.state}/data/redis/redis.sock"
    status, out, err = replay(*source[:2], "--redis", redis, *source[4:], "--rules", str(other), "--explain")
    assert status == 0, err
    assert "  pool shop\n" in out and f"With {other}:" in out and "rule     saturation of" in out

    status, _, err = replay("--pool", "nobody", *source[2:])
    assert status == 1 and "no host of the pool 'nobody' is known there" in err
