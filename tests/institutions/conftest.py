"""Societies and hand-made ticks that the tests of all institutions share."""

import dataclasses
from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.lens import Lens
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.numbers import total
from commonweal.core.parts import Institution, TickMetric
from commonweal.core.questions import Amount, Scale
from commonweal.core.seats import Links, Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Tick
from commonweal.engine.compiled import run_batch
from commonweal.engine.log import TrialLog
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons
from commonweal.worlds.network_game import NetworkGame

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


@dataclasses.dataclass(frozen=True)
class Graph:
    """A network given by its contacts, row by row."""

    rows: tuple[tuple[int, ...], ...]

    def contacts(self, n: int) -> np.ndarray:
        width = max(map(len, self.rows))
        return np.asarray([[*row, *[-1] * (width - len(row))] for row in self.rows], np.int32)

    @property
    def matrix(self) -> np.ndarray:
        """Which seats are in contact, [a, a]."""
        return np.asarray([[float(j in row) for j in range(len(self.rows))] for row in self.rows])


def star(n: int, hub: int) -> Graph:
    """All in contact with the hub alone."""
    return Graph(tuple(tuple(j for j in range(n) if j != hub) if i == hub else (hub,) for i in range(n)))


class Held(TickMetric):
    """How many seats the second mind holds at the start of each tick."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "none"
    null: ClassVar[str] = "none"

    def read(self, tick):
        return Named.of(("seats", total(tick.seats.mind == 1)))

    def value(self, readings):
        return float(readings["seats"][-1])


def contest(n: int, rule: Institution, world: NetworkGame, network: Graph | None = None, mutants: int = 1, **seating: object):
    """A society of seats that never cooperate, the first mind, and `mutants` that always do, the second."""
    minds = Named.of(("resident", Scripted(level=0.0)), ("mutant", Scripted(level=1.0)))
    share = Named.of(("mutant", jnp.float32(mutants / n)))
    return Society(world, minds, Seating(n, share, network=network, **seating), Named.of(("rule", rule)))


def held(given: Society, trials: int, ticks: int, vary: tuple[tuple[Lens, np.ndarray], ...] = (), seed: int = 0) -> np.ndarray:
    """How many seats the second mind holds, [r, t]: column t is after t ticks."""
    # One tick more than asked for: the count is read at its start.
    logs = run_batch(given, vary, tuple(range(seed, seed + trials)), ticks + 1, Named.of(("held", Held())))
    return np.asarray([log.readings["held.seats"] for log in logs])


def spread(
    rule: Institution,
    starts: np.ndarray,
    game: tuple[float, ...],
    ticks: int,
    links: Links | None = None,
    selection: object = 0.0,
) -> np.ndarray:
    """How many seats the second mind holds after each tick, [r, t], from a rule's heirs alone: no world, no engine.

    `starts` [r, a] is who has it at first; payoffs R, S, T, P are of a game with every contact; `selection` is one or [r].
    """
    trials, n = starts.shape
    R, S, T, P = (jnp.int32(x) for x in game)
    seats = Seats(jnp.zeros(n, jnp.int32), links)

    def one(start, w, seed):
        own = eqx.tree_at(lambda given: given.selection, rule, w)

        def step(kind, tick):
            met = kind.sum() - kind if links is None else links.sums(kind)
            degree = n - 1 if links is None else links.degree
            earned = jnp.where(kind == 1, R * met + S * (degree - met), T * met + P * (degree - met))
            kind = kind[own.heirs(seats, earned.astype(jnp.int32), Key.root(seed).child(tick))]
            return kind, kind.sum()

        return jax.lax.scan(step, start, jnp.arange(ticks))[1]

    given = jnp.asarray(starts, jnp.int32), jnp.broadcast_to(jnp.asarray(selection, jnp.float32), trials), jnp.arange(trials)
    return np.asarray(jax.jit(jax.vmap(one))(*given))


def agrees(hits: np.ndarray, chance: float, slack: float = 0.0) -> bool:
    """Whether a share of trials is a probability, within 4 standard errors and what is known to be off."""
    return bool(abs(hits.mean() - chance) <= 4 * np.sqrt(chance * (1 - chance) / hits.size) + slack)


class Bench:
    """The functions above, for tests to call."""

    society = staticmethod(society)
    sweep = staticmethod(sweep)
    same = staticmethod(same)
    harvest = staticmethod(harvest)
    tick = staticmethod(tick)
    ring = staticmethod(ring)
    graph = Graph
    star = staticmethod(star)
    contest = staticmethod(contest)
    held = staticmethod(held)
    spread = staticmethod(spread)
    agrees = staticmethod(agrees)
    seeds = SEEDS
    ticks = TICKS


@pytest.fixture(scope="session")
def bench() -> type[Bench]:
    return Bench
