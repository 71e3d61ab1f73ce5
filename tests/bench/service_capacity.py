#!/usr/bin/python3
"""service_capacity - what a real service takes, foretold from half of it by agent and collector.

    service_capacity.py [--mode alone|neighbour|memory]... [--runs N]

nginx and PHP-FPM in a control group of their own, driven with connections at random moments between
a sixth and half of what they can take. The agent watches the group, the collector learns.

  alone      the group has a CPU quota. Then the service is saturated, and the traffic that fills the
             limit of its CPU (0.90 of the quota) is compared with what was foretold. Each request
             burns CPU *time*, not work: on shared hardware only that has a truth
  neighbour  the same while somebody in another group wants half of the machine as well
  memory     requests that wait and hold 6 MiB each, in a group of little memory: it must be named as
             the first limit. Then the foretold traffic comes, and what it fills is compared with 0.90

Runs in a network namespace of its own, because the agent counts all connections of its namespace,
and in a process namespace of its own, so that everything ends with it, however it ends.
Needs root, nginx, php-fpm and a tree of version 1 or 2 control groups; exits 77 (skipped) where one
of them is missing. A run takes ten minutes. Prints a line of p10, p50, p90 and truth
for each run and a ratio: line for each mode, the median of its runs; exits 1 when a goal is missed.
"""

import argparse
import asyncio
import contextlib
import glob
import math
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/support"))
from programs import Agent, Collector, until  # noqa: E402 - the path comes first

SKIPPED = 77
PORT = 18080
LEARN_S, WAVE_S, FULL_S = 480, 240, 60
QUOTA_CORES = 0.5
LIMIT = 0.90
REQUEST_S = 0.0027  # of CPU, about; only the load that is offered depends on it
PERIOD_US = 100000
WORKERS = 20
GOALS = {"alone": 0.05, "neighbour": 0.10, "memory": 0.15}
HELD_MIB, HELD_S, HELD_WORKERS, HELD_FULL = 6, 1, 120, 60  # of a request; workers; those that fill the memory

PAGE = """<?php
function cpu() { $r = getrusage(); return $r['ru_utime.tv_sec'] * 1e6 + $r['ru_utime.tv_usec']
    + $r['ru_stime.tv_sec'] * 1e6 + $r['ru_stime.tv_usec']; }
$budget = 1500 + (crc32(microtime()) % 2000); $t = cpu(); $x = 0;
while (cpu() - $t < $budget) for ($i = 0; $i < 200; $i++) $x += $i;
echo str_repeat('x', 1000);
"""

HOLD = """<?php
$held = str_repeat('x', {0} << 20); usleep({1} * 1000000); echo strlen($held);
"""

FPM = """[global]
error_log={0}/fpm.log
daemonize=no
[www]
user=www-data
group=www-data
listen={0}/fpm.sock
listen.mode=0666
pm=static
pm.max_children={1}
"""

NGINX = """worker_processes 1; daemon off; pid {0}/nginx.pid; error_log {0}/nginx.err;
events {{ worker_connections 4096; }}
http {{ access_log off; client_body_temp_path {0}/b; proxy_temp_path {0}/p;
  fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
  server {{ listen 127.0.0.1:{1} backlog=4096; keepalive_timeout 0;
    location / {{ include /etc/nginx/fastcgi_params; fastcgi_pass unix:{0}/fpm.sock;
      fastcgi_param SCRIPT_FILENAME {0}/index.php; }} }} }}
"""

BURN = """import random, time
while True:
    busy, end = random.uniform(.2, .8), time.time() + 2
    while time.time() < end:
        t = time.time()
        while time.time() - t < busy * .02: pass
        time.sleep((1 - busy) * .02)
"""


