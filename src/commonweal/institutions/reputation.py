"""Reputation: every seat is good or bad in the public eye, by what it did to whom, and others are told.

An act is giving where its mean norm level (as the world saw it) is at least `threshold`. Who acted is assessed anew by a norm
of eight bits, one for each (own reputation, reputation of whom the act was meant for, whether it gave):

    good' = bit 4 good_i + 2 good_j + gave_i of `norm`,   then the opposite with probability `error`

    image scoring    good iff it gave                                             first order
    simple standing  bad iff it refused somebody good                             second order
    stern judging    good iff it gave to somebody good or refused somebody bad    second order
    shunning         good iff it gave to somebody good                            second order

Sixteen norms do not look at the own reputation, four of them not at the other one's. Under the leading eight of the 256 those
who act on them are stable at benefits above the cost, and with small errors, e of assessment and s of execution, refuse in
e + 2 s of cases. At twice the cost all other norms that are stable refuse in the order of sqrt(e + s).

All begin as good. Where a world names partners (`HasMeetings`) an act is judged by its target, and each seat is told the
reputation of whom its next act is meant for. Elsewhere it is judged by what most of those it may see are (good, if at least
half of them are), and each seat is told what share of them is good.

Opinions are public: one bit a seat, not one a pair of seats. What is private is error: a seat's reading is the opposite (one
minus the share) with probability `noise`, drawn anew each tick, so that two seats may disagree on somebody and no disagreement
lasts. A seat is told anything at all with probability `reach`, the q of image scoring. A reputation stays with the seat: who is
newly seated there inherits it. Units: reputations are norm levels, 0 (bad) or 1 (good).

Source: M. Nowak and K. Sigmund, "Evolution of indirect reciprocity by image scoring", Nature 393 (1998); R. Sugden, The
Economics of Rights, Co-operation and Welfare (1986), for standing; H. Ohtsuki and Y. Iwasa, "How should we define goodness?",
Journal of Theoretical Biology 231 (2004), for the eight bits and the leading eight; J. Pacheco, F. Santos and F. Chalub, PLoS
Computational Biology 2 (2006), for stern judging.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Int32, PyTree

from commonweal.core.arrays import Flags, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.facts import require_meetings
from commonweal.core.menu import standing
from commonweal.core.norms import IMAGE_SCORING, SHUNNING, SIMPLE_STANDING, STERN_JUDGING, assess, say_norm
from commonweal.core.numbers import ONE_LEVEL, mean_level
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Ruling, Tick, Told

Scope = Literal["partner", "contacts", "group", "all"]
_SCOPES = ("partner", "contacts", "group", "all")
_WHOM = {
    "partner": "the one you meet",
    "contacts": "those you are in contact with",
    "group": "the other members of your groups",
    "all": "all the others",
}


class Reputation(Institution):
    """Good or bad by a norm, and told to others.

    Raises:
        StudyError: a number is out of range; the seats have no contacts or groups, or the world names no partners, to see.

    Source: Nowak and Sigmund, Nature 393 (1998); Ohtsuki and Iwasa, Journal of Theoretical Biology 231 (2004).
    """

    kind: ClassVar[RuleKind] = RuleKind.INFORMATION
    needs_scale: ClassVar[bool] = True

    norm: Int32[Array, ""] = eqx.field(converter=whole, default=IMAGE_SCORING)
    """Eight bits, 0 to 255: who is good after an act, by 4 own + 2 other + gave."""
    reach: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a seat is told, drawn each tick, 0 (the rule is as if absent) to 1."""
    error: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability that an act is assessed as the opposite, for all to see, 0 to 1."""
    noise: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability that a seat reads the opposite of what it is told, for itself alone, 0 to 1."""
    threshold: Float[Array, ""] = eqx.field(converter=real, default=0.5)
    """Norm level from which on an act is giving, 0 to 1."""
    scope: Scope = eqx.field(static=True, default="contacts")
    """Whom acts are meant for and seats are told of: the `partner` that the world names, `contacts`, `group`s or `all`."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.scope not in _SCOPES:
            raise StudyError(f"reputation with scope {self.scope!r}; expected one of {', '.join(_SCOPES)}")
        shares = [(name, getattr(self, name), 1) for name in ("reach", "error", "noise", "threshold")]
        for name, value, top in (("norm", self.norm, 255), *shares):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= top)).all()):
                raise StudyError(f"reputation with {name} = {value.tolist()}; expected a number from 0 to {top}")

    def begin(self, seats: Seats) -> Flags:
        """Everybody is good.

        Raises:
            StudyError: there is nobody to see, by this scope.
        """
        missing = {"contacts": seats.links is None, "group": seats.groups is None}.get(self.scope, False)
        if missing:
            lacks = "network" if self.scope == "contacts" else "groups"
            raise StudyError(
                f"reputation with scope {self.scope!r} was given seats without {lacks}; expected Seating(..., {lacks}=...), or "
                "another scope"
            )
        return jnp.ones(seats.n, bool)

    def settle(self, memory: Flags, tick: Tick, key: Key) -> Ruling:
        """Assess what was done, and tell; payoffs are unchanged."""
        n = tick.seats.n
        stand = standing(tick.menu, tick.bound)
        gave = stand.level >= self.threshold
        wrong = key.child("error").chance(self.error, n)
        if self.scope == "partner":
            facts = require_meetings(tick.facts, "reputation")
            acted = stand.known & (facts.target >= 0)
            other = memory[jnp.maximum(facts.target, 0)]
            good = jnp.where(acted, assess(self.norm, memory, other, gave) ^ wrong, memory)
            read = jnp.where(good[jnp.maximum(facts.coming, 0)], ONE_LEVEL, 0)
            known = facts.coming >= 0
        else:
            seen, heads = self._seen(tick.seats, memory)
            good = jnp.where(stand.known, assess(self.norm, memory, 2 * seen >= heads, gave) ^ wrong, memory)
            seen, heads = self._seen(tick.seats, good)
            read, known = ONE_LEVEL * seen // jnp.maximum(heads, 1), heads > 0
        read = jnp.where(key.child("noise").chance(self.noise, n), ONE_LEVEL - read, read)
        known = known & key.child("reach").chance(self.reach, n)
        level = mean_level(jnp.where(known, read, 0), jnp.ones(n, jnp.int32))
        return Ruling(good, tick.payoff, public=Told(level, known))

    def _seen(self, seats: Seats, good: Flags) -> tuple[Int[Array, "a"], Int[Array, "a"]]:
        """How many of those that each seat may see are good, and how many it may see; counted once for each shared group."""
        own = good.astype(jnp.int32)
        if self.scope == "contacts":
            assert seats.links is not None
            return seats.links.sums(own), seats.links.degree
        if self.scope == "group":
            assert seats.groups is not None
            groups = seats.groups
            goods, heads = (groups & good[:, None]).sum(0, dtype=jnp.int32), groups.sum(0, dtype=jnp.int32)
            seen = jnp.where(groups, goods[None] - own[:, None], 0).sum(1, dtype=jnp.int32)
            return seen, jnp.where(groups, heads[None] - 1, 0).sum(1, dtype=jnp.int32)
        return own.sum(dtype=jnp.int32) - own, jnp.full_like(own, seats.n - 1)

    def describe(self, memory: Flags) -> str:
        """Who is held to be good, and who is told, in words; empty where nobody is."""
        reach = float(self.reach)
        if reach == 0.0:
            return ""
        norm = int(self.norm)
        names = {
            IMAGE_SCORING: "who gives is good, who does not is bad",
            SIMPLE_STANDING: "who does not give to somebody good is bad, anybody else is good",
            STERN_JUDGING: "who gives to somebody good or refuses somebody bad is good, anybody else is bad",
            SHUNNING: "who gives to somebody good is good, anybody else is bad",
        }
        words = names.get(norm, say_norm(norm))
        when = "Each round" if reach == 1.0 else f"Each round, with probability {reach:.4g},"
        words = f"Everyone has a reputation, good or bad: {words}. {when} you are told that of {_WHOM[self.scope]}."
        if float(self.error) > 0.0:
            words += f" With probability {float(self.error):.4g} an act is misjudged."
        if float(self.noise) > 0.0:
            words += f" With probability {float(self.noise):.4g} you are told the opposite."
        return words

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What this seat was told."""
        if not bool(public.known[agent]):
            return ""
        level = float(public.level[agent])
        if self.scope == "partner":
            return f"The one you meet now has a {'good' if level >= 0.5 else 'bad'} reputation."
        return f"Of {_WHOM[self.scope]}, {100 * level:.0f} % have a good reputation."
