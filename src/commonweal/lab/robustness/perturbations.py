"""Changes that should not matter: order, schedule, memory, contacts, size, horizon, words, units, being watched."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import jax.numpy as jnp

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import EdgeList, Network, Regular, Ring, WattsStrogatz
from commonweal.core.parts import HostedMind, Institution, Mind, NoChannel
from commonweal.core.seats import Links
from commonweal.core.society import Society
from commonweal.institutions.audit import Audit
from commonweal.institutions.best import Best
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.generations import Generations
from commonweal.institutions.moran import Moran
from commonweal.institutions.notice import Notice
from commonweal.institutions.sanction import Sanction
from commonweal.institutions.turns import Turns, kinds_of
from commonweal.lab.factors import Factor
from commonweal.lab.robustness.basis import Basis, Change, inside
from commonweal.lab.study import Part
from commonweal.minds.forgetful import Forgetful
from commonweal.minds.language import Language
from commonweal.minds.memories.window import Window
from commonweal.minds.programs import ProgramMind
from commonweal.models.model import Model
from commonweal.worlds.commons import Commons
from commonweal.worlds.network_game import NetworkGame
from commonweal.worlds.reframed import FRAMES, Frame, Reframed, turns_any

CUE = "observation cue"
"""Axis, and label of the factor, of the notice that seats are watched."""
FINER = 10
"""How many new units make one old unit where payoffs are put in finer units."""
_UNITS: dict[type, dict[str, int]] = {
    Commons: {"capacity_per_seat": 1, "collapse_per_seat": 1},
    NetworkGame: {"reward": 1, "sucker": 1, "temptation": 1, "punishment": 1, "endowment": 1},
    Audit: {"cost": 1},
    Sanction: {"levy": 1, "fine": 1, "cost": 1, "endowment": 1},
    Fermi: {"beta": -1},
    Moran: {"selection": -1},
    Generations: {"selection": -1},
    Best: {},
}
"""Fields in ledger units (1), or per ledger unit (-1), of parts that reckon in them."""


def perturbations(basis: Basis, second: Model | None) -> Iterator[Change]:
    """All changes of this kind that could apply.

    Args:
        basis: of the audit.
        second: a model of another family; None: the slot of that axis stays empty.
    """
    yield Change("fresh seeds", "nothing: the same cells with fresh seeds", lambda: basis.part)
    seats, silent = basis.typical.seats, isinstance(basis.typical.channel, NoChannel)
    if len(basis.society.minds) > 1 and not (silent and seats.network is None and seats.groups is None and seats.card is None):
        # Where nothing tells one seat from another, worlds may not either: that is a law which the conformance kit checks.
        yield Change("agent order", _order_words(basis.society), lambda: _in_other_order(basis))
    if turns_any(basis.menu) and not any(isinstance(mind, ProgramMind) for mind in basis.society.minds.values):
        yield Change("option order", "options in reverse order", lambda: _mirrored(basis))
    yield from _schedules(basis)
    yield from _memories(basis)
    yield from _topologies(basis)
    yield from _sizes(basis)
    if not basis.of("horizon"):
        yield Change("horizon", f"{2 * basis.part.ticks} ticks", lambda: basis.to(ticks=2 * basis.part.ticks))
    yield from _words(basis, second)
    yield Change("payoff units", f"one unit is {FINER} new ones", lambda: _in_finer_units(basis))
    yield Change(CUE, "everybody is told that it is watched", lambda: _watched(basis))


def _order_words(society: Society) -> str:
    return "minds in blocks, not in a random order" if society.seats.shuffled else "minds in a random order, not in blocks"


def _in_other_order(basis: Basis) -> Part:
    seats = dataclasses.replace(basis.society.seats, shuffled=not basis.society.seats.shuffled)
    return basis.to(dataclasses.replace(basis.society, seats=seats))


def _mirrored(basis: Basis) -> Part:
    return basis.with_world(lambda world: Reframed(world, mirrored=True))


def _framed(basis: Basis, frame: Frame) -> Part:
    return basis.with_world(lambda world: Reframed(world, frame=frame))


def with_rule(society: Society, name: str, rule: Institution) -> tuple[Society, str]:
    """The society with one more rule, before all others, and the name that it got.

    Args:
        society: without it.
        name: wanted; with `-` at its end where another rule has it.
        rule: the rule.
    """
    while name in society.rules:
        name += "-"
    return dataclasses.replace(society, rules=Named.of((name, rule), *society.rules.items())), name


def _schedules(basis: Basis) -> Iterator[Change]:
    """Half of the seats move at a tick, or one."""
    questions = kinds_of(basis.menu)
    if not questions:
        return

    def make(rate: float) -> Part:
        return basis.to(with_rule(basis.society, "turns", Turns(rate, questions))[0])

    yield Change("scheduler", "a random half of the seats moves at a tick, not all", lambda: make(0.5))
    n = basis.typical.seats.n
    if basis.part.ticks >= 2 * n:
        yield Change("scheduler", "one seat moves at a tick on average, not all", lambda: make(1 / n))


def _memories(basis: Basis) -> Iterator[Change]:
    """Minds without memory, and with a poor one."""

    def looks_back(mind: object) -> bool:
        return (isinstance(mind, Mind) and mind.memory_depth > 0) or (isinstance(mind, Language) and mind.memory.slots > 0)

    values = [value for factor in basis.of("minds", ()) for value in factor.values or ()]
    if not any(looks_back(mind) for mind in (*basis.society.minds.values, *values)):
        return

    def make(rate: float, notes: int) -> Part:
        def change(name: str, mind: Mind | HostedMind) -> Mind | HostedMind:
            if isinstance(mind, Language):
                return dataclasses.replace(mind, memory=Window(notes))
            return Forgetful(mind, rate) if isinstance(mind, Mind) and looks_back(mind) else mind

        return basis.with_minds(change)

    yield Change("memory", "minds remember nothing", lambda: make(1.0, 0))
    yield Change("memory", "minds forget all every second tick, or keep one note", lambda: make(0.5, 1))


def _topologies(basis: Basis) -> Iterator[Change]:
    """Other networks with as many contacts a seat."""
    others: tuple[tuple[str, type, Callable[[int], Network | None]], ...] = (
        ("a ring", Ring, Ring),
        ("a small world", WattsStrogatz, lambda degree: WattsStrogatz(degree, 0.1)),
        ("a random regular network", Regular, Regular),
    )
    own, varied = basis.society.seats.network, basis.of("seats", ("network",))
    if own is None and not varied:
        return
    for words, kind, make in others:
        if varied or not isinstance(own, kind):
            text = f"{words} with as many contacts"
            yield Change("topology", text, lambda make=make: rewired(basis, make))
    if not varied:
        yield Change("topology", "everybody in contact with everybody", lambda: rewired(basis, lambda degree: None))


def rewired(basis: Basis, make: Callable[[int], Network | None]) -> Part:
    """The part on other networks.

    Args:
        basis: of the audit.
        make: a network from the even mean degree of the one that stood, or that a level stands for.

    Raises:
        StudyError: two levels of a factor would be the same network.
    """
    n = basis.typical.seats.n

    def change(name: str, network: Network | None) -> Network | None:
        if network is None:
            return None
        mean = float(jnp.mean(Links.of(network, n).degree))
        return make(max(2, 2 * round(mean / 2)))

    seats = dataclasses.replace(basis.society.seats, network=change("", basis.society.seats.network))
    factors = basis.revalued("seats", ("network",), change)
    for factor in factors:
        if factor.lens.path == ("network",) and len(set(factor.values or ())) < len(factor.levels):
            raise StudyError(f"two levels of {factor.label!r} would be one network; expected levels of different degrees")
    return basis.to(dataclasses.replace(basis.society, seats=seats), factors)


def _sizes(basis: Basis) -> Iterator[Change]:
    """Twice and half the population."""
    n = basis.typical.seats.n
    if isinstance(basis.society.seats.network, EdgeList):
        return
    yield Change("population", f"{2 * n} seats instead of {n}", lambda: resized(basis, 2 * n))
    if n >= 4:
        yield Change("population", f"{n // 2} seats instead of {n}", lambda: resized(basis, n // 2))


def resized(basis: Basis, n: int) -> Part:
    """The part with another number of seats.

    Raises:
        StudyError: the number of seats is the primary factor, or something in the society has a row a seat.
    """
    for factor in basis.of("seats", ("n",)):
        if factor.label == basis.primary:
            raise StudyError("the number of seats is the primary factor; expected another change")
        return basis.to(factors=basis.releveled(factor, n))
    return basis.to(lens.size().set(basis.society, n))


def _words(basis: Basis, second: Model | None) -> Iterator[Change]:
    """What language minds read, and which model reads it."""
    values = [value for factor in basis.of("minds", ()) for value in factor.values or ()]
    minds = [mind for mind in (*basis.society.minds.values, *values) if isinstance(mind, Language)]
    if not minds:
        return
    formats: tuple[tuple[str, Callable[[str, str], tuple[str, str]]], ...] = (
        ("what it cares about first", lambda persona, disposition: (disposition, persona)),
        ("as a list", lambda persona, disposition: (f"Who you are: {persona}", f"What matters to you: {disposition}")),
        ("in the third person", lambda persona, disposition: (f'Your part is described so: "{persona}', f'{disposition}"')),
    )
    if any(mind.persona or mind.disposition for mind in minds):
        for words, change in formats:
            yield Change("persona", words, lambda change=change: _retold(basis, change))
    for frame in FRAMES:
        yield Change("wording", f"the rules in the form {frame!r}", lambda frame=frame: _framed(basis, frame))
    if second is not None:

        def other(name: str, mind: Mind | HostedMind) -> Mind | HostedMind:
            return dataclasses.replace(mind, model=second) if isinstance(mind, Language) else mind

        yield Change("model family", f"{second.name} in the seats of language minds", lambda: basis.with_minds(other))


def _retold(basis: Basis, change: Callable[[str, str], tuple[str, str]]) -> Part:
    def retell(name: str, mind: Mind | HostedMind) -> Mind | HostedMind:
        if not isinstance(mind, Language) or not (mind.persona or mind.disposition):
            return mind
        persona, disposition = change(mind.persona, mind.disposition)
        return dataclasses.replace(mind, persona=persona, disposition=disposition)

    return basis.with_minds(retell)


def _in_finer_units(basis: Basis) -> Part:
    """All amounts in finer units, and all that is per unit likewise: a change of nothing but the unit.

    Raises:
        StudyError: a factor varies such a number, or it is not known which numbers of the world are amounts.
    """
    society = basis.society
    if not any(type(own) in _UNITS for own in inside(society.world)):
        raise StudyError("it is not known which numbers of this world are in ledger units; expected a world of ours")
    for factor in basis.part.factors:
        if factor.lens.path[-1:] and any(factor.lens.path[-1] in _UNITS.get(own, {}) for own in factor.lens.kind.__mro__):
            raise StudyError(f"factor {factor.label!r} is in ledger units; expected its levels to mean the same in any unit")
    rules = dataclasses.replace(society.rules, values=tuple(_finer(rule) for rule in society.rules.values))
    return basis.to(dataclasses.replace(society, world=_finer(society.world), rules=rules))


def _finer(part: Any) -> Any:
    """A part, and all that it wraps, in finer units."""
    changed = {name: getattr(part, name) * float(FINER) ** power for name, power in _UNITS.get(type(part), {}).items()}
    if hasattr(part, "inner"):
        changed["inner"] = _finer(part.inner)
    return dataclasses.replace(part, **changed) if changed else part


def _watched(basis: Basis) -> Part:
    """With and without the notice, in pairs: a factor of its own."""
    society, name = with_rule(basis.society, "notice", Notice(0.0))
    cue = Factor(CUE, lens.rule(name, Notice, lambda rule: rule.reach), (0.0, 1.0))
    return basis.to(society, (*basis.part.factors, cue))
