"""Answering for alerts: acknowledgements and silences by API and command, the log of deliveries, and
the next channel when one does not take the page."""

import json
import os
import subprocess
import time

from programs import BUILD, until
from stand_in import Host

PLIMSOLL = os.path.join(BUILD, "collector", "plimsoll")
ALERT = "/api/v1/alerts/limit%2Fweb"
RULES = """
rules:
  limit: {cpu: 0.90, warn: 0.75, hold: 0s, clear: 1s}
"""
BAD = {"later": "429:600", "broken-down": "500", "hangs": "hang", "drops": "drop"}
FAILOVER_S = 25


def alert(collector):
    return {a["id"]: a for a in collector.get("/api/v1/alerts")["alerts"]}.get("limit/web", {})


def plimsoll(collector, *args):
    done = subprocess.run([PLIMSOLL, *args, "--url", collector.url(""), "--state", collector.data],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def post(collector, path, body=None, method="POST"):
    return collector.request(path, method, body if body is not None else {})[0]


def deliveries(collector):
    return collector.get(ALERT + "/deliveries")["deliveries"]


def test_one_says_that_she_has_it(receiver, start_collector):
    """The page to the one who is well arrives, the one to the one who is not is taken back."""
    receiver.set_script("/well=200 /ill=503:600")
    collector = start_collector(RULES + f"""
notifiers:
  well: {{type: alertmanager, url: {receiver.url}/well}}
  ill: {{type: alertmanager, url: {receiver.url}/ill}}
""")
    assert post(collector, ALERT + "/ack") == 404
    with Host(collector.agents) as fe1:
        until(lambda: collector.host("fe1"), 5, "a sample of fe1")
        fe1.cpu = 0.97
        receiver.wait_for(lambda _: len(receiver.delivered()) == 1, 10)
        until(lambda: {d["target"]: d["end"] for d in deliveries(collector)} ==
              {"well": "delivered", "ill": "retry"}, 5, "both attempts are in the log")
        assert post(collector, ALERT + "/ack", {"for": "1s"}) == 422
        assert post(collector, ALERT + "/note", {"note": ""}) == 422
        plimsoll(collector, "ack", "limit/web", "--for", "2h", "--note", "two more hosts are coming")
        shown = alert(collector)
        assert shown["acknowledged"]["by"] and shown["notes"][0]["text"] == "two more hosts are coming"
        assert [(p["target"], p["state"]) for p in shown["pages"]] == \
            [("well", "sent"), ("ill", "withdrawn")]
        assert deliveries(collector)[0]["end"] == "withdrawn"
        assert "withdrawn" in plimsoll(collector, "deliveries", "limit/web")

        # It outlives the process.
        collector.kill()
        collector.start()
        until(lambda: alert(collector).get("acknowledged"), 5, "it is known who has it")
        assert deliveries(collector)[0]["end"] == "withdrawn"
        assert post(collector, ALERT + "/assign", {"assignee": "kim"}) == 200
        assert alert(collector)["assignee"] == "kim"
        audit = [entry["action"] for entry in collector.get("/api/v1/audit")["audit"]]
        assert "alert-acknowledged" in audit and "alert-assigned" in audit
    assert [r["path"] for r in receiver.delivered()] == ["/well"]


def test_a_silence_is_told_at_its_end(receiver, start_collector):
    collector = start_collector(RULES + f"""
notifiers:
  oncall: {{type: alertmanager, url: {receiver.url}/hook}}
""")
    assert post(collector, "/api/v1/silences", {"pool": "web"}) == 422
    plimsoll(collector, "silence", "add", "--pool", "web", "--for", "1h", "--reason", "reindexing")
    with Host(collector.agents) as fe1:
        until(lambda: collector.host("fe1"), 5, "a sample of fe1")
        fe1.cpu = 0.97
        until(lambda: alert(collector).get("silenced"), 10, "it fires, silenced")
        assert alert(collector)["silenced"]["reason"] == "reindexing"
        time.sleep(1)
        assert receiver.snapshot() == []
        listed = json.loads(plimsoll(collector, "silence", "ls", "--json"))["silences"]
        assert [(s["pool"], s["hid"]) for s in listed] == [("web", 1)]
        assert listed[0]["id"] in plimsoll(collector, "silence", "ls")
        plimsoll(collector, "silence", "rm", listed[0]["id"])
        assert post(collector, f"/api/v1/silences/{listed[0]['id']}", method="DELETE") == 404
        receiver.wait_for(1, 5)
    assert collector.get("/api/v1/silences")["silences"] == []


def test_the_next_channel_when_one_does_not_take_the_page(receiver, start_collector):
    receiver.set_script(" ".join(f"/{name}={step}" for name, step in BAD.items()) + " 200")
    notifiers, people = [], []
    for name in [*BAD, "tls"]:
        scheme = receiver.url.replace("http:", "https:") if name == "tls" else receiver.url
        notifiers.append(f"  {name}: {{type: alertmanager, url: {scheme}/{name}}}\n"
                         f"  {name}-next: {{type: alertmanager, url: {receiver.url}/{name}-next}}\n")
        people.append(f"  of-{name}: {{contact: [{name}, {name}-next]}}\n")
    names = ", ".join(f"of-{name}" for name in [*BAD, "tls"])
    collector = start_collector(RULES + "notifiers:\n" + "".join(notifiers) + "people:\n" + "".join(people)
                                + f"pools:\n  web: {{notify: [{names}]}}\n")
    with Host(collector.agents) as fe1:
        until(lambda: collector.host("fe1"), 5, "a sample of fe1")
        fe1.cpu = 0.97
        wanted = {f"/{name}-next" for name in [*BAD, "tls"]}
        until(lambda: alert(collector).get("state") == "firing", 5, "it fires")
        begun = time.monotonic()
        receiver.wait_for(lambda _: {r["path"] for r in receiver.delivered()} >= wanted, FAILOVER_S + 5)
        assert time.monotonic() - begun <= FAILOVER_S
    assert {r["path"] for r in receiver.delivered()} == wanted
