"""What a report says of interference: four effects by saturation, a null model marked, others' words escaped."""

import dataclasses

import pytest

from commonweal.analysis.spillover import find_spillover
from commonweal.analysis.spillover_page import say_spillover, write_spillover
from commonweal.core.named import Named
from commonweal.lab.designs.saturation import Saturation
from commonweal.metrics.payoff_of import PayoffOf
from planted import OTHERS, PAYER, main_part, plant, write_plan

EVIL = dataclasses.replace(OTHERS, label="<script>others</script>")
METRICS = Named.of(("of treated", PayoffOf(1)), ("of untreated", PayoffOf(0)), ("of all", PayoffOf()))


def outcome(levels, seed, rng):
    p = levels[EVIL.label]
    untreated = 10 * p + rng.normal(0, 1)
    return {"of treated": untreated - 3, "of untreated": untreated, "of all": untreated - 3 * p}


def found(tmp_path, factors, levels=(0.0, 0.5)):
    design = Saturation(EVIL.label, "of treated", "of untreated", "of all", levels=levels, replicates=20)
    plan = write_plan(tmp_path, design, factors, METRICS)
    return find_spillover(plan, plant(plan, outcome), main_part(plan))


def test_four_effects_are_shown_and_said(tmp_path):
    effects = found(tmp_path, (EVIL,))
    html = write_spillover(effects)
    assert "<script" not in html
    assert html.count("<svg") == 4
    assert all(name in html for name in ("direct", "spillover", "total", "overall"))
    assert "null model" not in html
    assert "changes the treated by −3 " in say_spillover(effects)
    assert "(20 societies)" in say_spillover(effects)


def test_strata_have_panels_and_rows_of_their_own(tmp_path):
    html = write_spillover(found(tmp_path, (EVIL, PAYER)))
    assert html.count("<svg") == 8
    assert "payer nobody" in html
    assert "payer all" in html


def test_a_null_model_is_no_finding(tmp_path):
    assert "negative control" in write_spillover(dataclasses.replace(found(tmp_path, (EVIL,)), null_model=True))


def test_where_all_or_none_are_treated_direct_and_spillover_are_one(tmp_path):
    effects = found(tmp_path, (EVIL,), levels=(0.0, 1.0))
    only = effects.strata[0].effects[0]
    hidden = dataclasses.replace(only, direct=dataclasses.replace(only.direct, value=None, low=None, high=None))
    known = dataclasses.replace(effects, strata=(dataclasses.replace(effects.strata[0], effects=(hidden,)),))
    assert "cannot be told apart" in say_spillover(known)
    assert ">none<" in write_spillover(known)


@pytest.mark.parametrize("count", [1, 4])
def test_many_panels_are_cut_and_said(tmp_path, count):
    effects = found(tmp_path, (EVIL,))
    html = write_spillover(dataclasses.replace(effects, strata=effects.strata * count))
    assert html.count("<svg") == min(4 * count, 12)
    assert ("The first 12 of 16" in html) == (count == 4)
