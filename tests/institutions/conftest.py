"""Societies and hand-made ticks that the tests of all institutions share."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.lens import Lens
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.parts import Institution
from commonweal.core.questions import Amount, Scale
from commonweal.core.seats import Links, Seating, Seats
from commonweal.core.society import Society
from commonweal.core.views import Tick
from commonweal.engine.compiled import run_batch
from commonweal.engine.log import TrialLog
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons

TICKS = 6
SEEDS = tuple(range(12))


def society(n: int, rules: Named[Institution]) -> Society:
    """A commons with a mild and a greedy mind, both between two whole amounts, so that a shifted draw would show."""
    minds = Named.of(
        ("civil", Scripted(level=0.93, condition=0.5, prior=0.93, responsiveness=0.5)), ("greedy", Scripted(greed=1.7))
    )
    groups = jnp.arange(n)[:, None] % 2 == jnp.arange(2)[None]
    return Society(Commons(), minds, Seating(n, Named.of(("greedy", jnp.float32(0.2))), network=Ring(2), groups=groups), rules)


def sweep(n: int, rules: Named[Institution], place: Lens | None = None, values: object = None) -> list[TrialLog]:
    """One batch of short trials over the shared seeds, with a value each at a place."""
    vary = () if place is None else ((place, np.asarray(values)),)
    return run_batch(society(n, rules), vary, SEEDS, TICKS, record=("acts", "payoff", "purse", "mind"))


def same(one: TrialLog, other: TrialLog) -> bool:
    """Whether two logs agree in all that the first one holds: readings and traces."""
    series = [(name, values, other.readings[name]) for name, values in one.readings.items()]
    series += [(name, values, other.traces[name]) for name, values in one.traces.items()]
    return all(np.array_equal(left, right) for _, left, right in series)


@pytest.fixture(scope="session")
def bare() -> Callable[[int], list[TrialLog]]:
    """Logs of the society without rules, by its size; each size is run once."""
    done: dict[int, list[TrialLog]] = {}

    def logs(n: int) -> list[TrialLog]:
        if n not in done:
            done[n] = sweep(n, Named((), ()))
        return done[n]

    return logs


@pytest.fixture(scope="session")
def check_inert(bare: Callable[[int], list[TrialLog]]) -> Callable[[Institution, Callable[..., object], float, float], None]:
    """Asserts that a rule is the identity at the values of no strength, acts at others, and always balances its books."""

    def law(rule: Institution, get: Callable[..., object], off: float, on: float) -> None:
        values = np.asarray([off if seed % 2 == 0 else on for seed in SEEDS], np.float32)
        logs = sweep(40, Named.of(("rule", rule)), lens.rule("rule", type(rule), get), values)
        for value, with_rule, without in zip(values, logs, bare(40), strict=True):
            assert same(without, with_rule) == (value == np.float32(off))

    return law


def harvest(acts: list[int], fair: float, asked: list[bool] | None = None) -> tuple[Menu, Acts]:
    """One scaled harvest, and everybody's answer."""
    n = len(acts)
    asks = jnp.asarray([True] * n if asked is None else asked)
    question = Amount(asks, jnp.zeros(n, jnp.int32), jnp.full(n, 100, jnp.int32), Scale(jnp.float32(fair)))
    return Named.of(("harvest", question)), Named.of(("harvest", jnp.asarray(acts, jnp.int32)))


def tick(menu: Menu, acts: Acts, made: list[int], purse: list[int] | None = None, seats: Seats | None = None) -> Tick:
    """A finished tick by hand, in which everybody answered what they were asked."""
    n = len(made)
    payoff = jnp.asarray(made, jnp.int32)
    return Tick(
        tick=jnp.zeros((), jnp.int32),
        seats=Seats(jnp.zeros(n, jnp.int32)) if seats is None else seats,
        menu=menu,
        chosen=acts,
        bound=acts,
        answered=menu.map(lambda question: question.asked),
        made=payoff,
        payoff=payoff,
        purse=jnp.zeros(n, jnp.int32) if purse is None else jnp.asarray(purse, jnp.int32),
        facts=None,
        born=jnp.zeros(n, bool),
    )


def ring(n: int) -> Seats:
    """Seats on a circle."""
    return Seats(jnp.zeros(n, jnp.int32), links=Links.of(Ring(2), n))


class Bench:
    """The functions above, for tests to call."""

    society = staticmethod(society)
    sweep = staticmethod(sweep)
    same = staticmethod(same)
    harvest = staticmethod(harvest)
    tick = staticmethod(tick)
    ring = staticmethod(ring)
    seeds = SEEDS
    ticks = TICKS


@pytest.fixture(scope="session")
def bench() -> type[Bench]:
    return Bench
