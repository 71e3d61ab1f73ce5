"""What announcing a launch is worth on recorded crowds: minutes between the first page and the full pool."""

import os
import statistics

import launch_lead
import pytest

FOLDER = os.path.join(launch_lead.SHARED, "data")


@pytest.mark.skipif(not os.path.isdir(os.path.join(FOLDER, "traces")), reason=f"no traces in {FOLDER}")
def test_a_registration_gains_half_an_hour(monkeypatch):
    monkeypatch.setattr(launch_lead, "TRACES", [trace for trace in launch_lead.TRACES if trace[0].startswith("NASA")])
    found = [leads for *_, leads in launch_lead.measure(FOLDER)]
    assert len(found) == 4
    for leads in found:
        assert leads["right"] >= 30 and leads["unknown"] >= 30, leads  # told with the registration
        assert (leads["half"] or 0) >= (leads["-"] or 0) - 10, leads  # too small a number costs little
    gained = statistics.median(leads["right"] - (leads["-"] or 0) for leads in found)
    assert gained >= 18, found
