"""Meetings in pairs, in which it matters whether two seats answered alike: what binds a custom to a consequence.

At each tick the seats are paired by lot, and a pair has something at stake with probability `supply`. Then

    both answered alike      each gets `same`, and one of them by lot gets `prize`
    they answered apart      each gets `unlike` and loses `loss`; one of them by lot loses `prey` and the other gets `gain`

of which the known binding constraints are choices:

    joint task               same = 1: a task that only those who do alike can do, with a score
    scarce resource          supply below 1, prize = 2, loss = 1: who share a custom of allotment do not fight for it
    stake                    loss = 1: a deposit that is lost
    mutual vulnerability     prey = 2, gain = 1/2: who does otherwise than a partner may be preyed on by it
    divergence task          unlike = 1: a task that only those who differ can do

in units of `worth`. Nobody loses more than it has. `binds` says what comes of it: nothing (0), each seat is told as points what
its meeting was worth and nothing is paid (1), or it is told and paid (2): so a constraint can be announced without a stake. A
seat without a partner, of an odd number, or that gave no answer, meets nobody.

With answers to one of k customs drawn alike by all, two seats are alike with probability 1/k; for a pair whose partner holds
the seat's custom with probability x, the expected earnings are

    worth supply (x (same + prize / 2) + (1 - x) (unlike - loss - prey / 2 + gain / 2))

Source: ours; coordination after T. Schelling, The Strategy of Conflict (1960), and D. Lewis, Convention (1969); a custom that
settles who has what, J. Maynard Smith and G. Parker, Animal Behaviour 24 (1976).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32

from commonweal.core.arrays import Flags, Index, Units, real, whole
from commonweal.core.branches import apart
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu
from commonweal.core.numbers import difference, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Amount, Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick, same_seats


class Scored(eqx.Module):
    """What each seat is told."""

    points: Index
    """What its meeting was worth in the last tick, ledger units, paid or not; 0 where nothing is told."""


class Meetings(Institution):
    """Pairs by lot, whose likeness pays. By default nothing is at stake.

    Raises:
        StudyError: a number is out of range; in a trial, the menu has no such choice.

    Source: Schelling (1960); Lewis (1969); Maynard Smith and Parker (1976).
    """

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF

    worth: Int32[Array, ""] = eqx.field(converter=whole, default=10)
    """A unit of what follows, ledger units, 0 to 10^6."""
    same: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """What each gets where they are alike, 0 to 100, as all that follow."""
    prize: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """What one of them by lot gets where they are alike."""
    unlike: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """What each gets where they differ."""
    loss: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """What each loses where they differ."""
    prey: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """What one of them by lot loses where they differ."""
    gain: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """What the other then gets."""
    supply: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a pair has something at stake, 0 to 1."""
    binds: Int32[Array, ""] = eqx.field(converter=whole, default=2)
    """0: there are no meetings; 1: seats are told what theirs were worth; 2: they are paid it too."""
    question: str = eqx.field(static=True, default="")
    """Name of the question whose answers are compared; empty: the first that is a choice or an amount."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        shares = ("same", "prize", "unlike", "loss", "prey", "gain")
        for name, top in (("worth", 10**6), *((share, 100) for share in shares), ("supply", 1), ("binds", 2)):
            value = getattr(self, name)
            if not isinstance(value, jax.core.Tracer) and not 0 <= float(value) <= top:
                raise StudyError(f"meetings with {name} = {float(value):g}; expected a number from 0 to {top}")

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The menu unchanged.

        Raises:
            StudyError: there is no such question in it.
        """
        self.compared(menu)
        return menu

    def compared(self, menu: Menu) -> str:
        """The question whose answers are compared.

        Raises:
            StudyError: there is none.
        """
        for name in (self.question,) if self.question in menu else () if self.question else menu.names:
            if isinstance(menu[name], Choice | Amount):
                return name
        raise StudyError(
            f"meetings that compare answers to {self.question or 'a choice or an amount'!r} found {', '.join(menu)}; expected "
            "a choice or an amount of that name, as in the world Platform: name another question"
        )

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """Who meets whom, and what comes of it."""
        n = tick.seats.n
        partner, first = _paired(tick, key)
        stakes = key.child("supply").chance(self.supply, n)
        name = self.compared(tick.menu)
        # What an address is looked up in is set apart too: else its chain of hashes is followed to each address.
        answer, there, stakes = apart((tick.bound[name], tick.answered[name], stakes), (key.first | 1) > 0)
        meets = (partner >= 0) & there & there[partner] & stakes[jnp.minimum(same_seats(n), jnp.maximum(partner, 0))]
        alike = (answer == answer[partner]).reshape(n, -1).all(1)
        worth = self._worth(meets & alike, meets & ~alike, first)
        paid = jnp.where(self.binds == 2, worth, 0)
        able = jnp.maximum(tick.purse + tick.payoff, 0)
        paid = jnp.maximum(paid, -able)
        told = Scored(jnp.where(self.binds > 0, worth, 0))
        return Ruling(memory, tick.payoff + paid, public=told, burnt=difference(total(jnp.zeros(n, bool)), total(paid)))

    def _worth(self, alike: Flags, apart_: Flags, first: Flags) -> Units:
        """What each seat's meeting is worth; `first` are the ones whom the lot favours."""

        def units(share: Float[Array, ""]) -> Int32[Array, ""]:
            return jnp.round(share * self.worth).astype(jnp.int32)

        both = units(self.same) + jnp.where(first, units(self.prize), 0)
        none = units(self.unlike) - units(self.loss) + jnp.where(first, units(self.gain), -units(self.prey))
        return jnp.where(alike, both, 0) + jnp.where(apart_, none, 0)

    def describe(self, memory: Memory) -> str:
        """What meetings are worth."""
        alike = self._listed(("each of you gets", self.same), ("one of you, by lot, gets", self.prize))
        other = self._listed(
            ("each of you gets", self.unlike),
            ("each of you loses", self.loss),
            ("one of you, by lot, loses", self.prey),
            ("the other gets", self.gain),
        )
        if not int(self.binds) or not float(self.supply) or not alike + other:
            return ""
        cases = [f"if you both did the same, {alike}"] * bool(alike) + [f"if you did not do the same, {other}"] * bool(other)
        often = "" if float(self.supply) == 1 else f"with probability {float(self.supply):g} there is something at stake: "
        points = "" if int(self.binds) == 2 else " These are points alone: nothing is paid."
        return f"Each round you meet one other by lot; {often}{'; '.join(cases)}.{points}"

    def _listed(self, *shares: tuple[str, Float[Array, ""]]) -> str:
        """What is at stake, in words."""
        units = [(words, round(float(share) * int(self.worth))) for words, share in shares]
        return " and ".join(f"{words} {count}" for words, count in units if count)

    def tell(self, public: Scored, agent: int) -> str:
        """What a seat's meeting was worth."""
        points = int(public.points[agent])
        return f"Your last meeting was worth {points}." if points else ""


