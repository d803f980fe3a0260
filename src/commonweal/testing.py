"""Laws that every part must keep, for authors of parts: one call checks one part, and raises a LawError that says what broke.

    from commonweal.testing import check_institution
    check_institution(MyRule(strength=0.5), inert=MyRule(strength=0.0))

The tests run these over the whole catalogue.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from commonweal.core.errors import LawError, StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Regular
from commonweal.core.parts import Channel, EndMetric, HostedMind, Institution, LogMetric, Metric, Mind, NoChannel, Seen, World
from commonweal.core.questions import Amount, Choice, Say
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Decision, End, Tick, View
from commonweal.engine.check import check
from commonweal.engine.compiled import advance, run
from commonweal.engine.hosted import advance as advance_hosted
from commonweal.engine.hosted import run_sync
from commonweal.engine.phases import State, offer
from commonweal.engine.trial import Trial, begin
from commonweal.institutions.presence import If
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons

TICKS = 4
RECORD = ("acts", "payoff", "purse", "mind")


class Wild(Mind):
    """Answers every question with a uniformly random legal answer: the mind that laws are tried with."""

    def init(self, key: Key, seats: Seats) -> tuple[()]:
        """Remembers nothing."""
        return ()

    def act(self, memory: tuple[()], view: View, key: Key) -> Decision:
        """Random answers, one stream a question."""
        return Decision(Named.of(*((name, question.draw(key.child(name))) for name, question in view.menu.items())), ())


def society_for(
    world: World | None = None,
    mind: Mind | None = None,
    rules: tuple[tuple[str, Institution], ...] = (),
    channel: Channel | None = None,
    n: int = 12,
) -> Society:
    """A small society around the part that is tried: a regular network of 4 contacts, two overlapping groups, cards."""
    return Society(
        world=Commons() if world is None else world,
        minds=Named.of(("tried", Wild() if mind is None else mind), ("other", Scripted(level=0.5))),
        seats=Seating(
            n,
            Named.of(("other", jnp.float32(0.25))),
            network=Regular(4) if n > 4 else None,
            groups=jnp.stack([jnp.arange(n) % 2 == 0, jnp.arange(n) % 3 > 0], 1),
            card=jnp.arange(n, dtype=jnp.int32) % 3,
        ),
        rules=Named.of(*rules),
        channel=NoChannel() if channel is None else channel,
    )


def check_society(society: Society, seed: int = 1, ticks: int = TICKS) -> Trial:
    """Laws of every society without hosted minds.

    The ledger balances every tick; the same seed gives the same log; another seed may give another; the hosted engine gives
    the compiled engine's log, resumed at every tick; shapes stay the same from tick to tick.

    Returns:
        The trial, for laws about what happened in it.

    Raises:
        LawError: a law is broken.
    """
    check(society, Named((), ()))
    first = begin(society, seed, record=RECORD)
    whole = advance(first, ticks)
    digest = whole.log().digest
    _hold(
        advance(first, ticks).log().digest == digest,
        "two runs of one seed gave two logs; expected one: a part has hidden state",
    )
    halves = advance(advance(first, ticks // 2), ticks - ticks // 2)
    _hold(
        halves.log().digest == digest, "a resumed trial gave another log than the uninterrupted one; keep all state in memory"
    )
    hosted = run_sync(advance_hosted(first, ticks))
    _hold(
        hosted.log().digest == digest,
        "the hosted engine, which resumes the trial at every tick, gave another log than the compiled one; keep all state in "
        "memory, and decide by whole numbers or fixed point, see core.numbers",
    )
    return whole


def check_world(world: World) -> None:
    """Laws of a world: those of its society, and of its menu, its norm scale and its words.

    A norm level does not move with the number of seats; answers at a level have that level on average; defaults and drawn
    answers are legal; what the menu offers a seat follows from what the seat sees (bounds leak nothing); the world does not
    look at who sits where, or at a seat's number; every seat gets words.

    Raises:
        LawError: a law is broken.
    """
    trial = check_society(society_for(world))
    _check_scale(world)
    _check_leaks(world)
    _check_relabelling(world)
    _hold(bool(world.rules().strip()), "the world has no words for its rules; write `rules`")
    for state in (begin(trial.society, trial.seed).state, trial.state):
        view = eqx.filter_jit(offer)(trial.society, state)
        _check_menu(world, view)
        other = eqx.tree_at(lambda s: s.mind, state.seats, 1 - state.seats.mind)
        for verb in (world.menu, world.observe):
            given = verb(state.world, state.seats, state.purse), verb(state.world, other, state.purse)
            _hold(_equal(*given), f"{type(world).__name__} looks at which minds sit where; expected it to see cards at most")
        rows = cast("View", jax.device_get(view))
        for seat in range(state.seats.n):
            _hold(bool(world.describe(rows, seat).strip()), f"seat {seat} sees nothing in words; write `describe`")


def _check_menu(world: World, view: View) -> None:
    key = Key.root(5)
    for name, question in view.menu.items():
        where = f"question {name!r} of {type(world).__name__}"
        _hold(bool(question.lawful(question.default()).all()), f"{where}: the default is not legal")
        _hold(bool(question.lawful(question.draw(key)).all()), f"{where}: a drawn answer is not legal")
        if question.scaled:
            act = question.at(jnp.ones(question.asked.shape, jnp.float32), key)
            _hold(bool(question.lawful(act).all()), f"{where}: the answer at level 1 is not legal")
            level = np.asarray(question.level(act))
            _hold(bool((level > 1 - 1e-6).all()), f"{where}: the answer at level 1 has level {level.min():g}")


def _check_scale(world: World) -> None:
    """The same multiple of the fair share has the same level at 5, 100 and 1,000 seats."""
    seen: dict[str, list[float]] = {}
    for n in (5, 100, 1000):
        society = society_for(world, n=n)
        seats = society.seats.seat(society.minds.names, society.seats.links(), Key.root(3))
        start = world.reset(Key.root(4), seats)
        for name, question in world.menu(start.state, seats, start.endowment).items():
            if isinstance(question, Amount) and question.scale is not None:
                fair = np.broadcast_to(np.asarray(question.scale.fair), (n,))
                multiple = np.asarray(question.level(jnp.asarray(3 * fair)))
                seen.setdefault(f"{name} at three fair shares", []).append(float(multiple.mean()))
                seen.setdefault(f"{name}: the fair share of a seat", []).append(float(fair.mean()))
            elif isinstance(question, Choice) and question.serves is not None:
                seen.setdefault(f"{name}: level of its last answer", []).append(float(question.serves[-1]))
    for what, values in seen.items():
        spread = max(values) - min(values)
        _hold(
            spread <= 1e-3 * max(map(abs, values)),
            f"{type(world).__name__}, {what}: {values} at 5, 100 and 1,000 seats; "
            "expected the same: a norm scale must not move with population size",
        )


def _check_leaks(world: World) -> None:
    """Where two seats see the same and own the same, their menus are the same."""
    rows: dict[bytes, bytes] = {}
    for seed in range(3):
        trial = begin(society_for(world), seed)
        for _ in range(3):
            trial = advance(trial, 1)
            state = trial.state
            seen = jax.device_get(world.observe(state.world, state.seats, state.purse))
            menu = jax.device_get(world.menu(state.world, state.seats, state.purse))
            for seat in range(state.seats.n):
                known = _row((seen, np.asarray(state.purse), np.asarray(state.seats.card)), seat)
                known += b"" if state.seats.links is None else _row(np.asarray(state.seats.links.to), seat)
                offered = _row(menu, seat)
                _hold(
                    rows.setdefault(known, offered) == offered,
                    f"{type(world).__name__}: two seats that see the same are offered different menus; expected bounds that "
                    "follow from what the seat sees: show it, or do not bound by it",
                )


def _check_relabelling(world: World) -> None:
    """Who sits first does not matter: minds that swap seats swap what they are paid. Worlds that need a network are passed."""
    try:
        state = begin(_blocks(world, 0.5, swapped=False), 1).state
    except StudyError:
        return
    amounts = all(isinstance(own, Amount) for own in world.menu(state.world, state.seats, state.purse).values)
    bold = 0.5 if amounts else 0.0
    one, two = (run(_blocks(world, bold, swapped), 1, 1, record=("payoff",)).traces["payoff"][0] for swapped in (False, True))
    _hold(bool((one == np.roll(two, 2)).all()), f"{type(world).__name__} pays by the seat's number: {one}, then {two}")


def _blocks(world: World, bold: float, swapped: bool) -> Society:
    """Two seats of a mind at norm level 1 and two of a bolder one, in blocks."""
    minds: tuple[tuple[str, Mind | HostedMind], ...] = (("meek", Scripted(level=1.0)), ("bold", Scripted(level=bold)))
    first, second = reversed(minds) if swapped else minds
    return Society(world, Named.of(first, second), Seating(4, Named.of((second[0], jnp.float32(0.5))), shuffled=False))


def _row(tree: Any, seat: int) -> bytes:
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]
    n = max(leaf.shape[0] for leaf in leaves if leaf.ndim)
    return b"|".join((leaf[seat] if leaf.ndim and leaf.shape[0] == n else leaf).tobytes() for leaf in leaves)


def check_mind(mind: Mind, world: World | None = None, channel: Channel | None = None) -> None:
    """Laws of a scripted or learned mind: those of its society; legal answers; determinism; rows that do not mix.

    What one seat answers does not change with what another seat sees; memory has one row a seat.

    Raises:
        LawError: a law is broken.
    """
    trial = check_society(society_for(world, mind, channel=channel))
    view = eqx.filter_jit(offer)(trial.society, trial.state)
    memory = trial.state.minds[0]
    n = trial.state.seats.n
    for leaf in jax.tree.leaves(memory):
        _hold(leaf.ndim > 0 and leaf.shape[0] == n, f"{type(mind).__name__}: a leaf of its memory has no row a seat")
    act = eqx.filter_jit(lambda m, s, v, k: m.act(s, v, k))
    decision = act(mind, memory, view, Key.root(9))
    _hold(_equal(decision, act(mind, memory, view, Key.root(9))), f"{type(mind).__name__}: one key gave two decisions")
    for name, answer in decision.acts.items():
        _hold(bool(view.menu[name].lawful(answer).all()), f"{type(mind).__name__} answers {name!r} illegally; keep to the menu")
    moved = eqx.tree_at(lambda v: (v.payoff, v.purse), view, (view.payoff.at[0].add(7), view.purse.at[0].add(7)))
    moved = dataclasses.replace(moved, inbox=jax.tree.map(lambda leaf: leaf.at[0].set(jnp.zeros_like(leaf[0])), view.inbox))
    if view.told is not None:
        moved = eqx.tree_at(lambda v: v.told.level, moved, view.told.level.at[0].set(0.25))
    other = act(mind, memory, moved, Key.root(9))
    rest = jax.tree.map(lambda leaf: leaf[1:], decision), jax.tree.map(lambda leaf: leaf[1:], other)
    _hold(_equal(*rest), f"{type(mind).__name__}: what one seat sees moves what another does; work row by row")


def check_institution(rule: Institution, inert: Institution | None = None, world: World | None = None) -> None:
    """Laws of an institution: those of its society; it moves no norm scale; absent behind `If`, and inert, it is the identity.

    Args:
        rule: the rule at some strength.
        inert: the same rule at zero strength; None: it has none.
        world: where it is tried; None: the commons.

    Raises:
        LawError: a law is broken.
    """
    name = type(rule).__name__
    trial = check_society(society_for(world, rules=(("tried", rule),)))
    rule.describe(jax.device_get(trial.state.rules[0]))
    bare = trial.society.world.menu(trial.state.world, trial.state.seats, trial.state.purse)
    ruled = rule.permit(trial.state.rules[0], trial.state.seats, bare)
    for own, question in bare.items():
        _hold(_equal(_scale(question), _scale(ruled[own])), f"{name} moves the norm scale of {own!r}; no rule may")
        _hold(bool((~ruled[own].asked | question.asked).all()), f"{name} asks seats {own!r} that the world did not ask")
    for absent, what in ((If(rule, on=False), "absent behind If"), (inert, "inert")):
        if absent is not None:
            check_inert(absent, f"{name}, {what},", world)


def check_inert(rule: Institution, what: str = "the rule", world: World | None = None) -> None:
    """A rule that does nothing is the identity between two rules that do something.

    Raises:
        LawError: something other than questions of its own differs from a society without it.
    """
    others = (("before", _Half()), ("after", _Half()))
    with_it = run(society_for(world, rules=(others[0], ("inert", rule), others[1])), 2, TICKS, record=RECORD)
    without = run(society_for(world, rules=others), 2, TICKS, record=RECORD)
    pairs = [(with_it.readings, without.readings), (with_it.traces, without.traces)]
    for got, expected in pairs:
        for name, series in expected.items():
            _hold(
                bool(np.array_equal(got[name], series)),
                f"{what} changes {name!r}; expected the identity: the same acts, payments and random draws as without it",
            )


class _Half(Institution):
    """Burns half of every gain: a rule for others to stand beside."""

    def settle(self, memory: Any, tick: Any, key: Key) -> Any:
        """Half of what is positive is burnt."""
        from commonweal.core.numbers import total
        from commonweal.core.views import Ruling

        due = jnp.maximum(tick.payoff, 0) // 2
        return Ruling(memory, tick.payoff - due, burnt=total(due))


def _scale(question: Any) -> Any:
    return question.serves if isinstance(question, Choice) else getattr(question, "scale", None)


def check_channel(channel: Channel, world: World | None = None) -> None:
    """Laws of a channel: those of its society; it delivers nothing that was not said, handle or vector, nor by another.

    Raises:
        LawError: a law is broken.
    """
    trial = begin(society_for(world, channel=channel), 3, Named.of(("spoken", _Spoken())))
    said: set[tuple[int, ...]] = set()
    for _ in range(TICKS):
        trial = advance(trial, 1)
        for kept in trial.seen.values():
            for by, what in enumerate(kept[-1].reshape(kept.shape[1], -1).tolist()):
                said |= {(by, *what), (-1, *what)}
        heard = set(_heard(trial.state))
        _hold(heard <= said, f"{type(channel).__name__} delivers (by, what) {sorted(heard - said)[:3]}, which nobody said")
    check_society(society_for(world, channel=channel))


class _Spoken(LogMetric):
    """Keeps what everybody said: handles [a], vectors [a, d]."""

    def watch(self, tick: Tick) -> Named[Array]:
        """By question."""
        return Named.of(*((name, tick.bound[name]) for name, question in tick.menu.items() if isinstance(question, Say)))

    def gather(self, seen: Seen, texts: tuple[str, ...]) -> Seen:
        """As it is."""
        return seen

    def measure(self, log: Seen) -> float:
        """Nothing."""
        return 0.0


def _heard(state: State) -> Iterator[tuple[int, ...]]:
    """Who said (-1: not told) what an inbox holds: its handles, or those in its field `handle`, and its vectors."""
    inbox = state.inbox
    for leaf in jax.tree.leaves(getattr(inbox, "handle", inbox)):
        by = np.broadcast_to(np.asarray(getattr(inbox, "by", -1)), leaf.shape)
        yield from ((who, what) for who, what in zip(by.ravel().tolist(), leaf.ravel().tolist(), strict=True) if what >= 0)
    if hasattr(inbox, "vector") and inbox.vector.size:
        rows = np.asarray(inbox.vector).reshape(-1, inbox.vector.shape[-1]).tolist()
        yield from ((who, *what) for who, what in zip(np.asarray(inbox.by).ravel().tolist(), rows, strict=True) if any(what))


def check_metric(metric: Metric, world: World | None = None, channel: Channel | None = None) -> None:
    """Laws of a metric: within its bounds; of how a trial ends, the same whoever sits where, and pure numbers in any unit.

    Args:
        metric: what is tried.
        world: where; None: the commons.
        channel: what seats hear by; None: they do not.

    Raises:
        LawError: a law is broken.
    """
    name = type(metric).__name__
    _hold(bool(metric.source and metric.unit and metric.null), f"{name} lacks a source, a unit or a null model")
    society = society_for(world, n=5)
    society = society if channel is None else dataclasses.replace(society, channel=channel)
    for mind in (Wild(), Scripted(level=1.0), Scripted(level=0.0)):
        minds = society.minds.replace("tried", mind)
        value = run(dataclasses.replace(society, minds=minds), 1, TICKS, Named.of(("tried", metric))).values["tried"]
        _hold(metric.low <= value <= metric.high, f"{name} is {value:g}; expected [{metric.low:g}, {metric.high:g}]")
    if isinstance(metric, EndMetric):
        purse = jnp.asarray([40, 3, 0, 17, 5], jnp.int32)
        state = begin(society, 1).state
        values = [
            _end_value(metric, End(state.seats, jnp.zeros(5, jnp.int32), scale * purse[jnp.asarray(order)]))
            for scale, order in ((1, (0, 1, 2, 3, 4)), (1, (3, 1, 4, 0, 2)), (7, (0, 1, 2, 3, 4)))
        ]
        _hold(abs(values[0] - values[1]) < 1e-12, f"{name} changes when seats are relabelled: {values[:2]}")
        _hold(metric.unit != "1" or abs(values[0] - values[2]) < 1e-12, f"{name} is a pure number that changes with the unit")


def _end_value(metric: EndMetric, end: End) -> float:
    return metric.value({name: np.asarray(value)[None].astype(np.int64) for name, value in metric.read(end).items()})


def _equal(one: Any, other: Any) -> bool:
    left, right = jax.tree.flatten(one), jax.tree.flatten(other)
    return left[1] == right[1] and all(
        np.array_equal(np.asarray(a), np.asarray(b)) for a, b in zip(left[0], right[0], strict=True)
    )


def _hold(law: bool, broken: str) -> None:
    if not law:
        raise LawError(broken)
