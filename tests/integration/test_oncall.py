"""Who is paged: whoever is on call at this moment, and the next step when nobody acknowledges."""

import pytest

from programs import until
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
