"""What providers tell us: a key of a telephone (Twilio), an incident (PagerDuty), a button (Slack), signed by
a second implementation of each signature, and by people who do not know the secret."""

import base64
import hmac
import json
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timezone
from urllib.parse import urlencode

import pytest

from desks import TwilioVoice
from programs import Collector, until
from providers import PagerDuty, Providers, SlackBot
from stand_in import Host

BASE = "https://plimsoll.example"
CONFIG = f"""
collector: {{external_url: '{BASE}'}}
rules:
  limit: {{cpu: 0.90, warn: 0.75, hold: 0s, clear: 0s}}
people:
  sam: {{contact: [twilio-voice]}}
"""


class Incidents(PagerDuty):
    secrets = PagerDuty.secrets | {"secret_file": "incidents-webhook-secret"}


class Button(SlackBot):
    secrets = SlackBot.secrets | {"secret_file": "8f742231b10e8888abcd99yyyzzz85a5"}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with Providers([TwilioVoice, Incidents, Button]) as them:
        collector = Collector(CONFIG + them.config(tmp_path_factory.mktemp("secrets"))).start()
        collector.them = them
        yield collector
        problems = collector.close()
        log = collector.log()
        collector.forget()
        assert not problems, problems
        assert "/callbacks/" not in log
        for secret in them.secrets():
            assert secret not in log


def post(collector, path, body, headers):
    """(status, text)"""
    asked = urllib.request.Request(collector.url(path), data=body, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def alert(collector, pool):
    return {a["id"]: a for a in collector.get("/api/v1/alerts")["alerts"]}.get(f"limit/{pool}", {})


@pytest.fixture
def burning(house, request):
    """(collector, pool, its messages): a pool of this test, of which everybody was told."""
    pool = request.node.name.removeprefix("test_").partition("_")[0]
    with Host(house.agents, f"fe-{pool}", pool) as host:
        until(lambda: house.host(host.name), 5, "a sample")
        host.cpu = 0.97
        house.them.wait_for(lambda: all(any(f"[PAGE] {pool}: cpu" in text for _, text in each.accepted)
                                        for each in house.them), 15, "all are told")
        yield house, pool
        assert not [r.problems for each in house.them for r in each.requests if r.problems]


def twilio(token, path, form, url=None, headers=None):
    """The request as Twilio signs it."""
    text = (url or BASE + path) + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.new(token.encode(), text.encode(), "sha1").digest()).decode()
    return urlencode(form).encode(), {"X-Twilio-Signature": signature,
                                      "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}


def spoken(answer):
    """(what is said, is a key asked for)"""
    root = ElementTree.fromstring(answer)
    assert root.tag == "Response"
    return " ".join(e.text for e in root.iter("Say")), bool(list(root.iter("Gather")))


def test_key_of_a_telephone(burning):
    collector, pool = burning
    token = TwilioVoice.secrets["token_file"]
    calls = [request.body["Twiml"][0] for request in collector.them.of["twilio_voice"].requests]
    twiml = next(twiml for twiml in calls if f"PAGE {pool}: " in twiml)
    gathers = list(ElementTree.fromstring(twiml).iter("Gather"))
    assert "Press 1 to acknowledge." in twiml and len({g.get("action") for g in gathers}) == 1
    path = gathers[0].get("action").removeprefix(BASE)
    form = {"CallSid": "CA0123456789abcdef0123456789abcdef", "From": "+15005550006", "To": "+441632960001",
            "Digits": "1", "CallStatus": "in-progress", "FromCity": "", "CallerName": "Ünit & Co = 1"}
    body, headers = twilio(token, path, form)

    # Not Twilio, or not what it signed.
    assert post(collector, path, body, {})[0] == 403
    assert post(collector, path, *twilio("another", path, form))[0] == 403
    assert post(collector, path, *twilio(token, path, form, BASE + path + "x"))[0] == 403
    assert post(collector, path, body.replace(b"Digits=1", b"Digits=2"), headers)[0] == 403
    assert post(collector, path, body + b"&Digits=%", headers)[0] == 422
    assert post(collector, path[:-1] + ("A" if path[-1] != "A" else "B"), body, headers)[0] == 404
    assert post(collector, path + "?a=1", body, headers)[0] == 400
    assert collector.request(path)[0] == 405
    assert "acknowledged" not in alert(collector, pool)

    status, said = post(collector, path, *twilio(token, path, form | {"Digits": "4"}))
    assert (status, spoken(said)) == (200, ("Nothing is acknowledged. Press 1 to acknowledge.", True))
    assert "acknowledged" not in alert(collector, pool)
    for _ in range(2):  # Twilio asks again where it heard no answer
        status, said = post(collector, path, body, headers)
        assert (status, spoken(said)) == (200, ("You have it. Pages stop for 30 min.", False))
        assert alert(collector, pool)["acknowledged"]["by"] == "sam"
    assert collector.request(f"/api/v1/alerts/limit%2F{pool}/ack", "POST", {})[0] == 200
    assert spoken(post(collector, path, *twilio(token, path, form, f"{BASE}:443{path}"))[1]) == \
        ("local has it. Good night.", False)


def event(pool, unix, who="Alex Meyer", kind="user_reference"):
    at = datetime.fromtimestamp(unix, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"event": {
        "id": "5ac64822", "event_type": "incident.acknowledged", "resource_type": "incident", "occurred_at": at,
        "agent": {"id": "PLH1HKV", "summary": who, "type": kind}, "client": None,
        "data": {"id": "PGR0VU2", "type": "incident", "number": 2, "incident_key": f"limit/{pool}",
                 "assignees": [], "title": "[PAGE] é"}}}).encode()


