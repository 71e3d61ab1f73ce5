#!/usr/bin/python3
"""agent_peers - what a sample costs plimsoll-agent, beside the agents people run today.

    agent_peers.py [--seconds N]

Side by side on this machine, each once a second:

  agent          joined and streaming by TLS to a real collector, default probes
  collectd       cpu, memory, load, interface and tcpconns; sends by UDP (plugin network)
  node_exporter  the collectors that read what the agent reads, pulled like Prometheus does: one
                 connection kept alive, gzip

CPU time is read from outside through each process's CPU clock. Prints `ratio:` lines and fails when
a goal is missed: 15 times less than node_exporter, 1.5 times less than collectd. A peer that is not
installed (Debian's collectd-core, prometheus-node-exporter) is left out and said so.
"""

import argparse
import http.client
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
from enrolled import Host, make_token, streams  # noqa: E402 - the path comes first
from programs import Collector, until  # noqa: E402

LESS_THAN_NODE_EXPORTER, LESS_THAN_COLLECTD = 15, 1.5
SETTLE_SECONDS = 300  # a package log of 4 MiB takes two minutes
COLLECTORS = "cpu meminfo loadavg netdev netstat sockstat stat pressure vmstat".split()
COLLECTD = """
Hostname "bench"
FQDNLookup false
Interval 1
BaseDir "{folder}"
LoadPlugin cpu
LoadPlugin memory
LoadPlugin load
LoadPlugin interface
LoadPlugin tcpconns
<Plugin tcpconns>
  ListeningPorts false
  AllPortsSummary true
</Plugin>
LoadPlugin network
<Plugin network>
  Server "127.0.0.1" "{port}"
</Plugin>
"""


def cpu_us(pid):
    """CPU time of a process so far: the clock id of clock_getcpuclockid(3)."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1000


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])


class Peer:
    """A program of somebody else, in a folder of its own."""

    def __init__(self, name):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix="pl-")
        self.process = None

    def spawn(self, *command):
        # The kernel ends the program if this script is killed.
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    @property
    def pid(self):
        return self.process.pid

    def close(self):
        if self.process:
            assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}"
            self.process.terminate()
            self.process.wait(10)
        shutil.rmtree(self.folder)


class Collectd(Peer):
    def __init__(self, program):
        super().__init__("collectd")
        self.sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sink.bind(("127.0.0.1", 0))
        config = os.path.join(self.folder, "collectd.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(COLLECTD.format(folder=self.folder, port=self.sink.getsockname()[1]))
        self.spawn(program, "-f", "-C", config, "-P", os.path.join(self.folder, "pid"))
        self.sink.settimeout(20)
        self.sink.recv(2000)  # it reports

    def close(self):
        super().close()
        self.sink.close()


class NodeExporter(Peer):
    def __init__(self, program):
        super().__init__("node_exporter")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.spawn(program, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
                   "--collector.disable-defaults", *["--collector." + name for name in COLLECTORS])
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        until(self.answers, 20, "node_exporter answers")
        self.ended = threading.Event()
        self.puller = threading.Thread(target=self.pull)
        self.puller.start()

    def answers(self):
        try:
            self.connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
            return len(self.connection.getresponse().read())
        except OSError:  # not listening yet
            self.connection.close()
            return 0

    def pull(self):
        while not self.ended.wait(1):
            self.answers()

    def close(self):
        self.ended.set()
        self.puller.join()
        super().close()


def peers():
    """Those that are installed, started."""
    for name, package, start in (
            ("collectd", "collectd-core", Collectd),
            ("prometheus-node-exporter", "prometheus-node-exporter", NodeExporter)):
        program = shutil.which(name, path="/usr/sbin:/usr/bin")
        if program:
            yield start(program)
        else:
            print(f"cost: no {name} to compare with: Debian's {package} is not installed")


def measure(processes, seconds):
    """CPU microseconds per second of each."""
    before = [cpu_us(one.pid) for one in processes]
    time.sleep(seconds)
    return [(cpu_us(one.pid) - start) / seconds for one, start in zip(processes, before)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=20)
    args = parser.parse_args()
    collector, host, others, missed = Collector(), None, [], []
    try:
        collector.start()
        host = Host("bench", "agent:\n  fast_interval: 1s\n").join(make_token(collector, "web")).start()
        streams(collector, "bench")
        for one in peers():
            others.append(one)
        host.event("settled", SETTLE_SECONDS)  # it looks for services and changes once; then minutes apart
        ours, *theirs = measure([host, *others], args.seconds)
        print(f"cost: agent_by_tls {ours:.0f} us/sample, {resident_kib(host.pid)} KiB resident")
        for peer, cost in zip(others, theirs):
            goal = LESS_THAN_COLLECTD if peer.name == "collectd" else LESS_THAN_NODE_EXPORTER
            print(f"ratio: {peer.name} {cost / ours:.1f} ({peer.name} {cost:.0f} us/sample, "
                  f"{resident_kib(peer.pid)} KiB resident; agent {ours:.0f} us/sample)")
            if cost / ours < goal:
                missed.append(f"{peer.name} costs {cost / ours:.1f} times the agent, the goal is at least {goal}")
    finally:
        for one in others:
            one.close()
        for one in (host, collector):
            if one:
                problems = one.close()
                one.forget()
                assert not problems, problems
    for fault in missed:
        print(f"MISSED: {fault}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
