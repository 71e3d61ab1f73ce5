"""From a load to a pager: one page, one resolve, whatever happens on the way.

The load of most tests is set on a stand-in host, so that it crosses the level at a known moment.
One test burns this machine's real processors and watches them with the real agent.
"""

import multiprocessing
import os
import subprocess
import time

import pytest

import programs
from programs import until
from stand_in import Host

KEY = "0123456789abcdef0123456789abcdef"
SETTLE_S = 3  # how long a test watches for a page too many
RULES = """
rules:
  limit: {cpu: 0.90, warn: 0.75, hold: 0s, clear: 1s}
"""


def notifiers(**urls):
    lines = [f"  {name}: {{type: alertmanager, url: {url}}}" for name, url in urls.items()]
    return RULES + "notifiers:\n" + "\n".join(lines) + "\n"


def is_own(page):
    """It tells of a notifier that is broken."""
    return page["key"].startswith('{}:{alertname="plimsoll_notifier"')


def story(inbox):
    """What this inbox was told and accepted: ["firing", "resolved"]."""
    return [page["what"] for page in inbox.delivered() if not is_own(page)]


def own_story(inbox):
    return [page["what"] for page in inbox.delivered() if is_own(page)]


def wait_story(inbox, *want, seconds=10):
    inbox.wait_for(lambda _: story(inbox) == list(want), seconds)


def alert(collector, name="limit/web"):
    found = [a for a in collector.get("/api/v1/alerts")["alerts"] if a["id"] == name]
    return found[0] if found else {"state": None, "pages": []}


def pages(collector):
    """target -> what the API says about telling it."""
    return {page["target"]: page for page in alert(collector)["pages"]}


@pytest.fixture
def host(start_collector):
    """A stand-in host at a collector made by the test: host(config) -> (collector, host)."""
    hosts = []

    def start(config):
        collector = start_collector(config)
        hosts.append(Host(collector.agents).__enter__())
        until(lambda: collector.host("fe1"), 5, "a sample of fe1")
        return collector, hosts[0]

    yield start
    for started in hosts:
        started.__exit__()


def test_one_page_and_one_resolve(receiver, host):
    collector, fe1 = host(notifiers(oncall=receiver.url + "/hook"))
    fe1.cpu = 0.9743
    wait_story(receiver, "firing")
    page = receiver.delivered()[0]
    assert page["text"] == "[PAGE] web: cpu of fe1 at 97 % (limit 90 %)"
    assert page["key"] == '{}:{alertname="plimsoll_limit", pool="web"}'
    assert alert(collector)["state"] == "firing"
    time.sleep(SETTLE_S)
    fe1.cpu = 0.2
    wait_story(receiver, "firing", "resolved")
    time.sleep(SETTLE_S)
    assert story(receiver) == ["firing", "resolved"]
    assert [request["problems"] for request in receiver.requests] == [[], []]
    assert receiver.requests[0]["headers"]["Idempotency-Key"] \
        != receiver.requests[1]["headers"]["Idempotency-Key"]


def test_pagerduty(receiver, host, tmp_path):
    key_file = tmp_path / "key"
    key_file.write_text(KEY + "\n")
    key_file.chmod(0o600)
    collector, fe1 = host(f"{RULES}\nnotifiers:\n  oncall:\n    type: pagerduty\n"
                          f"    url: {receiver.url}/\n    routing_key_file: {key_file}\n")
    fe1.cpu = 1.0
    wait_story(receiver, "firing")
    fe1.cpu = 0.0
    wait_story(receiver, "firing", "resolved")
    trigger, resolve = receiver.delivered()
    assert trigger["path"] == resolve["path"] == "/v2/enqueue"
    assert trigger["body"]["routing_key"] == KEY
    assert trigger["key"] == resolve["key"] == "limit/web"
    assert KEY not in collector.log()


