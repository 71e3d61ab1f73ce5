"""programs - starts, watches and ends the real programs for the pytest suites.

Each program gets a fresh state directory with a short path (Redis listens on a Unix socket in it,
and such a path holds 107 bytes), listens on port 0 of loopback and is ended by its pid. A program
that died without being asked, or a process left behind in a state directory, fails the test.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("PLIMSOLL_BUILD", "build"))
START_SECONDS = 20
STOP_SECONDS = 15


def until(condition, seconds, what):
    """Calls `condition` until it gives something true and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def pids_of(folder):
    """The processes that name `folder` in their command line or work in it."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                named = folder.encode() in f.read()
            if named or os.readlink(f"/proc/{pid}/cwd").startswith(folder):
                found.append(int(pid))
        except OSError:  # it has ended, or belongs to somebody else
            continue
    return found


class Program:
    """One process, its state directory and its log."""

    def __init__(self, name, binary):
        self.name = name
        self.binary = os.path.join(BUILD, binary)
        self.state = tempfile.mkdtemp(prefix="pl-")
        self.log_path = os.path.join(self.state, "log")
        with open(self.log_path, "wb"):
            pass  # empty until it starts
        self.config_paths = []
        self.process = None
        self.asked_to_end = False
        self.log_start = 0
        self.prefix = []  # words in front of the command

    def add_config(self, text):
        """One configuration file more, read at the next start."""
        path = os.path.join(self.state, f"config{len(self.config_paths)}.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        self.config_paths.append(path)

    def start(self):
        options = [word for path in self.config_paths for word in ("--config", path)]
        self.asked_to_end = False
        with open(self.log_path, "ab") as log:
            self.log_start = log.tell()
            # The kernel ends the program if pytest is killed.
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *self.prefix,
                                             self.binary, *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        """What this program has written since its last start."""
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            f.seek(self.log_start)
            return f.read()

    def event(self, name, seconds=START_SECONDS):
        """The fields of the first log line with event=`name`, waiting for it."""
        def line():
            for text in self.log().splitlines():
                if f"event={name} " in text + " ":
                    return text
            assert self.running(), f"{self.name} ended with {self.process.returncode}\n{self.log()}"
            return None
        found = until(line, seconds, f"{self.name} logs event={name}")
        return dict(word.split("=", 1) for word in found.split() if "=" in word)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Orderly end by SIGTERM. Returns the exit status."""
        return self.end(signal.SIGTERM)

    def kill(self):
        """The end without warning. Returns the exit status."""
        return self.end(signal.SIGKILL)

    def end(self, number):
        self.asked_to_end = True
        if self.running():
            self.signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not end within {STOP_SECONDS} s") from None

    def close(self):
        """Ends everything. Returns what was not in order."""
        problems = []
        try:
            if self.process is not None:
                asked = self.asked_to_end or self.running()
                status = self.stop()
                if not asked or -status not in (0, signal.SIGTERM, signal.SIGKILL):
                    problems.append(f"{self.name} ended badly, with status {status}")
            until(lambda: not pids_of(self.state), 5, f"{self.name} leaves no process behind")
        except AssertionError as problem:
            problems.append(str(problem))
            for pid in pids_of(self.state):
                os.kill(pid, signal.SIGKILL)
        return problems

    def forget(self):
        shutil.rmtree(self.state, ignore_errors=True)


class Collector(Program):
    """A collector with its own Redis. `http` and `agents` are its addresses, HOST:PORT."""

    def __init__(self, config=""):
        super().__init__("collector", "collector/plimsoll-collector")
        self.data = os.path.join(self.state, "data")  # its state directory
        os.mkdir(self.data)
        # It asks nobody for faster samples, however busy the machine of the test is.
        self.add_config("collector:\n  agents: 127.0.0.1:0\n  http: 127.0.0.1:0\n"
                        f"  state: {self.data}\n  fast_interval: 60s\n")
        if config:
            self.add_config(config)
        self.agents = self.http = None

    def start(self):
        """Starts and waits until it listens. A second start uses the ports of the first."""
        super().start()
        ready = self.event("ready")
        if self.agents is None:
            self.agents, self.http = ready["agents"], ready["http"]
            self.add_config(f"collector:\n  agents: {self.agents}\n  http: {self.http}\n")
        return self

    def url(self, path):
        return f"http://{self.http}{path}"

    def token(self):
        """The collector's own token, which is an administrator's."""
        with open(os.path.join(self.data, "token"), encoding="ascii") as f:
            return f.read().strip()

    def open(self, path, method="GET", body=None, headers=(), timeout=5):
        """The answer, as urllib gives it. `body` is sent as JSON; `headers` are (name, value) pairs,
        and without an Authorization or Cookie among them the collector's own token is sent."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url(path), data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in headers:
            request.add_header(name, value)
        if not any(name in ("Authorization", "Cookie") for name, _ in headers):
            request.add_header("Authorization", "Bearer " + self.token())
        return urllib.request.urlopen(request, timeout=timeout)

    def request(self, path, method="GET", body=None, headers=(), timeout=5):
        """(status, headers, body bytes)."""
        try:
            with self.open(path, method, body, headers, timeout) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()

    def cookie(self, user="admin"):
        """The Cookie of a new session of that user; the first one is made an administrator."""
        status, _, body = self.request(f"/api/v1/users/{user}/login-link", "POST")
        assert status == 201, body
        link = json.loads(body)["url"].split("link=")[1]
        status, headers, body = self.request("/api/v1/session", "POST", {"link": link})
        assert status == 200, body
        return headers["Set-Cookie"].split(";")[0]

    def get(self, path):
        """The JSON of an answer that must be 200."""
        status, _, body = self.request(path)
        assert status == 200, f"GET {path}: {status} {body[:400]!r}"
        return json.loads(body)

    def host(self, name):
        """The host as /api/v1/hosts has it, or None while it has no sample."""
        status, _, body = self.request(f"/api/v1/hosts/{name}")
        host = json.loads(body) if status == 200 else {}
        return host if host.get("last_sample") else None


def hush_broken_notifiers(collector):
    """For tests that count every message: nobody is told through one notifier that another is broken."""
    silence = {"pool": "plimsoll", "for": "1h", "reason": "every message is counted"}
    status, _, body = collector.request("/api/v1/silences", "POST", silence)
    assert status == 200, body


class Agent(Program):
    """An agent that watches this machine under the name `host`."""

    def __init__(self, collectors, host="fe1", pool="web", config=""):
        super().__init__("agent " + host, "agent/plimsoll-agent")
        self.host = host
        self.add_config(f"agent:\n  host: {host}\n  pool: {pool}\n"
                        f"  collectors: [{', '.join(collectors)}]\n"
                        f"  state: {self.state}/agent\n  fast_interval: 60s\n")  # as the collector
        if config:
            self.add_config(config)
