"""The laws hold for the whole catalogue, and catch parts that break them."""

from pathlib import Path
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from commonweal_plugin.tithe import Tithe

from commonweal.channels.broadcast import Broadcast
from commonweal.channels.neighbours import Neighbours
from commonweal.core.catalogue import entries
from commonweal.core.errors import LawError
from commonweal.core.numbers import total
from commonweal.core.parts import HostedMind, Institution, RuleKind
from commonweal.core.posts import PostMetric
from commonweal.core.questions import Scale
from commonweal.core.views import Delivery, Ruling
from commonweal.institutions.audit import Audit
from commonweal.institutions.best import Best
from commonweal.institutions.disclosure import Disclosure
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.generations import Generations
from commonweal.institutions.moran import Moran
from commonweal.institutions.mutation import Mutation
from commonweal.institutions.notice import Notice
from commonweal.institutions.presence import If
from commonweal.institutions.quota import Quota
from commonweal.institutions.rewiring import Rewiring
from commonweal.institutions.sanction import Sanction
from commonweal.institutions.shuffle import Shuffle
from commonweal.institutions.tax import Tax
from commonweal.institutions.turnover import Turnover
from commonweal.institutions.turns import Turns
from commonweal.institutions.voting import Vote
from commonweal.metrics.norm_index import NormIndex
from commonweal.minds.forgetful import Forgetful
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.record import Record
from commonweal.minds.recorded import Recorded
from commonweal.minds.scripted import Scripted
from commonweal.minds.strategist import Strategist
from commonweal.minds.two_faced import TwoFaced
from commonweal.testing import Wild, check_channel, check_inert, check_institution, check_metric, check_mind, check_world
from commonweal.worlds.commons import Commons
from commonweal.worlds.network_game import NetworkGame
from commonweal.worlds.reframed import Reframed

TESTS = Path(__file__).parent
INSTITUTIONS = {
    "quota": (Quota(multiple=1.5), Quota(multiple=float("inf"))),
    "audit": (Audit(detect=0.6), Audit(detect=0.0)),
    "disclosure": (Disclosure(scope="contacts"), None),
    "tax": (Tax(rate=0.3), Tax(rate=0.0)),
    "fermi": (Fermi(beta=0.3), Fermi(rate=0.0)),
    "moran": (Moran("death-birth", 0.05, "exponential", average=True, events=3), Moran(rate=0.0)),
    "best": (Best(0.5, every=2), Best(0.0)),
    "generations": (Generations(2, 0.05, rate=0.7), Generations(rate=0.0)),
    "mutation": (Mutation(Moran(selection=0.05), 0.5), Mutation(Fermi(rate=0.0), 1.0)),
    "turnover": (Turnover(Fermi(0.1), 0.3), Turnover(rate=0.0)),
    "rewiring": (Rewiring(0.5), Rewiring(0.0)),
    "sanction": (Sanction(levy=2, fine=9), Sanction(levy=0)),
    "voting": (Vote.on(Tax(), Tax, lambda tax: tax.rate, (0.5,), every=2), Vote()),
    "presence": (If(Tax(rate=0.5), on=True), If(Tax(rate=0.5), on=False)),
    "notice": (Notice(0.6), Notice(0.0)),
    "shuffle": (Shuffle(Disclosure(reach=0.7)), Shuffle()),
    "turns": (Turns(0.4, (("harvest", "int32"),)), Turns(1.0, (("harvest", "int32"),))),
    "tithe": (Tithe(), Tithe(rate=0.0)),
}


def law_is_in_its_file(entry):
    """Whether a part's own test file puts it to the laws, with a world or parameters that suit it."""
    path = TESTS / entry.shelf / f"test_{entry.name.replace('-', '_')}.py"
    if not path.is_file():
        return False
    # A metric of posts has laws of its own, and one across trials has its value in the table alone.
    if entry.shelf == "metrics" and issubclass(entry.load(), PostMetric | NormIndex):
        return True
    return f"check_{entry.shelf.removesuffix('s')}(" in path.read_text()


PLAIN_METRICS = [entry for entry in entries("metrics") if not law_is_in_its_file(entry)]
"""Those that are tried here, on the commons."""


@pytest.mark.parametrize("shelf", ["worlds", "minds", "institutions", "channels", "metrics"])
def test_every_part_of_the_catalogue_is_put_to_the_laws(shelf):
    here = {
        "worlds": {Commons, NetworkGame, Reframed},
        "minds": {Scripted, MemoryOne, Strategist, Recorded, TwoFaced, Forgetful},
        "institutions": {type(rule) for rule, _ in INSTITUTIONS.values()},
        "channels": {Broadcast, Neighbours},
        "metrics": {entry.load() for entry in PLAIN_METRICS},
    }[shelf]
    for entry in entries(shelf):
        kind = entry.load()
        assert kind in here or issubclass(kind, HostedMind) or law_is_in_its_file(entry), entry.name


