"""Gossip: every seat holds its own opinion of every other, good or bad, by what it saw and by what it was told in talk.

An act is giving where its mean norm level (as the world saw it) is at least `threshold`. Who acts, and whom the act is meant
for, see it; each other seat does with probability `seen`. Who sees it assesses the actor anew, in its own eyes, by a norm of
eight bits (as in public reputation: image scoring is 170, simple standing 187, stern judging 153, shunning 136):

    m_ik' = bit 4 m_ik + 2 m_ij + gave_k of `norm`,   then the opposite with probability `error`, each observer for itself

where m_ik says that seat i holds k good, and j is whom k's act was meant for. Then follow `rounds` rounds of talk, in each of
which every seat asks another one, drawn at random, what it holds of everybody: it takes over each opinion, as it was before the
round, with probability `trust`, and mishears each as its opposite with probability `noise`. What is said of one seat is a voter
model. Where any two of n seats may talk, the chance D that two opinions of a seat differ changes in a round without noise as

    D' = D (1 - 2 trust (1 - trust) / (n - 1) - trust^2 (n - 2) / (n - 1)^2)

so that much talk brings one opinion of everybody, as in public reputation. Without talk all is left to private assessment: two
seats that disagree on somebody assess those who meet it differently, and disagreement spreads. Under stern judging half of all
opinions end good then, however rare errors are. With noise of one half what is heard is a coin flip.

All begin as good to all. Where a world names partners (`HasMeetings`), an act is judged by its target, and each seat is told
what it holds itself of whom its next act is meant for. Elsewhere an act is judged by what the observer holds of most of those
that the actor may see (good, if at least half of them are), and each seat is told what share of those it may see it holds good.
A seat holds an opinion of itself as well, which it forms and talks of as of any other, and never acts on. A seat is told
anything with probability `reach`. If all see all and nobody errs or mishears, every seat is told what public
reputation would tell it.

Opinions are one byte for each pair of seats: at most 10,000 seats. Opinions of a seat, and those that it holds, stay with the
seat: who is newly seated there inherits both. Units: what is told is a norm level, 0 (bad) to 1 (good).

Source: C. Hilbe, L. Schmid, J. Tkadlec, K. Chatterjee and M. Nowak, "Indirect reciprocity with private, noisy, and incomplete
information", PNAS 115 (2018), for private assessment; S. Uchida and T. Sasaki, "Effect of assessment error and private
information on stern-judging in indirect reciprocity", Chaos, Solitons & Fractals 56 (2013); M. Kawakatsu, T. Kessinger and J.
Plotkin, "A mechanistic model of gossip, reputations, and cooperation", PNAS 121 (2024), for talk with peers; H. Ohtsuki and Y.
Iwasa, Journal of Theoretical Biology 231 (2004), for the eight bits.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Int32, PyTree

from commonweal.core.arrays import Index, real, whole
from commonweal.core.branches import apart
from commonweal.core.errors import StudyError
from commonweal.core.facts import require_meetings
from commonweal.core.menu import standing
from commonweal.core.norms import IMAGE_SCORING, assess, say_norm
from commonweal.core.numbers import ONE_LEVEL, mean_level
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Ruling, Tick, Told

Scope = Literal["partner", "contacts", "all"]
Talk = Literal["contacts", "all"]
Opinions = Bool[Array, "a a"]
"""Row i: whom seat i holds to be good."""
_SCOPES = ("partner", "contacts", "all")
_TALKS = ("contacts", "all")
_WHOM = {"contacts": "those you are in contact with", "all": "all the others"}
_MOST_SEATS = 10_000
_MOST_ROUNDS = 1000


class Gossip(Institution):
    """Good or bad in each seat's own eyes, by a norm, and talked of.

    Raises:
        StudyError: a number is out of range; there are too many seats; the seats have no contacts, or the world names no
            partners, to see.

    Source: Hilbe et al., PNAS 115 (2018); Kawakatsu, Kessinger and Plotkin, PNAS 121 (2024).
    """

    kind: ClassVar[RuleKind] = RuleKind.INFORMATION
    needs_scale: ClassVar[bool] = True

    norm: Int32[Array, ""] = eqx.field(converter=whole, default=IMAGE_SCORING)
    """Eight bits, 0 to 255: who is good after an act, by 4 own + 2 other + gave. By default image scoring."""
    seen: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a seat sees an act in which it has no part, drawn for each pair of seats, 0 to 1."""
    error: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability that an observer assesses an act as the opposite, for itself alone, 0 to 1."""
    rounds: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """Rounds of talk a tick, 0 to 1,000."""
    trust: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a seat takes over an opinion that it is told in talk, 0 to 1."""
    noise: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability that it mishears an opinion as its opposite, 0 to 1."""
    reach: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a seat is told what it holds of others, drawn each tick, 0 (the rule is as if absent) to 1."""
    threshold: Float[Array, ""] = eqx.field(converter=real, default=0.5)
    """Norm level from which on an act is giving, 0 to 1."""
    scope: Scope = eqx.field(static=True, default="contacts")
    """Whom acts are meant for and seats are told of: the `partner` that the world names, `contacts` or `all`."""
    talk: Talk = eqx.field(static=True, default="all")
    """Who is asked in talk: one of a seat's `contacts`, or of `all` others."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for what, value, known in (("scope", self.scope, _SCOPES), ("talk", self.talk, _TALKS)):
            if value not in known:
                raise StudyError(f"gossip with {what} {value!r}; expected one of {', '.join(known)}")
        shares = [(name, getattr(self, name), 1) for name in ("seen", "error", "trust", "noise", "reach", "threshold")]
        for name, value, top in (("norm", self.norm, 255), ("rounds", self.rounds, _MOST_ROUNDS), *shares):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= top)).all()):
                raise StudyError(f"gossip with {name} = {value.tolist()}; expected a number from 0 to {top}")

    def begin(self, seats: Seats) -> Opinions:
        """Everybody is good in everybody's eyes.

        Raises:
            StudyError: there are too many seats, or no contacts where these are asked for.
        """
        if seats.n > _MOST_SEATS:
            raise StudyError(
                f"gossip among {seats.n} seats, which would hold {seats.n**2} opinions; expected at most {_MOST_SEATS} seats: "
                "public reputation holds one opinion a seat"
            )
        if seats.links is None and "contacts" in (self.scope, self.talk):
            raise StudyError(
                f"gossip with scope {self.scope!r} and talk {self.talk!r} was given seats without network; expected "
                "Seating(..., network=...), or others than contacts"
            )
        return jnp.ones((seats.n, seats.n), bool)

    def settle(self, memory: Opinions, tick: Tick, key: Key) -> Ruling:
        """See and assess what was done, talk, and tell; payoffs are unchanged."""
        n = tick.seats.n
        coming = require_meetings(tick.facts, "gossip").coming if self.scope == "partner" else None
        opinions = self.spread(self.observe(memory, tick, key), tick.seats, key.child("talk"))
        if coming is None:
            goods, heads = self._goods(tick.seats, opinions)
            read, known = ONE_LEVEL * jnp.diagonal(goods) // jnp.maximum(heads, 1), heads > 0
        else:
            read = jnp.where(opinions[jnp.arange(n), jnp.maximum(coming, 0)], ONE_LEVEL, 0)
            known = coming >= 0
        known = known & key.child("reach").chance(self.reach, n)
        level = mean_level(jnp.where(known, read, 0), jnp.ones(n, jnp.int32))
        return Ruling(opinions, tick.payoff, public=Told(level, known))

    def observe(self, opinions: Opinions, tick: Tick, key: Key) -> Opinions:
        """Opinions after everybody assessed, for itself, the acts that it saw.

        Args:
            opinions: [a, a] before.
            tick: what was done.
            key: whose children `seen` and `error` are drawn from.
        """
        n = tick.seats.n
        stand = standing(tick.menu, tick.bound)
        gave, acted = stand.level >= self.threshold, stand.known
        sees = key.child("seen").chance(self.seen, (n, n)) | jnp.eye(n, dtype=bool)
        if self.scope == "partner":
            target = require_meetings(tick.facts, "gossip").target
            acted = acted & (target >= 0)
            # Read once for each seat, not once for each pair.
            target = apart(jnp.maximum(target, 0), (key.first | 1) > 0)
            other = opinions[:, target]
            sees = sees | (jnp.arange(n)[:, None] == target[None])
        else:
            goods, heads = self._goods(tick.seats, opinions)
            other = 2 * goods >= heads
        judged = assess(self.norm, opinions, other, gave) ^ key.child("error").chance(self.error, (n, n))
        return jnp.where(sees & acted, judged, opinions)

    def spread(self, opinions: Opinions, seats: Seats, key: Key) -> Opinions:
        """Opinions after all rounds of talk.

        Args:
            opinions: [a, a] before.
            seats: who may talk to whom.
            key: round i draws from its child i.
        """
        n = seats.n

        def once(at: Int32[Array, ""], held: Opinions) -> Opinions:
            own = key.child(at)
            # An address that ends a chain of hashes costs the compiler half a minute.
            asked = apart(self._asked(seats, own.child("asked")), (key.first | 1) > 0)
            heard = held[asked] ^ own.child("noise").chance(self.noise, (n, n))
            takes = own.child("trust").chance(self.trust, (n, n)) & (asked != jnp.arange(n))[:, None]
            return jnp.where(takes, heard, held)

        return jax.lax.fori_loop(jnp.zeros((), jnp.int32), self.rounds, once, opinions)

    def _asked(self, seats: Seats, key: Key) -> Index:
        """Whom each seat asks; itself where there is nobody."""
        if self.talk == "contacts":
            assert seats.links is not None
            return seats.links.pick(key)
        own = jnp.arange(seats.n, dtype=jnp.int32)
        return own if seats.n < 2 else (own + 1 + key.below(seats.n - 1, seats.n)) % seats.n

    def _goods(self, seats: Seats, opinions: Opinions) -> tuple[Int[Array, "a a"], Int[Array, "a"]]:
        """How many of those whom seat k may see seat i holds good, at row i and column k; and how many k may see."""
        if self.scope == "contacts":
            assert seats.links is not None
            return jax.vmap(seats.links.sums)(opinions.astype(jnp.int8)), seats.links.degree
        own = opinions.astype(jnp.int32)
        return own.sum(1, keepdims=True, dtype=jnp.int32) - own, jnp.full(seats.n, seats.n - 1, jnp.int32)

    def describe(self, memory: Opinions) -> str:
        """Who is held to be good, what is seen, and how it is talked of, in words; empty where nobody is told."""
        reach, seen, rounds = float(self.reach), float(self.seen), int(self.rounds)
        if reach == 0.0:
            return ""
        words = f"Everyone holds everyone else to be good or bad, each for themselves: {say_norm(int(self.norm))}."
        if seen < 1.0:
            words += f" What others do to one another you see with probability {seen:.4g}."
        if float(self.error) > 0.0:
            words += f" With probability {float(self.error):.4g} you misjudge what you see."
        if rounds > 0 and float(self.trust) > 0.0:
            whom = "one of your contacts" if self.talk == "contacts" else "one of the others"
            words += f" Then you ask {whom} what they hold of everyone" + (f", {rounds} times over." if rounds > 1 else ".")
            words += f" You take over each opinion with probability {float(self.trust):.4g}"
            misheard = f", and mishear each as its opposite with probability {float(self.noise):.4g}."
            words += misheard if float(self.noise) > 0.0 else "."
        told = _WHOM.get(self.scope, "the one you meet")
        when = "Each round" if reach == 1.0 else f"Each round, with probability {reach:.4g},"
        return f"{words} {when} you are reminded of what you hold of {told}."

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What this seat holds of those it is told of."""
        if not bool(public.known[agent]):
            return ""
        level = float(public.level[agent])
        if self.scope == "partner":
            return f"You hold the one you meet now to be {'good' if level >= 0.5 else 'bad'}."
        return f"Of {_WHOM[self.scope]}, you hold {100 * level:.0f} % to be good."
