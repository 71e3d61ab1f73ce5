"""Accounts on a real collector: who gets in, by what, for how long, and what everybody else is told."""

import json
import os
import re
import signal
import stat
import subprocess
import threading
import time
import urllib.error

import pytest

from programs import BUILD, Collector, pids_of, until

PLIMSOLL = os.path.join(BUILD, "collector", "plimsoll")
GOOD = "correct horse battery"


@pytest.fixture(scope="module")
def house():
    """One collector for all tests of this file; each uses names of its own."""
    collector = Collector()
    collector.start()
    yield collector
    problems = collector.close()
    collector.forget()
    assert not problems, problems


def plimsoll(collector, *words, stdin="", **env):
    """(exit status, stdout, stderr) of the command, with the collector's own token."""
    done = subprocess.run([PLIMSOLL, *words, "--url", collector.url(""), "--state", collector.data], input=stdin,
                          capture_output=True, text=True, timeout=30, check=False, env={**os.environ, **env})
    return done.returncode, done.stdout, done.stderr


def ask(collector, path, method="GET", body=None, **headers):
    """(status, JSON or None, headers) of a request that shows nothing but `headers`."""
    told = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if not any(name in ("Authorization", "Cookie") for name, _ in told):
        told.append(("Authorization", ""))
    status, answered, text = collector.request(path, method, body, told)
    is_json = "json" in (answered["Content-Type"] or "")
    return status, json.loads(text) if is_json else None, answered


def login(collector, name, password):
    return ask(collector, "/api/v1/session", "POST", {"name": name, "password": password})


def cookie_of(headers):
    return headers["Set-Cookie"].split(";")[0]


def add_user(collector, name, role, password=None):
    status, out, err = plimsoll(collector, "user", "add", name, "--role", role)
    assert status == 0, err
    if password:
        status, _, err = plimsoll(collector, "user", "passwd", name, stdin=password + "\n")
        assert status == 0, err
    return re.search(r"link=(\w+)", out)[1]


def actions(collector, subject):
    entries = collector.get("/api/v1/audit")["audit"]
    return [(e["who"], e["action"]) for e in reversed(entries) if subject in (e["who"], e["subject"])]


def test_the_first_login_is_by_a_link_and_sets_a_password(start_collector):
    fresh = start_collector()
    assert "plimsoll login-link" in fresh.log().split("event=no_users")[1]
    assert stat.S_IMODE(os.stat(os.path.join(fresh.data, "token")).st_mode) == 0o600
    status, out, _ = plimsoll(fresh, "login-link")
    assert status == 0 and out.startswith(fresh.url("/login.html#link="))
    link = out.strip().split("link=")[1]
    assert link not in fresh.log() and fresh.token() not in fresh.log()

    short = ask(fresh, "/api/v1/session", "POST", {"link": link, "password": "short"})
    assert short[0] == 422 and "at least 10 characters" in short[1]["detail"]
    status, who, headers = ask(fresh, "/api/v1/session", "POST", {"link": link, "password": GOOD})
    assert status == 200 and (who["name"], who["role"], who["by"]) == ("admin", "admin", "session")
    assert re.fullmatch(r"plimsoll=[0-9a-f]{64}; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict",
                        headers["Set-Cookie"])
    again = ask(fresh, "/api/v1/session", "POST", {"link": link})
    assert again[0] == 401 and "was used already" in again[1]["detail"]

    # The session outlives the collector, and so does the password; the token stays what it was.
    cookie, token = cookie_of(headers), fresh.token()
    until(lambda: fresh.get("/api/v1/self")["redis"]["control_waiting"] == 0, 10, "it is written down")
    fresh.kill()
    fresh.start()
    assert fresh.token() == token
    assert ask(fresh, "/api/v1/session", Cookie=cookie)[1]["name"] == "admin"
    assert login(fresh, "admin", GOOD)[0] == 200
    assert actions(fresh, "admin")[-1] == ("admin", "login")


