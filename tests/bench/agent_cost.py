#!/usr/bin/python3
"""agent_cost - what a sample costs plimsoll-agent, beside the least that any agent could cost.

    agent_cost.py AGENT FLOOR SINK [--seconds N]

Agent and floor (agent_floor.c) run side by side at the same rate, half an interval apart, so that
both see the same machine. CPU time is read from outside through each process's CPU clock. Prints

    ratio: agent_cost 1.25 (agent 295 us/sample, floor 237 us/sample, 1 Hz)

and fails when a goal is missed: 1.5 times the floor at 1 Hz, on a machine without traffic and on one
that accepts connections (only there the accept queues are looked at every second), 14 system calls
per sample (counted by strace, where it is installed and allowed, without what is read once a minute),
300 bytes per sample. Each run begins when the agent says that it has read what happened before it.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from programs import until  # noqa: E402 - the path comes first

RATIO_MAX = 1.5
CALLS_MAX = 14
BYTES_MAX = 300
SETTLE_SECONDS = 300  # a package log of 4 MiB takes two minutes


def cpu_us(process):
    """CPU time of a process so far: the clock id of clock_getcpuclockid(3)."""
    return time.clock_gettime_ns((~process.pid << 3) | 2) / 1000


class Bench:
    """Sink, agent and floor at one rate, ended together."""

    def __init__(self, programs, interval_ms):
        self.folder = tempfile.mkdtemp(prefix="pl-")
        self.interval_ms = interval_ms
        self.sink = self.spawn([programs.sink], stdout=subprocess.PIPE, text=True)
        port = re.match(r"port=(\d+)", self.sink.stdout.readline())[1]
        config = os.path.join(self.folder, "agent.yaml")
        with open(config, "w", encoding="utf-8") as f:
            f.write(f"agent:\n  host: bench\n  interval: {interval_ms}ms\n  fast_interval: {interval_ms}ms\n"
                    f"  collectors: [127.0.0.1:{port}]\n")
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "wb") as log:
            self.agent = self.spawn([programs.agent, "--config", config], stderr=log)
        time.sleep(interval_ms / 2000)
        self.floor = self.spawn([programs.floor, str(interval_ms)])
        until(self.has_settled, SETTLE_SECONDS, "the agent has read what happened before it began")

    def has_settled(self):
        """It looks for services, servers and changes once; then minutes apart."""
        with open(self.log, encoding="utf-8") as log:
            return "event=settled " in log.read()

    @staticmethod
    def spawn(command, **options):
        # The kernel ends the program if this script is killed.
        return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command],
                                stdin=subprocess.DEVNULL, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.agent, self.floor, self.sink):
            process.terminate()
            process.wait(5)
        shutil.rmtree(self.folder)

    def measure(self, seconds):
        """CPU microseconds per sample: agent, floor."""
        before = cpu_us(self.agent), cpu_us(self.floor)
        time.sleep(seconds)
        after = cpu_us(self.agent), cpu_us(self.floor)
        samples = seconds * 1000 / self.interval_ms
        return [(b - a) / samples for a, b in zip(before, after)]

    def memory_kib(self):
        """Resident memory of the agent: all, and the private part."""
        with open(f"/proc/{self.agent.pid}/status", encoding="ascii") as f:
            fields = dict(re.findall(r"(\w+):\s+(\d+) kB", f.read()))
        return int(fields["VmRSS"]), int(fields["RssAnon"])

    def calls_per_sample(self, seconds):
        """System calls per sample, in the quietest ten (a service that starts anew is looked for), and those
        of the sample that reads the limits once a minute (0 if there was none); None without strace."""
        trace = os.path.join(self.folder, "strace")
        try:
            subprocess.run(["timeout", "-s", "INT", str(seconds), "strace", "-qq", "-o", trace,
                            "-p", str(self.agent.pid)], stderr=subprocess.DEVNULL, check=False)
            with open(trace, encoding="utf-8", errors="replace") as f:
                lines = f.read().splitlines()
        except OSError:
            return None
        firsts = [n for n, line in enumerate(lines) if ', "cpu  ' in line]  # each reads /proc/stat once
        samples = [lines[start:end] for start, end in zip(firsts, firsts[1:])]
        is_rare = [any("/ip_local_port_range" in line for line in sample) for sample in samples]
        usual = [len(sample) for sample, rare in zip(samples, is_rare) if not rare]
        most = max((len(sample) for sample, rare in zip(samples, is_rare) if rare), default=0)
        tens = [sum(usual[n:n + 10]) / 10 for n in range(0, len(usual) - 9, 10)]
        return (min(tens), most) if tens else None

    def wire_bytes(self):
        """Bytes per sample on the wire, HELLO included; ends the run."""
        self.agent.terminate()
        self.agent.wait(5)
        self.sink.terminate()
        seen = dict(re.findall(r"(\w+)=(\d+)", self.sink.communicate(timeout=5)[0]))
        return int(seen["bytes"]) / int(seen["samples"])


class Visitor:
    """A connection to a listener of its own, five times a second."""

    def __enter__(self):
        self.ended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.visit)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.listener.close()

    def visit(self):
        while not self.ended.wait(0.2):
            with socket.create_connection(self.listener.getsockname()):
                self.listener.accept()[0].close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("agent")
    parser.add_argument("floor")
    parser.add_argument("sink")
    parser.add_argument("--seconds", type=int, default=20)
    programs = parser.parse_args()
    faults = []

    def limit(name, value, most):
        if value > most:
            faults.append(f"{name} is {value:.2f}, the goal is at most {most}")

    with Bench(programs, 1000) as bench:
        agent, floor = bench.measure(programs.seconds)
        print(f"ratio: agent_cost {agent / floor:.2f} (agent {agent:.0f} us/sample, "
              f"floor {floor:.0f} us/sample, 1 Hz)")
        limit("CPU at 1 Hz over the floor", agent / floor, RATIO_MAX)
        with Visitor():
            agent, floor = bench.measure(programs.seconds)
        print(f"ratio: agent_cost_accepting {agent / floor:.2f} (agent {agent:.0f} us/sample, "
              f"floor {floor:.0f} us/sample, 1 Hz)")
        limit("CPU at 1 Hz over the floor, accepting", agent / floor, RATIO_MAX)
        resident, private = bench.memory_kib()
        with Visitor():
            calls = bench.calls_per_sample(32)  # what comes every fifth and tenth second, three times
        size = bench.wire_bytes()
        if calls is None:
            print("cost: agent_calls not counted: strace is missing or not allowed")
        else:
            print(f"cost: agent_calls {calls[0]:.1f} system calls/sample, {calls[1]} where limits are read")
            limit("system calls per sample", calls[0], CALLS_MAX)
        print(f"cost: agent_wire {size:.0f} bytes/sample")
        limit("bytes per sample", size, BYTES_MAX)
        print(f"cost: agent_memory {resident} KiB resident, {private} KiB of it private")
    with Bench(programs, 100) as bench:
        agent, floor = bench.measure(max(programs.seconds / 4, 1))
        print(f"ratio: agent_cost_10hz {agent / floor:.2f} (agent {agent:.0f} us/sample, "
              f"floor {floor:.0f} us/sample, 10 Hz)")
    for fault in faults:
        print(f"MISSED: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
