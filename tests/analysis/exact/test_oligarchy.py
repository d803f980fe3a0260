"""The mean field against the closed form, an integrated flow, and gains enumerated pair by pair."""

import dataclasses

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from commonweal.analysis.exact.oligarchy import Economy, follow, rest_share
from commonweal.core.errors import StudyError

FREE = Economy(seats=100_000, turnover=1.0, advantage=4e-9, sway=6e-9, tax=0.0, effort=0.0)


def test_rest_share_is_the_stable_point_of_the_flow() -> None:
    random = np.random.default_rng(1)
    for zeta, chi in random.uniform(0.1, 2.0, (20, 2)):
        flow = solve_ivp(lambda t, c, zeta=zeta, chi=chi: zeta * c * (1 - c) - chi * c, (0, 4000), [0.5], rtol=1e-9)
        assert flow.y[0, -1] == pytest.approx(rest_share(zeta, chi), abs=0.02 if abs(zeta - chi) < 0.02 else 1e-4)
    assert rest_share(0.0, 0.0) == 0.0


def test_many_seats_follow_the_logistic_curve_of_wealth_and_bought_influence() -> None:
    """With every seat spending alike, zeta = b (advantage + sway) whichever of the two it is made of.

    The coin may lean little, or an oligarch among so many seats would be sure to win: b is large instead.
    """
    seats, zeta = 100_000, 0.02
    for chi, part in ((0.005, 1.0), (0.012, 0.3), (0.03, 0.0)):
        economy = Economy(seats, float(seats), part * zeta / seats, (1 - part) * zeta / seats, chi, 1e-9)
        assert economy.zeta == pytest.approx(zeta)
        path, rate = follow(economy, 0.5, 400), zeta - chi
        # In the first tick there is no trade. A tick at a time the curve is a map, which strays from it by about chi.
        known = rate / (zeta + (rate / path[1] - zeta) * np.exp(-rate * np.arange(400)))
        assert np.abs(path[1:] - known).max() < 0.01
        traded = path[1:-1] + zeta * path[1:-1] * (1 - path[1:-1])
        assert path[2:] == pytest.approx((1 - chi) * traded, abs=1e-6)


def test_gains_are_those_of_all_pairs() -> None:
    """One tick of trade among 10 seats in three classes, summed over pairs."""
    economy = Economy(10, 0.4, 0.02, 0.03, 0.0, 0.01, coalition=4)
    wealth = np.asarray([0.4, 0.24, 0.36])
    spent, influence = economy.influence(wealth)
    assert spent == pytest.approx(0.01 * wealth)
    assert influence == pytest.approx([0.64, 0.0, 0.06])
    after = economy.step(wealth, trades=True)
    seat_class = [0] + [1] * 3 + [2] * 6
    paid = wealth - spent + (economy.counts * spent.sum() - spent) / 9
    own = np.asarray([paid[k] / economy.counts[k] for k in seat_class])
    power = np.asarray([influence[k] for k in seat_class])
    gains = np.zeros(10)
    for i in range(10):
        for j in range(10):
            lean = 10 * (0.02 * (own[i] - own[j]) + 0.03 * (power[i] - power[j]))
            gains[i] += 0.4 / 9 * min(own[i], own[j]) * np.clip(lean, -1, 1) * (i != j)
    for k in range(3):
        assert after[k] == pytest.approx(paid[k] + gains[[c == k for c in seat_class]].sum(), abs=1e-12)


def test_wealth_is_conserved_and_rules_take_from_the_leader() -> None:
    base = Economy(200, 1.6, 0.003, 0.003, 0.003, 0.001)
    wealth = np.asarray([0.5, 0.0, 0.5])
    for _ in range(50):
        wealth = base.step(wealth, trades=True)
        assert wealth.sum() == pytest.approx(1.0)
    ends = {
        name: follow(dataclasses.replace(base, **change), 0.5, 500)[-1]
        for name, change in (
            ("none", {}),
            ("cap", {"cap": 0.005}),
            ("votes", {"franchise": 1.0}),
            ("tax", {"tax": 0.008}),
            ("coalition", {"coalition": 20}),
        )
    }
    assert ends["none"] == pytest.approx(1 - 0.004 / 0.0096, abs=0.02)  # what is spent comes back to all: a tax more
    assert ends["coalition"] > ends["none"] > max(ends["cap"], ends["votes"]) > ends["tax"]


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(StudyError, match="5 of 5 seats"):
        Economy(5, 1.0, 0.0, 0.0, 0.0, 0.0, coalition=5)
    with pytest.raises(StudyError, match="expected rates"):
        Economy(5, 1.0, 0.0, 0.0, 1.5, 0.0)
    with pytest.raises(StudyError, match="at least 1 tick"):
        follow(FREE, 0.5, 0)
    with pytest.raises(StudyError, match="rates of at least 0"):
        rest_share(-1.0, 0.0)
