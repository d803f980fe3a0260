"""What a seat owns at the end, in the world's own currency.

    holdings = sum of purses at the end / (n units_per_token)

in tokens: ledger units over the world's units in a token. In a game of one generation it is the final resources of the donor
game; over several, what all of them left. What rules burnt or hold is no seat's.

Source: A. Vallinder and E. Hughes, arXiv 2412.10270 (2024): average final resources.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class Holdings(EndMetric):
    """The mean purse at the end, in tokens of the world.

    `Holdings(DonorGame.units_per_token)` reads the purses of that world.

    Raises:
        StudyError: fewer than one unit in a token.
    """

    unit: ClassVar[str] = "tokens"
    low: ClassVar[float] = float("-inf")
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Vallinder and Hughes, arXiv 2412.10270 (2024): average final resources"
    null: ClassVar[str] = "the endowment where nothing is paid"

    units_per_token: int = eqx.field(static=True, default=1)
    """Ledger units in a token of the world, at least 1."""

    def __check_init__(self) -> None:
        """Refuse a token of nothing."""
        if self.units_per_token < 1:
            raise StudyError(
                f"holdings in tokens of {self.units_per_token} units; expected at least 1: the world's units_per_token"
            )

    def read(self, end: End) -> Named[Total]:
        """`purse` of all seats together, ledger units, and `seats`."""
        return Named.of(("purse", total(end.purse)), ("seats", total(jnp.ones(end.purse.shape, bool))))

    def value(self, readings: Readings) -> float:
        """Tokens a seat."""
        return float(readings["purse"][0] / (readings["seats"][0] * self.units_per_token))
