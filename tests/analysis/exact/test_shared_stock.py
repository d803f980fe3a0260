"""The chain over stocks: against all draws of a small commons one by one, simulation by hand, and GovSim's fair share."""

import math
from itertools import product

import numpy as np
import pytest

from commonweal.analysis.exact.shared_stock import Takers, find_harvests
from commonweal.core.errors import StudyError


def follow(kinds, stock: int, months: int) -> np.ndarray:
    """What seats of each kind harvest in all the months that are left: over every draw of every seat, by recursion."""
    n = sum(kind.seats for kind in kinds)
    gained = np.zeros(len(kinds))
    if months == 0 or stock == 0:
        return gained
    fair = (stock - math.ceil(stock / 2)) / n
    draws = [kind.draw(fair) for kind in kinds for _ in range(kind.seats)]
    owners = [at for at, kind in enumerate(kinds) for _ in range(kind.seats)]
    for ups in product((0, 1), repeat=n):
        chance = math.prod(high if up else 1 - high for up, (_, high) in zip(ups, draws, strict=True))
        if chance == 0:
            continue
        amounts = [low + up for up, (low, _) in zip(ups, draws, strict=True)]
        left = stock - sum(amounts)
        own = np.zeros(len(kinds))
        for at, amount in zip(owners, amounts, strict=True):
            own[at] += amount / kinds[at].seats
        after = 0 if left < n else min(2 * left, 20 * n)
        gained += chance * (own + follow(kinds, after, months - 1))
    return gained


def test_every_draw_of_every_seat_one_by_one() -> None:
    draws = np.random.default_rng(24)
    for _ in range(3):
        kinds = (Takers(2), Takers(2, float(draws.uniform(1.05, 1.5))))
        assert find_harvests(kinds, 4) == pytest.approx(follow(kinds, 80, 4) / 4)


def test_a_draw_keeps_the_norm_level_on_average() -> None:
    draws = np.random.default_rng(5)
    for fair, greed in zip(draws.uniform(2, 10, 50), draws.uniform(1.01, 1.5, 50), strict=True):
        low, chance = Takers(1, greed).draw(fair)
        levels = [min(1.0, fair / amount) for amount in (low, low + 1)]
        assert (1 - chance) * levels[0] + chance * levels[1] == pytest.approx(1 / greed, abs=1e-3)


def test_the_patient_keep_the_stock_of_govsim_for_ever() -> None:
    """GovSim, five seats: 10 each, month after month. A lone seat of 1.5 fair shares takes 15 of 20, then 7 or 8 of 10."""
    assert find_harvests((Takers(5),), 12).tolist() == [10.0]
    assert find_harvests((Takers(1, 1.5),), 1).tolist() == [15.0]
    low, chance = Takers(1, 1.5).draw(5.0)
    assert find_harvests((Takers(1, 1.5),), 2)[0] == pytest.approx((15 + low + chance) / 2)


def test_simulation_by_hand() -> None:
    """40 seats, half of them patient, 18 months: 3,000 societies by numpy, within 4 standard errors."""
    draws, n, runs = np.random.default_rng(9), 40, 3000
    kinds = (Takers(20), Takers(20, 1.2))
    stock, paid = np.full(runs, 20 * n), np.zeros((runs, 2))
    for _ in range(18):
        fair = (stock - np.ceil(stock / 2)) / n
        taken = np.zeros((runs, 2))
        for at, kind in enumerate(kinds):
            low, chance = np.array([kind.draw(float(own)) for own in fair]).T
            taken[:, at] = kind.seats * low + draws.binomial(kind.seats, chance)
        taken[stock == 0] = 0
        paid += taken / 20 / 18
        left = stock - taken.sum(1)
        stock = np.where((left < n) | (stock == 0), 0, np.minimum(2 * left, 20 * n)).astype(int)
    exact = find_harvests(kinds, 18)
    assert (np.abs(paid.mean(0) - exact) < 4 * paid.std(0) / np.sqrt(runs)).all()


def test_errors() -> None:
    with pytest.raises(StudyError, match="greed from 1 to"):
        Takers(3, 0.5)
    with pytest.raises(StudyError, match="at least 0 seats"):
        Takers(-1)
    with pytest.raises(StudyError, match="0 seats over 3 months"):
        find_harvests((Takers(0),), 3)
