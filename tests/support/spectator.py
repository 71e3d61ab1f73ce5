#!/usr/bin/python3
"""spectator - tells on the terminal what happens to one pool, and is the pager of its demonstration.

    spectator.py --pool NAME --capacity C --announce FILE --api FIFO [--tell SECOND TEXT]...

Writes the address to give to a notifier of type alertmanager into FILE, then reads one line from
FIFO: the address of the collector's API (HOST:PORT). From then on one line every few seconds with
the pool's traffic and what is left of the capacity, every page in plain words as it arrives, and the
moment when the front ends are full, with the time that the first page came before it. Ends when
nobody holds the FIFO for writing any more. `--tell` prints a text that many seconds after the pool is first seen.
"""

import argparse
import json
import os
import select
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from receiver import Receiver  # noqa: E402 - the path comes first

TOLD_EVERY_S = 4  # between two lines about the pool, while nothing happens
LOOK_EVERY_S = 0.5
FULL_SHARE = 0.99  # of a processor
BAR_COLUMNS = 24
COLOURS = {"page": "\033[1;31m", "full": "\033[1;35m", "note": "\033[1m"}


class Terminal:
    """Whole lines on stdout; colour only on a terminal and without NO_COLOR."""

    def __init__(self):
        self.colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def say(self, text, kind=None):
        if self.colour and kind:
            text = f"{COLOURS[kind]}{text}\033[0m"
        print(text, flush=True)


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def bar(share):
    filled = round(max(0, min(share, 1)) * BAR_COLUMNS)
    return "[" + "#" * filled + "." * (BAR_COLUMNS - filled) + "]"


class Pool:
    """What the API says about the hosts of the pool."""

    def __init__(self, address, token, name):
        self.request = urllib.request.Request(f"http://{address}/api/v1/hosts",
                                              headers={"Authorization": "Bearer " + token})
        self.name = name

    def hosts(self):
        """name -> metrics of every host that has a sample; {} while the collector does not answer."""
        try:
            with urllib.request.urlopen(self.request, timeout=2) as answer:
                hosts = json.load(answer)["hosts"]
        except (urllib.error.URLError, OSError, ValueError):
            return {}
        return {h["name"]: h["metrics"] for h in hosts if h["pool"] == self.name and h["metrics"]}


class Spectator:
    def __init__(self, options):
        self.options = options
        self.terminal = Terminal()
        self.began = None  # seconds, monotonic: the pool was first seen
        self.first_page = None
        self.full = False
        self.told = float("-inf")
        self.to_tell = sorted((float(second), text) for second, text in options.tell)
        self.lock = threading.Lock()

    def elapsed(self):
        return 0 if self.began is None else time.monotonic() - self.began

    def on_request(self, request):
        """A page is here (on a thread of the receiver)."""
        with self.lock:
            text = request.get("text")
            if text is None:
                text = "a page that no pager would take: " + "; ".join(request["problems"])
            if self.first_page is None and text.startswith(f"[PAGE] {self.options.pool}:"):
                self.first_page = time.monotonic()
            self.terminal.say(f"{clock(self.elapsed()):>5}  *** {text}", "page")

    def tell_pool(self, hosts):
        traffic = sum(m.get("tcp.accepted", 0) for m in hosts.values())
        headroom = 1 - traffic / self.options.capacity
        cpus = ", ".join(f"{name} {m.get('cpu.busy', 0) * 100:.0f} %" for name, m in sorted(hosts.items()))
        self.terminal.say(f"{clock(self.elapsed()):>5}  {traffic:5.0f} connections/s  "
                          f"{bar(traffic / self.options.capacity)}  headroom {headroom * 100:4.0f} %  "
                          f"cpu {cpus}")

    def tell_full(self):
        self.full = True
        lead = "nobody was paged before" if self.first_page is None else \
            f"{time.monotonic() - self.first_page:.0f} s after the page"
        self.terminal.say(f"{clock(self.elapsed()):>5}  --- FULL: a front end has no processor left, {lead}",
                          "full")

    def look(self, hosts):
        if not hosts:
            return
        if self.began is None:
            self.began = time.monotonic()
        while self.to_tell and self.elapsed() >= self.to_tell[0][0]:
            self.terminal.say(f"{clock(self.elapsed()):>5}  --- {self.to_tell.pop(0)[1]}", "note")
        if not self.full and any(m.get("cpu.busy", 0) >= FULL_SHARE for m in hosts.values()):
            self.tell_full()
        if time.monotonic() - self.told >= TOLD_EVERY_S:
            self.told = time.monotonic()
            self.tell_pool(hosts)

    def run(self):
        with Receiver(on_request=self.on_request) as inbox, open(self.options.api, encoding="ascii") as api:
            announce(self.options.announce, f"{inbox.url}/hook\n")
            address, _, token = api.readline().strip().partition(" ")
            pool = Pool(address, token, self.options.pool)
            while address and not ended(api):
                hosts = pool.hosts()
                with self.lock:
                    self.look(hosts)


def announce(path, text):
    """A file that holds all of `text` as soon as it is there."""
    with open(path + ".new", "w", encoding="ascii") as f:
        f.write(text)
    os.rename(path + ".new", path)


def ended(stream):
    """Waits a moment; True at the end of the stream."""
    readable, _, _ = select.select([stream], [], [], LOOK_EVERY_S)
    return bool(readable) and stream.readline() == ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", required=True)
    parser.add_argument("--capacity", type=float, required=True, help="connections/s that headroom is left of")
    parser.add_argument("--announce", required=True, metavar="FILE")
    parser.add_argument("--api", required=True, metavar="FIFO")
    parser.add_argument("--tell", nargs=2, action="append", default=[], metavar=("SECOND", "TEXT"))
    Spectator(parser.parse_args()).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
