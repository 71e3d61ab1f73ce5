"""The API of a running collector with an agent on this machine: shapes, parameters, errors."""

import json
import os
import re
import signal

import pytest
from programs import ROOT, until

# The machine that runs the tests may be busy; here that is no alert.
pytestmark = pytest.mark.config("rules:\n  limit:\n    hold: 1h\n")

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def watched(collector, agent):
    """A collector that has heard its agent and stored what it said."""
    until(lambda: collector.host(agent.host), 10, "a sample arrives")
    return collector


def problem(collector, path, status, parameter=None):
    got, headers, body = collector.request(path)
    body = json.loads(body)
    assert (got, headers["Content-Type"]) == (status, "application/problem+json"), (path, got, body)
    assert body["status"] == status and body["title"] and body["detail"]
    assert [e["parameter"] for e in body.get("errors", [])] == ([parameter] if parameter else [])
    return body["detail"]


def test_hosts_and_pools(watched, agent):
    host = watched.get(f"/api/v1/hosts/{agent.host}")
    assert host["pool"] == "web" and host["connected"] and host["interval_ms"] == 1000
    assert TIME.fullmatch(host["last_sample"]) and host["age_ms"] < 5000
    assert host["facts"]["cores"]["value"] >= 1 and host["facts"]["memory"]["source"]
    assert 0 <= host["metrics"]["memory.used"] <= 1
    everyone = watched.get("/api/v1/hosts")
    assert [h["name"] for h in everyone["hosts"]] == [agent.host] and everyone["next"] is None
    assert watched.get("/api/v1/hosts?pool=web")["hosts"][0]["name"] == agent.host
    [pool] = watched.get("/api/v1/pools")["pools"]
    assert pool["name"] == "web" and pool["hosts"] == {"total": 1, "up": 1, "silent": 0}
    assert 0 <= pool["worst"]["utilisation"] <= 1 and pool["worst"]["host"] == agent.host
    assert watched.get("/api/v1/alerts")["alerts"] == []


