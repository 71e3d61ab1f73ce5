"""Who is paged: whoever is on call at this moment, and the next step when nobody acknowledges."""

import json
import os
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from programs import BUILD, until
from stand_in import Host

HOUSE = """
rules:
  limit: {{cpu: 0.90, warn: 0.75, hold: 0s, clear: 1s}}
notifiers:
  alex-push: {{type: alertmanager, url: {url}/alex}}
  sam-push: {{type: alertmanager, url: {url}/sam}}
  kim-push: {{type: alertmanager, url: {url}/kim}}
people:
  alex: {{contact: [alex-push]}}
  sam: {{contact: [sam-push]}}
  kim: {{contact: [kim-push]}}
schedules:
  duty: {{zone: Europe/Berlin, layers: [turns]}}
layers:
  turns: {{people: [alex]}}
  spare: {{people: [kim]}}
escalations:
  web: {{steps: [duty, 3s sam]}}
pools:
  web: {{escalation: web}}
"""


@pytest.fixture
def house(start_collector, receiver):
    collector = start_collector(HOUSE.format(url=receiver.url))
    with Host(collector.agents) as host:
        until(lambda: collector.host("fe1"), 5, "a sample of fe1")
        yield collector, host


def told(receiver):
    return [(page["path"], page["what"]) for page in receiver.delivered()]


def test_the_one_on_call_then_the_next_step(receiver, house):
    _, fe1 = house
    fe1.cpu = 0.97
    receiver.wait_for(lambda _: len(told(receiver)) == 2, 10)
    assert told(receiver) == [("/alex", "firing"), ("/sam", "firing")]
    first, second = [request["unix"] for request in receiver.requests]
    assert 2.5 <= second - first <= 5, "the second step comes 3 s after the first"
    fe1.cpu = 0.2
    receiver.wait_for(lambda _: len(told(receiver)) == 4, 10)
    assert sorted(told(receiver)[2:]) == [("/alex", "resolved"), ("/sam", "resolved")]


def moment(**ahead):
    """RFC 3339, whole minutes, so far from now."""
    when = datetime.now(timezone.utc).replace(second=0, microsecond=0) + timedelta(**ahead)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def override(collector, schedule="duty", **fields):
    body = {"person": "kim", "from": moment(minutes=-1), "until": moment(hours=2), **fields}
    status, _, answer = collector.request(f"/api/v1/schedules/{schedule}/overrides", "POST", body)
    return status, json.loads(answer)


def on_call(collector, query=""):
    return collector.get("/api/v1/schedules" + query)["schedules"][0]


def test_an_override_is_engaged_at_once_and_outlives_a_restart(receiver, house):
    collector, fe1 = house
    assert on_call(collector)["person"] == "alex"
    status, made = override(collector)
    assert (status, made["person"], made["schedule"], bool(made["by"])) == (201, "kim", "duty", True)
    now = on_call(collector)
    assert (now["person"], now["override"], now["next"]["person"]) == ("kim", True, "alex")
    assert now["until"][:19] + "Z" == moment(hours=2) == now["next"]["from"][:19] + "Z"
    assert on_call(collector, f"?at={moment(hours=3)}")["person"] == "alex"
    collector.stop()
    collector.start()
    until(lambda: on_call(collector)["overrides"], 5, "the override after a restart")
    fe1.cpu = 0.97
    receiver.wait_for(lambda _: told(receiver)[:1] == [("/kim", "firing")], 15)
    status, _, _ = collector.request(f"/api/v1/overrides/{made['id']}", "DELETE")
    assert status == 200 and on_call(collector)["person"] == "alex"
    audit = [(e["action"], e["subject"]) for e in collector.get("/api/v1/audit")["audit"]]
    assert ("override-made", "duty") in audit and ("override-ended", "duty") in audit
    status, _, _ = collector.request(f"/api/v1/overrides/{made['id']}", "DELETE")
    assert status == 404


