"""What this host serves, asked of real servers: nginx, haproxy, Apache and php-fpm in temporary
directories, and of a listener that means harm."""

import contextlib
import datetime
import glob
import http.client
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import pytest

from programs import Agent, until

# Requests are counted exactly here, and agents of other tests would ask these servers, too.
pytestmark = pytest.mark.alone

HANGING = 3
STATUS = "/status-of-this-test"  # where agents of other tests on this machine do not find it
PHP_FPM = next(iter(sorted(glob.glob("/usr/sbin/php-fpm*"))), "php-fpm")  # php-fpm8.2


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def is_open(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as probe:
        return probe.connect_ex(address) == 0


class Server:
    """A real server in a directory of its own; `{dir}` in its configuration is that."""

    def __init__(self, command, config, listens):
        self.dir = tempfile.mkdtemp(prefix="pl-")
        os.chmod(self.dir, 0o755)  # their workers are other users
        self.config = os.path.join(self.dir, "conf")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(config.replace("{dir}", self.dir))
        self.command = [word.replace("{dir}", self.dir) for word in command]
        self.listens = listens.replace("{dir}", self.dir) if isinstance(listens, str) else listens
        self.process = None
        self.start()

    def start(self):
        with open(os.path.join(self.dir, "out"), "ab") as out:
            # A group of its own, so that its workers can be stopped with it.
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *self.command],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            start_new_session=True)

        def up():
            assert self.process.poll() is None, open(os.path.join(self.dir, "out"), encoding="utf-8").read()
            return is_open(self.listens)
        until(up, 10, f"{self.command[0]} listens")

    def signal(self, number):
        os.killpg(self.process.pid, number)

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL)
                self.process.wait()

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


@pytest.fixture
def start_server():
    with contextlib.ExitStack() as servers:
        def start(*args):
            server = Server(*args)
            servers.callback(server.close)
            return server
        yield start


def nginx(start_server, port, backend=None, status=STATUS):
    serve = f"proxy_pass http://127.0.0.1:{backend};" if backend else "return 200 hello;"
    return start_server(["nginx", "-c", "{dir}/conf"], f"""
pid {{dir}}/pid; error_log {{dir}}/log; daemon off; worker_processes 1;
events {{ worker_connections 256; }}
http {{ access_log off; client_body_temp_path {{dir}}/b; proxy_temp_path {{dir}}/p; fastcgi_temp_path {{dir}}/f;
uwsgi_temp_path {{dir}}/u; scgi_temp_path {{dir}}/s;
server {{ listen 127.0.0.1:{port}; location = {status} {{ stub_status; }} location / {{ {serve} }} }} }}
""", ("127.0.0.1", port))


def haproxy(start_server, port, backend, maxconn):
    return start_server(["haproxy", "-db", "-f", "{dir}/conf"], f"""
global
  maxconn {maxconn}
  stats socket {{dir}}/admin.sock mode 600 level user
defaults
  mode http
  option abortonclose
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend web
  bind 127.0.0.1:{port}
  default_backend app
backend app
  server s1 127.0.0.1:{backend} maxconn 2
""", "{dir}/admin.sock")


def apache(start_server, port, workers):
    modules = "/usr/lib/apache2/modules"
    return start_server(["apache2", "-f", "{dir}/conf", "-DFOREGROUND"], f"""
ServerRoot {{dir}}
ServerName localhost
PidFile {{dir}}/pid
ErrorLog {{dir}}/log
User www-data
Group www-data
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule status_module {modules}/mod_status.so
StartServers 1
ThreadsPerChild {workers}
ThreadLimit {workers}
ServerLimit 1
MaxRequestWorkers {workers}
DocumentRoot {{dir}}
<Location {STATUS}>
SetHandler server-status
</Location>
""", ("127.0.0.1", port))


def php_fpm(start_server, children, status_listen=""):
    return start_server([PHP_FPM, "-y", "{dir}/conf", "-R"], f"""
[global]
error_log = {{dir}}/log
daemonize = no
[www]
user = root
group = root
listen = {{dir}}/php.sock
pm = static
pm.max_children = {children}
pm.status_path = /status
{status_listen}
""", "{dir}/php.sock")


