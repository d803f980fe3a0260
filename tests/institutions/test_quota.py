"""Quota against bounds worked out by hand."""

import jax.numpy as jnp
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.menu import asks_only
from commonweal.core.named import Named
from commonweal.core.questions import Amount, Choice, Record, Scale
from commonweal.core.seats import Seats
from commonweal.institutions.quota import Quota

SEATS = Seats(jnp.zeros(3, jnp.int32))
ALL = jnp.ones(3, bool)


def amount(low: list[float], high: list[float], fair: float, taking: bool = True, dtype: type = jnp.int32) -> Amount:
    return Amount(ALL, jnp.asarray(low, dtype), jnp.asarray(high, dtype), Scale(jnp.float32(fair), taking))


def narrowed(rule: Quota, question: Amount) -> Amount:
    found = rule.permit((), SEATS, Named.of(("act", question)))["act"]
    assert isinstance(found, Amount)
    return found


@pytest.mark.parametrize(
    ("multiple", "fair", "cap"),
    [(1.0, 10.4, 10), (1.5, 10.0, 15), (0.7, 10.0, 7), (0.3, 10.0, 3), (0.0, 10.0, 0), (9.0, 10.0, 90)],
)
def test_takes_at_most_the_floor_of_the_multiple(multiple: float, fair: float, cap: int) -> None:
    found = narrowed(Quota(multiple), amount([0, 0, 5], [100, 4, 100], fair))
    assert found.high.tolist() == [cap, min(cap, 4), max(cap, 5)]
    assert found.low.tolist() == [0, 0, 5]


@pytest.mark.parametrize(("multiple", "floor"), [(1.0, 10), (3.0, 4), (0.5, 20), (0.0, 100)])
def test_gives_at_least_the_ceiling_of_the_inverse(multiple: float, floor: int) -> None:
    found = narrowed(Quota(multiple), amount([0, 0, 6], [100, 8, 100], 10.0, taking=False))
    assert found.low.tolist() == [floor, min(floor, 8), max(floor, 6)]
    assert found.high.tolist() == [100, 8, 100]


def test_real_amounts_are_not_rounded() -> None:
    found = narrowed(Quota(0.5), amount([0, 0, 0], [9, 1, 9], 5.0, dtype=jnp.float32))
    assert found.high.tolist() == [2.5, 1.0, 2.5]


def test_norm_scale_and_other_questions_stay() -> None:
    free = Amount(ALL, jnp.zeros(3, jnp.int32), jnp.full(3, 9, jnp.int32))
    ballot = Choice(ALL, ("no", "yes"), jnp.asarray([0.0, 1.0]))
    both = Record(ALL, ("take", "sign"), (amount([0, 0, 0], [50, 50, 50], 10.0), ballot))
    menu = Named.of(("free", free), ("ballot", ballot), ("both", asks_only(both, ALL)))
    found = Quota(2.0).permit((), SEATS, menu)
    assert found["free"].high.tolist() == [9, 9, 9]
    assert found["ballot"] is ballot
    assert found["both"].fields[0].high.tolist() == [20, 20, 20]
    assert float(found["both"].fields[0].scale.fair) == 10.0


def test_no_quota_keeps_bounds_beyond_float32_bit_for_bit() -> None:
    large = [2**24 + 1, 2**30 + 1, 2**31 - 1]
    for taking in (True, False):
        found = narrowed(Quota(float("inf")), amount([-3, 0, 5], large, 0.0, taking))
        assert found.high.tolist() == large
        assert found.low.tolist() == [-3, 0, 5]
    # Where the quota binds at that size it is the cap to the slack of one part in a million.
    bound = narrowed(Quota(2.0), amount([0, 0, 0], large, 2.0**23)).high
    assert [abs(int(high) - 2**24) <= 17 for high in bound] == [True] * 3


def test_identity_and_books(check_inert) -> None:
    check_inert(Quota(), lambda rule: rule.multiple, float("inf"), 1.0)


def test_fair_shares_keep_the_stock_full(bench) -> None:
    # Sustainable harvest of 800 is 400 and fair share 10 each: a quota of one fair share can never shrink the stock.
    for log in bench.sweep(40, Named.of(("rule", Quota()))):
        assert log.readings["world.stock"].tolist() == [800] * bench.ticks


def test_words_and_errors() -> None:
    assert Quota(float("inf")).describe(()) == ""
    assert "at most 1.5 times your fair share" in Quota(1.5).describe(())
    with pytest.raises(StudyError, match="a quota of -1 times"):
        Quota(-1.0)
