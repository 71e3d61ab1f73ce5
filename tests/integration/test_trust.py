"""Who may speak for a host: joining, proving, refusing; and what people read when it is refused.

Each refusal is looked at from both sides: the agent's log or its command, and the collector's log
and counters."""

import base64
import json
import os
import signal
import socket
import ssl
import stat
import struct
import subprocess
import time

import pytest
from enrolled import Host, Relay, counts, make_token, plimsoll, streams
from programs import Collector, until
from test_ingest_hostile import HELLO, REFUSE, WELCOME, Peer, frame, hello_body, str8

PROOF, JOIN, JOINED = 8, 9, 11


@pytest.fixture
def new_host(programs):
    def make(name="fe1", config=""):
        programs.append(Host(name, config))
        return programs[-1]
    return make


def logged(program, *words, seconds=15):
    """Waits for a line of the log that holds all of the words."""
    def line():
        return next((text for text in program.log().splitlines() if all(w in text for w in words)), None)
    return until(line, seconds, f"{program.name} logs {words}")


def joined(collector, host, pool="web"):
    host.join(make_token(collector, pool)).start()
    streams(collector, host.host)
    return host


# ---- joining ----

def test_a_host_joins_and_streams(collector, new_host):
    host = joined(collector, new_host())
    assert host.event("ready")["link"] == "tls"
    status, out, _ = plimsoll(collector, "host", "ls")
    assert status == 0 and out.startswith("fe1 web enrolled 2")
    listed = json.loads(plimsoll(collector, "host", "ls", "--json")[1])
    assert [f"{h['name']} {h['pool']} {h['state']} {h['since']}" for h in listed] == out.splitlines()
    assert counts(collector)["encrypted"] == 2  # join, and the stream
    for name in ("key.pem", "enrolment"):
        assert stat.S_IMODE(os.stat(host.path(name)).st_mode) == 0o600
    for name in ("tls/key.pem", "admin.socket"):
        mode = os.stat(os.path.join(collector.state, "data", name)).st_mode
        assert stat.S_IMODE(mode) == 0o600
    assert "PRIVATE" not in host.log() + collector.log()


def test_a_token_can_come_from_standard_input(collector, new_host):
    status, out, err = new_host().command("join", "-", text=make_token(collector, "web") + "\n")
    assert (status, out.split(".")[0], err) == (0, "joined: host fe1 in pool web", "")


def test_the_collector_keeps_no_secret(collector, new_host):
    token = make_token(collector, "web")
    new_host().join(token)
    kept = redis(collector, "HGETALL", "pl:tokens") + redis(collector, "HGETALL", "pl:enrolled")
    assert "secret_hash" in kept and '"key":"' in kept
    assert token not in kept and token not in collector.log()


def test_enrolled_hosts_survive_a_restart(collector, new_host):
    host = joined(collector, new_host())
    collector.kill()
    collector.start()
    logged(host, "event=connected")
    until(lambda: (collector.host("fe1") or {}).get("connected"), 20, "fe1 is back")
    assert new_host("fe2").command("join", make_token(collector, "web"))[0] == 0


def redis(collector, *words):
    socket_path = os.path.join(collector.state, "data/redis/redis.sock")
    return subprocess.run(["redis-cli", "-s", socket_path, *words], capture_output=True, text=True,
                          check=True, timeout=10).stdout


# ---- tokens that are refused ----

def refused_join(host, token, *words):
    status, out, err = host.command("join", token)
    assert (status, out) == (1, "")
    assert all(word in err for word in words), err
    return err


def with_another_secret(token):
    """The same token, checksum and all, but for its secret."""
    body = bytearray(base64.urlsafe_b64decode(token[4:] + "=" * (-len(token[4:]) % 4))[:-4])
    body[8] ^= 1
    check = 0xcbf29ce484222325  # FNV-1a
    for byte in body:
        check = (check ^ byte) * 0x100000001b3 % (1 << 64)
    body += struct.pack(">I", (check ^ check >> 32) & 0xffffffff)
    return token[:4] + base64.urlsafe_b64encode(body).decode().rstrip("=")


def test_wrong_token(collector, new_host):
    token = with_another_secret(make_token(collector, "web"))
    refused_join(new_host(), token, "refused: this join token was not made by this collector",
                 "'plimsoll token new'")
    logged(collector, "event=agent_refused", "host=fe1", "token_unknown")
    assert counts(collector)["not_admitted"]["token_unknown"] == 1
    assert counts(collector)["refused"]["not_admitted"] == 1


