"""Hostile requests on the real HTTP port: refused with the right status, counted by reason at
/api/v1/self, and nobody else notices."""

import contextlib
import socket
import threading
import time

from programs import until

HOST = b"Host: localhost\r\n"


def authorization(collector):
    return f"Authorization: Bearer {collector.token()}\r\n".encode()


def dial(collector):
    host, port = collector.http.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=20)


def read_all(sock):
    """Everything until the collector closes."""
    data = b""
    while True:
        piece = sock.recv(65536)
        if not piece:
            return data
        data += piece


def refused(collector):
    return collector.get("/api/v1/self")["http"]["refused"]


@contextlib.contextmanager
def bystander(collector):
    """A client with a kept-alive connection and one with a stream, both served throughout."""
    with dial(collector) as stream:
        stream.sendall(b"GET /api/v1/stream HTTP/1.1\r\n" + HOST + authorization(collector) + b"\r\n")
        events, slow, done = [], [], threading.Event()

        def listen():
            with contextlib.suppress(OSError):
                while not done.is_set():
                    events.append((time.monotonic(), stream.recv(65536)))

        def ask():
            while not done.is_set():
                start = time.monotonic()
                try:
                    status = collector.request("/healthz")[0]
                except OSError as problem:
                    status = problem
                if status != 200 or time.monotonic() - start > 1:
                    slow.append((status, time.monotonic() - start))

        threads = [threading.Thread(target=listen), threading.Thread(target=ask)]
        for thread in threads:
            thread.start()
        try:
            until(lambda: events, 5, "the stream begins")
            yield
            count = len(events)
            until(lambda: len(events) >= count + 2, 5, "the stream goes on")
        finally:
            done.set()
            stream.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
        assert not slow
        gaps = [b[0] - a[0] for a, b in zip(events, events[1:])]
        assert max(gaps, default=0) < 3
        assert all(piece for _, piece in events[:-1])


MALFORMED = [
    ("syntax", 400, b"get / HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("syntax", 400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ("syntax", 400, b"GET / HTTP/1.1\r\n" + HOST + b"A: b\x00c\r\n\r\n"),
    ("syntax", 400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("syntax", 400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    ("line_end", 400, b"GET / HTTP/1.1\n" + HOST + b"\n"),
    ("fold", 400, b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n"),
    ("field_name", 400, b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n"),
    ("host", 400, b"GET / HTTP/1.1\r\n\r\n"),
    ("host", 400, b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n"),
    ("target", 400, b"GET http://localhost/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("target", 400, "GET /é HTTP/1.1\r\n".encode() + HOST + b"\r\n"),
    ("version", 505, b"GET / HTTP/1.2\r\n" + HOST + b"\r\n"),
    ("foreign_host", 421, b"GET / HTTP/1.1\r\nHost: attacker.example\r\n\r\n"),
    ("head_too_big", 431, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("head_too_big", 431, b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 2000 + b"\r\n"),
    ("body_too_big", 413, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n"),
    ("body_too_big", 413, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"x" * 4096 + b"\r\n" * 1 + (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 20),
]


def test_malformed_and_oversized(collector):
    """Each is answered, counted under its reason, and ends its own connection only."""
    with bystander(collector):
        for reason, status, request in MALFORMED:
            before = refused(collector)[reason]
            with dial(collector) as sock:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    sock.sendall(request)
                answer = read_all(sock)
            assert answer.startswith(b"HTTP/1.1 %d " % status), (reason, request[:60], answer[:60])
            assert b"application/problem+json" in answer
            assert b"Connection: close" in answer
            assert refused(collector)[reason] == before + 1, (reason, request[:60])


def test_half_and_drip_fed(collector):
    """Half a head, and a head that never stops coming byte by byte, are cut after their time."""
    drip, half_head = dial(collector), dial(collector)
    start = time.monotonic()
    with bystander(collector), drip, half_head:
        half_head.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        drip.sendall(b"GET /")
        drip.setblocking(False)
        last = start

        def both_are_cut():
            nonlocal last
            if time.monotonic() - last > 0.2:
                last = time.monotonic()
                with contextlib.suppress(OSError):
                    drip.send(b"a")
            return refused(collector)["head_timeout"] >= 2

        until(both_are_cut, 15, "both are cut")
        assert time.monotonic() - start >= 9
        assert read_all(half_head).startswith(b"HTTP/1.1 408 ")


def test_reader_that_never_reads(collector):
    """A client that asks and asks and reads nothing holds one answer of ours, and is cut."""
    with bystander(collector), dial(collector) as greedy:
        greedy.setblocking(False)
        request = b"GET /dygraph.min.js HTTP/1.1\r\n" + HOST + authorization(collector) + b"\r\n"
        before = collector.get("/api/v1/self")
        with contextlib.suppress(BlockingIOError):
            for _ in range(5000):
                greedy.send(request)
        after = collector.get("/api/v1/self")
        assert after["http"]["requests"] - before["http"]["requests"] < 2000
        assert after["rss_bytes"] - before["rss_bytes"] < 8192 * 1024


def test_many_idle_connections(collector):
    """More connections than slots: a later one waits until others time out, nobody is dropped."""
    slots = collector.get("/api/v1/self")["http"]["slots"]
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(dial(collector)) for _ in range(slots + 5)]
        idle[-1].sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        assert read_all(idle[-1]).startswith(b"HTTP/1.1 200 ")  # after the 10 s of the first ones
    parked = collector.get("/api/v1/self")["http"]["parked"]
    assert parked >= 1
