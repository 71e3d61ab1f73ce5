"""A page on its way: the collector dies between any two of its steps, or five hundred hosts fail at once.

    decided -> written down -> sent -> answered -> marked

Each step has a pool of its own, told to an Alertmanager webhook and to PagerDuty, so that one
collector with all its deaths is enough.
"""

import os
import signal
import socket
import subprocess
import time

import pytest

import programs
from programs import until
from receiver import Receiver
from stand_in import Host

STEPS = ("decided", "written", "sent", "answered", "marked")
PAGE_S = 10     # from a load, or a start, to the page
RESOLVE_S = 60  # from calm to the resolve: the grace time after a start is in it
SETTLE_S = 3    # how long a test watches for a page too many
KEY = "0123456789abcdef0123456789abcdef"
POOLS, HOSTS, STORM_S, RETRY_AFTER_S = 10, 500, 7, 2
UNDER_WAY_MAX = 4  # PL_PAGES_SENDING_TARGET_MAX


class Wall:
    """A port where nobody ever gets in: its queue of connections is full."""

    def __init__(self):
        self.door = socket.socket()
        self.door.bind(("127.0.0.1", 0))
        self.door.listen(0)
        self.port = self.door.getsockname()[1]
        self.waiting = [socket.socket() for _ in range(4)]
        for client in self.waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", self.port))

    def tear_down(self):
        for one in (*self.waiting, self.door):
            one.close()


class Scene:
    """A collector, one host, one pager's inbox and two targets per step."""

    def __init__(self, start_collector, folder):
        self.wall = Wall()
        self.inboxes = {step: Receiver().__enter__() for step in STEPS if step != "written"}
        ports = {step: inbox.port for step, inbox in self.inboxes.items()} | {"written": self.wall.port}
        key = folder / "key"
        key.write_text(KEY + "\n")
        key.chmod(0o600)
        targets = [f"  am-{step}: {{type: alertmanager, url: 'http://127.0.0.1:{port}/hook'}}\n"
                   f"  pd-{step}: {{type: pagerduty, url: 'http://127.0.0.1:{port}/', routing_key_file: {key}}}\n"
                   for step, port in ports.items()]
        pools = [f"  {step}: {{notify: [am-{step}, pd-{step}]}}\n" for step in STEPS]
        self.collector = start_collector("rules:\n  limit: {cpu: 0.90, warn: 0.75, hold: 0s, clear: 1s}\n"
                                         "notifiers:\n" + "".join(targets) + "pools:\n" + "".join(pools))
        self.hosts = {step: Host(self.collector.agents, "h-" + step, step).__enter__() for step in STEPS}
        for step in STEPS:
            until(lambda name="h-" + step: self.collector.host(name), 5, "a sample of each host")

    def close(self):
        for host in self.hosts.values():
            host.__exit__()
        for inbox in self.inboxes.values():
            inbox.__exit__()
        self.wall.tear_down()

    @property
    def redis_dir(self):
        return os.path.join(self.collector.data, "redis")

    def redis_pid(self):
        (pid,) = programs.pids_of(self.redis_dir)
        return pid

    def written_pages(self):
        """How many pages are written down as not delivered."""
        done = subprocess.run(["redis-cli", "-s", os.path.join(self.redis_dir, "redis.sock"), "HLEN", "pl:outbox"],
                              check=True, stdout=subprocess.PIPE, text=True)
        return int(done.stdout)

    def heat(self, step):
        self.hosts[step].cpu = 0.97

    def die_and_come_back(self):
        self.collector.kill()
        self.collector.start()

    def told(self, step, want="firing"):
        """The requests both providers of that step have accepted: by path."""
        found = {}
        for request in self.inboxes[step].delivered():
            if request["what"] == want:
                found.setdefault(request["path"], []).append(request)
        return found

    def wait_told(self, step, want="firing", seconds=PAGE_S):
        until(lambda: len(self.told(step, want)) == 2, seconds, f"both pagers of {step} hear {want}")

    def log_has(self, event, step, count):
        return sum(f"event={event} " in line and f"alert=limit/{step} " in line
                   for line in self.collector.log().splitlines()) >= count


@pytest.fixture
def scene(start_collector, tmp_path):
    made = Scene(start_collector, tmp_path)
    yield made
    made.close()


