"""What a run may spend on language models, and the meter that keeps it to that.

A call is let through when what was spent, what the calls in flight may cost at most, and what it may cost itself stay within
the budget. So a budget is never overdrawn, and a run that meets it stops between two calls.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields

from commonweal.core.errors import BudgetSpentError, StudyError
from commonweal.models.model import Usage

Price = Callable[[Usage], float | None]
"""What a usage costs in US dollars; None: nobody knows."""


@dataclass(frozen=True)
class Budget:
    """The most that a run may spend. None: no limit.

    Raises:
        StudyError: a limit is negative or no number.

    Source: own definition.
    """

    calls: int | None = None
    """Calls of language models, tries included."""
    tokens: int | None = None
    """Tokens read and written together."""
    usd: float | None = None
    """US dollars, by the price table in force."""
    seconds: float | None = None
    """Wall time of one `run`, in seconds."""

    def __post_init__(self) -> None:
        """Refuse limits that are none."""
        for limit in fields(self):
            value = getattr(self, limit.name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise StudyError(f"a budget of {value} {limit.name}; expected 0 or more, or no limit")

    def within(self, other: Budget) -> Budget:
        """The tighter of two budgets, limit by limit."""

        def least(one: float | None, two: float | None) -> float | None:
            return min((limit for limit in (one, two) if limit is not None), default=None)

        calls, tokens = least(self.calls, other.calls), least(self.tokens, other.tokens)
        return Budget(
            None if calls is None else int(calls),
            None if tokens is None else int(tokens),
            least(self.usd, other.usd),
            least(self.seconds, other.seconds),
        )


@dataclass
class Meter:
    """What a run has spent and has promised to calls in flight.

    Args:
        budget: the limits.
        price: what a usage costs.
        spent: what the run's folder has paid for already, in earlier sittings.

    Raises:
        StudyError: a budget in dollars for calls of unknown price.
    """

    budget: Budget = field(default_factory=Budget)
    price: Price = field(default=lambda usage: 0.0)
    spent: Usage = field(default_factory=Usage)
    promised: Usage = field(default_factory=Usage)
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Refuse a limit that cannot be watched."""
        if self.budget.usd is not None and self.price(Usage(1, 1, 1)) is None:
            raise StudyError(
                f"a budget of {self.budget.usd} US dollars, for a model of unknown price; give its price with --prices "
                "FILE, or a budget in tokens"
            )

    def promise(self, most: Usage) -> None:
        """Set aside what a call may cost at most.

        Args:
            most: its cost at most.

        Raises:
            BudgetSpentError: the budget does not hold it.
        """
        total = self.spent + self.promised + most
        limits = self.budget
        dollars = None if limits.usd is None else self.price(total)
        for what, amount, limit in (
            ("calls", total.calls, limits.calls),
            ("tokens", total.prompt_tokens + total.new_tokens, limits.tokens),
            ("US dollars", dollars, limits.usd),
            ("seconds", time.monotonic() - self.began, limits.seconds),
        ):
            if amount is not None and limit is not None and amount > limit:
                raise BudgetSpentError(
                    f"the budget of {limit:g} {what} is spent: {self.words()}; expected room for one more call. What is "
                    "finished is kept: raise the budget and run again"
                )
        self.promised = self.promised + most

    def settle(self, most: Usage, used: Usage) -> None:
        """Put what a call did cost in the place of what was set aside for it.

        Args:
            most: what was promised.
            used: what it cost.
        """
        self.promised = _less(self.promised, most)
        self.spent = self.spent + used

    def words(self) -> str:
        """What was spent, in words."""
        dollars = self.price(self.spent)
        money = "" if not dollars else f", {dollars:.2f} US dollars"
        return f"{self.spent.calls:,} calls, {self.spent.prompt_tokens + self.spent.new_tokens:,} tokens{money}"


def _less(one: Usage, two: Usage) -> Usage:
    return Usage(
        one.calls - two.calls, one.prompt_tokens - two.prompt_tokens, one.new_tokens - two.new_tokens, one.seconds - two.seconds
    )
