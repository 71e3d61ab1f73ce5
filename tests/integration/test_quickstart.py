"""conf/quickstart as an operator meets it: up with one command, and nothing left behind."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import pytest
from programs import BUILD, ROOT, pids_of, until

QUICKSTART = os.path.join(ROOT, "conf", "quickstart")


class Run:
    """One quickstart in a process group of its own, as a terminal would start it."""

    def __init__(self, state, *options):
        self.state = state
        self.out = tempfile.TemporaryFile("w+")
        self.err = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([QUICKSTART, "--state", state, *options], stdout=self.out,
                                        stderr=self.err, stdin=subprocess.DEVNULL,
                                        start_new_session=True)

    def text(self, file):
        with os.fdopen(os.dup(file.fileno())) as f:
            f.seek(0)
            return f.read()

    def ready(self):
        """The address of the page, once it is printed."""
        def address():
            assert self.process.poll() is None, self.text(self.err)
            return re.search(r"^ready: (http://\S+)$", self.text(self.out), re.MULTILINE)
        return until(address, 60, "quickstart prints ready:")[1]

    def ctrl_c(self):
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)

    def wait(self):
        return self.process.wait(60)


@pytest.fixture
def state():
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        yield folder
        left = pids_of(folder)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert not left, "quickstart left processes behind"


def nothing_left(state):
    until(lambda: not pids_of(state), 15, "every process of quickstart has ended")


def test_once_exits_0_with_the_first_sample(state):
    run = Run(state, "--once", "--port", "0")
    assert run.wait() == 0, run.text(run.err)
    nothing_left(state)


def test_a_second_run_is_quick(state):
    assert Run(state, "--once", "--port", "0").wait() == 0
    start = time.monotonic()
    assert Run(state, "--once", "--port", "0").wait() == 0
    print(f"second run, from start to end: {time.monotonic() - start:.2f} s")


def test_ctrl_c_stops_all_of_it(state):
    run = Run(state, "--port", "0")
    address = run.ready()
    with urllib.request.urlopen(address + "healthz", timeout=5) as answer:
        assert answer.status == 200
    link = until(lambda: re.search(r"^Log in: (\S+)/login.html#link=(\w+) ", run.text(run.out), re.MULTILINE), 5,
                 "the way in is printed")
    assert link[1] + "/" == address
    request = urllib.request.Request(address + "api/v1/session", json.dumps({"link": link[2]}).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert json.load(answer)["role"] == "admin"
    assert len(pids_of(state)) >= 4, "quickstart, collector, Redis, agent"
    assert run.ctrl_c() == 0
    nothing_left(state)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.4, 0.6, 0.8, 1.2])
def test_stopped_in_the_middle_of_the_start(state, seconds):
    run = Run(state, "--port", "0")
    time.sleep(seconds)  # any moment will do: the promise holds at each
    run.process.terminate()
    assert run.wait() in (0, 128 + signal.SIGTERM, -signal.SIGTERM)
    nothing_left(state)


def test_a_collector_that_is_stopped_while_it_starts_leaves_no_redis(state):
    config = os.path.join(state, "c.yaml")
    with open(config, "w", encoding="utf-8") as f:
        f.write(f"collector:\n  agents: 127.0.0.1:0\n  http: 127.0.0.1:0\n  state: {state}/data\n")
    program = os.path.join(BUILD, "collector", "plimsoll-collector")
    with subprocess.Popen([program, "--config", config], stderr=subprocess.PIPE, text=True) as collector:
        assert any("event=redis_server_started" in line for line in collector.stderr)
        collector.terminate()
        collector.stderr.read()
    assert collector.returncode == 0
    nothing_left(state)


def test_killed_it_takes_everything_along(state):
    run = Run(state, "--port", "0")
    run.ready()
    run.process.kill()
    run.wait()
    nothing_left(state)


@pytest.mark.parametrize("options, expect", [
    (["--surprise"], "there is no option '--surprise'"),
    (["--port"], "--port needs a value"),
    (["--port", "70000"], "'70000' is not a port number"),
    (["--port", "http"], "'http' is not a port number"),
    (["--speed", "9"], "--shape, --speed and --full belong to --surge"),
])
def test_wrong_options_show_the_usage(state, options, expect):
    run = Run(state, *options)
    assert run.wait() == 2
    assert expect in run.text(run.err).splitlines()[-1], "the reason is not buried"
    assert "usage: conf/quickstart" in run.text(run.err)
    assert run.text(run.out) == ""


def test_help_is_data(state):
    run = Run(state, "--help")
    assert run.wait() == 0
    assert run.text(run.out).startswith("usage: conf/quickstart")


def test_a_port_in_use_is_named(state):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = Run(state, "--once", "--port", str(taken.getsockname()[1]))
        assert run.wait() == 1
    assert "a port is taken" in run.text(run.err)
    nothing_left(state)


def test_one_state_directory_one_quickstart(state):
    first = Run(state, "--port", "0")
    first.ready()
    second = Run(state, "--port", "0")
    assert second.wait() == 1
    assert f"another quickstart runs in {state} (pid {first.process.pid})" in second.text(second.err)
    assert first.ctrl_c() == 0


PAGE = r"^ *(\d+):(\d\d)  \*\*\* \[PAGE\] shop: (.* \(limit 50 %\) .*)$"
FULL = r"^ *(\d+):(\d\d)  --- FULL: .*, (\d+) s after the page$"


def test_surge_pages_before_the_front_ends_are_full(state):
    run = Run(state, "--port", "0", "--surge")
    address = run.ready()

    def told(pattern):
        assert run.process.poll() is None, run.text(run.err)
        return re.search(pattern, run.text(run.out), re.MULTILINE)

    # The crossing is 78 s after the start of the load: the page must be there before it.
    page = until(lambda: told(PAGE), 100, "the page")
    with open(os.path.join(state, "surge", "token"), encoding="ascii") as f:
        bearer = {"Authorization": "Bearer " + f.read().strip()}
    request = urllib.request.Request(address + "api/v1/alerts", headers=bearer)
    with urllib.request.urlopen(request, timeout=5) as answer:
        alerts = {a["id"]: a for a in json.load(answer)["alerts"]}
    assert alerts["limit/shop"]["tier"] == "page"
    full = until(lambda: told(FULL), 100, "the moment when a front end is full")
    page_s, full_s = (int(m[1]) * 60 + int(m[2]) for m in (page, full))
    assert page_s < full_s and int(full[3]) >= 10, run.text(run.out)
    assert full_s < 120, "it is seen within two minutes"
    print(f"page {full_s - page_s} s before the front ends are full, {page_s} s after the start")
    assert "Nobody is on call" in run.text(run.out)
    assert run.ctrl_c() == 0
    nothing_left(state)


def test_surge_with_a_trace_of_ones_own_and_once(state):
    trace = os.path.join(state, "trace.csv")
    with open(trace, "w", encoding="ascii") as f:
        f.write("timestamp,value\n1998-06-10 12:00:00,300\n1998-06-10 12:01:00,330\n")
    options = ("--once", "--port", "0", "--surge", "--shape", trace, "--speed", "60", "--full", "1000")
    for _ in range(2):  # the second time over the data of the first
        run = Run(state, *options)
        assert run.wait() == 0, run.text(run.err)
        nothing_left(state)


def test_a_shape_that_cannot_be_read_is_told(state):
    trace = os.path.join(state, "trace.csv")
    with open(trace, "w", encoding="ascii") as f:
        f.write("timestamp,value\n1998-06-10 12:00:00,many\n")
    run = Run(state, "--once", "--port", "0", "--surge", "--shape", trace)
    assert run.wait() == 1
    assert "line 2 does not end with a number" in run.text(run.err)
    nothing_left(state)


def test_conf_is_read_after_the_generated_file(state):
    extra = os.path.join(state, "extra.yaml")
    with open(extra, "w", encoding="utf-8") as f:
        f.write("collector:\n  htttp: 127.0.0.1:0\n")
    run = Run(state, "--once", "--port", "0", "--conf", extra)
    assert run.wait() == 1
    first, last = run.text(run.err).splitlines()
    assert first.startswith(f"{extra}:2:"), "the collector's own words reach the terminal"
    assert "the configuration is wrong" in last
    with open(extra, "w", encoding="utf-8") as f:
        f.write("pools:\n  local: {}\n")
    run = Run(state, "--once", "--port", "0", "--conf", extra)
    assert run.wait() == 0, run.text(run.err)
