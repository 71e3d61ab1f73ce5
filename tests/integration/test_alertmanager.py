"""The real Alertmanager: told by its API, it tells a receiver by its webhook, and that receiver finds
nothing to complain about in either."""

import json
import subprocess
import urllib.request

import pytest

from programs import until
from stand_in import Host

RULES = "rules:\n  limit: {cpu: 0.90, warn: 0.75, hold: 0s, clear: 1s}\n"


class Alertmanager:
    """One member, at a port of its choice; `hook` is told at once."""

    def __init__(self, folder, hook):
        self.folder, self.log_path = folder, folder / "log"
        (folder / "alertmanager.yml").write_text(
            "route: {receiver: hook, group_by: [alertname, pool], group_wait: 0s, group_interval: 1s}\n"
            f"receivers: [{{name: hook, webhook_configs: [{{url: '{hook}'}}]}}]\n")

    def start(self):
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "prometheus-alertmanager", "--config.file",
                 self.folder / "alertmanager.yml", "--storage.path", self.folder / "data",
                 "--web.listen-address", "127.0.0.1:0", "--cluster.listen-address", ""],
                stdout=log, stderr=log)
        words = until(lambda: [word for line in self.log_path.read_text().splitlines() if "Listening on" in line
                               for word in line.split() if word.startswith("address=127")], 10, "it listens")
        self.url = "http://" + words[0].removeprefix("address=")
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def alerts(self):
        """What it knows and thinks is firing."""
        with urllib.request.urlopen(self.url + "/api/v2/alerts", timeout=5) as answer:
            return json.load(answer)


@pytest.fixture
def members(receiver, tmp_path):
    started = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        started.append(Alertmanager(tmp_path / name, f"{receiver.url}/{name}").start())
    yield started
    for member in started:
        member.stop()


def test_every_member_is_told_and_tells_on(members, receiver, start_collector):
    one, two = members
    collector = start_collector(RULES + "notifiers:\n"
                                f"  am-one: {{type: alertmanager_api, url: {one.url}}}\n"
                                f"  am-two: {{type: alertmanager_api, url: {two.url}/}}\n")
    with Host(collector.agents) as fe1:
        until(lambda: collector.host("fe1"), 5, "a sample of fe1")
        fe1.cpu = 0.9743
        receiver.wait_for(lambda _: len(receiver.delivered()) == 2, 10)
        for member in members:
            [alert] = member.alerts()
            assert alert["labels"] == {"alertname": "plimsoll_limit", "pool": "web", "severity": "critical"}
            assert alert["annotations"]["summary"] == "[PAGE] web: cpu of fe1 at 97 % (limit 90 %)"
            assert alert["status"]["state"] == "active" and alert["startsAt"] < alert["endsAt"]
        fe1.cpu = 0.1
        receiver.wait_for(lambda _: len(receiver.delivered()) == 4, 10)
        assert one.alerts() == two.alerts() == []
    told = {path: [page["what"] for page in receiver.delivered() if page["path"] == path] for path in ("/one", "/two")}
    assert told == {"/one": ["firing", "resolved"], "/two": ["firing", "resolved"]}
    # what checks our own version 4 payloads has nothing to say about the real one
    assert not [request["problems"] for request in receiver.requests if request["problems"]]
