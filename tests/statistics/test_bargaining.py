"""Shares under alternating offers against closed forms and a game tree that is searched."""

from fractions import Fraction

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.statistics.bargaining import divide, divide_forever


def searched(patience: Fraction, offers: int, steps: int) -> Fraction:
    """The mover's best share of the fund, by search over every demand in whole steps; of equals the other side accepts."""
    if offers == 0:
        return Fraction(0)
    later = patience * searched(patience, offers - 1, steps)
    # The other side accepts what is worth no less to it than to move next.
    return max(
        Fraction(ask, steps) if 1 - Fraction(ask, steps) >= later else patience * (1 - searched(patience, offers - 1, steps))
        for ask in range(steps + 1)
    )


def test_closed_form() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        patience, offers = Fraction(int(rng.integers(0, 100)), 100), int(rng.integers(1, 30))
        assert divide(patience, offers) == (1 - (-patience) ** offers) / (1 + patience)
        assert divide(float(patience), offers) == pytest.approx(float(divide(patience, offers)))
    assert [divide(Fraction(1, 2), n) for n in (1, 2, 3)] == [1, Fraction(1, 2), Fraction(3, 4)]


def test_game_tree() -> None:
    for patience in (Fraction(1, 2), Fraction(1, 4)):
        for offers in (1, 2, 3):
            # Shares are multiples of 1 / 16 here, so that the search over sixteenths is exact.
            assert searched(patience, offers, 16) == divide(patience, offers)


def test_without_an_end() -> None:
    assert divide_forever(0.9) == pytest.approx(1 / 1.9)
    assert divide(0.9, 400) == pytest.approx(divide_forever(0.9))
    assert divide_forever(0.9, 0.6) == pytest.approx(0.4 / 0.46)
    # The two stationary demands: each makes the other indifferent between accepting and moving next.
    rng = np.random.default_rng(2)
    for mover, other in rng.random((20, 2)):
        x, y = divide_forever(mover, other), divide_forever(other, mover)
        assert 1 - x == pytest.approx(other * y)
        assert 1 - y == pytest.approx(mover * x)


def test_errors() -> None:
    with pytest.raises(StudyError, match="0 offers"):
        divide(0.5, 0)
    with pytest.raises(StudyError, match="patience of 1 and 1"):
        divide_forever(1.0)
