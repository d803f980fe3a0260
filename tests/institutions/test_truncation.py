"""Truncation against ranks by hand, the share of a better type, and draws of parents."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.streams import Key
from commonweal.institutions.truncation import Truncation
from commonweal.testing import check_institution

heirs = eqx.filter_jit(lambda rule, earned, key: rule.heirs(earned, key))


def test_the_best_stay_and_the_others_get_copies_of_them() -> None:
    random = np.random.default_rng(3)
    for seed in range(20):
        earned = random.permutation(np.arange(-3, 9)).astype(np.int32)
        best = set(np.argsort(-earned)[:6].tolist())
        heir = np.asarray(heirs(Truncation(), jnp.asarray(earned), Key.root(seed)))
        assert all(heir[i] == i for i in best)
        assert set(heir.tolist()) <= best
    assert np.asarray(heirs(Truncation(0.0), jnp.asarray(earned), Key.root(1))).tolist() == [int(earned.argmax())] * 12
    assert np.asarray(heirs(Truncation(1.0), jnp.asarray(earned), Key.root(1))).tolist() == list(range(12))


def test_parents_are_uniform_and_ties_are_drawn() -> None:
    many = eqx.filter_jit(lambda rule, earned: jax.vmap(lambda s: rule.heirs(earned, Key.root(s)))(jnp.arange(4000)))
    found = np.asarray(many(Truncation(), jnp.arange(12, dtype=jnp.int32)))
    counts = np.bincount(found[:, :6].ravel(), minlength=12)
    assert (counts[:6] == 0).all()
    assert np.abs(counts[6:] - 4000).max() < 4.5 * np.sqrt(24_000 / 6 * 5 / 6)
    stays = (np.asarray(many(Truncation(), jnp.zeros(12, jnp.int32))) == np.arange(12)).mean(0)
    assert np.abs(stays - 0.5).max() < 4.5 * 0.5 / np.sqrt(4000)


def test_a_better_type_spreads_by_the_inverse_of_what_survives() -> None:
    """p' = p / survive: of 3,000 seats the survivors hold all 900 of the better, and copies are drawn among survivors."""
    for survive in np.random.default_rng(9).uniform(0.35, 0.9, 5):
        better = jnp.arange(3000) < 900
        heir = heirs(Truncation(survive), better.astype(jnp.int32), Key.root(2))
        share = float(better[heir].mean())
        p = 900 / np.floor(np.float32(survive) * np.float32(3000) + 0.5)
        assert abs(share - p) < 4.5 * np.sqrt(p * (1 - p) * (1 - survive) / 3000)


def test_a_generation_adds_up_its_payoffs(bench) -> None:
    menu, acts = bench.harvest([0, 0, 0, 0], 10.0)
    rule = Truncation(every=2)
    first = rule.settle(jnp.zeros(4, jnp.int32), bench.tick(menu, acts, [9, 0, 0, 1]), Key.root(1))
    assert first.heir.tolist() == [0, 1, 2, 3]
    assert first.memory.tolist() == [9, 0, 0, 1]
    late = eqx.tree_at(lambda t: t.tick, bench.tick(menu, acts, [0, 1, 2, 4]), jnp.int32(1))
    second = rule.settle(first.memory, late, Key.root(1))
    assert [second.heir[i] for i in (0, 3)] == [0, 3]
    assert set(second.heir.tolist()) == {0, 3}
    assert second.memory.tolist() == [0] * 4


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Truncation(0.4, every=2), Truncation(1.0))


def test_words_and_errors() -> None:
    memory = jnp.zeros(2, jnp.int32)
    assert Truncation(1.0).describe(memory) == ""
    assert "After every 12 rounds the 50 % of you who earned most stay" in Truncation(every=12).describe(memory)
    assert "After each round" in Truncation().describe(memory)
    with pytest.raises(StudyError, match="every 0 ticks"):
        Truncation(every=0)
    with pytest.raises(StudyError, match=r"survive = 1\.5"):
        Truncation(1.5)
