#!/usr/bin/python3
"""swarm_load - what the collector spends on a fleet, beside the least that any collector could.

    swarm_load.py SWARM FLOOR [--agents N] [--hz R] [--seconds S]

A swarm of N agents streams to the real collector, with Redis, rules and acknowledgements; then to
ingest_floor.c, which only reads. CPU time is read through each process's CPU clock, connecting
included. Prints

    ratio: swarm_load 1.60 (collector 12.1 us/sample, floor 7.6 us/sample, 5000 agents at 1 Hz)
    cost: swarm_load 6.1 % of a core, 17.3 KiB per agent, 0 of 300000 lost

and fails when a goal is missed: nothing lost, 30 us per sample, 30 % of a core, 64 KiB per agent (of
everything the collector holds; what it holds with no agent at all does not count).
"""

import argparse
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from programs import Collector  # noqa: E402 - the path comes first

SAMPLE_US_MAX = 30
CORE_SHARE_MAX = 0.30
AGENT_KIB_MAX = 64


def cpu_s(pid):
    """CPU time of a process so far: the clock id of clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2)


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


class Run:
    """One swarm against one process: CPU and memory of that process, and the swarm's own count."""

    def __init__(self, args, pid, address, drain):
        cpu, rss = cpu_s(pid), rss_kib(pid)
        swarm = subprocess.run(
            [args.swarm, "--agents", str(args.agents), "--hz", str(args.hz), "--seconds",
             str(args.seconds), "--collector", address, "--drain", str(drain)],
            stdout=subprocess.PIPE, text=True, check=False)
        self.swarm = json.loads(swarm.stdout)
        self.cpu_s = cpu_s(pid) - cpu
        self.sample_us = self.cpu_s * 1e6 / self.swarm["sent"]
        self.core_share = self.cpu_s / args.seconds  # waiting for the last ones makes it no better
        self.agent_kib = (rss_kib(pid) - rss) / args.agents


def run_collector(args):
    collector = Collector(f"collector:\n  max_agents: {args.agents}\n")
    try:
        collector.start()
        return Run(args, collector.pid, collector.agents, 30)
    finally:
        problems = collector.close()
        collector.forget()
        assert not problems, problems


def run_floor(args):
    # The kernel ends the floor if this script is killed.
    floor = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", args.floor], text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        words = dict(word.split("=") for word in floor.stdout.readline().split())
        return Run(args, floor.pid, "127.0.0.1:" + words["port"], 0)
    finally:
        floor.terminate()
        floor.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("swarm")
    parser.add_argument("floor")
    parser.add_argument("--agents", type=int, default=5000)
    parser.add_argument("--hz", type=float, default=1)
    parser.add_argument("--seconds", type=float, default=20)
    args = parser.parse_args()
    real, floor = run_collector(args), run_floor(args)
    print(f"ratio: swarm_load {real.sample_us / floor.sample_us:.2f} (collector {real.sample_us:.1f} "
          f"us/sample, floor {floor.sample_us:.1f} us/sample, {args.agents} agents at {args.hz:g} Hz)")
    print(f"cost: swarm_load {100 * real.core_share:.1f} % of a core, {real.agent_kib:.1f} KiB per "
          f"agent, {real.swarm['lost']} of {real.swarm['sent']} lost")
    missed = [goal for goal, good in (
        ("nothing lost", real.swarm["lost"] == 0),
        (f"{SAMPLE_US_MAX} us per sample", real.sample_us <= SAMPLE_US_MAX),
        (f"{100 * CORE_SHARE_MAX:.0f} % of a core", real.core_share <= CORE_SHARE_MAX),
        (f"{AGENT_KIB_MAX} KiB per agent", real.agent_kib <= AGENT_KIB_MAX)) if not good]
    if missed:
        print("GOALS MISSED: " + ", ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
