"""The Moran process: one seat after another takes over the mind of a parent, the likelier the fitter the parent is.

Fitness is made of what seat i earned this tick, pi_i, after the rules before this one (name it last), with w = `selection`:

    linear       f_i = max(0, 1 + w pi_i)
    exponential  f_i = exp(w pi_i)

Birth-death: a parent is drawn among all seats in proportion to f; its offspring replaces a random contact of it (without a
network, a random seat of all, the parent itself included). Death-birth: a seat drawn uniformly dies; a parent is drawn in
proportion to f among its contacts (without a network, among all other seats). Where all who could be a parent have fitness 0,
they are drawn uniformly, and where the seat drawn has no contact nothing happens.

Constant fitness r of one mutant among N - 1, birth-death, no network (or any network on which all have equally many contacts):
it takes over with probability (1 - 1/r) / (1 - r^-N). Death-birth, no network: (1 - 1/N) (1 - 1/r) / (1 - r^-(N-1)). At w = 0
copying is neutral: death-birth is then the voter model, birth-death the invasion process. Units: w is per ledger unit.

Source: P. Moran, "Random processes in genetics", Mathematical Proceedings of the Cambridge Philosophical Society 54 (1958);
E. Lieberman, C. Hauert and M. Nowak, "Evolutionary dynamics on graphs", Nature 433 (2005); H. Ohtsuki, C. Hauert,
E. Lieberman and M. Nowak, "A simple rule for the evolution of cooperation on graphs", Nature 441 (2006).
"""

from __future__ import annotations

from typing import ClassVar, Literal

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, UInt64

from commonweal.core.arrays import Index, Units, real
from commonweal.core.errors import StudyError
from commonweal.core.numbers import advantages, exponential_weights, linear_weights, weighted_index
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick, same_seats

Fitness = UInt64[Array, "a"]
_ORDERS = ("birth-death", "death-birth")
_FITNESS = ("linear", "exponential")


class Pair(eqx.Module):
    """One birth and one death."""

    parent: Int32[Array, ""]
    """Whose mind is copied."""
    dead: Int32[Array, ""]
    """Whose seat the copy takes."""
    some: Bool[Array, ""]
    """Whether there is such a pair: false where the seat drawn has no contact."""


class Moran(Institution):
    """One birth and one death a tick, or several, one after the other.

    Raises:
        StudyError: an unknown order or fitness, or a number out of range.

    Source: Moran (1958); Lieberman, Hauert and Nowak, Nature 433 (2005); Ohtsuki et al., Nature 441 (2006).
    """

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    order: Literal["birth-death", "death-birth"] = eqx.field(static=True, default="birth-death")
    """Which is drawn first, the one that is born or the one that dies."""
    selection: Float[Array, ""] = eqx.field(converter=real, default=0.1)
    """Strength of selection w, per ledger unit, at least 0; 0: all are equally fit."""
    fitness: Literal["linear", "exponential"] = eqx.field(static=True, default="linear")
    """What fitness is made of payoffs."""
    rate: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that an event happens at its time, 0 to 1; 0: nobody ever moves."""
    average: bool = eqx.field(static=True, default=False)
    """Whether payoffs are divided by the number of contacts (without a network, of other seats)."""
    events: int = eqx.field(static=True, default=1)
    """Events a tick, at least 1. Until it has earned something itself, a copy is as fit as its parent."""

    def __check_init__(self) -> None:
        """Refuse words that mean nothing and numbers out of range."""
        for what, found, known in (("order", self.order, _ORDERS), ("fitness", self.fitness, _FITNESS)):
            if found not in known:
                raise StudyError(f"a Moran process with {what} = {found!r}; expected {' or '.join(map(repr, known))}")
        if self.events < 1:
            raise StudyError(f"a Moran process with {self.events} events a tick; expected at least 1")
        for name, value, top in (("selection", self.selection, float("inf")), ("rate", self.rate, 1.0)):
            if not isinstance(value, jax.core.Tracer) and not 0.0 <= float(value) <= top:
                raise StudyError(f"a Moran process with {name} = {float(value):g}; expected a number from 0 to {top:g}")

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """Who is copied to whose seat; payoffs are unchanged."""
        if tick.seats.n == 1:
            return Ruling(memory, tick.payoff, heir=same_seats(1))
        return Ruling(memory, tick.payoff, heir=self.heirs(tick.seats, tick.payoff, key))

    def heirs(self, seats: Seats, earned: Units, key: Key) -> Index:
        """Whose mind each seat has next, after all events of a tick.

        Args:
            seats: at least two, with or without contacts.
            earned: [a] what fitness is made of, ledger units.
            key: a few words an event are drawn from it.
        """

        def event(at: tuple[Index, Fitness], number: Int32[Array, ""]) -> tuple[tuple[Index, Fitness], None]:
            heir, weights = at
            own = key.child(number)
            pair = self.pair(seats, weights, own)
            happens = pair.some & own.child("event").chance(self.rate, ())
            with jax.enable_x64(True):
                here = happens & (same_seats(seats.n) == pair.dead)
                return (jnp.where(here, heir[pair.parent], heir), jnp.where(here, weights[pair.parent], weights)), None

        first = same_seats(seats.n), self.weights(seats, earned)
        if self.events == 1:
            return event(first, jnp.zeros((), jnp.int32))[0][0]
        with jax.enable_x64(True):
            return jax.lax.scan(event, first, jnp.arange(self.events, dtype=jnp.int32))[0][0]

    def weights(self, seats: Seats, earned: Units) -> Fitness:
        """Fitness of each seat, [a] whole numbers in proportion to it."""
        among = jnp.maximum(_degrees(seats), 1) if self.average else 1
        advantage = advantages(earned, self.selection, among)
        return linear_weights(advantage) if self.fitness == "linear" else exponential_weights(advantage)

    def pair(self, seats: Seats, weights: Fitness, key: Key) -> Pair:
        """One event: who is born and who dies."""
        n, links, words = seats.n, seats.links, key.child("parent").bits((2,))
        if self.order == "birth-death":
            parent = weighted_index(weights, words)
            if links is None:
                return Pair(parent, key.child("dead").below(n, ()), jnp.ones((), bool))
            return Pair(parent, links.pick(key.child("dead"))[parent], links.degree[parent] > 0)
        dead = key.child("dead").below(n, ())
        here = same_seats(n) == dead
        # Contacts are mutual: who has the dead seat in its row as often as it has them in its own.
        times = (~here).astype(jnp.int32) if links is None else links.sums(here)
        with jax.enable_x64(True):
            among = times.astype(jnp.uint64)
            fit = among * weights
            parent = weighted_index(jnp.where(fit.sum() == 0, among, fit), words)
        return Pair(parent, dead, (times > 0).any())

    def describe(self, memory: Memory) -> str:
        """The rule in words; empty where nobody moves."""
        rate, selection = float(self.rate), float(self.selection)
        if rate == 0.0:
            return ""
        times = "Once" if self.events == 1 else f"{self.events} times"
        chance = "" if rate == 1.0 else f", with probability {rate:.4g},"
        copies = (
            "somebody is drawn, the more likely the more they earned, and one of their contacts, drawn at random, takes over"
            if self.order == "birth-death"
            else "somebody is drawn at random, and takes over from one of their contacts, the more likely the more it earned,"
        )
        return f"{times} a round{chance} {copies} how they decide (selection strength {selection:.4g} per unit)."


def _degrees(seats: Seats) -> Int32[Array, "a"]:
    return jnp.full(seats.n, seats.n - 1, jnp.int32) if seats.links is None else seats.links.degree
