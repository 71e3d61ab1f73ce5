"""plimsoll-agent doctor: what it says of this machine, and of a collector that takes this host or not.

One look takes four seconds, so all doctors look at once."""

import json
import os
import subprocess

import pytest
from enrolled import Host, counts, make_token, plimsoll, streams
from programs import ROOT, BUILD, Agent, Collector

FINE_OR_LACKS = (0, 1)  # this machine may lack something


def start_doctor(agent, *words):
    options = [word for path in agent.config_paths for word in ("--config", path)]
    return subprocess.Popen([*agent.prefix, agent.binary, "doctor", *words, *options], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def joins_seen(collector):
    return collector.log().count("event=agent_joined ")


@pytest.fixture(scope="module")
def scene():
    """Hosts in every relation to a collector, what the doctor says on each, and what it has changed."""
    right, other = Collector().start(), Collector().start()
    hosts = {name: Host(name) for name in ("running", "waiting", "forgotten", "revoked", "elsewhere", "down",
                                           "moved")}
    hosts["plain"] = Agent([right.agents], host="plain")
    hosts["bypass"] = Agent([right.agents], host="running")
    hosts["second"] = Host("second", f"agent: {{collectors: ['127.0.0.1:1', '{right.agents}']}}\n")
    try:
        token = make_token(right, "web")
        for host in hosts.values():
            if isinstance(host, Host):
                host.join(token)
        hosts["elsewhere"].add_config(f"agent: {{collectors: ['{other.agents}']}}\n")
        hosts["down"].add_config("agent: {collectors: ['127.0.0.1:1']}\n")
        hosts["moved"].add_config("agent: {pool: db}\n")
        assert plimsoll(right, "host", "forget", "forgotten")[0] == 0
        assert plimsoll(right, "host", "revoke", "revoked")[0] == 0
        hosts["running"].start()
        streams(right, "running")
        before = joins_seen(right)
        doctors = {name: start_doctor(host, "--json") for name, host in hosts.items()}
        doctors["text"] = start_doctor(hosts["running"])
        said = {name: (doctor.communicate(timeout=60), doctor.returncode) for name, doctor in doctors.items()}
        yield {"said": said, "joins": joins_seen(right) - before,
               "known": {host["name"] for host in right.get("/api/v1/hosts")["hosts"]},
               "running": right.host("running")["connected"], "log": right.log(),
               "refusals": counts(right)["not_admitted"]}
    finally:
        problems = [problem for program in (*hosts.values(), right, other) for problem in program.close()]
        for program in (*hosts.values(), right, other):
            program.forget()
        assert not problems, "; ".join(problems)


def told(scene, name):
    """(exit status, verdict, findings of that host's doctor)."""
    (out, _), status = scene["said"][name]
    answer = json.loads(out)
    return status, answer["verdict"], answer["findings"]


def collectors(findings):
    return [f for f in findings if f["section"] == "Collectors"]


@pytest.mark.parametrize("name, words", [
    ("running", "by TLS; an agent of that name is connected now, and was not disturbed"),
    ("waiting", "by TLS; an agent of that name is not connected now"),
    ("plain", "takes host plain in pool web, by plain TCP on this machine"),
    ("second", "takes host second in pool web"),
])
def test_a_host_that_is_taken(scene, name, words):
    status, verdict, findings = told(scene, name)
    assert status in FINE_OR_LACKS and verdict in ("fine", "degraded")
    assert any(words in f["text"] and f["state"] == "ok" for f in collectors(findings))
    clock = [f for f in findings if f["name"] == "clock"]
    assert len(clock) == 1 and clock[0]["state"] == "ok" and "0.0" in clock[0]["text"]


@pytest.mark.parametrize("name, words, advice", [
    ("forgotten", "this host name is not enrolled here", "plimsoll-agent join"),
    ("revoked", "the key of this host was revoked", "plimsoll-agent join"),
    ("elsewhere", "wrong fingerprint: the certificate there has", "find out who answers there"),
    ("down", "cannot connect: connection refused", "is a collector running there"),
    ("moved", "this host is enrolled in another pool", "set agent.pool"),
    ("bypass", "this host name is enrolled with a key, which plain TCP would bypass", "plimsoll-agent join"),
])
def test_a_host_that_is_not_taken(scene, name, words, advice):
    status, verdict, findings = told(scene, name)
    assert (status, verdict) == (2, "not_accepted")
    (one,) = collectors(findings)
    assert one["state"] == "refused" and words.lower() in one["text"].lower() and advice in one["do"]


def test_asking_changes_nothing(scene):
    assert scene["joins"] == 0 and scene["running"]
    assert scene["known"] == {"running"}


def test_a_refusal_is_told_at_the_collector_too(scene):
    assert {reason: count for reason, count in scene["refusals"].items() if count > 0} == {
        "revoked": 1, "not_enrolled": 1, "wrong_pool": 1, "plain_enrolled": 1}
    assert "event=agent_refused" in scene["log"]


def test_what_it_says_of_this_machine(scene):
    _, _, findings = told(scene, "running")
    by_name = {f["name"]: f for f in findings if f["section"] != "What runs out: the limits"}
    assert by_name["processors"]["state"] == "ok" and "/proc/stat" in by_name["processors"]["text"]
    limits = {f["name"]: f["text"] for f in findings if f["section"] == "What runs out: the limits"}
    assert limits["cores"].startswith(f"{os.cpu_count()} cores, from /proc/")
    assert {"memory lock", "accept queues", "pressure, told at once", "CAP_SYS_PTRACE"} <= set(by_name)


def test_text_for_people(scene):
    (out, err), status = scene["said"]["text"]
    assert status in FINE_OR_LACKS and err == ""
    lines = out.splitlines()
    assert all(len(line) <= 100 for line in lines)
    assert lines[0] == "Collectors" and lines[-1] in ("All is fine.", "The agent works, without what is marked "
                                                      "LACKS.")


def test_help_names_it():
    shown = subprocess.run([os.path.join(BUILD, "agent/plimsoll-agent"), "--help"], capture_output=True, text=True,
                           check=True).stdout
    assert "plimsoll-agent doctor --config" in shown
