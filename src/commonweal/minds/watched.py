"""Minds with an audience: one family from the deaf to those who learn what being watched predicts.

A seat keeps to what is asked, or goes its own way. It keeps to it with probability

    p(w) = 1 / (1 + exp(-(leans + shift w + keen (Q(w, asked) - Q(w, own))))),    Q(w, act) = V(act) + w U(act)

with w = 1 where a rule told it that it is watched, else 0. After an act of payoff r, in the first `training` ticks of its life,

    V(act) <- V(act) + rate (r - Q(w, act)),    U(act) <- U(act) + rate w (r - Q(w, act)),    V = U = 0 at birth

so that a cue that it never had moves nothing, and with these genes a seat is

    a learner                          rate > 0: a logit bandit (softmax over two acts) with the cue as its context
    frozen, and aware of its peers     rate = 0, shift > 0: a response that nothing taught, at any stakes
    deaf                               hears = 0: being watched is nothing to it, whatever its other genes

Where falling short is fined F with probability c(w) and pays g more than what is asked, values settle on average at
-F c(w) + g for its own way, more than for what is asked, and for small rates

    p(w) -> 1 / (1 + exp(-(leans + shift w + keen (F c(w) - g))))

What is asked is norm level 1 of every question with a norm scale, against level `own`; where `question` names a choice without
one, the answer `asks`, against answer 0. The mind inside answers whatever else is asked.

Payoffs beyond 2^16 ledger units count as 2^16. Values are held in units of 2^-12, rates of 2^-30, genes of the logit of 2^-16;
the logistic curve is read from a table with steps of 1/256.

Source: R. Rescorla and A. Wagner, "A theory of Pavlovian conditioning" (1972), for cues that share an error; R. D. Luce,
Individual Choice Behavior (1959), for the logit rule; R. Zajonc, "Social facilitation", Science 149 (1965), for audiences.
"""

from __future__ import annotations

from typing import ClassVar, cast

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32

from commonweal.core.arrays import Flags, Index, flag, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.feed import Watched
from commonweal.core.menu import choose
from commonweal.core.named import Named
from commonweal.core.numbers import logistic_word
from commonweal.core.parts import Mind
from commonweal.core.questions import Act, Choice, Question
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, Memory, View
from commonweal.institutions.notice import watched as noticed
from commonweal.minds.scripted import Scripted

Gene = Float[Array, "*a"]
_VALUE_BITS, _GENE_BITS, _RATE_BITS, _STEP_BITS = 12, 16, 30, 8
_MOST_PAID = 1 << 16
_MOST = 1 << 30
_ALWAYS = 1 << 30


class Schooled(eqx.Module):
    """What the family remembers."""

    inner: Memory
    """The memory of the mind inside."""
    value: Int32[Array, "a s k"]
    """What acts have earned (s = 0), and what being watched adds (1); act 1 is what is asked, 0 its own way; units of 2^-12."""
    told: Flags
    """Whether it had been told that it was watched when it last acted."""
    act: Index
    """Its last act, whose payoff is still to be learnt from; -1: none."""
    age: Index
    """Ticks since birth."""