def _paired(tick: Tick, key: Key) -> tuple[Index, Flags]:
    """Each seat's partner, -1 for none, and whether the lot favours it: one of each pair."""
    n = tick.seats.n
    order = key.child("pairs").order(n)
    place = jnp.argsort(order).astype(jnp.int32)
    other = place ^ 1
    partner = jnp.where(other < n, order[jnp.minimum(other, n - 1)], -1)
    # An address that ends a chain of hashes is looked through by the compiler for minutes, unless it is set apart.
    return apart((partner, place % 2 == 0), (key.first | 1) > 0)


def joint_task(worth: int = 10) -> Meetings:
    """A task that only those who do alike can do.

    Args:
        worth: of a meeting in which they do, ledger units.
    """
    return Meetings(worth, same=1.0)


def scarce_resource(worth: int = 10, supply: float = 0.5) -> Meetings:
    """A resource that not all can have: alike, one of two has it; apart, they fight over it and both lose.

    Args:
        worth: half of what it is worth, ledger units.
        supply: probability that a pair finds one, 0 to 1.
    """
    return Meetings(worth, prize=2.0, loss=1.0, supply=supply)


def stake_to_lose(worth: int = 10) -> Meetings:
    """A stake that is lost where two differ.

    Args:
        worth: what is lost, ledger units.
    """
    return Meetings(worth, loss=1.0)


def mutual_vulnerability(worth: int = 10) -> Meetings:
    """Where two differ one preys on the other.

    Args:
        worth: half of what the prey loses, ledger units.
    """
    return Meetings(worth, prey=2.0, gain=0.5)
