"""Acknowledging from a message: the link of a page, opened by people, by programs that look at every link,
and by those who were never sent one."""

import os
import re
import stat
import urllib.error
import urllib.request

import pytest

from programs import Collector, until
from providers import Ntfy, Providers, Slack
from stand_in import Host

BASE = "https://plimsoll.example/"
CONFIG = """
collector: {external_url: 'https://plimsoll.example'}
rules:
  limit: {cpu: 0.90, warn: 0.75, hold: 0s, clear: 0s}
people:
  alex: {contact: [ntfy]}
schedules:
  duty: {layers: [turns]}
layers:
  turns: {people: [alex]}
escalations:
  nights: {steps: ["duty, slack"]}
pools:
  web: {escalation: nights}
  shop: {escalation: nights}
  mail: {escalation: nights}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A collector whose pages go to Alex (ntfy) and to a channel (slack), and who got them."""
    with Providers([Ntfy, Slack]) as them:
        collector = Collector(CONFIG + them.config(tmp_path_factory.mktemp("secrets"))).start()
        collector.them = them
        yield collector
        problems = collector.close()
        with open(collector.log_path, encoding="utf-8") as f:
            log = f.read()
        collector.forget()
        assert not problems, problems
        assert "/ack/" not in log
        for token in collector.links.values():
            assert token not in log


def request(collector, path, body=None, headers=()):
    """(status, headers, text) for somebody who is not logged in."""
    asked = urllib.request.Request(collector.url(path), data=body, headers=dict(headers))
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


def path_of(link):
    assert link.startswith(BASE + "ack/"), link
    return link.removeprefix(BASE[:-1])


def pages(collector, pool):
    """word -> path of the link in its newest message about that pool, once both have one."""
    them, found = collector.them, {}
    for request_of in them.of["ntfy"].requests:
        if f"] {pool}: " in request_of.body["title"] and "[PAGE]" in request_of.body["title"]:
            action = request_of.body["actions"][0]
            assert (action["action"], action["label"], action["method"]) == ("http", "Acknowledge", "POST")
            found["ntfy"] = path_of(action["url"])
            assert "Paged: alex (duty, nights)" in request_of.body["message"]
    for request_of in them.of["slack"].requests:
        text = str(request_of.body["blocks"])
        if f"[PAGE] {pool}: " in text:
            found["slack"] = path_of(re.search(r"<(\S+)\|Acknowledge>", text).group(1))
    return found if len(found) == 2 else None


def alert(collector, pool):
    return {a["id"]: a for a in collector.get("/api/v1/alerts")["alerts"]}.get(f"limit/{pool}", {})


def fire(collector, pool):
    """Its host, and the links that were sent."""
    host = Host(collector.agents, f"fe-{pool}", pool)
    host.__enter__()
    until(lambda: collector.host(host.name), 5, "a sample")
    host.cpu = 0.97
    links = until(lambda: pages(collector, pool), 15, "both are told")
    collector.links = getattr(collector, "links", {}) | {f"{pool} {word}": path[5:] for word, path in links.items()}
    return host, links


def test_one_tap_acknowledges(house):
    host, links = fire(house, "web")
    assert links["ntfy"] != links["slack"]

    # Looking changes nothing, as often as any program looks.
    for _ in range(3):
        status, headers, page = request(house, links["ntfy"])
        assert status == 200 and "[PAGE] web: cpu of fe-web at " in page and "in the name of <b>alex</b>" in page
    assert headers["Cache-Control"] == "no-store" and headers["Referrer-Policy"] == "no-referrer"
    assert "form-action 'self'" in headers["Content-Security-Policy"]
    assert 'name="who"' not in page and 'name="who"' in request(house, links["slack"])[2]
    assert house.request(links["ntfy"], "HEAD")[0] == 200
    assert "acknowledged" not in alert(house, "web")

    # Neither a forged one nor a part of one is any good.
    token = links["ntfy"].removeprefix("/ack/")
    forged = token[:10] + ("A" if token[10] != "A" else "B") + token[11:]
    for wrong in (forged, token[:-1], token + "A", "x", token.replace(token[:11], links["slack"][5:16])):
        assert request(house, "/ack/" + wrong)[0] == 404
        assert request(house, "/ack/" + wrong, b"")[0] == 404
    assert request(house, links["ntfy"] + "?x=1", b"")[0] == 400
    assert request(house, links["slack"], b"who=%")[0] == 422
    assert "acknowledged" not in alert(house, "web")

    # As the app of ntfy does it: nothing in it. And as a browser does it, from a page that tells no referrer.
    status, _, page = request(house, links["ntfy"], b"", [("Origin", "null")])
    assert status == 200 and "<b>alex</b> has it since" in page, page
    assert alert(house, "web")["acknowledged"]["by"] == "alex"
    assert request(house, links["ntfy"], b"")[0] == 200  # again: still hers
    audit = house.get("/api/v1/audit")["audit"]
    assert ("alex", "alert-acknowledged", "web") in [(e["who"], e["action"], e["subject"]) for e in audit]

    # Whoever comes later reads who has it.
    status, _, page = request(house, links["slack"])
    assert status == 200 and "Somebody has it" in page and "<b>alex</b>" in page
    assert request(house, links["slack"], b"who=Kim")[0] == 409
    assert alert(house, "web")["acknowledged"]["by"] == "alex"

    # Whoever gave it back gets a new page with a new link; the old one was used.
    assert house.request("/api/v1/alerts/limit%2Fweb/release", "POST", {})[0] == 200
    assert request(house, links["ntfy"], b"")[0] == 410

    host.cpu = 0.1
    until(lambda: alert(house, "web").get("state") != "firing", 10, "it is over")
    for word in links:
        for body in (None, b""):
            status, _, page = request(house, links[word], body)
            assert status == 410 and "This is over" in page
    host.__exit__()


def test_a_channel_is_asked_who(house):
    host, links = fire(house, "shop")
    status, _, page = request(house, links["slack"], "who=+Kim%20<b>é+".encode())
    assert status == 200 and "<b>Kim &lt;b&gt;é</b> has it" in page
    assert alert(house, "shop")["acknowledged"]["by"] == "Kim <b>é"
    assert request(house, links["slack"], "who=Kim%20<b>é".encode())[0] == 200
    host.__exit__()


def test_the_key_is_its_owners_and_outlives_a_restart(house):
    path = os.path.join(house.data, "ack-key")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    host, links = fire(house, "mail")
    house.kill()
    house.start()
    until(lambda: alert(house, "mail").get("state") == "firing", 10, "it is known again")
    assert request(house, links["slack"], b"")[0] == 200
    assert alert(house, "mail")["acknowledged"]["by"] == "slack"
    host.__exit__()