@pytest.mark.parametrize("script, attempts, seconds", [
    ("500,500,500,200", 4, 15),
    ("429:1,429:date:1,200", 3, 10),
    ("drop,drop,200", 3, 10),
    ("hang,200", 2, 25),
])
def test_a_provider_that_recovers_gets_the_page_once(receiver, host, script, attempts, seconds):
    receiver.set_script(script)
    collector, fe1 = host(notifiers(oncall=receiver.url + "/hook"))
    fe1.cpu = 0.99
    until(lambda: pages(collector).get("oncall", {}).get("attempts", 0) >= 1, 5,
          "an attempt shows at /api/v1/alerts")
    wait_story(receiver, "firing", seconds=seconds)
    fe1.cpu = 0.1
    wait_story(receiver, "firing", "resolved")
    time.sleep(SETTLE_S)
    assert story(receiver) == ["firing", "resolved"]
    requests = receiver.snapshot()
    # libcurl itself repeats a post whose kept connection was lost before a byte of the answer
    assert attempts + 1 <= len(requests) <= attempts + 2
    told = [r["headers"]["Idempotency-Key"] for r in requests]
    assert len(set(told)) == 2, "every attempt at one page has the same key"


def test_waits_as_told(receiver, host):
    receiver.set_script("429:3,200")
    _, fe1 = host(notifiers(oncall=receiver.url + "/hook"))
    fe1.cpu = 0.99
    first, second = receiver.wait_for(2, 10)[:2]
    assert 3.0 <= second["mono"] - first["mono"] < 4.5


