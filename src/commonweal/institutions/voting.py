"""A vote on one parameter of another rule: seats decide by plurality how the rule is set from the next tick on.

Every `every` ticks all seats are asked a ballot. Answer 0 keeps things as they are and is the default; answer j sets the
parameter to the j-th option. Only answers that were given count, those to keep things included, never defaults; most votes
win, ties go to the lowest answer, and where nobody votes nothing changes. While the menu asks nobody anything else there
is no ballot, so that a society whose world has ended stops voting.

The rule inside is run with the parameter as voted; what it tells seats passes through as it is. Without options, or with
seats that never answer, the vote is the rule inside, draw for draw. Units: those of the parameter.

Source: plurality rule with the status quo among the alternatives; the effect of voting on a sanction is after A. Tyran and
L. Feld, "Achieving compliance when legal sanctions are non-deterrent", Scandinavian Journal of Economics 108 (2006).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Int32, PyTree, Shaped

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Memory, Offer, Ruling, Tick

P = TypeVar("P", bound=Institution)


class Polled(eqx.Module):
    """What a vote remembers."""

    inner: Memory
    """Memory of the rule inside."""
    value: Shaped[Array, ""]
    """The parameter as it stands."""
    tick: Int32[Array, ""]
    """Ticks so far."""
    votes: Int32[Array, "k"]
    """Votes in the last ballot, by answer; zeros before the first."""


class Vote(Institution):
    """A ballot that sets one parameter of the rule inside; make one with `Vote.on`.

    Raises:
        StudyError: `parameter` names no scalar array of the rule inside, or a number is out of range.

    Source: plurality rule; Tyran and Feld, Scandinavian Journal of Economics 108 (2006).
    """

    kind: ClassVar[RuleKind] = RuleKind.AGGREGATION

    inner: Institution = Institution()
    """The rule that is voted on; by default one that does nothing."""
    parameter: tuple[str, ...] = eqx.field(static=True, default=())
    """Fields from the rule inside to the parameter, as `("inner", "detect")`; empty only without options."""
    options: tuple[float, ...] = eqx.field(static=True, default=())
    """Values it can be set to: answers 1, 2, ... of the ballot. None: there is no ballot."""
    every: int = eqx.field(static=True, default=1)
    """Ticks from one ballot to the next, at least 1; the first is at tick 0."""
    ballot: str = eqx.field(static=True, default="ballot")
    """Name of the question: two votes in one society need two."""

    def __check_init__(self) -> None:
        """Refuse a vote on nothing."""
        if self.every < 1:
            raise StudyError(f"a vote every {self.every} ticks; expected at least 1")
        if not self.options:
            return
        found: Any = self.inner
        for step in self.parameter:
            if not hasattr(found, step):
                raise StudyError(f"a vote on {'.'.join(self.parameter)}: {type(found).__name__} has no field {step!r}")
            found = getattr(found, step)
        if not eqx.is_array(found) or found.ndim != 0:
            raise StudyError(
                f"a vote on {'.'.join(self.parameter) or 'nothing'} of {type(self.inner).__name__}, which is no single number; "
                "expected a parameter that is data: name one in Vote.on"
            )

    @staticmethod
    def on(inner: Institution, kind: type[P], get: Callable[[P], Any], options: tuple[float, ...], every: int = 1) -> Vote:
        """A vote on one parameter: `Vote.on(Audit(detect=0.0), Audit, lambda a: a.detect, (0.25, 0.5))`.

        Args:
            inner: the rule that is voted on, perhaps inside wrappers.
            kind: the class of the part that has the parameter: `inner` or a rule inside it.
            get: reads the parameter off such a part.
            options: values it can be set to.
            every: ticks from one ballot to the next.

        Raises:
            StudyError: no rule of that class is inside, or it has no such parameter.
        """
        path: tuple[str, ...] = ()
        at: Any = inner
        while not isinstance(at, kind):
            if not hasattr(at, "inner"):
                raise StudyError(
                    f"a vote on {kind.__name__} was given {type(inner).__name__}, which holds none; pass one that does"
                )
            at, path = at.inner, (*path, "inner")
        return Vote(inner, (*path, *lens.rule("", kind, get).path), options, every)

    def ruled(self, memory: Polled) -> Institution:
        """The rule inside as it stands now."""
        if not self.options:
            return self.inner
        return cast("Institution", eqx.tree_at(self._value, self.inner, memory.value))

    def _value(self, rule: Any) -> Any:
        for step in self.parameter:
            rule = getattr(rule, step)
        return rule

    def begin(self, seats: Seats) -> Polled:
        """The parameter as given; no ballot yet."""
        value = self._value(self.inner) if self.options else jnp.zeros((), jnp.float32)
        votes = jnp.zeros(len(self.options) + 1, jnp.int32)
        return Polled(self.inner.begin(seats), value, jnp.zeros((), jnp.int32), votes)

    def permit(self, memory: Polled, seats: Seats, menu: Menu) -> Menu:
        """The menu of the rule inside, and the ballot."""
        menu = self.ruled(memory).permit(memory.inner, seats, menu)
        if not self.options:
            return menu
        going_on = jnp.zeros((), bool)
        for question in menu.values:
            going_on = going_on | question.asked.any()
        due = going_on & (memory.tick % self.every == 0)
        return menu.add(self.ballot, Choice(jnp.full(seats.n, due), self.words))

    @property
    def words(self) -> tuple[str, ...]:
        """The answers of the ballot."""
        name = self.parameter[-1] if self.parameter else ""
        return ("Keep things as they are", *(f"Set {name} to {option:g}" for option in self.options))

    def bind(self, memory: Polled, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The acts under the rule inside."""
        bound = self.ruled(memory).bind(memory.inner, offer, acts, key)
        return Bound(bound.acts, Polled(bound.memory, memory.value, memory.tick, memory.votes))

    def settle(self, memory: Polled, tick: Tick, key: Key) -> Ruling:
        """The ruling of the rule inside; then the ballot is counted, for the next tick."""
        ruling = self.ruled(memory).settle(memory.inner, tick, key)
        value, votes = memory.value, memory.votes
        if self.options:
            given, cast_by = tick.bound[self.ballot], tick.answered[self.ballot]
            counted = jnp.stack([(cast_by & (given == j)).sum(dtype=jnp.int32) for j in range(len(self.options) + 1)])
            # `argmax` takes the first of equals: ties, and no votes at all, go to the lowest answer.
            winner = jnp.argmax(counted)
            choices = jnp.concatenate([value[None], jnp.asarray(self.options, value.dtype)])
            value = choices[winner]
            votes = jnp.where(tick.menu[self.ballot].asked.any(), counted, votes)
        after = Polled(ruling.memory, value, memory.tick + 1, votes)
        return eqx.tree_at(lambda r: r.memory, ruling, after, is_leaf=lambda x: x is None)

    def describe(self, memory: Polled) -> str:
        """The rule inside as it stands, and how it is voted on."""
        inner = self.ruled(memory).describe(memory.inner)
        if not self.options:
            return inner
        when = "Each round" if self.every == 1 else f"Every {self.every} rounds"
        answers = " or ".join(f"{option:g}" for option in self.options)
        words = (
            f"{when} all of you vote whether to keep {self.parameter[-1]} as it is (now {float(memory.value):.4g}) or to set "
            f"it to {answers}; most votes win, and a tie keeps it or takes the answer named first."
        )
        votes = [int(count) for count in memory.votes]
        if sum(votes):
            tally = ", ".join(f"{count} for {option:g}" for count, option in zip(votes[1:], self.options, strict=True))
            words += f" In the last vote there were {votes[0]} to keep it, {tally}."
        return f"{inner}\n{words}" if inner else words

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What the rule inside told this seat."""
        return self.inner.tell(public, agent)
