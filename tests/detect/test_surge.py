"""How early, and how seldom wrongly, the surge rule pages on public traces and synthetic crowds.

As test_score.py: the traces are not part of this repository, and what was measured on all of them
(core/judge/README.md) is pinned loosely, here on a part that takes about a minute.
"""

import json
import os
import re
import subprocess
import sys

import pytest

from programs import BUILD, ROOT

SHARED = os.environ.get("PLIMSOLL_SHARED", os.path.join(ROOT, "..", "shared"))
BENCH = os.path.join(SHARED, "bench", "detect")
DATA = os.path.join(SHARED, "data")
REPLAY = os.path.join(BUILD, "collector", "plimsoll") + " replay"

pytestmark = pytest.mark.skipif(not (os.path.isdir(BENCH) and os.path.isdir(DATA)),
                                reason="no traces: neither ../shared nor PLIMSOLL_SHARED holds them")


def bench(*args):
    done = subprocess.run([sys.executable, "surge_bench.py", "--exec", REPLAY, *args], cwd=BENCH,
                          text=True, capture_output=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    line = re.search(r"^external .*", done.stdout, re.MULTILINE).group(0)
    columns, flash = [part.split() for part in line.split("|")]
    names = ["thr", "false", "far", "recall", "lead3", "lead5", "lead10", "median"]
    found = dict(zip(names, map(float, columns[1:])))
    return {**found, "clock": float(columns[-1]), "flash3": float(flash[0])}, done.stdout


def some_of(tmp_path, names, multiples):
    """A folder with only these traces, for the harness."""
    with open(os.path.join(DATA, "traces.json"), encoding="utf-8") as f:
        traces = [t for t in json.load(f) if t["name"] in names and t["group"] == "web"]
    for trace in traces:
        trace.update(ks=multiples, file=os.path.join(DATA, trace["file"]))
    (tmp_path / "traces.json").write_text(json.dumps(traces))
    return str(tmp_path)


def test_crowds_of_a_tournament_and_bursts_of_a_batch(tmp_path):
    folder = some_of(tmp_path, ["worldcup98", "mongo-04", "nasa_jul95"], ["m4"])
    found, printed = bench("--data", folder)
    assert found["false"] <= 1.2, printed
    assert found["recall"] == 1, printed
    assert found["lead5"] >= 0.75 and found["median"] >= 11, printed


def test_synthetic_crowds():
    found, printed = bench("--synth", "84", "--seed", "7")
    assert found["false"] <= 1.5, printed
    assert found["recall"] >= 0.95 and found["flash3"] >= 0.7, printed
    assert found["clock"] >= 0.65, printed


@pytest.mark.parametrize("series,capacity", [
    ("traces/clarknet95_1min.csv.gz", 300), ("nab/data/realTweets/Twitter_volume_FB.csv.gz", 60)])
def test_does_not_look_ahead(series, capacity):
    done = subprocess.run([sys.executable, "causal_check.py", "--exec", f"{REPLAY} --capacity {capacity}",
                           os.path.join(DATA, series)], cwd=BENCH, text=True, capture_output=True,
                          timeout=55, check=False)
    assert "agree" in done.stdout, done.stdout + done.stderr
