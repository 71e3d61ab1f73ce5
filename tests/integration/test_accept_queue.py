"""A server that no longer accepts, on a machine that idles: the whole way, from the kernel's queue
to the words of the alert."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from programs import until

BACKLOG = 8
SERVER = f"""
import socket, time
listener = socket.create_server(("127.0.0.1", 0), backlog={BACKLOG})
print(listener.getsockname()[1], flush=True)
while True:
    listener.accept()[0].close()
"""


@pytest.fixture
def stopped_server():
    """Its port and the name of its process; it takes connections until it is stopped."""
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        port = int(server.stdout.readline())
        os.kill(server.pid, signal.SIGSTOP)
        with open(f"/proc/{server.pid}/comm", encoding="ascii") as comm:
            yield port, comm.read().strip()
        server.kill()


def paging(collector):
    """The alert, once it pages: a busy machine may warn of its processors before."""
    alerts = collector.get("/api/v1/alerts")["alerts"]
    return next((a for a in alerts if a["id"] == "limit/web" and a["state"] == "firing" and
                 a["tier"] == "page"), None)


def metrics(collector):
    return (collector.host("fe1") or {"metrics": {}})["metrics"]


def test_a_full_accept_queue_is_seen_named_and_paged(collector, agent, stopped_server):
    port, program = stopped_server
    until(lambda: "tcp.listeners" in metrics(collector), 5, "a look at the listeners")
    assert metrics(collector)["tcp.listen.queue"] < 0.5
    filled = time.monotonic()
    waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(BACKLOG + 1)]
    until(lambda: metrics(collector).get("tcp.listen.queue") == 1, 2, "100 % within two seconds")
    until(lambda: collector.host("fe1")["listener"]["owner"], 2 - (time.monotonic() - filled), "its name")
    listener = {"address": f"127.0.0.1:{port}", "owner": program, "backlog": BACKLOG}
    assert collector.host("fe1")["listener"] == listener

    firing = until(lambda: paging(collector), 5, "the alert")
    assert firing["summary"].startswith(
        f"accept queue of {program} 127.0.0.1:{port} on fe1 full (8 of 8)")
    for connection in waiting:
        connection.close()
