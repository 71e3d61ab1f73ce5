#!/usr/bin/python3
"""A pager's inbox: an HTTP server that checks each page as the provider would and plays a script.

From the command line it prints one line per page, so you can watch plimsoll page:

    tests/support/receiver.py --port 9099            # every page is accepted
    tests/support/receiver.py --script 500,500,200   # fails twice, then is well

POST /v2/enqueue is PagerDuty's Events API v2; every other path takes Alertmanager's webhook,
version 4. A request that the provider would refuse is answered 400 with the reasons, whatever the
script says. GET /requests returns all requests so far as JSON; PUT /script takes a new script.

A script is a list of steps, one per valid request; the last step repeats. A path of its own script
is written PATH=STEPS. Steps:

    200 404 503 ...   answer with this status
    429:2             with "Retry-After: 2"; 429:date:2 writes the same as an HTTP date
    drop              read half of the request, then reset the connection
    cut               answer 200, promise more body than is sent, then close
    hang              never answer
    late              answer 200 after one second
    slow              answer 200 at once, then one byte of body every 100 ms
    long              answer 200 with 1 MiB of body
    redirect          answer 307 to /moved
"""

import argparse
import email.utils
import json
import re
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ZERO_TIME = "0001-01-01T00:00:00Z"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
SEVERITIES = ("critical", "error", "warning", "info")
PAGERDUTY_PATH = "/v2/enqueue"
BODY_MAX = 512 * 1024


class Problems(list):
    """What a provider would refuse; `need` records a claim that does not hold."""

    def need(self, ok, text):
        if not ok:
            self.append(text)
        return ok


def is_text_map(value):
    return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())


def check_alertmanager_alert(p, alert, body):
    if not p.need(isinstance(alert, dict), "an alert is not an object"):
        return
    firing = alert.get("status") == "firing"
    p.need(firing or alert.get("status") == "resolved", "alert status is not firing or resolved")
    for name in ("labels", "annotations"):
        p.need(is_text_map(alert.get(name)), f"alert {name} must map strings to strings")
    labels = alert.get("labels") or {}
    p.need("alertname" in labels, "labels lack alertname")
    p.need(body["commonLabels"].items() <= labels.items(), "commonLabels are not common")
    for name in ("startsAt", "endsAt"):
        p.need(TIME.fullmatch(str(alert.get(name))), f"{name} is not RFC 3339")
    p.need((alert.get("endsAt") == ZERO_TIME) == firing, "endsAt is the zero time while firing only")
    p.need(firing or str(alert.get("startsAt")) <= str(alert.get("endsAt")), "ends before it starts")
    p.need(isinstance(alert.get("generatorURL"), str), "generatorURL is missing")
    p.need(re.fullmatch("[0-9a-f]{16}", str(alert.get("fingerprint"))), "fingerprint is not 16 hex digits")


def check_alertmanager(p, body):
    """The webhook payload of version 4 (Alertmanager's notify/webhook and template.Data)."""
    p.need(body.get("version") == "4", 'version is not "4"')
    for name in ("groupKey", "receiver", "externalURL"):
        p.need(isinstance(body.get(name), str), f"{name} is not a string")
    p.need(isinstance(body.get("truncatedAlerts"), int), "truncatedAlerts is not a number")
    for name in ("groupLabels", "commonLabels", "commonAnnotations"):
        if not p.need(is_text_map(body.get(name)), f"{name} must map strings to strings"):
            return
    p.need(body["groupLabels"].items() <= body["commonLabels"].items(), "groupLabels are not common")
    alerts = body.get("alerts")
    if not p.need(isinstance(alerts, list) and alerts, "alerts is not a list of alerts"):
        return
    for alert in alerts:
        check_alertmanager_alert(p, alert, body)
    firing = any(isinstance(a, dict) and a.get("status") == "firing" for a in alerts)
    p.need(body.get("status") == ("firing" if firing else "resolved"), "status disagrees with alerts")