def configured(*sources):
    return "agent:\n  fast_interval: 1s\n  find_local: no\n  local:\n" + "".join(
        f"    {name}: {{{rest}}}\n" for name, rest in sources)


def metrics(collector):
    host = collector.host("fe1")
    return host["metrics"] if host else {}


def samples(collector, seconds):
    """The metrics of each sample that arrives in that time; `taken` is when it was taken, unix s."""
    seen, deadline = {}, time.monotonic() + seconds
    while time.monotonic() < deadline:
        host = collector.host("fe1")
        if host:
            seen[host["last_sample"]] = host["metrics"]
        time.sleep(0.02)
    return [metrics | {"taken": datetime.datetime.fromisoformat(moment).timestamp()}
            for moment, metrics in sorted(seen.items())]


def cpu_seconds(pid):
    """CPU time of a process so far, proc(5)."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def get(port, path="/"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()


@contextlib.contextmanager
def hanging(port, count, request=b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
    """That many requests, none of which gets an answer."""
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for connection in connections:
        connection.sendall(request)
    yield
    for connection in connections:
        connection.close()


@pytest.fixture
def black_hole():
    """A port behind which requests are taken and never answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


def test_nginx_is_found(collector, start_agent, start_server):
    port = free_port()
    nginx(start_server, port, status="/stub_status")
    agent = start_agent([collector.agents])
    until(lambda: f"local_found source=http://127.0.0.1:{port}/stub_status" in agent.log(), 60,
          "nginx is found by itself")


def test_requests_of_nginx_are_counted(collector, start_agent, start_server, black_hole):
    port = free_port()
    nginx(start_server, port, black_hole)
    start_agent([collector.agents], config=configured(
        ("web", f'kind: nginx, url: "http://127.0.0.1:{port}{STATUS}"')))
    until(lambda: "traffic.requests" in metrics(collector), 10, "a rate")
    idle = socket.create_connection(("127.0.0.1", port))
    assert all(m["traffic.requests"] == 0 and m["traffic.active"] == 0 for m in samples(collector, 3)), \
        "neither its own questions nor an idle connection count"

    sent = []

    def send():
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            sent.append(get(port, STATUS))
    seen = samples_while(collector, threading.Thread(target=send))
    counted = sum(m["traffic.requests"] * (m["taken"] - before["taken"]) for before, m in zip(seen, seen[1:]))
    assert len(sent) > 100 and abs(counted - len(sent)) < 0.05 * len(sent)

    with hanging(port, HANGING):
        until(lambda: metrics(collector)["traffic.active"] == HANGING, 5, "all hanging requests are active")
    until(lambda: metrics(collector)["traffic.active"] == 0, 5, "and none afterwards")
    idle.close()
    assert "traffic.waiting" not in metrics(collector) and "workers.used" not in metrics(collector)


def samples_while(collector, thread):
    """The samples of the time in which `thread` runs, and of two more seconds."""
    box = []
    watcher = threading.Thread(target=lambda: box.extend(samples(collector, 8)))
    watcher.start()
    time.sleep(1.5)  # a whole sample before the first request
    thread.start()
    thread.join()
    watcher.join()
    return box


def test_haproxy_queue_slots_and_outermost(collector, start_agent, start_server, black_hole):
    port, inner = free_port(), free_port()
    nginx(start_server, inner, black_hole)
    edge = haproxy(start_server, port, inner, maxconn=5)
    start_agent([collector.agents], config=configured(
        ("edge", f"kind: haproxy, socket: {edge.dir}/admin.sock"),
        ("web", f'kind: nginx, url: "http://127.0.0.1:{inner}{STATUS}"')))
    until(lambda: "traffic.requests" in metrics(collector), 10, "a rate")
    with hanging(port, 5):
        full = until(lambda: (m := metrics(collector)).get("traffic.waiting") == 3 and m, 5, "three wait")
        assert full["traffic.active"] == 2, "haproxy's, not nginx's as well"
        assert (full["workers.used"], full["workers.busy"], full["workers.max"]) == (1, 5, 5)
    until(lambda: metrics(collector)["workers.used"] == 0, 5, "empty again")


