"""Every rule on every world under every mind: one society holds them all behind `If`, and `on` is a batch axis."""

import dataclasses
import functools

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.channels.broadcast import Broadcast
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.networks import Regular
from commonweal.core.parts import HostedMind
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.views import HostedDecision
from commonweal.engine.compiled import run, run_batch
from commonweal.engine.hosted import run_hosted, run_sync
from commonweal.institutions.audit import Audit
from commonweal.institutions.disclosure import Disclosure
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.presence import If
from commonweal.institutions.quota import Quota
from commonweal.institutions.rewiring import Rewiring
from commonweal.institutions.sanction import Sanction
from commonweal.institutions.tax import Tax
from commonweal.institutions.voting import Vote
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons
from commonweal.worlds.network_game import NetworkGame

TICKS = 6
RECORD = ("acts", "payoff", "purse", "mind")
RULES = {
    "quota": Quota(multiple=1.5),
    "audit": Audit(detect=0.5),
    "disclosure": Disclosure(scope="contacts"),
    "tax": Tax(rate=0.3),
    "vote": Vote.on(Tax(rate=0.1), Tax, lambda tax: tax.rate, (0.2, 0.5), every=2),
    "sanction": Sanction(levy=1, fine=4, spend=0.5),
    "rewiring": Rewiring(0.3),
    "imitation": Fermi(beta=0.2),
}
WORLDS = {
    "commons": Commons(),
    "one act": NetworkGame(),
    "an act for each contact": NetworkGame(per_contact=True),
}
MINDS = {
    "scripted": Scripted(condition=0.5, tremble=0.2, responsiveness=0.5, ballot=2.0),
    "memory-one": MemoryOne.win_stay_lose_shift(),
}


def society(world, mind, rules=RULES):
    return Society(
        world,
        Named.of(("tried", mind), ("greedy", Scripted(greed=2.5, ballot=1.0))),
        Seating(24, Named.of(("greedy", jnp.float32(0.3))), network=Regular(4)),
        Named.of(*((name, If(rule, on=True)) for name, rule in rules.items())),
        Broadcast(),
    )


@functools.cache
def gated(world, mind):
    """Logs of the society with each rule alone (in order), all of them, and none."""
    whole = society(WORLDS[world], MINDS[mind])
    names = list(RULES)
    rows = np.concatenate([np.eye(len(names), dtype=bool), [[True] * len(names), [False] * len(names)]])
    vary = tuple((lens.rule(name, If, lambda rule: rule.on), rows[:, column]) for column, name in enumerate(names))
    return run_batch(whole, vary, (7,) * len(rows), TICKS, record=RECORD)


# Each pair compiles for two minutes: one is tried always, all others by name.
PAIRS = [(world, mind) for world in WORLDS for mind in MINDS]


@pytest.mark.parametrize(("world", "mind"), [PAIRS[0], *(pytest.param(*pair, marks=pytest.mark.slow) for pair in PAIRS[1:])])
def test_rules_compose(world, mind):
    whole, logs = society(WORLDS[world], MINDS[mind]), gated(world, mind)
    everything, none = logs[-2:]
    bare = run(dataclasses.replace(whole, rules=Named((), ())), 7, TICKS, record=RECORD)
    assert all(np.array_equal(none.traces[name], bare.traces[name]) for name in bare.traces)
    assert all(np.array_equal(none.readings[name], bare.readings[name]) for name in bare.readings)
    assert run_sync(run_hosted(whole, 7, TICKS, record=RECORD)).digest == everything.digest
    moved = [
        name for name, log in zip(RULES, logs, strict=False) if not np.array_equal(log.traces["purse"], none.traces["purse"])
    ]
    assert {"tax"} <= set(moved)


@pytest.mark.parametrize("name", RULES)
def test_each_rule_behind_if_is_the_rule_itself(name):
    whole = society(WORLDS["commons"], MINDS["scripted"])
    alone = run(dataclasses.replace(whole, rules=Named.of((name, RULES[name]))), 7, TICKS, record=RECORD)
    among = gated("commons", "scripted")[list(RULES).index(name)]
    assert all(np.array_equal(alone.traces[trace], among.traces[trace]) for trace in alone.traces)
    assert all(np.array_equal(alone.readings[own], among.readings[own]) for own in alone.readings)


class First(HostedMind):
    """Gives the first legal answer to everything, and reads all its words."""

    @property
    def digest(self):
        return ""

    async def act(self, words, key):
        assert words.rules
        assert words.situation
        answers = {
            "choice": lambda ask: ask.answers[-1],
            "amount": lambda ask: ask.high,
            "say": lambda ask: f"I answer {ask.name}",
        }
        return HostedDecision({ask.name: answers[ask.kind](ask) for ask in words.asks})


@pytest.mark.parametrize("world", WORLDS)
def test_a_hosted_mind_sits_under_every_rule(world):
    rules = {name: rule for name, rule in RULES.items() if name != "disclosure"} | {"disclosure": Disclosure(scope="all")}
    given = Society(
        WORLDS[world],
        Named.of(("scripted", Scripted()), ("hosted", First())),
        Seating(5, Named.of(("hosted", jnp.float32(0.6))), network=Regular(4)),
        Named.of(*((name, If(rule, on=True)) for name, rule in rules.items())),
        Broadcast(),
    )
    log = run_sync(run_hosted(given, 1, 2, record=RECORD))
    assert not [event for event in log.events if event.kind == "default"]
    assert any(event.kind == "say" for event in log.events)
    assert log.readings["answered.ballot"][0] == 5
