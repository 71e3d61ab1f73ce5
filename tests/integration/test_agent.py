"""The agent as a process, beside real collectors: what it says, whom it calls, what it keeps."""

import signal
import socket
import subprocess
import time

import pytest

from programs import BUILD, until

AGENT = f"{BUILD}/agent/plimsoll-agent"


def run(*arguments):
    return subprocess.run([AGENT, *arguments], capture_output=True, text=True, timeout=10, check=False)


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "agent.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)
    return write


@pytest.fixture
def free_address():
    """An address on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def test_help_and_version():
    assert "--config FILE" in run("--help").stdout
    assert run("--version").stdout.startswith("plimsoll-agent ")


@pytest.mark.parametrize("arguments, words", [
    (["--cofnig", "x"], "--cofnig"),
    (["agent.yaml"], "'agent.yaml' is no option"),
    (["--config"], "requires an argument"),
    (["--config", "a"] + ["--config", "b"] * 16, "more than 16 --config"),
    (["--config", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
])
def test_mistakes_on_the_command_line(arguments, words):
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert words in ended.stderr


def test_check_says_what_it_would_do(config):
    ended = run("--check", "--config", config("agent: {host: fe7, pool: web, collectors: [localhost:7410]}\n"))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == ("The configuration is good: host fe7 in pool web, a sample every 1000 ms, "
                            "to 127.0.0.1:7410.\n")


@pytest.mark.parametrize("option", [["--check"], []])
def test_a_collector_that_is_only_a_name_is_refused(config, option):
    path = config("agent:\n  collectors: [watch.example:7410]\n  pol: web\n")
    ended = run("--config", path, *option)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"{path}:2:16: agent.collectors: 'watch.example:7410' is a name" in ended.stderr
    assert "did you mean 'pool'" in ended.stderr  # all mistakes at once


def test_a_later_file_is_merged_over_an_earlier_one(config, tmp_path):
    later = tmp_path / "later.yaml"
    later.write_text("agent: {pool: db}\n", encoding="utf-8")
    ended = run("--check", "--config", config("agent: {host: fe7, pool: web}\n"), "--config", str(later))
    assert "host fe7 in pool db" in ended.stdout


def test_this_machine_arrives(collector, agent):
    host = until(lambda: collector.host("fe1"), 5, "a sample of fe1")
    assert host["pool"] == "web"
    assert host["facts"]["memory"]["source"] == "/proc/meminfo"
    second = until(lambda: "cpu.busy" in collector.host("fe1")["metrics"], 5, "a rate")
    assert second and 0 <= collector.host("fe1")["metrics"]["cpu.busy"] <= 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once(collector, agent, number):
    until(lambda: collector.host("fe1"), 5, "a sample of fe1")
    asked = time.monotonic()
    assert agent.end(number) == 0
    assert time.monotonic() - asked < 1
    assert "event=stopping" in agent.log()


def test_the_first_collector_that_answers(free_address, start_collector, start_agent):
    second, third = start_collector(), start_collector()
    agent = start_agent([free_address, second.agents, third.agents])
    until(lambda: second.host("fe1"), 10, "the second collector of the list")
    assert third.host("fe1") is None
    failed = agent.event("connect_failed")
    assert failed["collector"] == free_address and "refused" in agent.log()

    assert second.stop() == 0
    until(lambda: third.host("fe1"), 20, "the third takes over")
    assert agent.event("disconnected")["collector"] == second.agents
    assert agent.event("refused")["code"] == "5"  # stopping


def test_it_comes_back_to_a_killed_collector(collector, agent):
    until(lambda: collector.host("fe1"), 5, "a sample of fe1")
    collector.kill()
    agent.event("disconnected", 5)
    collector.start()
    before = time.time()
    until(lambda: agent.log().count("event=connected ") == 2, 30, "it has come back")
    fresh = until(lambda: collector.host("fe1"), 5, "samples again")
    assert fresh["connected"] and fresh["last_sample"] >= time.strftime("%FT%T", time.gmtime(before - 1))


def test_two_agents_of_one_name(collector, start_agent):
    start_agent([collector.agents])
    until(lambda: collector.host("fe1"), 5, "a sample of fe1")
    refused = start_agent([collector.agents])
    assert refused.event("refused")["code"] == "4"
    assert 'do="give each host its own agent.host, or stop the other agent"' in refused.log()


def test_a_partition_longer_than_the_spool_is_counted(collector, start_agent):
    agent = start_agent([collector.agents], config="agent: {interval: 100ms, spool: 30s}\n")
    until(lambda: collector.host("fe1"), 5, "a sample of fe1")
    assert collector.host("fe1")["metrics"].get("agent.dropped") == 0
    collector.kill()
    partition = time.monotonic() + 33
    until(lambda: time.monotonic() > partition, 40, "the spool overflows")
    collector.start()
    connected = until(lambda: agent.log().count("event=connected ") == 2, 40, "it has come back")
    assert connected and "resend=300" in agent.log()
    dropped = until(lambda: (collector.host("fe1") or {"metrics": {}})["metrics"].get("agent.dropped"), 10,
                    "the loss is reported")
    assert dropped >= 10
