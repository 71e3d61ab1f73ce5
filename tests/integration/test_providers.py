"""Every provider at once, played strictly: told, edited in place over a restart, answering their errors."""

import pytest

from programs import until
from providers import Providers
from stand_in import Host

RULES = "rules:\n  unstable: 0s\n  limit: {cpu: 0.90, warn: 0.75, hold: 0s, clear: 0s}\n"
EDITED = {"slack_bot", "discord", "telegram"}  # one message per alert


@pytest.fixture
def them():
    with Providers() as them:
        yield them


def states(collector):
    """target -> what the API says about telling it."""
    found = [a for a in collector.get("/api/v1/alerts")["alerts"] if a["id"] == "limit/web"]
    return {page["target"]: page["state"] for page in found[0]["pages"]} if found else {}


def over(each):
    """What a provider sees when it is over."""
    return "cancelled" if each.word == "pushover" else "resolved"


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
        them.wait_for(lambda: all(each.whats() == ["firing", over(each)] for each in them), 20, "all hear the end")
    for each in them:
        assert not [r.problems for r in each.requests if r.problems], each.word
        if each.word in EDITED:
            assert len(each.messages) == 1, f"{each.word} has one message, and it says that it is over"
    for secret in them.secrets():
        assert secret not in log + collector.log()


def fire(them, collector, fe1, want, seconds, what):
    """Fire until every target is in state `want`, and let it be over."""
    before = {each.word: len(each.accepted) for each in them}
    fe1.cpu = 0.97
    until(lambda: len(states(collector)) == len(them.of) and set(states(collector).values()) == {want}, seconds, what)
    fe1.cpu = 0.1
    told = want == "sent"
    them.wait_for(lambda: not told or all(each.whats()[before[each.word]:] == ["firing", over(each)] for each in them),
                  10, what + ": the end")
    until(lambda: not states(collector), 10, what + ": it is over")


def test_every_documented_error(them, start_collector, tmp_path):
    collector = start_collector(RULES + them.config(tmp_path))
    with Host(collector.agents) as fe1:
        until(lambda: collector.host("fe1"), 5, "a sample of fe1")
        for each in them:
            each.play(*each.RETRY)
        fire(them, collector, fe1, "sent", 20, "what can be repeated arrives in the end")
        for kind in ("BROKEN", "REJECT"):
            most = max(len(getattr(each, kind)) for each in them)
            for turn in range(most):
                told = {each.word: len(each.accepted) for each in them}
                for each in them:
                    errors = getattr(each, kind)
                    each.play(errors[turn % len(errors)])
                fire(them, collector, fe1, "failed", 10, f"{kind} {turn} ends the page")
                assert told == {each.word: len(each.accepted) for each in them}, "nobody hears an end alone"
    assert not [(each.word, r.problems) for each in them for r in each.requests if r.problems]
    for secret in them.secrets():
        assert secret not in collector.log()
