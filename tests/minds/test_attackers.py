"""Attackers: the staircase against its exact chain, copying, loyalty, and honest users."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.analysis.exact.help_or_harm import Learning, Requests, find_lessons
from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run_batch
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.metrics.disguise_used import DisguiseUsed
from commonweal.metrics.harm_rate import HarmRate
from commonweal.minds.attackers import Attacker, AttackerMemory
from commonweal.minds.gatekeepers import Gatekeeper
from commonweal.testing import check_mind, society_for
from commonweal.worlds.assistants import Assistants

PROVIDERS, USERS, DAYS = 5, 300, 60
N = PROVIDERS + USERS


def society():
    card = jnp.asarray([1] * PROVIDERS + [0] * USERS)
    strict = jnp.asarray([0.0] * (PROVIDERS - 1) + [6.0] + [0.0] * USERS)
    return Society(
        Assistants(),
        Named.of(("users", Attacker()), ("assistants", Gatekeeper(threshold=strict))),
        Seating(N, Named.of(("assistants", jnp.float32(PROVIDERS / N))), card=card, shuffled=False),
    )


@pytest.fixture(scope="module")
def learn():
    """Metrics of trials in which all users are attackers: (rise, ease, copying, loyalty, tries, reach, thresholds)."""
    own, metrics = society(), Named.of(("disguise", DisguiseUsed()), ("harm", HarmRate()))
    lenses = (
        lens.mind("users", Attacker, lambda mind: mind.rise),
        lens.mind("users", Attacker, lambda mind: mind.ease),
        lens.mind("users", Attacker, lambda mind: mind.copying),
        lens.mind("users", Attacker, lambda mind: mind.loyalty),
        lens.mind("users", Attacker, lambda mind: mind.tries),
        lens.world(Assistants, lambda world: world.reach),
        lens.mind("assistants", Gatekeeper, lambda mind: mind.threshold),
    )

    def over(*rows):
        # Filled up with repeats, so that all tests share one compiled program.
        columns = [np.asarray(column) for column in zip(*rows, *rows[-1:] * (4 - len(rows)), strict=True)]
        return run_batch(own, tuple(zip(lenses, columns, strict=True)), range(4), DAYS, metrics)

    return over


@pytest.mark.slow
def test_the_staircase_is_its_chain(learn):
    """At random steps, thresholds and tries: mean disguise and help over all days, one attacker in 300 apart."""
    draws = np.random.default_rng(9)
    rows, expected = [], []
    for tries in (1, 1, 2, 3):
        rise, ease = (int(x) for x in draws.integers((30, 0), (60, 30)))
        threshold = round(float(draws.uniform(0.2, 1.4)), 3)
        rows.append((rise / 1000, ease / rise, 0.0, 0.0, tries, 0.0, np.full(N, threshold)))
        expected.append(find_lessons(threshold, Requests(0.5, bad_tries=tries), Learning(0, rise, ease), DAYS))
    for log, lessons in zip(learn(*rows), expected, strict=True):
        assert log.values["disguise"] == pytest.approx(lessons.sophistication.mean(), abs=0.01)
        assert log.values["harm"] == pytest.approx(lessons.helped.mean(), abs=0.02)


@pytest.mark.slow
def test_what_one_learns_others_copy_and_loyal_attackers_find_the_lax_provider(learn):
    """Copies of the best trick beat lone learners; four strict and one lax provider: the loyal end up with the lax one."""
    strict = np.asarray([0.0] * (PROVIDERS - 1) + [6.0] + [0.0] * USERS)
    level = np.full(N, 1.0)
    alone, copied, roving, loyal = learn(
        (0.01, 1.0, 0.0, 0.0, 1, 0.0, level),
        (0.01, 1.0, 0.5, 0.0, 1, 0.5, level),
        (0.0, 0.0, 0.0, 0.0, 1, 0.0, strict),
        (0.0, 0.0, 0.0, 1.0, 1, 0.0, strict),
    )
    assert copied.values["disguise"] > alone.values["disguise"] + 0.07
    assert copied.values["harm"] > alone.values["harm"] + 0.03
    assert roving.values["harm"] < 0.25
    assert loyal.values["harm"] > 0.6
    last = loyal.readings["harm.helped"][-1] / loyal.readings["harm.bad"][-1]
    assert last > 0.75


@pytest.fixture(scope="module")
def view():
    own = society()
    return eqx.filter_jit(offer)(own, begin(own, 1).state)


def shown(view, server, tip, born=False):
    seen = view.seen.replace("server", jnp.full(N, server)).replace("tip", jnp.full(N, tip))
    return dataclasses.replace(view, seen=seen, born=jnp.full(N, born))


@pytest.mark.parametrize(
    ("harmful", "server", "tip", "born", "expected"),
    [
        (True, -1, -1, False, 350),
        (True, 2, -1, False, 280),
        (False, -1, -1, False, 300),
        (False, 2, 500, False, 500),
        (True, -1, 900, False, 700),
        (True, -1, 320, False, 350),
        (True, -1, 900, True, 300),
    ],
)
def test_lessons_by_hand(view, harmful, server, tip, born, expected):
    """Disguise .3, steps .05 up and .02 down, skill .7; tips above skill are copied as far as skill goes."""
    mind = Attacker(sophistication=0.3, skill=0.7, rise=0.05, ease=0.4, copying=1.0)
    memory = AttackerMemory(jnp.full(N, 300), jnp.full(N, harmful))
    assert (np.asarray(mind.learnt(memory, shown(view, server, tip, born), Key.root(0))) == expected).all()


def test_honest_users_send_ordinary_requests_and_the_loyal_stay(view):
    mind = Attacker.honest(tries=9, loyalty=1.0)
    memory = mind.init(Key.root(0), begin(society(), 1).state.seats)
    acts = mind.act(memory, shown(view, 3, -1), Key.root(1)).acts
    assert not np.asarray(acts["request"]).any()
    assert (np.asarray(acts["provider"]) == 3).all()
    assert (np.asarray(acts["tries"]) == 4).all()
    first = np.asarray(mind.act(memory, shown(view, -1, -1), Key.root(1)).acts["provider"])
    assert set(first.tolist()) == set(range(PROVIDERS))


def test_what_cannot_be_is_refused():
    with pytest.raises(StudyError, match="rise = 2"):
        Attacker(rise=2.0)
    with pytest.raises(StudyError, match="tries = 0"):
        Attacker(tries=0)
    with pytest.raises(StudyError, match="was asked harvest"):
        Attacker().act(None, offer(society_for(), begin(society_for(), 1).state), Key.root(0))


@pytest.mark.slow
def test_laws():
    check_mind(Attacker(malice=0.5, rise=0.1, ease=0.5, copying=0.5, loyalty=0.5, tries=2), Assistants(reach=0.5))
