"""A treaty: who is bound when, notice of withdrawal, and the small stable coalitions of Barrett."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run, run_batch
from commonweal.institutions.audit import Audit
from commonweal.institutions.commitment import Commitment
from commonweal.institutions.quota import Quota
from commonweal.institutions.tax import Tax
from commonweal.institutions.treaty import Party, Roll, Treaty
from commonweal.minds.joiners import Joiner
from commonweal.testing import check_institution
from commonweal.worlds.commons import Commons
from commonweal.worlds.network_game import NetworkGame

HELD = Audit(detect=1.0, schedule=(0.0,), hold_after=1)
"""Whoever falls short of the norm once is held to it from then on, without a fine."""


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Treaty(Audit(detect=0.7), threshold=2), Treaty(Audit(detect=0.0), threshold=1))


@pytest.mark.slow
def test_members_are_bound_and_nobody_else() -> None:
    """A quota inside: members take the fair share, outsiders 1.25 times as much; below the threshold all do."""
    minds = Named.of(("out", Joiner(join=0.0, outside=0.8)), ("in", Joiner(inside=0.8, outside=0.8)))
    for threshold, bound in ((3, True), (4, False)):
        seating = Seating(6, Named.of(("in", jnp.float32(0.5))))
        rule = Treaty(Quota(1.0), threshold)
        log = run(
            Society(Commons(capacity_per_seat=1000.0), minds, seating, Named.of(("treaty", rule))),
            5,
            2,
            record=("acts", "mind"),
        )
        harvest, inside = np.asarray(log.traces["act.harvest"])[1], np.asarray(log.traces["mind"])[1] == 1
        assert harvest.min() > 0
        assert (harvest[inside].max() < harvest[~inside].min()) == bound


def roll(member: list[int], left: list[int]) -> Roll:
    return Roll((), jnp.asarray(member, bool), jnp.asarray(left, jnp.int32))


def after(bench, rule: Treaty, memory: Roll, answers: list[int]) -> tuple[Roll, Party]:
    n = len(answers)
    menu, acts = bench.harvest([1] * n, 10.0)
    menu = rule.permit(memory, Seats(jnp.zeros(n, jnp.int32)), menu)
    ruling = rule.settle(memory, bench.tick(menu, acts.add("treaty", jnp.asarray(answers)), [0] * n), Key.root(0))
    return ruling.memory, ruling.public


def test_signing_and_withdrawing_with_notice(bench) -> None:
    """By hand, notice 2: the withdrawal of seat 0 counts down 2, 1, gone; signing takes it back; seat 2 was never a member."""
    rule = Treaty(threshold=2, notice=2)
    memory, told = after(bench, rule, rule.begin(Seats(jnp.zeros(3, jnp.int32))), [1, 1, 2])
    assert (memory.member.tolist(), memory.left.tolist()) == ([True, True, False], [-1, -1, -1])
    assert told.inside.tolist() == [True, True, False]
    memory, _ = after(bench, rule, memory, [2, 2, 0])
    assert memory.left.tolist() == [2, 2, -1]
    memory, _ = after(bench, rule, memory, [2, 1, 0])
    assert (memory.member.tolist(), memory.left.tolist()) == ([True, True, False], [1, -1, -1])
    memory, told = after(bench, rule, memory, [0, 0, 0])
    assert (memory.member.tolist(), memory.left.tolist()) == ([False, True, False], [-1, -1, -1])
    assert told.members.tolist() == [1, 1, 1]
    assert told.inside.tolist() == [False] * 3
    at_once, _ = after(bench, Treaty(), roll([1, 1], [-1, -1]), [2, 0])
    assert at_once.member.tolist() == [False, True]


def coalition_payoffs(n: int, benefit: int, cost: int) -> dict[tuple[int, int], np.ndarray]:
    """Payoffs a tick of n seats by (members, threshold), members first, once the treaty has settled."""
    names = [f"s{i}" for i in range(n)]
    minds = Named.of(*((name, Joiner(inside=0.0)) for name in names))
    seating = Seating(n, Named.of(*((name, jnp.float32(1 / n)) for name in names[1:])), shuffled=False)
    society = Society(NetworkGame.donation(benefit, cost), minds, seating, Named.of(("treaty", Treaty(HELD))))
    cells = list(itertools.product(range(n + 1), range(1, n + 1)))
    vary = [
        (lens.mind(name, Joiner, lambda mind: mind.join), np.asarray([float(i < k) for k, _ in cells], np.float32))
        for i, name in enumerate(names)
    ]
    vary.append((lens.rule("treaty", Treaty, lambda rule: rule.threshold), np.asarray([at for _, at in cells], np.int32)))
    logs = run_batch(society, tuple(vary), [0] * len(cells), 4, record=("payoff", "mind"))
    return {
        cell: np.asarray(log.traces["payoff"])[3][np.argsort(np.asarray(log.traces["mind"])[0])]
        for cell, log in zip(cells, logs, strict=True)
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1994, 2003])
def test_the_stable_coalition_is_the_smallest_that_pays(seed: int) -> None:
    """Barrett: k* = the smallest k with (k - 1) b >= (n - 1) c, found by trying every coalition against leaving and joining."""
    n, rng = 6, np.random.default_rng(seed)
    cost = int(rng.integers(1, 5))
    benefit = cost + int(rng.integers(1, 3 * cost + 1))
    paid = coalition_payoffs(n, benefit, cost)
    smallest = next(k for k in range(1, n + 1) if (k - 1) * benefit >= (n - 1) * cost)
    for k in range(1, n + 1):
        inside, outside = (k - 1) * benefit - (n - 1) * cost, k * benefit
        assert paid[k, k].tolist() == [inside] * k + [outside] * (n - k)
        left = paid[k - 1, k]
        assert (left == 0).all()
        stays = paid[k, k][0] >= left[0]
        nobody_joins = k == n or paid[k, k][n - 1] >= paid[k + 1, k][k]
        assert stays == (k >= smallest)
        assert nobody_joins


def test_words_and_limits() -> None:
    rule = Treaty(HELD, 2, 3)
    memory = rule.begin(Seats(jnp.zeros(3, jnp.int32)))
    assert "not in force" in rule.describe(memory)
    assert "after 3 rounds" in rule.describe(memory)
    assert "inspected" in rule.describe(memory)
    assert rule.tell(Party(jnp.asarray([True]), jnp.asarray([2])), 0) == "The treaty binds you this round."
    with pytest.raises(StudyError, match="threshold = 0"):
        Treaty(threshold=0)
    with pytest.raises(StudyError, match="notice = -1"):
        Treaty(notice=-1)
    with pytest.raises(StudyError, match="does not go by norm levels"):
        Treaty(Tax())
    assert isinstance(Treaty(Commitment()).inner, Commitment)