class Group:
    """A control group of either version."""

    def __init__(self, name):
        self.name = name
        self.v2 = os.path.exists("/sys/fs/cgroup/cgroup.controllers")
        controllers = ["memory", "cpu", "cpuacct"]
        bases = ["/sys/fs/cgroup"] if self.v2 else [f"/sys/fs/cgroup/{name}" for name in controllers]
        self.paths = [os.path.join(base, name) for base in bases]
        self.memory, self.cpu, self.used = (self.paths * 3)[:3]
        for path in self.paths:
            os.mkdir(path)

    @staticmethod
    def write(path, name, value):
        with open(os.path.join(path, name), "w", encoding="ascii") as f:
            f.write(str(value))

    @staticmethod
    def read(path, name):
        with open(os.path.join(path, name), encoding="ascii") as f:
            return f.read()

    def quota(self, cores):
        quota_us = int(cores * PERIOD_US)
        if self.v2:
            self.write(self.cpu, "cpu.max", f"{quota_us} {PERIOD_US}")
        else:
            self.write(self.cpu, "cpu.cfs_quota_us", quota_us)

    def heavy(self):
        """What others do on this machine must not decide: the quota does."""
        self.write(self.cpu, "cpu.weight" if self.v2 else "cpu.shares", 10000 if self.v2 else 262144)

    def add(self, pid):
        for path in self.paths:
            with open(os.path.join(path, "cgroup.procs"), "w", encoding="ascii") as f:
                f.write(str(pid))

    def used_s(self):
        if self.v2:
            return int(self.read(self.used, "cpu.stat").split()[1]) / 1e6
        return int(self.read(self.used, "cpuacct.usage")) / 1e9

    def memory_bytes(self):
        """Without what only lies in the page cache and can go."""
        used = int(self.read(self.memory, "memory.current" if self.v2 else "memory.usage_in_bytes"))
        stat = dict(line.split() for line in self.read(self.memory, "memory.stat").splitlines())
        return used - int(stat["inactive_file" if self.v2 else "total_inactive_file"])

    def limit_memory(self, limit):
        self.write(self.memory, "memory.max" if self.v2 else "memory.limit_in_bytes", int(limit))

    def is_left(self):
        """Ends whoever is still in it: workers outlive the process that started them."""
        pids = {int(pid) for path in self.paths for pid in self.read(path, "cgroup.procs").split()}
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not pids

    def remove(self):
        until(self.is_left, 20, "the control group is left")
        for path in self.paths:
            os.rmdir(path)


def start_in(group, words):
    """A process that is in the group from its first instruction on."""
    # ends with this program, should it be killed
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *words], stdin=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, preexec_fn=lambda: group.add(os.getpid()))


class Crowd:
    """Opens connections at random moments, `rate(seconds)` per second, whoever waits."""

    def __init__(self, rate):
        self.rate = rate
        self.answered = 0
        self.open = 0

    async def one(self):
        self.open += 1
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
            writer.write(b"GET /index.php HTTP/1.0\r\nHost: x\r\n\r\n")
            body = await reader.read(-1)
            self.answered += b" 200 " in body[:20]
            writer.close()
        except OSError:
            pass
        finally:
            self.open -= 1

    async def run(self, seconds):
        begin, due = time.monotonic(), time.monotonic()
        tasks = set()
        while (now := time.monotonic()) < begin + seconds:
            while due <= now:
                due += random.expovariate(self.rate(now - begin))
                if self.open > 200:
                    continue  # the queue is full enough
                task = asyncio.create_task(self.one())
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(max(due - time.monotonic(), 0))
        await asyncio.wait(tasks, timeout=10) if tasks else None


def drive(rate, seconds, group):
    """(answers per second, cores used) of the second half."""
    crowd = Crowd(rate)
    marks = []

    async def watch():
        await asyncio.sleep(seconds / 2)
        marks.append((time.monotonic(), crowd.answered, group.used_s()))
        await asyncio.sleep(seconds / 2 - 0.5)
        marks.append((time.monotonic(), crowd.answered, group.used_s()))

    async def both():
        await asyncio.gather(crowd.run(seconds), watch())

    asyncio.run(both())
    (t0, n0, u0), (t1, n1, u1) = marks
    return (n1 - n0) / (t1 - t0), (u1 - u0) / (t1 - t0)


def wave(low, high):
    return lambda s: low + (high - low) * (0.5 - 0.5 * math.cos(2 * math.pi * s / WAVE_S))


def learned(collector):
    capacity = collector.get("/api/v1/hosts/fe1")["capacity"]
    print(f"learned: {capacity}", flush=True)
    return capacity


def of_cpu(collector, group):
    """(what was learned, the traffic that truly fills the limit)"""
    full = QUOTA_CORES / REQUEST_S
    _, cores = drive(wave(full / 6, full / 2.2), LEARN_S, group)
    capacity = learned(collector)
    served, used = drive(lambda s: 1.6 * full, FULL_S, group)
    print(f"learning used {cores:.2f} cores at the end, full {used:.2f} of {QUOTA_CORES}, served {served:.1f}/s")
    return capacity, served * LIMIT * QUOTA_CORES / used


def of_memory(collector, group):
    """The same of the memory: a few requests at a time say what one holds."""
    drive(lambda s: HELD_WORKERS / HELD_S / 3, 10, group)  # every worker has been there
    time.sleep(2 * HELD_S)  # and what it held is free again: nothing tells when the last byte is
    base = group.memory_bytes()
    group.limit_memory((base + HELD_FULL * (HELD_MIB << 20)) / LIMIT)
    limit = (base + HELD_FULL * (HELD_MIB << 20)) / LIMIT
    full = HELD_FULL / HELD_S
    drive(wave(full / 6, full / 2.2), LEARN_S, group)
    capacity = learned(collector)
    foretold = (capacity.get("full_at") or {}).get("p50", 0)
    if not foretold:
        return capacity, full
    shares, crowd = [], Crowd(lambda s: foretold)

    async def watch():
        for second in range(30):
            await asyncio.sleep(1)
            if second > 5 * HELD_S:
                shares.append(group.memory_bytes() / limit)

    async def both():
        await asyncio.gather(crowd.run(30), watch())

    asyncio.run(both())
    share = statistics.mean(shares)
    print(f"first limit: {capacity['first_limit']}; the foretold {foretold:.1f}/s fill {share:.1%} of the memory")
    if "memory" not in capacity["first_limit"]:
        return {}, full
    return capacity, foretold * (LIMIT - base / limit) / (share - base / limit)


