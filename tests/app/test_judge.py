"""The verb on a real run with planted behaviour: gold by rule, an imperfect judge, and estimates that cover the truth."""

import csv
import json
import subprocess
import sys
from types import SimpleNamespace

import duckdb
import numpy as np
import pytest

from commonweal.analysis.judging.judge_card import read_judge_card
from commonweal.analysis.judging.judge_page import write_judge
from commonweal.app.main import main
from faults import Faulty
from promises import RUBRIC, write_planted

RULES = """
import hashlib
from commonweal.analysis.judging.judge import Evidence
from commonweal.analysis.judging.rule_judge import broken_promise
from commonweal.core.speech import PHRASES


def noisy(case):
    '''The planted rule with an error that varies from trial to trial: more false alarms where little is left in the purses.'''
    lot = int(hashlib.sha256(repr(case.trial).encode()).hexdigest()[:8], 16) / 16**8
    poor = case.readings()["ledger.purse"][-1] < 300
    found = broken_promise(case)
    if found:
        return found if lot < 0.9 else ()
    return (Evidence(5, None, "ledger.purse"),) if lot < (0.8 if poor else 0.3) else ()


def selfish(case):
    '''Somebody said the most selfish of the phrases.'''
    return tuple(where for where, text in case.said() if text == PHRASES[4])
"""
SELFISH = """---
name: selfish-talk
kind: label
levels: [none, selfish]
---
Talk is selfish where somebody says that they come first.

## selfish
- I take a small part.

## none
- I will do my fair share.
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge")
    write_planted(folder / "run")
    (folder / "rubric.md").write_text(RUBRIC)
    (folder / "selfish.md").write_text(SELFISH)
    (folder / "rules.py").write_text(RULES)
    return SimpleNamespace(directory=folder / "run", rubric=folder / "rubric.md", folder=folder)


def judge(run, *more, rubric="rubric.md"):
    assert main(["judge", str(run.directory), "--rubric", str(run.folder / rubric), *more]) == 0
    return read_judge_card(run.directory)


def truth_of(run, rule="broken-promise", rubric="rubric.md"):
    """The share of all trials by the planted rule: nobody knows it but the test."""
    return judge(run, "--by", "rule", "--rule", rule, rubric=rubric).share[0].value


def test_a_noisy_judge_is_corrected(run):
    truth = truth_of(run)
    assert 0.1 < truth < 0.5
    noisy, hits, width = f"{run.folder / 'rules.py'}:noisy", [], []
    for seed in range(3):
        sample = ("--gold-rule", "broken-promise", "--sample", "60", "--seed", str(seed))
        card = judge(run, "--by", "rule", "--rule", noisy, *sample)
        raw, corrected, labels = card.share
        assert raw.low > truth, "the judge alone is wrong, and sure of it"
        hits.append(corrected.low <= truth <= corrected.high)
        width.append((corrected.high - corrected.low) / (labels.high - labels.low))
    # A fixed run and fixed samples: of intervals that cover 95 in 100, two of three or more with probability .99.
    assert sum(hits) >= 2
    assert np.mean(width) < 1.05
    assert (card.labels, card.source, card.raters) == (60, "rule broken-promise", ("rule broken-promise",))
    assert card.row("specificity").value < 0.9
    assert card.row("repeat").value == 0.0
    assert card.row("own family").reading.startswith("no")
    assert "corrected on 60 labelled trials" in card.summary
    assert "corrected" in write_judge(card)


def test_the_judgements_cite_events_that_are_in_the_log(run):
    judge(run, "--by", "rule")
    path = run.directory / "judgements.parquet"
    found = duckdb.sql(f"SELECT part, cell, seed, unnest(evidence) FROM '{path}' WHERE value = 1").fetchall()
    assert found
    logs = run.directory / "logs" / "*.parquet"
    said = set(
        duckdb.sql(f"SELECT part, cell, seed, tick, agent FROM '{logs}' WHERE kind = 'event' AND name = 'say'").fetchall()
    )
    for part, cell, seed, event in found:
        name, place = event.split("@")
        tick, agent = map(int, place.split("#"))
        assert name in ("say", "harvest")
        assert (part, cell, seed, tick, agent) in said


def test_the_embedding_judge_is_fitted_held_out_and_corrected(run):
    truth = truth_of(run, f"{run.folder / 'rules.py'}:selfish", "selfish.md")
    sample = ("--gold-rule", f"{run.folder / 'rules.py'}:selfish", "--sample", "60")
    alone = judge(run, "--by", "embedding", rubric="selfish.md")
    card = judge(run, "--by", "embedding", *sample, rubric="selfish.md")
    # Its examples are poor: without labels it is off, and does not know it.
    assert not alone.share[0].low <= truth <= alone.share[0].high
    assert card.share[1].low <= truth <= card.share[1].high
    assert card.row("agreement").value > 0.7
    assert card.judge.by == "embedding"


def test_a_judge_is_distilled_and_the_classifier_judges(run):
    card = judge(run, "--by", "rule", "--gold-rule", "broken-promise", "--sample", "60", "--distil")
    assert card.row("distilled, judge").value > 0.85
    assert card.row("distilled, judge").n == 160
    assert card.row("distilled, gold").n == 60
    again = judge(run, "--by", "distilled", "--gold-rule", "broken-promise", "--sample", "60")
    assert again.judge.name == "distilled classifier"
    assert again.row("agreement").value > 0.85
    assert main(["judge", str(run.directory), "--rubric", str(run.folder / "selfish.md"), "--by", "distilled"]) == 2


def test_a_sheet_goes_out_and_comes_back(run, capsys):
    assert main(["judge", str(run.directory), "--rubric", str(run.rubric), "--sample", "30"]) == 0
    assert "Fill in the last column" in capsys.readouterr().out
    path = run.directory / "labels-broken-promises.csv"
    table = list(csv.reader(path.read_text().splitlines()))
    rows = [[*row[:2], "broken" if i % 3 == 0 else "kept", "kept"] for i, row in enumerate(table[1:])]
    with path.open("w") as file:
        csv.writer(file).writerows([["trial", "transcript", "ann", "ben"], *rows])
    card = judge(run, "--by", "rule", "--gold", str(path))
    assert (card.labels, card.raters, card.source) == (30, ("ann", "ben"), "people")
    assert card.row("raters, alpha") is not None
    assert main(["judge", str(run.directory), "--rubric", str(run.rubric), "--sample", "30"]) == 1
    assert "may hold labels" in capsys.readouterr().err


def test_a_language_judge_behind_an_endpoint(run):
    """A loopback endpoint that draws its letters by a hash: it answers all, repeats itself, and knows no arm."""
    with Faulty() as server:
        more = ("--endpoint", server.url, "--model", "fake", "--gold-rule", "broken-promise", "--sample", "60")
        card = judge(run, "--by", "language", *more)
        asked = json.dumps([asked.body for asked in server.asked])
        assert "detection" not in asked
        calls = len(server.asked)
        again = judge(run, "--by", "language", *more)
        # What is asked a second time is in the store, but for what checks whether the model repeats itself.
        assert len(server.asked) - calls < calls / 2
    assert again.share == card.share
    assert card.row("position, changed").value > 0
    assert card.row("repeat, changed").value == 0
    assert not card.judge.null_model


def test_mistakes_are_the_callers(run, tmp_path, capsys):
    base = ["judge", str(run.directory), "--rubric", str(run.rubric)]
    assert main([*base, "--gold-rule", "collapse"]) == 2
    assert "--sample N" in capsys.readouterr().err
    assert main([*base, "--by", "rule", "--rule", "nothing"]) == 2
    assert main([*base, "--by", "rule", "--part", "none"]) == 1
    assert main([*base, "--by", "rule", "--gold", str(tmp_path / "none.csv")]) == 1
    assert main(["judge", str(tmp_path), "--rubric", str(run.rubric)]) == 1
    assert "no run's folder" in capsys.readouterr().err
    assert main(["judge", str(run.directory), "--rubric", str(tmp_path / "none.md")]) == 2


def test_the_verb_loads_nothing_heavy():
    code = "import sys, commonweal.app.judge; print([m for m in ('numpy', 'scipy', 'jax', 'aiohttp') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
