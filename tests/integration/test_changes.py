"""What changed on a machine, from its package log and its processes to the API and a page.

The agent and the services run in a mount namespace of their own, where /var/log and /opt are folders
of the test: there is a dpkg.log to append to, and a program to upgrade."""

import os
import re
import shutil
import signal
import subprocess
import time
import urllib.parse

import pytest
from programs import BUILD, Agent, until
from stand_in import Host, varint
from test_ingest_hostile import Peer, frame, hello_body, refused, str8

CHANGE = 13
SERVER = ("import socket, time\n"
          "listener = socket.create_server(('127.0.0.1', {port}))\n"
          "print(listener.getsockname()[1], flush=True)\n"
          "time.sleep(1000)\n")
HOLD = 'mount --bind "$1" /var/log && mount --bind "$2" /opt && echo ready && exec sleep 1000'


class Machine:
    """A mount namespace, and what is started in it."""

    def __init__(self, folder):
        self.log, self.opt = folder / "log", folder / "opt"
        for path in (self.log, self.opt, self.opt / "app"):
            path.mkdir()
        self.started = []
        holder = self.popen(["unshare", "--mount", "sh", "-c", HOLD, "sh", str(self.log), str(self.opt)],
                            inside=False)
        assert holder.stdout.readline() == "ready\n"
        self.enter = ["nsenter", "--mount", "--target", str(holder.pid)]

    def popen(self, words, inside=True):
        process = subprocess.Popen([*(self.enter if inside else []), *words], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, text=True)
        self.started.append(process)
        return process

    def serve(self, port=0):
        server = self.popen(["/usr/bin/python3", "-c", SERVER.format(port=port)])
        return server, int(server.stdout.readline())

    def install(self, name, source):
        """As a package manager does: a new file takes the place of the old one."""
        new = self.opt / "app" / (name + ".new")
        shutil.copy(source, new)
        os.chmod(new, 0o755)
        os.rename(new, self.opt / "app" / name)

    def dpkg(self, line, ago=120):
        """dpkg writes local time."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - ago))
        with open(self.log / "dpkg.log", "a", encoding="ascii") as log:
            log.write(f"{stamp} {line}\n")

    def close(self):
        for process in reversed(self.started):
            process.kill()
            process.wait()
            process.stdout.close()


@pytest.fixture
def machine(tmp_path):
    one = Machine(tmp_path)
    yield one
    one.close()


@pytest.fixture
def start_inside(programs, machine):
    def start(collectors, **options):
        agent = Agent(collectors, **options)
        agent.prefix = machine.enter
        programs.append(agent)
        return agent.start()
    return start


def changes(collector, **query):
    return collector.get("/api/v1/changes?" + urllib.parse.urlencode(query))["changes"]


def texts(collector, **query):
    return [change["text"] for change in changes(collector, **query)]


def told(collector, subjects):
    """What is known of these subjects. Of others, the machine's own services, anything may come meanwhile."""
    return sorted(str(sorted(change.items())) for change in changes(collector) if change["subject"] in subjects)


def joined(collector):
    return collector.log().count("event=agent_joined ")


@pytest.mark.alone  # services of other tests would push its changes out of the 32 that are kept
def test_packages_services_and_old_files_reach_the_api(collector, start_inside, machine):
    machine.dpkg("upgrade openssl:amd64 3.0.15 3.0.17", ago=3600)
    server, port = machine.serve()
    agent = start_inside([collector.agents])
    until(lambda: "openssl 3.0.15→3.0.17" in texts(collector), 20, "the upgrade of before the start")
    change = changes(collector, host="fe1")[-1]
    assert (change["kind"], change["host"], change["pool"]) == ("upgraded", "fe1", "web")

    # A service that starts again: another process behind the same address.
    subject = f"python3 127.0.0.1:{port}"
    sleeper = f"sleeper{os.getpid()}"  # another run's would be counted with ours
    still = f"{sleeper} still runs the old {sleeper}"
    own = ("openssl", sleeper, subject)

    def starts():
        return sorted(c["time"] for c in changes(collector) if c["subject"] == subject)
    until(lambda: len(starts()) == 1, 60, "it has just been started")
    server.kill()
    server.wait()
    machine.serve(port)
    until(lambda: len(starts()) == 2, 60, "it was started again")

    # An upgrade under a program that goes on: what it runs is gone.
    machine.install(sleeper, "/usr/bin/sleep")
    old = machine.popen([f"/opt/app/{sleeper}", "1000"])
    until(lambda: os.readlink(f"/proc/{old.pid}/exe") == f"/opt/app/{sleeper}", 5, "it runs")
    machine.install(sleeper, "/usr/bin/tail")
    machine.dpkg(f"upgrade {sleeper}:amd64 1.0 1.1")
    until(lambda: f"{sleeper} 1.0→1.1" in texts(collector), 30, "the upgrade is read")
    until(lambda: still in texts(collector), 60, "the old program")

    # All of it outlives the collector, before its agent is back.
    before = told(collector, own)
    agent.signal(signal.SIGSTOP)
    collector.kill()
    collector.start()
    restored = told(collector, own)
    assert set(restored) <= set(before)  # what came last may not have been written yet
    assert "openssl 3.0.15→3.0.17" in texts(collector) and len(starts()) == 2
    # And it is told once, by this agent and by the next.
    agent.signal(signal.SIGCONT)
    until(lambda: joined(collector) == 1, 20, "it is back")
    until(lambda: told(collector, own) == before, 20, "all of it again")
    until(lambda: collector.host("fe1") and collector.host("fe1")["age_ms"] < 3000, 20, "it streams again")
    agent.stop()
    agent.start()
    # Its HELLO ends what its predecessor told of old programs; it has to find them itself.
    until(lambda: joined(collector) == 2, 20, "the next agent is there")
    until(lambda: told(collector, own) == before, 60, "found again, each once")

    # The command shows the same.
    shown = subprocess.run([os.path.join(BUILD, "collector", "plimsoll"), "changes", "--pool", "web", "--url",
                            collector.url("/"), "--state", collector.data], capture_output=True, text=True, check=True).stdout
    assert "fe1" in shown and "openssl 3.0.15→3.0.17" in shown
    assert len([line for line in shown.splitlines() if any(name in line for name in own)]) == len(before)

    # The program is ended: that is over.
    old.kill()
    old.wait()
    machine.dpkg("upgrade another:amd64 1 2", ago=100)
    until(lambda: still not in texts(collector), 60, "nobody runs it any more")


