"""From judgements and labels to the card: a planted behaviour, an imperfect judge, and estimates that cover the truth."""

import dataclasses
from types import SimpleNamespace

import duckdb
import numpy as np
import pytest

from commonweal.analysis.judging.calibration import Judging, choose_some, make_card, save_judgements
from commonweal.analysis.judging.gold import Gold, draw_sample, list_keys
from commonweal.analysis.judging.judge import Evidence, Judgement
from commonweal.analysis.judging.rubric import Rubric, parse_rubric
from commonweal.analysis.plans import read_plan
from commonweal.analysis.trials import Trials
from commonweal.core.errors import LogError
from promises import LABEL, RUBRIC, plan_of

rubric = parse_rubric(RUBRIC)
JUDGE = SimpleNamespace(name="rule noisy", digest="sha256:j", null_model=False)
R = 400


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    import json

    folder = tmp_path_factory.mktemp("plan")
    (folder / "plan.json").write_text(json.dumps(plan_of(R // 2)))
    return read_plan(folder)


def trials(r=R):
    cell = np.repeat([0, 1], r // 2)
    return Trials(
        part=np.full(r, "planted"),
        cell=cell,
        seed=np.tile(np.arange(r // 2), 2),
        ticks=np.full(r, 6),
        factors={LABEL: np.where(cell == 1, 0.5, 0.0)},
        metrics={"survived": np.ones(r)},
        costs={},
        log_digest=np.array([f"sha256:{i}" for i in range(r)]),
    )


def draw(rng, r=R):
    """Truth .5 and .3 by arm; the judge's false alarms are many in one half of the trials of the second arm."""
    table = trials(r)
    truth = (rng.random(r) < np.where(table.cell == 1, 0.3, 0.5)).astype(float)
    alarm = np.where((table.cell == 1) & (table.seed % 2 == 0), 0.7, 0.05)
    verdict = np.where(truth == 1, rng.random(r) < 0.9, rng.random(r) < alarm).astype(float)
    return table, truth, verdict


def judging(table, truth, verdict, n, seed=0, **more):
    keys = list_keys(table)
    drawn = draw_sample(keys, n, seed)
    gold = Gold(drawn, np.array([[truth[keys.index(key)] for key in drawn]]), ("rule planted",))
    found = tuple(
        Judgement(key, float(value), (Evidence(0, 1, "say"),) if value else (), "=words", JUDGE.digest)
        for key, value in zip(keys, verdict, strict=True)
    )
    return Judging(rubric, JUDGE, "rule", table, found, gold, "rule planted", **more)


def test_the_card_says_what_was_planted(plan):
    table, truth, verdict = draw(np.random.default_rng(2))
    card = make_card(plan, judging(table, truth, verdict, 100))
    raw, corrected, labels = card.share
    assert (raw.name, corrected.name, labels.name) == ("judge alone", "corrected", "labels alone")
    assert raw.value == pytest.approx(verdict.mean())
    assert corrected.low < 0.4 < corrected.high
    assert not raw.low < 0.4 < raw.high
    # Worth something: the same labels with the judge are narrower than without.
    assert corrected.high - corrected.low < labels.high - labels.low
    assert card.arms == f"{LABEL} 0.5 minus 0"
    raw, corrected, _ = card.difference
    assert corrected.low < -0.2 < corrected.high
    assert not raw.low < -0.2 < raw.high
    assert (card.labels, card.raters, card.trials, card.part) == (100, ("rule planted",), R, "planted")
    assert card.row("gold, base rate").value == pytest.approx(labels.value, abs=0.02)
    assert {row.name for row in card.agreement} == {
        "alpha", "kappa", "agreement", "gold, base rate", "judge, base rate", "sensitivity", "specificity",
    }  # fmt: skip
    assert "corrected on 100 labelled trials" in card.summary


def test_corrected_shares_cover_and_raw_ones_do_not(plan):
    """Sampling, strata, correction together: 120 runs with 60 labels each (the 2,000 are in the statistics' own test)."""
    rng = np.random.default_rng(7)
    hits = np.zeros(4)
    for seed in range(120):
        table, truth, verdict = draw(rng, 200)
        card = make_card(plan, judging(table, truth, verdict, 60, seed))
        for place, (row, value) in enumerate(
            ((card.share[1], 0.4), (card.share[0], 0.4), (card.difference[1], -0.2), (card.difference[0], -0.2))
        ):
            hits[place] += row.low <= value <= row.high
    corrected, raw, difference, raw_difference = hits / 120
    # Three standard errors of .95 over 120 are .06.
    assert corrected >= 0.89
    assert difference >= 0.89
    assert raw < 0.4
    assert raw_difference < 0.5


def test_labels_of_several_raters_and_of_none(plan):
    table, truth, verdict = draw(np.random.default_rng(3))
    one = judging(table, truth, verdict, 50)
    second = one.gold.ratings[0].copy()
    second[:5] = 1 - second[:5]
    both = dataclasses.replace(one, gold=Gold(one.gold.trials, np.stack([one.gold.ratings[0], second]), ("ann", "ben")))
    card = make_card(plan, both)
    assert card.row("raters, alpha").value < 1
    # A tie is no label of yes or no, but counts half in the mean.
    assert card.row("agreement").n == 45
    assert card.share[2].n == 50
    bare = make_card(plan, dataclasses.replace(one, gold=None, source="none"))
    assert (bare.labels, bare.agreement, bare.weight) == (0, (), None)
    assert bare.share[1].value is None
    assert bare.share[0].value == pytest.approx(verdict.mean())
    assert "no gold labels" in bare.summary


def test_fitted_judges_are_judged_held_out(plan):
    table, truth, verdict = draw(np.random.default_rng(4))
    one = judging(table, truth, verdict, 50)
    fitted = dataclasses.replace(one, held_out=tuple(1 - one.labels()[np.isfinite(one.labels())]))
    assert make_card(plan, fitted).row("agreement").value == 0.0
    assert make_card(plan, one).row("agreement").value > 0.5


def test_a_score_is_a_mean_level(plan):
    table, truth, verdict = draw(np.random.default_rng(5))
    score = Rubric("warmth", "score", ("cold", "even", "warm"), "How warm?")
    card = make_card(plan, dataclasses.replace(judging(table, truth * 2, verdict * 2, 80), rubric=score))
    assert card.share[0].value == pytest.approx(2 * verdict.mean())
    assert card.row("sensitivity") is None
    assert "mean level" in card.summary


def test_a_null_model_marks_every_figure(plan):
    table, truth, verdict = draw(np.random.default_rng(6))
    null = SimpleNamespace(name="language smollm", digest="sha256:n", null_model=True)
    card = make_card(plan, dataclasses.replace(judging(table, truth, verdict, 50), judge=null))
    assert card.judge.null_model
    assert "null model" in card.summary
    assert all("null model" in row.what for row in (*card.share[:2], *card.difference[:2]))
    # Labels alone owe nothing to the judge.
    assert "null model" not in card.share[2].what


def test_a_part_without_both_arms_has_no_difference(plan):
    table, truth, verdict = draw(np.random.default_rng(8))
    mask = table.cell == 0
    card = make_card(plan, judging(table.where(mask), truth[mask], verdict[mask], 50))
    assert (card.difference, card.arms) == ((), "")


def test_judgements_are_one_row_a_trial(tmp_path):
    table, truth, verdict = draw(np.random.default_rng(9), 20)
    path = save_judgements(judging(table, truth, verdict, 10), tmp_path)
    rows = duckdb.sql(f"SELECT * FROM '{path}' ORDER BY part, cell, seed").fetchall()
    columns = duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
    assert [name for name, *_ in columns] == [
        "part", "cell", "seed", "value", "gold", "held_out", "distilled", "evidence", "words", "judge",
    ]  # fmt: skip
    assert [row[:4] for row in rows] == [(*key, value) for key, value in zip(list_keys(table), verdict, strict=True)]
    assert sum(row[4] is not None for row in rows) == 10
    assert {tuple(row[7]) for row in rows} <= {(), ("say@0#1",)}
    with pytest.raises(LogError, match="cannot be written"):
        save_judgements(judging(table, truth, verdict, 10), tmp_path / "none")


def test_some_are_drawn_at_random_once_each():
    found = [Judgement(("p", 0, seed), 0.0, (), "", "") for seed in range(30)]
    assert choose_some(found, 40) == list(range(30))
    assert len(set(choose_some(found, 10))) == 10
    assert choose_some(found, 10, 1) != choose_some(found, 10, 2)
