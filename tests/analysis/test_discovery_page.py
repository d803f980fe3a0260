"""The odd trajectories are drawn over the others, and a reading's name is data."""

import json

import pytest

from commonweal.analysis.discoveries import write_discoveries
from commonweal.analysis.discovery_page import write_discovery_page, write_discovery_section
from commonweal.analysis.plans import read_plan
from commonweal.core.errors import LogError


def test_odd_trials_are_drawn_last_over_the_others(odd_run):
    write_discoveries(odd_run)
    html = write_discovery_page(odd_run).read_text()
    assert "scripted/4/2, odd" in html
    assert html.rindex("course other") < html.rindex("course control")
    assert "exploratory until" in html
    assert "http" not in html.replace("http-equiv", "")


def test_words_of_the_log_are_data(odd_run):
    write_discoveries(odd_run)
    path = odd_run / "discoveries.jsonl"
    head, first = path.read_text().splitlines()[:2]
    path.write_text(head + "\n" + json.dumps(json.loads(first) | {"words": "<script>x()</script>", "reading": "<b>"}) + "\n")
    html = write_discovery_section(odd_run, read_plan(odd_run))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_nothing_odd_and_not_scanned_are_told_apart(finished, odd_run):
    plan = read_plan(finished)
    assert write_discovery_section(finished, plan) == ""
    with pytest.raises(LogError, match="was not scanned"):
        write_discovery_page(finished)
    (odd_run / "discoveries.jsonl").write_text('{"schema": "commonweal.discoveries/1"}\n')
    assert "The scan proposed nothing" in write_discovery_section(odd_run, plan)
