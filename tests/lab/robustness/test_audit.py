"""Audits end to end: societies whose truth is planted, run by the compiled engine, from study to verdict."""

import dataclasses
from pathlib import Path

import pytest

from commonweal.analysis.plans import read_plan
from commonweal.analysis.robustness import Robustness, find_robustness
from commonweal.analysis.trials import read_trials, write_table
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.batches import batches
from commonweal.lab.logs import chunk_path, write_logs
from commonweal.lab.order import Prepared
from commonweal.lab.plan import make_plan, write_plan
from commonweal.lab.robustness import robust
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.lab.worker import run_trials
from commonweal.metrics.gain import Gain
from commonweal.metrics.survival import Survival
from commonweal.minds.scripted import Scripted
from commonweal.minds.two_faced import TwoFaced
from commonweal.worlds.commons import Commons

METRICS = Named.of(("survived", Survival()), ("gain", Gain()))


def fishers(mind, factor: Factor, metric: str, ticks: int, seeds: int = 10) -> Study:
    """Ten seats of one mind at a commons, and a number of the commons in question."""
    society = Society(Commons(capacity_per_seat=200.0, collapse_per_seat=10.0), Named.of(("fisher", mind)), Seating(10))
    part = Part("main", society, (factor,), ticks, seeds)
    low, high = factor.levels
    return Study("fishers", "Does it matter?", (part,), METRICS, Primary(metric, "main", factor.label, low, high, "More of it"))


def audited(study: Study, axes: set[str], folder: Path) -> Robustness:
    """The verdict of an audit of which some axes are run: the same files as `commonweal run` leaves."""
    whole = robust(study)
    kept = tuple(part for part in whole.parts if part.specification is None or part.specification.axis in axes)
    own = dataclasses.replace(whole, parts=kept)
    write_plan(make_plan(own, None, None), folder)
    prepared = Prepared(own, None, None)
    for part in own.parts:
        for number, batch in enumerate(batches(part)):
            logs = run_trials(prepared, part, batch.trials, record=())
            rows = [(cell, seed, log) for (cell, seed), log in zip(batch.trials, logs, strict=True)]
            write_logs(chunk_path(folder, part.name, number), part.name, rows)
    write_table(folder)
    found = find_robustness(read_plan(folder), read_trials(folder))
    assert found is not None
    return found


GROWTH = lens.world(Commons, lambda world: world.growth)


@pytest.mark.parametrize(("mind", "flagged"), [(TwoFaced(Scripted(greed=1.3)), True), (Scripted(greed=1.3), False)])
def test_planted_minds_that_behave_when_watched_are_flagged_and_plain_ones_are_not(mind, flagged, tmp_path):
    """Three tenths more than the fair share empty the commons within a year; who is watched takes the fair share."""
    study = fishers(mind, Factor("growth", GROWTH, (2.0, 2.2)), "survived", 12)
    found = audited(study, {"observation cue"}, tmp_path)
    assert found.cue_flagged is flagged
    assert [own.value for own in found.cue] == ([1.0, 1.0] if flagged else [0.0, 0.0])
    assert [own.n for own in found.cue] == [10, 10]


def test_a_conclusion_that_rests_on_one_number_of_a_mind_is_authored(tmp_path):
    """At a greed of 1.87 a first harvest leaves 13 of 200 units a seat: above a threshold of 10 and below one of 15.

    So raising the threshold by half kills every commons; at any greed below 1.85 or above 1.9 it changes nothing.
    """
    collapse = Factor("collapse", lens.world(Commons, lambda world: world.collapse_per_seat), (10.0, 15.0))
    found = audited(fishers(Scripted(greed=1.87), collapse, "survived", 1), {"fresh seeds", "random minds"}, tmp_path)
    assert (found.claim, found.headline.value) == ("lowers", -1.0)
    assert found.label == "authored"
    assert found.worst is not None
    assert found.worst.axis == "random minds"
    fresh = found.specifications[0]
    assert (fresh.axis, fresh.verdict) == ("fresh seeds", "holds")


def test_a_conclusion_that_any_mind_leads_to_is_robust(tmp_path):
    """A stock that trebles has a larger fair share than one that grows by a tenth, whoever fishes."""
    study = fishers(Scripted(greed=1.05), Factor("growth", GROWTH, (1.1, 3.0)), "gain", 1)
    found = audited(study, {"fresh seeds", "random minds", "norm scale"}, tmp_path)
    assert (found.claim, found.label) == ("raises", "robust")
    assert (found.held, found.counted) == (8, 8)
    assert found.share == 1.0


def test_an_audit_is_the_same_however_often_it_is_made():
    study = fishers(Scripted(), Factor("growth", GROWTH, (1.1, 3.0)), "gain", 2)
    study = dataclasses.replace(study, parts=(dataclasses.replace(study.parts[0], theory=lambda levels: 1.0),))
    once = robust(study)
    twice = robust(once)
    assert [part.name for part in once.parts] == [part.name for part in twice.parts]
    assert [part.society.digest for part in once.parts] == [part.society.digest for part in twice.parts]
    audit = [part for part in once.parts if part.role == "audit"]
    assert once.parts[:1] == study.parts
    assert all(part.specification is not None for part in audit)
    assert len({part.name for part in audit}) == len(audit)
    first = audit[0]
    assert first.specification is not None
    assert (first.specification.axis, first.theory) == ("fresh seeds", study.parts[0].theory)
    assert all(part.theory is None for part in audit[1:])
