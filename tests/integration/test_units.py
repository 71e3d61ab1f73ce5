"""The units of conf/, and what the programs tell systemd."""

import os
import re
import signal
import socket
import subprocess
import time

import pytest

from programs import BUILD, ROOT, Agent, until

CONF = os.path.join(ROOT, "conf")
EXPOSURE_MAX = 2.0  # of 10, as systemd-analyze counts
WATCHDOG_SECONDS = 1


class Manager:
    """The end of sd_notify(3) that systemd holds."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setblocking(False)
        self.said = []

    def hear(self):
        while True:
            try:
                self.said.append((time.monotonic(), self.socket.recv(4096).decode()))
            except BlockingIOError:
                return self.said

    def assignments(self):
        return [line for _, text in self.hear() for line in text.split("\n")]

    def fed(self):
        return [at for at, text in self.hear() if text == "WATCHDOG=1"]


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """Programs that start now are children of systemd, with a watchdog."""
    manager = Manager(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", str(WATCHDOG_SECONDS * 1000000))
    yield manager
    manager.socket.close()


def hears(manager, word):
    until(lambda: word in manager.assignments(), 10, f"systemd hears {word}")


def test_the_agent_speaks_to_systemd(collector, manager, programs):
    agent = Agent([collector.agents], config="agent: {interval: 200ms}\n")
    programs.append(agent)
    agent.start()
    hears(manager, "READY=1")
    hears(manager, "STATUS=streaming to a collector")
    begun = time.monotonic()
    until(lambda: len([at for at in manager.fed() if at > begun]) >= 8, 10, "it feeds the watchdog")
    assert time.monotonic() - begun > 1.5  # four times a second, not with each sample
    assert not any(word.startswith("WATCHDOG_USEC") for word in manager.assignments())
    with open(f"/proc/{agent.pid}/environ", "rb") as f:
        assert b"NOTIFY_SOCKET" in f.read()  # it was there when it started
    collector.stop()
    hears(manager, "STATUS=no collector: samples are kept")
    agent.stop()
    assert manager.assignments()[-1] == "STOPPING=1"


def test_a_long_interval_stretches_the_watchdog(collector, manager, programs):
    agent = Agent([collector.agents], config="agent: {interval: 2s}\n")
    programs.append(agent)
    agent.start()
    hears(manager, "WATCHDOG=1")
    said = manager.assignments()
    assert said.index("WATCHDOG_USEC=6000000") < said.index("WATCHDOG=1")


def test_the_collector_speaks_to_systemd(manager, start_collector):
    collector = start_collector()
    hears(manager, "READY=1")
    until(lambda: len(manager.fed()) >= 2, 10, "it feeds the watchdog")
    assert collector.stop() == 0
    assert manager.assignments()[-1] == "STOPPING=1"


def test_a_loop_that_hangs_starves_the_watchdog(manager, start_collector):
    collector = start_collector()
    until(manager.fed, 10, "it feeds the watchdog")
    collector.signal(signal.SIGSTOP)
    until(lambda: True, 1, "it has stopped")
    count = len(manager.fed())
    begun = time.monotonic()
    until(lambda: time.monotonic() - begun > 2.5, 5, "time passes")
    assert len(manager.fed()) <= count + 1  # one may have been on its way
    collector.signal(signal.SIGCONT)
    until(lambda: len(manager.fed()) > count + 1, 10, "it feeds the watchdog again")


@pytest.mark.parametrize("program", ["agent", "collector"])
def test_units(program, tmp_path):
    with open(f"{CONF}/plimsoll-{program}.service", encoding="utf-8") as f:
        unit = f.read()
    binary = f"/usr/bin/plimsoll-{program}"
    assert f"ExecStart={binary} " in unit
    copy = tmp_path / f"plimsoll-{program}.service"
    copy.write_text(unit.replace(binary, f"{BUILD}/{program}/plimsoll-{program}"), encoding="utf-8")
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", str(copy)],
                              capture_output=True, text=True, timeout=60, check=False)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    rated = subprocess.run(["systemd-analyze", "security", "--offline=true", str(copy)],
                           capture_output=True, text=True, timeout=60, check=False)
    exposure = float(re.search(r"Overall exposure level for [^:]*: ([0-9.]+)", rated.stdout).group(1))
    print(f"exposure of plimsoll-{program}.service: {exposure}")
    assert exposure <= EXPOSURE_MAX


def test_the_users_of_the_units_are_made():
    with open(f"{CONF}/plimsoll.sysusers", encoding="utf-8") as f:
        made = re.findall(r"^u (\S+) ", f.read(), re.MULTILINE)
    for program in "agent", "collector":
        with open(f"{CONF}/plimsoll-{program}.service", encoding="utf-8") as f:
            assert re.search(r"^User=(\S+)$", f.read(), re.MULTILINE).group(1) in made
    checked = subprocess.run(["systemd-sysusers", "--dry-run", f"{CONF}/plimsoll.sysusers"],
                             capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stderr
