"""Weights, halves, and what a trial teaches, against fractions."""

from fractions import Fraction

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.ranking import (
    FEATURES,
    Ranking,
    at_random,
    bridging,
    engaging,
    learning,
    personalised,
    popular,
    recent,
)
from commonweal.core.streams import Key

N = 40
SERVED = eqx.filter_jit(Ranking.served)
LEARNT = eqx.filter_jit(Ranking.learnt)


def test_each_known_feed_is_its_weights():
    feeds = {
        recent: {"recent": 1},
        popular: {"popular": 1},
        personalised: {"personal": 1},
        engaging: {"personal": 1, "extreme": 1, "popular": 0.5},
        bridging: {"bridging": 1},
        at_random: {"chance": 1},
    }
    for make, expected in feeds.items():
        assert make().weights.tolist() == [round(1024 * expected.get(name, 0)) for name in FEATURES]
        assert float(make().rate) == 0
    assert float(learning("calm", 0.3).rate) == pytest.approx(0.3)


def test_halves_are_served_apart_only_where_something_is_learnt():
    """About half of the readers, in each of two directions of each weight over the ticks."""
    for ranking, step in ((learning("likes", 0.5), 256), (recent(), 0)):
        ways, halves = [], []
        for seed in range(60):
            served, half, way = SERVED(ranking, ranking.weights, Key.root(seed), N)
            sign = np.where(half, 1, -1)[:, None]
            assert np.array_equal(served, ranking.weights + sign * step * way[None])
            ways.append(np.asarray(way))
            halves.append(np.asarray(half).mean())
        assert set(np.unique(ways)) == {-1, 1}
        # 60 coins a weight and 2,400 readers: five standard deviations.
        assert (np.abs(np.mean(ways, axis=0)) < 5 / np.sqrt(60)).all()
        assert abs(np.mean(halves) - 0.5) < 5 * 0.5 / np.sqrt(2400)


def test_a_trial_moves_weights_along_its_way_by_the_gap_between_the_halves():
    rng = np.random.default_rng(1)
    for rate in (0.0, 0.25, 1.0, float(rng.random())):
        ranking = learning("likes", rate)
        half, there = rng.random(N) < 0.5, rng.random(N) < 0.8
        gain, way = rng.integers(-900, 900, N), rng.choice([-1, 1], len(FEATURES))
        weights = jnp.asarray(rng.integers(-16384, 16385, len(FEATURES)), jnp.int32)
        given = jnp.asarray(half), jnp.asarray(way, jnp.int32), jnp.asarray(gain, jnp.int32), jnp.asarray(there)
        up, down = gain[half & there], gain[~half & there]
        gap = Fraction(int(up.sum()), len(up)) - Fraction(int(down.sum()), len(down))
        moved = round(min(max(float(np.float32(rate)) * float(gap), -1024.0), 1024.0))
        assert LEARNT(ranking, weights, *given).tolist() == np.clip(np.asarray(weights) + moved * way, -16384, 16384).tolist()
        for nobody in (half, ~half):
            lone = (*given[:3], jnp.asarray(there & nobody))
            assert LEARNT(ranking, weights, *lone).tolist() == np.asarray(weights).tolist()


def test_weights_climb_what_is_aimed_at():
    """Gains linear in the weights served, slope g: a trial moves each weight by rate g / 2 on average (Spall's estimate)."""
    ranking, trials = learning("likes", 0.5), 4000
    slope = np.random.default_rng(2).uniform(-0.3, 0.3, len(FEATURES))

    @jax.jit
    def moved(keys):
        def one(key):
            served, half, way = ranking.served(ranking.weights, key, N)
            gain = jnp.round(served @ jnp.asarray(slope, jnp.float32)).astype(jnp.int32)
            return ranking.learnt(ranking.weights, half, way, gain, jnp.ones(N, bool)) - ranking.weights

        return jax.vmap(one)(keys)

    steps = np.asarray(moved(jax.vmap(Key.root)(jnp.arange(trials, dtype=jnp.uint32)))) / 1024
    error = steps.std(0) / np.sqrt(trials)
    assert (np.abs(steps.mean(0) - 0.5 * slope / 2) < 5 * error + 0.001).all()


def test_impossible_numbers_are_refused():
    with pytest.raises(StudyError, match="extreme = 17"):
        Ranking(extreme=17.0)
    with pytest.raises(StudyError, match="rate 2"):
        Ranking(rate=2.0)
    with pytest.raises(StudyError, match="aims at 'noise'"):
        Ranking(aim="noise")  # pyright: ignore[reportArgumentType]
