"""The plimsoll command as people call it: exit statuses, streams, and an API that answers badly."""

import json
import os
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

import pytest

from programs import BUILD

PLIMSOLL = os.path.join(BUILD, "collector", "plimsoll")
POOLS = {"now": "2026-05-01T14:03:12.000Z", "notes": [],
         "pools": [{"name": "web", "state": "ok", "hosts": {"total": 1, "up": 1, "silent": 0}}]}
ANSWERS = {"/api/v1/pools": POOLS, "/api/v1/hosts": {"hosts": []}, "/api/v1/alerts": {"alerts": []}}


def plimsoll(*args, stdin="", **env):
    """(exit status, stdout, stderr)"""
    done = subprocess.run([PLIMSOLL, *args], input=stdin, capture_output=True, text=True, timeout=30,
                          check=False, env={"PATH": os.environ["PATH"], **env})
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def api():
    """A collector's API that answers what `answers` says: an object, or (status, bytes)."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer = server.answers[self.path]
            status, body = answer if isinstance(answer, tuple) else (200, json.dumps(answer).encode())
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.answers = dict(ANSWERS)
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_explain_asks_for_one_alert(api):
    api.answers["/api/v1/alerts/limit%2Fweb/explain"] = {
        "lines": [{"topic": "now", "text": "sees nothing wrong"}]}
    status, out, err = plimsoll("explain", "limit/web", "--url", api.url)
    assert (status, out, err) == (0, "now     sees nothing wrong\n", "")
    assert plimsoll("explain", "--url", api.url)[0] == 2
    api.answers["/api/v1/alerts/a%0A%2F%2E%2E%2Fb%3Fc%3Dd/explain"] = (404, b"{}")
    assert plimsoll("explain", "a\n/../b?c=d", "--url", api.url)[0] == 1


def test_status_is_a_table(api):
    status, out, err = plimsoll("status", "--url", api.url)
    assert (status, err) == (0, "")
    assert "○ ok" in out and "web" in out and "1 of 1 hosts up" in out
    assert "\033" not in out  # not a terminal


def test_status_finds_the_collector_in_the_environment_whatever_the_proxy(api):
    status, out, _ = plimsoll("status", "--json", PLIMSOLL_URL=api.url + "/",
                              http_proxy="http://127.0.0.1:1")
    assert status == 0
    assert json.loads(out) == {"pools": POOLS, "hosts": {"hosts": []}, "alerts": {"alerts": []}}


@pytest.mark.parametrize("answer", [(500, b"{}"), (200, b"[]"), (200, b"{"), (200, b""), (302, b"x")])
def test_bad_answers_are_failures(api, answer):
    api.answers["/api/v1/hosts"] = answer
    status, out, err = plimsoll("status", "--url", api.url)
    assert (status, out) == (1, "")
    assert "/api/v1/hosts" in err


def test_nobody_there_is_unreachable():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: refused
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        status, out, err = plimsoll("status", "--url", url)
    assert (status, out) == (3, "")
    assert f"cannot reach {url}" in err


@pytest.mark.parametrize("args, words", [
    ([], "plimsoll status"),
    (["stauts"], "did you mean 'status'?"),
    (["status", "--jsno"], "--jsno"),
    (["status", "now"], "'now'"),
    (["status", "--url", "ftp://x"], "'ftp://x'"),
    (["replay"], "one of FILE, --from T, --capacity C and --score"),
    (["replay", "--from", "1h"], "--from needs --pool NAME"),
    (["replay", "--from", "soon", "--pool", "web"], "'soon' (--from) is neither a time such as"),
    (["replay", "--from", "1h", "--to", "2h", "--pool", "web"], "--from '1h' is not before --to '2h'"),
    (["replay", "--from", "1h", "--pool", "web", "--redis", "x"], "'x' (--redis) is not redis://"),
    (["replay", "last.trace", "--to", "1h"], "--to, --state and --redis belong to --from T"),
    (["replay", "--score", "--capacity", "1"], "one of FILE"),
    (["replay", "--capacity", "0"], "'0' is not a number above 0"),
    (["replay", "--capacity", "1O0"], "'1O0'"),
    (["replay", "--score", "--json"], "--json belongs to a FILE"),
    (["replay", "--score", "--chart", "x.svg"], "--score has no pages"),
    (["replay", "last.trace", "--capacity", "9"], "needs --pool NAME"),
    (["replay", "last.trace", "--json", "--explain"], "--json goes without --explain"),
    (["replay", "last.trace", "--rules", "/nowhere"], "/nowhere: cannot be read"),
    (["replay", "--capacity", "1", "--config", "/nowhere"], "/nowhere: cannot be read"),
])
def test_usage_errors(args, words):
    status, out, err = plimsoll(*args)
    assert (status, out) == (2, "")
    assert words in err


@pytest.mark.parametrize("args", [["--help"], ["status", "--help"], ["replay", "--help"]])
def test_help_begins_with_examples(args):
    status, out, err = plimsoll(*args)
    assert (status, err) == (0, "")
    assert out.startswith("Examples:\n  plimsoll ")


def test_replay_pages_over_capacity_and_foresees_it():
    rows = [f"{60 * i},{100 + (20 * (i - 60) if i > 60 else 0)}" for i in range(100)]
    out = plimsoll("replay", "--capacity", "500", stdin="timestamp,value\n" + "\n".join(rows) + "\n")[1]
    answers = [line.split(",") for line in out.splitlines()[1:]]
    crossing = 60 + 20
    paged = next(i for i, answer in enumerate(answers) if answer[1] == "1")
    assert crossing - 15 < paged < crossing - 3
    seconds = float(answers[paged][2])
    assert (crossing - paged) * 30 < seconds < (crossing - paged) * 120
    assert answers[crossing + 1][2] == "0"


def test_replay_takes_its_rules_from_a_configuration(tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: {saturation: {clear: 1m}}\n")
    series = "timestamp,value\n" + "".join(
        f"2026-05-01 14:{minute:02}:00,{150 if minute < 5 else 20}\n" for minute in range(10))
    args = ["replay", "--capacity", "100"]
    assert plimsoll(*args, stdin=series)[1].splitlines()[-1].startswith("2026-05-01 14:09:00,1,")
    args += ["--config", str(rules)]
    assert plimsoll(*args, stdin=series)[1].splitlines()[-1].startswith("2026-05-01 14:09:00,0,")


def crowd():
    """Four hours at 40, a crowd of forty minutes up to 130, and calm again."""
    rows = [(60 * i, 40 + (min(6 * (i - 240), 90) if 240 <= i < 280 else 0)) for i in range(400)]
    return "timestamp,value\n" + "".join(f"{at},{value}\n" for at, value in rows)


def test_a_history_that_is_not_there_names_the_place():
    status, out, err = plimsoll("replay", "--from", "1h", "--pool", "web", "--state", "/nowhere")
    assert (status, out) == (3, "")
    assert "cannot reach the Redis at /nowhere/redis/redis.sock: No such file" in err


def test_a_chart_is_valid_and_marks_what_the_rows_say(tmp_path):
    chart = tmp_path / "out.svg"
    plain = plimsoll("replay", "--capacity", "100", stdin=crowd())
    drawn = plimsoll("replay", "--capacity", "100", "--chart", str(chart), stdin=crowd())
    assert drawn[:2] == plain[:2] and plain[2] == "", "the rows are the same, the words go elsewhere"
    alerts = [line.split(",")[1] for line in plain[1].splitlines()[1:]]
    pages = sum(now == "1" and before == "0" for before, now in zip(alerts, alerts[1:]))
    svg = ElementTree.parse(chart).getroot()
    name = "{http://www.w3.org/2000/svg}"
    marks = [g for g in svg.iter(name + "g") if g.get("class") == "page"]
    assert len(marks) == pages == 1
    assert "traffic at" in marks[0].find(name + "title").text
    assert [line for line in svg.iter(name + "line") if line.get("class") == "capacity"]
    assert any((text.text or "").endswith(" UTC") for text in svg.iter(name + "text"))


def test_other_rules_are_tried_on_the_same_series(tmp_path):
    rules = tmp_path / "late.yaml"
    rules.write_text("rules: {saturation: {time_to_act: 0}}\n")  # nobody is called before the crossing
    status, out, err = plimsoll("replay", "--capacity", "100", "--rules", str(rules), stdin=crowd())
    assert (status, out) == plimsoll("replay", "--capacity", "100", stdin=crowd())[:2]
    assert "crossings paged before       1 of 1   0 of 1" in err
    assert "both   saturation/series" in err and "later then" in err
    rules.write_text("rules:\n  saturation: {wrn: 1}\n")
    status, _, err = plimsoll("replay", "--capacity", "100", "--rules", str(rules), stdin=crowd())
    assert status == 2 and f"{rules}:2:" in err


def test_a_chart_that_cannot_be_written_is_a_failure():
    status, _, err = plimsoll("replay", "--capacity", "100", "--chart", "/nowhere/x.svg", stdin=crowd())
    assert status == 1 and "cannot write the chart '/nowhere/x.svg': No such file" in err


def test_replay_names_the_bad_line():
    status, out, err = plimsoll("replay", "--score", stdin="timestamp,value\n1,2\n1,x\n")
    assert status == 1
    assert out == "timestamp,value,anomaly_score\n1,2,0.000000\n"
    assert err == "plimsoll: line 3 does not end with a number\n"


def test_replay_names_the_bad_file(tmp_path):
    status, _, err = plimsoll("replay", str(tmp_path / "none.trace"))
    assert status == 1
    assert "none.trace' cannot be replayed: No such file or directory" in err


def test_an_answer_nobody_can_take_is_a_failure():
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([PLIMSOLL, "--help"], stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=30, check=False)
    assert done.returncode == 1
    assert "cannot write the answer" in done.stderr
