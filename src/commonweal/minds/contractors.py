"""Contractors: minds that promise to pay for cooperation that is worth it to them, and cooperate where promised enough.

    offer   b to each peer             iff  its own gain from that peer's cooperation exceeds c b
    sign    what a peer offers, x      iff  c x >= its own cost of cooperating with that peer
    act     at level 1                 iff  c (sum of what peers have promised it, signed) >= cost times its number of peers
            at level `alone`           else, and where there is nobody to promise it anything

where c is the credibility that it takes promises to have. Where cooperating with a peer costs `cost` and brings that peer
`gain` whatever others do, as in a donation game, these are best replies. In a prisoner's dilemma with a `cost` of
max(T - R, P - S) it cooperates where that is its dominant act; a peer's cooperation is worth T - P to who defects meanwhile,
R - P to who is paid to cooperate too. It has one act for all its peers, and so weighs all promises at once: let the rule's
peers be those whom it plays with. Units: ledger units a peer; credibility is read to the nearest millionth.

Let two contractors play a prisoner's dilemma, promises be sure and b = max(T - R, P - S). Who offers less than b while the
other offers b is still paid to cooperate, and has S + b instead of R. So among all pairs of offers

    b by both       is an equilibrium iff  S + b <= R,    where T - R is the greater:  2 R >= T + S, cooperation being the best
    none by either  is an equilibrium iff  T - b <= P,    where T - R is the greater:  never

Source: after the players of M. Jackson and S. Wilkie, "Endogenous games and mechanisms: side payments among players", Review
of Economic Studies 72 (2005), who promise payments for acts and then play; these rules of theirs are our own.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Int64

from commonweal.core.arrays import Contacts, Flags, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import announced, standing
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.peers import Points
from commonweal.core.questions import Act, Amount
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View
from commonweal.institutions.side_payments import Promised

_MILLION = 10**6


class Contractor(Mind):
    """A mind that offers and signs side payments, and keeps to what it signed; each number is a scalar or one value a seat.

    Raises:
        StudyError: a number is out of range.

    Source: after Jackson and Wilkie, Review of Economic Studies 72 (2005).
    """

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = 1

    offer: Int32[Array, "*a"] = eqx.field(converter=whole, default=2)
    """What it offers a peer whose cooperation is worth it, ledger units, 0 to 10^6; cut off at what may be offered."""
    cost: Int32[Array, "*a"] = eqx.field(converter=whole, default=2)
    """What cooperating with a peer costs it, ledger units, 0 to 10^6."""
    gain: Int32[Array, "*a"] = eqx.field(converter=whole, default=4)
    """What it gains from a peer's cooperation, ledger units, 0 to 10^6."""
    trust: Float[Array, "*a"] = eqx.field(converter=real, default=1.0)
    """The credibility that it takes promises to have, others' and its own, 0 to 1."""
    alone: Float[Array, "*a"] = eqx.field(converter=real, default=0.0)
    """Norm level while it is promised too little, 0 to 1."""
    question: str = eqx.field(static=True, default="side payment")
    """Name of the question what to offer."""
    signature: str = eqx.field(static=True, default="signature")
    """Name of the question which offers to sign."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, top in (("offer", _MILLION), ("cost", _MILLION), ("gain", _MILLION), ("trust", 1), ("alone", 1)):
            gene = getattr(self, name)
            if not isinstance(gene, jax.core.Tracer) and not bool(((gene >= 0) & (gene <= top)).all()):
                raise StudyError(f"a contractor with {name} = {gene.tolist()}; expected numbers from 0 to {top}")

    def init(self, key: Key, seats: Seats) -> tuple[()]:
        """Remembers nothing."""
        return ()

    def act(self, memory: tuple[()], view: View, key: Key) -> Decision:
        """Offers, signs, and acts by what it is promised; the default elsewhere; says what it does."""
        told = [public for public in view.public.values if isinstance(public, Promised)]
        paid = self._paid(told[-1]) if told else jnp.zeros(view.payoff.shape, bool)
        level = jnp.where(paid, 1.0, self.alone)
        acts: list[tuple[str, Act]] = []
        for name, question in view.menu.items():
            if question.scaled:
                acts.append((name, question.at(level, key.child(name))))
            elif name == self.question and isinstance(question, Amount) and question.to is not None:
                acts.append((name, self._offered(question)))
            elif name == self.signature and isinstance(question, Amount) and told:
                signs = self._enough(told[-1].offered, 1)
                acts.append((name, jnp.where(signs, question.high, 0)))
            else:
                acts.append((name, question.default()))
        meant = Named.of(*acts)
        return Decision(announced(view.menu, meant, standing(view.menu, meant)), memory)

    def _paid(self, told: Promised) -> Flags:
        """Whether what it is promised makes up for the cost of cooperating with all its peers."""
        peers: Contacts = told.to >= 0
        count = peers.sum(1, dtype=jnp.int32)
        due = told.due.sum(1, dtype=jnp.int32)
        return (count > 0) & self._enough(due[:, None], count[:, None])[:, 0]

    def _enough(self, promised: Points, acts: Int32[Array, "..."] | int) -> Bool[Array, "a k"]:
        """Whether promises, [a, k], make up for so many acts of cooperation."""
        with jax.enable_x64(True):
            cost = _column(self.cost).astype(jnp.int64) * acts
            return self._worth(promised) >= cost * _MILLION

    def _offered(self, question: Amount) -> Points:
        """What to offer each peer."""
        units = jnp.minimum(_column(self.offer), question.high)
        with jax.enable_x64(True):
            pays = _column(self.gain).astype(jnp.int64) * _MILLION > self._worth(units)
        return jnp.where(pays, units, 0)

    def _worth(self, promised: Points) -> Int64[Array, "..."]:
        """What is expected of promises, in millionths of a unit; needs 64 bits switched on."""
        trust = jnp.round(_column(self.trust).astype(jnp.float64) * _MILLION).astype(jnp.int64)
        return promised.astype(jnp.int64) * trust


def _column(gene: Array) -> Array:
    """A gene beside the slots of each seat."""
    return gene[:, None] if gene.ndim else gene
