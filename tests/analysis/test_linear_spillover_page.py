"""What a report says of an effect that adds up, of one that does not, and of a null model; others' words escaped."""

import dataclasses

from commonweal.analysis.linear_spillover import find_departures
from commonweal.analysis.linear_spillover_page import say_departures, write_departures
from commonweal.core.named import Named
from commonweal.lab.designs.saturation import Saturation
from commonweal.metrics.payoff_of import PayoffOf
from planted import OTHERS, PAYER, main_part, plant, write_plan

EVIL = dataclasses.replace(OTHERS, label="<script>others</script>")
METRICS = Named.of(("of treated", PayoffOf(1)), ("of untreated", PayoffOf(0)), ("of all", PayoffOf()))


def found(tmp_path, factors, bend: float = 0.0):
    tmp_path.mkdir(exist_ok=True)

    def outcome(levels, seed, rng):
        p = levels[EVIL.label]
        return {name: 5 * p + bend * p * (1 - p) + rng.normal(0, 0.1) for name in METRICS}

    levels = (0.0, 0.25, 0.5, 1.0)
    design = Saturation(EVIL.label, "of treated", "of untreated", "of all", levels=levels, replicates=20)
    plan = write_plan(tmp_path, design, factors, METRICS)
    return find_departures(plan, plant(plan, outcome), main_part(plan))


def test_above_and_below_a_share_are_said(tmp_path):
    for bend, word in ((4.0, "above"), (-4.0, "below")):
        effects = found(tmp_path / word, (EVIL,), bend)
        html = write_departures(effects)
        assert "<script" not in html
        assert "beyond the benchmark" in html
        text = say_departures(effects, effects.bends[0])
        assert " 0.5, a mean seat's of all changes by +" in text
        assert f"{word} the +2." in text
        assert "p < 0.001" in text


def test_an_effect_that_adds_up_is_not_told_from_chance(tmp_path):
    effects = found(tmp_path, (EVIL,))
    straight = dataclasses.replace(effects.bends[0], p=0.4)
    assert "No deviation from the linear-spillover benchmark is told from chance (p = 0.4)" in say_departures(effects, straight)


def test_combinations_have_rows_of_their_own_and_a_null_model_is_no_finding(tmp_path):
    effects = found(tmp_path, (EVIL, PAYER), 4.0)
    html = write_departures(effects)
    assert "payer nobody" in html
    assert "payer all" in html
    assert html.count("<tr>") >= 5
    assert "negative control" not in html
    assert "negative control" in write_departures(dataclasses.replace(effects, null_model=True))


def test_signs_that_change_are_said(tmp_path):
    effects = found(tmp_path, (EVIL,), 4.0)
    first, second = effects.bends[0].departures
    turned = dataclasses.replace(first, deviation=dataclasses.replace(first.deviation, value=-0.1))
    bend = dataclasses.replace(effects.bends[0], departures=(turned, second))
    assert "deviates the other way" in say_departures(effects, bend)
