"""HTTPS on the agents' port: browsers and an agent at once, whatever the pieces their bytes come in."""

import http.client
import json
import os
import socket
import ssl

import pytest

from enrolled import Host, Relay, make_token, streams
from programs import Collector, until

NAME = "plimsoll.example"


@pytest.fixture(scope="module")
def house():
    """A collector with an agent that streams by TLS, for all tests of this file."""
    collector = Collector(f"collector:\n  external_url: https://{NAME}:7410\n")
    collector.start()
    host = Host()
    host.join(make_token(collector, "web")).start()
    streams(collector, "fe1")
    collector.host_agent = host
    yield collector
    problems = host.close() + collector.close()
    for program in (host, collector):
        program.forget()
    assert not problems, problems


def dial(house, *alpn, address=None):
    """A TLS connection to the agents' port; the certificate must be the collector's own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(os.path.join(house.data, "tls", "certificate.pem"))
    if alpn:
        context.set_alpn_protocols(list(alpn))
    at, port = (address or house.agents).rsplit(":", 1)
    plain = socket.create_connection((at, int(port)), timeout=10)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(plain)


def request(sock, method, path, *headers, body=b"", host="localhost"):
    head = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers]
    if body:
        head += [f"Content-Length: {len(body)}", "Content-Type: application/json"]
    sock.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)


def answer(sock, method="GET"):
    """(status, headers, body) of the next answer."""
    got = http.client.HTTPResponse(sock, method=method)
    got.begin()
    return got.status, got.headers, got.read()


def bearer(house):
    return "Authorization: Bearer " + house.token()


def agents(house):
    return house.get("/api/v1/self")["agents"]


@pytest.mark.parametrize("alpn", [(), ("http/1.1",), ("h2", "http/1.1")])
def test_a_browser_is_served_beside_an_agent(house, alpn):
    before = house.host("fe1")["last_sample"]
    with dial(house, *alpn) as sock:
        assert sock.selected_alpn_protocol() == ("http/1.1" if alpn else None)
        for _ in range(3):  # one connection, request after request
            request(sock, "GET", "/api/v1/hosts/fe1", bearer(house))
            status, _, body = answer(sock)
            assert status == 200 and json.loads(body)["name"] == "fe1"
        request(sock, "GET", "/api/v1/hosts/fe1")
        assert answer(sock)[0] == 401
    until(lambda: house.host("fe1")["last_sample"] > before, 10, "the agent streams on")
    assert agents(house)["connected"] == 1


def test_a_protocol_nobody_speaks_is_refused(house):
    with pytest.raises(ssl.SSLError, match="NO_APPLICATION_PROTOCOL|no application protocol"):
        dial(house, "h3")


def test_large_answers_and_bodies_arrive_whole(house):
    with open("/usr/share/javascript/dygraphs/dygraph.min.js", "rb") as f:
        script = f.read()
    with dial(house) as sock:
        for _ in range(3):
            request(sock, "GET", "/dygraph.min.js", bearer(house))
        for _ in range(3):  # all asked for at once, none read meanwhile
            status, _, body = answer(sock)
            assert status == 200 and body == script
    with dial(house) as sock:  # body and head in one flight with the end of the handshake
        request(sock, "POST", "/api/v1/users", bearer(house), body=b"{" + b" " * 65000 + b"}")
        status, _, body = answer(sock)
        assert status == 422 and b"this is missing" in body
        request(sock, "POST", "/api/v1/users", bearer(house), body=b" " * 70000)
        assert answer(sock)[0] == 413


def test_bytes_come_one_by_one(house):
    with Relay(house.agents, piece=1) as relay, dial(house, "http/1.1", address=relay.address) as sock:
        request(sock, "GET", "/healthz")
        assert answer(sock)[2] == b"ok\n"


def test_events_come_by_tls_and_end_with_the_session(house):
    house.request("/api/v1/users", "POST", {"name": "viewer", "role": "read-only"})
    link = json.loads(house.request("/api/v1/users/viewer/login-link", "POST")[2])["url"]
    assert link.startswith(f"https://{NAME}:7410/login.html#link=")
    link = link.split("link=")[1]
    with dial(house) as sock:
        request(sock, "POST", "/api/v1/session", body=json.dumps({"link": link}).encode())
        status, headers, _ = answer(sock)
        assert status == 200 and headers["Set-Cookie"].startswith("__Host-plimsoll=")
        assert headers["Set-Cookie"].endswith("; HttpOnly; SameSite=Strict; Secure")
        cookie = headers["Set-Cookie"].split(";")[0]
        request(sock, "GET", "/api/v1/stream?host=fe1", "Cookie: " + cookie)
        got = b""
        while b"event: sample" not in got:
            got += sock.recv(65536)
        # Given by TLS, it is worth nothing without; and under the name of the other it is nothing here.
        told = house.request("/api/v1/session", headers=[("Cookie", cookie)])
        assert told[0] == 401
        assert house.request("/api/v1/users/viewer", "DELETE")[0] == 204
        while sock.recv(65536):  # until the collector closes
            pass


def test_only_its_own_names_are_answered(house):
    for host, status in ((NAME + ":7410", 200), (NAME.upper() + ":7410", 200), (NAME, 421),
                         ("attacker.example", 421), ("192.0.2.1:7410", 200), ("[::1]:7410", 200)):
        with dial(house) as sock:
            request(sock, "GET", "/healthz", host=host)
            assert answer(sock)[0] == status, host


def test_plain_http_there_is_told_where_to_go(house):
    address, port = house.agents.rsplit(":", 1)
    with socket.create_connection((address, int(port)), timeout=10) as sock:
        request(sock, "GET", "/")
        status, _, body = answer(sock)
        assert status == 400 and b"https://" in body


def test_hostile_connections_disturb_nobody(house):
    before = house.host("fe1")["last_sample"]
    idle = [dial(house) for _ in range(20)]
    garbage = dial(house)
    garbage.sendall(os.urandom(3000) + b"\r\n\r\n")
    status, _, _ = answer(garbage)
    assert status in (400, 505)
    broken = dial(house)
    raw = socket.socket(fileno=os.dup(broken.fileno()))  # a record that is none, behind TLS's back
    raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
    with pytest.raises(ssl.SSLError, match="(?i)bad.record.mac"):
        broken.recv(100)
    for sock in [*idle, garbage, broken, raw]:
        sock.close()
    until(lambda: house.host("fe1")["last_sample"] > before, 10, "the agent streams on")
    until(lambda: house.get("/api/v1/self")["http"]["connected"] <= 2, 10, "their slots are free again")


def test_no_slot_for_another_browser(house):
    many = []
    slots = house.get("/api/v1/self")["http"]["slots"]
    try:
        with dial(house) as witness:
            request(witness, "GET", "/api/v1/self", bearer(house))
            answer(witness)
            for _ in range(slots - 1):
                many.append(dial(house))
            late = dial(house)
            many.append(late)
            late.settimeout(10)
            with pytest.raises((ssl.SSLError, OSError)):
                if late.recv(1) == b"":
                    raise OSError("closed")
            request(witness, "GET", "/api/v1/self", bearer(house))
            told = json.loads(answer(witness)[2])
            assert told["http"]["refused"]["full"] >= 1 and told["agents"]["refused"]["browser"] >= 1
            assert told["agents"]["connected"] == 1
    finally:
        for sock in many:
            sock.close()
    until(lambda: house.request("/healthz")[0] == 200, 10, "there is room again")
