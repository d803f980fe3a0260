"""The same situation put otherwise: options in the other order, another norm scale, other words, nothing told of others.

The world inside is unchanged: its state, what acts lead to, what is paid and what metrics read. What differs is what minds and
rules are shown:

    mirrored   the options of every choice stand in reverse order, so that another answer is the default
    squared    a level v of a norm scale becomes v^2: the same order of acts, other distances between them
    told       false: the world tells nothing of what others did
    frame      the rules in other words around the same sentences

A claim about the situation must not hang on these. A choice with a table of legal answers keeps its order, since its first
answer must stay legal.

Source: own definition; order of options after P. Pezeshkpour and E. Hruschka, arXiv 2308.11483; framing after TRAILS, arXiv
2605.18890; monotone rescaling as what an ordinal scale admits, S. Stevens, Science 103 (1946).
"""

from __future__ import annotations

import re
from typing import Any, Literal, cast

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree, Shaped

from commonweal.core.arrays import Levels, Units
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.parts import World
from commonweal.core.questions import Act, Amount, Choice, Question, Scale, contact_bits
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Observation, Outcome, Start, Told, View

Frame = Literal["", "list", "terms", "story"]
FRAMES: tuple[Frame, ...] = ("list", "terms", "story")
"""Other words around the rules: a numbered list, the terms of an agreement, a story."""


class Squared(Scale):
    """A norm scale whose levels are the squares of a `Scale`'s: the same ends, and more asked of who falls short."""

    def level(self, amount: Shaped[Array, "a"]) -> Levels:
        """Norm level of each amount, 0 to 1."""
        plain = super().level(amount)
        return plain * plain

    def amount(self, level: Levels) -> Float[Array, "a"]:
        """The amount at a norm level."""
        return super().amount(jnp.sqrt(level))


class Reframed(World):
    """A world, put otherwise.

    Raises:
        StudyError: the frame is not one of those known.
    """

    inner: World
    """The world."""
    mirrored: bool = eqx.field(static=True, default=False)
    """Whether options stand in reverse order."""
    squared: bool = eqx.field(static=True, default=False)
    """Whether norm levels are squared."""
    told: bool = eqx.field(static=True, default=True)
    """Whether the world tells what others did."""
    frame: Frame = eqx.field(static=True, default="")
    """How the rules are worded; empty: as the world does."""

    def __check_init__(self) -> None:
        """Refuse a frame that is not known."""
        if self.frame not in ("", *FRAMES):
            raise StudyError(f"a world in the frame {self.frame!r}; expected one of {', '.join(FRAMES)}, or none")

    @property
    def tick_name(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """What a tick is called: as in the world inside."""
        return self.inner.tick_name

    @property
    def units_per_token(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Ledger units in one token: as in the world inside."""
        return self.inner.units_per_token

    def reset(self, key: Key, seats: Seats) -> Start:
        """As the world inside begins."""
        return self.inner.reset(key, seats)

    def observe(self, state: PyTree[Any], seats: Seats, purse: Units) -> Observation:
        """What the world inside shows; acts of others in the numbers and levels that the menu has."""
        shown = self.inner.observe(state, seats, purse)
        if shown.told is None or not self.told:
            return Observation(shown.seen)
        told = _turned(shown.told, self.inner.menu(state, seats, purse)) if self.mirrored else shown.told
        level = told.level * told.level if self.squared else told.level
        return Observation(shown.seen, Told(level, told.known, told.contacts, told.mine))

    def menu(self, state: PyTree[Any], seats: Seats, purse: Units) -> Menu:
        """The menu of the world inside, put otherwise."""
        return self.inner.menu(state, seats, purse).map(self._put)

    def step(self, state: PyTree[Any], seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """What the acts lead to in the world inside."""
        if self.mirrored:
            menu = self.inner.menu(state, seats, purse)
            own = [(name, _mirrored_act(menu[name], act) if name in menu else act) for name, act in acts.items()]
            acts = Named.of(*own)
        return self.inner.step(state, seats, acts, purse, key)

    def rules(self) -> str:
        """The rules of the world inside, in the frame."""
        return framed(self.inner.rules(), self.frame)

    def describe(self, view: View, agent: int) -> str:
        """What the world inside says to one seat."""
        if self.mirrored and view.told is not None:
            view = eqx.tree_at(lambda own: own.told, view, _turned(view.told, view.menu))
        return self.inner.describe(view, agent)

    def _put(self, question: Question) -> Question:
        if self.mirrored and _turns(question):
            choice = cast("Choice", question)
            serves = None if choice.serves is None else choice.serves[::-1]
            question = Choice(choice.asked, choice.options[::-1], serves, None, choice.to)
        if self.squared and isinstance(question, Choice) and question.serves is not None:
            return eqx.tree_at(lambda own: own.serves, question, question.serves * question.serves)
        if self.squared and isinstance(question, Amount) and question.scale is not None:
            scale = Squared(question.scale.fair, question.scale.taking)
            return Amount(question.asked, question.low, question.high, scale, question.to, question.unit)
        return question


def moved_by_squaring(menu: Menu) -> bool:
    """Whether a menu has norm levels between 0 and 1, which squaring moves.

    Args:
        menu: of a world, its arrays on the host.
    """
    for question in menu.values:
        if isinstance(question, Amount) and question.scale is not None:
            return True
        serves = question.serves if isinstance(question, Choice) else None
        if serves is not None and bool(((serves > 0) & (serves < 1)).any()):
            return True
    return False


def turns_any(menu: Menu) -> bool:
    """Whether a menu has a choice whose options can stand in another order."""
    return any(_turns(question) for question in menu.values)


def framed(rules: str, frame: Frame) -> str:
    """Rules in other words around the same sentences.

    Args:
        rules: of a world.
        frame: which words; empty: as they are.
    """
    if frame == "list":
        sentences = [own for own in re.split(r"(?<=[.!?])\s+", rules.strip()) if own]
        return "\n".join(f"{number}. {sentence}" for number, sentence in enumerate(sentences, 1))
    if frame == "terms":
        return f"The following terms hold for everyone who takes part. {rules} There are no other terms."
    if frame == "story":
        return f"Imagine that you live in the following circumstances. {rules} This is how things are, and life goes on."
    return rules


def _turns(question: Question) -> bool:
    return isinstance(question, Choice) and question.legal is None


def _mirrored_act(question: Question, act: Act) -> Act:
    """The answer of the world inside to an answer of the mirrored menu, and the other way round."""
    if not _turns(question):
        return act
    choice = cast("Choice", question)
    if choice.to is not None:
        return (act ^ jnp.uint8(0xFF)) & contact_bits(choice.to)
    return len(choice.options) - 1 - act


def _turned(told: Told, menu: Menu) -> Told:
    """What is told contact by contact in the numbers of the mirrored menu, or back."""
    to = next((own.to for own in menu.values if isinstance(own, Choice) and own.to is not None and _turns(own)), None)
    if to is None or told.contacts is None or told.mine is None:
        return told
    there = contact_bits(jnp.asarray(to))
    contacts, mine = ((bits ^ jnp.uint8(0xFF)) & there for bits in (told.contacts, told.mine))
    return Told(told.level, told.known, contacts, mine)