def measure(folder, mode):
    name = os.path.basename(folder)
    group = Group(f"plimsoll-bench-{name}")
    neighbour = Group(f"plimsoll-bench-{name}-neighbour") if mode == "neighbour" else None
    started, programs = [], []
    try:
        if mode != "memory":
            group.quota(QUOTA_CORES)
        group.heavy()
        fpm = sorted(glob.glob("/usr/sbin/php-fpm*"))[-1]
        started.append(start_in(group, [fpm, "-y", f"{folder}/fpm.conf", "-F", "-O"]))
        started.append(start_in(group, ["nginx", "-c", f"{folder}/nginx.conf", "-p", folder]))
        for _ in range(os.cpu_count() if neighbour else 0):
            started.append(start_in(neighbour, [sys.executable, "-c", BURN]))
        collector = Collector()
        programs.append(collector)
        collector.start()
        agent = Agent([collector.agents], host="fe1", pool="web",
                      config=f"agent:\n  service: /{group.name}\n  fast_interval: 1s\n")
        programs.append(agent)
        agent.start()
        until(lambda: os.path.exists(f"{folder}/fpm.sock"), 10, "php-fpm listens")
        until(lambda: collector.host("fe1"), 20, "fe1 is seen")
        return (of_memory if mode == "memory" else of_cpu)(collector, group)
    finally:
        for program in programs:
            program.close()
            program.forget()
        for left in filter(None, (group, neighbour)):
            left.remove()
        for process in started:
            process.wait()


def run(mode):
    """(ratio of foretold to true, is the truth inside the range); None if nothing was learned"""
    folder = tempfile.mkdtemp(prefix="pl-")
    os.chmod(folder, 0o755)  # PHP-FPM's workers are somebody else
    holds = mode == "memory"
    try:
        for name, text in (("index.php", HOLD.format(HELD_MIB, HELD_S) if holds else PAGE),
                           ("fpm.conf", FPM.format(folder, HELD_WORKERS if holds else WORKERS)),
                           ("nginx.conf", NGINX.format(folder, PORT))):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        capacity, truth = measure(folder, mode)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    range_of = capacity.get("full_at")
    if not range_of:
        print(f"run: {mode} nothing was learned of what ends it")
        return None
    inside = range_of["p10"] <= truth <= range_of["p90"]
    print(f"run: {mode} p10 {range_of['p10']:.1f} p50 {range_of['p50']:.1f} p90 {range_of['p90']:.1f} truth {truth:.1f} "
          f"{'inside' if inside else 'outside'} (load average of the machine {os.getloadavg()[0]:.1f})", flush=True)
    return range_of["p50"] / truth, inside


def run_inside():
    """This program again, in namespaces that end with it."""
    os.environ["PLIMSOLL_BENCH_NAMESPACE"] = "1"
    for left in glob.glob("/sys/fs/cgroup/**/plimsoll-bench-*", recursive=True):
        with contextlib.suppress(OSError):  # somebody else's, in use
            os.rmdir(left)
    inside = 'ip link set lo up && exec "$0" "$@"'
    started = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--pid", "--fork",
                                "--kill-child", "--mount-proc", "sh", "-c", inside, sys.executable,
                                *sys.argv])
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # it has heard that too, and cleans up
            return started.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", choices=GOALS, action="append")
    parser.add_argument("--runs", type=int, default=1)
    args = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("nginx") or not glob.glob("/usr/sbin/php-fpm*"):
        print("skipped: needs root, nginx and php-fpm")
        return SKIPPED
    if "PLIMSOLL_BENCH_NAMESPACE" not in os.environ:
        return run_inside()
    missed = False
    for mode in args.mode or ["alone"]:
        found = [run(mode) for _ in range(args.runs)]
        known = [one for one in found if one]
        if not known:
            missed = True
            continue
        ratio = statistics.median(ratio for ratio, _ in known)
        inside = sum(is_inside for _, is_inside in known)
        print(f"ratio: {ratio:.3f} foretold to true, {mode}; median of {len(found)}, {inside} inside p10 to p90; "
              f"goal within {GOALS[mode]:.0%}")
        missed = missed or len(known) < len(found) or abs(ratio - 1) > GOALS[mode]
    return missed


if __name__ == "__main__":
    sys.exit(main())
