#!/usr/bin/python3
"""agent_sockets - does a sample cost more beside 20,000 open sockets?

    agent_sockets.py AGENT FLOOR SINK [--seconds N]

Half of them connect to the other half over loopback. The agent is measured without, with, and
without them again, so that a machine that slows down by itself is seen. They are held by several
processes, because one may not hold as many. Prints

    ratio: agent_sockets 1.03 (agent 238 us/sample beside 20000 sockets, 231 us/sample without)

and fails when a sample costs over 10 % more.
"""

import argparse
import multiprocessing
import socket
import sys

from agent_cost import Bench

SOCKETS = 20000
HOLDERS = 40
RATIO_MAX = 1.10
INTERVAL_MS = 1000


def hold(is_open, let_go):
    """Sockets of this process until it is told to let go."""
    sockets = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for _ in range(SOCKETS // HOLDERS // 2):
            sockets.append(socket.create_connection(listener.getsockname()))
            sockets.append(listener.accept()[0])
    is_open.release()
    let_go.wait()


def measure_beside_sockets(bench, seconds):
    is_open, let_go = multiprocessing.Semaphore(0), multiprocessing.Event()
    holders = [multiprocessing.Process(target=hold, args=(is_open, let_go), daemon=True)
               for _ in range(HOLDERS)]
    for holder in holders:
        holder.start()
    for _ in holders:
        is_open.acquire()
    cost, _ = bench.measure(seconds)
    let_go.set()
    for holder in holders:
        holder.join()
    return cost


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("agent")
    parser.add_argument("floor")
    parser.add_argument("sink")
    parser.add_argument("--seconds", type=int, default=15)
    programs = parser.parse_args()
    with Bench(programs, INTERVAL_MS) as bench:
        before, _ = bench.measure(programs.seconds)
        beside = measure_beside_sockets(bench, programs.seconds)
        after, _ = bench.measure(programs.seconds)
    without = (before + after) / 2
    print(f"ratio: agent_sockets {beside / without:.2f} (agent {beside:.0f} us/sample beside "
          f"{SOCKETS} sockets, {without:.0f} us/sample without)")
    if beside / without <= RATIO_MAX:
        return 0
    print(f"MISSED: a sample costs over {RATIO_MAX} times as much")
    return 1


if __name__ == "__main__":
    sys.exit(main())