def test_killed_between_any_two_steps(scene):
    # Decided, and Redis cannot be asked to write anything down.
    redis = scene.redis_pid()
    os.kill(redis, signal.SIGSTOP)
    scene.heat("decided")
    until(lambda: scene.log_has("alert_open", "decided", 1), PAGE_S, "the alert opens")
    scene.collector.kill()
    os.kill(redis, signal.SIGCONT)
    scene.collector.start()
    scene.wait_told("decided")

    # Written down, and not a byte of it is sent.
    scene.heat("written")
    until(lambda: scene.written_pages() == 2, PAGE_S, "two pages are written down")
    scene.collector.kill()
    scene.wall.tear_down()
    scene.inboxes["written"] = Receiver(port=scene.wall.port).__enter__()
    scene.collector.start()
    scene.wait_told("written")

    # Sent, and no answer yet.
    scene.inboxes["sent"].set_script("hang")
    scene.heat("sent")
    scene.inboxes["sent"].wait_for(2, PAGE_S)
    scene.collector.kill()
    scene.inboxes["sent"].set_script("200")
    scene.collector.start()
    scene.wait_told("sent")

    # Answered, and nobody writes down that it was: Redis dies with what it was to read.
    scene.inboxes["answered"].set_script("late")
    scene.heat("answered")
    scene.inboxes["answered"].wait_for(2, PAGE_S)
    redis = scene.redis_pid()
    os.kill(redis, signal.SIGSTOP)
    until(lambda: scene.log_has("page_sent", "answered", 2), PAGE_S, "both answers are there")
    scene.collector.kill()
    os.kill(redis, signal.SIGKILL)
    scene.inboxes["answered"].set_script("200")
    scene.collector.start()
    until(lambda: [len(of) for of in scene.told("answered").values()] == [2, 2], PAGE_S,
          "what nobody marked is told again")

    # Marked: it is over and done with.
    scene.heat("marked")
    scene.wait_told("marked")
    until(lambda: scene.written_pages() == 0, PAGE_S, "both pages are marked as delivered")
    scene.die_and_come_back()
    until(lambda: {a["state"] for a in scene.collector.get("/api/v1/alerts")["alerts"]
                   if a["id"].startswith("limit/")} == {"firing"}, PAGE_S, "all alerts are back")
    end = time.monotonic() + SETTLE_S
    until(lambda: time.monotonic() > end, SETTLE_S + 1, "time passes")

    for step in STEPS:
        tried = [r for r in scene.inboxes[step].snapshot() if r.get("what") == "firing"]
        for path in ("/hook", "/v2/enqueue"):
            mine = [r for r in tried if r["path"] == path]
            assert len({r["key"] for r in mine}) == 1, f"{step}{path}: one key for the provider to know it by"
            if step != "decided":  # of which nobody remembers the attempt
                assert len({r["headers"]["Idempotency-Key"] for r in mine}) == 1, f"{step}{path}"
    assert [len(of) for of in scene.told("marked").values()] == [1, 1], "told once"

    for host in scene.hosts.values():
        host.cpu = 0.1
    for step in STEPS:
        scene.wait_told(step, "resolved", RESOLVE_S)
        fired, over = scene.told(step, "firing"), scene.told(step, "resolved")
        assert all(over[path][0]["key"] == fired[path][0]["key"] for path in fired)


def pool_of(request):
    return request["body"]["commonLabels"]["pool"]


def test_a_storm_of_five_hundred_hosts(start_collector, receiver, tmp_path):
    """Full all at once, while the pager asks for patience; then calm again."""
    receiver.set_script(f"429:{RETRY_AFTER_S},429:{RETRY_AFTER_S},200")
    collector = start_collector("rules:\n  limit: {cpu: 0.90, warn: 0.75, hold: 0s, clear: 1s}\n"
                                f"notifiers:\n  oncall: {{type: alertmanager, url: {receiver.url}/hook}}\n")
    shape = tmp_path / "storm.csv"
    shape.write_text(f"second,load\n0,0.2\n4,0.2\n4.5,1.1\n{4 + STORM_S},1.1\n{4.5 + STORM_S},0.2\n")
    swarm = subprocess.Popen(["setpriv", "--pdeathsig", "TERM",
                              os.path.join(programs.BUILD, "tests/plimsoll-swarm"), "--agents", str(HOSTS),
                              "--pools", str(POOLS), "--hz", "1", "--seconds", "120", "--shape", str(shape),
                              "--collector", collector.agents], stdout=subprocess.DEVNULL)
    most = 0

    def all_heard(what):
        nonlocal most
        most = max(most, collector.get("/api/v1/self")["outbox"]["waiting"])
        return len({pool_of(r) for r in receiver.delivered() if r["what"] == what}) == POOLS
    try:
        until(lambda: all_heard("firing"), 30, "every pool pages")
        until(lambda: all_heard("resolved"), 60, "every pool is well again")
        until(lambda: all(a["state"] != "firing" for a in collector.get("/api/v1/alerts")["alerts"]), 60,
              "no alert is left")
        until(lambda: collector.get("/api/v1/self")["outbox"]["waiting"] == 0, 20, "no page is left")
    finally:
        swarm.kill()
        swarm.wait()
    told = receiver.delivered()
    for what in ("firing", "resolved"):
        assert sorted(pool_of(r) for r in told if r["what"] == what) == sorted({pool_of(r) for r in told}), what
    assert most <= POOLS
    limited = [r for r in receiver.snapshot() if r["step"].startswith("429")]
    since = [r["mono"] - limited[0]["mono"] for r in receiver.snapshot()]
    early = sum(0 < s < RETRY_AFTER_S - 0.1 for s in since)
    assert early < UNDER_WAY_MAX, "but for what was under way, the pager is left alone as long as it said"
