"""Payoffs by mind: by hand, and the closed forms of a donation game on a regular graph in compiled trials."""

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.engine.compiled import run_batch
from commonweal.metrics.payoff_of import PayoffOf
from commonweal.minds.memory_one import MemoryOne
from commonweal.statistics.spillover import Saturated, estimate_spillover
from commonweal.worlds.network_game import NetworkGame

BENEFIT, COST, CONTACTS, SEATS = 5, 2, 4, 40


@pytest.mark.parametrize(("mind", "known"), [(0, (9 + 1) / 3), (1, (19 + 29 + 3 + 5 + 7) / 5), (2, math.nan), (None, 73 / 8)])
def test_by_hand(month, measure, mind, known):
    # The month's payoff is the harvest less 1; a seat counts for the mind that it holds in the tick.
    first = dataclasses.replace(month([10, 20, 30, 2]), seats=Seats(jnp.asarray([0, 1, 1, 0], jnp.int32)))
    second = dataclasses.replace(month([1, 4, 6, 8]), seats=Seats(jnp.asarray([0, 1, 1, 1], jnp.int32)))
    assert measure(PayoffOf(mind), first, second) == pytest.approx(known, nan_ok=True)


def test_mistakes_are_refused():
    society = _society()
    assert PayoffOf.of(society, "giver") == PayoffOf(1)
    with pytest.raises(StudyError, match="did you mean giver"):
        PayoffOf.of(society, "givers")
    with pytest.raises(StudyError, match="payoff of mind -1"):
        PayoffOf(-1)


def _society():
    minds = Named.of(("keeper", MemoryOne.always_defect()), ("giver", MemoryOne.always_cooperate()))
    seats = Seating(SEATS, Named.of(("giver", jnp.float32(0.0))), network=Ring(CONTACTS))
    return Society(NetworkGame.donation(BENEFIT, COST), minds, seats)


def test_a_donation_game_on_a_regular_graph_has_closed_forms():
    # Each of k contacts gives to a seat with the share p of givers among the others, n p / (n - 1) seen from a keeper and
    # (n p - 1) / (n - 1) from a giver; giving costs c k. So in expectation over seatings
    #   spillover(p) = b k p n / (n - 1),   direct(p) = -c k - b k / (n - 1),   overall(p) = (b - c) k p  exactly,
    # and for large n: -c k and b k p.
    society, shares, trials = _society(), (0.0, 0.25, 0.5), 300
    metrics = Named.of(
        ("treated", PayoffOf.of(society, "giver")), ("untreated", PayoffOf.of(society, "keeper")), ("everybody", PayoffOf())
    )
    place = lens.share("giver")
    columns = []
    for number, share in enumerate(shares):
        seeds = tuple(range(number * trials, (number + 1) * trials))
        for seed, log in zip(seeds, run_batch(place.set(society, share), (), seeds, 1, metrics), strict=True):
            columns.append((share, seed, *(log.values[name] for name in ("treated", "untreated", "everybody"))))
    share, seed, *values = (np.array(column) for column in zip(*columns, strict=True))
    found = estimate_spillover(Saturated(share, seed.astype(int), *values))
    for row in found:
        p, n, k = row.share, SEATS, CONTACTS
        error = 4 / 1.96  # half an interval is about 1.96 standard errors, and four are allowed
        for estimate, known in (
            (row.direct, -COST * k - BENEFIT * k / (n - 1)),
            (row.spillover, BENEFIT * k * p * n / (n - 1)),
            (row.total, -COST * k + BENEFIT * k * (n * p - 1) / (n - 1)),
        ):
            assert abs(estimate.value - known) < error * (estimate.high - estimate.low) / 2
            assert estimate.high - estimate.low < 0.8
        assert row.overall.value == pytest.approx((BENEFIT - COST) * k * p, abs=1e-9)
        # Within one society keepers do better; the whole society does better with givers: the two effects differ in sign.
        assert row.direct.high < 0 < row.overall.value
