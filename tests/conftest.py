"""The fixtures of the pytest suites: real programs, started and ended around each test.

    def test_sees_this_machine(collector, agent):
        until(lambda: collector.host(agent.host), 5, "a sample of fe1")

`collector` takes the configuration of the mark `config`; `start_collector(yaml)` and
`start_agent(collectors, host, pool, yaml)` start more of them; `receiver` is a pager's inbox.
When a test fails, the logs of its programs are shown.
"""

import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from programs import Agent, Collector  # noqa: E402 - the path comes first
from receiver import Receiver  # noqa: E402

PROGRAMS = pytest.StashKey()


def pytest_configure(config):
    config.addinivalue_line("markers", "config(yaml): what the collector fixture reads beside its ports")
    config.addinivalue_line("markers", "alone: needs the machine for itself, so nothing runs beside it")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    for program in item.stash.get(PROGRAMS, []):
        if report.failed:
            report.sections.append((f"log of {program.name}", program.log()))
        if report.when == "teardown":
            program.forget()


@pytest.fixture
def programs(request):
    """The programs of this test, ended in the reverse order of their starts."""
    started = request.node.stash.setdefault(PROGRAMS, [])
    yield started
    problems = [problem for program in reversed(started) for problem in program.close()]
    assert not problems, "; ".join(problems)


@pytest.fixture
def start_collector(programs):
    def start(config=""):
        programs.append(Collector(config))
        return programs[-1].start()
    return start


@pytest.fixture
def start_agent(programs):
    def start(collectors, **options):
        programs.append(Agent(collectors, **options))
        return programs[-1].start()
    return start


@pytest.fixture
def collector(request, start_collector):
    mark = request.node.get_closest_marker("config")
    return start_collector(mark.args[0] if mark else "")


@pytest.fixture
def agent(collector, start_agent):
    return start_agent([collector.agents])


@pytest.fixture
def receiver():
    with Receiver() as inbox:
        yield inbox
