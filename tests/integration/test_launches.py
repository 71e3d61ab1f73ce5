"""Launches, the whole way: told over HTTP, judged against a live pool, written down, and changed."""

import json
import os
import subprocess
import time

import pytest

from programs import BUILD, until

# Two front ends that together take 1,600 connections a second: 800 with one of them lost.
CONFIG = "pools:\n  web:\n    capacity: 1600\n    owner: Alex\n"
TWEET = {"title": "Giveaway", "kind": "giveaway", "pools": ["web"], "starts_in": "30m",
         "channels": [{"type": "x", "audience": 400000}]}


class Desk:
    """A collector with two simulated front ends under 50 %, asked about launches."""

    def __init__(self, collector):
        self.collector = collector
        self.swarm = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", os.path.join(BUILD, "tests/plimsoll-swarm"), "--agents", "2",
             "--hz", "4", "--seconds", "600", "--drain", "0", "--collector", collector.agents, "--pool", "web",
             "--prefix", "fe", "--load", "0.45"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, method, path, body=None, **headers):
        pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
        status, got, text = self.collector.request("/api/v1/launches" + path, method, body, pairs)
        return status, got, json.loads(text)

    def made(self, **fields):
        status, headers, launch = self.ask("POST", "", {**TWEET, **fields})
        assert status == 201, launch
        return launch, headers["ETag"]

    def verdict(self, **fields):
        status, _, answer = self.ask("POST", "?dry_run=true", {**TWEET, **fields})
        assert status == 200, answer
        return answer


@pytest.fixture(scope="module")
def desk(request):
    from programs import Collector
    collector = Collector(CONFIG).start()
    d = Desk(collector)

    def end():
        d.swarm.terminate()
        d.swarm.wait()
        problems = collector.close()
        collector.forget()
        assert not problems, problems

    request.addfinalizer(end)
    def settled():  # a young pool begins with rounds, and a survey, in which one host was not there yet
        pool = d.verdict()["pools_verdicts"][0]
        return 600 < pool["usual"] < 800 and pool["ceiling"] < 1000

    until(settled, 60, "both front ends at their usual load")
    return d


def test_a_tweet_in_thirty_minutes(desk):
    """Giveaway, tweet to 400,000 followers, in 30 minutes; two front ends under 50 %."""
    begun = time.monotonic()
    launch, _ = desk.made()
    assert time.monotonic() - begun < 2
    pool = launch["pools_verdicts"][0]
    assert 0.35 * 1600 < pool["usual"] < 0.5 * 1600
    assert abs(pool["ceiling"] - 800) < 40  # shares are nearly half and half
    assert abs(pool["expected"]["p90"] - pool["usual"] - 60) < 1  # 12,000 visits, 15 % at once, 2 connections
    assert abs(pool["ratio"] - pool["expected"]["p90"] / pool["ceiling"]) < 0.01
    assert launch["verdict"] == "red" and pool["confidence"] == "medium" and pool["lead"] == "now"
    assert "not safe" in pool["text"] and "front end" in pool["missing"]
    assert launch["watched_by"] == "Alex"
    remedies = pool["remedies"]
    names = [r["remedy"] for r in remedies if r["remedy"] != "spread"]  # if there is room for a part
    assert names[:3] == ["queue_page", "degrade", "hosts"]
    assert all(r["takes_s"] <= s["takes_s"] for r, s in zip(remedies, remedies[1:]))
    assert any(r["in_time"] and r["suffices"] and r["consented"] for r in remedies)
    assert any("guess" in a for a in pool["assumptions"])
    assert launch["state"] in ("scheduled", "preparing", "armed")
    assert launch["log"][0]["event"] == "registered" and launch["author"] == "local"


def test_dry_run_leaves_nothing(desk):
    before = desk.collector.get("/api/v1/launches")
    assert desk.verdict()["dry_run"] is True
    after = desk.collector.get("/api/v1/launches")
    assert [x["id"] for x in before["launches"]] == [x["id"] for x in after["launches"]]


def test_faults_are_told_at_once(desk):
    status, _, problem = desk.ask("POST", "", {"title": "x", "kind": "givaway", "pools": ["shop"], "starts_in": "30",
                                               "chanels": []})
    assert status == 422
    assert {e["pointer"] for e in problem["errors"]} >= {"#/kind", "#/starts_in", "#/channels"}
    status, _, problem = desk.ask("POST", "", {**TWEET, "title": "x", "pools": ["shop"],
                                               "channels": [{"type": "x", "audience": 3e9}]})
    assert [e["pointer"] for e in problem["errors"]] == ["#/title", "#/pools/0", "#/channels/0/audience"]
    assert problem["errors"][1]["value"] == "shop"


