#!/usr/bin/python3
"""outbox_drain - ten thousand notifications at once: what does that cost those who stream samples?

    outbox_drain.py SWARM

160 pools fill at the same moment, and each of them tells 64 targets: 10,240 notifications, of which the
outbox holds 1,024 at a time, drained at the rates the providers allow. Meanwhile a health check asks
the collector's one loop a question 100 times a second: whatever holds it up holds up a sample just as
long. Prints

    ratio: outbox_drain 7.1 (p99 of the loop 3.8 ms while it drains, 0.5 ms before, longest 8.8 ms, same machine)
    cost: outbox_drain 3.3 ms added to the p99, 10240 notifications in 31.4 s (at the allowed rates at least
          28.0 s), at most 1024 waiting

and fails when a goal is missed: 5 ms added to the p99, everything delivered, each once, no target
asked faster than its provider allows, no more waiting than the outbox holds.
"""

import asyncio
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from programs import Collector, until  # noqa: E402 - the path comes first

POOLS, TARGETS = 160, 64
PER_MINUTE, BURST = 300, 20  # what collector/codec/notify/alertmanager.c allows itself
QUIET_S, SECONDS, OUTBOX_MAX, ADDED_MS_MAX = 10, 120, 1024, 5
PROBE_S = 0.01
CLOCK = 1.05  # what comes late makes the next look early
RULES = """
rules:
  limit: {cpu: 0.90, warn: 0.75, hold: 0s, clear: 1s}
notifiers:
"""


# ---- the receiver: a process of its own, so that its work is not the collector's ----

class Inbox(asyncio.Protocol):
    """Answers each POST with 200 and remembers when it came, and where to."""
    OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    came = []

    def connection_made(self, transport):
        self.transport, self.rest = transport, b""

    def data_received(self, data):
        self.rest += data
        while True:
            head, end, body = self.rest.partition(b"\r\n\r\n")
            if not end:
                return
            lines = head.decode().lower().split("\r\n")
            length = int(next(line for line in lines if line.startswith("content-length:")).split(":")[1])
            if len(body) < length:
                return
            self.rest = body[length:]
            key = next(line for line in lines if line.startswith("idempotency-key:"))
            Inbox.came.append((time.monotonic(), lines[0].split()[1], key))
            self.transport.write(self.OK)


def receive(pipe):
    async def serve():
        server = await asyncio.get_running_loop().create_server(Inbox, "127.0.0.1", 0, backlog=512)
        pipe.send(server.sockets[0].getsockname()[1])
        while not pipe.poll():
            await asyncio.sleep(0.1)
        pipe.recv()
        pipe.send(Inbox.came)
    asyncio.run(serve())


# ---- the loop, seen from outside ----

class Probe:
    """Asks /healthz on one connection and takes the time of each answer."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.question = f"GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n".encode()

    def ask(self):
        began = time.monotonic()
        self.socket.sendall(self.question)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(4096)
        return 1000 * (time.monotonic() - began)

    def watch(self, done, seconds):
        """Milliseconds of each answer, until `done()` or for that long."""
        found, end = [], time.monotonic() + seconds
        look = 0
        while time.monotonic() < end:
            turn = time.monotonic() + PROBE_S
            found.append(self.ask())
            if time.monotonic() > look:
                look = time.monotonic() + 0.5
                if done():
                    break
            time.sleep(max(0, turn - time.monotonic()))
        return found


def p99(times):
    return statistics.quantiles(times, n=100)[98]


def is_too_fast(times):
    """More came than a bucket of BURST, filled at the allowed rate, gives away; by our own clock."""
    left, last = BURST + 1.0, times[0]
    for at in times:
        left = min(BURST + 1.0, left + (at - last) * PER_MINUTE / 60 * CLOCK) - 1
        last = at
        if left < 0:
            return True
    return False


def run(swarm_path, port, shape):
    config = RULES + "".join(f"  t{t}: {{type: alertmanager, url: 'http://127.0.0.1:{port}/t{t}'}}\n"
                             for t in range(TARGETS))
    collector = Collector(config)
    try:
        collector.start()
        swarm = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", swarm_path, "--agents", str(POOLS), "--pools",
                                  str(POOLS), "--hz", "5", "--seconds", str(SECONDS), "--collector",
                                  collector.agents, "--shape", shape], stdout=subprocess.DEVNULL)
        until(lambda: len(collector.get("/api/v1/pools")["pools"]) == POOLS, 20, "all pools are there")
        probe, most = Probe(collector.http), 0
        quiet = probe.watch(lambda: False, QUIET_S - 2)

        def sent():
            nonlocal most
            outbox = collector.get("/api/v1/self")["outbox"]
            most = max(most, outbox["waiting"])
            return outbox["sent"]
        until(lambda: sent() > 0, 20, "the first page")
        began = time.monotonic()
        busy = probe.watch(lambda: sent() >= POOLS * TARGETS, SECONDS)
        took = time.monotonic() - began
        swarm.kill()
        swarm.wait()
        return quiet, busy, took, most
    finally:
        problems = collector.close()
        collector.forget()
        assert not problems, problems


def main():
    pipe, theirs = multiprocessing.Pipe()
    inbox = multiprocessing.Process(target=receive, args=(theirs,), daemon=True)
    inbox.start()
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as shape:
        shape.write(f"second,load\n0,0.2\n{QUIET_S},0.2\n{QUIET_S + 1},0.97\n{SECONDS},0.97\n")
        shape.flush()
        quiet, busy, took, most = run(sys.argv[1], pipe.recv(), shape.name)
    pipe.send("done")
    came = pipe.recv()
    inbox.join()
    added = p99(busy) - p99(quiet)
    least = (POOLS - BURST) / PER_MINUTE * 60
    print(f"ratio: outbox_drain {p99(busy) / p99(quiet):.1f} (p99 of the loop {p99(busy):.1f} ms while it drains, "
          f"{p99(quiet):.1f} ms before, longest {max(busy):.1f} ms, same machine)")
    print(f"cost: outbox_drain {added:.1f} ms added to the p99, {len(came)} notifications in {took:.1f} s (at the "
          f"allowed rates at least {least:.1f} s), at most {most} waiting")
    by_target = {path: sorted(at for at, to, _ in came if to == path) for _, path, _ in came}
    missed = [goal for goal, good in (
        (f"{ADDED_MS_MAX} ms added to the p99", added <= ADDED_MS_MAX),
        ("everything delivered, each once",
         len(came) == len({(path, key) for _, path, key in came}) == POOLS * TARGETS),
        ("the allowed rates", not any(map(is_too_fast, by_target.values()))),
        (f"at most {OUTBOX_MAX} waiting", most <= OUTBOX_MAX)) if not good]
    if missed:
        print("GOALS MISSED: " + ", ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
