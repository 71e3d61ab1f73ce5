#!/usr/bin/python3
"""launch_api - how long the API takes to answer about launches with a thousand of them stored.

The real collector and Redis on this machine, a pool of two simulated front ends, and STORED launches over the
coming year, eight of them at each time. Then, one after the other on one connection each: a dry run, a
registration, one launch with its verdict, the list, and the report. Prints cost: lines (median, p99, worst);
exits 1 when a p99 is over GOAL_S.
"""

import json
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/support"))
from programs import BUILD, Collector, until  # noqa: E402 - the path comes first

CONFIG = "pools:\n  web:\n    capacity: 1600\n"
STORED, BESIDE, TRIALS, GOAL_S = 1000, 8, 200, 0.2
DRY = "?dry_run=true"


def tweet(hours):
    return {"title": "Giveaway", "kind": "giveaway", "pools": ["web"], "starts_in": f"{hours}h", "duration": "4h",
            "channels": [{"type": "x", "audience": 400000}]}


def ask(collector, method, path, body=None):
    status, _, text = collector.request("/api/v1/launches" + path, method, body, timeout=30)
    assert status in (200, 201), text
    return json.loads(text)


def measure(name, trials, act):
    """True if it met the goal."""
    times = []
    for trial in range(trials):
        begun = time.monotonic()
        act(trial)
        times.append(time.monotonic() - begun)
    times.sort()
    p99 = times[-1 - len(times) // 100]
    print(f"cost: {name}: median {1000 * statistics.median(times):.1f} ms, p99 {1000 * p99:.1f} ms, "
          f"worst {1000 * times[-1]:.1f} ms of {len(times)} (goal p99 {1000 * GOAL_S:.0f} ms)", flush=True)
    return p99 <= GOAL_S


def main():
    collector = Collector(CONFIG).start()
    swarm = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", os.path.join(BUILD, "tests/plimsoll-swarm"), "--agents", "2", "--hz", "1",
         "--seconds", "900", "--drain", "0", "--collector", collector.agents, "--pool", "web", "--load", "0.4"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: ask(collector, "POST", DRY, tweet(1))["verdict"] != "unknown", 60, "the pool is known")
        first = ask(collector, "POST", "", tweet(24))["id"]
        for i in range(1, STORED):
            ask(collector, "POST", "", tweet(24 + 8 * (i // BESIDE)))
        met = [measure("a dry run", TRIALS, lambda i: ask(collector, "POST", DRY, tweet(24 + 8 * (i % 100)))),
               measure("one launch with its verdict", TRIALS, lambda i: ask(collector, "GET", "/" + first)),
               measure("the list", TRIALS, lambda i: ask(collector, "GET", "")),
               measure("a report", TRIALS, lambda i: ask(collector, "GET", f"/{first}/report")),
               measure("a registration, written down", 20, lambda i: ask(collector, "POST", "", tweet(24)))]
        return 0 if all(met) else 1
    finally:
        swarm.terminate()
        swarm.wait()
        problems = collector.close()
        collector.forget()
        assert not problems, problems


if __name__ == "__main__":
    sys.exit(main())