def check_pagerduty(p, body):
    """An event of the Events API v2."""
    action, key = body.get("event_action"), body.get("dedup_key")
    routing_key = body.get("routing_key")
    p.need(isinstance(routing_key, str) and len(routing_key) == 32, "routing_key has not 32 characters")
    p.need(action in ("trigger", "acknowledge", "resolve"), "event_action is not one of the three")
    p.need(isinstance(key, str) and 0 < len(key) <= 255, "dedup_key has not 1 to 255 characters")
    if action != "trigger":
        return
    payload = body.get("payload")
    if not p.need(isinstance(payload, dict), "payload is missing"):
        return
    summary, source = payload.get("summary"), payload.get("source")
    p.need(isinstance(summary, str) and 0 < len(summary) <= 1024, "summary has not 1 to 1024 characters")
    p.need(isinstance(source, str) and source, "source is missing")
    p.need(payload.get("severity") in SEVERITIES, "severity is not one of the four")
    p.need(TIME.fullmatch(payload.get("timestamp", ZERO_TIME)), "timestamp is not ISO 8601")
    p.need(isinstance(payload.get("custom_details", {}), dict), "custom_details is not an object")


def check_request(handler, raw):
    """Returns (problems, parsed body or None)."""
    p = Problems()
    p.need(handler.headers.get("Content-Type") == "application/json", "Content-Type is not application/json")
    if not handler.headers.get("User-Agent", "").startswith("Alertmanager/"):  # the real one may call as well
        p.need(handler.headers.get("Accept") == "application/json", "Accept is not application/json")
        p.need(handler.headers.get("User-Agent", "").startswith("plimsoll/"), "User-Agent is not plimsoll")
    p.need("Expect" not in handler.headers, "Expect is set")
    p.need(len(raw) <= BODY_MAX, "body is over 512 KB")
    try:
        body = json.loads(raw)
    except ValueError as error:
        p.append(f"body is not JSON: {error}")
        return p, None
    if not p.need(isinstance(body, dict), "body is not an object"):
        return p, None
    (check_pagerduty if handler.path == PAGERDUTY_PATH else check_alertmanager)(p, body)
    return p, body


