"""The agents' port of the real collector under peers that are broken, hostile or slow, while a real
agent streams beside them. The client here is written from common/wire/PROTOCOL.md alone."""

import random
import socket
import struct
import time

import pytest
from programs import until

HELLO, WELCOME, REFUSE, KEY, DELTA, ACK = 1, 2, 3, 4, 5, 6
BODY_MAX = 4096


def frame(kind, body=b"", version=1, length=None):
    return b"Pl" + struct.pack(">BBI", version, kind, len(body) if length is None else length) + body


def str8(text):
    return bytes([len(text)]) + text


def hello_body(host=b"peer", boot=b"\1" * 16, version=1, interval_ms=1000):
    return (struct.pack(">H16sQIQ", version, boot, 1777777777000, interval_ms, 1) + str8(host)
            + str8(b"web") + str8(b"test") + b"\0" + b"\1" + str8(b"cpu.busy") + b"\3\x90\x4e")


def key_body(seq):
    """cpu.busy 0.5 at a fixed time: flags, seq, time, changed bit, +5000."""
    assert seq < 128
    return bytes([0, seq]) + b"\xe8\xb2\xc0\xde\xde\x33" + b"\1" + b"\x90\x4e"


class Peer:
    """A socket to the agents' port."""

    def __init__(self, collector, hello=None):
        host, port = collector.agents.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=5)
        if hello is not None:
            self.send(frame(HELLO, hello))
            kind, _ = self.receive()
            assert kind == WELCOME

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def exactly(self, length):
        data = b""
        while len(data) < length:
            more = self.socket.recv(length - len(data))
            if not more:
                return None
            data += more
        return data

    def receive(self):
        """(type, body) of the next frame, or (None, None) when the collector has closed."""
        try:
            head = self.exactly(8)
            if head is None:
                return None, None
            magic, version, kind, length = struct.unpack(">2sBBI", head)
            assert magic == b"Pl" and version == 1
            return kind, self.exactly(length)
        except ConnectionResetError:
            return None, None

    def refusal(self):
        """The code of the REFUSE that must come, with a close behind it."""
        kind, body = self.receive()
        assert kind == REFUSE, kind
        code, length = struct.unpack(">HB", body[:3])
        assert len(body) == 3 + length
        assert body[3:].isascii()
        assert self.receive() == (None, None)
        return code


def refused(collector, reason):
    return collector.get("/api/v1/self")["agents"]["refused"][reason]


@pytest.fixture
def unaffected(collector, agent):
    """Checks that the real agent beside the test lost nothing and was never cut off."""
    def samples():
        return collector.get("/api/v1/self")["samples"]
    until(lambda: collector.host(agent.host), 10, "the agent streams")
    before, start = samples(), time.monotonic()
    yield
    passed = int(time.monotonic() - start)
    until(lambda: samples()["accepted"] >= before["accepted"] + passed - 1, 5,
          f"{passed} more samples of the real agent")
    assert samples()["lost"] == before["lost"]
    assert "event=disconnected" not in agent.log()
    assert collector.host(agent.host)["age_ms"] < 3000


BROKEN = [
    ("http", None, b"PUT / HTTP/1.1\r\nHost: x\r\n\r\n", "not_plimsoll", 6),
    ("ssh", None, b"SSH-2.0-OpenSSH_9.2\r\n", "not_plimsoll", 6),
    ("frame version", None, frame(HELLO, hello_body(), version=2), "version", 1),
    ("protocol version", None, frame(HELLO, hello_body(version=2)), "version", 1),
    ("body one too long", None, frame(HELLO, length=BODY_MAX + 1), "too_big", 6),
    ("body of 4 GiB", hello_body(), frame(KEY, length=2**32 - 1), "too_big", 6),
    ("sample before HELLO", None, frame(KEY, key_body(1)), "out_of_turn", 6),
    ("HELLO twice", hello_body(), frame(HELLO, hello_body()), "out_of_turn", 6),
    ("DELTA before KEY", hello_body(), frame(DELTA, b"\0\0\0"), "out_of_turn", 6),
    ("a collector's frame", hello_body(), frame(ACK, b"\0" * 8), "out_of_turn", 6),
    ("cut HELLO", None, frame(HELLO, hello_body()[:40]), "malformed", 2),
    ("HELLO with a tail", None, frame(HELLO, hello_body() + b"x"), "malformed", 2),
    ("host name with a path", None, frame(HELLO, hello_body(host=b"../../x")), "malformed", 2),
    ("host name with a line", None, frame(HELLO, hello_body(host=b"a\nb")), "malformed", 2),
    ("interval 0", None, frame(HELLO, hello_body(interval_ms=0)), "malformed", 2),
    ("sample with a tail", hello_body(), frame(KEY, key_body(1) + b"x"), "malformed", 6),
    ("sample repeated", hello_body(), frame(KEY, key_body(2)) * 2, "malformed", 6),
]


