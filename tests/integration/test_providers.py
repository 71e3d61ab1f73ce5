"""Every provider at once, played strictly: told, edited in place over a restart, answering their errors."""

import os
import subprocess
from contextlib import ExitStack

import pytest

from programs import BUILD, hush_broken_notifiers, until
from providers import Providers
from stand_in import Host

RULES = "rules:\n  unstable: 0s\n  limit: {cpu: 0.90, warn: 0.75, hold: 0s, clear: 0s}\n"
STATED = {"alertmanager", "alertmanager_api", "pagerduty", "webhook"}  # say "firing" beside the words
EDITED = {"slack_bot", "discord", "telegram"}  # one message per alert


@pytest.fixture
def them():
    with Providers() as them:
        yield them


def states(collector, pool="web"):
    """target -> what the API says about telling it."""
    found = [a for a in collector.get("/api/v1/alerts")["alerts"] if a["id"] == f"limit/{pool}"]
    return {page["target"]: page["state"] for page in found[0]["pages"]} if found else {}


def over(each):
    """What a provider sees when it is over."""
    if each.word == "twilio_voice":
        return []  # worth no call
    return ["cancelled" if each.word == "pushover" else "resolved"]


def test_all_are_told_and_a_restart_still_edits_in_place(them, start_collector, tmp_path):
    collector = start_collector(RULES + them.config(tmp_path))
    with Host(collector.agents) as fe1:
        until(lambda: collector.host("fe1"), 5, "a sample of fe1")
        fe1.cpu = 0.97
        them.wait_for(lambda: all(each.whats() == ["firing"] for each in them), 10, "all hear that it fires")
        until(lambda: set(states(collector).values()) == {"sent"}, 5, "the API knows")
    assert collector.stop() == 0
    log = collector.log()
    collector.start()
    with Host(collector.agents) as fe1:
        fe1.cpu = 0.1
        them.wait_for(lambda: all(each.whats() == ["firing", *over(each)] for each in them), 20, "all hear the end")
    for each in them:
        assert not [r.problems for r in each.requests if r.problems], each.word
        if each.word in EDITED:
            assert len(each.messages) == 1, f"{each.word} has one message, and it says that it is over"
    for secret in them.secrets():
        assert secret not in log + collector.log()


def fire(them, collector, hosts, pool, want, what):
    """Fire in a pool of its own until every target is in state `want`, and let it be over. (Who was just
    told of a pool hears no second time of it for a while.)"""
    before = {each.word: len(each.accepted) for each in them}
    host = hosts.enter_context(Host(collector.agents, name=f"fe-{pool}", pool=pool))  # and it stays
    until(lambda: collector.host(host.name), 5, f"a sample of {host.name}")
    host.cpu = 0.97
    until(lambda: list(states(collector, pool).values()) == len(them.of) * [want], 20, what)
    host.cpu = 0.1
    told = want == "sent"
    them.wait_for(lambda: not told or all(each.whats()[before[each.word]:] == ["firing", *over(each)]
                                          for each in them), 15, what + ": the end")
    until(lambda: not states(collector, pool), 10, what + ": it is over")


def hears(each):
    """What a provider sees when somebody has it."""
    if each.word in ("alertmanager", "alertmanager_api", "goalert", "twilio_sms", "twilio_voice"):
        return []  # they have no word for it
    return ["cancelled" if each.word == "pushover" else "acknowledged"]


@pytest.mark.parametrize("by", ["telegram", "pushover"])
def test_who_has_it_is_told_to_all(them, start_collector, tmp_path, by):
    people = "people:\n  alex: {contact: [pushover]}\n"
    collector = start_collector(RULES + people + them.config(tmp_path))
    with Host(collector.agents) as fe1:
        until(lambda: collector.host("fe1"), 5, "a sample of fe1")
        fe1.cpu = 0.97
        them.wait_for(lambda: all(each.whats() == ["firing"] for each in them), 10, "all hear that it fires")
        if by == "telegram":
            them.of[by].press(42, "Sam")
        else:
            them.of[by].acknowledge(next(iter(them.of[by].receipts)), "iphone")
        them.wait_for(lambda: all(each.whats() == ["firing", *hears(each)] for each in them), 15, "all hear who has it")
        name = "Sam" if by == "telegram" else "alex"
        assert them.of["slack_bot"].accepted[-1][1].startswith(f"[ACK {name}] web: ")
        assert collector.event("alert_acknowledged")["by"] == f'"{name}"'
        if by == "telegram":
            them.wait_for(lambda: them.of[by].answered_queries, 5, "whoever pressed the button reads an answer")
            assert them.of[by].answered_queries[0]["text"] == "You have it."
        fe1.cpu = 0.1
        them.wait_for(lambda: all(each.whats() == ["firing", *hears(each), *over(each)] for each in them), 10,
                      "all hear the end")
    for each in them:
        assert not [r.problems for r in each.requests if r.problems], each.word
        assert len(each.messages) <= 1, each.word


def try_notifier(collector, name):
    """(exit status, what was said) of `plimsoll notify test`."""
    told = subprocess.run([os.path.join(BUILD, "collector/plimsoll"), "notify", "test", name,
                           "--state", os.path.join(collector.state, "data")], capture_output=True, text=True)
    return told.returncode, told.stdout + told.stderr


def test_a_notifier_is_tried(them, start_collector, tmp_path):
    collector = start_collector(RULES + them.config(tmp_path))
    for each in them:
        name = each.word.replace("_", "-")
        status, said = try_notifier(collector, name)
        assert status == 0 and said.startswith(f"{name}: sent: HTTP 20"), said
        assert each.whats() == ["test" if each.word not in STATED else "firing"], each.word
        assert "[TEST]" in each.accepted[0][1], each.word
        each.play(each.BROKEN[0])
        status, said = try_notifier(collector, name)
        assert status == 1 and f"{name}: broken" in said, said
    assert not [(each.word, r.problems) for each in them for r in each.requests if r.problems]
    assert try_notifier(collector, "nobody")[0] == 1
    assert not collector.get("/api/v1/alerts")["alerts"]


def test_every_documented_error(them, start_collector, tmp_path):
    collector = start_collector(RULES + them.config(tmp_path))
    hush_broken_notifiers(collector)
    with ExitStack() as hosts:
        for each in them:
            each.play(*each.RETRY)
        fire(them, collector, hosts, "retry", "sent", "what can be repeated arrives in the end")
        for kind in ("BROKEN", "REJECT"):
            most = max(len(getattr(each, kind)) for each in them)
            for turn in range(most):
                told = {each.word: len(each.accepted) for each in them}
                for each in them:
                    errors = getattr(each, kind)
                    each.play(errors[turn % len(errors)])
                fire(them, collector, hosts, f"{kind.lower()}-{turn}", "failed", f"{kind} {turn} ends the page")
                assert told == {each.word: len(each.accepted) for each in them}, "nobody hears an end alone"
    assert not [(each.word, r.problems) for each in them for r in each.requests if r.problems]
    for secret in them.secrets():
        assert secret not in collector.log()
