"""The watched service of a real agent: its processor time beside a busy neighbour, its workers that
die, its restart, its open files, its control group. What it should be is read from the kernel by this
file, in another way."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time

import pytest

from programs import until

# Listens on a port of its own or the one given. Forks one worker per share of a processor that it
# burns, for so many seconds (0: until the end), and forks another when one has died.
SERVER = """
import os, signal, socket, sys, time
port, life, files, *shares = sys.argv[1:]
listener = socket.create_server(("127.0.0.1", int(port)))
held = [os.dup(0) for _ in range(int(files))]
signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
def burn(share):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end = time.monotonic() + (float(life) or 1e9)
    while time.monotonic() < end:
        start, used = time.monotonic(), time.process_time()
        while time.process_time() - used < 0.05 * share:
            pass
        time.sleep(max(0, start + 0.05 - time.monotonic()))
    os._exit(0)
def work(share):
    pid = os.fork()
    if pid == 0:
        burn(share)
    return pid
workers = {work(float(s)): float(s) for s in shares}
print(listener.getsockname()[1], flush=True)
while True:
    if workers:
        share = workers.pop(os.wait()[0])
        workers[work(share)] = share
    else:
        signal.pause()
"""
TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
GROUPS = "/sys/fs/cgroup"


class Server:
    """A server with its workers, in a session of its own."""

    def __init__(self, shares=(), port=0, life=0, files=0, **options):
        self.command = [sys.executable, "-c", SERVER]
        self.arguments = [str(life), str(files), *map(str, shares)]
        self.options = options
        self.start(port)

    def start(self, port):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen([*self.command, str(port), *self.arguments], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True, start_new_session=True, **self.options)
        self.port = int(self.process.stdout.readline())
        self.pid = self.process.pid

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def used_seconds(self):
        """Of the master, its workers, and those it has waited for: proc(5), fields 14 to 17."""
        pids = [self.pid]
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as f:
            pids += map(int, f.read().split())
        ticks = 0
        for pid in pids:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                    ticks += sum(map(int, f.read().rpartition(")")[2].split()[11:15]))
        return ticks * TICK_SECONDS


@pytest.fixture
def start_server():
    servers = []

    def start(*arguments, **options):
        servers.append(Server(*arguments, **options))
        return servers[-1]
    yield start
    for server in servers:
        server.end()


@pytest.fixture
def watch(collector, start_agent):
    def start(service):
        start_agent([collector.agents], config=f"agent: {{service: {service}, interval: 200ms}}\n")
    return start


def metric(collector, name):
    return (collector.host("fe1") or {"metrics": {}})["metrics"].get(f"service.{name}")


def found(collector, source):
    service = (collector.host("fe1") or {}).get("service")
    return service if service and service["source"] == source else None


def average(collector, seconds, name="cpu"):
    """Of the samples within `seconds`, each counted once; none of them may lack the value."""
    values = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        host = collector.host("fe1")
        values[host["last_sample"]] = host["metrics"][f"service.{name}"]
        time.sleep(0.03)
    assert all(0 <= value <= 1 for value in values.values()), values
    return sum(values.values()) / len(values)


def compare_cpu(collector, server, seconds):
    """What the agent tells of that time, and what the kernel does."""
    used, start = server.used_seconds(), time.monotonic()
    told = average(collector, seconds)
    share = (server.used_seconds() - used) / (time.monotonic() - start) / os.cpu_count()
    assert share > 0.03, "a service that does nothing proves nothing"
    return told, share


def check_cpu(collector, server, seconds):
    told, share = compare_cpu(collector, server, seconds)
    assert told == pytest.approx(share, rel=0.1)


def test_a_service_beside_a_busy_neighbour(collector, watch, start_server):
    neighbour = start_server([0.6])
    server = start_server([0.1, 0.15])
    watch(server.port)
    service = until(lambda: found(collector, f"processes below {server.pid}"), 10, "the service")
    assert service["address"] == f"127.0.0.1:{server.port}"
    with open(f"/proc/{server.pid}/comm", encoding="ascii") as comm:
        assert service["name"] == comm.read().strip()
    until(lambda: metric(collector, "cpu") is not None, 5, "a rate")
    check_cpu(collector, server, 5)
    busy = collector.host("fe1")["metrics"]["cpu.busy"]
    assert busy - metric(collector, "cpu") > 0.15, "the neighbour is in cpu.busy only"
    assert neighbour.used_seconds() > 1
    assert metric(collector, "cpu.weight") is None, "no group of its own, no weight"


def test_workers_that_die_take_nothing_away(collector, watch, start_server):
    server = start_server([0.2, 0.2], life=1.5)
    watch(server.port)
    until(lambda: metric(collector, "cpu") is not None, 10, "a rate")
    check_cpu(collector, server, 8)


def test_children_too_short_to_be_seen(collector, watch, start_server):
    """Like CGI scripts: a survey finds their time, late, with those who waited for them."""
    server = start_server([0.5], life=0.06)
    watch(server.port)
    until(lambda: metric(collector, "cpu") is not None, 10, "a rate")

    def is_whole():
        told, share = compare_cpu(collector, server, 3)
        return told == pytest.approx(share, rel=0.1)
    until(is_whole, 30, "what the looks have missed")


def test_a_restart_is_found(collector, watch, start_server):
    server = start_server([0.2])
    watch(server.port)
    until(lambda: found(collector, f"processes below {server.pid}"), 10, "the service")
    old = server.pid
    server.end()
    until(lambda: "service" not in collector.host("fe1"), 5, "that it is gone")
    until(lambda: metric(collector, "cpu") is None, 5, "nothing in its place")
    server.start(server.port)
    assert server.pid != old
    until(lambda: found(collector, f"processes below {server.pid}"), 20, "the service again")
    until(lambda: metric(collector, "cpu") is not None, 5, "a rate again")
    check_cpu(collector, server, 3)


def test_open_files_of_a_lowered_limit(collector, watch, start_server):
    server = start_server(files=70, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)))
    watch(server.port)
    until(lambda: metric(collector, "files"), 10, "its open files")
    assert metric(collector, "files") == len(os.listdir(f"/proc/{server.pid}/fd")) / 100


def test_a_collector_that_begins_anew_is_told_again(collector, watch, start_server):
    server = start_server()
    watch(server.port)
    source = f"processes below {server.pid}"
    until(lambda: found(collector, source), 10, "the service")
    collector.kill()
    collector.start()
    until(lambda: found(collector, source), 30, "the service, told to the next one")


def test_none_is_watched_unless_it_should_be(collector, watch, start_server):
    server = start_server([0.1])
    watch("none")
    until(lambda: "cpu.busy" in (collector.host("fe1") or {"metrics": {}})["metrics"], 5, "two samples")
    assert server.used_seconds() > 0
    assert "service" not in collector.host("fe1") and metric(collector, "cpu") is None


class Group:
    """A control group of version 1 or 2, for the server alone."""

    def __init__(self, limit, weight):
        self.name = f"pl-test-{os.getpid()}"
        self.is_v1 = os.path.exists(f"{GROUPS}/cpu/cpu.shares")
        trees = ["cpu", "cpuacct"] if self.is_v1 else ["."]
        self.folders = []
        for folder in [os.path.join(GROUPS, tree, self.name) for tree in trees]:
            try:
                os.mkdir(folder)
            except OSError as reason:
                pytest.skip(f"no control group can be made here: {reason}")
            self.folders.append(folder)
        self.has_cpu = os.path.exists(f"{self.folders[0]}/{'cpu.shares' if self.is_v1 else 'cpu.weight'}")
        if self.has_cpu and self.is_v1:
            self.put("cpu.cfs_quota_us", int(limit * 100000))
            self.put("cpu.shares", int(weight * 1024 / 100))
        elif self.has_cpu:
            self.put("cpu.max", f"{int(limit * 100000)} 100000")
            self.put("cpu.weight", weight)

    def put(self, name, value):
        with open(f"{self.folders[0]}/{name}", "w", encoding="ascii") as f:
            f.write(str(value))

    def enter(self):
        for folder in self.folders:
            with open(f"{folder}/cgroup.procs", "w", encoding="ascii") as f:
                f.write(str(os.getpid()))

    def used_seconds(self):
        if self.is_v1:
            with open(f"{self.folders[1]}/cpuacct.usage", encoding="ascii") as f:
                return int(f.read()) / 1e9
        with open(f"{self.folders[0]}/cpu.stat", encoding="ascii") as f:
            return int(dict(line.split() for line in f)["usage_usec"]) / 1e6

    def remove(self):
        for folder in self.folders:
            until(lambda at=folder: not open(f"{at}/cgroup.procs", encoding="ascii").read(), 5, "an empty group")
            os.rmdir(folder)


@pytest.fixture
def group():
    made = Group(limit=0.1, weight=50)
    yield made
    made.remove()


def test_a_control_group_of_its_own(collector, watch, group, start_server):
    server = start_server([0.9], preexec_fn=group.enter)
    start_server([0.3])  # a neighbour
    watch(server.port)
    until(lambda: found(collector, f"cgroup /{group.name}"), 10, "the group")
    until(lambda: metric(collector, "cpu") is not None, 5, "a rate")
    check_cpu(collector, group, 5)
    if group.has_cpu:  # the controller may not be delegated
        assert metric(collector, "cpu.limit") == pytest.approx(0.1 / os.cpu_count(), rel=0.01)
        assert metric(collector, "cpu.weight") == 50
        until(lambda: metric(collector, "cpu.throttled") > 0.4, 15, "that it is held back")
    server.end()
    until(lambda: "service" not in collector.host("fe1"), 15, "that it is gone")
