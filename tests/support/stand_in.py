"""stand_in - a host whose load the test decides, speaking the agents' protocol to a real collector.

    with Host(collector.agents, "fe1") as host:
        host.cpu = 0.97

It is a second implementation of common/wire (see PROTOCOL.md there): HELLO with a table of two
metrics, every sample a KEY, nothing forgotten before it is acknowledged. When the collector goes
away it samples on, comes back, and sends again from the first sample that is not durable.
"""

import os
import select
import socket
import struct
import threading
import time

HELLO, WELCOME, REFUSE, KEY, ACK = 1, 2, 3, 4, 6
METRICS = (b"cpu.busy", b"memory.used")
SHARE, SCALE = 3, 10000


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def str8(text):
    return bytes([len(text)]) + text


def frame(kind, body):
    return struct.pack(">2sBBI", b"Pl", 1, kind, len(body)) + body


class Host:
    """`cpu` and `memory` are shares, 0 to 1, of the next sample. `refused` is what the collector
    said when it last turned this host away; it comes back all the same, as agents do."""

    def __init__(self, address, name="fe1", pool="web", interval_s=0.2):
        host, _, port = address.rpartition(":")
        self.address = (host, int(port))
        self.name, self.pool, self.interval_s = name, pool, interval_s
        self.cpu, self.memory = 0.1, 0.1
        self.boot_id = os.urandom(16)
        self.spool = {}  # seq -> body of its KEY frame
        self.next_seq = 1
        self.acked = 0
        self.refused = None
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join(5)

    def hello(self):
        first = min(self.spool, default=self.next_seq)
        head = struct.pack(">H16sQIQ", 1, self.boot_id, int(time.time() * 1000),
                           int(self.interval_s * 1000), first)
        names = str8(self.name.encode()) + str8(self.pool.encode()) + str8(b"stand-in")
        table = b"".join(str8(name) + bytes([SHARE]) + varint(SCALE) for name in METRICS)
        return frame(HELLO, head + names + bytes([0]) + bytes([len(METRICS)]) + table)

    def sample(self):
        """Takes a sample into the spool; returns its frame."""
        values = (round(self.cpu * SCALE), round(self.memory * SCALE))
        changed = sum(1 << i for i, value in enumerate(values) if value)
        body = bytes([0]) + varint(self.next_seq) + varint(int(time.time() * 1000))
        body += bytes([changed]) + b"".join(varint(2 * value) for value in values if value)
        self.spool[self.next_seq] = frame(KEY, body)
        self.next_seq += 1
        return self.spool[self.next_seq - 1]

    def forget(self, durable):
        self.acked = max(self.acked, durable)
        self.spool = {seq: body for seq, body in self.spool.items() if seq > durable}

    def run(self):
        while not self.ending.is_set():
            try:
                with socket.create_connection(self.address, 1) as sock:
                    self.talk(sock)
            except OSError:  # the collector is away
                self.sample()
                self.ending.wait(self.interval_s)

    def talk(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(self.hello())
        received = bytearray()
        welcomed = False
        due = time.monotonic()
        while not self.ending.is_set():
            wait = max(0.0, due - time.monotonic())
            if select.select([sock], [], [], wait)[0]:
                more = sock.recv(4096)
                if not more:
                    raise ConnectionResetError
                received += more
                for kind, body in self.frames(received):
                    welcomed |= kind == WELCOME
                    self.take(sock, kind, body)
            if time.monotonic() >= due:
                due += self.interval_s
                taken = self.sample()
                if welcomed:
                    sock.sendall(taken)

    @staticmethod
    def frames(received):
        """Takes the complete frames out of `received`."""
        while len(received) >= 8:
            _, _, kind, length = struct.unpack(">2sBBI", received[:8])
            if len(received) < 8 + length:
                return
            body = bytes(received[8:8 + length])
            del received[:8 + length]
            yield kind, body

    def take(self, sock, kind, body):
        if kind == WELCOME:
            self.forget(self.leading_number(body))
            sock.sendall(b"".join(self.spool.values()))
        elif kind == ACK:
            self.forget(self.leading_number(body))
        elif kind == REFUSE:
            self.refused = body
            raise ConnectionError("refused")

    @staticmethod
    def leading_number(body):
        """WELCOME and ACK begin with the last durable seq."""
        return struct.unpack(">Q", body[:8])[0]
