"""Town halls: the median of proposals, how long and whom an agreement binds, and that talk is cheap."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.agreements import Agreed, Agreement
from commonweal.core.ballots import Plurality, Quadratic
from commonweal.core.errors import StudyError
from commonweal.core.streams import Key
from commonweal.core.views import Offer
from commonweal.institutions.town_hall import TownHall
from commonweal.testing import check_institution

LEVELS = (0.25, 0.5, 0.75, 1.0)
N = 40


@eqx.filter_jit
def bound(rule: TownHall, memory: Agreement, offer: Offer, acts, seed):
    """Harvests under an agreement."""
    return rule.bind(memory, offer, acts, Key.root(seed)).acts["harvest"]


@pytest.fixture(scope="module")
def hall(bench):
    """One tick: the memory after these proposals, and what it told."""

    @eqx.filter_jit
    def one(rule, memory, given, by):
        menu, acts = bench.harvest([10] * 5, 10.0)
        menu = rule.permit(memory, bench.ring(5), menu)
        tick = bench.tick(menu, acts.add("proposal", given), [10] * 5)
        tick = dataclasses.replace(tick, answered=tick.answered.replace("proposal", by & menu["proposal"].asked))
        ruling = rule.settle(memory, tick, Key.root(1))
        return ruling.memory, ruling.public, ruling.payoff

    def ticks(rule: TownHall, rows: list[list[int]], by: list[bool] | None = None):
        memory, seen = rule.begin(bench.ring(5)), []
        for row in rows:
            cast = jnp.asarray([True] * 5 if by is None else by)
            memory, public, payoff = one(rule, memory, jnp.asarray(row, jnp.int32), cast)
            seen.append((float(public.level[0]), int(public.left[0])))
        return memory, seen, payoff

    return ticks


def test_the_median_is_agreed_for_a_while(hall) -> None:
    rule = TownHall(LEVELS, every=3, lasts=2)
    rows = [[1, 4, 3, 3, 2], [4] * 5, [4] * 5, [0] * 5, [1] * 5]
    assert hall(rule, rows)[1] == [(0.75, 2), (0.75, 1), (0.0, 0), (0.0, 0), (0.0, 0)]
    # Who proposes nothing, and who gives no answer, has no vote.
    assert hall(rule, [[0, 0, 0, 4, 1]])[1] == [(0.25, 2)]
    assert hall(rule, [[4, 4, 4, 1, 1]], [False, False, False, True, True])[1] == [(0.25, 2)]


def test_random_proposals_against_sorting(hall) -> None:
    rng = np.random.default_rng(5)
    for _ in range(10):
        given = rng.integers(0, 5, 5)
        made = np.sort([LEVELS[own - 1] for own in given if own])
        expected = made[(len(made) - 1) // 2] if len(made) else 0.0
        assert hall(TownHall(LEVELS, every=3, lasts=2), [given.tolist()])[1][0][0] == expected


def test_other_counts(hall) -> None:
    assert hall(TownHall(LEVELS, every=3, count=Plurality()), [[1, 1, 3, 4, 2]])[1][0][0] == 0.25
    paid = hall(TownHall(LEVELS, every=3, count=Quadratic(2)), [[1, 1, 8, 0, 0]])
    assert paid[1][0][0] == 0.25
    assert paid[2].tolist() == [9, 9, 6, 10, 10]


@pytest.mark.parametrize("binds", [0.0, 0.4, 1.0])
def test_whom_an_agreement_binds(bench, binds: float) -> None:
    """Acts short of the level are replaced with the given probability; fairer ones and those out of term stay."""
    rule = TownHall(LEVELS, binds=binds)
    taken = [20] * (N // 2) + [5] * (N // 2)
    menu, acts = bench.harvest(taken, 10.0)
    seats = bench.ring(N)
    offer = Offer(seats, menu, jnp.zeros(N, jnp.int32), menu.map(lambda question: question.asked), jnp.int32(0))
    level = jnp.float32(1.0)
    standing, over = (Agreement(level, jnp.int32(left), jnp.int32(1)) for left in (2, 0))
    held = np.asarray([bound(rule, standing, offer, acts, jnp.int32(seed)) for seed in range(20)])
    assert (held[:, N // 2 :] == 5).all()
    assert set(np.unique(held[:, : N // 2])) <= {10, 20}
    share, draws = (held[:, : N // 2] == 10).mean(), 10 * N
    assert abs(share - binds) <= 4 * np.sqrt(binds * (1 - binds) / draws)
    assert bound(rule, over, offer, acts, jnp.int32(0)).tolist() == taken


@pytest.mark.slow
def test_laws() -> None:
    check_institution(TownHall(LEVELS, every=2, lasts=1), TownHall(LEVELS, binds=0.0))


def test_words_and_errors(bench) -> None:
    rule = TownHall(LEVELS, binds=0.5)
    told = Agreed(jnp.ones(5), jnp.full(5, 4))
    assert rule.tell(told, 0).startswith(
        "You have all agreed to serve the others at 1 of what is fair, or better, for the next 4"
    )
    assert "with probability 0.5" in rule.describe(rule.begin(bench.ring(5)))
    assert TownHall(()).describe(rule.begin(bench.ring(5))) == ""
    assert rule.words[:2] == (
        "Keep things as they are: propose nothing",
        "Propose that everyone serves the others at 0.25 of what is fair, or better",
    )
    for wrong, message in (
        (lambda: TownHall((1.5,)), "levels"),
        (lambda: TownHall(binds=2.0), "binds with"),
        (lambda: TownHall(lasts=-1), "for -1 ticks"),
    ):
        with pytest.raises(StudyError, match=message):
            wrong()
