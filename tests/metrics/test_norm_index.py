"""The norm index through the lab: societies that copy with innovation, from the study to its estimates."""

import dataclasses

import numpy as np
import pytest

from commonweal.analysis.estimates import write_estimates
from commonweal.analysis.findings import read_findings
from commonweal.analysis.trials import read_trials, write_table
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.lab.finished import read_outcomes
from commonweal.lab.order import Order
from commonweal.lab.plan import make_plan
from commonweal.metrics.agreement import Agreement
from commonweal.metrics.norm_index import NormIndex
from commonweal.statistics.norm_index import copying_index, norm_index
from commonweal.statistics.sequential import Stopping
from inline import run_inline

STUDY = '''
"""Copying with innovation."""
import equinox as eqx
import jax.numpy as jnp
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.arrays import real
from commonweal.core.parts import Mind, World
from commonweal.core.questions import Choice
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.views import Decision, Observation, Outcome, Start
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.agreement import Agreement
from commonweal.metrics.choice_share import ChoiceShare
from commonweal.metrics.norm_index import NormIndex
from commonweal.statistics.norm_index import copying_index

SEATS = 6


class Said(eqx.Module):
    """Nothing else."""


class Square(World):
    """Everybody sees what one seat said last, each another's."""

    def reset(self, key, seats):
        """Everybody sees an option at random."""
        return Start(key.below(3, seats.n), jnp.zeros(seats.n, jnp.int32))

    def observe(self, state, seats, purse):
        """What one seat said."""
        return Observation(Named.of(("saw", state)))

    def menu(self, state, seats, purse):
        """One of three words."""
        return Named.of(("word", Choice(jnp.ones(seats.n, bool), ("a", "b", "c"))))

    def step(self, state, seats, acts, purse, key):
        """Who is seen next is drawn."""
        return Outcome(acts["word"][key.below(seats.n, seats.n)], jnp.zeros(seats.n, jnp.int32), Said())

    def rules(self):
        """In words."""
        return "Say a word."

    def describe(self, view, agent):
        """In words."""
        return "A word was said."


class Copier(Mind):
    """Says what it saw, or with some chance any word."""

    innovation: object = eqx.field(converter=real, default=0.1)

    def init(self, key, seats):
        """Nothing."""
        return ()

    def act(self, memory, view, key):
        """A word."""
        saw = view.seen["saw"]
        fresh = key.child("fresh").chance(self.innovation, saw.shape)
        return Decision(Named.of(("word", jnp.where(fresh, key.child("word").below(3, saw.shape), saw))), ())


SHARES = tuple(f"share-{option}" for option in range(3))
study = Study(
    name="copying",
    question="Does innovation end norms?",
    metrics=Named.of(
        ("norm-index", NormIndex(shares=SHARES)),
        ("agreement", Agreement("word")),
        *((name, ChoiceShare("word", option)) for option, name in enumerate(SHARES)),
    ),
    parts=(
        Part(
            "copiers",
            Society(Square(), Named.of(("copier", Copier())), Seating(SEATS)),
            (Factor("innovation", lens.mind("copier", Copier, lambda mind: mind.innovation), (0.05, 0.4)),),
            60,
            seeds=120,
            theory=lambda levels: copying_index(SEATS, levels["innovation"]),
        ),
    ),
    primary=Primary("norm-index", "copiers", "innovation", 0.05, 0.4, "Innovation"),
    theory="identity by descent",
)
'''


@pytest.fixture(scope="module")
def order(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "copying.py"
    path.write_text(STUDY)
    return Order(str(path))


def test_what_cannot_be_reckoned_is_refused(order):
    study = order.study()
    card = make_plan(study, None, None)["metrics"]["norm-index"]
    assert card["across"] == ["agreement", "share-0", "share-1", "share-2"]
    with pytest.raises(StudyError, match="which the study does not measure"):
        make_plan(dataclasses.replace(study, metrics=Named.of(("norm-index", NormIndex()))), None, None)
    with pytest.raises(StudyError, match="the stopping rule goes by 'norm-index'"):
        make_plan(dataclasses.replace(study, stopping=Stopping(excludes_zero=True)), None, None)
    for shares in (("share-0",), ("share-0", "share-0"), ("agreement", "share-1")):
        with pytest.raises(StudyError, match="a share for every option"):
            NormIndex(shares=shares)
    assert Agreement().across == ()


def test_a_trial_has_none(end, measure):
    assert np.isnan(measure(NormIndex(), end([0, 0])))


@pytest.mark.slow
def test_through_the_lab(order, tmp_path):
    run_inline(order, tmp_path)
    trials = read_trials(write_table(tmp_path).parent)
    names = ("share-0", "share-1", "share-2")
    outcomes = read_outcomes(tmp_path, "copiers", "norm-index", ("agreement", *names))
    assert np.array_equal([row[2] for row in outcomes], trials.metrics["norm-index"])
    assert np.isnan([row[2] for row in read_outcomes(tmp_path, "copiers", "norm-index")]).all()
    for cell, innovation in enumerate((0.05, 0.4)):
        own = trials.where(trials.cell == cell)
        shares = np.stack([own.metrics[name] for name in names], 1)
        index, values = norm_index(own.metrics["agreement"], shares), own.metrics["norm-index"]
        assert values.mean() == pytest.approx(index, abs=0.005)
        error = values.std(ddof=1) / np.sqrt(values.size)
        assert error < 0.05
        assert index == pytest.approx(copying_index(6, innovation), abs=3.5 * error)
    found = read_findings(write_estimates(tmp_path).parent).primary.finding
    truth = copying_index(6, 0.4) - copying_index(6, 0.05)
    assert found.low < truth < found.high < 0
    assert found.n == 120
