#!/usr/bin/python3
"""prometheus_rules - judging 1,000 thresholds and 200 forecasts a second, beside a Prometheus that does.

    prometheus_rules.py BENCH_RULES [--prometheus PROGRAM]

BENCH_RULES (bench_rules.c) says how many cores the engine takes for 200 hosts: seven thresholds and a
forecast each. A Prometheus (Debian's package prometheus) scrapes 200 targets of this program once a
second, first without rules and then with 1,000 threshold rules and 200 of predict_linear over a
minute, each for one host; what it takes more is what they cost. Prints cost: and ratio: lines, exits
1 when the goal is missed, and 77 (skipped) after our own cost where there is no Prometheus.
"""

import argparse
import http.server
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from programs import until  # noqa: E402 - the path comes first

SKIPPED = 77
LESS_THAN_PROMETHEUS = 30
HOSTS, GAUGES = 200, 5
FORECAST_S = 60  # of history; the rules are there when it is full
WINDOWS, WINDOW_S = 3, 10


class Targets(http.server.BaseHTTPRequestHandler):
    """200 hosts behind one port: /0 to /199."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):  # noqa: N802 - its name is http.server's
        host = int(self.path[1:])
        body = "".join(f"bench_g{i} {(host * 7 + i + int(time.time())) % 100}\n" for i in range(GAUGES)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


def rules(count_per_group=100):
    hosts = [f'instance="h{h}"' for h in range(HOSTS)]
    # The gauges are 0 to 99: nothing ever fires, so this is the cost of judging alone.
    said = [f"bench_g{i}{{{h}}} > 100" for i in range(GAUGES) for h in hosts]
    said += [f"predict_linear(bench_g0{{{h}}}[{FORECAST_S}s], 300) > 1e9" for h in hosts]
    text = "groups:\n"
    for begin in range(0, len(said), count_per_group):
        text += f"  - name: g{begin}\n    interval: 1s\n    rules:\n"
        for i, expression in enumerate(said[begin:begin + count_per_group], begin):
            text += f"      - alert: A{i}\n        expr: '{expression}'\n"
    return text


def config(port):
    targets = "".join(f"      - {{targets: ['127.0.0.1:{port}'], labels: {{instance: h{h}, __metrics_path__: /{h}}}}}\n"
                      for h in range(HOSTS))
    return ("global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n"
            "rule_files: [rules.yml]\nscrape_configs:\n  - job_name: bench\n    static_configs:\n" + targets)


def cpu_s(pid):
    """CPU time of a process so far: the clock id of clock_getcpuclockid(3)."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e9


class Prometheus:
    def __init__(self, program, folder, port):
        self.folder = folder
        self.url = None
        self.write("rules.yml", "groups: []\n")
        self.write("prometheus.yml", config(port))
        self.log = open(os.path.join(folder, "log"), "w+", encoding="utf-8")
        # ends with this program, should it be killed
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program, "--config.file=prometheus.yml", "--storage.tsdb.path=data",
             "--web.listen-address=127.0.0.1:0", "--web.enable-lifecycle"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        until(self.listens, 30, "Prometheus listens")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    def listens(self):
        assert self.process.poll() is None, "Prometheus ended: " + self.said()
        found = re.search(r'Listening on.* address=(\S+)', self.said())
        self.url = f"http://{found[1]}" if found else None
        return self.url

    def said(self):
        with open(self.log.name, encoding="utf-8") as f:
            return f.read()

    def metric(self, name):
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(name + "[ {]", line))

    def load_rules(self):
        self.write("rules.yml", rules())
        with urllib.request.urlopen(f"{self.url}/-/reload", b"", timeout=10):
            pass
        before = self.metric("prometheus_rule_evaluations_total")
        until(lambda: self.metric("prometheus_rule_evaluations_total") > before + 3 * (GAUGES + 1) * HOSTS, 30,
              "three rounds of all rules")

    def cores(self):
        """Of this process, the median of some windows."""
        found = []
        for _ in range(WINDOWS):
            used, began = cpu_s(self.process.pid), time.monotonic()
            time.sleep(WINDOW_S)  # what is measured is what it takes in this time
            found.append((cpu_s(self.process.pid) - used) / (time.monotonic() - began))
        return statistics.median(found)

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def measure(program):
    """Cores that the rules take more than scraping alone."""
    server = Server(("127.0.0.1", 0), Targets)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = tempfile.mkdtemp(prefix="pl-")
    try:
        peer = Prometheus(program, folder, server.server_address[1])
        try:
            samples = (FORECAST_S + 5) * HOSTS * GAUGES
            until(lambda: peer.metric("prometheus_tsdb_head_samples_appended_total") > samples, 180, "a minute of history")
            alone = peer.cores()
            peer.load_rules()
            return peer.cores() - alone
        finally:
            peer.close()
    finally:
        server.shutdown()
        server.server_close()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench_rules")
    parser.add_argument("--prometheus", default=shutil.which("prometheus"))
    args = parser.parse_args()
    ours = float(subprocess.run([args.bench_rules], check=True, stdout=subprocess.PIPE, text=True).stdout)
    print(f"cost: rules {ours:.5f} cores, 1,400 thresholds and 200 forecasts a second")
    if not args.prometheus:
        print("skipped: no prometheus to compare with (Debian's package prometheus)")
        return SKIPPED
    theirs = measure(args.prometheus)
    print(f"cost: prometheus {theirs:.5f} cores, 1,000 thresholds and 200 forecasts a second")
    print(f"ratio: rules {theirs / ours:.0f} times less than Prometheus; goal {LESS_THAN_PROMETHEUS}")
    return theirs < LESS_THAN_PROMETHEUS * ours


if __name__ == "__main__":
    sys.exit(main())