def page_of(path, body):
    """(what, key, text) of a valid body, the same for both providers."""
    if path == PAGERDUTY_PATH:
        what = {"trigger": "firing", "resolve": "resolved"}.get(body["event_action"], body["event_action"])
        return what, body["dedup_key"], body.get("payload", {}).get("summary", "")
    return body["status"], body["groupKey"], body["commonAnnotations"].get("summary", "")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections open, as providers do
    server_version = "receiver"

    def setup(self):
        super().setup()
        self.connection_number = self.server.receiver.next_connection()

    def parse_request(self):
        self.at_unix, self.at_mono = time.time(), time.monotonic()  # the request line is here
        return super().parse_request()

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def reset(self):
        """Close so that the peer sees a reset, not an orderly end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def do_GET(self):
        if self.path == "/requests":
            self.answer(200, self.server.receiver.snapshot())
        else:
            self.answer(404, {"message": "only /requests can be read"})

    def do_PUT(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.receiver.set_script(raw.decode())
        self.answer(200, {"status": "success"})

    def do_POST(self):
        receiver = self.server.receiver
        length = int(self.headers.get("Content-Length", 0))
        record = {"unix": self.at_unix, "mono": self.at_mono, "connection": self.connection_number,
                  "path": self.path, "headers": dict(self.headers), "problems": []}
        if receiver.peek_step(self.path) == "drop":
            self.rfile.read(length // 2)
            receiver.record(record, receiver.next_step(self.path))
            self.reset()
            return
        raw = self.rfile.read(length)
        problems, body = check_request(self, raw)
        record["problems"] = list(problems)
        record["body"] = body
        if problems:
            receiver.record(record, "400")
            self.answer(400, {"status": "invalid event", "message": "Event object is invalid",
                              "errors": problems})
            return
        record["what"], record["key"], record["text"] = page_of(self.path, body)
        step = receiver.next_step(self.path)
        receiver.record(record, step)
        self.play(step, body)

    def play(self, step, body):
        if step == "hang":
            self.server.receiver.stopped.wait()
            self.reset()
        elif step == "late":
            self.server.receiver.stopped.wait(1)
            self.answer_status(200, "", body)
        elif step == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b'{"status":')
            self.close_connection = True
        elif step == "slow":
            self.send_response(200)
            self.send_header("Content-Length", "10000")
            self.end_headers()
            self.drip()
        elif step == "long":
            self.answer(200, b" " * (1 << 20))
        elif step == "redirect":
            self.answer(307, {}, [("Location", "/moved")])
        else:
            status, _, hint = step.partition(":")
            self.answer_status(int(status), hint, body)

    def drip(self):
        while not self.server.receiver.stopped.wait(0.1):
            try:
                self.wfile.write(b" ")
            except OSError:  # the sender has given up, which is what this step is for
                break
        self.close_connection = True

    def answer_status(self, status, hint, body):
        headers = []
        if hint.startswith("date:"):
            until = time.time() + float(hint[5:])
            headers = [("Retry-After", email.utils.formatdate(until, usegmt=True))]
        elif hint:
            headers = [("Retry-After", hint)]
        if 200 <= status < 300 and self.path == PAGERDUTY_PATH:
            answer = {"status": "success", "message": "Event processed", "dedup_key": body["dedup_key"]}
            self.answer(202 if status == 200 else status, answer, headers)
        else:
            text = "success" if status < 300 else "scripted"
            self.answer(status, {"status": text, "connection": self.connection_number}, headers)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # the sender may go away at any moment
            super().handle_error(request, client_address)


class Receiver:
    """The server on a thread: `with Receiver("500,200") as inbox: ... inbox.wait_for(2)`.

    `requests` grows by one record per POST: unix and mono seconds when the request line arrived,
    connection number, path, headers, body, problems, step played, and for a valid page what
    (firing or resolved), key, text. A page is delivered when its step is a 2xx."""

    def __init__(self, script="200", port=0, on_request=None):
        self.requests = []
        self.stopped = threading.Event()
        self.on_request = on_request
        self.changed = threading.Condition()
        self.connections = 0
        self.set_script(script)
        self.server = Server(("127.0.0.1", port), Handler)
        self.server.receiver = self
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()

    def set_script(self, text):
        """Blank-separated scripts, PATH=STEPS or STEPS for every path without its own."""
        scripts = {}
        for part in text.split():
            path, _, steps = part.rpartition("=")
            scripts[path] = steps.split(",")
        with self.changed:
            self.scripts = scripts

    def peek_step(self, path):
        with self.changed:
            steps = self.scripts.get(path) or self.scripts.get("") or ["200"]
            return steps[0]

    def next_step(self, path):
        with self.changed:
            steps = self.scripts.get(path) or self.scripts.get("") or ["200"]
            return steps.pop(0) if len(steps) > 1 else steps[0]

    def next_connection(self):
        with self.changed:
            self.connections += 1
            return self.connections

    def record(self, request, step):
        request["step"] = step
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
        if self.on_request:
            self.on_request(request)

    def snapshot(self):
        with self.changed:
            return list(self.requests)

    def delivered(self):
        """The pages that were accepted, oldest first."""
        return [r for r in self.snapshot() if "what" in r and r["step"].startswith(("2", "late"))]

    def wait_for(self, condition, timeout_s):
        """Waits until condition(requests so far) is true; returns those requests. A number stands
        for that many requests."""
        met = condition if callable(condition) else lambda requests: len(requests) >= condition
        deadline = time.monotonic() + timeout_s
        with self.changed:
            while not met(self.requests):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"after {timeout_s} s: {describe(self.requests)}")
                self.changed.wait(left)
            return list(self.requests)


def line_of(request):
    """The one line of the command line for a request."""
    clock = time.strftime("%H:%M:%S", time.localtime(request["unix"]))
    millis = int(request["unix"] * 1000) % 1000
    what = request.get("what", "refused").upper()
    text = request.get("text") or request.get("key") or "; ".join(request["problems"]) or "(dropped)"
    return f"{clock}.{millis:03d} {what:<8} {text}  [{request['path']} -> {request['step']}]"


def describe(requests):
    return "\n".join(line_of(r) for r in requests) or "no request"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0 lets the system pick one (default)")
    parser.add_argument("--script", action="append", default=[], metavar="[PATH=]STEPS")
    parser.add_argument("--log", metavar="FILE", help="append every request as a line of JSON")
    options = parser.parse_args()
    log = open(options.log, "a", buffering=1) if options.log else None

    def on_request(request):
        print(line_of(request), flush=True)
        if log:
            log.write(json.dumps(request) + "\n")

    with Receiver(" ".join(options.script) or "200", options.port, on_request) as inbox:
        print(f"ready: {inbox.url}/", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