def test_a_deleted_hook_does_not_stop_the_others(receiver, host):
    receiver.set_script("/gone=404 /hook=200")
    collector, fe1 = host(notifiers(gone=receiver.url + "/gone", oncall=receiver.url + "/hook"))
    fe1.cpu = 0.99
    wait_story(receiver, "firing")
    until(lambda: pages(collector)["gone"]["state"] == "failed", 5, "the API shows the broken target")
    until(lambda: pages(collector)["oncall"]["state"] == "sent", 5, "and the one that works")
    until(lambda: own_story(receiver) == ["firing"], 5, "the other one hears that it is broken")
    (broken,) = [r for r in receiver.delivered() if is_own(r)]
    assert (broken["path"], broken["text"]) == ("/hook", "[PAGE] plimsoll: notifier gone takes no pages")
    assert alert(collector, "notifier/plimsoll")["state"] == "firing"
    fe1.cpu = 0.1
    wait_story(receiver, "firing", "resolved")
    time.sleep(SETTLE_S)
    tried = [r["what"] for r in receiver.snapshot() if r["path"] == "/gone"]
    assert tried == ["firing"], "the deleted hook is tried once, and hears of no recovery"
    receiver.set_script("200")
    said = subprocess.run([os.path.join(programs.BUILD, "collector/plimsoll"), "notify", "test", "gone", "--state",
                           collector.data], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "sent" in said
    until(lambda: own_story(receiver) == ["firing", "resolved"], 5, "the first success ends it")


def test_over_before_anybody_was_told(receiver, host):
    """The provider takes nothing while the load lasts: nobody is paged for what is over."""
    receiver.set_script("429:2")
    collector, fe1 = host(notifiers(oncall=receiver.url + "/hook"))
    fe1.cpu = 0.99
    receiver.wait_for(1, 5)
    fe1.cpu = 0.1
    until(lambda: alert(collector)["state"] == "resolved", 10, "the alert resolves")
    receiver.set_script("200")
    time.sleep(SETTLE_S)
    assert story(receiver) == []


@pytest.mark.parametrize("down_s", [0, 2])
def test_kill_between_firing_and_resolve(receiver, host, down_s):
    collector, fe1 = host(notifiers(oncall=receiver.url + "/hook"))
    fe1.cpu = 0.99
    wait_story(receiver, "firing")
    until(lambda: pages(collector)["oncall"]["state"] == "sent", 5, "the collector has the answer")
    time.sleep(0.2)  # its note of that is on its way to Redis
    collector.kill()
    time.sleep(down_s)
    collector.start()
    until(lambda: alert(collector)["state"] == "firing", 10, "the alert comes back")
    time.sleep(SETTLE_S)
    assert story(receiver) == ["firing"]
    fe1.cpu = 0.1
    wait_story(receiver, "firing", "resolved", seconds=45)  # the grace time after a start
    time.sleep(SETTLE_S)
    assert story(receiver) == ["firing", "resolved"]


def test_restart_while_the_provider_takes_its_time(receiver, host):
    """An orderly end waits for the answer, so the next collector need not ask again."""
    receiver.set_script("late")
    collector, fe1 = host(notifiers(oncall=receiver.url + "/hook"))
    fe1.cpu = 0.99
    receiver.wait_for(1, 5)
    collector.stop()
    receiver.set_script("200")
    collector.start()
    time.sleep(SETTLE_S)
    fe1.cpu = 0.1
    wait_story(receiver, "firing", "resolved", seconds=45)
    time.sleep(SETTLE_S)
    assert story(receiver) == ["firing", "resolved"]


def test_kill_before_the_page_got_out(receiver, host):
    """The intent was written down first: the next collector delivers it."""
    receiver.set_script("503")
    collector, fe1 = host(notifiers(oncall=receiver.url + "/hook"))
    fe1.cpu = 0.99
    receiver.wait_for(2, 10)
    collector.kill()
    receiver.set_script("200")
    collector.start()
    wait_story(receiver, "firing", seconds=15)
    fe1.cpu = 0.1
    wait_story(receiver, "firing", "resolved", seconds=45)
    time.sleep(SETTLE_S)
    assert story(receiver) == ["firing", "resolved"]


def test_the_log_holds_no_secret(receiver, host):
    receiver.set_script("500,404")
    collector, fe1 = host(notifiers(oncall=receiver.url + "/services/T0SECRET"))
    fe1.cpu = 0.99
    receiver.wait_for(2, 10)
    until(lambda: "event=notifier_broken" in collector.log(), 5, "the log names the broken notifier")
    assert "T0SECRET" not in collector.log()
    assert "T0SECRET" not in str(collector.get("/api/v1/alerts"))


# ---- the real thing ----

def burn(until_mono):
    while time.monotonic() < until_mono:
        pass


def busy_share(seconds):
    """This machine's busy share over the next `seconds`, from /proc/stat."""
    def read():
        with open("/proc/stat", encoding="ascii") as f:
            fields = [int(field) for field in f.readline().split()[1:9]]
        return sum(fields), fields[3] + fields[4]
    total, idle = read()
    time.sleep(seconds)
    later_total, later_idle = read()
    return 1 - (later_idle - idle) / max(1, later_total - total)


@pytest.mark.alone
def test_real_load_on_this_machine(receiver, start_collector, start_agent):
    """One busy loop per processor opens one page; their end resolves it."""
    quiet_by = time.monotonic() + 60
    while busy_share(2) > 0.6:
        if time.monotonic() > quiet_by:
            pytest.skip("this machine is busy with something else")
    collector = start_collector(RULES.replace("hold: 0s", "hold: 3s").replace("clear: 1s", "clear: 3s")
                                + f"notifiers:\n  oncall: {{type: alertmanager, url: {receiver.url}/hook}}\n")
    agent = start_agent([collector.agents], host="here", pool="local")
    until(lambda: collector.host(agent.host), 5, "a sample of this machine")
    loops = [multiprocessing.Process(target=burn, args=(time.monotonic() + 20,), daemon=True)
             for _ in range(os.cpu_count())]
    for loop in loops:
        loop.start()
    try:
        wait_story(receiver, "firing", seconds=15)
    finally:
        for loop in loops:
            loop.kill()
            loop.join()
    wait_story(receiver, "firing", "resolved", seconds=30)
    time.sleep(SETTLE_S)
    assert story(receiver) == ["firing", "resolved"]
    assert receiver.delivered()[0]["text"].startswith("[PAGE] local: cpu of here at ")
