"""Customers on a real collector: what is theirs, and how little of anything else they can find out."""

import http.server
import json
import os
import re
import subprocess
import threading

import pytest

from programs import BUILD, Collector, until

PLIMSOLL = os.path.join(BUILD, "collector", "plimsoll")
CONFIG = """
pools:
  web: {capacity: 1600, owner: Alex}
  shop: {capacity: 1600, owner: Alex}
  api: {capacity: 1600, owner: Sam}
customers:
  acme: {title: ACME Ltd., pools: [web, shop]}
  globex: {pools: [shop, api]}
"""
HOOKS = """
hooks:
  more-shop:
    pool: shop
    on: armed
    url: "http://127.0.0.1:{port}/more"
    body: '{"why": "$launch", "what": "$action"}'
    undo_url: "http://127.0.0.1:{port}/less"
    token_file: "{token}"
  drain-api: {pool: api, kind: drain, url: "http://127.0.0.1:{port}/drain"}
"""
TWEET = {"title": "Giveaway", "kind": "giveaway", "pools": ["shop"], "starts_in": "30m",
         "channels": [{"type": "x", "audience": 400000}]}
THEIRS = {("get", "/api/v1/session"), ("delete", "/api/v1/session"), ("post", "/api/v1/session"),
          ("get", "/api/v1/launches"), ("post", "/api/v1/launches"), ("get", "/api/v1/launches/{launch}"),
          ("put", "/api/v1/launches/{launch}"), ("delete", "/api/v1/launches/{launch}"),
          ("get", "/api/v1/launches/{launch}/forecast"), ("get", "/-/ready"), ("get", "/-/healthy"), ("post", "/api/v1/launches/{launch}/announce"),
          ("get", "/api/v1/customers/{customer}"), ("post", "/api/v1/feeds"), ("get", "/healthz"), ("get", "/readyz")}


