"""What a host serves, and what began when, on the live page. Its status page is ours, so that it says what we know."""

import http.server
import re
import threading

import pytest
from programs import until
from test_live_page import complaints, text

PAGE = "Total Accesses: {n}\nBusyWorkers: 4\nIdleWorkers: 60\nScoreboard: WWWW" + 60 * "_" + "\n"


class Status(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self):  # noqa: N802 - its name is http.server's
        Status.asked += 1
        body = PAGE.format(n=50 * Status.asked).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@pytest.fixture
def status_page():
    server = http.server.HTTPServer(("127.0.0.1", 0), Status)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/server-status?auto"
    server.shutdown()
    server.server_close()


def shown(driver, chart):
    return driver.execute_script(f"return !document.querySelector('[data-chart={chart}]').hidden")


def legend(driver, chart):
    return " ".join(text(driver, f"[data-chart={chart}] .legend").split())


def test_charts_of_what_is_served_are_there_where_it_is_known(collector, start_agent, browse, status_page):
    start_agent([collector.agents], host="fe1", pool="web", config=f"""
agent:
  fast_interval: 1s
  find_local: no
  local:
    front: {{kind: apache, url: "{status_page}"}}
""")
    start_agent([collector.agents], host="db1", pool="db", config="agent:\n  find_local: no\n")
    driver = browse(collector, "/#pool=web&host=fe1")
    until(lambda: shown(driver, "requests") and re.search(r"taken/s \d+ being served [34]", legend(driver, "requests")), 20, "requests of fe1")
    until(lambda: "at most 64" in legend(driver, "workers"), 20, "workers of fe1")
    driver.get(collector.url("/#pool=db&host=db1"))
    until(lambda: text(driver, "#charts-title") == "Charts of db1", 10, "the other host")
    until(lambda: int(driver.execute_script("return document.querySelector('[data-chart=cpu]').dataset.points || 0")) > 2, 20, "its points")
    assert not shown(driver, "requests") and not shown(driver, "workers")
    assert complaints(driver) == []


YOUNG = "pools:\n  web:\n    capacity: 100000\nrules:\n  limit:\n    memory: 2%\n    warn: 1%\n    leave: 0.1%\n    hold: 1s\n"


@pytest.mark.config(YOUNG)
def test_a_young_pool_says_from_when_growth_counts_and_alerts_and_launches_are_flags(collector, start_agent, browse):
    tweet = {"title": "Autumn giveaway", "pools": ["web"], "starts_in": "30m", "channels": [{"type": "x", "audience": 400}]}
    status, _, body = collector.request("/api/v1/launches", "POST", tweet)
    assert status == 201, body
    start_agent([collector.agents], host="fe1", pool="web")
    driver = browse(collector)
    until(lambda: "growth can be told in" in text(driver, "#pools .until"), 20, "from when on growth is told")
    until(lambda: text(driver, "#alerts .alert-text"), 30, "an alert")
    until(lambda: int(driver.execute_script("return document.querySelector('#traffic').dataset.flags || 0")) > 1, 20, "flags of both")
    assert complaints(driver) == []
