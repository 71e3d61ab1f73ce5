"""Debian's Prometheus, which takes us for its Alertmanager: what it finds is paged, survives our restart, and
is resolved when it finds nothing any more."""

import json
import re
import signal
import subprocess
import urllib.request

import pytest

from programs import until

CONFIG = """
pools:
  web: {notify: [oncall]}
notifiers:
  oncall: {type: alertmanager, url: URL}
"""
RULES = """groups:
  - name: ours
    interval: 200ms
    rules:
      - alert: HighErrorRate
        expr: EXPR
        labels: {severity: critical, pool: web, instance: 'fe1:9100'}
        annotations: {summary: '5xx at {{ $value }} %'}
      - alert: Watchdog
        expr: vector(1)
"""
SCRAPING = """global: {evaluation_interval: 200ms}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - static_configs: [{targets: [TARGET]}]
      api_version: v2
      authorization: {credentials_file: token}
"""


class Prometheus:
    """A Prometheus whose rule `HighErrorRate` fires while `expr` has a value."""

    def __init__(self, folder, target, token):
        self.folder, self.log_path = folder, folder / "log"
        (folder / "token").write_text(token + "\n")
        (folder / "prometheus.yml").write_text(SCRAPING.replace("TARGET", target))
        self.write("vector(12)")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "prometheus", "--config.file=prometheus.yml",
                 "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:0", "--rules.alert.resend-delay=500ms"],
                cwd=folder, stdout=log, stderr=log)

    def write(self, expr):
        (self.folder / "rules.yml").write_text(RULES.replace("EXPR", expr))

    def rule(self, expr):
        self.write(expr)
        self.process.send_signal(signal.SIGHUP)

    def metric(self, name):
        address = re.search(r"Listening on.* address=(\S+)", self.log_path.read_text())
        if not address:
            return 0
        with urllib.request.urlopen(f"http://{address[1]}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(name + "[ {]", line))

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def prometheus(tmp_path):
    started = []

    def start(target, token):
        started.append(Prometheus(tmp_path, target, token))
        return started[-1]

    yield start
    for program in started:
        program.stop()


def post(collector, token, body, path="/api/v2/alerts"):
    return collector.request(path, "POST", body, [("Authorization", "Bearer " + token)])


def test_a_prometheus_pages_through_us(prometheus, receiver, start_collector):
    collector = start_collector(CONFIG.replace("URL", receiver.url + "/hook"))
    tokens = {}
    for role in ("alerts:write", "read-only", "metrics"):
        body = {"name": role.replace(":", "-"), "role": role, "ttl": "1h"}
        status, _, answer = collector.request("/api/v1/api-tokens", "POST", body)
        assert status == 201, answer
        tokens[role] = json.loads(answer)["token"]
    writer = tokens["alerts:write"]
    source = prometheus(collector.http, writer)

    receiver.wait_for(lambda _: len(receiver.delivered()) == 1, 20)
    page = receiver.delivered()[0]
    assert page["text"] == "[PAGE] web: HighErrorRate: 5xx at 12 %, on fe1"
    assert page["key"] == '{}:{alertname="plimsoll_external", pool="web"}'
    [alert] = collector.get("/api/v1/alerts")["alerts"]
    assert (alert["id"], alert["tier"], alert["hosts"]) == ("external/web", "page", ["fe1"])
    assert 'alertname="HighErrorRate"' in alert["external"][0]["labels"]
    assert alert["external"][0]["source"].startswith("http://")

    # who may look may not page, and who posts need not look
    assert [post(collector, tokens[role], [])[0] for role in ("read-only", "metrics")] == [403, 403]
    bearer = [("Authorization", "Bearer " + writer)]
    assert collector.request("/api/v1/pools", headers=bearer)[0] == 403
    assert collector.request("/api/v2/status", headers=bearer)[0] == 200
    assert collector.request("/-/ready", headers=[("Cookie", "none=")])[0] == 200
    status, _, answer = post(collector, writer, [{"labels": {"a": 1}}, {"labels": {"a": "b"}}])
    assert (status, json.loads(answer)) == (400, "alerts[0]: labels.a is no text")
    # more than other bodies may hold
    many = [{"labels": {"alertname": "Big", "n": str(n)}, "annotations": {"d": "x" * 200}} for n in range(500)]
    assert post(collector, writer, many)[::2] == (200, b"")
    assert post(collector, writer, many * 4)[0] == 413

    # what is posted again pages nobody again, not after a restart either
    collector.stop()
    collector.start()
    failed = source.metric("prometheus_notifications_errors_total")
    sent = source.metric("prometheus_notifications_sent_total")
    until(lambda: source.metric("prometheus_notifications_sent_total") > sent + 4, 20, "it posts again")
    [alert] = collector.get("/api/v1/alerts")["alerts"]
    assert (alert["id"], alert["state"]) == ("external/web", "firing")
    assert len(receiver.delivered()) == 1
    assert source.metric("prometheus_notifications_errors_total") <= failed + 2  # while we were away

    source.rule("vector(1) > 2")
    receiver.wait_for(lambda _: len(receiver.delivered()) == 2, 30)
    assert [page["what"] for page in receiver.delivered()] == ["firing", "resolved"]
    assert not [request["problems"] for request in receiver.requests if request["problems"]]
    assert "HighErrorRate, on fe1: it is over after" in receiver.delivered()[1]["text"]