class Cloud(http.server.ThreadingHTTPServer):
    """What hooks call; it takes everything."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.calls = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.calls.append((self.path, self.headers["Authorization"], json.loads(body)))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words):
            pass


class House:
    """One collector with a host in each pool; everybody's tokens, and all secrets ever given out."""

    def __init__(self):
        self.cloud = Cloud()
        self.collector = Collector(CONFIG)
        token = os.path.join(self.collector.state, "cloud.token")
        with open(os.open(token, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
            f.write("cloud-password\n")
        self.collector.add_config(HOOKS.replace("{port}", str(self.cloud.server_port)).replace("{token}", token))
        self.collector.start()
        self.secrets = [self.collector.token(), "cloud-password"]
        self.swarms = [subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", os.path.join(BUILD, "tests/plimsoll-swarm"), "--agents", "1", "--hz", "1",
             "--seconds", "900", "--drain", "0", "--collector", self.collector.agents, "--pool", pool, "--prefix",
             f"secret-{pool}-", "--load", "0.3"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for pool in ("web", "shop", "api")]
        until(lambda: len(self.collector.get("/api/v1/pools")["pools"]) == 3, 30, "all pools are there")
        self.acme, self.globex = self.token("acme"), self.token("globex")

    def token(self, customer):
        done = subprocess.run([PLIMSOLL, "customer", "token", "new", customer, "--url", self.collector.url(""),
                               "--state", self.collector.data], capture_output=True, text=True, timeout=30, check=True)
        url = done.stdout.strip()
        assert url.startswith(self.collector.url("/my.html#token="))
        self.secrets.append(url.split("token=")[1])
        return self.secrets[-1]

    def ask(self, token, path, method="GET", body=None, **headers):
        """(status, JSON or None, headers) of a request by that token; None: by nobody."""
        told = [(name.replace("_", "-"), value) for name, value in headers.items()]
        told.append(("Authorization", f"Bearer {token}" if token else ""))
        status, answered, text = self.collector.request(path, method, body, told)
        is_json = "json" in (answered["Content-Type"] or "")
        return status, json.loads(text) if is_json else None, answered

    def launch(self, token, **fields):
        status, told, headers = self.ask(token, "/api/v1/launches", "POST", {**TWEET, **fields})
        assert status == 201, told
        return told, headers["ETag"]

    def end(self):
        for swarm in self.swarms:
            swarm.terminate()
            swarm.wait()
        self.cloud.shutdown()
        self.cloud.server_close()
        log = self.collector.log()
        problems = self.collector.close()
        self.collector.forget()
        assert not problems, problems
        return log


@pytest.fixture(scope="module")
def house():
    built = House()
    yield built
    log = built.end()
    for secret in built.secrets:
        assert secret not in log


def test_a_customer_has_its_own_launches(house):
    made, etag = house.launch(house.acme)
    path = f"/api/v1/launches/{made['id']}"
    assert (made["customer"], made["author"]) == ("acme", "acme (customer)")
    whole, _ = house.launch(house.acme, pools=[])  # left out: all of its own
    assert whole["pools"] == ["web", "shop"]
    status, seen, headers = house.ask(house.acme, path)
    assert status == 200 and seen["id"] == made["id"] and headers["ETag"] == etag
    status, changed, headers = house.ask(house.acme, path, "PUT", {**TWEET, "title": "Later", "reason": "moved"},
                                         If_Match=etag)
    assert status == 200 and changed["title"] == "Later" and "moved" in [n["reason"] for n in changed["log"]]
    assert house.ask(house.acme, path, "PUT", TWEET, If_Match=etag)[0] == 412
    # One of ours changes it: the customer reads that, and not who it was.
    local = house.collector.token()
    status, told, headers = house.ask(local, path, "PUT", {**TWEET, "customer": "acme", "reason": "as agreed"},
                                      If_Match=headers["ETag"])
    assert status == 200 and told["author"] == "local"
    seen = house.ask(house.acme, path)[1]
    assert seen["author"] == "operations"
    assert ("operations", "as agreed") in [(n["author"], n["reason"]) for n in seen["log"]]
    assert house.ask(house.acme, path + "/forecast")[0] == 200
    assert house.ask(house.acme, path + "/announce", "POST")[0] == 200
    assert house.ask(house.acme, path, "DELETE")[1]["state"] == "cancelled"
    assert house.ask(house.acme, "/api/v1/session")[1]["customer"] == "acme"
    mine = house.ask(house.acme, "/api/v1/customers/acme")[1]
    assert [p["name"] for p in mine["pools"]] == ["web", "shop"] and mine["pools"][0]["watched_by"] == "Alex"
    assert {x["id"] for x in mine["launches"]} == {made["id"], whole["id"]} and "secret-" not in json.dumps(mine)


def test_the_other_customer_is_nowhere(house):
    status, made, headers = house.ask(house.globex, "/api/v1/launches", "POST", TWEET, Idempotency_Key="1")
    assert status == 201
    etag = headers["ETag"]
    house.launch(house.acme)
    path = f"/api/v1/launches/{made['id']}"
    for method, rest, body in (("GET", "", None), ("PUT", "", TWEET), ("DELETE", "", None), ("GET", "/forecast", None),
                               ("POST", "/announce", None)):
        theirs = house.ask(house.acme, path + rest, method, body, If_Match=etag)
        guess = house.ask(house.acme, "/api/v1/launches/l-0123456789ab" + rest, method, body, If_Match=etag)
        assert theirs[0] == guess[0] == 404
        assert json.dumps(theirs[1]).replace(made["id"], "l-0123456789ab") == json.dumps(guess[1])
    listed = house.ask(house.acme, "/api/v1/launches")[1]
    assert {x["customer"] for x in listed["launches"]} == {"acme"}
    assert house.ask(house.acme, f"/api/v1/launches?after={made['id']}")[0] == 404
    for customer in ("globex", "initech"):
        status, told, _ = house.ask(house.acme, f"/api/v1/customers/{customer}")
        assert status == 404 and told["detail"] == f"'{customer}' is no customer; /api/v1/customers lists them"
    # Neither as a past event, nor under its key, nor in what meets it, nor by taking its name or pool.
    for fields, rule in (({"past_event": made["id"]}, "no launch of yours"), ({"past_event": "l-1"}, "no launch of yours"),
                         ({"customer": "globex"}, "is not you"), ({"pools": ["api"]}, "none of your pools"),
                         ({"pools": ["nowhere"]}, "none of your pools")):
        status, told, _ = house.ask(house.acme, "/api/v1/launches?dry_run=true", "POST", {**TWEET, **fields})
        assert status == 422 and rule in told["errors"][0]["detail"], told
    status, again, _ = house.ask(house.acme, "/api/v1/launches", "POST", TWEET, Idempotency_Key="1")
    assert status == 201 and again["id"] != made["id"] and again["collides_with"] != []
    assert made["id"] not in again["collides_with"]
    everything = json.dumps(again) + json.dumps(listed)
    assert "others" not in again["pools_verdicts"][0]
    assert not re.search("globex|secret-|local", everything)
    assert made["id"] in house.ask(house.collector.token(), f"/api/v1/launches/{again['id']}")[1]["collides_with"]
    # One of ours cannot give a customer a pool that is not its own, either.
    status, told, _ = house.ask(house.collector.token(), "/api/v1/launches?dry_run=true", "POST",
                                {**TWEET, "customer": "acme", "pools": ["api"]})
    assert status == 422, told


def test_every_route_is_closed_unless_it_is_listed(house):
    """Deny by default, looked at from outside: each method of each path the API has."""
    made, _ = house.launch(house.globex)
    spec = house.collector.get("/api/v1/openapi.json")
    asked, token = 0, None
    for path, methods in spec["paths"].items():
        for method in set(methods) - {"parameters"}:
            if (method, path) in THEIRS or methods[method].get("security") == []:
                continue
            if asked % 25 == 0:
                token = house.token("acme")  # each may change something 30 times at once
            asked += 1
            real = re.sub(r"\{\w+\}", made["id"] if "launch" in path else "web", path)
            status, told, _ = house.ask(token, real, method.upper(), {} if method in ("post", "put") else None)
            assert status in (403, 404), (method, path, status, told)
    assert asked > 30
    for path in ("/my.html", "/launch.html", "/launch.js"):
        assert house.ask(house.acme, path, "HEAD")[0] == 200
    assert b"<title>Your launches" in house.collector.request("/", headers=[("Authorization", f"Bearer {token}")])[2]
    for path in ("/app.js", "/traffic.js", "/oncall.js", "/nothing"):
        assert house.ask(house.acme, path)[0] in (403, 404), path


def test_a_link_becomes_a_session_that_ends_with_it(house):
    secret = house.token("acme")
    status, who, headers = house.ask(None, "/api/v1/session", "POST", {"token": secret})
    assert status == 200 and (who["customer"], who["role"], who["by"]) == ("acme", "customer", "session")
    cookie = headers["Set-Cookie"].split(";")[0]
    house.secrets.append(cookie.split("=")[1])
    assert "HttpOnly" in headers["Set-Cookie"] and secret not in headers["Set-Cookie"]

    def by_cookie(path, method="GET", body=None, **more):
        told = [("Cookie", cookie), ("Authorization", "")] + [(k.replace("_", "-"), v) for k, v in more.items()]
        return house.collector.request(path, method, body, told)

    assert by_cookie("/api/v1/launches")[0] == 200 and by_cookie("/api/v1/pools")[0] == 403
    assert by_cookie("/api/v1/launches", "POST", TWEET)[0] == 403  # without its CSRF token
    assert by_cookie("/api/v1/launches", "POST", TWEET, X_CSRF_Token=who["csrf"])[0] == 201
    # It outlives the collector, and ends with the token.
    until(lambda: house.collector.get("/api/v1/self")["redis"]["control_waiting"] == 0, 20, "it is written down")
    tokens = house.collector.get("/api/v1/api-tokens")["api_tokens"]
    assert all(t["customer"] in ("acme", "globex") for t in tokens if t["role"] == "customer")
    for token in tokens:
        if token["name"] == who["name"]:
            done = subprocess.run([PLIMSOLL, "customer", "token", "revoke", token["name"], "--url",
                                   house.collector.url(""), "--state", house.collector.data], timeout=30, check=False)
            assert done.returncode == 0
    assert by_cookie("/api/v1/launches")[0] == 401
    assert house.ask(secret, "/api/v1/launches")[0] == 401
    for wrong in (secret, "0" * 64, house.collector.token(), ""):  # ours is no customer's
        assert house.ask(None, "/api/v1/session", "POST", {"token": wrong})[0] == 401
    listed = subprocess.run([PLIMSOLL, "customer", "ls", "--url", house.collector.url(""), "--state",
                             house.collector.data], capture_output=True, text=True, timeout=30, check=True).stdout
    assert re.search(r"^acme +ACME Ltd\. +web  shop$", listed, re.MULTILINE)


def test_calendars_open_nothing_else_and_can_be_revoked(house):
    made, _ = house.launch(house.globex, title="Sale; now, really")
    other, _ = house.launch(house.acme)
    status, feed, _ = house.ask(house.globex, "/api/v1/feeds", "POST", {"feed": "customer", "name": "globex"})
    assert status == 201
    for wish in ({"feed": "customer", "name": "acme"}, {"feed": "pool", "name": "shop"}):
        assert house.ask(house.globex, "/api/v1/feeds", "POST", wish)[0] == 422
    secret = feed["url"].split("/feeds/")[1][:-len(".ics")]
    house.secrets.append(secret)
    path = f"/feeds/{secret}.ics"

    def read(path):
        status, headers, text = house.collector.request(path, headers=[("Authorization", "")])
        return status, headers["Content-Type"], text.decode()

    status, kind, text = read(path)
    assert (status, kind) == (200, "text/calendar; charset=utf-8")
    assert f"UID:{made['id']}@plimsoll\r\n" in text and "SUMMARY:Sale\\; now\\, really\r\n" in text
    assert other["id"] not in text and "secret-" not in text
    assert house.ask(house.globex, f"/api/v1/launches/{made['id']}", "DELETE")[0] == 200
    event = read(path)[2].split(f"UID:{made['id']}")[1].split("END:VEVENT")[0]
    assert "STATUS:CANCELLED\r\n" in event and "SEQUENCE:1\r\n" in event
    pool = subprocess.run([PLIMSOLL, "apitoken", "feed", "pool", "shop", "--url", house.collector.url(""), "--state",
                           house.collector.data], capture_output=True, text=True, timeout=30, check=True).stdout.strip()
    house.secrets.append(pool.split("/feeds/")[1][:-len(".ics")])
    everything = read(pool[len(house.collector.url("")):])[2]
    assert made["id"] in everything and other["id"] in everything
    # It opens nothing else, and nobody else can end it.
    assert house.ask(secret, "/api/v1/launches")[0] == 403 and house.ask(secret, "/metrics")[0] == 403
    assert house.ask(None, "/api/v1/session", "POST", {"token": secret})[0] == 401
    assert house.ask(house.acme, f"/api/v1/feeds/{feed['name']}", "DELETE")[0] == 404
    for wrong in (path[:-4], path[:-5] + "0.ics", "/feeds/.ics", f"/feeds/{house.globex}.ics"):
        assert read(wrong)[0] == 404
    assert house.ask(house.globex, f"/api/v1/feeds/{feed['name']}", "DELETE")[0] == 204
    assert read(path)[0] == 404


def test_actions_need_both_sides_and_are_undone(house):
    made, _ = house.launch(house.acme, starts_in="20m")  # armed at once
    path, local, calls = f"/api/v1/launches/{made['id']}/actions", house.collector.token(), house.cloud.calls

    def do(token, deed, status=200, hook="more-shop", **more):
        got, told, _ = house.ask(token, path, "POST", {"hook": hook, "do": deed, **more})
        assert got == status, told
        return told

    def state():
        return house.ask(local, path)[1]["actions"][0]["state"]

    [action] = house.ask(house.acme, path)[1]["actions"]
    assert (action["hook"], action["consented"], action["state"]) == ("more-shop", False, "off")
    assert "armed_by" not in action
    assert do(local, "fire", dry_run=True)["body"] == '{"why": "%s", "what": "do"}' % made["id"]
    # Nobody says yes for the other side, and nobody else for either.
    do(local, "consent", 403)
    do(house.acme, "arm", 403)
    do(house.acme, "fire", 403)
    do(house.globex, "consent", 404)
    do(house.acme, "consent", 422, hook="drain-api")
    do(local, "arm")
    do(local, "fire", 409)
    assert calls == []
    do(house.acme, "consent")
    until(lambda: state() == "done", 30, "it is called once the launch is armed")
    assert calls == [("/more", "Bearer cloud-password", {"why": made["id"], "what": "do"})]
    assert house.ask(house.acme, path)[1]["actions"][0]["consented_by"] == "acme (customer)"
    # It is over: undone by itself, also across a kill.
    until(lambda: house.collector.get("/api/v1/self")["redis"]["control_waiting"] == 0, 20, "it is written down")
    house.collector.kill()
    house.collector.start()
    until(lambda: state() == "done", 20, "it is known again")
    assert house.ask(house.acme, f"/api/v1/launches/{made['id']}", "DELETE")[0] == 200
    until(lambda: state() == "undone", 30, "it is undone")
    assert [c[0] for c in calls] == ["/more", "/less"]
    assert [e["action"] for e in house.collector.get("/api/v1/audit")["audit"] if e["action"].startswith("action-")] \
        == ["action-armed"]


def test_a_flood_is_answered_with_429_and_harms_nobody_else(house):
    token = house.token("acme")
    told = [house.ask(token, "/api/v1/launches?dry_run=true", "POST", TWEET) for _ in range(60)]
    counts = {status: [t[0] for t in told].count(status) for status in (200, 429)}
    assert counts[200] >= 30 and counts[429] >= 1 and sum(counts.values()) == 60
    refused = next(t for t in told if t[0] == 429)
    assert int(refused[2]["Retry-After"]) >= 1 and "try again in" in refused[1]["detail"]
    assert house.ask(token, "/api/v1/launches")[0] == 200  # looking goes on
    assert house.ask(house.token("globex"), "/api/v1/launches?dry_run=true", "POST", TWEET)[0] == 200
    assert house.ask(None, "/readyz")[0] == 200