def test_local_times_that_show_twice_or_never_are_put_back(desk):
    for day, rule in (("2027-03-28", "never"), ("2027-10-31", "twice")):
        body = {**TWEET, "starts_at": f"{day}T02:30", "time_zone": "Europe/Berlin"}
        del body["starts_in"]
        status, _, problem = desk.ask("POST", "?dry_run=true", body)
        assert status == 422 and len(problem["errors"]) == 1
        error = problem["errors"][0]
        assert error["pointer"] == "#/starts_at" and rule in error["detail"]
        assert len(error["choices"]) == 2
        for choice in error["choices"]:
            status, _, answer = desk.ask("POST", "?dry_run=true", {**body, "starts_at": choice})
            assert status == 200, answer
    status, _, answer = desk.ask("POST", "?dry_run=true", {**body, "starts_at": "2027-07-01T12:00"})
    assert answer["starts_at"] == "2027-07-01T10:00:00.000Z"
    status, _, problem = desk.ask("POST", "?dry_run=true", {**body, "time_zone": "Europe/Bärlin"})
    assert status == 422 and problem["errors"][0]["pointer"] == "#/time_zone"


def test_the_same_request_makes_one_launch(desk):
    first = desk.ask("POST", "", TWEET, Idempotency_Key="k-1")
    again = desk.ask("POST", "", TWEET, Idempotency_Key="k-1")
    other = desk.ask("POST", "", {**TWEET, "title": "Another"}, Idempotency_Key="k-1")
    assert (first[0], again[0], other[0]) == (201, 200, 422)
    assert first[2]["id"] == again[2]["id"]


def test_two_editors(desk):
    launch, etag = desk.made()
    path = "/" + launch["id"]
    assert desk.ask("PUT", path, TWEET)[0] == 428
    status, headers, changed = desk.ask("PUT", path, {**TWEET, "title": "Larger", "reason": "more followers"},
                                        If_Match=etag)
    assert status == 200 and changed["revision"] == 2 and changed["log"][-1]["reason"] != "lost"
    assert desk.ask("PUT", path, {**TWEET, "title": "Smaller"}, If_Match=etag)[0] == 412
    assert desk.ask("GET", path)[2]["title"] == "Larger"
    assert any(n["reason"] == "more followers" for n in changed["log"])
    assert headers["ETag"] != etag


def test_announced_and_cancelled(desk):
    launch, _ = desk.made(starts_in="2h")
    path = "/" + launch["id"]
    assert desk.ask("POST", path + "/announce")[0] == 200
    until(lambda: desk.ask("GET", path)[2]["state"] == "live", 10, "it is live")
    assert desk.ask("GET", path + "/forecast")[2]["points"][0][1] > 0
    assert desk.ask("DELETE", path)[2]["state"] == "cancelled"
    assert desk.ask("POST", path + "/announce")[0] == 409
    assert desk.ask("GET", "/l-000000000000")[0] == 404


def test_launches_at_the_same_time_are_added(desk):
    one, _ = desk.made(starts_in="20h")
    alone = one["pools_verdicts"][0]["expected"]["p90"]
    two, _ = desk.made(starts_in="20h")
    assert two["collides_with"] == [one["id"]]
    found = [finding for finding in two["findings"] if finding["kind"] == "launch"]
    assert [finding["with"] for finding in found] == [one["id"]] and found[0]["p90"] == 60
    assert f"({one['id']}) is on web, too, from 20" in found[0]["text"]
    long = desk.verdict(starts_in="20h", kind="maintenance")["findings"]
    assert {finding["kind"] for finding in long} >= {"maintenance"}
    assert abs(two["pools_verdicts"][0]["expected"]["p90"] - alone - 60) < 8  # the usual moves a little
    for launch in (one, two):
        desk.ask("DELETE", "/" + launch["id"])


def plimsoll(desk, *words):
    return subprocess.run([os.path.join(BUILD, "collector/plimsoll"), "launch", *words, "--url", desk.collector.url(""),
                           "--state", desk.collector.data], capture_output=True, text=True, timeout=20, check=False)