def test_an_override_that_makes_no_sense(house):
    collector, _ = house
    for fields, what in (({"person": "nobody"}, "person"), ({"until": "tomorrow"}, "until"),
                         ({"until": moment(hours=-2)}, "until"), ({"from": 5}, "from")):
        status, problem = override(collector, **fields)
        assert (status, problem["errors"][0]["parameter"]) == (422, what), problem
    status, _ = override(collector, "dutty")
    assert status == 404


def test_what_is_wrong_is_told_ahead(house):
    collector, _ = house
    override(collector, **{"from": moment(hours=1)})
    override(collector, person="sam", **{"from": moment(hours=1), "until": moment(minutes=90)})
    warnings = collector.get("/api/v1/schedules/duty")["warnings"]
    assert [(w["kind"], w["person"], w["times"]) for w in warnings] == [("overlap", "kim", 1)]
    assert warnings[0]["text"].startswith("duty: a later override stands over that for kim from ")


def test_calendars(house):
    collector, _ = house
    override(collector, **{"from": moment(hours=1)})
    for path, people in (("schedules/duty.ics", ["alex", "kim", "alex"]), ("people/kim.ics", ["kim"])):
        status, headers, body = collector.request("/api/v1/" + path)
        assert (status, headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
        lines = body.decode().split("\r\n")
        assert lines[0] == "BEGIN:VCALENDAR" and lines[-2:] == ["END:VCALENDAR", ""]
        assert [x[8:] for x in lines if x.startswith("SUMMARY:")] == people
        kim = lines[lines.index("SUMMARY:kim") - 2:][:2]
        assert kim == ["DTSTART:" + moment(hours=1).translate({45: None, 58: None}),
                       "DTEND:" + moment(hours=2).translate({45: None, 58: None})]
    assert collector.request("/api/v1/people/nobody.ics")[0] == 404


def test_check_tells_gaps(tmp_path):
    config = tmp_path / "collector.yaml"
    config.write_text(HOUSE.format(url="http://127.0.0.1:9").replace("people: [alex]", "people: [alex], only: [sat]"))
    ended = subprocess.run([os.path.join(BUILD, "collector/plimsoll-collector"), "--check", "--config", str(config)],
                           capture_output=True, text=True, timeout=10, check=True)
    warning, ok = ended.stdout.splitlines()
    assert ok == "configuration ok"
    assert warning.startswith("warning: duty: nobody is on call from ") and warning.endswith(" h together")


def test_on_the_command_line(house):
    collector, _ = house

    def plimsoll(*words, status=0):
        ended = subprocess.run([os.path.join(BUILD, "collector/plimsoll"), *words, "--url", collector.url(""),
                                "--state", f"{collector.state}/data"], capture_output=True, text=True, timeout=10,
                               check=False)
        assert ended.returncode == status, ended
        return ended.stdout if status == 0 else ended.stderr

    assert plimsoll("oncall").split() == ["duty", "alex", "(Europe/Berlin)"]
    made = plimsoll("schedule", "override", "add", "duty", "sam", "2041-12-24T18:00", "2041-12-27T09:00")
    number = made.split()[1]
    at = plimsoll("oncall", "--at", "2041-12-25T00:00", "--schedule", "duty")
    assert at.splitlines()[0].split() == ["duty", "sam", "until", "Fri", "09:00", "then", "alex", "(Europe/Berlin)"]
    assert f"override {number}: sam from 2041-12-24T17:00:00.000Z until 2041-12-27T08:00:00.000Z" in at
    assert "is nobody of the section people" in plimsoll("schedule", "override", "add", "duty", "sma", "2041-12-24T18:00",
                                                         "2041-12-27T09:00", status=1)
    plimsoll("schedule", "override", "remove", number)
    assert number not in plimsoll("oncall", "--at", "2041-12-25T00:00:00Z")
    plimsoll("schedule", "override", "add", "duty", status=2)
