"""Faster samples in the minutes before saturation: asked for by the collector, or by the kernel."""

import contextlib
import multiprocessing
import os
import resource
import time

import pytest

from programs import Agent, until

FAST = "250ms"  # what the fixtures switch off
FAST_FOR_SECONDS = 30  # PL_PACE_FOR_MS, FAST_FOR_MS of the agent
MEMORY_KB = 4096000


def taken(collector):
    return collector.get("/api/v1/self")["samples"]["accepted"]


def pace(collector, seconds=2.5):
    """Samples a second that arrive now."""
    first, begun = taken(collector), time.monotonic()
    until(lambda: time.monotonic() - begun >= seconds, seconds + 5, "time passes")
    return (taken(collector) - first) / (time.monotonic() - begun)


class Machine:
    """A machine whose processors stand still and whose memory is as full as the test says."""

    def __init__(self, folder):
        self.meminfo = folder / "meminfo"
        self.stat = folder / "stat"
        self.stat.write_text("cpu  1 0 1 98\ncpu0 1 0 1 98\nbtime 1777777777\n", encoding="ascii")
        self.meminfo.write_text("", encoding="ascii")
        self.use(0.4)

    def use(self, share):
        text = f"MemTotal: {MEMORY_KB:9d} kB\nMemAvailable: {int(MEMORY_KB * (1 - share)):9d} kB\n"
        with open(self.meminfo, "r+", encoding="ascii") as f:
            f.write(text)  # as long as before: a reader never sees half of it

    def prefix(self):
        """Words in front of a command that sees this machine. Its mounts are its own."""
        binds = "; ".join(f"mount --bind {path} /proc/{path.name}" for path in (self.meminfo, self.stat))
        return ["unshare", "--mount", "sh", "-ec", f'{binds}; exec "$@"', "sh"]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def start_on(programs, start_collector, machine):
    """An agent that sees `machine`, beside a collector; whatever this machine's real pressure is."""
    def start():
        collector = start_collector(f"collector: {{fast_interval: {FAST}}}\n")
        agent = Agent([collector.agents])
        agent.prefix = machine.prefix()
        programs.append(agent)
        agent.start()
        until(lambda: collector.host("fe1"), 10, "a sample of fe1")
        return collector
    return start


@pytest.mark.alone  # the full accept queue of another test is this host's trouble as well
def test_a_host_over_a_warning_is_sampled_faster_and_then_no_more(machine, start_on):
    collector = start_on()
    until(lambda: pace(collector) < 1.7, 10, "one sample a second")
    machine.use(0.8)
    until(lambda: pace(collector, 1.5) >= 3.3, 10, "four samples a second")
    assert collector.get("/api/v1/self")["agents"]["directives"] == 1
    machine.use(0.4)
    until(lambda: pace(collector) < 1.7, FAST_FOR_SECONDS + 10, "one sample a second again")
    host = collector.host("fe1")
    assert host["interval_ms"] == 1000 and host["state"] == "ok"


@contextlib.contextmanager
def crowded():
    """More runnable processes than processors."""
    def spin():
        resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
        while True:
            pass
    spinners = [multiprocessing.Process(target=spin, daemon=True) for _ in range(2 * (os.cpu_count() or 1))]
    for spinner in spinners:
        spinner.start()
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.join()


def may_watch_pressure():
    """Whether this kernel lets programs without CAP_SYS_RESOURCE ask for triggers."""
    try:
        with open("/proc/pressure/cpu", "r+b", buffering=0) as f:
            f.write(b"some 600000 2000000\0")
        return True
    except OSError:
        return False


def test_pressure_alone_makes_samples_faster(start_collector, start_agent):
    collector = start_collector()  # it asks nobody
    agent = start_agent([collector.agents], config=f"agent: {{log_level: debug, fast_interval: {FAST}}}\n")
    until(lambda: collector.host("fe1"), 10, "a sample of fe1")
    with crowded():
        if may_watch_pressure():
            assert agent.event("hastened")["interval_ms"] == "250"
            until(lambda: pace(collector, 1.5) >= 3.3, 10, "four samples a second")
        else:
            print("this kernel refuses triggers: the agent goes on without them")
            agent.event("pressure_unwatched")
            assert pace(collector) < 1.7
    assert collector.get("/api/v1/self")["agents"]["directives"] == 0


def test_without_a_collector_nothing_is_hastened(start_collector, start_agent):
    """The spool reaches as far back as it was promised: samples come as slowly as they are counted."""
    collector = start_collector()
    agent = start_agent([collector.agents], config=f"agent: {{fast_interval: {FAST}}}\n")
    until(lambda: collector.host("fe1"), 10, "a sample of fe1")
    collector.stop()
    begun = time.monotonic()
    with crowded():
        until(lambda: time.monotonic() - begun > 6, 10, "six seconds of pressure")
    collector.start()
    resent = until(lambda: [line for line in agent.log().splitlines() if "event=connected" in line][1:],
                   30, "the agent comes back")
    kept = int(resent[0].split("resend=")[1].split()[0])
    assert 5 <= kept <= time.monotonic() - begun + 3
