#!/usr/bin/python3
"""frontier - what false pages buy: the surge rule asked of less, or more, than the capacity.

    frontier.py [--synth N --seed S] [--asked SHARE]...

One line per share: the production rule judges share x capacity, and its pages are scored against the
true one, on the web traces (or N synthetic days) of ../shared, or of PLIMSOLL_SHARED. Below 1 it
pages earlier, and more often for nothing. Some minutes.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.environ.get("PLIMSOLL_SHARED", os.path.join(ROOT, "..", "shared"))
PLIMSOLL = os.path.join(ROOT, os.environ.get("PLIMSOLL_BUILD", "build"), "collector", "plimsoll")
ASKED = [0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.2]

sys.dont_write_bytecode = True  # the harness is another's
sys.path.insert(0, os.path.join(SHARED, "bench", "detect"))
import numpy as np  # noqa: E402 - the path comes first
import surge_bench  # noqa: E402
import surge_lib  # noqa: E402
import synth  # noqa: E402


def judge(work):
    """The scores of one episode, one for each share."""
    episode, asked = work
    known = np.flatnonzero(~np.isnan(episode.x))
    series = "timestamp,value\n" + "".join(f"{surge_lib.iso(episode.t0 + i * episode.dt)},{episode.x[i]:.10g}\n" for i in known)
    scores = []
    for share in asked:
        done = subprocess.run([PLIMSOLL, "replay", "--capacity", f"{share * episode.C:.10g}"], input=series,
                              text=True, capture_output=True, check=True)
        rows = [row.split(",") for row in done.stdout.splitlines()[1:]]
        alert, forecast = np.zeros(len(episode.x), bool), np.full(len(episode.x), np.nan)
        alert[known] = [row[1] == "1" for row in rows]
        forecast[known] = [float(row[2] or "nan") for row in rows]
        scores.append(surge_lib.score_episode(episode, alert, forecast))
    return scores


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--synth", type=int, default=0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--asked", type=float, action="append")
    args = parser.parse_args()
    if args.synth:
        episodes = synth.corpus(args.synth, args.seed, 10.0)
    else:
        episodes = surge_bench.load([os.path.join(SHARED, "data")], ["web"])["web"]
    asked = args.asked or ASKED
    with multiprocessing.Pool(os.cpu_count()) as pool:
        scores = pool.map(judge, [(episode, asked) for episode in episodes], chunksize=1)
    print("| of the capacity | false pages a week | 5 min ahead | flash crowds 3 min ahead | median lead, min | paged in time | clock |")
    print("|" + 7 * "---|")
    for share, of_share in zip(asked, zip(*scores)):
        o = surge_lib.summarise(episodes, of_share)
        print(f"| {share:.2f} | {o['fa_wk']:.2f} | {o['L5']:.2f} | {o['flash'].get('L3', 0):.2f} | {o['median_lead']:.1f} "
              f"| {o['recall']:.2f} | {o.get('fc_within_2x', 0):.2f} |")


if __name__ == "__main__":
    sys.exit(main())
