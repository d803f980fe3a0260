"""The study of feeds: its plan, equal exposure, the null of the frozen, and the decay of a consensus as in DeGroot's model."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.channels.forum import Forum
from commonweal.core import lens, ranking
from commonweal.core.named import Named
from commonweal.core.posts import PostMetric, Posts
from commonweal.engine.compiled import run_batch
from commonweal.lab.batches import data_factors, static_factors
from commonweal.lab.plan import make_plan
from commonweal.minds.posters import Poster
from commonweal.studies.feeds_and_polarisation import ABSORBS, BOUND, FEED, MOVES, RANKINGS, find_decay, society, study


def test_it_plans_with_theory_where_nothing_moves() -> None:
    plan = make_plan(study, None, None)
    parts = plan["parts"]
    assert isinstance(parts, list)
    assert [len(part["cells"]) for part in parts] == [8 * 4, 4 * 5 * 4]
    for cell in parts[1]["cells"]:
        assert cell["theory"] == (0.0 if cell["levels"][MOVES] == 0.0 else None)
    for part in study.parts:
        assert [factor.label for factor in static_factors(part)] == [FEED]
        assert data_factors(part)[0].label == BOUND


def test_feeds_differ_in_the_ranking_alone() -> None:
    part = study.part("feeds")
    for name, own in RANKINGS.items():
        cell = part.society_of({FEED: name, BOUND: -0.5})
        assert isinstance(cell.channel, Forum)
        assert cell.channel.ranking.weights.tolist() == own.weights.tolist()
        bare = dataclasses.replace(cell.channel, ranking=ranking.at_random())
        assert dataclasses.replace(cell, channel=bare).digest == society(within=-0.5).digest


def test_the_decay_by_drawing() -> None:
    """The spread of many numbers, before and after each has absorbed the mean of some others, at random rates and counts."""
    draw = np.random.default_rng(5)
    for _ in range(5):
        absorbs, count = float(draw.uniform(0, 1)), int(draw.integers(1, 9))
        before = draw.normal(size=200_000)
        read = before[draw.integers(0, len(before), (len(before), count))].mean(1)
        after = (before + absorbs * read) / (1 + absorbs)
        assert after.var() / before.var() == pytest.approx(find_decay(absorbs, count), rel=0.02)
    assert find_decay(0.0, 4) == 1.0
    assert find_decay(1.0, 1) == 0.5


class _Spread(PostMetric):
    """The spread of what is said within each camp, tick by tick, as the decay from one tick to the next."""

    unit = "1"
    low = 0.0
    high = np.inf
    source = "a test"
    null = "none"

    def measure(self, log: Posts) -> float:
        """The mean decay over ten ticks from the first on which all have read."""
        assert log.vector is not None
        up = log.vector[:, 0] > 0
        spread = [
            sum(log.vector[(log.time == tick) & (up == side)].var(0)[1:].sum() for side in (True, False)) for tick in range(11)
        ]
        return float((spread[10] / spread[0]) ** 0.1)

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log as it is."""
        return log


@pytest.mark.slow
def test_a_consensus_decays_as_in_the_model() -> None:
    """Two close camps that hear their own alone: of four posts shown a share that is random is of the own camp.

    The number is binomial (16 drawn of all others, four of them shown), and those who are shown none of their own stay.
    """
    draw = np.random.default_rng(8)
    n = 200
    rates = np.repeat(draw.uniform(0.05, 0.3, 3), 4)
    own = society(within=0.0)
    poster = dataclasses.replace(own.minds["poster"], noise=jnp.float32(0), poles=jnp.float32(12), activity=jnp.float32(1))
    own = dataclasses.replace(
        own,
        minds=Named.of(("poster", poster)),
        seats=dataclasses.replace(own.seats, n=n),
        channel=dataclasses.replace(own.channel, room=n),
    )
    absorbs = lens.mind("poster", Poster, lambda mind: mind.absorbs)
    logs = run_batch(own, ((absorbs, rates.astype(np.float32)),), range(len(rates)), 11, Named.of(("decay", _Spread())))
    chances = [(1, 1 / 16), (4, 4 / 16), (6, 6 / 16), (4, 4 / 16), (1, 1 / 16)]
    for at in range(0, len(rates), 4):
        rate = float(rates[at])
        expected = sum(odds * (find_decay(rate, count) if count else 1.0) for count, (_, odds) in enumerate(chances))
        assert np.mean([log.values["decay"] for log in logs[at : at + 4]]) == pytest.approx(expected, abs=0.01)


@pytest.mark.slow
def test_exposure_is_equal_and_feeds_part() -> None:
    """At equal seeds every feed shows as much; bridging polarises less than engagement; the frozen do not at all."""
    part, seeds = study.part("feeds"), 8
    factor = data_factors(part)[0]
    moves = lens.mind("poster", Poster, lambda mind: mind.absorbs)
    absorbs = np.repeat([0.0, ABSORBS], seeds).astype(np.float32)
    bounds = np.full(2 * seeds, -0.5, np.float32)
    found = {}
    for name in ("engagement", "bridging", "random"):
        own = part.society_of({FEED: name, BOUND: -0.5})
        logs = run_batch(own, ((factor.lens, bounds), (moves, absorbs)), [*range(seeds)] * 2, part.ticks, study.metrics)
        found[name] = {metric: np.array([log.values[metric] for log in logs]) for metric in study.metrics}
    for values in found.values():
        assert (values["exposure"] == found["random"]["exposure"]).all()
        frozen = values["polarisation rate"][:seeds]
        assert (frozen == found["random"]["polarisation rate"][:seeds]).all()
        assert abs(frozen.mean()) < 4 * frozen.std(ddof=1) / np.sqrt(seeds)
    gap = found["bridging"]["polarisation rate"][seeds:] - found["engagement"]["polarisation rate"][seeds:]
    assert (gap < 0).all()
