"""Disclosure against means worked out by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Star
from commonweal.core.seats import Links, Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Told
from commonweal.engine.compiled import run
from commonweal.institutions.disclosure import Disclosure
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons

KEY = Key.root(2)
TAKES, ASKED = [10, 20, 40, 10], [True, True, True, False]
"""At a fair share of 10: levels 1, 1/2, 1/4, and nothing known of the last seat."""
CLOSE = 2.0**-16


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("all", [0.75 / 2, 1.25 / 2, 1.5 / 2, 1.75 / 3]),
        ("contacts", [0.5, 1.25 / 2, 0.5, 1.25 / 2]),  # on a ring: 1 and 3, 0 and 2, 1 and 3, 2 and 0
        ("group", [0.5, 1.25 / 2, 0.5, 0.75 / 2]),  # groups {0, 1} and {1, 2, 3}
    ],
)
def test_means_by_hand(bench, scope, expected: list[float]) -> None:
    groups = jnp.asarray([[True, False], [True, True], [False, True], [False, True]])
    seats = Seats(jnp.zeros(4, jnp.int32), bench.ring(4).links, groups)
    menu, acts = bench.harvest(TAKES, 10.0, ASKED)
    rule = Disclosure(scope)
    ruling = rule.settle(rule.begin(seats), bench.tick(menu, acts, [0] * 4, seats=seats), KEY)
    assert ruling.public.known.all()
    np.testing.assert_allclose(ruling.public.level, expected, atol=CLOSE)
    assert ruling.payoff.tolist() == [0] * 4


def test_a_hub_sees_all_its_contacts_exactly(bench) -> None:
    """A star of 70,000, at level 1 but one: a sum of more than 32 bits, and each leaf sees the hub alone."""
    n = 70_000
    seats = Seats(jnp.zeros(n, jnp.int32), Links.of(Star(), n))
    level = jnp.ones(n).at[n - 1].set(0.0)
    told = Disclosure("contacts").seen(seats, level, jnp.ones(n, bool).at[5].set(False))
    assert float(told.level[0]) == np.float32((n - 3) / (n - 2))
    assert (np.asarray(told.level)[1:] == 1.0).all()
    alone = Disclosure("contacts").seen(seats, level, jnp.zeros(n, bool).at[0].set(True))
    assert alone.known.tolist() == [False] + [True] * (n - 1)


def test_who_shares_two_groups_counts_twice(bench) -> None:
    groups = jnp.asarray([[True, True], [True, True], [True, False]])
    seats = Seats(jnp.zeros(3, jnp.int32), groups=groups)
    told = Disclosure("group").seen(seats, jnp.asarray([1.0, 0.5, 0.25]), jnp.ones(3, bool))
    np.testing.assert_allclose(told.level, [(0.5 + 0.25 + 0.5) / 3, (1 + 0.25 + 1) / 3, (1 + 0.5) / 2], atol=CLOSE)


def test_nobody_to_see(bench) -> None:
    menu, acts = bench.harvest([10], 10.0)
    alone = Disclosure("all").settle((), bench.tick(menu, acts, [0]), KEY).public
    assert (alone.known.tolist(), alone.level.tolist()) == ([False], [0.0])
    menu, acts = bench.harvest([20, 20], 10.0, [True, False])
    half = Disclosure("all").settle((), bench.tick(menu, acts, [0, 0]), KEY).public
    assert (half.known.tolist(), half.level.tolist()) == ([False, True], [0.0, 0.5])


def test_delay(bench) -> None:
    rule = Disclosure("all", delay=2)
    memory, told = rule.begin(Seats(jnp.zeros(2, jnp.int32))), []
    for harvest in (10, 20, 40, 10):
        menu, acts = bench.harvest([harvest, 10], 10.0)
        ruling = rule.settle(memory, bench.tick(menu, acts, [0, 0]), KEY)
        memory = ruling.memory
        told.append((bool(ruling.public.known[1]), float(ruling.public.level[1])))
    assert told == [(False, 0.0), (False, 0.0), (True, 1.0), (True, 0.5)]


def test_noise_replaces_levels_by_uniform_ones(bench) -> None:
    n = 4000
    seats = bench.ring(n)
    menu, acts = bench.harvest([10] * n, 10.0)
    tick = bench.tick(menu, acts, [0] * n, seats=seats)
    told = np.asarray(Disclosure(noise=1.0).settle((), tick, KEY).public.level)
    # Means of two uniform numbers: 1/2 on average with variance 1/24, each level being seen twice.
    assert abs(told.mean() - 0.5) < 4 * np.sqrt(1 / 12 / n)
    assert abs(told.var() - 1 / 24) < 0.004
    some = np.asarray(Disclosure("all", noise=0.25).settle((), tick, KEY).public.level)
    assert abs(some.mean() - 0.875) < 4 * np.sqrt((0.25 / 3 + 0.75 - 0.875**2) / n)


def test_reach(bench) -> None:
    n = 4000
    menu, acts = bench.harvest([10] * n, 10.0)
    told = Disclosure("all", reach=0.25).settle((), bench.tick(menu, acts, [0] * n), KEY).public
    assert abs(int(told.known.sum()) - 1000) < 4 * np.sqrt(n * 0.25 * 0.75)
    assert (np.asarray(told.level) == np.asarray(told.known)).all()


def test_conditional_cooperators_answer_to_what_they_are_told() -> None:
    minds = Named.of(("civil", Scripted(condition=1.0)), ("greedy", Scripted(greed=2.0)))
    seats = Seating(5, Named.of(("greedy", jnp.float32(0.2))), shuffled=False)
    log = run(Society(Commons(), minds, seats, Named.of(("rule", Disclosure("all")))), 1, 2, record=("acts",))
    first, second = log.traces["act.harvest"]
    assert first.tolist() == [20, 10, 10, 10, 10]
    # 40 left grow to 80, a fair share of 8; civil seats were told (3 + 1/2) / 4 and aim at 8 / .875 = 9.14.
    assert second[0] == 16
    assert set(second[1:].tolist()) <= {9, 10}


def test_identity_and_books(check_inert) -> None:
    check_inert(Disclosure(), lambda rule: rule.reach, 0.0, 1.0)


def test_words_and_errors() -> None:
    rule = Disclosure("group", delay=1)
    assert (
        rule.describe(())
        == "Each round you are told how fairly the other members of your groups acted 2 rounds ago, on average."
    )
    told = Told(jnp.asarray([0.5, 0.0]), jnp.asarray([True, False]))
    assert rule.tell(told, 0).startswith("What the other members of your groups did 2 rounds ago served everyone at 0.50")
    assert rule.tell(told, 1) == ""
    assert Disclosure(reach=0.0).describe(()) == ""
    nowhere = Seats(jnp.zeros(3, jnp.int32))
    with pytest.raises(StudyError, match="seats without network"):
        Disclosure().begin(nowhere)
    with pytest.raises(StudyError, match="seats without groups"):
        Disclosure("group").begin(nowhere)
    with pytest.raises(StudyError, match="delay -1"):
        Disclosure(delay=-1)
    with pytest.raises(StudyError, match="noise = 2"):
        Disclosure(noise=2.0)