def test_expired_token(collector, new_host):
    token = make_token(collector, "web")
    field = redis(collector, "HKEYS", "pl:tokens").strip()
    record = redis(collector, "HGET", "pl:tokens", field).strip()
    start = record.index('"expires":') + len('"expires":')
    end = record.index(",", start)
    past = int(time.time() * 1000) - 1000
    collector.kill()  # its Redis lives on
    redis(collector, "HSET", "pl:tokens", field, f"{record[:start]}{past}{record[end:]}")
    collector.start()
    refused_join(new_host(), token, "refused: this join token has expired", "'plimsoll token new'")
    logged(collector, "event=agent_refused", "host=fe1", "token_expired")


def test_a_pool_that_is_not_in_scope(collector, new_host):
    host = new_host(config="agent:\n  pool: db\n")
    refused_join(host, make_token(collector, "web", "api"), "refused: this join token is not good for that pool")
    logged(collector, "event=agent_refused", "host=fe1", "token_pool")
    host = new_host("fe2")
    status, _, err = host.command("join", make_token(collector, "web", "api"))
    assert status == 2 and "set agent.pool to one of web, api" in err


def test_tokens_that_were_mangled_on_the_way(collector, new_host):
    host, token = new_host(), make_token(collector, "web")
    for text, words in ((token[:-3], "that token is damaged: copy the whole line again"),
                        ("hunter2", "that is no join token"),
                        ("pl9" + token[3:], "of a later version")):
        status, _, err = host.command("join", text)
        assert status != 0 and words in err
    assert not os.path.exists(host.path("enrolment"))


def test_the_command_refuses_what_makes_no_sense(collector):
    for words, complaint in ((("token", "new", "--pool", "web", "--ttl", "5s"), "a token lives for 1m to 30d"),
                             (("token", "new", "--pool", "we/b"), "a pool's name has"),
                             (("host", "revoke", "fe9"), "no host of that name is enrolled")):
        status, _, err = plimsoll(collector, *words)
        assert status == 1 and complaint in err
    assert plimsoll(collector, "token", "new")[0] == 2
    collector.stop()
    status, _, err = plimsoll(collector, "host", "ls")
    assert status == 3 and "is it running" in err


# ---- keys that are refused ----

def test_revoked_key(collector, new_host):
    host = joined(collector, new_host())
    assert plimsoll(collector, "host", "revoke", "fe1")[:2] == (0, "revoked fe1\n")
    logged(host, "event=refused", "code=9", "the key of this host was revoked", "plimsoll-agent join")
    logged(collector, "event=agent_refused", "host=fe1", "revoked")
    assert plimsoll(collector, "host", "ls")[1].startswith("fe1 web revoked 2")
    status, out, err = host.command("join", make_token(collector, "web"))
    assert status == 0 and "trying with a new one" in err and out.startswith("joined")
    until(lambda: (collector.host("fe1") or {}).get("connected"), 40, "the running agent has the new key")


def test_forgotten_host(collector, new_host):
    host = joined(collector, new_host())
    assert plimsoll(collector, "host", "forget", "fe1")[:2] == (0, "forgot fe1\n")
    logged(host, "event=refused", "code=8", "this host name is not enrolled here")
    assert plimsoll(collector, "host", "ls")[1] == ""
    assert plimsoll(collector, "host", "ls", "--json")[1] == "[]\n"


def test_stolen_host_name(collector, new_host):
    joined(collector, new_host("fe1"))
    thief = joined(collector, new_host("fe2"))
    thief.stop()
    thief.add_config("agent:\n  host: fe1\n")
    thief.start()
    logged(thief, "event=refused", "code=8", "this host name belongs to another key")
    logged(collector, "event=agent_refused", "host=fe1", "link=tls", "wrong_key")
    refused_join(thief, make_token(collector, "web"), "this host name is enrolled with another key")
    assert collector.host("fe1")["connected"]


def test_a_key_is_good_for_its_pool_only(collector, new_host):
    host = joined(collector, new_host())
    host.stop()
    host.add_config("agent:\n  pool: db\n")
    host.start()
    logged(host, "event=refused", "code=11", "this host is enrolled in another pool")


# ---- the other side is not who it should be ----

def test_wrong_fingerprint(start_collector, new_host):
    right, wrong = start_collector(), start_collector()
    token = make_token(right, "web", address=wrong.agents)
    host = new_host()
    err = refused_join(host, token, "wrong fingerprint: the certificate there has",
                       "so nothing secret was sent")
    assert right.event("certificate")["fingerprint"] in err
    assert redis(wrong, "HLEN", "pl:enrolled").strip() == "0"
    joined(right, host).stop()
    host.add_config(f"agent:\n  collectors: [{wrong.agents}]\n")
    host.start()
    logged(host, "event=connect_failed", "wrong fingerprint", "somebody in between")


