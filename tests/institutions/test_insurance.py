"""Insurance: premiums and payments against whole-number arithmetic in Python, the ledger, and what is not insured."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Complete
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.institutions.insurance import Insurance
from commonweal.minds.retributive import Retributive
from commonweal.testing import check_institution
from commonweal.worlds.conflict import Conflict

TICKS, N = 12, 8


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Insurance(premium=2, floor=9, cover=0.5), Insurance(premium=0, floor=9, endowment=100))


def by_hand(made, purse, rule: dict[str, int], pool: int):
    """One tick in Python's whole numbers: payoffs, and the pool after it. Shares are whole percents."""
    premium = [min(rule["premium"], max(own + got, 0)) for own, got in zip(purse, made, strict=True)]
    pool += sum(premium)
    claims = [
        max(0, rule["floor"] - got) * rule["percent"] // 100 if paid == rule["premium"] > 0 else 0
        for got, paid in zip(made, premium, strict=True)
    ]
    paid = [claim * pool // sum(claims) if sum(claims) > pool else claim for claim in claims]
    return [got - fee + back for got, fee, back in zip(made, premium, paid, strict=True)], pool - sum(paid)


@pytest.mark.slow
def test_every_tick_against_whole_numbers() -> None:
    """Three random insurances among some that attack now and then: seats that own nothing, and pools that run short."""
    draws = np.random.default_rng(1963)
    for _ in range(3):
        rule = {
            "premium": int(draws.integers(1, 6)),
            "floor": int(draws.integers(0, 12)),
            "percent": int(draws.integers(30, 101)),
        }
        pool = int(draws.integers(0, 30))
        insurance = Insurance(rule["premium"], rule["floor"], rule["percent"] / 100, pool)
        minds = Named.of(("wild", Retributive(attack=0.4)))
        society = Society(Conflict(2, 4), minds, Seating(N, network=Complete()), Named.of(("insurance", insurance)))
        log = run(society, 1, TICKS, record=("payoff", "purse"))
        bare = run(Society(Conflict(2, 4), minds, Seating(N, network=Complete())), 1, TICKS, record=("payoff",))
        start = pool
        purse = [0] * N
        for tick in range(TICKS):
            made = bare.traces["payoff"][tick].tolist()
            expected, pool = by_hand(made, purse, rule, pool)
            assert log.traces["payoff"][tick].tolist() == expected
            purse = [own + got for own, got in zip(purse, expected, strict=True)]
        assert log.readings["ledger.held"].sum() == pool - start
        assert log.readings["ledger.burnt"].sum() == 0


@pytest.mark.slow
def test_who_owns_nothing_pays_nothing_and_is_not_insured() -> None:
    """Hawks lose 4 half tokens to each other a round, from purses of 0: a large pool is of no use to them."""
    minds = Named.of(("hawk", Retributive.hawk()))
    rule = Insurance(1, 0, 1.0, 10**6)
    society = Society(Conflict(2, 6), minds, Seating(N, network=Complete()), Named.of(("insurance", rule)))
    payoff = run(society, 1, TICKS, record=("payoff",)).traces["payoff"]
    assert (payoff == -4 * (N - 1)).all()


def test_words_and_limits() -> None:
    rule = Insurance(premium=2, floor=5, cover=0.5)
    assert "pays 2 units" in rule.describe(jnp.int32(7))
    assert "holds 7 now" in rule.describe(jnp.int32(7))
    assert Insurance(premium=0).describe(jnp.int32(0)) == ""
    for name, wrong in (("premium", {"premium": -1}), ("cover", {"cover": 1.5}), ("endowment", {"endowment": -2})):
        with pytest.raises(StudyError, match=name):
            Insurance(**wrong)
