"""Changes that tell where a result comes from: interaction cut, baselines, and other authors' minds and scales."""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from commonweal.core.named import Named
from commonweal.core.networks import EdgeList
from commonweal.core.parts import HostedMind, Institution, Mind, NoChannel, RuleKind
from commonweal.core.society import Society
from commonweal.institutions.disclosure import Disclosure
from commonweal.institutions.presence import If
from commonweal.institutions.rewiring import Rewiring
from commonweal.institutions.shuffle import Shuffle
from commonweal.lab.robustness.basis import Basis, Change, inside
from commonweal.lab.robustness.perturbations import resized, rewired, with_rule
from commonweal.lab.study import Part
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.scripted import Scripted
from commonweal.minds.strategies import Lookback
from commonweal.minds.strategist import Strategist
from commonweal.worlds.network_game import NetworkGame
from commonweal.worlds.reframed import Reframed, moved_by_squaring

DRAWS = 6
"""Random minds that take the place of each scripted one, the first nearest to it: draw d reaches d / 6 of the full width."""
_AROUND: dict[type, dict[str, float]] = {
    Scripted: {"level": 0.25, "condition": 0.25, "prior": 0.25, "responsiveness": 0.25, "tremble": 0.0, "random": 0.0},
    MemoryOne: {"p_start": 0.25, "cc": 0.25, "cd": 0.25, "dc": 0.25, "dd": 0.25, "tremble": 0.0},
    Strategist: {"tremble": 0.0},
}
"""Full widths: how far from where its author put it a parameter from 0 to 1 is drawn, at most."""
RATES = (0.01, 0.05)
"""Shares of acts that are random where it is asked whether a claim bears that minds slip."""
_SLIP: dict[type, str] = {Scripted: "random", MemoryOne: "tremble", Strategist: "tremble"}
"""The parameter that is the chance of a random act."""
_SLIPS = ("tremble", "random")
"""Chances of a slip are drawn between half and one and a half of their value: a mind that never slips is of another kind."""
_GREED = 1.5
"""Full width of greed: drawn between its value divided by this and multiplied by it, evenly in the logarithm, at least 1."""


def ablations(basis: Basis) -> Iterator[Change]:
    """Interaction made meaningless, or cut.

    Args:
        basis: of the audit.
    """
    if basis.seats.links is not None:
        yield Change("shuffle", "contacts drawn anew at every tick", lambda: _restless(basis))
    telling = [name for name, rule in basis.society.rules.items() if _tells(rule)]
    to_some = [name for name in telling if not _to_all(basis.society.rules[name])]
    if to_some:
        words = f"what {', '.join(to_some)} tells goes to random seats"
        yield Change("shuffle", words, lambda: basis.to(_around(basis.society, to_some, Shuffle)))
    own = {factor.lens.name for factor in basis.of("rules") if factor.label == basis.primary}
    muted = [name for name in telling if name not in own]
    tells = basis.typical.world.observe(basis.start.state, basis.seats, basis.start.endowment).told is not None
    talks = not isinstance(basis.society.channel, NoChannel) and not basis.of("channel")
    if muted or tells or talks:
        yield Change("mute", "nothing is said or told of others", lambda: basis.to(_muted(basis.society, muted, tells, talks)))
    if basis.seats.links is not None:
        yield Change("baseline", "no interaction: nobody has contacts", lambda: _apart(basis))


def baselines(basis: Basis) -> Iterator[Change]:
    """What would come out without the minds in question.

    Args:
        basis: of the audit.
    """
    if basis.seats.links is None and basis.typical.seats.n > 1:
        yield Change("baseline", "one agent alone", lambda: resized(basis, 1))
    if basis.society.hosted:
        yield Change("baseline", "scripted minds that keep the norm", lambda: basis.with_minds(_scripted))
    yield Change("baseline", "random choices by everybody", lambda: basis.with_minds(_random))


def slips(basis: Basis) -> Iterator[Change]:
    """Minds that now and then act at random: whether a claim bears that nobody is perfect.

    Args:
        basis: of the audit.
    """
    values = [value for factor in basis.of("minds", ()) for value in factor.values or ()]
    if any(type(own) in _SLIP for mind in (*basis.society.minds.values, *values) for own in inside(mind)):
        for rate in RATES:
            words = f"{rate:.0%} of acts are random".replace("%", " %")
            yield Change("random acts", words, lambda rate=rate: _slipping(basis, rate))


