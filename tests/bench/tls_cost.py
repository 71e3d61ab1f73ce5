#!/usr/bin/python3
"""tls_cost - what TLS and keys add, in the agent and in the collector.

    tls_cost.py SWARM FLOOR [--agents N] [--seconds S]

A real agent that has joined streams at 1 Hz by TLS, beside the floor of agent_cost; then a swarm
streams to the real collector, first plainly and then by TLS, each agent with its own key. CPU time is
read through each process's CPU clock while everybody is connected, so handshakes are counted apart.

Prints `ratio:` and `cost:` lines and fails when a goal is missed: the agent at 1.5 times the floor,
4 MiB resident and 1.5 MiB private, 300 bytes and 2 packets that it sends per sample; 30 KiB more for a connection by TLS.
"""

import argparse
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from enrolled import Host, counts, make_token, streams  # noqa: E402 - the path comes first
from programs import Collector, until  # noqa: E402

AGENT_RATIO_MAX, AGENT_RSS_KIB_MAX, AGENT_PRIVATE_KIB_MAX, AGENT_BYTES_MAX = 1.5, 4096, 1536, 300
AGENT_PACKETS_MAX = 2
CONNECTION_KIB_MAX = 30
SETTLE_SECONDS = 300  # a package log of 4 MiB takes two minutes


def cpu_us(pid):
    """CPU time of a process so far: the clock id of clock_getcpuclockid(3)."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1000


def memory_kib(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(field + r":\s+(\d+)", f.read())[1])


def packets(collector):
    """(sent, received): TCP segments of the agent so far, acknowledgements of TCP included (TCP_INFO of its
    socket), or None without ss of iproute2."""
    port = collector.agents.rsplit(":", 1)[1]
    try:
        shown = subprocess.run(["ss", "-tinOH", "dport", "=", f":{port}"], capture_output=True, text=True,
                               check=True).stdout
    except OSError:
        return None
    counts_of = [re.findall(r"segs_(?:out|in):(\d+)", line.replace("data_segs", "data"))
                 for line in shown.splitlines()]
    (pair,) = [pair for pair in counts_of if len(pair) == 2]
    return tuple(int(count) for count in pair)


def spawn(*command):
    # The kernel ends the program if this script is killed.
    return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def with_collector(agents, measure):
    collector = Collector(f"collector:\n  max_agents: {agents}\n")
    try:
        return measure(collector.start())
    finally:
        problems = collector.close()
        collector.forget()
        assert not problems, problems


def measure_agent(collector, args):
    host = Host("bench", "agent:\n  fast_interval: 1s\n").join(make_token(collector, "web")).start()
    time.sleep(0.5)  # half an interval apart, both see the same machine
    floor = spawn(args.floor, "1000")
    try:
        streams(collector, "bench")
        host.event("settled", SETTLE_SECONDS)  # it looks for services and changes once; then minutes apart
        before_us = cpu_us(host.pid), cpu_us(floor.pid)
        received, sent = counts(collector)["bytes"], packets(collector)
        time.sleep(args.seconds)
        agent, least = [(after - start) / args.seconds for after, start in
                        zip((cpu_us(host.pid), cpu_us(floor.pid)), before_us)]
        size = (counts(collector)["bytes"] - received) / args.seconds
        segments = None if sent is None else [(after - before) / args.seconds
                                              for after, before in zip(packets(collector), sent)]
        return agent, least, size, segments, memory_kib(host.pid, "VmRSS"), memory_kib(host.pid, "RssAnon")
    finally:
        floor.terminate()
        floor.wait()
        host.close()
        host.forget()


def measure_swarm(collector, args, by_tls):
    """CPU us per sample, KiB per agent, CPU ms per connection (a join and a stream with keys)."""
    words = ["--token", make_token(collector, "swarm")] if by_tls else []
    cpu, rss = cpu_us(collector.pid), memory_kib(collector.pid, "VmRSS")
    swarm = spawn(args.swarm, "--agents", str(args.agents), "--hz", "1", "--seconds", str(args.seconds + 120),
                  "--collector", collector.agents, "--drain", "0", *words)
    try:
        until(lambda: counts(collector)["connected"] == args.agents, 120, "all agents are connected")
        connection_ms = (cpu_us(collector.pid) - cpu) / 1000 / args.agents
        time.sleep(3)
        start, samples = cpu_us(collector.pid), collector.get("/api/v1/self")["samples"]["accepted"]
        time.sleep(args.seconds)
        spent = cpu_us(collector.pid) - start
        samples = collector.get("/api/v1/self")["samples"]["accepted"] - samples
        return spent / samples, (memory_kib(collector.pid, "VmRSS") - rss) / args.agents, connection_ms
    finally:
        swarm.kill()
        swarm.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("swarm")
    parser.add_argument("floor")
    parser.add_argument("--agents", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=15)
    args = parser.parse_args()
    agent, least, size, segments, resident, private = with_collector(10, lambda c: measure_agent(c, args))
    print(f"ratio: agent_cost_tls {agent / least:.2f} (agent {agent:.0f} us/sample, floor {least:.0f} "
          "us/sample, 1 Hz)")
    print(f"cost: agent_tls {size:.0f} bytes/sample, {resident} KiB resident, {private} KiB of it private")
    if segments is None:
        print("cost: agent_tls_packets not counted: ss is missing")
    else:
        print(f"cost: agent_tls_packets {segments[0]:.2f} packets/sample sent, {segments[1]:.2f} received, TCP's "
              "acknowledgements included")
    plain, plain_kib, plain_ms = with_collector(args.agents, lambda c: measure_swarm(c, args, False))
    tls, tls_kib, tls_ms = with_collector(args.agents, lambda c: measure_swarm(c, args, True))
    print(f"ratio: collector_tls {tls / plain:.2f} (by TLS {tls:.1f} us/sample, plain {plain:.1f}, "
          f"{args.agents} agents at 1 Hz)")
    print(f"cost: tls_connection {tls_kib - plain_kib:.1f} KiB more than plain ({tls_kib:.1f} KiB per agent), "
          f"{tls_ms:.2f} ms CPU to join and connect (plain {plain_ms:.2f})")
    missed = [goal for goal, good in (
        (f"agent at {AGENT_RATIO_MAX} times the floor", agent / least <= AGENT_RATIO_MAX),
        (f"agent within {AGENT_RSS_KIB_MAX} KiB", resident <= AGENT_RSS_KIB_MAX),
        (f"{AGENT_PRIVATE_KIB_MAX} KiB private", private <= AGENT_PRIVATE_KIB_MAX),
        (f"{AGENT_BYTES_MAX} bytes per sample", size <= AGENT_BYTES_MAX),
        (f"{AGENT_PACKETS_MAX} packets per sample", segments is None or segments[0] <= AGENT_PACKETS_MAX),
        (f"{CONNECTION_KIB_MAX} KiB per connection", tls_kib - plain_kib <= CONNECTION_KIB_MAX)) if not good]
    if missed:
        print("GOALS MISSED: " + ", ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
