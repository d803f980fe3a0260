"""Contractors: what they offer, sign and do, against the inequalities themselves, and which is a best reply."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.peers import Circle
from commonweal.core.questions import Amount, Choice
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import View
from commonweal.engine.compiled import run, run_batch
from commonweal.institutions.side_payments import Promised, SidePayments
from commonweal.minds.contractors import Contractor
from commonweal.testing import check_mind
from commonweal.worlds.network_game import NetworkGame


@pytest.mark.slow
def test_laws() -> None:
    check_mind(Contractor(alone=0.3))


def seen(to: np.ndarray, offered: np.ndarray, due: np.ndarray, most: int, rule: bool = True) -> View:
    """What seats see who play a game and are told of promises; they may sign what they are offered."""
    n = to.shape[0]
    rows = [jnp.asarray(row, jnp.int32) for row in (to, offered, due, 0 * due)]
    none, peers = jnp.zeros(n, jnp.int32), rows[0] >= 0
    asked, low = jnp.ones(n, bool), jnp.zeros(to.shape, jnp.int32)
    menu = Named.of(
        ("act", Choice(asked, ("defect", "cooperate"), jnp.asarray([0.0, 1.0]))),
        ("side payment", Amount(asked, low, jnp.where(peers, most, 0), to=rows[0])),
        ("signature", Amount(asked, low, (rows[1] > 0).astype(jnp.int32), to=rows[0])),
        ("vote", Choice(asked, ("no", "yes"))),
    )
    return View(
        seen=Named((), ()),
        told=None,
        inbox=(),
        public=Named.of(("pay", Promised(*rows, none, none))) if rule else Named((), ()),
        menu=menu,
        payoff=none,
        fined=none,
        purse=none,
        born=none > 0,
        contacts=None,
        card=None,
        tick=jnp.zeros((), jnp.int32),
    )


def test_it_offers_signs_and_acts_by_its_inequalities() -> None:
    """Random seats and genes, one a seat, by a loop in whole numbers: credibility in tenths."""
    random = np.random.default_rng(4)
    n, most = 200, 9
    to = np.where(random.random((n, 3)) < 0.8, random.integers(0, n, (n, 3)), -1)
    offered, due = (np.where(to >= 0, random.integers(0, 12, (n, 3)), 0) for _ in range(2))
    offer, cost, gain, tenths = (random.integers(0, high, n) for high in (15, 6, 12, 11))
    mind = Contractor(offer, cost, gain, np.float32(tenths / 10))
    acts = mind.act((), seen(to, offered, due, most), Key.root(1)).acts.map(np.asarray)
    # The same genes in every seat are the same whether given once or seat by seat.
    one = Contractor(7, 3, 6, 0.9).act((), seen(to, offered, due, most), Key.root(1)).acts
    each = Contractor(*(np.full(n, gene) for gene in (7, 3, 6, 0.9))).act((), seen(to, offered, due, most), Key.root(1)).acts
    assert all((one[name] == each[name]).all() for name in one)
    for i in range(n):
        there = to[i] >= 0
        b = min(offer[i], most)
        b = b if 10 * gain[i] > tenths[i] * b else 0
        assert acts["side payment"][i].tolist() == [b if peer else 0 for peer in there]
        signs = (offered[i] > 0) & (tenths[i] * offered[i] >= 10 * cost[i])
        assert acts["signature"][i].tolist() == signs.astype(int).tolist()
        pays = there.any() and tenths[i] * due[i].sum() >= 10 * cost[i] * there.sum()
        assert int(acts["act"][i]) == int(pays)
    assert not acts["vote"].any()


def test_without_the_rule_it_is_alone() -> None:
    to = np.asarray([[1], [0]])
    for alone in (0.0, 1.0):
        acts = Contractor(cost=0, alone=alone).act((), seen(to, 0 * to, 0 * to, 5, rule=False), Key.root(1)).acts
        assert acts["act"].tolist() == [alone] * 2


@pytest.mark.slow
def test_neighbours_who_pay_each_other_cooperate_from_the_third_tick_on() -> None:
    """In a donation game on all pairs, b 5 and c 2: offers of 2 make all give, offers of 1 none."""
    for offer, gives in ((2, True), (1, False)):
        minds = Named.of(("party", Contractor(offer=offer, cost=2, gain=5)))
        rule = Named.of(("pay", SidePayments(circle=Circle(most=8))))
        log = run(Society(NetworkGame.donation(5, 2), minds, Seating(5), rule), 2, 5, record=("acts", "payoff"))
        acts, payoff = np.asarray(log.traces["act.act"]), np.asarray(log.traces["payoff"])
        assert (acts[:2] == 0).all()
        assert (acts[2:] == gives).all()
        # Each seat owes 8 after a purse of 0 and a payoff of 12, so that payments cancel.
        assert (payoff[2:] == (12 if gives else 0)).all()


@pytest.mark.slow
def test_promises_of_both_are_an_equilibrium_where_cooperation_is_the_best_outcome() -> None:
    """Every pair of offers from 0 to 7 played in three dilemmas; Nash by enumeration of what is earned.

    With b = max(T - R, P - S) who offers less is still paid to cooperate and has S + b, so that (b, b) is an equilibrium iff
    S + b <= R, which is 2 R >= T + S where T - R is the greater; (0, 0) is one iff T - b <= P.
    """
    games = [(3, 0, 5, 1), (3, 0, 8, 1), (6, 0, 7, 5)]
    cells = [(*game, one, two) for game in games for one in range(8) for two in range(8)]
    R, S, T, P, one, two = np.int32(cells).T
    bound = np.maximum(T - R, P - S)
    minds = Named.of(("one", Contractor(gain=1000)), ("two", Contractor(gain=1000)))
    seating = Seating(2, Named.of(("two", jnp.float32(0.5))), shuffled=False)
    society = Society(NetworkGame(endowment=100), minds, seating, Named.of(("pay", SidePayments(7))))
    vary = [
        (lens.mind(name, Contractor, get), values)
        for name, offer in (("one", one), ("two", two))
        for get, values in ((lambda own: own.offer, offer), (lambda own: own.cost, bound))
    ]
    for get, values in (
        (lambda own: own.reward, R),
        (lambda own: own.sucker, S),
        (lambda own: own.temptation, T),
        (lambda own: own.punishment, P),
    ):
        vary.append((lens.world(NetworkGame, get), values))
    logs = run_batch(society, tuple(vary), [0] * len(cells), 4, record=("payoff", "mind"))
    last = [np.asarray(log.traces["payoff"])[3, np.argsort(np.asarray(log.traces["mind"])[3])] for log in logs]
    for game, paid in zip(games, np.asarray(last).reshape(3, 8, 8, 2), strict=True):
        R, S, T, P = game
        b = max(T - R, P - S)
        nash = {
            (x, y)
            for x, y in itertools.product(range(8), repeat=2)
            if paid[x, y, 0] >= paid[:, y, 0].max() and paid[x, y, 1] >= paid[x, :, 1].max()
        }
        assert paid[b, b].tolist() == [R, R]
        assert paid[0, b].tolist() == [S + b, T - b]
        assert ((b, b) in nash) == (S + b <= R)
        assert ((0, 0) in nash) == (T - b <= P)
        if T - R >= P - S:
            assert ((b, b) in nash) == (2 * R >= T + S)


def test_out_of_range_is_refused() -> None:
    for wrong in ({"offer": -1}, {"cost": 10**7}, {"gain": -1}, {"trust": 1.5}, {"alone": -0.1}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            Contractor(**wrong)