def test_sockets_below_run_are_found(collector, start_server, programs, black_hole):
    """An agent whose /run is a folder of this test, in a mount namespace of its own."""
    edge = haproxy(start_server, free_port(), black_hole, maxconn=5)
    php = php_fpm(start_server, 3)
    run = os.path.join(edge.dir, "run")
    os.makedirs(f"{run}/haproxy")
    os.makedirs(f"{run}/php")
    os.rename(f"{edge.dir}/admin.sock", f"{run}/haproxy/admin.sock")
    os.rename(f"{php.dir}/php.sock", f"{run}/php/php8.2-fpm.sock")
    with socket.socket(socket.AF_UNIX) as nobody:
        nobody.bind(f"{run}/php/other.sock")  # nobody listens
        agent = Agent([collector.agents])
        agent.prefix = ["unshare", "-m", "sh", "-c", f'mount --bind {run} /run && exec "$0" "$@"']
        programs.append(agent.start())
        for place in ("/run/haproxy/admin.sock", "/run/php/php8.2-fpm.sock/status"):
            until(lambda: f"event=local_found source={place}\n" in agent.log(), 60, f"{place} is found")
    assert "other.sock" not in agent.log()


def test_apache_is_full_when_the_question_gets_the_last_worker(collector, start_agent, start_server):
    port = free_port()
    apache(start_server, port, workers=4)
    start_agent([collector.agents], config=configured(
        ("web", f'kind: apache, url: "http://127.0.0.1:{port}{STATUS}?auto"')))
    until(lambda: metrics(collector).get("traffic.requests") == 0, 10, "a rate")
    assert metrics(collector)["workers.used"] == 0
    half = b"GET / HTTP/1.1\r\nHo"  # holds a worker
    with hanging(port, 2, half):
        until(lambda: metrics(collector).get("workers.used") == 0.5, 5, "two of four")
        with hanging(port, 1, half):
            until(lambda: metrics(collector).get("workers.used") == 1, 5, "no worker for anybody else")
            with hanging(port, 1, half):
                missed = until(lambda: (m := metrics(collector)).get("local.missed") == 1 and m, 5,
                               "the question waits, too")
                assert missed["workers.used"] == 1, "what was full and says nothing is still full"
    until(lambda: metrics(collector).get("workers.used") == 0, 8, "empty again")


def record(kind, body):
    return struct.pack(">BBHHBB", 1, kind, 1, len(body), 0, 0) + body


def php_request(script):
    values = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/" + os.path.basename(script), "SCRIPT_FILENAME": script}
    params = b"".join(bytes([len(k), len(v)]) + k.encode() + v.encode() for k, v in values.items())
    return record(1, b"\0\1\0\0\0\0\0\0") + record(4, params) + record(4, b"") + record(5, b"")


def test_php_fpm_is_full_at_its_own_status_socket(collector, start_agent, start_server):
    php = php_fpm(start_server, 3, "pm.status_listen = {dir}/status.sock")
    with open(os.path.join(php.dir, "sleep.php"), "w", encoding="utf-8") as f:
        f.write("<?php sleep(60);")
    start_agent([collector.agents], config=configured(
        ("php", f"kind: php-fpm, socket: {php.dir}/status.sock")))
    until(lambda: metrics(collector).get("traffic.requests") == 0, 10, "a rate")
    assert metrics(collector)["workers.used"] == 0
    busy = []
    for number in range(3):
        busy.append(socket.socket(socket.AF_UNIX))
        busy[-1].connect(os.path.join(php.dir, "php.sock"))
        busy[-1].sendall(php_request(os.path.join(php.dir, "sleep.php")))
        until(lambda: metrics(collector).get("workers.busy") == number + 1, 5, f"{number + 1} of 3")
    assert metrics(collector)["workers.used"] == 1
    assert metrics(collector)["local.missed"] == 0
    for connection in busy:
        connection.close()


