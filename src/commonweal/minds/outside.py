"""Seats held by outside processes: an agent harness, a foreign entity, a person at a pipe. Offer in, answer out.

What the process is, is none of our business: each asked seat becomes an offer at the run's desk, and whoever leases it has
until the deadline to answer. Then the question's default stands, with an incident `default` in the log. Answers are kept
in the store of replies before they are used: a run that was killed, and a replay, need no process for what is answered.

Source: own definition.
"""

from __future__ import annotations

import math
from typing import ClassVar

import equinox as eqx

from commonweal.core.errors import StudyError
from commonweal.core.parts import HostedMind
from commonweal.core.views import HostedDecision, Incident, Words
from commonweal.minds.desk import NAME, Desk, seat_digest
from commonweal.minds.offers import NOTES, open_asks
from commonweal.minds.prompts import sure_answers

LONGEST_S = 86_400.0
"""Longest deadline, in seconds: a day."""


class Outside(HostedMind):
    """A mind that an outside process holds. Its seats share a queue at the desk; each has notes of its own.

    Two offers of the same words and key are the same offer: cells of a study that share their draws share such an answer.

    Raises:
        StudyError: the name cannot stand in an address, or the deadline is no time.
    """

    slots: ClassVar[int] = NOTES
    bound: ClassVar[tuple[str, ...]] = ("desk",)

    name: str = eqx.field(static=True, default="outside")
    """The queue that holds its seats: 1 to 64 of A-Z a-z 0-9 . _ -"""
    deadline_s: float = eqx.field(static=True, default=60.0)
    """Seconds to answer an offer, above 0 and at most a day, from when it is first leased; then the question's default stands.
    An offer that nobody leases waits as long, and longer while others of its queue are answered."""
    desk: Desk | None = eqx.field(static=True, default=None)
    """Where offers are put; None: a society with this mind can be described but not run. A run gives it one."""

    def __check_init__(self) -> None:
        """Refuse impossible parameters before anything runs."""
        if not NAME.fullmatch(self.name):
            raise StudyError(f"an outside mind named {self.name!r}; expected 1 to 64 of A-Z a-z 0-9 . _ -: rename it")
        if not (math.isfinite(self.deadline_s) and 0 < self.deadline_s <= LONGEST_S):
            raise StudyError(f"an outside mind with a deadline of {self.deadline_s} s; expected above 0, at most {LONGEST_S:g}")

    @property
    def digest(self) -> str:
        """The queue's name and the version of the protocol: the same with a desk and without."""
        return seat_digest(self.name)

    async def act(self, words: Words, key: int) -> HostedDecision:
        """Offer one asked seat, and take its answer or its defaults. Nothing is offered where nothing can be decided.

        Args:
            words: what the seat reads.
            key: the seat's draw.

        Raises:
            StudyError: there is no desk.
            TransientModelError: the desk was closed.
            LogError: the store of replies cannot be used.
        """
        if self.desk is None:
            raise StudyError(
                "the society has seats held from outside and no desk to offer them at; run it as a study, or give its mind "
                'one, as in Outside(desk=Desk(("outside",))), or take its seats away'
            )
        sure, asks = sure_answers(words.asks), open_asks(words)
        if not asks:
            return HostedDecision(sure, words.memory)
        outcome = await self.desk.ask(self.name, words, key, self.deadline_s)
        given = outcome.given
        if given is None:
            missed = tuple(Incident("default", ask.name, f"no answer within {self.deadline_s:g} s") for ask in asks)
            return HostedDecision(sure, words.memory, missed, seconds=outcome.seconds)
        repair = f"answered after {given.refused} illegal answers"
        return HostedDecision(
            {**sure, **given.acts},
            words.memory if given.remember is None else given.remember,
            (Incident("repair", asks[0].name, repair),) if given.refused else (),
            seconds=outcome.seconds,
        )