class Audience(Mind):
    """A mind that answers to being watched; numbers are scalars, or one value a seat. By default a learner.

    Raises:
        StudyError: a number is out of range, or the mind inside is of no family; in a trial, there is nothing it can answer.

    Source: Rescorla and Wagner (1972); Luce (1959).
    """

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = float("inf")

    inner: Mind = eqx.field(default_factory=Scripted)
    """Answers every other question; of a family."""
    question: str = eqx.field(static=True, default="")
    """The choice without a norm scale that it answers; empty: every question with one."""
    rate: Gene = eqx.field(converter=real, default=0.05)
    """How far a payoff moves a value, 0 (frozen) to 1/2: twice as far in all where it is watched."""
    training: Int32[Array, "*a"] = eqx.field(converter=whole, default=_ALWAYS)
    """Ticks from birth in which it learns, at least 0."""
    keen: Gene = eqx.field(converter=real, default=0.5)
    """Logits for a ledger unit, 0 to 1024."""
    leans: Gene = eqx.field(converter=real, default=0.0)
    """Logit of keeping to what is asked where nothing is learnt, unwatched, -16 to 16."""
    shift: Gene = eqx.field(converter=real, default=0.0)
    """What being watched adds to it, unlearnt, -32 to 32."""
    hears: Bool[Array, "*a"] = eqx.field(converter=flag, default=True)
    """Whether it takes notice of being watched."""
    own: Gene = eqx.field(converter=real, default=0.0)
    """Norm level of its own way, 0 to 1."""
    asks: Int32[Array, "*a"] = eqx.field(converter=whole, default=1)
    """Of a choice without a norm scale: the answer that is asked for, at least 1; its own way is answer 0."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range, and a mind inside that has no rows."""
        if not self.inner.family:
            raise StudyError(
                f"an audience mind around {type(self.inner).__name__}; expected a mind of a family, whose genes are one a seat"
            )
        for name, low, top in (
            ("rate", 0, 0.5),
            ("training", 0, 2**31 - 1),
            ("keen", 0, 1024),
            ("leans", -16, 16),
            ("shift", -32, 32),
            ("own", 0, 1),
            ("asks", 1, 2**31 - 1),
        ):
            value = getattr(self, name)
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= low) & (value <= top)).all()):
                raise StudyError(f"an audience mind with {name} = {value.tolist()}; expected numbers from {low} to {top}")

    def init(self, key: Key, seats: Seats) -> Schooled:
        """Nothing learnt yet."""
        none = jnp.zeros(seats.n, jnp.int32)
        value = jnp.zeros((seats.n, 2, 2), jnp.int32)
        return Schooled(self.inner.init(key.child("inner"), seats), value, none > 0, none - 1, none)

    def act(self, memory: Schooled, view: View, key: Key) -> Decision:
        """Learn from the last act, then keep to what is asked or go its own way."""
        asked = self._asked(view)
        n = memory.age.shape[0]
        value = self._learnt(memory, view)
        told = _told(view)
        keeps = key.child("keeps").bits(n) < logistic_word(self._logit(value, self._cues(told)))
        rest = self.inner.act(memory.inner, view, key.child("inner"))
        acts = [(name, act) for name, act in rest.acts.items() if name not in asked]
        one, low = jnp.ones(n, jnp.float32), jnp.broadcast_to(self.own, (n,))
        some = jnp.zeros(n, bool)
        for name, question in asked.items():
            own = key.child(name)
            if self.question:
                act = jnp.where(keeps, jnp.broadcast_to(self.asks, (n,)), 0)
            else:
                ways = question.at(one, own.child("asked")), question.at(low, own.child("own"))
                act = cast("Act", choose(keeps, *ways))
            acts.append((name, act))
            some = some | question.asked
        done = jnp.where(some, keeps.astype(jnp.int32), -1)
        return Decision(Named.of(*acts), Schooled(rest.memory, value, told, done, memory.age + 1))

    def tally(self, memory: Schooled) -> Named[Index]:
        """`audience`: 2 where it acted told that it was watched, heard or not, 1 where not told, 0 where it was not asked."""
        own = Named.of(("audience", jnp.where(memory.act >= 0, memory.told.astype(jnp.int32) + 1, 0)))
        return Named.of(*own.items(), *self.inner.tally(memory.inner).items())

    def _asked(self, view: View) -> Named[Question]:
        """The questions that it answers.

        Raises:
            StudyError: there is none.
        """
        if not self.question:
            scaled = [(name, question) for name, question in view.menu.items() if question.scaled]
            if scaled:
                return Named.of(*scaled)
            raise StudyError(
                f"an audience mind found no norm scale among {', '.join(view.menu)}; expected question= the name of a choice"
            )
        question = view.menu.get(self.question)
        if isinstance(question, Choice) and question.to is None:
            return Named.of((self.question, question))
        raise StudyError(
            f"an audience mind answers {self.question!r}, and found no such choice among {', '.join(view.menu)}; expected one "
            "with one answer for all"
        )

    def _cues(self, told: Flags) -> Int32[Array, "a s"]:
        """What values count now: those of acts always, what being watched adds where it takes notice of it."""
        heard = self.hears & told
        return jnp.stack([jnp.ones_like(heard), heard], 1).astype(jnp.int32)

    def _learnt(self, memory: Schooled, view: View) -> Int32[Array, "a s k"]:
        """Values after what the last act earned, to the nearest unit."""
        cues = self._cues(memory.told)
        mine = (cues > 0)[:, :, None] & (memory.act[:, None] == jnp.arange(2))[:, None]
        due = ~view.born & (memory.age <= self.training)
        with jax.enable_x64(True):
            rate = jnp.round(self.rate.astype(jnp.float64) * (1 << _RATE_BITS)).astype(jnp.int64)
            rate = jnp.broadcast_to(rate, memory.age.shape)[:, None, None]
            paid = jnp.clip(view.payoff, -_MOST_PAID, _MOST_PAID).astype(jnp.int64) << _VALUE_BITS
            foreseen = (memory.value.astype(jnp.int64) * cues[:, :, None]).sum(1, keepdims=True)
            step = ((paid[:, None, None] - foreseen) * rate + (1 << (_RATE_BITS - 1))) >> _RATE_BITS
            moved = jnp.clip(memory.value + step, -_MOST, _MOST).astype(jnp.int32)
        return jnp.where(mine & due[:, None, None], moved, memory.value)

    def _logit(self, value: Int32[Array, "a s k"], cues: Int32[Array, "a s"]) -> Float[Array, "a"]:
        """The logit of keeping to what is asked, in whole steps of the table."""
        with jax.enable_x64(True):
            now = (value.astype(jnp.int64) * cues[:, :, None]).sum(1)
            leans, shift, keen = (
                jnp.round(gene.astype(jnp.float64) * (1 << _GENE_BITS)).astype(jnp.int64)
                for gene in (self.leans, self.shift, self.keen)
            )
            whole = leans + shift * cues[:, 1] + ((keen * (now[:, 1] - now[:, 0])) >> _VALUE_BITS)
            steps = (whole + (1 << (_GENE_BITS - _STEP_BITS - 1))) >> (_GENE_BITS - _STEP_BITS)
            # Beyond 64 the table has no more to say.
            steps = jnp.clip(steps, -(64 << _STEP_BITS), 64 << _STEP_BITS).astype(jnp.int32)
        return steps.astype(jnp.float32) * jnp.float32(2.0**-_STEP_BITS)


def _told(view: View) -> Flags:
    """Who is told that it is watched, by whichever rule."""
    found = noticed(view)
    for public in view.public.values:
        if isinstance(public, Watched):
            found = found | public.watched
    return found
