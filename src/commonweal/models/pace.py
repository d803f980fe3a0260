"""A rate that is kept: a bucket that fills evenly and is drawn from.

Source: the token bucket of RFC 2697, section 3, with one rate and one burst.
"""

from __future__ import annotations

import time


class Pace:
    """A bucket that fills by `per_minute` a minute; a tenth of a minute's worth, or one draw, may be drawn at once.

    Args:
        per_minute: the rate, > 0; None: as much as anybody wants.
    """

    def __init__(self, per_minute: float | None) -> None:
        self.rate = None if per_minute is None else per_minute / 60.0
        self.free_at = 0.0

    def due(self, amount: float) -> float:
        """When so much may be drawn, on the monotonic clock.

        Args:
            amount: in units of the rate, >= 0.
        """
        if self.rate is None:
            return 0.0
        return max(self.free_at, time.monotonic() - max(6.0, amount / self.rate)) + amount / self.rate

    def draw(self, amount: float) -> None:
        """Draw so much, due or not.

        Args:
            amount: in units of the rate, >= 0.
        """
        if self.rate is not None:
            self.free_at = self.due(amount)