def change_body(subject, kind=1, unix_ms=None, tail=b""):
    unix_ms = int(time.time() * 1000) if unix_ms is None else unix_ms
    return bytes([kind]) + varint(unix_ms) + varint(1) + str8(subject) + str8(b"1.0") + str8(b"1.1") + tail


HOSTILE = [
    ("a line", change_body(b"a\nevent=fake")),
    ("an escape sequence", change_body(b"a\x1b[2J")),
    ("not UTF-8", change_body(b"a\xff\xfe")),
    ("a NUL", change_body(b"a\0b")),
    ("not ASCII", change_body("é".encode())),
    ("nameless", change_body(b"")),
    ("too long", change_body(b"a" * 96)),
    ("of the year 10000", change_body(b"a", unix_ms=253402300800000)),
    ("a tail", change_body(b"a", tail=b"x")),
    ("cut", change_body(b"abc")[:-3]),
    ("empty", b""),
]


def test_hostile_changes_are_refused(collector):
    for name, body in HOSTILE:
        before = refused(collector, "malformed")
        with Peer(collector, hello_body()) as peer:
            peer.send(frame(CHANGE, body))
            assert peer.refusal() == 6, name
        assert refused(collector, "malformed") == before + 1, name
    with Peer(collector) as peer:
        peer.send(frame(CHANGE, change_body(b"early")))
        assert peer.refusal() == 6
    assert changes(collector) == []
    assert "event=fake" not in collector.log() and "\x1b" not in collector.log()


def test_a_host_cannot_fill_the_collector(collector):
    with Peer(collector, hello_body()) as peer:
        for i in range(500):
            peer.send(frame(CHANGE, change_body(b"p%d" % i)))
        peer.send(frame(CHANGE, change_body(b"future", kind=200)))
        until(lambda: "p499 1.0→1.1" in texts(collector), 10, "the last of them")
    assert len(changes(collector, host="peer")) == 32
    assert changes(collector, pool="web", since=int(time.time()) + 60) == []
    status, _, _ = collector.request("/api/v1/changes?host=nobody")
    assert status == 404
    status, _, _ = collector.request("/api/v1/changes?since=yesterday")
    assert status == 422


def test_a_page_says_what_changed(receiver, start_collector):
    collector = start_collector(
        "rules:\n  limit: {cpu: 0.90, warn: 0.75, hold: 0s, clear: 1s}\n"
        f"notifiers:\n  oncall: {{type: alertmanager, url: {receiver.url}/hook}}\n")
    with Peer(collector, hello_body()) as peer, Host(collector.agents) as fe1:
        until(lambda: collector.host("fe1"), 5, "a sample of fe1")
        peer.send(frame(CHANGE, change_body(b"openssl")))
        until(lambda: changes(collector), 5, "the change")
        fe1.cpu = 0.97
        receiver.wait_for(lambda _: receiver.delivered(), 10)
        said = receiver.delivered()[0]["body"]["commonAnnotations"]["changes"]
        assert re.fullmatch(r"changed in 24 h: openssl 1.0→1.1 on peer \(\d+ s ago\)", said)
        alert = [a for a in collector.get("/api/v1/alerts")["alerts"] if a["id"] == "limit/web"][0]
        assert alert["changes"][0]["text"] == "openssl 1.0→1.1"
        assert alert["changes"][0]["hosts"] == ["peer"]
