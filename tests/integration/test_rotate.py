"""A host takes a new key: asked for there or by an operator here, and both keys are good until the new
one was used."""

import json
import os

import pytest
from enrolled import Host, plimsoll
from programs import until
from test_ingest_hostile import HELLO, REFUSE, WELCOME, Peer, frame, hello_body, str8
from test_trust import joined, logged

ROTATE = 10


@pytest.fixture
def new_host(programs):
    def make(name="fe1"):
        programs.append(Host(name))
        return programs[-1]
    return make


def key_of(host):
    with open(host.path("key.pem"), encoding="ascii") as f:
        return f.read()


def put_key(host, text):
    with open(host.path("key.pem"), "w", encoding="ascii") as f:
        f.write(text)


def state_of(collector, name):
    return {h["name"]: h["state"] for h in json.loads(plimsoll(collector, "host", "ls", "--json")[1])}[name]


def test_rotated_key(collector, new_host):
    """Both keys are good until the new one was used; across a restart of the collector, too."""
    host = joined(collector, new_host())
    old = key_of(host)
    assert host.command("rotate")[:2] == (0, "rotated: host fe1 has a new key\n")
    assert not os.path.exists(host.path("key.next.pem"))
    new = key_of(host)
    assert state_of(collector, "fe1") == "rotating"
    host.stop()
    put_key(host, old)
    collector.kill()
    collector.start()
    host.start()
    logged(host, "event=connected")
    assert state_of(collector, "fe1") == "rotating"
    put_key(host, new)
    collector.kill()
    collector.start()  # the running agent sees its file has changed, and shows the new key
    logged(collector, "event=host_key_retired", "host=fe1")
    until(lambda: (collector.host("fe1") or {}).get("connected"), 40, "fe1 is back")
    assert state_of(collector, "fe1") == "enrolled"
    host.stop()
    put_key(host, old)
    host.start()
    logged(host, "event=refused", "code=8", "this host name belongs to another key")
    logged(collector, "event=agent_refused", "host=fe1", "wrong_key")


def test_an_operator_has_a_key_rotated(collector, new_host):
    host = joined(collector, new_host())
    old = key_of(host)
    status, out, _ = plimsoll(collector, "host", "rotate", "fe1")
    assert status == 0 and out.startswith("asked fe1 to take a new key")
    logged(host, "event=key_rotated")
    logged(collector, "event=host_key_rotated", "host=fe1")
    logged(collector, "event=host_key_retired", "host=fe1")  # it came back with the new one by itself
    assert key_of(host) != old and not os.path.exists(host.path("key.next.pem"))
    until(lambda: (collector.host("fe1") or {}).get("connected"), 10, "fe1 is back")
    assert json.loads(collector.request("/api/v1/self")[2])["samples"]["lost"] == 0
    # Refused, in words.
    host.stop()
    until(lambda: not collector.host("fe1")["connected"], 10, "fe1 is gone")
    for name, words in (("fe1", "its agent is not connected with its key now; run 'plimsoll-agent rotate'"),
                        ("fe9", "no host of that name is enrolled")):
        status, _, err = plimsoll(collector, "host", "rotate", name)
        assert status == 1 and words in err
    assert plimsoll(collector, "host", "revoke", "fe1")[0] == 0
    status, _, err = plimsoll(collector, "host", "rotate", "fe1")
    assert status == 1 and "its key was revoked" in err
    status, _, err = host.command("rotate")
    assert status == 1 and "refused: the key of this host was revoked" in err


def test_a_plain_stream_cannot_rotate(collector):
    """Nobody has proved a key there; the connection ends, and the collector goes on."""
    with Peer(collector) as peer:
        peer.send(frame(HELLO, hello_body(b"fe7")))
        assert peer.receive()[0] == WELCOME
        peer.send(frame(ROTATE, str8(b"fe7") + b"\7" * 96))
        kind, body = peer.receive()
        assert kind == REFUSE and b"a replayed proof is worth nothing" in body
    assert collector.running()