def test_on_a_terminal(desk):
    """plimsoll launch add --in 30m --pool web --kind giveaway --x 400k"""
    words = ["--in", "30m", "--pool", "web", "--kind", "giveaway", "--x", "400k"]
    dry = plimsoll(desk, "add", *words, "--dry-run", "--json")
    assert dry.returncode == 0 and json.loads(dry.stdout)["channels"] == [{"type": "x", "audience": 400000}]
    made = plimsoll(desk, "add", *words)
    assert made.returncode == 0, made.stderr
    assert "giveaway, " in made.stdout and "watched by Alex" in made.stdout
    assert "add hosts to the pool" in made.stdout and "assumed: " in made.stdout
    name = made.stdout.split("\n")[1].split(",")[0].strip()
    assert name in plimsoll(desk, "ls").stdout
    edited = plimsoll(desk, "edit", name, "--title", "Larger", "--reason", "more")
    assert edited.returncode == 0 and edited.stdout.startswith("Larger, ") and "revision 2" in edited.stdout
    assert plimsoll(desk, "announce", name).returncode == 0
    assert "cancelled" in plimsoll(desk, "cancel", name).stdout
    refused = plimsoll(desk, "add", "--in", "30", "--pool", "shop", "--kind", "givaway", "--x", "1")
    assert refused.returncode == 1 and "kind 'givaway'" in refused.stderr and "starts_in '30'" in refused.stderr
    for wrong in (["add", "--x", "many"], ["show"], ["show", "a b"], ["nonsense"], ["ls", "--in", "30m"]):
        assert plimsoll(desk, *wrong).returncode == 2, wrong


def test_launches_outlive_the_collector(desk):
    launch, etag = desk.made(notes='two\nlines, "quoted"', contacts=[{"name": "Ümit", "phone": "+491711234567"}])
    desk.collector.kill()
    desk.collector.start()
    status, headers, after = desk.ask("GET", "/" + launch["id"])
    assert status == 200 and headers["ETag"] == etag
    for member in ("title", "notes", "contacts", "channels", "starts_at", "ends_at", "author", "created_at"):
        assert after[member] == launch[member], member


GUARD = os.path.join(os.path.dirname(BUILD), "conf/freeze/freeze-guard")


