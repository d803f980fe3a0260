"""What a report says of sensitivity: the seed's share beside the factors', a null model marked, others' words escaped."""

import dataclasses

import numpy as np
import pytest

from commonweal.analysis.page import write_page
from commonweal.analysis.sensitivity import find_sensitivity
from commonweal.analysis.sensitivity_page import say_sensitivity, write_sensitivity
from commonweal.lab.designs.morris import Morris
from commonweal.lab.designs.saltelli import Saltelli
from planted import DETECT, OTHERS, main_part, plant, write_plan

EVIL = dataclasses.replace(OTHERS, label="<script>others</script>")


def outcome(levels, seed, rng):
    return {"welfare": 3 * levels["detection"] + levels[EVIL.label] + rng.normal(0, 0.5)}


@pytest.fixture(scope="module", params=[Saltelli(64), Morris(20)], ids=["saltelli", "morris"])
def found(request, tmp_path_factory):
    plan = write_plan(tmp_path_factory.mktemp("run"), request.param, (DETECT, EVIL))
    return find_sensitivity(plan, plant(plan, outcome), main_part(plan))


def test_the_page_shows_every_factor_and_escapes_it(found):
    html = write_sensitivity(found)
    assert "<script" not in html
    assert html.count("detection") >= 3
    assert "<svg" in html
    assert "<table>" in html
    assert "null model" not in html
    assert write_page("x", html).startswith("<!doctype html>")


def test_the_sentence_names_what_matters_most(found):
    words = say_sensitivity(found)
    assert "detection" in words
    assert "interval" in words


def test_the_seed_stands_beside_the_factors(found):
    html = write_sensitivity(found)
    assert ("the seed (chance)" in html) or ("by the seed alone" in html)


def test_a_null_model_is_no_finding(found):
    assert "negative control" in write_sensitivity(dataclasses.replace(found, null_model=True))


def test_left_out_base_points_and_a_missing_share_are_said(tmp_path):
    plan = write_plan(tmp_path, Saltelli(16), (DETECT, EVIL))
    trials = plant(plan, outcome)
    found = find_sensitivity(plan, trials.where(np.arange(len(trials)) != 3), main_part(plan))
    assert "1 base points are left out" in write_sensitivity(found)
    unknown = dataclasses.replace(found, seed=dataclasses.replace(found.seed, value=None, low=None, high=None))
    assert "no estimate" in write_sensitivity(unknown)
    assert "explains most" in say_sensitivity(unknown)
