"""Fixation: whether one mind holds all seats, found by name; one round of help or harm is enough to see it."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.views import End
from commonweal.engine.compiled import run_batch
from commonweal.institutions.generations import Generations
from commonweal.metrics.fixation import Fixation
from commonweal.minds.scripted import Scripted
from commonweal.worlds.network_game import NetworkGame


@pytest.mark.parametrize(
    ("minds", "mind", "known"), [((1, 1, 1), 1, 1.0), ((1, 0, 1), 1, 0.0), ((0,), 0, 1.0), ((2, 2), 1, 0.0)]
)
def test_all_seats_or_not(measure, minds, mind, known):
    none = jnp.zeros(len(minds), jnp.int32)
    assert measure(Fixation(mind), End(Seats(jnp.asarray(minds, jnp.int32)), none, none)) == known


def test_by_name_it_is_the_mutant_that_drifts_to_fixation():
    # Without selection a mutant among N fixes with probability 1/N (Wright 1931), the resident in all other trials.
    minds = Named.of(("resident", Scripted(level=0.0)), ("mutant", Scripted(level=1.0)))
    n, trials = 6, 1000
    rules = Named.of(("drift", Generations(selection=0.0)))
    society = Society(NetworkGame(), minds, Seating(n, Named.of(("mutant", jnp.float32(1 / n)))), rules)
    metrics = Named.of(*((name, Fixation.of(society, name)) for name in minds))
    logs = run_batch(society, (), tuple(range(trials)), 50, metrics)
    fixed = np.asarray([[log.values[name] for name in minds] for log in logs]).mean(0)
    assert fixed.sum() == pytest.approx(1.0, abs=0.003)
    assert abs(fixed[1] - 1 / n) < 4 * np.sqrt(1 / n * (1 - 1 / n) / trials) + 0.003
    with pytest.raises(StudyError, match="did you mean mutant"):
        Fixation.of(society, "mutants")


def test_mistakes_are_refused():
    with pytest.raises(StudyError, match="fixation of mind -1"):
        Fixation(-1)
