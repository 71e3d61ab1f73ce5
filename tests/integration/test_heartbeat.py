"""The dead man's ping: asked for while all is well, and what ops see when nobody takes it."""

import http.server
import os
import subprocess
import threading

import pytest

from programs import BUILD, until


class Inbox:
    """A service that expects a heartbeat; answers with the next status of `script`, then 200."""

    def __init__(self, *script):
        self.asked = []
        script = list(script)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(handler):
                self.asked.append(handler.path)
                handler.send_response(script.pop(0) if script else 200)
                handler.send_header("Content-Length", "0")
                handler.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/ping/4e6f7420612073656372"


@pytest.fixture
def inbox():
    inbox = Inbox(503)
    yield inbox
    inbox.server.shutdown()
    inbox.server.server_close()


def test_regular_until_refused_and_again(start_collector, inbox, tmp_path):
    secret = tmp_path / "heartbeat"
    secret.write_text(inbox.url() + "\n")
    secret.chmod(0o600)
    collector = start_collector(f"heartbeat: {{url_file: {secret}, interval: 10s}}")

    def told():
        return [note["kind"] for note in collector.get("/api/v1/pools")["notes"]]
    until(lambda: inbox.asked == ["/ping/4e6f7420612073656372"], 5, "a first request")
    until(lambda: "heartbeat_refused" in told(), 5, "ops are told that it was refused")
    until(lambda: len(inbox.asked) == 2, 10, "a second try, sooner than the next interval")
    until(lambda: "heartbeat_refused" not in told(), 5, "it is accepted again")
    assert "4e6f74" not in collector.log()  # the address is a secret


@pytest.mark.parametrize("text, rule", [("ftp://x/", "http:// or https://"), ("", "does not hold one line")])
def test_what_is_no_address(tmp_path, text, rule):
    secret, config = tmp_path / "heartbeat", tmp_path / "collector.yaml"
    secret.write_text(text)
    config.write_text(f"heartbeat: {{url_file: {secret}}}\n")
    ended = subprocess.run([os.path.join(BUILD, "collector", "plimsoll-collector"), "--config", str(config), "--check"],
                           capture_output=True, text=True, check=False)
    assert ended.returncode == 2 and f"{config}:1" in ended.stderr and rule in ended.stderr