def guarded(folder, **settings):
    """What the guard of apt says with these settings, as a script that nobody watches sees it."""
    config = folder / "freeze.conf"
    config.write_text("".join(f"{name}='{value}'\n" for name, value in settings.items()))
    done = subprocess.run(["sh", GUARD], env={**os.environ, "PLIMSOLL_FREEZE_CONFIG": str(config)},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stderr


def test_packages_stay_as_they_are(desk, tmp_path):
    """Announced for in twenty hours: frozen at once, in the file, over HTTP and for apt; and thawed when cancelled."""
    path = os.path.join(desk.collector.state, "data/freeze")
    launch, _ = desk.made(starts_in="20h", title="Frozen")
    line = launch["id"] + "\n"
    until(lambda: os.path.exists(path) and line in open(path).read(), 20, "the file names the launch")
    asked = desk.collector.get("/api/v1/freeze?pool=web")
    assert asked["frozen"] and launch["id"] in [window["launch"] for window in asked["windows"]]
    assert desk.collector.get("/api/v1/freeze?pool=shop")["windows"] == []
    code, said = guarded(tmp_path, FILE=path, POOL="web")
    assert code == 1 and "packages of web stay as they are until 20" in said
    assert guarded(tmp_path, FILE=path, POOL="shop")[0] == 0
    token = tmp_path / "token"
    token.write_text(desk.collector.token())
    over = dict(URL="http://" + desk.collector.http, TOKEN_FILE=str(token), CACHE=str(tmp_path / "cache"), POOL="web")
    assert guarded(tmp_path, **over)[0] == 1
    assert guarded(tmp_path, **{**over, "URL": "http://127.0.0.1:1"})[0] == 1  # as it was told last
    for kept in desk.collector.get("/api/v1/freeze")["windows"]:
        desk.ask("DELETE", "/" + kept["launch"])
    until(lambda: line not in open(path).read(), 20, "the file is rewritten")
    assert guarded(tmp_path, **over)[0] == 0


def test_the_hook_of_apt(tmp_path):
    """apt reads the hook, and the guard decides by the clock; what it cannot read lets apt go on."""
    hook = os.path.join(os.path.dirname(GUARD), "90plimsoll-freeze")
    dump = subprocess.run(["apt-config", "-c", hook, "dump", "DPkg::Pre-Invoke"], capture_output=True, text=True, check=True).stdout
    assert 'DPkg::Pre-Invoke:: "/usr/lib/plimsoll/freeze-guard";' in dump
    now, windows = int(time.time()), tmp_path / "windows"
    for lines, code in (("", 0), ("web 0 1 l-1\n", 0), (f"web {now - 9} {now + 900} l-1\n", 1), (f"web {now + 900} {now + 999} l-1\n", 0),
                        (f"# web 0 {now + 900} l-1\n", 0), ("web x y l-1\nnonsense\n\n", 0),
                        (f"shop 0 {now + 900} l-1\n", 0), (f"shop 0 1 l-1\nweb 0 {now + 900} l-2", 1)):
        windows.write_text(lines)
        assert guarded(tmp_path, FILE=str(windows), POOL="web")[0] == code, lines
    assert guarded(tmp_path, FILE="/nowhere")[0] == 0


def redis(collector, *words):
    path = os.path.join(collector.state, "data/redis/redis.sock")
    return subprocess.run(["redis-cli", "-s", path, *words], capture_output=True, text=True, check=True).stdout.strip()


def test_what_came_of_it_is_told_and_learned_from(desk):
    """A launch that is over, as its record says: 240 more than usual where 53 were guessed."""
    launch, _ = desk.made(customer="shop", title="First giveaway")
    at = "/" + launch["id"]
    status, _, early = desk.ask("GET", at + "/report")
    assert status == 200 and early["points"] == [] and "not begun" in early["text"] and early["factor"] is None
    record = json.loads(redis(desk.collector, "HGET", "pl:launches", launch["id"]))
    begun = int(time.time() * 1000) - 7200000
    record["course"].update(state="done", onset=begun, live=begun, peak_milli=840000, peak_at=begun + 180000, usual_milli=600000,
                            foreseen_p50_milli=700000, foreseen_p90_milli=760000, least_headroom_milli=50)
    deed = {"kind": "note", "time": begun + 60000, "count": 1, "headroom_bp": 400, "later_bp": 3100, "who": "alex",
            "text": "adding fe3"}
    record["after"].update(begin=begun, step_ms=60000, points=[6000, 6000, 6000, -1, 0, 0, 8400, 7000, 7600], pages=2, deeds=[
        deed, {**deed, "kind": "upgrade", "who": "", "text": "upgraded libc6 1 to 2"}])
    redis(desk.collector, "HSET", "pl:launches", launch["id"], json.dumps(record))
    desk.collector.kill()
    desk.collector.start()
    status, _, report = desk.ask("GET", at + "/report")
    assert status == 200 and report["state"] == "done" and report["pages"] == 2
    assert report["factor"] == 1.2 and report["within_p90"] is False and report["least_headroom"] == 0.05
    assert [point[1] for point in report["points"]] == [600, None, 840]
    assert report["deeds"][0]["text"] == "alex: adding fe3; 4 % was left then, 31 % five minutes later"
    assert [deed["text"].split(";")[0] for deed in report["upgrades"]] == ["upgraded libc6 1 to 2"]
    assert "840 came" in report["text"] and "2 pages" in report["text"] and report["learned"]["events"] == 1
    status, _, quality = desk.ask("GET", "/quality")
    assert status == 200 and (quality["launches"], quality["median_factor"], quality["within_p90"]) == (1, 1.2, 0)
    until(lambda: desk.verdict(customer="shop")["pools_verdicts"][0]["usual"] > 600, 60, "the pool is known again")
    answer = desk.verdict(customer="shop")
    again = answer["pools_verdicts"][0]
    factor = (240 / (400000 * 0.01 * 0.08 / 60 * 2)) ** 0.5
    adds = again["expected"]["p90"] - again["usual"] - again["others"]
    assert abs(adds - factor * 60) < 2  # 60 are guessed at P90, as for any tweet to so many
    assert "people come as they came to earlier events" in again["assumptions"]
    assert answer["learned"]["channels"][0]["type"] == "x" and answer["learned"]["channels"][0]["events"] == 1
    told = plimsoll(desk, "report", launch["id"]).stdout
    assert "what came (#)" in told and "nobody looked" in told and "libc6" in told
    assert "Of 1 launch that came" in plimsoll(desk, "quality").stdout
    assert plimsoll(desk, "quality", "now").returncode == 2 and plimsoll(desk, "report").returncode == 2
