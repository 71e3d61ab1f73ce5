#!/usr/bin/python3
"""service_capacity - what a real service takes, foretold from half of it by agent and collector.

nginx and PHP-FPM in a control group of their own with a CPU quota, driven with connections at
random moments between a sixth and half of what they can take. The agent watches the group, the
collector learns. Then the service is saturated, and the traffic that fills the limit of its CPU
(0.90 of the quota) is compared with what was foretold. Each request burns CPU *time*, not work: on
shared hardware only that has a truth. With --neighbour somebody in another group wants half of the
machine as well.

Runs in a network namespace of its own, because the agent counts all connections of its namespace.
Needs root, nginx, php-fpm and a tree of version 1 or 2 control groups; exits 77 (skipped) where one
of them is missing. Takes eight minutes. Prints a ratio: line, exits 1 when the goal is missed.
"""

import argparse
import asyncio
import glob
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/support"))
from programs import Agent, Collector, until  # noqa: E402 - the path comes first

SKIPPED = 77
PORT = 18080
LEARN_S, WAVE_S, FULL_S = 420, 210, 60
QUOTA_CORES = 0.5
LIMIT = 0.90
REQUEST_S = 0.0027  # of CPU, about; only the load that is offered depends on it
PERIOD_US = 100000
WORKERS = 20

PAGE = """<?php
function cpu() { $r = getrusage(); return $r['ru_utime.tv_sec'] * 1e6 + $r['ru_utime.tv_usec']
    + $r['ru_stime.tv_sec'] * 1e6 + $r['ru_stime.tv_usec']; }
$budget = 1500 + (crc32(microtime()) % 2000); $t = cpu(); $x = 0;
while (cpu() - $t < $budget) for ($i = 0; $i < 200; $i++) $x += $i;
echo str_repeat('x', 1000);
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
        bases = ["/sys/fs/cgroup"] if self.v2 else ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpuacct"]
        self.paths = list(dict.fromkeys(os.path.join(base, name) for base in bases))
        for path in self.paths:
            os.mkdir(path)

    def write(self, name, value):
        with open(os.path.join(self.paths[0], name), "w", encoding="ascii") as f:
            f.write(str(value))

    def quota(self, cores):
        quota_us = int(cores * PERIOD_US)
        if self.v2:
            self.write("cpu.max", f"{quota_us} {PERIOD_US}")
        else:
            self.write("cpu.cfs_quota_us", quota_us)

    def heavy(self):
        """What others do on this machine must not decide: the quota does."""
        self.write("cpu.weight" if self.v2 else "cpu.shares", 10000 if self.v2 else 262144)

    def add(self, pid):
        for path in self.paths:
            with open(os.path.join(path, "cgroup.procs"), "w", encoding="ascii") as f:
                f.write(str(pid))

    def used_s(self):
        if self.v2:
            with open(os.path.join(self.paths[0], "cpu.stat"), encoding="ascii") as f:
                return int(f.readline().split()[1]) / 1e6
        with open(os.path.join(self.paths[-1], "cpuacct.usage"), encoding="ascii") as f:
            return int(f.read()) / 1e9

    def remove(self):
        for path in self.paths:
            until(lambda p=path: not open(os.path.join(p, "cgroup.procs"), encoding="ascii").read(),
                  10, "the control group is left")
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


def measure(folder, with_neighbour):
    group = Group(f"plimsoll-bench-{os.getpid()}")
    neighbour = Group(f"plimsoll-bench-{os.getpid()}-neighbour") if with_neighbour else None
    started, programs = [], []
    try:
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

        full = QUOTA_CORES / REQUEST_S
        low, high = full / 6, full / 2.2
        _, cores = drive(lambda s: low + (high - low) * (0.5 - 0.5 * math.cos(2 * math.pi * s / WAVE_S)),
                         LEARN_S, group)
        host = collector.get("/api/v1/hosts/fe1")
        capacity = host["capacity"]
        print(f"learned: {capacity}")
        served, used = drive(lambda s: 1.6 * full, FULL_S, group)
        truth = served * LIMIT * QUOTA_CORES / used
        print(f"learning used {cores:.2f} cores at the end, full {used:.2f} of {QUOTA_CORES}, "
              f"served {served:.1f}/s")
        return capacity.get("full_at"), truth
    finally:
        for program in programs:
            program.close()
            program.forget()
        for process in started:
            process.terminate()
        for process in started:
            process.wait(10)
        for left in filter(None, (group, neighbour)):
            left.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neighbour", action="store_true")
    args = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("nginx") or not glob.glob("/usr/sbin/php-fpm*"):
        print("skipped: needs root, nginx and php-fpm")
        return SKIPPED
    if "PLIMSOLL_BENCH_NAMESPACE" not in os.environ:
        os.environ["PLIMSOLL_BENCH_NAMESPACE"] = "1"
        inside = 'ip link set lo up && exec "$0" "$@"'
        os.execvp("unshare", ["unshare", "--net", "sh", "-c", inside, sys.executable, *sys.argv])
    folder = tempfile.mkdtemp(prefix="pl-")
    os.chmod(folder, 0o755)  # PHP-FPM's workers are somebody else
    try:
        for name, text in (("index.php", PAGE), ("fpm.conf", FPM.format(folder, WORKERS)),
                           ("nginx.conf", NGINX.format(folder, PORT))):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        learned, truth = measure(folder, args.neighbour)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    load = os.getloadavg()[0]
    print(f"truth: {truth:.1f}/s fill {LIMIT:.0%} of the quota (load average of the machine {load:.1f})")
    if not learned:
        print("ratio: unknown, nothing was learned")
        return 1
    ratio = learned["p50"] / truth
    goal = 0.10 if args.neighbour else 0.05
    inside = learned["p10"] <= truth <= learned["p90"]
    print(f"ratio: {ratio:.3f} foretold to true ({learned['p10']:.1f} to {learned['p90']:.1f}, "
          f"truth {'inside' if inside else 'outside'}); goal within {goal:.0%}")
    return abs(ratio - 1) > goal


if __name__ == "__main__":
    sys.exit(main())
