"""A Redis that belongs to somebody else, named by redis.url: used as it is, warned about, not ended."""

import os
import subprocess

import pytest

from programs import until


@pytest.fixture
def redis_socket(tmp_path):
    """A redis-server without append-only file; gives the path of its socket."""
    path = os.path.join("/tmp", f"pl-redis-{os.getpid()}.sock")
    server = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", "redis-server", "--port", "0", "--unixsocket", path,
         "--dir", str(tmp_path), "--save", "", "--logfile", str(tmp_path / "log")],
        stdin=subprocess.DEVNULL)
    until(lambda: os.path.exists(path), 10, "Redis listens")
    yield path
    assert server.poll() is None, "the collector ended a Redis that is not its own"
    server.terminate()
    server.wait()


def test_foreign_redis(redis_socket, start_collector, start_agent):
    collector = start_collector(f"redis:\n  url: unix://{redis_socket}\n")
    agent = start_agent([collector.agents])
    until(lambda: collector.host(agent.host), 5, "a sample of fe1")
    checks = collector.get("/readyz")["checks"]
    assert checks["redis"] == "ready"
    assert checks["durability"] == "warning: Redis runs without append-only file"
    assert collector.event("redis_forgets")
    assert not os.path.exists(os.path.join(collector.state, "data", "redis"))
    until(lambda: collector.get("/api/v1/self")["agents"]["acks"] > 0, 20, "an acknowledgement")
    assert "pid" not in collector.get("/api/v1/self")["redis"]  # not ours to restart
    assert collector.stop() == 0


def test_what_is_remembered_of_traffic_outlives_restarts(redis_socket, start_collector, start_agent):
    def redis(*words):
        return subprocess.run(["redis-cli", "-s", redis_socket, *words], capture_output=True,
                              check=True, text=True).stdout.strip()

    collector = start_collector(f"redis:\n  url: unix://{redis_socket}\n")
    agent = start_agent([collector.agents])
    until(lambda: collector.get("/api/v1/self")["samples"]["accepted"] > 3, 20, "a few samples")
    assert agent.stop() == 0
    for _ in range(2):  # the second time what it writes is what it has read
        assert collector.stop() == 0
        assert redis("HKEYS", "pl:traffic") == "web"
        collector.start()
        assert redis("HDEL", "pl:traffic", "web") == "1"