def other_authors(basis: Basis) -> Iterator[Change]:
    """The author's choice undone: other parameters, strategies that others wrote, another norm scale.

    Args:
        basis: of the audit.
    """
    values = [value for factor in basis.of("minds", ()) for value in factor.values or ()]
    minds = [*basis.society.minds.values, *values]
    if any(type(own) in _AROUND for mind in minds for own in inside(mind)):
        for draw in range(1, DRAWS + 1):
            yield Change(
                "random minds",
                f"parameters drawn within {0.25 * draw / DRAWS:.2g} of the author's",
                lambda draw=draw: _drawn(basis, draw),
            )
    if any(isinstance(own, NetworkGame) for own in inside(basis.society.world)):
        for name in basis.society.minds.names:
            for words, program in (
                ("win-stay, lose-shift", MemoryOne.win_stay_lose_shift()),
                ("tit for two tats", Strategist(Lookback.tit_for_two_tats())),
            ):
                what = f"{words} in the seats of {name}"
                yield Change("programs", what, lambda name=name, program=program: _programmed(basis, name, program))
    if moved_by_squaring(basis.menu):
        yield Change(
            "norm scale",
            "norm levels squared",
            lambda: basis.with_world(lambda world: Reframed(world, squared=True)),
        )


def _tells(rule: Institution) -> bool:
    return any(getattr(own, "kind", None) is RuleKind.INFORMATION for own in inside(rule))


def _to_all(rule: Institution) -> bool:
    """Whether all are told the same, so that a shuffle changes nothing."""
    return any(isinstance(own, Disclosure) and own.scope == "all" for own in inside(rule))


def _around(society: Society, names: list[str], wrap: Any) -> Society:
    rules = [(name, wrap(rule) if name in names else rule) for name, rule in society.rules.items()]
    return dataclasses.replace(society, rules=Named.of(*rules))


def _restless(basis: Basis) -> Part:
    return basis.to(with_rule(basis.society, "restless", Rewiring(1.0, blind=True))[0])


def _muted(society: Society, rules: list[str], world: bool, channel: bool) -> Society:
    quiet = _around(society, rules, lambda rule: If(rule, on=False))
    own = Reframed(society.world, told=False) if world else society.world
    return dataclasses.replace(quiet, world=own, channel=NoChannel() if channel else society.channel)


def _apart(basis: Basis) -> Part:
    return rewired(basis, lambda degree: EdgeList([]))


def _scripted(name: str, mind: Mind | HostedMind) -> Mind | HostedMind:
    return Scripted() if isinstance(mind, HostedMind) else mind


def _random(name: str, mind: Mind | HostedMind) -> Mind | HostedMind:
    """A mind that answers everything at random; a scripted one keeps its place for lenses, and its parameters for nothing."""
    return dataclasses.replace(mind, random=jnp.ones_like(mind.random)) if isinstance(mind, Scripted) else Scripted(random=1.0)


def _drawn(basis: Basis, draw: int) -> Part:
    """Every scripted mind with parameters drawn around its own, the same for all cells of the part."""

    def change(name: str, mind: Mind | HostedMind) -> Mind | HostedMind:
        random = np.random.default_rng([zlib.crc32(f"{basis.study}/{name}".encode()), draw])
        return around(mind, random, draw / DRAWS)

    return basis.with_minds(change)


def around(mind: Any, random: np.random.Generator, reach: float = 1.0) -> Any:
    """A mind with other parameters, drawn around its own; what it wraps likewise.

    Args:
        mind: one whose parameters are known, else it is returned as it is.
        random: where the draws come from.
        reach: share of the full widths within which they lie, 0 to 1.
    """
    changed: dict[str, Any] = {}
    for name, width in _AROUND.get(type(mind), {}).items():
        value = np.asarray(getattr(mind, name), np.float64)
        if name in _SLIPS:
            width = value / 2
        low, high = np.maximum(value - reach * width, 0.0), np.minimum(value + reach * width, 1.0)
        changed[name] = low + random.random(value.shape) * (high - low)
    if isinstance(mind, Scripted):
        value = np.asarray(mind.greed, np.float64)
        changed["greed"] = np.maximum(value * np.exp((2 * random.random(value.shape) - 1) * reach * math.log(_GREED)), 1.0)
    within = getattr(mind, "inner", None)
    if within is not None:
        changed["inner"] = around(within, random, reach)
    return dataclasses.replace(mind, **changed) if changed else mind


def _slipping(basis: Basis, rate: float) -> Part:
    """Every scripted mind with a chance of a random act of at least `rate`."""
    return basis.with_minds(lambda name, mind: slip(mind, rate))


def slip(mind: Any, rate: float) -> Any:
    """A mind that acts at random at least so often; what it wraps likewise.

    Args:
        mind: one whose chance of a slip is known, else it is returned as it is.
        rate: of random acts, 0 to 1.
    """
    changed: dict[str, Any] = {}
    name = _SLIP.get(type(mind))
    if name is not None:
        own = jnp.asarray(getattr(mind, name))
        changed[name] = jnp.maximum(own, jnp.asarray(rate, own.dtype))
    within = getattr(mind, "inner", None)
    if within is not None:
        changed["inner"] = slip(within, rate)
    return dataclasses.replace(mind, **changed) if changed else mind


def _programmed(basis: Basis, name: str, program: Mind) -> Part:
    minds = dataclasses.replace(basis.society, minds=basis.society.minds.replace(name, program))
    return basis.to(minds)
