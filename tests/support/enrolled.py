"""enrolled - collectors and agents that know each other by keys, for the pytest suites."""

import json
import os
import socket
import subprocess
import threading

from programs import BUILD, Agent, until


def plimsoll(collector, *words):
    """The `plimsoll` command for this collector: (status, stdout, stderr)."""
    ended = subprocess.run([*collector.prefix, os.path.join(BUILD, "collector/plimsoll"), *words,
                            "--state", os.path.join(collector.state, "data")],
                           capture_output=True, text=True, timeout=30, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def make_token(collector, *pools, **options):
    words = [word for pool in pools for word in ("--pool", pool)]
    words += [word for key, value in options.items() for word in ("--" + key, value)]
    status, out, err = plimsoll(collector, "token", "new", *words)
    assert (status, err) == (0, ""), err
    return out.strip()


class Host(Agent):
    """An agent that joins; what is not configured comes from the token."""

    def __init__(self, name="fe1", config=""):
        super().__init__([], host=name, config=config)
        with open(self.config_paths[0], "w", encoding="utf-8") as f:
            f.write(f"agent:\n  host: {name}\n  state: {self.state}/agent\n  fast_interval: 60s\n")

    def command(self, *words, text=None):
        """plimsoll-agent with words: (status, stdout, stderr)."""
        options = [word for path in self.config_paths for word in ("--config", path)]
        ended = subprocess.run([*self.prefix, self.binary, *words, *options], input=text,
                               capture_output=True, text=True, timeout=40, check=False)
        return ended.returncode, ended.stdout, ended.stderr

    def join(self, token):
        status, out, err = self.command("join", token)
        assert (status, err) == (0, ""), err
        assert out.startswith(f"joined: host {self.host} in pool ")
        return self

    def path(self, name):
        return os.path.join(self.state, "agent", name)


def streams(collector, name, seconds=20):
    """Waits until a sample of that host can be read."""
    return until(lambda: collector.host(name), seconds, f"a sample of {name}")


def counts(collector):
    return json.loads(collector.request("/api/v1/self")[2])["agents"]


class Relay:
    """A port that passes bytes on to `target`, `piece` bytes at a time; counts connections."""

    def __init__(self, target, piece=None, connect=True):
        self.target = target.rsplit(":", 1)
        self.piece = piece
        self.connect = connect
        self.count = 0
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in [self.listener, *self.open]:
            one.close()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                self.count += 1
                far = socket.create_connection((self.target[0], int(self.target[1])))
            except OSError:
                return
            self.open += [near, far]
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self.pass_on, args=pair, daemon=True).start()

    def pass_on(self, source, sink):
        try:
            while data := source.recv(65536):
                step = self.piece or len(data)
                for at in range(0, len(data), step):
                    sink.sendall(data[at:at + step])
        except OSError:
            pass
        for one in (source, sink):
            one.close()
