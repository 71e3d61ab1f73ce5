"""Something dies or stops in the middle of streaming; afterwards every sample is counted in Redis."""

import datetime
import json
import os
import signal
import subprocess
import time

import pytest

import programs
from programs import until
from stand_in import Host

AGENTS, HZ, SECONDS = 100, 2, 25
STOPPED_S = 20
CHART_LATE_S = 10
PAGE_S = 3      # from a load to the page, Redis or not
SETTLE_S = 3    # how long a test watches for a page too many
DURABLE_S = 20  # from the newest sample to its acknowledgement
RULES = """
rules:
  limit: {cpu: 0.90, warn: 0.75, hold: 0s, clear: 1s}
notifiers:
  oncall: {type: alertmanager, url: %s/hook}
"""


def pause(seconds):
    """Lets time pass where the passing of time is the point."""
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() >= end, seconds + 1, "time passes")


def is_about_hot(request):
    """The load of pool `hot`, not that of this machine or of the simulated agents."""
    return 'alertname="plimsoll_limit", pool="hot"' in request.get("key", "")


class Scene:
    """A collector under load from all sides: agents that stream, a pager that listens."""

    def __init__(self, start_collector, start_agent, receiver):
        self.inbox = receiver
        self.collector = start_collector(RULES % receiver.url)
        self.began = time.time()
        self.agent = start_agent([self.collector.agents], host="real", pool="web")
        self.hot = Host(self.collector.agents, "hot", "hot")
        self.swarm = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", os.path.join(programs.BUILD, "tests/plimsoll-swarm"),
             "--agents", str(AGENTS), "--hz", str(HZ), "--seconds", str(SECONDS),
             "--collector", self.collector.agents],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        self.hot.__enter__()
        until(lambda: self.collector.host("real"), 5, "a sample of the real agent")
        pause(8)  # some chunks are written, some are open, some are on their way
        return self

    def __exit__(self, *_):
        self.hot.__exit__()
        if self.swarm.poll() is None:
            self.swarm.kill()
        self.swarm.wait()

    @property
    def redis_dir(self):
        return os.path.join(self.collector.state, "data", "redis")

    def redis_pid(self):
        (pid,) = programs.pids_of(self.redis_dir)
        return pid

    def pages(self):
        """What the pager accepted about the load of pool `hot`."""
        return [page["what"] for page in self.inbox.delivered() if is_about_hot(page)]

    def unsettled(self):
        """The pages that Redis holds because nobody is known to have taken them."""
        return subprocess.run(["redis-cli", "-s", os.path.join(self.redis_dir, "redis.sock"), "HVALS", "pl:outbox"],
                              capture_output=True, check=True, text=True).stdout

    def heat(self, want=("firing",), seconds=PAGE_S):
        self.hot.cpu = 0.97
        until(lambda: self.pages() == list(want), seconds, f"the pager hears {want}")

    def cool(self, want=("firing", "resolved"), seconds=PAGE_S + 1):
        self.hot.cpu = 0.1
        until(lambda: self.pages() == list(want), seconds, f"the pager hears {want}")

    def chart(self):
        """Seconds since the epoch of the real agent's points, from its start to now."""
        begin, end = (datetime.datetime.fromtimestamp(t, datetime.timezone.utc).isoformat(
            timespec="milliseconds").replace("+00:00", "Z") for t in (self.began, time.time()))
        status, _, body = self.collector.request(
            f"/api/v1/hosts/real/series?metric=cpu.busy&from={begin}&to={end}&step=1")
        return [point[0] / 1000 for point in json.loads(body)["points"]] if status == 200 else []

    def chart_is_whole(self):
        points = self.chart()
        return (len(points) > 5 and points[0] < self.began + 3 and points[-1] > time.time() - 2.5
                and all(b - a < 1.7 for a, b in zip(points, points[1:])))

    def stored(self):
        """{host: {boot id: ranges of seq}} as Redis has it."""
        tool = os.path.join(programs.BUILD, "tests", "stored")
        done = subprocess.run([tool, os.path.join(self.redis_dir, "redis.sock")], check=True,
                              stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout)

    def check_nothing_is_missing(self):
        taken = self.hot.next_seq - 1
        until(lambda: self.hot.acked >= taken, DURABLE_S, f"sample {taken} of `hot` is acknowledged")
        output, _ = self.swarm.communicate(timeout=SECONDS + 60)
        swarm = json.loads(output)
        assert swarm["lost"] == 0 and swarm["acknowledged"] == swarm["sent"], swarm
        stored = self.stored()
        assert stored.pop("no_ttl") == []
        for host, boots in stored.items():
            (ranges,) = boots.values()
            assert len(ranges) == 1 and ranges[0][0] == 1, f"{host} has holes: {ranges}"
        last = {host: list(boots.values())[0][0][1] for host, boots in stored.items()}
        assert sum(n for host, n in last.items() if host.startswith("sim-")) == swarm["sent"]
        assert last["hot"] >= taken
        assert last["real"] >= time.time() - self.began - DURABLE_S