def test_tls_downgrade(collector, new_host):
    host = joined(collector, new_host())
    host.stop()
    # A peer that answers an enrolled agent in the clear learns nothing but a ClientHello.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host.add_config("agent:\n  collectors: [127.0.0.1:%d]\n" % listener.getsockname()[1])
        host.start()
        peer, _ = listener.accept()
        with peer:
            assert peer.recv(4096)[0] == 0x16
            peer.sendall(frame(WELCOME, struct.pack(">QI", 0, 0)))
            logged(host, "event=connect_failed", "TLS failed: the other side does not speak TLS")
    # Nor can anybody on the collector's machine speak for an enrolled host without its key.
    with Peer(collector) as thief:
        thief.send(frame(HELLO, hello_body(b"fe1")))
        kind, body = thief.receive()
        assert kind == REFUSE and b"which plain TCP would bypass" in body
    logged(collector, "event=agent_refused", "host=fe1", "link=plain", "plain_enrolled")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_versions_of_tls(collector):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with Peer(collector) as antique, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(antique.socket)
    logged(collector, "event=agent_refused", "unsupported protocol")
    assert counts(collector)["refused"]["tls_failed"] == 1


def tls_peer(collector):
    """A TLS connection that has shown nothing yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["plimsoll/1"])
    peer = Peer(collector)
    peer.socket = context.wrap_socket(peer.socket)
    return peer


@pytest.mark.parametrize("frames, code, words", [
    ([(HELLO, hello_body(b"fe1"))], 8, b"neither a key nor a client certificate was shown"),
    ([(PROOF, b"\7" * 96)], 8, b"a replayed proof is worth nothing"),
    ([(JOIN, b"\1" * 24 + str8(b"fe9") + str8(b"web"))], 6, b"not allowed at this point"),
    ([(JOINED, b"")], 6, b"not allowed at this point"),
])
def test_proofs_that_prove_nothing(collector, new_host, frames, code, words):
    joined(collector, new_host())
    with tls_peer(collector) as peer:
        for kind, body in frames:
            peer.send(frame(kind, body))
        kind, body = peer.receive()
        assert kind == REFUSE and struct.unpack(">H", body[:2])[0] == code and words in body
    assert collector.host("fe1")["connected"]


# ---- slow and silent peers ----

def test_byte_by_byte(collector, new_host):
    """A network that delivers single bytes is slow, and that is all."""
    host = new_host().join(make_token(collector, "web"))
    with Relay(collector.agents, piece=1) as relay:
        host.add_config(f"agent:\n  collectors: [{relay.address}]\n")
        host.start()
        streams(collector, "fe1", 30)
        assert relay.count == 1


def client_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    return outgoing.read()


def test_half_open_and_stalled_handshakes(collector, new_host):
    """80 peers stop in the middle of a handshake; an agent gets its turn, and all of them are cut."""
    host, hello = new_host().join(make_token(collector, "web")), client_hello()
    peers = [Peer(collector) for _ in range(80)]
    trickler = Peer(collector)
    try:
        for peer in peers:
            peer.send(hello)
        trickler.send(hello[:3])
        host.start()
        streams(collector, "fe1", 15)
        assert counts(collector)["handshakes_parked"] >= 16
        until(lambda: counts(collector)["refused"]["tls_timeout"] == 81, 30, "all are cut")
        logged(collector, "event=agent_refused", "tls_timeout")
        for peer in (*peers, trickler):
            peer.socket.settimeout(5)
            try:
                while peer.socket.recv(65536):
                    pass
            except ConnectionResetError:
                pass
        assert collector.host("fe1")["connected"]
    finally:
        for peer in (*peers, trickler):
            peer.socket.close()


# ---- certificates ----

def test_a_new_certificate_ends_no_connection(collector, new_host):
    host = joined(collector, new_host())
    folder = os.path.join(collector.state, "data/tls")
    before = counts(collector)["connections"]
    with open(f"{folder}/certificate.pem", encoding="ascii") as f:
        good = f.read()
    with open(f"{folder}/certificate.pem", "w", encoding="ascii") as f:
        f.write("nonsense\n")
    collector.signal(signal.SIGHUP)
    logged(collector, "event=certificate_kept", "certificate.pem", "repair the file")
    joined(collector, new_host("fe2"))
    with open(f"{folder}/certificate.pem", "w", encoding="ascii") as f:
        f.write(good)
    collector.signal(signal.SIGHUP)
    logged(collector, "event=certificate_reloaded", "fingerprint=")
    seen = collector.host("fe1")["last_sample"]
    until(lambda: collector.host("fe1")["last_sample"] > seen, 5, "fe1 streams on")
    assert counts(collector)["connections"] == before + 2  # fe2: join, and the stream
    assert "disconnected" not in host.log()


def openssl(*words, text=None):
    subprocess.run(["openssl", *words], input=text, check=True, capture_output=True, text=True, timeout=30)


def make_pki(folder, names):
    """A CA, and for each name a certificate {name}.pem with its subjectAltName and key."""
    os.makedirs(folder)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=test CA", "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem")
    for name, alternative in names.items():
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", f"/CN={name}", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.csr")
        with open(f"{folder}/{name}.ext", "w", encoding="ascii") as f:
            f.write(f"subjectAltName={alternative}\n")
        openssl("x509", "-req", "-in", f"{folder}/{name}.csr", "-CA", f"{folder}/ca.pem", "-CAkey",
                f"{folder}/ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{folder}/{name}.ext",
                "-out", f"{folder}/{name}.pem")
    return folder


def test_an_existing_pki(start_collector, new_host, tmp_path):
    pki = make_pki(str(tmp_path / "pki"), {"collector": "IP:127.0.0.1", "fe1": "DNS:fe1", "other": "IP:127.0.0.9"})
    collector = start_collector(f"tls:\n  certificate_file: {pki}/collector.pem\n"
                                f"  key_file: {pki}/collector.key\n  ca_file: {pki}/ca.pem\n")
    credentials = (f"agent:\n  collectors: [{collector.agents}]\n  pool: web\n  ca_file: {pki}/ca.pem\n"
                   f"  certificate_file: {pki}/fe1.pem\n  key_file: {pki}/fe1.key\n")
    new_host("fe1", credentials).start()
    streams(collector, "fe1")
    other = new_host("fe2", credentials).start()
    logged(other, "event=refused", "code=8", "the client certificate does not name this host")
    stranger = new_host("fe3", f"agent:\n  collectors: [{collector.agents}]\n  ca_file: {pki}/ca.pem\n").start()
    logged(stranger, "event=refused", "code=8", "neither a key nor a client certificate was shown")
    joined(collector, new_host("fe4"))  # keys and certificates live side by side
    fake = start_collector(f"tls:\n  certificate_file: {pki}/other.pem\n  key_file: {pki}/other.key\n")
    fooled = new_host("fe5", f"agent:\n  collectors: [{fake.agents}]\n  ca_file: {pki}/ca.pem\n").start()
    logged(fooled, "event=connect_failed", "TLS failed: IP address mismatch")
    # A browser has no ALPN of ours, and is asked for no certificate.
    context = ssl.create_default_context(cafile=f"{pki}/ca.pem")
    host, port = collector.agents.split(":")
    with context.wrap_socket(socket.create_connection((host, int(port)), 5), server_hostname=host) as browser:
        assert browser.version() in ("TLSv1.2", "TLSv1.3")


# ---- from another machine ----

@pytest.fixture
def elsewhere():
    """A network of its own with the address 192.0.2.1; words that run a command inside."""
    setup = "ip link set lo up && ip addr add 192.0.2.1/32 dev lo && echo up && exec sleep 300"
    with subprocess.Popen(["unshare", "--map-root-user", "--net", "sh", "-c", setup], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as holder:
        try:
            if holder.stdout.readline() != "up\n":
                pytest.skip("no network namespaces here")
            yield ["nsenter", "--target", str(holder.pid), "--user", "--preserve-credentials", "--net"]
        finally:
            holder.kill()


def test_plain_from_outside(elsewhere, programs, new_host):
    collector = Collector("collector:\n  agents: 0.0.0.0:0\n")
    collector.prefix = elsewhere
    programs.append(collector)
    collector.start()
    port = collector.agents.split(":")[1]
    status, _, err = plimsoll(collector, "token", "new", "--pool", "web")
    assert status == 1 and "say with --address HOST:PORT" in err
    client = ("import socket,sys; s = socket.create_connection(('192.0.2.1', int(sys.argv[1])), 5); "
              "s.sendall(b'Pl'); sys.stdout.buffer.write(s.recv(4096))")
    said = subprocess.run([*elsewhere, "/usr/bin/python3", "-c", client, port], capture_output=True,
                          timeout=10, check=True).stdout
    assert said[3] == REFUSE and b"plain TCP is taken from the collector's own machine only" in said
    logged(collector, "event=agent_refused", "peer=192.0.2.1", "link=plain", "plain_outside")
    host = new_host(config="agent:\n  interval: 100ms\n")
    host.prefix = elsewhere
    host.join(make_token(collector, "web", address=f"192.0.2.1:{port}")).start()
    logged(host, "event=connected", "collector=192.0.2.1:")
    logged(collector, "event=agent_joined", "host=fe1")


def test_an_agent_that_has_not_joined_speaks_plainly_at_home_only(new_host):
    host = new_host(config="agent:\n  collectors: [192.0.2.1:7410]\n")
    host.start()
    assert host.process.wait(10) == 1
    host.asked_to_end = True
    assert "event=not_joined collector=192.0.2.1:7410" in host.log()
    assert "plimsoll-agent join with a token" in host.log()
    host.process = None
