"""Votes by heads: weights, what made-up identities decide, and how rules of identities hand them down."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.ballots import Heads, Jury, Schulze, Stake, counts_heads, with_identities
from commonweal.core.errors import StudyError
from commonweal.institutions.office import Office
from commonweal.institutions.tax import Tax
from commonweal.institutions.voting import Vote

SEATS = 7


def test_ballots_weigh_as_many_as_there_are_identities(count) -> None:
    rng = np.random.default_rng(3)
    further = rng.integers(0, 6, SEATS)
    ballots, cast = rng.integers(0, 3, (40, SEATS)), rng.random((40, SEATS)) < 0.7
    counted = count(Heads(further=further), ballots, 3, weight=cast)
    for row in range(40):
        own = np.where(cast[row], 1 + further, 0)
        assert counted.score[row].tolist() == np.bincount(ballots[row], own, minlength=3).tolist()


def test_one_seat_outvotes_all_others_iff_it_has_more_identities_than_they_are(count) -> None:
    for further in range(10):
        rule = Heads(further=[further] + [0] * (SEATS - 1))
        winners = count(rule, [[1] + [2] * (SEATS - 1)], 3).winners[0]
        assert winners[1] == (1 + further >= SEATS - 1)
        assert winners[2] == (1 + further <= SEATS - 1)


def test_weights_multiply_and_end_below_2_to_the_31(count) -> None:
    huge = count(Stake(Heads(further=10**4)), [[0] * SEATS], 3, purse=np.full((1, SEATS), 2**30))
    assert huge.score[0].tolist() == [SEATS * (2**31 - 1), 0, 0]


def test_identities_reach_every_rule_that_counts_heads() -> None:
    vote = Vote.on(Tax(), Tax, lambda tax: tax.rate, (0.5,), count=Jury(Heads(Schulze()), 3))
    office = Office(vote, count=Heads())
    assert counts_heads(office)
    assert counts_heads(vote)
    assert not counts_heads(Vote(count=Stake()))
    put = with_identities(office, jnp.asarray([4, 0]))
    assert put.count.further.tolist() == [4, 0]  # pyright: ignore[reportAttributeAccessIssue]
    assert put.inner.count.of.further.tolist() == [4, 0]  # pyright: ignore[reportAttributeAccessIssue]
    assert vote.count.of.further.tolist() == 0  # pyright: ignore[reportAttributeAccessIssue]


def test_ballots_are_those_of_the_rule_that_counts() -> None:
    rule = Heads(Schulze())
    assert rule.ballots(3) == 6
    assert rule.words(("a", "b")) == Schulze().words(("a", "b"))
    assert rule.ask(jnp.ones(2, bool), ("a", "b")).options == Schulze().words(("a", "b"))  # pyright: ignore[reportAttributeAccessIssue]
    worth = np.asarray([[0.1, 0.9, 0.5]])
    assert rule.sincere(worth).tolist() == Schulze().sincere(worth).tolist()
    assert rule.describe().startswith("you have a vote for each of your identities")
    with pytest.raises(StudyError, match="6 alternatives"):
        rule.check(6)
    with pytest.raises(StudyError, match="-1 further"):
        Heads(further=-1)
