"""The golden bodies of tests/unit/test_notify.c, read by another JSON parser and checked as the
providers would."""

import json
import os
import subprocess

from programs import BUILD
from receiver import Problems, check_alertmanager, check_pagerduty


def test_bodies_are_what_providers_accept():
    printed = subprocess.run([os.path.join(BUILD, "tests/test_notify"), "--payloads"],
                             check=True, capture_output=True, text=True).stdout
    bodies = [json.loads(line) for line in printed.splitlines()]
    assert len(bodies) == 8
    problems = Problems()
    for body in bodies:
        (check_pagerduty if "routing_key" in body else check_alertmanager)(problems, body)
    assert not problems


def test_the_checks_can_see():
    """Each provider's check refuses a body without each of its members."""
    printed = subprocess.run([os.path.join(BUILD, "tests/test_notify"), "--payloads"],
                             check=True, capture_output=True, text=True).stdout
    firing = json.loads(printed.splitlines()[0])
    trigger = json.loads(printed.splitlines()[4])
    for check, body, members in ((check_alertmanager, firing, firing.keys()),
                                 (check_pagerduty, trigger, ("routing_key", "event_action",
                                                             "dedup_key", "payload"))):
        for member in members:
            problems = Problems()
            check(problems, {name: value for name, value in body.items() if name != member})
            assert problems, member
