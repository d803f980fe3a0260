"""Entry and exit: a plain loop over the log, a chain in closed form, admission by vote, and the price of going as a limit."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.ballots import Jury, Plurality
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import advance, run, run_batch
from commonweal.engine.trial import begin
from commonweal.institutions.boundary import NOBODY, Boundary
from commonweal.minds.scripted import Scripted
from commonweal.testing import Wild, check_institution
from commonweal.worlds.network_game import NetworkGame
from commonweal.worlds.public_goods import TOKEN, PublicGoods

N = 6
settled = eqx.filter_jit(lambda rule, memory, tick, key: rule.settle(memory, tick, key))


@pytest.mark.slow
def test_laws() -> None:
    rule = Boundary(0.7, outside=3, leaving=2, entering=5, applicants=1, count=Plurality(), groups=True)
    check_institution(rule, Boundary(0.0, 3, applicants=1, count=Plurality()))


def moved(bench, rule: Boundary, memory, answers, purse, paid=10, admits=None, seed=0):
    """One tick in which everybody gives these answers, as far as they are legal."""
    n = len(answers)
    seats = Seats(jnp.zeros(n, jnp.int32), card=jnp.arange(n) % 2)
    menu, acts = bench.harvest([10] * n, 10.0)
    menu = rule.permit(memory, seats, menu)
    given = jnp.asarray(answers, jnp.int32)
    acts = acts.add("boundary", jnp.where(menu["boundary"].lawful(given), given, 0))
    if admits is not None:
        acts = acts.add("boundary_admission", jnp.asarray(admits, jnp.int32))
    tick = bench.tick(menu, acts, [paid] * n, purse, seats)
    return menu, settled(rule, memory, tick, Key.root(seed))


def test_moves_by_hand(bench) -> None:
    rule = Boundary(outside=4, leaving=12, entering=7)
    seats = bench.ring(N)
    memory = rule.begin(seats)
    assert memory.inside.all()
    # Seats 0 to 3 leave; 3 has 1 unit in debt and is paid 10: it cannot pay 12. Coming in is not legal for who is in.
    menu, first = moved(bench, rule, memory, [1, 1, 1, 1, 2, 0], [5, 2, 90, -1, 0, 0])
    assert menu["harvest"].asked.all()
    assert first.memory.inside.tolist() == [False, False, False, True, True, True]
    assert first.payoff.tolist() == [-2, -2, -2, 10, 10, 10]
    assert int(first.burnt) == 36
    # Outside they are asked nothing, get 4 for what they are paid, and come back for 7 where they can.
    menu, second = moved(bench, rule, first.memory, [2, 2, 0, 0, 0, 0], [3, 2, 88, 9, 10, 10])
    assert menu["harvest"].asked.tolist() == [False, False, False, True, True, True]
    assert second.memory.inside.tolist() == [True, False, False, True, True, True]
    assert second.payoff.tolist() == [-3, 4, 4, 10, 10, 10]
    assert int(second.burnt) == 60 - 35
    told = jax.device_get(second.public)
    assert told.gone.tolist() == [2] * N
    assert rule.tell(told, 1) == "You are out."
    assert rule.tell(told, 0) == ""


def test_members_let_applicants_in(bench) -> None:
    rule = Boundary(entering=3, applicants=1, count=Plurality())
    seats = Seats(jnp.zeros(N, jnp.int32), card=jnp.arange(N) % 2)
    memory = rule.begin(seats)
    assert memory.inside.tolist() == [True, False] * 3
    everybody, purse = [0, 2] * 3, [9] * N
    # Nobody is in before a vote; one of the three who ask is drawn by lot, each as often.
    drawn = []
    for seed in range(60):
        menu, asked = moved(bench, rule, memory, everybody, purse, admits=[1] * N, seed=seed)
        assert asked.memory.inside.tolist() == [True, False] * 3
        drawn.append(int(asked.memory.applicant))
        assert not menu["boundary_admission"].asked.any()
    assert set(drawn) == {1, 3, 5}
    assert abs(np.mean(np.asarray(drawn) == 3) - 1 / 3) < 4 * np.sqrt(2 / 9 / 60)
    # Members alone have a ballot: two of three let it in, a tie or silence keeps it out.
    for ballots, enters in (([1, 0, 0, 0, 1, 0], True), ([1, 1, 0, 1, 0, 1], False), ([0] * N, False)):
        menu, after = moved(bench, rule, asked.memory, [0] * N, purse, admits=ballots)
        assert menu["boundary_admission"].asked.tolist() == [True, False] * 3
        assert bool(after.memory.inside[drawn[-1]]) == enters
        assert int(after.memory.inside.sum()) == 3 + enters
        assert int(after.memory.applicant) == NOBODY
        assert int(after.payoff[drawn[-1]]) == (-3 if enters else 0)
    assert rule.tell(jax.device_get(asked.public), 0) == f"Seat {drawn[-1]} asks to come in."
    assert "they vote on it" in rule.tell(jax.device_get(asked.public), drawn[-1])
    # Where nobody is in nobody can vote, and entry is free.
    empty = eqx.tree_at(lambda own: own.inside, memory, jnp.zeros(N, bool))
    assert moved(bench, rule, empty, everybody, purse, admits=[0] * N)[1].memory.inside.tolist() == [False, True] * 3


@pytest.mark.slow
def test_the_share_that_is_out_in_closed_form() -> None:
    """Seats that answer at random move with probability m / 2 either way: out after t ticks, (1 - (1 - m)^t) / 2 of them."""
    each, ticks = 60, 8
    mobility = np.asarray([0.1, 0.35, float(np.random.default_rng(6).uniform(0.3, 0.9))], np.float32)
    society = Society(
        NetworkGame(2, 2, 2, 2), Named.of(("wild", Wild())), Seating(40), Named.of(("boundary", Boundary(outside=7)))
    )
    vary = ((lens.rule("boundary", Boundary, lambda rule: rule.mobility), np.repeat(mobility, each)),)
    logs = run_batch(society, vary, range(3 * each), ticks + 1, record=("payoff",))
    for at, m in enumerate(mobility.tolist()):
        out = np.asarray([(log.traces["payoff"] == 7).mean(1) for log in logs[at * each : (at + 1) * each]])
        for tick in range(ticks + 1):
            chance = (1 - (1 - m) ** tick) / 2
            assert abs(out[:, tick].mean() - chance) < 4.5 * np.sqrt(chance * (1 - chance) / (40 * each)) + 1e-12


@pytest.mark.slow
def test_who_leaves_takes_no_part_in_the_public_good_of_its_group() -> None:
    """A voluntary public good, against a loop over the log: those who are in share it, those who are out get their own."""
    groups = jnp.ones((8, 1), bool)
    rule = Boundary(outside=30 * TOKEN, leaving=TOKEN, entering=2 * TOKEN, groups=True)
    society = Society(
        PublicGoods(1.6, per_group=True), Named.of(("wild", Wild())), Seating(8, groups=groups), Named.of(("boundary", rule))
    )
    trial = advance(begin(society, 3, record=("acts", "payoff")), 12)
    inside, endowment = np.ones(8, bool), int(society.world.endowment)  # pyright: ignore[reportAttributeAccessIssue]
    for tick in range(12):
        c, answer = trial.traces["act.contribute"][tick], trial.traces["act.boundary"][tick]
        leaves, enters = inside & (answer == 1), ~inside & (answer == 2)
        here = max(int(inside.sum()), 1)
        pay = (endowment - c) * TOKEN + 8 * TOKEN * c[inside].sum() // (5 * here)
        expected = np.where(inside, pay, 30 * TOKEN) - leaves * TOKEN - enters * 2 * TOKEN
        assert trial.traces["payoff"][tick].tolist() == expected.tolist()
        assert trial.readings["asked.contribute"][tick] == inside.sum()
        inside = (inside & ~leaves) | enters
    assert np.asarray(trial.state.seats.groups)[:, 0].tolist() == inside.tolist()


@pytest.mark.slow
def test_what_going_costs_limits_what_staying_can_be_taxed() -> None:
    """Over T ticks without a way back, a seat that leaves at once gains T (outside - w) - leaving: by the books of both."""
    ticks, draws = 9, np.random.default_rng(1970)
    for _ in range(3):
        w, outside, leaving = (int(x) for x in draws.integers(1, 40, 3))
        worth = []
        for leaves in (0.0, 1.0):
            # Three in a ring of the same payoff w / 2 with each of two others, whatever they do; ballot 1 leaves.
            world = NetworkGame(*(w,) * 4, 10**6)
            minds = Named.of(("mind", Scripted(ballot=leaves)))
            society = Society(world, minds, Seating(2), Named.of(("boundary", Boundary(1.0, outside, leaving))))
            worth.append(int(run(society, 1, ticks + 1, record=("purse",)).traces["purse"][-1][0]))
        assert worth[1] - worth[0] == ticks * (outside - w) - leaving


def test_refused_and_in_words(bench) -> None:
    for name, wrong in (("mobility", {"mobility": 1.5}), ("leaving", {"leaving": -1}), ("applicants", {"applicants": -2})):
        with pytest.raises(StudyError, match=name):
            Boundary(**wrong)
    with pytest.raises(StudyError, match="every 0 ticks"):
        Boundary(every=0)
    with pytest.raises(StudyError, match="no seat has one"):
        Boundary(applicants=1).begin(bench.ring(3))
    with pytest.raises(StudyError, match="without groups"):
        Boundary(groups=True).begin(bench.ring(3))
    rule = Boundary(0.5, 3, 2, 1, count=Jury(size=2), every=4)
    words = rule.describe(rule.begin(bench.ring(3)))
    for part in ("Every 4 rounds", "costs 2 units", "gets 3 units", "probability 0.5", "drawn by lot", "Out now: 0."):
        assert part in words
    assert Boundary(0.0).describe(rule.begin(bench.ring(3))) == ""
