"""One family of learners: values of answers (bandits, Q-learning) and habits (Cross), in whole numbers, one table a seat.

A seat learns how to answer one question of choice from what it is paid. Its table has a row for each state s, what it can tell
apart of what it sees, and a number for each answer k. After answer a in state s, with payoff r and now in state s':

    values   Q(s, a) += rate ((1 - discount) r + discount max_k Q(s', k) - Q(s, a))
    habits   p(s, k) += rate u (1{k = a} - p(s, k)),    u = min(1, max(0, (r - low) / (high - low)))

Values answer with a highest one, habits draw answer k with probability p(s, k); both answer at random with probability
least + (explore - least) exp(-decay age), age being the number of questions that the mind has been asked. So with these genes
a seat is

    an epsilon-greedy bandit    discount = 0, remembers = 0, decay = 0
    a Q-learner                 discount > 0; with its own and the others' last acts seen, of memory one
    a Cross learner             habits = 1: on average it moves as the replicator dynamic, dp_k = rate p_k (u_k - mean u)

Values are those of a round, (1 - discount) times the discounted sum that the source has: the same policy, and a table that
needs no more room the more patient a mind is. Values are held in units of 2^-12 ledger units, payoffs beyond 2^18 counting as
2^18; habits and rates in units of 2^-30. A value stands still once it is within 2^-13 / rate ledger units of its target.

Source: C. Watkins and P. Dayan, "Q-learning", Machine Learning 8 (1992); E. Calvano et al., American Economic Review 110
(2020), for exploration that decays and states of last prices; J. Cross, Quarterly Journal of Economics 87 (1973); T. Borgers
and R. Sarin, Journal of Economic Theory 77 (1997), for the replicator dynamic.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Int64

from commonweal.core.arrays import Flags, Index, Units, flag, real
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import advantages, exponential_weights
from commonweal.core.parts import Mind
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View

Gene = Float[Array, "*a"]
_VALUE_BITS = 12
_MOST_PAID = 1 << 18
_ONE_BITS = 30
_ONE = 1 << _ONE_BITS


class Learned(eqx.Module):
    """What learners remember."""

    table: Int32[Array, "a s k"]
    """Values in units of 2^-12 ledger units, or habits in units of 2^-30."""
    state: Index
    """The state in which the last answer was given."""
    answer: Index
    """The last answer, whose payoff is still to be learnt from; -1: none."""
    age: Index
    """How many questions it has been asked."""


class Learner(Mind):
    """A learner; every number is a scalar, or one value a seat. By default an epsilon-greedy bandit.

    Raises:
        StudyError: a number is out of range, or there is nothing to tell apart; in a trial, the menu has no such question.

    Source: Watkins and Dayan (1992); Calvano et al. (2020); Cross (1973).
    """

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = float("inf")

    answers: int = eqx.field(static=True, default=2)
    """How many answers the question has."""
    sees: tuple[str, ...] = eqx.field(static=True, default=())
    """Names of whole numbers that the world shows, which make up the state; below 0 counts as 0."""
    states: int = eqx.field(static=True, default=1)
    """How many states there are: b^c, where `sees` is c numbers in all, each counted from 0 to b - 1."""
    question: str = eqx.field(static=True, default="")
    """Which question it answers; empty: the first choice with one answer for all. Any other gets its default."""
    rate: Gene = eqx.field(converter=real, default=0.1)
    """How far a payoff moves the table, 0 to 1. Calvano et al.: .15."""
    discount: Gene = eqx.field(converter=real, default=0.0)
    """Weight of what follows, 0 (a bandit) to below 1. Calvano et al.: .95."""
    explore: Gene = eqx.field(converter=real, default=0.1)
    """Probability of a random answer at birth, 0 to 1. Calvano et al.: 1."""
    decay: Gene = eqx.field(converter=real, default=0.0)
    """Rate at which that probability falls with each question, at least 0. Calvano et al.: 4e-6."""
    least: Gene = eqx.field(converter=real, default=0.0)
    """What that probability falls to, 0 to `explore`; of no matter without decay."""
    start: Gene = eqx.field(converter=real, default=0.0)
    """Values at birth, ledger units."""
    remembers: Bool[Array, "*a"] = eqx.field(converter=flag, default=True)
    """Whether it tells states apart; else every state is the first."""
    habits: Bool[Array, "*a"] = eqx.field(converter=flag, default=False)
    """Whether it learns by habits; else by values."""
    low: Gene = eqx.field(converter=real, default=0.0)
    """Of habits: a payoff that strengthens nothing, ledger units."""
    high: Gene = eqx.field(converter=real, default=1.0)
    """Of habits: a payoff that strengthens most, ledger units, above `low`."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.answers < 2 or self.states < 1 or (self.states > 1) != bool(self.sees):
            raise StudyError(
                f"a learner of {self.answers} answers and {self.states} states that sees {self.sees or 'nothing'}; expected at "
                "least two answers, and more than one state just where it sees something"
            )
        for name, value, low, top in (
            ("rate", self.rate, 0.0, 1.0),
            ("discount", self.discount, 0.0, 1.0 - 1e-7),
            ("explore", self.explore, 0.0, 1.0),
            ("decay", self.decay, 0.0, 1e3),
            ("least", self.least, 0.0, 1.0),
            ("explore - least", self.explore - self.least, 0.0, 1.0),
            ("start", self.start, -float(_MOST_PAID), float(_MOST_PAID)),
            ("high - low", self.high - self.low, 1e-3, 1e9),
        ):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= low) & (value <= top)).all()):
                raise StudyError(f"a learner with {name} = {value.tolist()}; expected numbers from {low:g} to {top:g}")

    def init(self, key: Key, seats: Seats) -> Learned:
        """Nothing learnt yet: every value is `start`, every habit alike."""
        n = seats.n
        value = jnp.broadcast_to(jnp.round(self.start * jnp.float32(1 << _VALUE_BITS)).astype(jnp.int32), (n,))
        habit = jnp.full(self.answers, _ONE // self.answers, jnp.int32).at[0].add(_ONE % self.answers)
        habits = jnp.broadcast_to(self.habits, (n,))
        row = jnp.where(habits[:, None], habit, value[:, None])
        table = jnp.broadcast_to(row[:, None], (n, self.states, self.answers))
        none = jnp.zeros(n, jnp.int32)
        return Learned(table, none, none - 1, none)

    def act(self, memory: Learned, view: View, key: Key) -> Decision:
        """Learn from the last answer, then give the next."""
        name, question = self._asked(view)
        n = memory.age.shape[0]
        seat, now = jnp.arange(n), jnp.where(self.remembers, self._state(view), 0)
        row = memory.table[seat, memory.state]
        learnt = self._learnt(row, memory.answer, view.payoff, memory.table[seat, now].max(1))
        due = (memory.answer >= 0) & ~view.born
        table = memory.table.at[seat, memory.state].set(jnp.where(due[:, None], learnt, row))
        legal = jnp.ones((n, self.answers), bool) if question.legal is None else question.legal
        meant = _meant(table[seat, now], legal, jnp.broadcast_to(self.habits, (n,)), key.child("habit"))
        wild = self._explores(memory.age, key.child("explore"))
        answer = jnp.where(wild, question.draw(key.child("draw")), meant)
        after = Learned(table, now, jnp.where(question.asked, answer, -1), memory.age + question.asked)
        return Decision(Named.of((name, answer)), after)

    def _asked(self, view: View) -> tuple[str, Choice]:
        """The question it answers.

        Raises:
            StudyError: there is none.
        """
        for name, question in view.menu.items():
            if isinstance(question, Choice) and question.to is None and self.question in ("", name):
                if len(question.options) == self.answers:
                    return name, question
                raise StudyError(
                    f"a learner of {self.answers} answers was asked {name!r}, which has {len(question.options)}; expected as "
                    f"many, by answers={len(question.options)}"
                )
        raise StudyError(
            f"a learner was asked {', '.join(view.menu) or 'nothing'}; expected a choice with one answer for all"
            f"{f' named {self.question!r}' if self.question else ''}: take a world that asks one, or another mind"
        )

    def _state(self, view: View) -> Index:
        """The state of each seat: the numbers it sees, as digits.

        Raises:
            StudyError: the states cannot be told apart by these numbers.
        """
        digits = [leaf.reshape(leaf.shape[0], -1) for leaf in (view.seen[name] for name in self.sees)]
        count = sum(leaf.shape[1] for leaf in digits)
        state = jnp.zeros(view.payoff.shape, jnp.int32)
        if count == 0:
            return state
        base = round(self.states ** (1 / count))
        if base**count != self.states or base < 2:
            raise StudyError(
                f"a learner of {self.states} states sees {count} numbers in {', '.join(self.sees)}; expected b^{count} states, "
                "with b the values that each number may have"
            )
        for leaf in digits:
            for column in range(leaf.shape[1]):
                state = base * state + jnp.clip(leaf[:, column].astype(jnp.int32), 0, base - 1)
        return state

    def _learnt(self, row: Int32[Array, "a k"], answer: Index, payoff: Units, best: Index) -> Int32[Array, "a k"]:
        """The row of the last state after its answer was paid.

        Args:
            row: as it was.
            answer: the last one, -1 where there was none.
            payoff: of the last tick.
            best: the highest value of the state that followed.
        """
        chosen = answer[:, None] == jnp.arange(self.answers)
        with jax.enable_x64(True):
            rate, discount = _fixed(self.rate), _fixed(self.discount)
            paid = jnp.clip(payoff, -_MOST_PAID, _MOST_PAID).astype(jnp.int64) << _VALUE_BITS
            target = ((_ONE - discount) * paid + discount * best.astype(jnp.int64)) >> _ONE_BITS
            off = jnp.broadcast_to(target, payoff.shape)[:, None] - row
            values = row + jnp.where(chosen, (off * _column(rate) + _ONE // 2) >> _ONE_BITS, 0)
            weight = (rate * self._reached(payoff)) >> _ONE_BITS
            given = (row.astype(jnp.int64) * _column(weight)) >> _ONE_BITS
            moved = row - given + jnp.where(chosen, given.sum(1, keepdims=True), 0)
            return jnp.where(_column(self.habits), moved, values).astype(jnp.int32)

    def _reached(self, payoff: Units) -> Int64[Array, "a"]:
        """Where a payoff lies between `low` and `high`, in units of 2^-30; in 64-bit mode."""
        # Bounds to the nearest 2^-10 of a ledger unit: whole numbers, and so the same bits everywhere.
        low, high = (jnp.round(bound.astype(jnp.float64) * 1024).astype(jnp.int64) for bound in (self.low, self.high))
        span = jnp.maximum(high - low, 1)
        inside = jnp.clip(payoff.astype(jnp.int64) * 1024 - low, 0, span)
        # Divided once, in float64: both are whole numbers below 2^53, and one division is rounded alike everywhere.
        return jnp.floor(inside.astype(jnp.float64) / span.astype(jnp.float64) * _ONE).astype(jnp.int64)

    def _explores(self, age: Index, key: Key) -> Flags:
        """Who answers at random."""
        words = key.bits(age.shape)
        with jax.enable_x64(True):
            fallen = advantages(-age, self.decay)
            # Weights are relative to the highest, which is that of age 0.
            left = exponential_weights(jnp.concatenate([jnp.zeros(1, jnp.int64), fallen]))[1:].astype(jnp.int64)
            # 2^40 >> 10 times 2^30 is 2^60, of which the upper 32 bits are compared.
            least = _fixed(self.least)
            return words.astype(jnp.int64) < (((left >> 10) * (_fixed(self.explore) - least)) >> 28) + (least << 2)


def _fixed(gene: Gene) -> Int64[Array, "*a"]:
    """A gene from 0 to 1 in units of 2^-30; in 64-bit mode."""
    return jnp.round(gene.astype(jnp.float64) * _ONE).astype(jnp.int64)


def _column(value: Array) -> Array:
    """A scalar, or one value a seat, to stand beside rows [a, k]."""
    return value[..., None]


def _meant(row: Int32[Array, "a k"], legal: Bool[Array, "a k"], habits: Flags, key: Key) -> Index:
    """What each seat would answer without exploring: a highest value, the first of several, or a draw from its habits."""
    best = jnp.argmax(jnp.where(legal, row, jnp.iinfo(jnp.int32).min), 1).astype(jnp.int32)
    ends = jnp.cumsum(jnp.where(legal, row, 0), 1)
    mark = key.below(jnp.maximum(ends[:, -1], 1), row.shape[0])
    drawn = jnp.minimum((ends <= mark[:, None]).sum(1, dtype=jnp.int32), row.shape[1] - 1)
    return jnp.where(habits, drawn, best)
