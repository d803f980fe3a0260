"""Moderation of a channel: a seat that too many hearers report, or that falls short of the norm, is mute for a term.

One tick after a seat said something, each of its peers (`Circle`) may report it. A seat is muted when

    reports > share (peers who may report it)       or its mean norm level of this tick is below `tolerance`

and stays mute for the `term` ticks that follow the last time that this was so: no question what to say is put to it. It is
asked everything else, hears what is said, and may report. Nobody's payoff is touched.

Peers are those of the circle, whether or not a message was lost on its way to them, which no rule can see: for a channel
between contacts let them be `Circle("contacts")`. Questions that ask for words in one field of several are not moderated, nor
are those of rules that are named after this one. With a term of 0 nobody is mute, and nobody is asked to report.

Where a seat falls short of the norm with probability p at each tick, independently, and nobody reports, it is mute with
probability

    1 - (1 - p)^term

Source: J. Grimmelmann, "The virtues of moderation", Yale Journal of Law and Technology 17 (2015), for exclusion from talk as
one of its verbs, and for moderation by users; the rule and the formula are ours.
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, PyTree

from commonweal.core.arrays import Flags, Index, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu, asks_only, standing
from commonweal.core.numbers import share_of
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.peers import Circle, Regard
from commonweal.core.questions import Amount, Say
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Ruling, Tick

_LONGEST = 1 << 30


class Muted(eqx.Module):
    """What each seat is told."""

    left: Index
    """Ticks for which it is mute, the coming one included; 0: it may speak."""
    reports: Index
    """How many have just reported it."""


class Desk(eqx.Module):
    """What the moderator remembers."""

    regard: Regard
    """The time, and the last reports."""
    spoke: Flags
    """Who said something that may now be reported."""
    left: Index
    """Ticks for which each seat is mute, the coming one included; 0: it may speak."""


class Moderation(Institution):
    """Seats that are reported, or offend, may not speak for a term.

    Raises:
        StudyError: a number is out of range; in a trial, there is no network or group to report in, or a question that is
            named does not ask for words.

    Source: Grimmelmann, Yale Journal of Law and Technology 17 (2015).
    """

    kind: ClassVar[RuleKind] = RuleKind.INFORMATION

    term: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """Ticks for which a seat is mute, 0 (the rule is as if absent) to 2^30."""
    share: Float[Array, ""] = eqx.field(converter=real, default=0.5)
    """Share of the hearers that must be exceeded, 0 (one report is enough) to 1 (nobody is asked to report)."""
    tolerance: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Norm level below which an act mutes, 0 (no act does) to 1."""
    circle: Circle = Circle()
    """Who may report whom, and when."""
    said: tuple[str, ...] = eqx.field(static=True, default=())
    """Names of the questions what to say; empty: all that there are, and where there are none the rule has nothing to do."""
    question: str = eqx.field(static=True, default="report")
    """Name of the question: two such rules in one society need two."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, value, top in (("term", self.term, _LONGEST), ("share", self.share, 1), ("tolerance", self.tolerance, 1)):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= top)).all()):
                raise StudyError(f"a moderation with {name} = {value.tolist()}; expected a number from 0 to {top}")

    def begin(self, seats: Seats) -> Desk:
        """Nobody has said anything, and everybody may.

        Raises:
            StudyError: there is nobody to report, by this scope.
        """
        none = jnp.zeros(seats.n, jnp.int32)
        return Desk(self.circle.begin(seats), none > 0, none)

    def moderated(self, menu: Menu) -> tuple[str, ...]:
        """The questions of a menu in which those who are mute are not asked what to say.

        Raises:
            StudyError: one that is named is not there, or does not ask for words.
        """
        for name in self.said:
            if not isinstance(menu[name], Say):
                raise StudyError(
                    f"a moderation of what is said in {name!r}, which is a question of kind {menu[name].kind!r}; expected one "
                    "of kind 'say': name the question of the channel, or none for all that ask for words"
                )
        return self.said or tuple(name for name, question in menu.items() if isinstance(question, Say))

    def permit(self, memory: Desk, seats: Seats, menu: Menu) -> Menu:
        """The menu with nothing to say for those who are mute, and the question whom to report."""
        # Asked before anybody is silenced: a menu in which talk is all that is left must not end with it.
        asks = (self.term > 0) & (self.share < 1.0) & self.circle.due(memory.regard, menu)
        for name in self.moderated(menu):
            menu = menu.replace(name, asks_only(menu[name], memory.left == 0))
        to = self.circle.slots(seats).to
        high = ((to >= 0) & memory.spoke[jnp.maximum(to, 0)]).astype(jnp.int32)
        return menu.add(self.question, Amount(high.any(1) & asks, jnp.zeros_like(high), high, to=to, unit="reports"))

    def settle(self, memory: Desk, tick: Tick, key: Key) -> Ruling:
        """Count reports, look at acts, and mute; payoffs are unchanged."""
        slots, question = self.circle.slots(tick.seats), tick.menu[self.question]
        assert isinstance(question, Amount)
        asked = question.asked[:, None]
        by = slots.met(jnp.where(asked, tick.bound[self.question], 0))
        hearers = slots.met(jnp.where(asked, question.high, 0)).sum(1, dtype=jnp.int32)
        reports = by.sum(1, dtype=jnp.int32)
        stand = standing(tick.menu, tick.bound)
        short = stand.known & (stand.level < self.tolerance)
        left = jnp.where((reports > share_of(hearers, self.share)) | short, self.term, jnp.maximum(memory.left - 1, 0))
        # What was said waits until there is a time to report it.
        reported = self.circle.period == 1 or self.circle.due(memory.regard, tick.menu)
        spoke = self._spoke(tick) | (memory.spoke & ~jnp.asarray(reported))
        after = Desk(self.circle.after(memory.regard, tick, by), spoke, left)
        return Ruling(after, tick.payoff, public=Muted(left, reports))

    def _spoke(self, tick: Tick) -> Flags:
        """Who said anything this tick."""
        spoke = jnp.zeros(tick.seats.n, bool)
        for name in self.moderated(tick.menu):
            act = tick.bound[name]
            spoke = spoke | (tick.answered[name] & (act >= 0 if act.ndim == 1 else (act != 0).any(1)))
        return spoke

    def describe(self, memory: Desk) -> str:
        """The rule in words; empty where nobody is ever mute."""
        term, share, tolerance = int(self.term), float(self.share), float(self.tolerance)
        ways: list[str] = []
        if share < 1.0:
            ways.append(f"whom more than {share:.4g} of those who could hear it have reported for what it said")
        if tolerance > 0.0:
            ways.append(f"whose acts fall below {tolerance:.4g} of the norm")
        if term == 0 or not ways:
            return ""
        return (
            f"A seat {', or '.join(ways)}, may say nothing for {term} round{'s' if term > 1 else ''}. It still hears what is "
            f"said. Mute now: {int((memory.left > 0).sum())}."
        )

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """Whether this seat may speak, and how many reported it."""
        left, reports = int(public.left[agent]), int(public.reports[agent])
        words = [f"Others reported what you said: {reports}."] if reports else []
        if left:
            words.append(f"You may say nothing for {left} more round{'s' if left > 1 else ''}.")
        return " ".join(words)
