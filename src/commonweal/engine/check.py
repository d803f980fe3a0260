"""What can be known of a society before it runs: shapes are evaluated, nothing is computed."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax

from commonweal.core.errors import LawError, StudyError
from commonweal.core.menu import defaults
from commonweal.core.named import Named
from commonweal.core.parts import Metric
from commonweal.core.seats import Links
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.phases import Choices, Committed, State, commit, offer, start

_MOVED = ("heir", "links", "groups")
"""What rules and channels may move, one of them at most."""


def check(society: Society, metrics: Named[Metric]) -> None:
    """Check that a society can run and be measured.

    Raises:
        StudyError: a metric reads facts that this world does not tell, or two parts move the same thing.
        LawError: a part changes the shape of something from one tick to the next.
    """
    links = society.seats.links()
    begun, done, moved = jax.eval_shape(eqx.Partial(_first_tick, society, links), Key.root(0))
    _same_shapes(begun, done.state)
    for name, metric in metrics.items():
        for facts in metric.needs:
            if not isinstance(done.tick.facts, facts):
                raise StudyError(
                    f"metric {name!r} reads {facts.__name__}, which the world {type(society.world).__name__} does not tell; "
                    "measure something else or choose a world that has it"
                )
    for what, found in moved.items():
        movers = [name for name, value in found.items() if value is not None]
        if len(movers) > 1:
            raise StudyError(
                f"{' and '.join(movers)} both return {what}; expected at most one rule or channel that does: drop one"
            )


def _first_tick(society: Society, links: Links | None, key: Key) -> tuple[State, Committed, Named[Named[Any]]]:
    """A tick in which nobody answers: the state before, what came of it, and what each rule and the channel moves."""
    state = start(society, links, key)
    view = offer(society, state)
    nobody = view.menu.map(lambda question: question.asked & False)
    done = commit(society, state, view, Choices(defaults(view.menu), nobody, state.minds), key)
    rulings = [rule.settle(memory, done.tick, key) for rule, memory in zip(society.rules.values, state.rules, strict=True)]
    delivery = society.channel.deliver(state.channel, done.tick, key)
    names = (*society.rules.names, "the channel")
    moved = Named(
        _MOVED,
        tuple(Named(names, (*(getattr(own, what) for own in rulings), getattr(delivery, what, None))) for what in _MOVED),
    )
    return state, done, moved


def _same_shapes(before: State, after: State) -> None:
    one, two = jax.tree.flatten_with_path(before)[0], jax.tree.flatten_with_path(after)[0]
    for (path, left), (other, right) in zip(one, two, strict=False):
        if path != other or left.shape != right.shape or left.dtype != right.dtype:
            where = jax.tree_util.keystr(path)
            raise LawError(
                f"{where} is {left.dtype}{list(left.shape)} before a tick and {right.dtype}{list(right.shape)} after it; "
                "expected the same shape every tick: mend the part that returns it"
            )
    if jax.tree.structure(before) != jax.tree.structure(after):
        raise LawError("a part returns a memory or a public value of another structure than it began with; keep it the same")