def pagerduty(secret, body):
    return body, {"Content-Type": "application/json",
                  "X-PagerDuty-Signature": "v1=00,v1=" + hmac.new(secret.encode(), body, "sha256").hexdigest()}


def test_incident_is_acknowledged(burning):
    collector, pool = burning
    path, secret = "/callbacks/pagerduty", Incidents.secrets["secret_file"]
    body, headers = pagerduty(secret, event(pool, time.time()))
    assert post(collector, path, body, {})[0] == 403
    assert post(collector, path, body + b" ", headers)[0] == 403
    assert post(collector, path, *pagerduty("another", body))[0] == 403
    assert post(collector, path, *pagerduty(secret, b"{}"))[0] == 422
    for told in (event("nobodys", time.time()), event(pool, time.time() - 3600),
                 event(pool, time.time(), "Events API V2", "inbound_integration_reference")):
        assert post(collector, path, *pagerduty(secret, told))[0] == 200
    assert "acknowledged" not in alert(collector, pool)

    assert post(collector, path, body, headers) == (200, "")
    assert alert(collector, pool)["acknowledged"]["by"] == "Alex Meyer"
    collector.them.wait_for(lambda: any(text.startswith(f"[ACK Alex Meyer] {pool}: ")
                                        for _, text in collector.them.of["slack_bot"].accepted),
                            10, "the others hear who has it")
    # Who said it first has it; and the same told again is no news, not even when it was given back.
    assert post(collector, path, *pagerduty(secret, event(pool, time.time(), "Kim")))[0] == 200
    assert alert(collector, pool)["acknowledged"]["by"] == "Alex Meyer"
    assert collector.request(f"/api/v1/alerts/limit%2F{pool}/release", "POST", {})[0] == 200
    assert post(collector, path, body, headers)[0] == 200
    assert "acknowledged" not in alert(collector, pool)


def slack(secret, form, unix=None):
    body, at = urlencode(form).encode(), str(int(unix or time.time()))
    mac = hmac.new(secret.encode(), b"v0:" + at.encode() + b":" + body, "sha256").hexdigest()
    return body, {"X-Slack-Signature": "v0=" + mac, "X-Slack-Request-Timestamp": at,
                  "Content-Type": "application/x-www-form-urlencoded"}


def test_button_is_pressed(burning):
    collector, pool = burning
    path, secret = "/callbacks/slack", Button.secrets["secret_file"]
    blocks = [r for r in collector.them.of["slack_bot"].requests if f"] {pool}: " in r.body["text"]][-1].body["blocks"]
    button = next(b for b in blocks if b["type"] == "actions")["elements"][0]
    assert "|Acknowledge>" not in str(blocks)

    def pressed(value):
        return {"payload": json.dumps({
            "type": "block_actions", "user": {"id": "U2C", "username": "kim", "team_id": "T1"}, "trigger_id": "1.2",
            "actions": [{"type": "button", "action_id": button["action_id"], "value": value}]})}
    good = pressed(button["value"])
    body, headers = slack(secret, good)
    assert post(collector, path, body, {})[0] == 403
    assert post(collector, path, body + b"&x=1", headers)[0] == 403
    assert post(collector, path, *slack(secret, good, time.time() - 400))[0] == 403
    assert post(collector, path, *slack(secret, {"payload": "{}"}))[0] == 422
    assert post(collector, path, *slack(secret, pressed("x" * 48)))[0] == 200
    assert "acknowledged" not in alert(collector, pool)
    for _ in range(2):
        assert post(collector, path, body, headers) == (200, "")
        assert alert(collector, pool)["acknowledged"]["by"] == "kim"