def test_nothing_but_the_way_in_is_open(house):
    assert ask(house, "/healthz")[0] == 200 and ask(house, "/readyz")[0] == 200
    for path in ("/login.html", "/login.js", "/style.css"):
        assert ask(house, path)[0] == 200
    spec = house.get("/api/v1/openapi.json")
    for path, methods in spec["paths"].items():
        for method in methods:
            if method == "parameters" or path in ("/healthz", "/readyz") or (path, method) == ("/api/v1/session", "post"):
                continue
            if methods[method].get("security") == []:
                continue  # has a proof of its own: test_links.py, test_customers.py
            status, told, headers = ask(house, re.sub(r"\{\w+\}", "x", path), method.upper())
            assert status == 401 and "log in" in told["detail"], (method, path)
            assert headers["WWW-Authenticate"] == "Bearer"
    for path in ("/app.js", "/nothing", "/openapi.json"):
        assert ask(house, path)[0] == 401
    connection = __import__("http.client", fromlist=["client"]).HTTPConnection(house.http)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (303, "/login.html")
    connection.close()


@pytest.mark.parametrize("header", [
    {"Authorization": "Bearer " + "0" * 64}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"},
    {"Authorization": "Bearer " + "A" * 64}, {"Authorization": "Bearer " + "0" * 7000},
    {"Cookie": "plimsoll=" + "0" * 64}, {"Cookie": "plimsoll="}, {"Cookie": "=;=;=" + ";" * 3000},
])
def test_hostile_credentials_are_no_credentials(house, header):
    assert ask(house, "/api/v1/pools", **header)[0] == 401


def test_passwords_are_checked_and_failures_slow_down(house):
    add_user(house, "mallory", "read-only", GOOD)
    for wrong in ("", "wrong", "x" * 5000):
        status, told, _ = login(house, "mallory", wrong)
        assert status == 401 and told["detail"] == "that name and password do not belong together"
    assert login(house, "nobody-of-that-name", GOOD)[1]["detail"] == "that name and password do not belong together"
    assert login(house, "mallory", "wrong again")[0] == 401
    # The fifth failure of this address, and the fourth of the account: the address has to wait.
    assert login(house, "mallory", "and again")[0] in (401, 429)
    status, told, headers = login(house, "mallory", GOOD)
    assert status == 429 and re.fullmatch(r"too many failed logins .*; try again in \d+ s", told["detail"])
    until(lambda: login(house, "mallory", GOOD)[0] == 200, int(headers["Retry-After"]) + 5, "the wait is over")
    assert ("", "login-failed") in actions(house, "mallory")