def test_series(watched, agent):
    path = f"/api/v1/hosts/{agent.host}/series"
    series = until(lambda: (s := watched.get(f"{path}?metric=memory.used")) and len(s["points"]) >= 3 and s,
                   10, "three points")
    assert series["columns"] == ["unix_ms", "value"] and series["unit"] == "share"
    assert (series["step_s"], series["resolution_s"]) == (1, 1)
    times = [t for t, _ in series["points"]]
    assert times == sorted(set(times))
    ten = watched.get(f"{path}?metric=memory.used&step=10")
    assert ten["columns"] == ["unix_ms", "avg", "min", "max"]
    assert all(low <= mean <= high for _, mean, low, high in ten["points"])
    second = times[1] // 1000  # one point, however often a tense agent samples in it
    span = watched.get(f"{path}?metric=memory.used&from={second}&to={second}.999")
    assert [t // 1000 for t, _ in span["points"]] == [second]
    old = watched.get(f"{path}?metric=memory.used&from=2001-01-01T00:00:00Z&to=2001-01-01T00:10:00%2B00:00")
    assert old["points"] == []


def test_errors_name_what_is_wrong(watched, agent):
    path = f"/api/v1/hosts/{agent.host}/series"
    problem(watched, "/nothing", 404)
    problem(watched, "/api/v1/", 404)
    problem(watched, "/api/v1/pools/", 404)
    assert "'nobody'" in problem(watched, "/api/v1/hosts/nobody", 404)
    problem(watched, "/api/v1/hosts/no%20name", 404)
    assert "'nobody'" in problem(watched, "/api/v1/hosts/nobody/series?metric=cpu.busy", 404)
    assert "'nowhere'" in problem(watched, "/api/v1/hosts?pool=nowhere", 404, "pool")
    assert "'a/b' is not a name" in problem(watched, "/api/v1/hosts?pool=a/b", 422, "pool")
    assert "'nobody'" in problem(watched, "/api/v1/hosts?after=nobody", 404, "after")
    assert "it takes none" in problem(watched, "/api/v1/pools?x=1", 400, "x")
    assert "it takes pool, after" in problem(watched, "/api/v1/hosts?pol=web", 400, "pol")
    problem(watched, f"{path}", 422, "metric")
    near = problem(watched, f"{path}?metric=cpu.bussy", 422, "metric")
    assert "'cpu.bussy'" in near and "did you mean 'cpu.busy'" in near
    problem(watched, f"{path}?metric=cpu.busy&metric=cpu.busy", 400, "metric")
    assert "'0' is not" in problem(watched, f"{path}?metric=cpu.busy&step=0", 422, "step")
    problem(watched, f"{path}?metric=cpu.busy&step=1.5", 422, "step")
    assert "'yesterday' is" in problem(watched, f"{path}?metric=cpu.busy&from=yesterday", 422, "from")
    problem(watched, f"{path}?metric=cpu.busy&from=20&to=10", 422, "from")
    everything = json.loads(watched.request(f"{path}?metric=cpu.bussy&from=now&to=soon&step=0")[2])
    assert [error["parameter"] for error in everything["errors"]] == ["metric", "to", "from", "step"]
    problem(watched, f"{path}?metric=cpu.busy&from=%zz", 400, "from")
    day = f"{path}?metric=cpu.busy&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
    assert "a step of 25 would fit" in problem(watched, day, 422, "step")
    assert watched.request(f"{day}&step=25")[0] == 200


def test_methods(collector):
    with collector.open("/api/v1/pools", "HEAD") as answer:
        assert answer.status == 200 and int(answer.headers["Content-Length"]) > 20
        assert answer.read() == b""
    status, headers, _ = collector.request("/api/v1/pools", "POST", {})
    assert status == 405 and headers["Allow"] == "GET, HEAD"


def routes_in_code():
    """(method, path) of the route table, names of path parameters left out."""
    path = os.path.join(ROOT, "collector", "io", "api.c")
    with open(path, encoding="utf-8") as f:
        table = re.search(r"\} routes\[\] = \{(.*?)\n\};", f.read(), re.DOTALL).group(1)
    rows = re.findall(r'PL_HTTP_(\w+),\s*PL_ROLE_\w+,\s*\{((?:"[^"]*"(?:,\s*)?)+)\}', table)
    return {(method.lower(), without_names("/" + "/".join(re.findall(r'"([^"]*)"', row)))) for method, row in rows}


def without_names(path):
    return re.sub(r"\{\w+\}", "{}", path)


def test_openapi_tells_all_routes_and_no_other(watched):
    api = watched.get("/api/v1/openapi.json")
    assert api["openapi"].startswith("3.1")
    told = {(method, without_names(path)) for path, methods in api["paths"].items()
            for method in methods if method != "parameters"}
    assert told == routes_in_code()
    defined = {f"#/components/{kind}/{name}" for kind, items in api["components"].items() for name in items
               if kind != "securitySchemes"}
    assert set(re.findall(r'"\$ref": "([^"]*)"', json.dumps(api))) == defined


def test_openapi_tells_parameters_and_answers(watched):
    """Every route takes the parameters it is said to take, and answers as it is said to answer."""
    api = watched.get("/api/v1/openapi.json")
    for path, methods in api["paths"].items():
        if "get" not in methods or re.search("{(launch|schedule|person|alert|token|customer|case|link)}", path):
            continue  # test_launches, _oncall, _handling, _links, _customers, _cases
        get = methods["get"]
        told = [one["name"] for one in get.get("parameters", []) if one["in"] == "query"]
        real = path.replace("{pool}", "web").replace("{host}", "fe1")
        refused = problem(watched, f"{real}?nonsense=1", 400, "nonsense")
        assert refused.endswith("it takes " + (", ".join(told) or "none")), path
        assert "400" in get["responses"], path
        query = "?metric=cpu.busy" if "metric" in told else ""
        with watched.open(real + query) as answer:
            kind = answer.headers["Content-Type"].split(";")[0]
            assert list(get["responses"]["200"]["content"]) == [kind], path
            body = json.loads(answer.read()) if kind == "application/json" else {}
        schema = get["responses"]["200"]["content"][kind]["schema"]
        if "$ref" in schema:
            schema = api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        if "properties" in schema:
            assert set(body) - {"listener"} == set(schema["properties"]) - {"listener"}, path
    pool = watched.get("/api/v1/pools")["pools"][0]
    for name in ("Pool", "Capacity"):
        shown = pool if name == "Pool" else pool["capacity"]
        assert set(shown) == set(api["components"]["schemas"][name]["properties"]), name


def test_outlook_of_a_pool(watched):
    problem(watched, "/api/v1/pools/nobody/outlook", 404)
    until(lambda: watched.get("/api/v1/pools")["pools"][0]["traffic"], 5, "the pool's traffic is known")
    outlook = watched.get("/api/v1/pools/web/outlook")
    pool = watched.get("/api/v1/pools")["pools"][0]
    assert outlook["pool"] == "web" and outlook["traffic"]["unit"] == pool["traffic"]["unit"]
    assert pool["capacity"]["source"] == "unknown" and pool["outlook"] is None
    assert "settle it" in pool["capacity"]["unknown"]["text"]
    assert len(outlook["actual"]) >= 1 and len(outlook["usual"]) == 25 and outlook["foreseen"] == []
    assert watched.get("/api/v1/hosts/fe1")["capacity"]["unknown"]["why"] in ("new", "source")


def leaves(value, path=""):
    """The paths of all numbers in a JSON object."""
    for key, inside in value.items():
        if isinstance(inside, dict):
            yield from leaves(inside, f"{path}{key}.")
        elif not isinstance(inside, str):
            yield path + key


def test_self_and_metrics_agree(watched):
    own = watched.get("/api/v1/self")
    assert own["version"] and own["agents"]["connected"] == 1 and own["samples"]["accepted"] >= 1
    assert own["redis"]["state"] == "ready" and own["rss_bytes"] > 0 and own["redis"]["pid"] > 0
    status, headers, text = watched.request("/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = text.decode().splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert values["plimsoll_agents_connected"] == "1"
    assert values['plimsoll_http_refused_total{reason="syntax"}'] == "0"
    families = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert {name.split("{")[0] for name in values} == families
    numbers = list(leaves(own))
    assert len(numbers) == len(set(numbers)) > 80
    assert len(numbers) == len(values) + 1  # a process id is no measurement
    assert {"redis.ignored", "redis.chunks", "redis.rewrites", "redis.rollups", "redis.rollups_failed",
            "redis.restarts", "agents.frames_skipped", "agents.recording"} <= set(numbers)


def test_ready_when_redis_and_ingest_are(watched):
    assert watched.get("/readyz") == {"ready": True, "checks": {
        "redis": "ready", "durability": "on", "ingest": "ready", "config": "loaded"}}
    assert watched.request("/healthz")[2] == b"ok\n"


def test_trouble_with_redis_is_told(collector):
    def notes():
        return [note["kind"] for note in collector.get("/api/v1/pools")["notes"]]

    pid = collector.get("/api/v1/self")["redis"]["pid"]
    until(lambda: notes() == [], 5, "nothing to tell")
    os.kill(pid, signal.SIGSTOP)
    until(lambda: notes() == ["redis_away"], 5, "a Redis that hangs")
    os.kill(pid, signal.SIGCONT)
    until(lambda: notes() == [], 5, "a Redis that goes on")
    os.kill(pid, signal.SIGKILL)
    until(lambda: notes() == ["redis_restarted"], 10, "a Redis that had to be started again")
    own = collector.get("/api/v1/self")["redis"]
    assert own["restarts"] == 1 and own["pid"] not in (0, pid)


def events(answer, count):
    """The first `count` events of a stream: (name, data)."""
    found, name = [], None
    for line in answer:
        line = line.decode().rstrip("\n")
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            found.append((name, json.loads(line[6:])))
            if len(found) == count:
                return found
    raise AssertionError(f"the stream ended after {len(found)} events")


def test_stream(watched, agent):
    path = f"/api/v1/stream?host={agent.host}&pool=web"
    with watched.open(path, headers=[("Last-Event-ID", "anything")]) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["X-Accel-Buffering"] == "no"
        seen = events(answer, 6)
    assert seen[0][0] == "state"  # at once, not after a second
    state = seen[0][1]
    assert state["notes"] == [] and state["hosts"][0]["name"] == agent.host
    assert 0 < state["limits"]["cpu"]["warn"] < state["limits"]["cpu"]["page"] <= 1
    samples = [data for name, data in seen if name == "sample"]
    assert len(samples) >= 2 and samples[0]["t"] < samples[1]["t"]
    assert "cpu.busy" in samples[1]["m"] and samples[0]["host"] == agent.host


def test_assets_are_revalidated(collector):
    for coding, suffix in (("br", "-br"), ("gzip", "-gzip"), ("identity", "")):
        asked = [("Accept-Encoding", coding)]
        with collector.open("/", headers=asked) as answer:
            etag = answer.headers["ETag"]
            assert answer.headers["Content-Encoding"] == (coding if suffix else None)
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert etag.endswith(suffix + '"')
        status, _, body = collector.request("/", headers=asked + [("If-None-Match", etag)])
        assert status == 304 and body == b""
