"""What two perfectly rational sides agree on when they make offers in turns, exactly.

Both sides see a fund of 1; who moves asks for a share of it, and the other accepts or refuses; a refusal leaves a share d of
the fund and the move to the other side. By backward induction the mover asks for all but what the other could get by refusing,

    x_1 = 1,    x_n = 1 - d x_(n - 1)          x_n: the mover's share with n offers left

so that x_n = (1 - (-d)^n) / (1 + d), which goes to 1 / (1 + d). Where the sides melt differently, d of the mover and e of the
other, offers without an end give the mover (1 - e) / (1 - d e).

Source: A. Rubinstein, "Perfect equilibrium in a bargaining model", Econometrica 50 (1982); I. Ståhl, Bargaining Theory (1972).
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeVar

from commonweal.core.errors import StudyError

Number = TypeVar("Number", float, Fraction)


def divide(patience: Number, offers: int) -> Number:
    """The mover's share with this many offers left, by backward induction, in the arithmetic of `patience`.

    Args:
        patience: share of the fund that a refusal leaves, 0 to 1: a float, or a fraction for an exact answer.
        offers: at least 1.

    Raises:
        StudyError: a number is out of range.

    Source: Ståhl, Bargaining Theory (1972).
    """
    if offers < 1 or not 0 <= patience <= 1:
        raise StudyError(f"{offers} offers at a patience of {patience}; expected at least 1, and a share from 0 to 1")
    share = patience * 0 + 1
    for _ in range(offers - 1):
        share = 1 - patience * share
    return share


def divide_forever(mover: float, other: float | None = None) -> float:
    """The mover's share where offers have no end.

    Args:
        mover: the share of the fund that a refusal leaves for who moves first, 0 to 1.
        other: likewise for the other side; None: the same.

    Raises:
        StudyError: a patience is no share, or both are 1: then every division is an equilibrium.

    Source: Rubinstein, Econometrica 50 (1982).
    """
    other = mover if other is None else other
    if not (0 <= mover <= 1 and 0 <= other <= 1) or mover * other == 1:
        raise StudyError(f"patience of {mover:g} and {other:g}; expected shares from 0 to 1, one of them below 1")
    return (1 - other) / (1 - mover * other)
