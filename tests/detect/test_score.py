"""How good the anomaly score is on public traces: Numenta's benchmark and Microsoft's cloud data.

The traces and their scorers are not part of this repository: they are looked for in ../shared, or
where PLIMSOLL_SHARED says. Pinned a little under what was measured (core/judge/README.md), because
a change that costs two points should be noticed, and one that costs nothing should pass.
"""

import os
import re
import subprocess
import sys

import pytest

from programs import BUILD, ROOT

SHARED = os.environ.get("PLIMSOLL_SHARED", os.path.join(ROOT, "..", "shared"))
BENCH = os.path.join(SHARED, "bench", "detect")
DATA = os.path.join(SHARED, "data")
SCORE = os.path.join(BUILD, "collector", "plimsoll") + " replay --score"
NAB_MIN, MINUTE_MIN, HOUR_MIN = 69, 0.44, 0.60

pytestmark = pytest.mark.skipif(not (os.path.isdir(BENCH) and os.path.isdir(DATA)),
                                reason="no traces: neither ../shared nor PLIMSOLL_SHARED holds them")


def bench(script, *args):
    done = subprocess.run([sys.executable, script, "--exec", SCORE, *args], cwd=BENCH, text=True,
                          capture_output=True, timeout=55, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_numenta_benchmark():
    printed = bench("nab_run.py", "--data", os.path.join(DATA, "nab"))
    score = float(re.search(r"^all +standard +([\d.]+)", printed, re.MULTILINE).group(1))
    assert score >= NAB_MIN, printed


def test_microsoft_cloud_data():
    printed = bench("ms_score.py", "--data", os.path.join(DATA, "ms_cloud"))
    recall = dict(re.findall(r" (1min|1h) .* 1: ([\d.]+)", printed))
    assert float(recall["1min"]) >= MINUTE_MIN, printed
    assert float(recall["1h"]) >= HOUR_MIN, printed


@pytest.mark.parametrize("series", [
    "realTweets/Twitter_volume_FB.csv.gz", "realTraffic/speed_7578.csv.gz",
    "realAdExchange/exchange-2_cpc_results.csv.gz"])
def test_does_not_look_ahead(series):
    assert "agree" in bench("causal_check.py", os.path.join(DATA, "nab", "data", series))
