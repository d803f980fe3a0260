"""A menu: the questions of one tick, by name; and what the answers to it are worth on the norm scale."""

from __future__ import annotations

from typing import cast

import equinox as eqx
import jax
import jax.numpy as jnp

from commonweal.core.arrays import Flags, Levels
from commonweal.core.named import Named
from commonweal.core.numbers import ONE_LEVEL, fixed_levels
from commonweal.core.questions import Act, Question, Say

Menu = Named[Question]
"""What each agent may do now; the same names, kinds and shapes every tick."""
Acts = Named[Act]
"""Everybody's answers, by question."""


class Standing(eqx.Module):
    """How each seat's answers of one tick stand on the norm scale."""

    level: Levels
    """Mean norm level of the scaled questions that the seat was asked; 1 where it was asked none."""
    known: Flags
    """Whether it was asked any."""


def defaults(menu: Menu) -> Acts:
    """The answers that stand where nobody answers."""
    return menu.map(lambda question: question.default())


def standing(menu: Menu, acts: Acts) -> Standing:
    """The norm level of each seat's answers; acts must hold an answer to every scaled question of the menu."""
    scaled = [(question, acts[name]) for name, question in menu.items() if question.scaled]
    some = next(iter(menu.values)).asked
    if not scaled:
        return Standing(jnp.ones(some.shape, jnp.float32), jnp.zeros(some.shape, bool))
    if len(scaled) == 1:
        question, act = scaled[0]
        return Standing(jnp.where(question.asked, question.level(act), 1.0), question.asked)
    fixed = jnp.zeros(some.shape, jnp.int32)
    count = jnp.zeros(some.shape, jnp.int32)
    for question, act in scaled:
        fixed = fixed + jnp.where(question.asked, fixed_levels(question.level(act)), 0)
        count = count + question.asked
    level = fixed.astype(jnp.float32) / (ONE_LEVEL * jnp.maximum(count, 1)).astype(jnp.float32)
    return Standing(jnp.where(count > 0, level, 1.0), count > 0)


def announced(menu: Menu, acts: Acts, stands: Standing) -> Acts:
    """The answers with every question that asks for words answered by the phrase nearest to what each seat does."""
    said = {name: question.announce(stands.level) for name, question in menu.items() if isinstance(question, Say)}
    return Named(acts.names, tuple(said.get(name, act) for name, act in acts.items()))


def lawful_or_default(question: Question, act: Act) -> tuple[Act, Flags]:
    """The answers with each illegal one replaced by the default, and whose were legal."""
    fine = question.lawful(act)
    return cast("Act", choose(fine, act, question.default())), fine


def choose(rows: Flags, left: object, right: object) -> object:
    """Row by row, `left` where the flag is set, else `right`: pytrees whose leaves are [a, ...] and alike."""

    def pick(x: jax.Array, y: jax.Array) -> jax.Array:
        return jnp.where(rows.reshape(rows.shape + (1,) * (x.ndim - 1)), x, y)

    return jax.tree.map(pick, left, right)


def asks_only(question: Question, who: Flags) -> Question:
    """A copy of a question that asks only those it asked already and `who` names."""
    return eqx.tree_at(lambda q: q.asked, question, question.asked & who)
