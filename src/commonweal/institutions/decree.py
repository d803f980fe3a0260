"""A decree: an outside authority now and then puts its own number in the place of one parameter of the rule inside.

At each tick but the first, with probability `rate`, the rule inside is run with its parameter set to `value`; else it is run as
it stands. Whether there is a decree is drawn at the end of the tick before, so that seats can be told. At rate = 0 the rule is
the rule inside, draw for draw: its people's right to organise themselves is recognised. A vote inside that sets the same
parameter wins over the decree; name another one. Units: those of the parameter.

Source: E. Ostrom, Governing the Commons (1990), design principle 7 (minimal recognition of rights to organise).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree

from commonweal.core import parameters
from commonweal.core.arrays import real
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Memory, Offer, Ruling, Tick

P = TypeVar("P", bound=Institution)


class Decreed(eqx.Module):
    """What a decree remembers."""

    inner: Memory
    """Memory of the rule inside."""
    now: Bool[Array, ""]
    """Whether the authority's number stands in this tick."""


class Decree(Institution):
    """An authority that overrides one parameter of the rule inside at a rate; make one with `Decree.on`.

    Raises:
        StudyError: `parameter` names no single number of the rule inside, or the rate is not from 0 to 1.

    Source: Ostrom, Governing the Commons (1990), design principle 7.
    """

    kind: ClassVar[RuleKind] = RuleKind.AGGREGATION

    inner: Institution = Institution()
    """The rule that is overridden; by default one that does nothing."""
    parameter: tuple[str, ...] = eqx.field(static=True, default=())
    """Fields from the rule inside to the parameter, as `("inner", "detect")`; empty: there are no decrees."""
    value: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """The authority's number, in units of the parameter, rounded to a whole one where it is whole."""
    rate: Float[Array, ""] = eqx.field(converter=real, default=0.5)
    """Probability of a decree, drawn each tick, 0 (never) to 1 (in all ticks but the first)."""

    def __check_init__(self) -> None:
        """Refuse a decree on nothing, and a number out of range."""
        if self.parameter:
            parameters.check(self.inner, self.parameter, "a decree")
        if not isinstance(self.rate, jax.core.Tracer) and not 0.0 <= float(self.rate) <= 1.0:
            raise StudyError(f"decrees with rate = {float(self.rate):g}; expected a probability from 0 to 1")

    @staticmethod
    def on(inner: Institution, kind: type[P], get: Callable[[P], Any], value: float, rate: float = 0.5) -> Decree:
        """Decrees on one parameter: `Decree.on(Audit(detect=0.5), Audit, lambda a: a.detect, 0.0)`.

        Args:
            inner: the rule that is overridden, perhaps inside wrappers.
            kind: the class of the part that has the parameter: `inner` or a rule inside it.
            get: reads the parameter off such a part.
            value: the authority's number.
            rate: probability of a decree in a tick.

        Raises:
            StudyError: no rule of that class is inside, or it has no such parameter.
        """
        return Decree(inner, parameters.locate(inner, kind, get, "a decree"), value, rate)

    def ruled(self, memory: Decreed) -> Institution:
        """The rule inside as it stands in this tick."""
        if not self.parameter:
            return self.inner
        own = parameters.read(self.inner, self.parameter)
        whole = jnp.issubdtype(own.dtype, jnp.integer)
        value = (jnp.round(self.value) if whole else self.value).astype(own.dtype)
        return parameters.put(self.inner, self.parameter, jnp.where(memory.now, value, own))

    def begin(self, seats: Seats) -> Decreed:
        """The memory of the rule inside, and no decree."""
        return Decreed(self.inner.begin(seats), jnp.zeros((), bool))

    def permit(self, memory: Decreed, seats: Seats, menu: Menu) -> Menu:
        """The menu of the rule inside as it stands."""
        return self.ruled(memory).permit(memory.inner, seats, menu)

    def bind(self, memory: Decreed, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The acts under the rule inside as it stands."""
        bound = self.ruled(memory).bind(memory.inner, offer, acts, key)
        return Bound(bound.acts, Decreed(bound.memory, memory.now))

    def settle(self, memory: Decreed, tick: Tick, key: Key) -> Ruling:
        """The ruling of the rule inside as it stands; then the authority decides on the next tick."""
        ruling = self.ruled(memory).settle(memory.inner, tick, key)
        coming = key.child("decree").chance(self.rate, ()) & bool(self.parameter)
        after = Decreed(ruling.memory, coming)
        return eqx.tree_at(lambda r: r.memory, ruling, after, is_leaf=lambda x: x is None)

    def describe(self, memory: Decreed) -> str:
        """The rule inside as it stands, and who may override it."""
        inner = self.ruled(memory).describe(memory.inner)
        if not self.parameter or float(self.rate) == 0.0:
            return inner
        now = "It does so now." if bool(memory.now) else "It does not do so now."
        words = (
            f"With probability {float(self.rate):.4g} a round an authority from outside sets {self.parameter[-1]} to "
            f"{float(self.value):g}, whatever was agreed. {now}"
        )
        return f"{inner}\n{words}" if inner else words

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What the rule inside told this seat."""
        return self.inner.tell(public, agent)