def test_a_stopped_server_is_skipped_and_nothing_else(collector, start_agent, start_server):
    port, other = free_port(), free_port()
    server = nginx(start_server, port)
    apache(start_server, other, workers=4)
    agent = start_agent([collector.agents], config=configured(
        ("web", f'kind: nginx, url: "http://127.0.0.1:{port}{STATUS}"'),
        ("old", f'kind: apache, url: "http://127.0.0.1:{other}{STATUS}?auto"')))
    until(lambda: metrics(collector).get("traffic.requests") == 0, 10, "a rate")
    server.signal(signal.SIGSTOP)
    until(lambda: metrics(collector)["local.missed"] == 1, 5, "it is missed")
    seen = samples(collector, 8)
    assert len(seen) >= 7, "samples keep their cadence"
    assert all(m["agent.late"] < 200 for m in seen)
    assert all(m["local.missed"] == 1 and "traffic.requests" not in m for m in seen)
    assert all(m["workers.max"] == 4 for m in seen), "the other one answers"
    assert agent.log().count("event=local_missed") == 1
    assert agent.event("local_missed")["source"] == "web"
    server.signal(signal.SIGCONT)
    until(lambda: metrics(collector).get("traffic.requests") == 0, 15, "it is back")
    assert agent.event("local_answers")["source"] == "web"


def test_a_restart_is_no_rate(collector, start_agent, start_server):
    port = free_port()
    server = nginx(start_server, port)
    for _ in range(500):
        get(port)
    start_agent([collector.agents], config=configured(
        ("web", f'kind: nginx, url: "http://127.0.0.1:{port}{STATUS}"')))
    until(lambda: metrics(collector).get("traffic.requests") == 0, 10, "a rate")
    box = []
    watcher = threading.Thread(target=lambda: box.extend(samples(collector, 7)))
    watcher.start()
    server.stop()
    until(lambda: metrics(collector)["local.missed"] == 1, 5, "nobody is there")
    server.start()
    watcher.join()
    assert all(m.get("traffic.requests", 0) == 0 for m in box)
    assert any("traffic.requests" not in m for m in box), "one sample has no value"
    assert box[-1]["traffic.requests"] == 0 and box[-1]["local.missed"] == 0


def drip(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X")
        time.sleep(0.01)


def flood(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"Reading: 1 " * 1000)


@pytest.mark.parametrize("answer", [
    lambda c: c.sendall(b"\xff\0" * 600), lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi\n"),
    lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n"), drip, flood,
], ids=["garbage", "no status", "chunked", "drip", "flood"])
def test_a_hostile_listener_is_refused(collector, start_agent, answer):
    done = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)

    def serve(connection):
        with contextlib.suppress(OSError), connection:
            connection.recv(1024)
            answer(connection)
            connection.recv(1024)

    def accept():
        while not done.is_set():
            with contextlib.suppress(TimeoutError):
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
    thread = threading.Thread(target=accept)
    thread.start()
    try:
        agent = start_agent([collector.agents], config=configured(
            ("evil", f'kind: nginx, url: "http://127.0.0.1:{listener.getsockname()[1]}/x"')))
        until(lambda: metrics(collector).get("local.missed") == 1, 10, "it is missed")
        used, begun = cpu_seconds(agent.pid), time.monotonic()
        seen = samples(collector, 3)
        used, elapsed = cpu_seconds(agent.pid) - used, time.monotonic() - begun
        assert len(seen) >= 2 and all(m["local.missed"] == 1 for m in seen)
        assert not any("traffic.requests" in m or "traffic.active" in m for m in seen)
        assert agent.log().count("event=local_missed") == 1
        assert used < 0.1 * elapsed, "it costs no tenth of a core"
    finally:
        done.set()
        thread.join()
        listener.close()
