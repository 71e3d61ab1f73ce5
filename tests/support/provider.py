"""provider - one server on loopback for everybody who pages people, and what each of them has in common.

The providers themselves are in providers.py. `RETRY`, `BROKEN` and `REJECT` are the errors that the
documentation of a provider names, as (status, headers, body); a test plays them with `play(...)`.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from receiver import Problems


def is_text(value, longest, shortest=1):
    return isinstance(value, str) and shortest <= len(value) <= longest


def is_url(value, longest=2000):
    return is_text(value, longest) and value.startswith(("http://", "https://"))


class Request:
    """One request as it arrived."""

    def __init__(self, method, target, headers, raw):
        url = urlsplit(target)
        self.method, self.path, self.query = method, url.path, parse_qs(url.query)
        self.headers, self.raw, self.unix = headers, raw, time.time()
        self.problems = Problems()
        form = headers.get("Content-Type") == "application/x-www-form-urlencoded"
        try:
            self.body = parse_qs(raw.decode(), strict_parsing=True) if form else json.loads(raw) if raw else None
        except ValueError as error:
            self.body = None
            self.problems.append(f"body is not JSON: {error}")
        p = self.problems
        p.need(headers.get("User-Agent", "").startswith("plimsoll/"), "User-Agent is not plimsoll")
        p.need(method == "GET" or form or headers.get("Content-Type") == "application/json", "Content-Type is not JSON")
        p.need("Expect" not in headers, "Expect is set")


class Provider:
    """What is common: secrets in files, the log of requests, errors to be played."""

    word = ""       # its `type` in a configuration
    secrets = {}    # key of the configuration -> the secret, or "URL/..." for a secret address
    keys = {}       # other keys -> value
    takes_url = False
    RETRY = [(500, {}, ""), (503, {"Retry-After": "1"}, "")]
    BROKEN = [(404, {}, "")]
    REJECT = [(400, {}, "")]

    def __init__(self, server):
        self.server = server
        self.base = f"{server.url}/{self.word}"
        self.requests = []   # every one that came
        self.accepted = []   # what people saw: (what happened, text)
        self.messages = {}   # id -> text
        self.answers = []    # to be played before it is well again

    def config(self, folder):
        """The entry of `notifiers`, with its secrets in files below `folder`."""
        lines = [f"  {self.word.replace('_', '-')}:", f"    type: {self.word}"]
        if self.takes_url:
            lines.append(f"    url: {self.base}")
        for key, secret in self.secrets.items():
            path = folder / f"{self.word}.{key}"
            path.write_text(secret.replace("URL", self.base) + "\n")
            path.chmod(0o600)
            lines.append(f"    {key}: {path}")
        lines += [f"    {key}: '{value}'" for key, value in self.keys.items()]
        return "\n".join(lines) + "\n"

    def play(self, *answers):
        with self.server.changed:
            self.answers = list(answers)

    def answer(self, request):
        """(status, headers, body) for a request; called with the server's lock held."""
        self.requests.append(request)
        self.check(request)
        if request.problems:
            return self.refuse(request)
        if self.answers:
            return self.answers.pop(0)
        return self.accept(request)

    def check(self, request):
        raise NotImplementedError

    def accept(self, request):
        raise NotImplementedError

    def refuse(self, request):
        return 400, {}, {"message": "; ".join(request.problems)}

    def saw(self, what, text):
        self.accepted.append((what, text))

    def whats(self):
        return [what for what, _ in self.accepted]


def what_of(title):
    """The state a headline tells."""
    words = {"[PAGE]": "firing", "[ACK": "acknowledged", "[RESOLVED]": "resolved", "[TEST]": "test"}
    return words.get(title.split(" ")[0].rstrip("]") + ("" if title.startswith("[ACK ") else "]"), title)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_any(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        providers = self.server.providers
        _, word, path = (self.path.split("/", 2) + [""])[:3]
        provider = providers.of.get(word.partition("?")[0])
        with providers.changed:
            if provider:
                status, headers, body = provider.answer(Request(self.command, "/" + path, self.headers, raw))
            else:
                status, headers, body = 404, {}, ""
            providers.changed.notify_all()
        out = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(out)))
        self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(out)
        except OSError:  # a long poll whose asker has gone
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = handle_any


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class Everybody:
    """Providers behind one port."""

    def __init__(self, classes):
        self.changed = threading.Condition()
        self.stopped = False
        self.http = Server(("127.0.0.1", 0), Handler)
        self.http.providers = self
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.of = {each.word: each(self) for each in classes}

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        with self.changed:
            self.stopped = True
            self.changed.notify_all()
        self.http.shutdown()
        self.http.server_close()

    def __iter__(self):
        return iter(self.of.values())

    def config(self, folder):
        return "notifiers:\n" + "".join(each.config(folder) for each in self)

    def secrets(self):
        """What no log may hold."""
        for each in self:
            yield from (secret.removeprefix("URL") for secret in each.secrets.values())

    def wait_for(self, condition, seconds, what):
        with self.changed:
            if self.changed.wait_for(condition, seconds):
                return
            seen = "\n".join(f"{each.word}: {each.accepted} {[r.problems for r in each.requests if r.problems]}"
                             for each in self)
        raise AssertionError(f"{what}: not within {seconds} s\n{seen}")
