"""Side payments: who is asked what and when, who pays whom, and the bounds from which on a promise changes the game."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.peers import Circle
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run, run_batch
from commonweal.institutions.side_payments import Promised, Promises, SidePayments, affordable
from commonweal.minds.contractors import Contractor
from commonweal.testing import Wild, check_inert, check_institution
from commonweal.worlds.network_game import NetworkGame


@pytest.mark.slow
def test_laws() -> None:
    check_institution(SidePayments(7, 0.7, 0.4, Circle("contacts")), SidePayments(0))
    check_inert(SidePayments(credibility=0.0, circle=Circle("group", period=3, stage=1)))


@eqx.filter_jit
def tick(bench, rule: SidePayments, memory: Promises, acts, made, offers, signs, seed=0):
    """One tick by hand of seats with empty purses: a fair harvest is 10, so that 20 is level 1/2."""
    n = made.shape[0]
    seats = Seats(jnp.zeros(n, jnp.int32))
    menu, chosen = bench.harvest([0] * n, 10.0)
    menu = rule.permit(memory, seats, menu)
    chosen = chosen.replace("harvest", acts).add("side payment", offers).add("signature", signs)
    done = bench.tick(menu, chosen, [0] * n, seats=seats)
    done = eqx.tree_at(lambda t: t.payoff, done, made)
    return menu, rule.settle(memory, done, Key.root(seed))


def test_a_promise_is_offered_then_signed_then_paid(bench) -> None:
    """Slot s of seat i is seat i + s + 1 of three. 0 offers 5 to 1 and 4 to 2, 1 offers 9 to 0; the first and last sign."""
    rule, ten, none = SidePayments(9), jnp.full(3, 10), jnp.zeros((3, 2), jnp.int32)
    memory = rule.begin(Seats(jnp.zeros(3, jnp.int32)))
    made = jnp.asarray([12, 3, 0])
    menu, ruling = tick(bench, rule, memory, ten, made, jnp.asarray([[5, 4], [0, 9], [0, 0]]), none)
    assert not menu["signature"].asked.any()
    assert menu["side payment"].asked.all()
    assert ruling.public.offered.tolist() == [[9, 0], [0, 5], [4, 0]]
    menu, ruling = tick(bench, rule, ruling.memory, ten, made, none, jnp.asarray([[1, 0], [0, 1], [0, 0]]))
    assert menu["signature"].high.tolist() == [[1, 0], [0, 1], [1, 0]]
    assert ruling.public.owed.tolist() == [[5, 0], [0, 9], [0, 0]]
    assert ruling.public.due.tolist() == [[9, 0], [0, 5], [0, 0]]
    assert (ruling.payoff == made).all()
    # Seat 0 takes twice what is fair and earns nothing of the 9; it pays 5 to seat 1, which does what it signed.
    _, paid = tick(bench, rule, ruling.memory, jnp.asarray([20, 10, 10]), made, none, none)
    assert paid.payoff.tolist() == [7, 8, 0]
    assert (paid.public.paid.tolist(), paid.public.spent.tolist()) == ([0, 5, 0], [5, 0, 0])
    assert not paid.memory.signed.any()
    # With a floor of one half it would have earned the 9, of which seat 1 has 3; it pays out of what it had before that.
    _, both = tick(bench, SidePayments(9, floor=0.5), ruling.memory, jnp.asarray([20, 10, 10]), made, none, none)
    assert both.payoff.tolist() == [12 - 5 + 3, 3 - 3 + 5, 0]


def test_nobody_pays_more_than_it_has() -> None:
    """By a loop over seats: in proportion, rounded down, and nothing of a debt."""
    random = np.random.default_rng(7)
    owed, means = random.integers(0, 100_000, (40, 6)), random.integers(-100_000, 600_000, 40)
    paid = np.asarray(affordable(jnp.asarray(owed, jnp.int32), jnp.asarray(means, jnp.int32)))
    for row, has, got in zip(owed.tolist(), means.tolist(), paid.tolist(), strict=True):
        most = max(has, 0)
        assert got == (row if sum(row) <= most else [part * most // sum(row) for part in row])
        assert sum(got) <= most


def test_a_promise_makes_cooperation_dominant_from_the_greater_temptation_on(bench) -> None:
    """Random dilemmas of two, all four profiles enumerated, for one promise and for two."""
    random = np.random.default_rng(8)
    rule, none = SidePayments(10**5), jnp.zeros((2, 1), jnp.int32)
    memory = rule.begin(Seats(jnp.zeros(2, jnp.int32)))
    for _ in range(12):
        S, P, R, T = np.cumsum(random.integers(1, 50, 4)).tolist()
        promised = int(random.integers(0, S + 1))
        bound = max(T - R, P - S)
        for back in (0, promised):
            force = eqx.tree_at(lambda m: m.signed, memory, jnp.asarray([[promised], [back]], jnp.int32))
            paid = {}
            for one, two in itertools.product((0, 1), repeat=2):
                made = {(1, 1): (R, R), (1, 0): (S, T), (0, 1): (T, S), (0, 0): (P, P)}[one, two]
                acts = jnp.asarray([20 - 10 * one, 20 - 10 * two])
                paid[one, two] = tick(bench, rule, force, acts, jnp.asarray(made), none, none)[1].payoff.tolist()
                assert paid[one, two] == [made[0] - promised * two + back * one, made[1] + promised * two - back * one]
            dominant = all(paid[other, 1][1] >= paid[other, 0][1] for other in (0, 1))
            assert dominant == (promised >= bound)
            # To promise it alone pays who defects meanwhile iff the promise is at most T - P.
            if not back:
                assert (paid[0, 1][0] >= paid[0, 0][0]) == (promised <= T - P)
        # Both signed: the payments cancel, and the outcome is the best of all where 2 R >= T + S.
        assert paid[1, 1] == [R, R]
        assert (sum(paid[1, 1]) == max(map(sum, paid.values()))) == (T + S <= 2 * R)


def test_what_is_paid_is_linear_in_credibility(bench) -> None:
    """Enforced with probability c, promise by promise: a mean of c b, and no dependence between the two of a pair."""
    rule = SidePayments(9)
    memory = rule.begin(Seats(jnp.zeros(2, jnp.int32)))
    memory = eqx.tree_at(lambda m: m.signed, memory, jnp.full((2, 1), 8, jnp.int32))
    ten, none, made = jnp.full(2, 10), jnp.zeros((2, 1), jnp.int32), jnp.full(2, 50)

    def one(credibility, seed):
        own = eqx.tree_at(lambda r: r.credibility, rule, credibility)
        return tick(bench, own, memory, ten, made, none, none, seed)[1].public.paid

    shares, trials = np.repeat(np.float32([0.1, 0.5, 0.85, 1.0]), 3000), jnp.arange(12_000)
    paid = np.asarray(jax.jit(jax.vmap(one))(jnp.asarray(shares), trials)).reshape(4, 3000, 2)
    for c, got in zip((0.1, 0.5, 0.85, 1.0), paid, strict=True):
        assert set(np.unique(got)) <= {0, 8}
        assert got.mean() == pytest.approx(8 * c, abs=4 * 8 * np.sqrt(c * (1 - c) / 6000) + 1e-9)
        assert ((got == 8).all(1)).mean() == pytest.approx(c * c, abs=4 * np.sqrt(c * c * (1 - c * c) / 3000) + 1e-9)


def test_a_promise_waits_for_its_act_and_lapses_with_its_peer(bench) -> None:
    rule, none = SidePayments(9), jnp.zeros((2, 1), jnp.int32)
    memory = rule.begin(Seats(jnp.zeros(2, jnp.int32)))
    memory = eqx.tree_at(lambda m: (m.signed, m.offered), memory, (jnp.asarray([[4], [0]]), jnp.asarray([[6], [0]])))
    menu, chosen = bench.harvest([10, 10], 10.0, [True, False])
    menu = rule.permit(memory, Seats(jnp.zeros(2, jnp.int32)), menu)
    done = bench.tick(menu, chosen.add("side payment", none).add("signature", jnp.asarray([[0], [1]])), [9, 9])
    ruling = rule.settle(memory, done, Key.root(0))
    assert (ruling.payoff.tolist(), ruling.memory.signed.tolist()) == ([9, 9], [[4], [0]])
    strangers = eqx.tree_at(lambda m: m.to, memory, jnp.full((2, 1), -1))
    assert not rule.permit(strangers, Seats(jnp.zeros(2, jnp.int32)), bench.harvest([10, 10], 10.0)[0])["signature"].asked.any()
    assert not rule.settle(strangers, done, Key.root(0)).memory.signed.any()


def test_offers_are_asked_for_at_their_stage(bench) -> None:
    rule, seats = SidePayments(circle=Circle(period=3, stage=1)), Seats(jnp.zeros(2, jnp.int32))
    memory = rule.begin(seats)
    for moment in range(4):
        now = eqx.tree_at(lambda m: m.tick, memory, jnp.int32(moment))
        assert bool(rule.permit(now, seats, bench.harvest([1, 1], 10.0)[0])["side payment"].asked.any()) == (moment == 1)


@pytest.mark.slow
def test_random_acts_against_a_loop_over_seats() -> None:
    """Seven seats on a circle of four peers each, who answer at random; purses too small for all promises; c = 1."""
    rule = SidePayments(5, circle=Circle(most=4))
    world, minds = NetworkGame(0, 0, 1, 0, endowment=2), Named.of(("wild", Wild()))
    society = Society(world, minds, Seating(7), Named.of(("pay", rule)))
    log = run(society, 3, 40, record=("acts", "payoff", "purse"))
    acts, offers, signs = (np.asarray(log.traces[f"act.{name}"]) for name in ("act", "side payment", "signature"))
    near, n = (1, -1, 2, -2), 7
    signed, cut, purse = np.zeros((n, n), int), 0, np.full(n, 2)
    for t in range(40):
        # T is 1, all else 0: who defects has a unit of each that cooperates.
        made = (acts[t] == 0) * acts[t].sum()
        owed = signed * (acts[t] == 1)[None]
        has = purse + made
        cut += int((owed.sum(1) > has).sum())
        paid = [
            row if row.sum() <= most else row * most // row.sum() for row, most in zip(owed, np.maximum(has, 0), strict=True)
        ]
        assert log.traces["payoff"][t].tolist() == (made - np.sum(paid, 1) + np.sum(paid, 0)).tolist()
        assert log.readings["ledger.burnt"][t] == 0
        purse = np.asarray(log.traces["purse"])[t]
        signed = np.zeros((n, n), int)
        for i, (slot, step) in itertools.product(range(n), enumerate(near)):
            # The peer of slot 0 has this seat in slot 1, and so on by pairs.
            if t and signs[t, (i + step) % n, slot ^ 1]:
                signed[i, (i + step) % n] = offers[t - 1, i, slot]
    assert cut > 3


def earned(minds: Named, vary: dict[str, np.ndarray], ticks: int, rule: SidePayments) -> np.ndarray:
    """Mean payoffs a tick of two seats, [cell, mind], from the third tick on, when promises are in force."""
    seating = Seating(2, Named.of((minds.names[1], jnp.float32(0.5))), shuffled=False)
    society = Society(NetworkGame(endowment=5000), minds, seating, Named.of(("pay", rule)))
    places = {
        "most": lens.rule("pay", SidePayments, lambda own: own.most),
        "credibility": lens.rule("pay", SidePayments, lambda own: own.credibility),
        "trust": lens.mind("one", Contractor, lambda own: own.trust),
        "other trust": lens.mind("two", Contractor, lambda own: own.trust),
    }
    size = len(next(iter(vary.values())))
    levels = tuple((places[name], values) for name, values in vary.items())
    logs = run_batch(society, levels, list(range(size)), ticks, record=("purse", "mind"))
    found = []
    for log in logs:
        order = np.argsort(np.asarray(log.traces["mind"])[0])
        purse = np.asarray(log.traces["purse"], float)[:, order]
        found.append((purse[-1] - purse[2]) / (ticks - 3))
    return np.asarray(found)


@pytest.mark.slow
def test_contracts_that_both_sign_reach_the_best_outcome() -> None:
    """R 3, T 5, P 1, S 0: both cooperate and have R each iff c b >= max(T - R, P - S) = 2; else P. b is cut off at a cap."""
    minds = Named.of(("one", Contractor(offer=3)), ("two", Contractor(offer=3)))
    cells = [(most, c) for most in (0, 1, 2, 3) for c in (0.0, 0.5, 0.6, 0.7, 1.0)]
    most, c = np.int32([cell[0] for cell in cells]), np.float32([cell[1] for cell in cells])
    paid = earned(minds, {"most": most, "credibility": c, "trust": c, "other trust": c}, 203, SidePayments())
    for (b, credibility), row in zip(cells, paid, strict=True):
        signed = b * credibility >= 2
        assert row.sum() == (6 if signed else 2)
        # Each pays the other b in a share c of the ticks, by draws of its own.
        error = 4 * b * np.sqrt(2 * credibility * (1 - credibility) / 200) + 1e-9
        assert abs(row[0] - (3 if signed else 1)) <= (error if signed else 0)


@pytest.mark.slow
def test_a_promise_of_one_side_is_worth_what_it_is_worth_on_average() -> None:
    """One offers 3 and is offered nothing: it has T - c b, the other S + c b, on lines in c."""
    minds = Named.of(("one", Contractor(offer=3)), ("two", Contractor(gain=0)))
    shares = np.float32([0.2, 0.4, 0.6, 0.8, 1.0])
    paid = earned(minds, {"credibility": shares}, 803, SidePayments())
    error = 4 * 3 * np.sqrt(shares * (1 - shares) / 800) + 1e-6
    assert (np.abs(paid[:, 0] - (5 - 3 * shares)) <= error).all()
    assert (np.abs(paid[:, 1] - 3 * shares) <= error).all()


def test_words_and_limits() -> None:
    memory = SidePayments().begin(Seats(jnp.zeros(2, jnp.int32)))
    assert SidePayments(0).describe(memory) == ""
    assert SidePayments(credibility=0.0).describe(memory) == ""
    assert "up to 4 units each" in SidePayments(4).describe(memory)
    assert "with probability 0.5, and else broken" in SidePayments(4, 0.5).describe(memory)
    rows = [jnp.asarray([[value], [0]], jnp.int32) for value in (1, 6, 7, 8)]
    told = Promised(*rows, jnp.asarray([9, 0]), jnp.asarray([2, 0]))
    assert SidePayments().tell(told, 0) == (
        "For your act you were paid 9 units. You paid 2 units that you had promised. You are offered, by number, if you sign: "
        "0: 6. For your next act you are promised: 0: 7. For theirs you have promised: 0: 8."
    )
    assert SidePayments().tell(told, 1) == ""
    for wrong in ({"most": -1}, {"most": 10**6}, {"credibility": 1.1}, {"floor": -0.1}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            SidePayments(**wrong)
    with pytest.raises(StudyError, match="no network"):
        SidePayments(circle=Circle("contacts")).begin(Seats(jnp.zeros(2, jnp.int32)))
