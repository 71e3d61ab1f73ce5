"""One incident, the whole way: an alert, a case, what customers read and are told, a reminder, the end."""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mailbox import Mailbox
from programs import BUILD, Collector, until
from stand_in import Host

PLIMSOLL = os.path.join(BUILD, "collector", "plimsoll")
CONFIG = """
rules:
  limit: {{cpu: 0.90, warn: 0.75, hold: 0s, clear: 1s}}
pools:
  web: {{notify: [alex]}}
notifiers:
  status: {{type: email, url: '{mail}', from: status@example.org, to: alex@example.org}}
people:
  alex: {{contact: [status]}}
customers:
  acme: {{pools: [web]}}
"""


class Inbox:
    """A subscriber's webhook: `seen` holds (webhook-id, incident); the first request is answered 503."""

    def __init__(self):
        self.seen, self.secret, self.calls = [], None, 0
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.calls += 1
                signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + raw
                key = base64.b64decode(inbox.secret.removeprefix("whsec_"))
                want = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
                good = hmac.compare_digest(want, self.headers["webhook-signature"])
                if good and inbox.calls > 1:
                    inbox.seen.append((self.headers["webhook-id"], json.loads(raw)["incident"]))
                self.send_response(400 if not good else 503 if inbox.calls == 1 else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Desk:
    """A collector whose pool web is over its limit, a mailbox and a webhook."""

    def __init__(self):
        self.mail = Mailbox().__enter__()
        self.inbox = Inbox()
        self.collector = Collector(CONFIG.format(mail=self.mail.url)).start()
        self.host = Host(self.collector.agents).__enter__()
        until(lambda: self.collector.host("fe1"), 20, "a sample of fe1")
        self.host.cpu = 0.97
        until(lambda: any(a["id"] == "limit/web" for a in self.collector.get("/api/v1/alerts")["alerts"]), 20,
              "the alert fires")
        self.mail.wait(1)  # its page

    def close(self):
        self.host.__exit__(None, None, None)
        problems = self.collector.close()
        self.collector.forget()
        self.inbox.close()
        self.mail.__exit__()
        return problems + self.mail.problems

    def ask(self, method, path, body=None, token=None):
        headers = [] if token is None else [("Authorization", token)]
        status, _, text = self.collector.request("/api/v1/cases" + path, method, body, headers)
        return status, json.loads(text)

    def plimsoll(self, *args):
        done = subprocess.run([PLIMSOLL, "case", *args, "--url", self.collector.url(""), "--state",
                               self.collector.data], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def redis(self, *words):
        sock = os.path.join(self.collector.data, "redis", "redis.sock")
        return subprocess.run(["redis-cli", "-s", sock, *words], capture_output=True, text=True, timeout=30,
                              check=True).stdout

    def page(self, case, end=""):
        """The customers' page, by somebody who is not logged in: (status, headers, text)."""
        path = "/updates/" + case["customer_page"].rsplit("/", 1)[1] + end
        status, headers, text = self.collector.request(path, headers=[("Authorization", "")])
        return status, headers, text.decode()

    def letters(self):
        return [m for m in self.mail.mails if "desk@example.net" in m["To"]]

    def kinds(self, case):
        return [e["kind"] for e in self.ask("GET", "/" + case["id"])[1]["timeline"]]


@pytest.fixture(scope="module")
def desk():
    d = Desk()
    yield d
    problems = d.close()
    assert not problems, problems


def test_from_the_alert_to_the_end(desk):
    case = json.loads(desk.plimsoll("open", "--alert", "limit/web", "--owner", "alex", "--json"))
    at = "/" + case["id"]
    assert case["open"] and case["owner"] == "alex" and case["pools"] == ["web"] and case["alert"] == "limit/web"
    assert desk.ask("POST", "", {"alert": "limit/web"})[0] == 409  # one is enough
    status, headers, text = desk.page(case)
    assert status == 200 and "No update has been published yet" in text
    assert headers["X-Robots-Tag"] == "noindex, nofollow" and headers["Cache-Control"] == "no-store"

    # Words without the name of a machine, from what is known.
    status, draft = desk.ask("GET", at + "/draft")
    assert status == 200 and not draft["saved"] and draft["phase"] == "investigating"
    assert "1 of 1 front end is concerned" in draft["text"] and "fe1" not in json.dumps(draft)
    status, problem = desk.ask("PUT", at + "/draft", {"text": "It is fe1."})
    assert status == 422 and "'fe1' is a host" in problem["detail"]
    assert desk.ask("POST", at + "/publish", {"revision": 1})[0] == 409  # nothing waits

    status, case = desk.ask("POST", at + "/subscribers", {"webhook": desk.inbox.url})
    assert status == 201
    desk.inbox.secret = case["subscribers"][0]["secret"]
    assert "secret" not in desk.ask("GET", at)[1]["subscribers"][0]
    assert desk.ask("POST", at + "/subscribers", {"email": "desk@example.net"})[0] == 201
    assert desk.ask("POST", at + "/subscribers", {"email": "desk@example.net"})[0] == 409

    # A human publishes; each subscriber hears of it once, the webhook after a refusal.
    desk.plimsoll("draft", case["id"], "--phase", "identified", "--impact", "major", "--next", "30m", "--title",
                  "Slow pages", "--text", "Pages are slow.\nWe add capacity.")
    assert desk.page(case)[2].count("Pages are slow") == 0
    assert desk.ask("POST", at + "/publish", {"revision": 7})[0] == 412
    status, case = desk.ask("POST", at + "/publish", {"revision": 1})
    assert status == 200 and case["phase"] == "identified" and "We add capacity." in case["help_desk"]
    until(lambda: len(desk.inbox.seen) == 1, 30, "the webhook has it")
    letter = until(desk.letters, 30, "the mailbox has it")[0]
    assert letter["Subject"] == "[identified] Slow pages"
    key, incident = desk.inbox.seen[0]
    assert key.endswith("/1/1") and incident["status"] == "identified" and incident["impact"] == "major"
    assert incident["incident_updates"][0]["body"] == "Pages are slow.\nWe add capacity."
    assert "fe1" not in json.dumps(incident) and "web" not in json.dumps(incident)
    until(lambda: desk.kinds(case).count("told") == 2, 20, "who was told stands in the timeline")
    status, _, text = desk.page(case)
    assert "We add capacity." in text and re.search(r"Next update by <strong>\d\d:\d\d UTC", text)
    assert "fe1" not in text and "alex" not in text
    assert json.loads(desk.page(case, "/incident.json")[2])["incident"]["name"] == "Slow pages"
    assert desk.ask("POST", at + "/close")[0] == 409  # customers believe it goes on

    # Half an hour passes while nobody looks: the owner is reminded, once, and customers hear nothing.
    before = desk.ask("GET", at)[1]
    desk.collector.kill()
    record = json.loads(desk.redis("HGET", "pl:caseupdates", case["id"] + ".1"))
    record["next"] -= 31 * 60 * 1000
    desk.redis("HSET", "pl:caseupdates", case["id"] + ".1", json.dumps(record))
    desk.collector.start()
    until(lambda: "reminded" in desk.kinds(case), 30, "the owner is reminded")
    notices = [m for m in desk.mail.mails if m["Subject"].startswith("Case " + case["id"])]
    assert len(notices) == 1 and "alex@example.org" in notices[0]["To"]
    after = desk.ask("GET", at)[1]
    assert after["overdue"] and after["updates"][0]["text"] == before["updates"][0]["text"]
    assert after["timeline"][:len(before["timeline"])] == before["timeline"]
    assert [s["told"] for s in after["subscribers"]] == [1, 1] and len(desk.inbox.seen) == 1

    # The end, told once as well.
    desk.ask("PUT", at + "/draft", {"text": "It is over.", "phase": "resolved", "impact": "none"})
    assert desk.ask("POST", at + "/publish", {"revision": 2})[0] == 200
    until(lambda: desk.kinds(case).count("told") == 4, 30, "both have heard the end")
    assert [i["status"] for _, i in desk.inbox.seen] == ["identified", "resolved"]
    desk.plimsoll("close", case["id"])
    assert desk.ask("POST", at + "/note", {"text": "late"})[0] == 409
    assert "This is over." in desk.page(case)[2]
    assert "case-published" in [e["action"] for e in desk.collector.get("/api/v1/audit")["audit"]]
    assert sum(m["Subject"].startswith("Case ") for m in desk.mail.mails) == 1
    assert len(desk.letters()) == 2


def test_who_may_do_what(desk):
    """Publishing is for ops; and a link that was guessed shows nothing."""
    status, _, body = desk.collector.request("/api/v1/api-tokens", "POST",
                                             {"name": "caller", "role": "on-call", "ttl": "1h"})
    assert status == 201
    token = "Bearer " + json.loads(body)["token"]
    status, case = desk.ask("POST", "", {"customer": "acme", "title": "slow"}, token)
    assert status == 201 and case["pools"] == ["web"] and case["customer"] == "acme" and case["owner"] == "caller"
    at = "/" + case["id"]
    assert desk.ask("POST", at + "/note", {"text": "looking"}, token)[0] == 200
    assert desk.ask("PUT", at + "/draft", {"text": "We look."}, token)[0] == 200
    assert desk.ask("POST", at + "/publish", {"revision": 1}, token)[0] == 403
    assert desk.ask("POST", at + "/subscribers", {"email": "a@example.org"}, token)[0] == 403
    assert desk.ask("GET", at, token="")[0] == 401
    assert desk.ask("POST", "", {"pools": ["none"]})[0] == 422
    assert desk.ask("POST", "", {"customer": "globex"})[0] == 422
    assert desk.ask("POST", "", {})[0] == 422
    status, _, _ = desk.collector.request("/updates/" + "0" * 32, headers=[("Authorization", "")])
    assert status == 404
    assert case["id"] in desk.plimsoll("list")
    assert "looking" in desk.plimsoll("show", case["id"])
    assert desk.ask("POST", at + "/close", token=token)[0] == 200  # customers were told nothing
