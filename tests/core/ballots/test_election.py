"""What all ways to count have in common: seats are equals, so are alternatives, ties are sets, and no vote is no winner."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.ballots import Approval, Election, Jury, Median, Plurality, Quadratic, Schulze, Stake
from commonweal.core.ballots.approval import subsets
from commonweal.core.ballots.election import first_of, going_on, lot_of
from commonweal.core.ballots.schulze import orders
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.questions import Choice
from commonweal.core.streams import Key

SEATS, K, TRIALS = 8, 3, 120
RULES = {"plurality": Plurality(), "approval": Approval(), "schulze": Schulze(), "quadratic": Quadratic(3, 2)}


def relabelled(name: str, ballot: int, new: tuple[int, ...]) -> int:
    """The ballot that says of alternative new[j] what this one says of j."""
    if name == "approval":
        return subsets(K).index(tuple(sorted(new[j] for j in subsets(K)[ballot])))
    if name == "schulze":
        return orders(K).index(tuple(new[j] for j in orders(K)[ballot]))
    return ballot // K * K + new[ballot % K]


@pytest.mark.parametrize("name", RULES)
def test_anonymity_neutrality_and_no_votes(name: str, count) -> None:
    rule, rng = RULES[name], np.random.default_rng(3)
    ballots = rng.integers(0, rule.ballots(K), (TRIALS, SEATS))
    weight, purse = rng.integers(0, 2, (TRIALS, SEATS)), rng.integers(0, 30, (TRIALS, SEATS))
    weight[0] = 0
    counted = count(rule, ballots, K, weight=weight, purse=purse)
    assert not counted.winners[0].any()
    assert counted.winners[1:].any(1).mean() > 0.95
    seats = rng.permutation(SEATS)
    moved = count(rule, ballots[:, seats], K, weight=weight[:, seats], purse=purse[:, seats])
    assert np.array_equal(moved.winners, counted.winners)
    assert np.array_equal(moved.cost, counted.cost[:, seats])
    new = tuple(int(j) for j in rng.permutation(K))
    named = np.asarray([[relabelled(name, int(ballot), new) for ballot in row] for row in ballots])
    assert np.array_equal(count(rule, named, K, weight=weight, purse=purse).winners[:, list(new)], counted.winners)


@pytest.mark.parametrize("name", RULES)
def test_ballot_j_is_for_alternative_j_and_every_ballot_has_words(name: str, count) -> None:
    rule = RULES[name]
    alone = np.repeat(np.arange(K)[:, None], SEATS, 1)
    assert np.array_equal(
        count(rule, np.resize(alone, (TRIALS, SEATS)), K, purse=np.full((TRIALS, 1), 9)).winners[:K], np.eye(K)
    )
    words = rule.words(("stay", "left", "right"))
    assert len(set(words)) == len(words) == rule.ballots(K)
    assert all(("stay", "left", "right")[j] in words[j] for j in range(K))
    assert rule.describe()


def test_ties_go_to_the_first_or_to_each_alike() -> None:
    winners = jnp.asarray([False, True, False, True, True])
    assert int(first_of(winners)) == 1
    assert int(first_of(winners & False)) == int(lot_of(winners & False, Key.root(1))) == 0
    lots = np.asarray(jax.jit(jax.vmap(lambda seed: lot_of(winners, Key.root(seed))))(jnp.arange(3000)))
    shares = np.bincount(lots, minlength=5) / 3000
    # Four standard errors of a share of one third in 3,000 draws.
    assert np.abs(shares - np.asarray([0, 1, 0, 1, 1]) / 3).max() < 4 * np.sqrt(2 / 9 / 3000)


def test_votes_beyond_32_bits(count) -> None:
    purse = np.asarray([[2**31 - 1] * 3 + [2**31 - 2] * 3])
    counted = count(Stake(), [[0, 0, 0, 1, 1, 1]], 2, purse=purse)
    assert counted.score.tolist() == [[3 * (2**31 - 1), 3 * (2**31 - 2)]]
    assert counted.winners.tolist() == [[True, False]]
    shown = eqx.filter_jit(Stake().count)(
        Election.of(jnp.zeros(6, jnp.int32), jnp.ones(6, bool), 2, Key.root(0), jnp.asarray(purse[0], jnp.int32))
    ).shown
    assert shown.tolist() == [2**31 - 1, 0]


def test_going_on() -> None:
    asks = [Choice(jnp.asarray(row), ("no", "yes")) for row in ([False, False], [False, True])]
    assert not going_on(Named.of(("a", asks[0])))
    assert going_on(Named.of(("a", asks[0]), ("b", asks[1])))
    assert not going_on(Named((), ()))


def test_too_many_alternatives() -> None:
    for rule in (Approval(), Schulze(), Jury(Schulze()), Stake(Approval())):
        with pytest.raises(StudyError, match="was given 7 alternatives"):
            rule.check(7)
    for rule in (Plurality(), Median(), Quadratic()):
        rule.check(1000)
        with pytest.raises(StudyError, match="0 alternatives"):
            rule.check(0)
