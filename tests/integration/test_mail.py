"""Mail: from a load to a mailbox, through servers that fail in every way, and to none in the clear."""

import ssl
import struct
import subprocess
import time

from mailbox import PNG, Mailbox, part_of
from programs import hush_broken_notifiers, until
from stand_in import HELLO, KEY, SHARE, Host, frame, str8, varint

RULES = "rules:\n  limit: {cpu: 0.90, warn: 0.75, hold: 0s, clear: 1s}\nnotifiers:\n"
RATE = 2
PASSWORD = "correct-horse-4711"


def notifier(name, url, **more):
    keys = {"type": "email", "url": url, "from": "mon@example.org", "to": f"{name}@example.net", **more}
    return f"  {name}: {{" + ", ".join(f"{key}: '{value}'" for key, value in keys.items()) + "}\n"


class Busy(Host):
    """A host that was cut off for three minutes and now sends what its traffic was: enough for the
    collector to know it by."""

    PAST_S = 180

    def __init__(self, address):
        super().__init__(address)
        for second in range(self.PAST_S, 0, -1):
            self.add(time.time() - second)

    def hello(self):
        first = min(self.spool, default=self.next_seq)
        head = struct.pack(">H16sQIQ", 1, self.boot_id, int(time.time() * 1000),
                           int(self.interval_s * 1000), first)
        names = str8(self.name.encode()) + str8(self.pool.encode()) + str8(b"stand-in")
        table = str8(b"cpu.busy") + bytes([SHARE]) + varint(10000)
        table += str8(b"tcp.accepted") + bytes([RATE]) + varint(10)
        return frame(HELLO, head + names + bytes([0, 2]) + table)

    def add(self, at):
        body = bytes([0]) + varint(self.next_seq) + varint(int(at * 1000)) + bytes([3])
        body += varint(2 * round(self.cpu * 10000)) + varint(2 * 4200)
        self.spool[self.next_seq] = frame(KEY, body)
        self.next_seq += 1
        return self.spool[self.next_seq - 1]

    def sample(self):
        return self.add(time.time())


def server_tls(folder):
    """(context, certificate file) of a server called mail.localhost, which libcurl finds on this
    machine without asking anybody (RFC 6761), and which is not exempt from encryption."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=mail",
                    "-addext", "subjectAltName=DNS:mail.localhost"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, str(certificate)


def named(box, scheme="smtp"):
    return f"{scheme}://mail.localhost:{box.port}"


def secret(folder, name, text):
    path = folder / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return str(path)


def test_a_thread_of_mails(start_collector, tmp_path, monkeypatch):
    tls, certificate = server_tls(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    login = {"user": "mon", "password_file": secret(tmp_path, "password", PASSWORD)}
    with Mailbox(tls=tls, password=PASSWORD) as starttls, Mailbox(tls=tls, implicit=True) as implicit:
        collector = start_collector(RULES + notifier("alex", named(starttls), **login)
                                    + notifier("kim", named(implicit, "smtps"))
                                    + "pools: {web: {owner: Jürgen, runbook: 'https://wiki.example/web'}}\n")
        with Busy(collector.agents) as host:
            until(lambda: collector.host("fe1"), 5, "a sample of fe1")
            host.cpu = 0.9743
            starttls.wait(1)
            host.cpu = 0.2
            firing, resolved = starttls.wait(2)
            implicit.wait(2)
        assert starttls.problems == implicit.problems == []
        assert str(firing["Subject"]) == "[FIRING] web: over a limit"
        assert str(resolved["Subject"]).startswith("[RESOLVED ")
        assert str(resolved["Subject"]).endswith(" s] web: over a limit")
        assert firing["References"] == resolved["References"] == firing["In-Reply-To"]
        assert len({mail["Message-ID"] for box in (starttls, implicit) for mail in box.mails}) == 4
        assert firing["X-Priority"] == "1" and resolved["X-Priority"] is None
        text = part_of(firing, "text/plain").get_content().replace("\r\n", "\n")
        assert text.startswith("[PAGE] web: cpu of fe1 at 97 % (limit 90 %)")
        assert "Owner: Jürgen\n" in text and text.rstrip().endswith("Runbook: https://wiki.example/web")
        assert 'href="https://wiki.example/web"' in part_of(firing, "text/html").get_content()
        picture = part_of(firing, "image/png").get_content()
        assert picture.startswith(PNG) and struct.unpack(">II", picture[16:24]) == (600, 200)
        assert starttls.logins == [("mon", PASSWORD)] * 2
        assert PASSWORD not in collector.log()


def outcome(collector, target):
    """The words of the log about telling `target`, in order."""
    return [line.split(" event=")[1].split(" ")[0] + " " + line.split('answer="')[1].split('"')[0]
            for line in collector.log().splitlines() if f" target={target} " in line and "answer=" in line]


def test_servers_that_fail(start_collector, tmp_path):
    scripts = {"busy": "421,ok", "grey": "451,ok", "gone": "550", "closed": "554", "spam": "data:554",
               "later": "data:452,ok", "hung": "hang,ok", "cut": "cut,ok", "deaf": "deaf"}
    boxes = {name: Mailbox(script).__enter__() for name, script in scripts.items()}
    boxes["plain"] = Mailbox().__enter__()  # not encrypted, and not known to be on this machine
    boxes["login"] = Mailbox(password=PASSWORD).__enter__()
    password_file = secret(tmp_path, "password", "wrong")
    config = "".join(notifier(name, box.url) for name, box in boxes.items() if name not in ("plain", "login"))
    config += notifier("plain", named(boxes["plain"]))
    config += notifier("login", boxes["login"].url, user="mon", password_file=password_file)
    collector = start_collector(RULES + config)
    hush_broken_notifiers(collector)
    with Host(collector.agents) as host:
        until(lambda: collector.host("fe1"), 5, "a sample of fe1")
        host.cpu = 1.0
        slowest = 0
        for name in ("deaf", "busy", "cut", "hung"):
            while not boxes[name].mails:
                began = time.monotonic()
                assert collector.get("/api/v1/self")
                slowest = max(slowest, time.monotonic() - began)
                assert slowest < 3, "the loop waits for a mail server"
                time.sleep(0.05)
    for name in ("busy", "cut", "hung"):
        assert [line.split(" ")[0] for line in outcome(collector, name)] == ["page_retry", "page_sent"], name
    assert outcome(collector, "busy")[0] == "page_retry SMTP 421 4.3.2 not today"
    assert outcome(collector, "grey") == ["page_retry SMTP 451 5.1.1 nobody of that name"]
    assert outcome(collector, "later") == ["page_retry SMTP 452 5.7.1 looks like spam"]
    assert collector.log().count("wait_ms=60000") == 2, "greylisting wants a minute"
    assert outcome(collector, "gone") == ["notifier_broken SMTP 550 5.1.1 nobody of that name"]
    assert outcome(collector, "closed") == ["page_rejected SMTP 554 4.3.2 not today"]
    assert outcome(collector, "spam") == ["page_rejected SMTP 554 5.7.1 looks like spam"]
    assert outcome(collector, "plain") == ["notifier_broken offers no encryption"]
    assert outcome(collector, "login")[0].startswith("notifier_broken SMTP 535")
    assert boxes["plain"].mails == [] and boxes["deaf"].problems == []
    assert len(boxes["deaf"].mails) == 1 and len(boxes["cut"].mails) == 1
    for box in boxes.values():
        box.__exit__()