@pytest.fixture
def scene(start_collector, start_agent, receiver):
    with Scene(start_collector, start_agent, receiver) as started:
        yield started


def test_killed_collector(scene):
    scene.heat()
    until(lambda: "hot" not in scene.unsettled(), PAGE_S, "Redis knows that the page was taken")
    scene.collector.kill()
    pause(4)
    scene.collector.start()
    assert scene.collector.event("redis_server_adopted")
    until(scene.chart_is_whole, CHART_LATE_S, "the chart is whole again")
    pause(SETTLE_S)
    assert scene.pages() == ["firing"]
    scene.cool()
    pause(SETTLE_S)
    assert scene.pages() == ["firing", "resolved"]
    scene.check_nothing_is_missing()


def test_killed_redis(scene):
    os.kill(scene.redis_pid(), signal.SIGKILL)
    scene.heat()
    until(scene.chart_is_whole, CHART_LATE_S, "the chart is whole again")
    os.kill(scene.redis_pid(), signal.SIGKILL)
    scene.cool()
    until(scene.chart_is_whole, CHART_LATE_S, "the chart is whole again")
    scene.check_nothing_is_missing()
    assert scene.pages() == ["firing", "resolved"]


def test_stopped_redis(scene):
    pid = scene.redis_pid()
    os.kill(pid, signal.SIGSTOP)
    stopped = time.monotonic()
    scene.heat()
    pause(SETTLE_S)
    status, _, body = scene.collector.request("/readyz")
    assert (status, json.loads(body)["checks"]["redis"]) == (503, "stalled")
    scene.cool()
    pause(STOPPED_S - (time.monotonic() - stopped))
    os.kill(pid, signal.SIGCONT)
    until(scene.chart_is_whole, CHART_LATE_S, "the chart is whole again")
    assert scene.redis_pid() == pid
    scene.check_nothing_is_missing()
    assert scene.pages() == ["firing", "resolved"]


def test_collector_killed_while_redis_is_stopped(scene):
    pid = scene.redis_pid()
    os.kill(pid, signal.SIGSTOP)
    pause(0.9)  # writes lie in its socket; the collector still believes in it
    scene.collector.kill()
    scene.collector.start()  # begins with nothing, since Redis cannot be asked
    pause(6)
    os.kill(pid, signal.SIGCONT)
    until(scene.chart_is_whole, CHART_LATE_S, "the chart is whole again")
    scene.check_nothing_is_missing()


@pytest.mark.parametrize("script", ["503", "hang"])
def test_page_under_way_when_the_collector_dies(scene, script):
    scene.inbox.set_script(script)
    scene.hot.cpu = 0.97
    scene.inbox.wait_for(lambda requests: any(map(is_about_hot, requests)), PAGE_S)
    scene.collector.kill()
    scene.inbox.set_script("200")
    scene.collector.start()
    until(lambda: scene.pages() == ["firing"], 10, "the next collector delivers the page")
    pause(SETTLE_S)
    scene.cool()
    pause(SETTLE_S)
    assert scene.pages() == ["firing", "resolved"]
