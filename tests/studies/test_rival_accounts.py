"""The study of rival accounts: what was published, its plan, and posters of known genes seen by the published measures."""

import dataclasses

import numpy as np
import pytest

from commonweal.analysis.accounts import find_rivals
from commonweal.analysis.plans import read_plan
from commonweal.core import lens
from commonweal.engine.compiled import run_batch
from commonweal.lab.designs.latin_hypercube import LatinHypercube
from commonweal.lab.plan import make_plan, write_plan
from commonweal.minds.posters import Poster
from commonweal.studies.rival_accounts import DRAWS, ROUNDS, SPURRED, A, B, society, study
from planted import plant


def small(draws: int):
    """The study with few draws from its prior."""
    prior = dataclasses.replace(study.part("prior"), design=LatinHypercube(draws))
    return dataclasses.replace(study, parts=(study.part("spur"), prior))


def test_targets_are_what_was_published() -> None:
    told = {target.metric: target for target in study.targets}
    assert set(told) == set(study.metrics.names)
    assert told["reward response"].published == pytest.approx(0.452)
    assert told["reward drift"].published == pytest.approx(0.343 - 0.240)
    assert 0.1787 < told["persona alignment"].published < 0.1934
    assert told["conflict after conflict"].published == pytest.approx(0.146 - 0.052)
    of_a = [target for target in study.targets if target.account == A]
    assert [target.published for target in of_a] == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert len(study.targets) - len(of_a) == sum(target.account == B for target in study.targets) == 4
    assert all("as noted by others" in target.source for target in study.targets)
    # Enough draws for all numbers together: four times as many are kept as a regression on them has coefficients.
    assert 8 * (len(study.targets) + 1) <= DRAWS


def test_it_plans_as_data_and_its_numbers_are_read_back(tmp_path) -> None:
    own = small(60)
    few = dataclasses.replace(own, parts=(own.part("spur"), dataclasses.replace(own.part("prior"), design=LatinHypercube(3))))
    plan = make_plan(few, None, None)
    assert len(plan["study"]["targets"]) == 9
    prior = next(part for part in plan["parts"] if part["name"] == "prior")
    assert len(prior["cells"]) == 3
    assert {factor["label"]: factor["range"] for factor in prior["factors"]}[SPURRED] == [0.0, 2.0]
    write_plan(plan, tmp_path)
    read = read_plan(tmp_path)
    renamed = dataclasses.replace(read, parts=(dataclasses.replace(read.part("prior"), name="main"),))
    trials = plant(renamed, lambda levels, number, rng: {name: rng.normal() for name in read.metrics})
    # Three draws are too few for any account.
    assert find_rivals(tmp_path, read, dataclasses.replace(trials, part=np.array(["prior"] * len(trials)))) == ()


@pytest.mark.slow
def test_frozen_posters_give_the_nulls_of_one_account() -> None:
    spurred = lens.mind("poster", Poster, lambda mind: mind.spurred)
    logs = run_batch(society(), ((spurred, np.zeros(4)),), [*range(4)], ROUNDS, study.metrics)
    for name in ("feedback adaptation", "societal pull", "interaction influence"):
        assert np.mean([log.values[name] for log in logs]) == pytest.approx(0.0, abs=0.02)
