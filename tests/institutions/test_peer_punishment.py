"""Peer punishment against the SanctSim identities and a plain loop, with answers and over periods."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.peers import Circle
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.views import Decision
from commonweal.engine.compiled import advance, run
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.institutions.peer_punishment import PeerPunishment
from commonweal.institutions.peer_reward import PeerReward
from commonweal.testing import Wild, check_institution
from commonweal.worlds.network_game import NetworkGame
from commonweal.worlds.public_goods import TOKEN, PublicGoods

LAST = Circle(period=3, stage=2, most=6)
RECORD = ("acts", "payoff", "purse")


class Given(Mind):
    """Does what it is given, whatever is asked."""

    contribute: jax.Array
    punish: jax.Array
    reward: jax.Array

    def init(self, key, seats):
        return ()

    def act(self, memory, view, key):
        acts = {"contribute": self.contribute, "punish": self.punish, "reward": self.reward}
        return Decision(Named.of(*((name, acts[name]) for name in view.menu)), ())


def sanctsim(contribute, punish, reward, **rule) -> Society:
    """Seven seats in one group with both sanctions, 12,600 units a token."""
    one = {"cost": TOKEN, "most": 20, "circle": LAST}
    rules = Named.of(
        ("punishment", PeerPunishment(effect=3 * TOKEN, **{**one, **rule})), ("reward", PeerReward(gain=TOKEN, **one))
    )
    mind = Given(*(jnp.asarray(part, jnp.int32) for part in (contribute, punish, reward)))
    world = dataclasses.replace(PublicGoods.sanctsim(), per_group=False)
    return Society(world, Named.of(("given", mind)), Seating(7), rules)


@pytest.mark.slow
def test_laws() -> None:
    check_institution(PeerPunishment(circle=Circle("contacts")), PeerPunishment(budget=0))


@pytest.mark.slow
def test_sanctsim_payoffs_with_sanctions_are_the_identity() -> None:
    """Oracles C, SI: 20 - c + 1.6 C / 7 + 20 - spent - 3 negative + positive; sum 40 n + .6 C - 4 negatives; no clipping."""
    random = np.random.default_rng(1)
    fall = 0.0
    for _ in range(8):
        c = random.integers(0, 21, 7)
        negative, positive = (within(random.integers(0, 6, (7, 6))) for _ in range(2))
        log = run(sanctsim(c, negative, positive), 1, 3, record=RECORD)
        minus, plus = received(negative), received(positive)
        spent = negative.sum(1) + positive.sum(1)
        known = (40 - c - spent - 3 * minus + plus) * TOKEN + 8 * TOKEN * c.sum() // 35
        got = np.diff(np.vstack([np.full(7, 1000 * TOKEN), log.traces["purse"]]), axis=0).sum(0)
        assert got.tolist() == known.tolist()
        assert got.sum() == TOKEN * (40 * 7 - 4 * negative.sum()) + 3 * TOKEN * c.sum() // 5
        assert log.readings["ledger.burnt"].tolist() == [0, 0, 4 * TOKEN * negative.sum()]
        fall = min(fall, got.min())
    harsh = np.zeros((7, 6), int)
    harsh[1:, 5] = 20  # slot 5 of each seat is the one before it
    harsh[2:, :] = 0
    harsh[1] = [0, 0, 0, 0, 0, 20]
    log = run(sanctsim([0] * 7, harsh, np.zeros((7, 6), int)), 1, 3, record=RECORD)
    assert log.traces["payoff"][2].tolist() == [-60 * TOKEN, -20 * TOKEN, 0, 0, 0, 0, 0]


def within(points):
    """Points within a budget of 20."""
    for row in points:
        while row.sum() > 20:
            row[row.argmax()] -= 1
    return points


def received(points):
    """What each seat gets, by a loop: slot s of seat i is seat i + s + 1."""
    got = np.zeros(7, int)
    for i in range(7):
        for slot in range(6):
            got[(i + slot + 1) % 7] += points[i, slot]
    return got


@pytest.mark.slow
def test_points_beyond_the_budget_are_cut_in_proportion() -> None:
    wild = np.full((7, 6), 9)
    log = run(sanctsim([20] * 7, wild, np.zeros((7, 6), int)), 1, 3, record=RECORD)
    assert (log.traces["act.punish"][2] == 9 * 20 // 54).all()
    assert log.traces["payoff"][2].tolist() == [-(3 * 6 + 3 * 3 * 6) * TOKEN] * 7


@pytest.mark.slow
def test_only_the_punished_answer_and_only_those_who_punished() -> None:
    """Seat 0 punishes seat 1 alone. In the next stage seat 1 is asked, and may spend points on seat 0 only."""
    points = np.zeros((7, 6), int)
    points[0, 0] = 4
    given = sanctsim([20] * 7, points, np.zeros((7, 6), int), answering=True, circle=Circle(period=4, stage=2, most=6))
    given = dataclasses.replace(given, world=PublicGoods(allowance=20, period=4, stage=1, purse=100))
    trial = advance(begin(given, 1), 3)
    view = jax.device_get(eqx.filter_jit(offer)(trial.society, trial.state))
    asked = view.menu["punish"]
    assert asked.asked.tolist() == [False, True, False, False, False, False, False]
    assert asked.high[1].tolist() == [0, 0, 0, 0, 0, 20]
    told = view.public["punishment"]
    assert told.answering.all()
    assert told.by[1].tolist() == [0, 0, 0, 0, 0, 4]
    assert told.amount.tolist() == [0, 12 * TOKEN, 0, 0, 0, 0, 0]
    assert view.fined.tolist() == told.amount.tolist()
    assert "took 151200 units" in trial.society.rules["punishment"].tell(told, 1)
    after = advance(trial, 2)
    assert after.readings["asked.punish"].tolist() == [0, 0, 7, 1, 0]
    assert not np.asarray(after.state.rules[0].by).any() or after.readings["asked.punish"][-2] == 1


@pytest.mark.slow
def test_peers_acts_are_told_after_they_act() -> None:
    c = [20, 15, 10, 5, 0, 0, 20]
    trial = advance(begin(sanctsim(c, np.zeros((7, 6), int), np.zeros((7, 6), int)), 1), 2)
    told = jax.device_get(trial.state.public["punishment"])
    assert told.known.all()
    for i in range(7):
        assert told.level[i].tolist() == pytest.approx([c[(i + slot + 1) % 7] / 20 for slot in range(6)], abs=1e-4)
    assert trial.society.rules["punishment"].tell(told, 0).startswith("How the others last acted")


@pytest.mark.slow
def test_a_thousand_agents_on_a_network_in_a_world_of_neighbours() -> None:
    from commonweal.core.networks import Regular

    seating = Seating(1000, network=Regular(4))
    rules = Named.of(("punishment", PeerPunishment(circle=Circle("contacts"))))
    log = run(Society(NetworkGame(endowment=100), Named.of(("wild", Wild())), seating, rules), 2, 3)
    assert log.readings["asked.punish"].tolist() == [1000] * 3
    assert (log.readings["ledger.burnt"] > 0).all()


def test_numbers_out_of_range_are_refused() -> None:
    for wrong in ({"cost": -1}, {"effect": 10**7}, {"most": 1001}, {"budget": -1}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            PeerPunishment(**wrong)
    with pytest.raises(StudyError, match=r"Circle\.period"):
        PeerPunishment(answering=True)


def test_it_is_told_in_words() -> None:
    words = PeerPunishment(cost=2, effect=5, circle=LAST).describe(None)  # pyright: ignore[reportArgumentType]
    assert "(stage 3 of 3)" in words
    assert "costs you 2 units and takes 5" in words
    assert PeerPunishment(budget=0).describe(None) == ""  # pyright: ignore[reportArgumentType]