def test_a_flood_of_logins_stalls_nobody(start_collector):
    """Passwords are hashed on other threads, and a hundred at once are a hundred failures."""
    fresh = start_collector()
    took, waits, told = [], [], []

    def guess(number):
        begin = time.monotonic()
        status, answer, _ = login(fresh, f"nobody{number}", "wrong as can be")
        told.append(status)
        if status == 401:
            took.append(time.monotonic() - begin)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        begin = time.monotonic()
        assert fresh.request("/healthz")[0] == 200
        waits.append(time.monotonic() - begin)
    assert told.count(401) == 5 and set(told) == {401, 429}
    waits.sort()
    assert waits[len(waits) // 2] < min(took) / 3, (waits, took)
    print(f"a login {min(took) * 1000:.0f} ms; meanwhile others wait {waits[len(waits) // 2] * 1000:.1f} ms")


def test_a_change_by_a_session_needs_its_csrf_token(house):
    link = add_user(house, "carol", "admin")
    status, who, headers = ask(house, "/api/v1/session", "POST", {"link": link})
    cookie = cookie_of(headers)
    change = {"name": "planted", "role": "admin"}
    for extra, text in (({}, "CSRF token"), ({"X_CSRF_Token": "0" * 64}, "CSRF token"),
                        ({"X_CSRF_Token": who["csrf"], "Origin": "https://attacker.example"}, "page of another site"),
                        ({"X_CSRF_Token": who["csrf"], "Origin": "null"}, "page of another site")):
        status, told, _ = ask(house, "/api/v1/users", "POST", change, Cookie=cookie, **extra)
        assert status == 403 and text in told["detail"]
    form = ask(house, "/api/v1/users", "POST", change, Cookie=cookie, X_CSRF_Token=who["csrf"],
               Content_type="text/plain")
    assert form[0] == 415
    assert "planted" not in [u["name"] for u in house.get("/api/v1/users")["users"]]
    good = {"Cookie": cookie, "X_CSRF_Token": who["csrf"], "Origin": house.url("")}
    assert ask(house, "/api/v1/users", "POST", {"name": "made", "role": "read-only"}, **good)[0] == 204
    # Nobody is logged in by a page of another site, either.
    other = ask(house, "/api/v1/session", "POST", {"name": "carol", "password": GOOD},
                Origin="https://attacker.example")
    assert other[0] == 403
    assert ask(house, "/api/v1/session", "DELETE", **good)[0] == 204
    assert ask(house, "/api/v1/session", Cookie=cookie)[0] == 401


def test_a_new_password_ends_the_other_sessions(house):
    add_user(house, "dora", "on-call", GOOD)
    first, second = login(house, "dora", GOOD), login(house, "dora", GOOD)
    mine = {"Cookie": cookie_of(second[2]), "X_CSRF_Token": second[1]["csrf"]}
    refused = ask(house, "/api/v1/session/password", "PUT", {"password": "another good one", "current": "no"}, **mine)
    assert refused[0] == 401
    unlike = ask(house, "/api/v1/session/password", "PUT", {"password": "Password123", "current": GOOD}, **mine)
    assert unlike[0] == 422 and "tried first" in unlike[1]["detail"]
    done = ask(house, "/api/v1/session/password", "PUT", {"password": "another good one", "current": GOOD}, **mine)
    assert done[0] == 204
    assert ask(house, "/api/v1/session", Cookie=cookie_of(first[2]))[0] == 401
    assert ask(house, "/api/v1/session", Cookie=mine["Cookie"])[0] == 200
    assert login(house, "dora", GOOD)[0] == 401
    assert login(house, "dora", "another good one")[0] == 200


def test_roles_and_the_scopes_of_tokens(house):
    tokens = {}
    for role in ("metrics", "read-only", "on-call", "ops", "admin"):
        status, out, err = plimsoll(house, "apitoken", "new", "t-" + role, "--role", role, "--ttl", "1h")
        assert status == 0, err
        tokens[role] = "Bearer " + out.strip()
    wanted = {"/metrics": "metrics", "/api/v1/pools": "read-only", "/api/v1/users": "admin", "/api/v1/audit": "admin"}
    order = list(tokens)
    for path, least in wanted.items():
        for role, token in tokens.items():
            status, told, _ = ask(house, path, Authorization=token)
            if order.index(role) >= order.index(least):
                assert status == 200, (path, role)
            else:
                assert status == 403, (path, role)
                assert told["detail"] == f"this needs the role {least}; 't-{role}' is {role}"
    # No CSRF token is asked of a program, and what it did is written down under its name.
    made = ask(house, "/api/v1/users", "POST", {"name": "erin", "role": "ops"}, Authorization=tokens["admin"])
    assert made[0] == 204 and actions(house, "erin") == [("t-admin", "user-added")]
    assert tokens["ops"][7:] not in json.dumps(house.get("/api/v1/api-tokens"))
    assert plimsoll(house, "apitoken", "revoke", "t-ops")[0] == 0
    assert ask(house, "/api/v1/pools", Authorization=tokens["ops"])[0] == 401
    assert "t-ops" not in plimsoll(house, "apitoken", "ls")[1]
    with open(os.path.join(house.state, "reader"), "w", encoding="ascii") as f:
        f.write(tokens["read-only"][7:] + "\n")
    os.chmod(f.name, 0o600)
    status, _, err = plimsoll(house, "user", "ls", PLIMSOLL_TOKEN_FILE=f.name)
    assert status == 1 and "this needs the role admin; 't-read-only' is read-only" in err


def test_the_command_says_what_is_wrong(house):
    for words, expect in ((("user", "add", "a/b", "--role", "ops"), "is not a name"),
                          (("user", "add", "frank"), "say --role"),
                          (("user", "add", "frank", "--role", "root"), "a role is read-only, on-call, ops or admin"),
                          (("user", "add", "frank", "--role", "metrics"), "for API tokens only"),
                          (("user", "role", "nobody", "ops"), "'nobody' is no user"),
                          (("login-link", "nobody"), "'nobody' is no user"),
                          (("apitoken", "new", "x", "--role", "ops", "--ttl", "5s"), "1m to 730d"),
                          (("apitoken", "new", "local", "--role", "ops"), "the collector's own token"),
                          (("apitoken", "revoke", "none"), "is no API token")):
        status, out, err = plimsoll(house, *words)
        assert status in (1, 2) and out == "" and expect in err, words
    status, _, err = plimsoll(house, "user", "ls", PLIMSOLL_TOKEN_FILE="/nowhere/token")
    assert status == 1 and "log in first" in err and "'/nowhere/token' cannot be read" in err
    add_user(house, "grace", "ops")
    assert plimsoll(house, "user", "add", "grace", "--role", "ops")[2].endswith("'grace' is there already\n")
    status, _, err = plimsoll(house, "user", "passwd", "grace", stdin="short\n")
    assert status == 1 and "at least 10 characters" in err
    assert plimsoll(house, "user", "role", "grace", "read-only")[0] == 0
    assert re.search(r"^grace +read-only ", plimsoll(house, "user", "ls")[1], re.MULTILINE)
    assert plimsoll(house, "user", "rm", "grace")[0] == 0
    assert re.search(r"local +user-removed +grace +127\.0\.0\.1", plimsoll(house, "audit")[1])


def test_a_stream_ends_with_its_session(house):
    link = add_user(house, "heidi", "read-only")
    _, _, headers = ask(house, "/api/v1/session", "POST", {"link": link})
    with house.open("/api/v1/stream", headers=[("Cookie", cookie_of(headers))]) as stream:
        assert stream.readline().startswith(b"retry:")
        assert plimsoll(house, "user", "rm", "heidi")[0] == 0
        while stream.readline():  # until the collector closes
            pass
    with pytest.raises(urllib.error.HTTPError) as refused:
        house.open("/api/v1/stream", headers=[("Cookie", cookie_of(headers))])
    assert refused.value.code == 401


def test_what_is_confirmed_is_written_down(house):
    """Nobody is told that it is done before Redis has it; and then not even kill -9 undoes it."""
    (redis,) = pids_of(os.path.join(house.data, "redis"))
    os.kill(redis, signal.SIGSTOP)
    try:
        status, _, body = house.request("/api/v1/users", "POST", {"name": "early", "role": "ops"}, timeout=15)
        assert status == 503 and "Redis is away" in json.loads(body)["detail"]
        wanted = {"name": "early-token", "role": "read-only", "ttl": "1h"}
        status, _, body = house.request("/api/v1/api-tokens", "POST", wanted, timeout=15)
        assert status == 503 and "token" not in json.loads(body), "no secret that a restart would forget"
    finally:
        os.kill(redis, signal.SIGCONT)
    until(lambda: house.request("/readyz")[0] == 200, 15, "Redis is back")
    assert house.request("/api/v1/users", "POST", {"name": "late", "role": "ops"}, timeout=15)[0] == 204
    house.kill()
    house.start()
    until(lambda: "late" in [u["name"] for u in house.get("/api/v1/users")["users"]], 10, "the user is there")