def test_broken_input_is_refused_and_counted(collector, unaffected):
    for name, hello, data, reason, code in BROKEN:
        before = refused(collector, reason)
        with Peer(collector, hello) as peer:
            peer.send(data)
            assert peer.refusal() == code, name
        assert refused(collector, reason) == before + 1, name


def test_random_input_never_hurts(collector, unaffected):
    """Frames of random kinds and lengths, good samples with flipped bits, plain noise."""
    rng = random.Random(1)
    for round_ in range(300):
        greet = rng.random() < 0.5
        data = frame(KEY, key_body(1)) + frame(DELTA, b"\0\0\1\2") * 3
        if rng.random() < 0.5:
            data = bytearray(data)
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif rng.random() < 0.5:
            data = frame(rng.randrange(256), rng.randbytes(rng.randrange(200)))
        else:
            data = rng.randbytes(rng.randrange(1, 5000))
        boot = struct.pack(">QQ", round_, 7)  # each its own process, one after the other
        try:
            with Peer(collector, hello_body(host=b"noise%d" % round_, boot=boot) if greet else None) as peer:
                peer.send(bytes(data))
                peer.socket.shutdown(socket.SHUT_WR)
                while peer.receive() != (None, None):
                    continue
        except (BrokenPipeError, ConnectionResetError):
            continue  # refused before all was sent
    assert sum(collector.get("/api/v1/self")["agents"]["refused"].values()) > 100


def test_dawdlers_are_cut(collector, unaffected):
    """Nobody introduces himself; half a frame; a HELLO drip-fed so slowly that it takes too long."""
    mute = Peer(collector)
    half = Peer(collector, hello_body(host=b"half"))
    half.send(frame(KEY, key_body(1))[:9])
    drip = Peer(collector)
    start = time.monotonic()
    data = frame(HELLO, hello_body(host=b"drip"))
    for at in range(len(data)):
        try:
            drip.send(data[at:at + 1])
        except (BrokenPipeError, ConnectionResetError):
            break
        if time.monotonic() - start > 14:
            break
        time.sleep(0.2)
    until(lambda: refused(collector, "hello_timeout") == 1, 15, "the mute peer is refused")
    until(lambda: refused(collector, "frame_timeout") == 2, 15, "both half frames are refused")
    for peer in (mute, half, drip):
        kind, _ = peer.receive()
        assert kind in (REFUSE, None)
        peer.socket.close()
    assert 9 < time.monotonic() - start < 20


@pytest.mark.config("collector:\n  max_agents: 20\n")
def test_a_crowd_of_mutes_does_not_lock_agents_out(collector, unaffected):
    """More peers than slots: those behind wait in the kernel and get in when the mutes are cut."""
    crowd = [Peer(collector) for _ in range(400)]
    until(lambda: collector.get("/api/v1/self")["agents"]["parked"] > 0, 5, "somebody is parked")
    for peer in crowd:
        peer.socket.close()
    with Peer(collector, hello_body(host=b"honest")) as peer:
        peer.send(frame(KEY, key_body(1)))
        until(lambda: collector.host("honest"), 5, "an honest agent gets in")


def test_a_second_machine_of_one_name_is_told(collector, agent, unaffected):
    with Peer(collector) as peer:
        peer.send(frame(HELLO, hello_body(host=agent.host.encode())))
        assert peer.refusal() == 4
    assert refused(collector, "taken") == 1