@pytest.mark.parametrize("name", INSTITUTIONS)
def test_institutions_keep_the_laws(name):
    rule, inert = INSTITUTIONS[name]
    check_institution(rule, inert)


@pytest.mark.parametrize("name", ["quota", "audit", "fermi"])
def test_institutions_keep_the_laws_on_another_world(name):
    rule, inert = INSTITUTIONS[name]
    check_institution(rule, inert, NetworkGame())


@pytest.mark.parametrize(
    "world",
    [
        Commons(),
        Commons(capacity_per_seat=900.0, growth=3.0),
        NetworkGame(),
        NetworkGame(per_contact=True),
        Reframed(Commons(), squared=True, frame="list"),
        Reframed(NetworkGame(per_contact=True), mirrored=True),
    ],
)
def test_worlds_keep_the_laws(world):
    check_world(world)


@pytest.mark.parametrize(
    "mind",
    [
        Wild(),
        Scripted(condition=0.4, tremble=0.1, responsiveness=1.0),
        MemoryOne(tremble=0.1),
        Strategist(tremble=0.1),
        Recorded(Record(np.ones((3, 3, 2), int))),
        TwoFaced(),
        Forgetful(Scripted(responsiveness=1.0), 0.5),
    ],
)
def test_minds_keep_the_laws(mind):
    check_mind(mind)


@pytest.mark.parametrize("channel", [Broadcast(), Broadcast(loss=0.5), Neighbours()])
def test_channels_keep_the_laws(channel):
    check_channel(channel)


@pytest.mark.parametrize("entry", PLAIN_METRICS, ids=lambda entry: entry.name)
def test_metrics_keep_the_laws(entry):
    check_metric(entry.load()())


class Mint(Institution):
    """Pays everybody from nowhere."""

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF

    def settle(self, memory, tick, key):
        return Ruling(memory, tick.payoff + 1)


class Mover(Institution):
    """Moves the norm scale."""

    kind: ClassVar[RuleKind] = RuleKind.CHOICE

    def permit(self, memory, seats, menu):
        return menu.replace("harvest", eqx.tree_at(lambda q: q.scale, menu["harvest"], Scale(jnp.float32(99.0))))


class Never(Institution):
    """Claims to be inert and burns a unit."""

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF

    def settle(self, memory, tick, key):
        due = (tick.payoff > 0).astype(jnp.int32)
        return Ruling(memory, tick.payoff - due, burnt=total(due))


class Peeking(Commons):
    """Bounds each seat's harvest by who sits there."""

    def menu(self, state, seats, purse):
        menu = super().menu(state, seats, purse)
        return menu.replace("harvest", eqx.tree_at(lambda q: q.high, menu["harvest"], menu["harvest"].high // (1 + seats.mind)))


class Drifting(Commons):
    """A norm scale that is measured against the whole stock: it moves with the population."""

    def menu(self, state, seats, purse):
        menu = super().menu(state, seats, purse)
        return menu.replace("harvest", eqx.tree_at(lambda q: q.scale.fair, menu["harvest"], state.stock.astype(jnp.float32)))


class Ranked(Commons):
    """Pays the seats by their number."""

    def step(self, state, seats, acts, purse, key):
        outcome = super().step(state, seats, acts, purse, key)
        return eqx.tree_at(lambda o: o.payoff, outcome, outcome.payoff + jnp.arange(seats.n, dtype=jnp.int32))


class Gossip(Broadcast):
    """Delivers words that nobody said."""

    def deliver(self, memory, tick, key):
        real = super().deliver(memory, tick, key)
        import jax

        return Delivery(jax.tree.map(lambda leaf: jnp.full_like(leaf, 77), real.inbox), real.memory)


@pytest.mark.parametrize(
    ("breaking", "message"),
    [
        (lambda: check_institution(Mint()), "ledger"),
        (lambda: check_institution(Mover()), "norm scale"),
        (lambda: check_inert(Never()), "expected the identity"),
        (lambda: check_world(Peeking()), "sit"),
        (lambda: check_world(Drifting()), "population size"),
        (lambda: check_world(Ranked()), "seat's number"),
        (lambda: check_channel(Gossip()), "nobody said"),
    ],
)
def test_a_broken_law_is_told(breaking, message):
    with pytest.raises(LawError, match=message):
        breaking()
