"""The donor game against closed forms, brute force over all societies that keep or give, and a plain loop over pairs."""

import itertools
from fractions import Fraction

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import share_of
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import advance
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.minds.donors import Donor
from commonweal.testing import check_world
from commonweal.worlds.donor_game import UNITS, DonorGame

N, ROUNDS = 12, 12


def seats(n):
    return Seats(jnp.zeros(n, jnp.int32))


@eqx.filter_jit
def play(world, shares, spends):
    """A trial without an engine: what each seat gives and spends as shares of what it may, [t, a]; all that happened."""
    at = seats(shares.shape[1])
    start = world.reset(Key.root(0), at)

    def tick(carry, given):
        state, purse, count = carry
        menu = world.menu(state, at, purse)
        acts = Named.of(("donate", share_of(menu["donate"].high, given[0])))
        if "punish" in menu:
            acts = acts.add("punish", share_of(menu["punish"].high, given[1]))
        seen = world.observe(state, at, purse)
        done = world.step(state, at, acts, purse, Key.root(7).child(count))
        pairs = world.pairs(state)
        out = pairs.partner, pairs.donor, purse + done.payoff, seen.seen["trace"], done.facts, seen.seen["resources"]
        return (done.state, purse + done.payoff, count + 1), out

    return jax.lax.scan(tick, (start.state, start.endowment, jnp.int32(0)), (shares, spends))[1]


def ends(world, shares, spends=None):
    """Purses after the last round, tokens [a]."""
    shares = np.asarray(shares, np.float32)
    return np.asarray(play(world, shares, np.zeros_like(shares) if spends is None else spends)[2][-1]) / UNITS


def everybody(share, rounds=ROUNDS, n=N):
    return np.full((rounds, n), share, np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("multiplier", "share", "schedule", "mean"),
    [
        (2.0, 1.0, "alternating", 30_720.0),
        (2.0, 1.0, "notebook", 15_360.0),
        (1.5, 1.0, "alternating", 1081.219482),
        (3.0, 1.0, "alternating", 3_542_940.0),
        (2.0, 0.5, "alternating", 393.906250),
        (2.0, 0.5, "notebook", 341.171875),
    ],
)
def test_published_means(multiplier, share, schedule, mean):
    """oracles.md C: at m = 1.5 multiples are rounded down to 1/128 token each round, elsewhere nothing is rounded."""
    found = ends(DonorGame(multiplier=multiplier, schedule=schedule), everybody(share))
    assert found.mean() == (mean if multiplier != 1.5 else pytest.approx(mean, rel=1e-4))


@pytest.mark.slow
def test_the_last_recipients_have_all_and_a_lone_free_rider_has_more():
    """oracles.md C: 61,440 and 0; who keeps in round 11 and gives in no other way differently ends with 76,800."""
    world = DonorGame()
    assert sorted(set(ends(world, everybody(1.0)))) == [0.0, 61_440.0]
    shares = everybody(1.0)
    shares[10, 0] = 0.0
    assert ends(world, shares).max() == 76_800.0


@pytest.mark.slow
@pytest.mark.parametrize("schedule", ["alternating", "notebook"])
def test_full_donation_is_the_best_mean_of_all_societies_that_keep_or_give(schedule):
    """Brute force over 2^R rounds in which all donors give all or nothing."""
    rounds, world = 6, DonorGame(schedule=schedule)
    choices = np.asarray(list(itertools.product([0.0, 1.0], repeat=rounds)), np.float32)
    shares = np.repeat(choices[:, :, None], 6, 2)
    purses = jax.vmap(lambda own: play(world, own, jnp.zeros_like(own))[2][-1])(jnp.asarray(shares))
    means = np.asarray(purses).mean(1) / UNITS
    assert means.argmax() == len(choices) - 1
    turns = [((t % 3) + t // 3) % 2 if schedule == "notebook" else t % 2 for t in range(rounds)]
    repeats = sum(one == other for one, other in itertools.pairwise(turns))
    assert means.max() == 15 * 2 ** (rounds - 1 - repeats)


def by_hand(partner, donor, shares, spends, multiplier, removal, owned):
    """One round in fractions of units, over pairs."""
    after, before = list(owned), list(owned)
    for i, j in enumerate(partner):
        if donor[i]:
            given = int(Fraction(str(shares[i])) * before[i])
            spent = min(int(Fraction(str(spends[i])) * before[i]), before[i] - given)
            after[i] -= given + spent
            after[j] = max(0, after[j] + int(multiplier * given) - int(removal * spent))
    return after


@pytest.mark.slow
@pytest.mark.parametrize("schedule", ["alternating", "notebook", "random"])
def test_a_plain_loop_over_pairs_with_punishment(schedule):
    draws = np.random.default_rng(8)
    world = DonorGame(multiplier=1.7, removal=2.5, schedule=schedule, punishable=True)
    shares = draws.choice([0.0, 0.25, 0.5, 0.75, 1.0], (ROUNDS, N)).astype(np.float32)
    spends = draws.choice([0.0, 0.0, 0.125, 0.5], (ROUNDS, N)).astype(np.float32)
    partner, donor, purse, trace, facts, _ = jax.device_get(play(world, shares, spends))
    owned, last = [10 * UNITS] * N, [()] * N
    for t in range(ROUNDS):
        for i in range(N):
            expected = last[partner[t][i]] if donor[t][i] else ()
            assert [share for share in trace[t][i].tolist() if share >= 0] == list(expected)
        gave = [(i, partner[t][i]) for i in range(N) if donor[t][i] and owned[i] > 0]
        assert int(facts.able[t]) == sum(owned[i] for i, _ in gave)
        before = owned
        owned = by_hand(partner[t], donor[t], shares[t], spends[t], Fraction("1.7"), Fraction("2.5"), owned)
        chains = list(last)
        for i, j in gave:
            last[i] = (int(Fraction(str(shares[t][i])) * before[i]) * 65_536 // before[i], *chains[j])[:3]
        assert purse[t].tolist() == owned


@pytest.mark.slow
def test_punishing_takes_twice_what_it_costs_and_no_more_than_there_is():
    """oracles.md C: the target keeps max(0, r - 2x)."""
    shares, spends = everybody(0.0, 1, 4), everybody(0.0, 1, 4)
    spends[0] = [0.25, 0, 1.0, 0]
    assert ends(DonorGame(punishable=True), shares, spends).tolist() == [7.5, 5.0, 0.0, 0.0]


def met_in(world, state, rounds):
    """Partners and donors of every round of a generation, [t, a]."""
    pairs = jax.jit(jax.vmap(lambda t: world.pairs(eqx.tree_at(lambda s: s.round, state, t))))(jnp.arange(rounds))
    return np.asarray(pairs.partner), np.asarray(pairs.donor)


def test_round_robins_meet_everybody_of_the_other_half():
    for n in (10, 12, 13):
        half = n // 2
        state = DonorGame().reset(Key.root(0), seats(n)).state
        for schedule in ("alternating", "notebook"):
            partner, donor = met_in(DonorGame(schedule=schedule), state, 2 * half)
            met = [(i, partner[t][i]) for t in range(2 * half) for i in range(n) if donor[t][i]]
            assert len(set(met)) == len(met) == 2 * half * half
            assert set(met) == {(j, i) for i, j in met}
            giving = [set(np.flatnonzero(donor[t]) % 2) for t in range(2 * half)]
            repeats = [t for t in range(1, 2 * half) if giving[t] == giving[t - 1]]
            assert repeats == ([half] if schedule == "notebook" and half % 2 == 0 else [])
            assert (partner[:, n - 1] == -1).all() == (n % 2 == 1)


@pytest.mark.slow
def test_random_pairs_are_uniform():
    """Of 12 seats each meets each of the others in 1 of 11 rounds, and gives in half of them."""
    rounds = 3000
    flat = everybody(0.0, rounds)
    partner, donor, *_, facts, _ = jax.device_get(play(DonorGame.binary(2), flat, flat))
    counts = np.zeros((N, N))
    np.add.at(counts, (np.tile(np.arange(N), rounds), partner.ravel()), 1)
    off = counts[~np.eye(N, dtype=bool)]
    assert (np.diag(counts) == 0).all()
    assert np.abs(off - rounds / 11).max() < 4.5 * np.sqrt(rounds / 11 * 10 / 11)
    assert np.abs(donor.mean(0) - 0.5).max() < 4.5 * 0.5 / np.sqrt(rounds)
    assert (facts.coming[:-1] == np.where(donor[1:], partner[1:], -1)).all()


@pytest.mark.slow
def test_a_generation_begins_anew_whatever_rules_did_meanwhile():
    world = DonorGame(rounds=4)
    _, _, purse, trace, facts, own = jax.device_get(play(world, everybody(1.0, 8, 6), everybody(0.0, 8, 6)))
    assert own[4].tolist() == [10 * UNITS] * 6
    assert (trace[4] == -1).all()
    assert (trace[2] >= 0).any()
    # Gains of both generations are alike and add up: 15 2^3 tokens on average, 110 of them gained, twice.
    assert purse[3].mean() / UNITS == 120
    assert purse[7].mean() / UNITS == 230
    assert int(facts.resources[4]) == 60 * UNITS
    state = world.reset(Key.root(0), seats(6)).state
    later = eqx.tree_at(lambda s: (s.round, s.left), state, (jnp.int32(2), jnp.full(6, 100, jnp.int32)))
    assert world.resources(later, jnp.asarray([350, 90, 100, 0, 101, -5], jnp.int32)).tolist() == [250, 0, 0, 0, 1, 0]


@pytest.mark.slow
def test_a_generation_that_plays_twice_swaps_the_halves_and_is_fair():
    """Where all give, everybody ends once with 240 tokens and once with nothing, and has gained alike after both games."""
    flat = everybody(1.0, 16, 6)
    partner, donor, purse, _, facts, _ = jax.device_get(play(DonorGame(rounds=4, twice=True), flat, flat))
    assert (donor[4:8] == ~donor[:4]).all()
    assert (partner[0] == partner[4]).all()
    assert sorted(set(purse[3])) == [0, 240 * UNITS]
    assert set(purse[7]) == {(240 + 0 - 10) * UNITS}
    assert set(purse[15]) == {(2 * 240 - 3 * 10) * UNITS}
    assert (facts.coming[:-1] == np.where(donor[1:], partner[1:], -1)).all()


@pytest.mark.slow
def test_the_trace_can_be_cut_and_purses_do_not_overflow():
    flat = everybody(1.0)
    shown = [np.asarray(play(DonorGame(trace=k), flat, flat)[3]) for k in range(4)]
    assert [(rows >= 0).any(0).any(0).tolist() for rows in shown] == [[j < k for j in range(3)] for k in range(4)]
    rich = np.asarray(play(DonorGame(multiplier=1000.0), flat, flat)[2])
    assert rich.max() == 2**31 - 1
    assert rich.min() >= 0


def test_amounts_are_ones_that_floats_hold():
    able = jnp.asarray([0, 1, 2**24, 2**24 + 1, 2**24 + 2, 2**31 - 1, 123_456_789], jnp.int32)
    most = DonorGame().most(able)
    assert most.tolist() == [0, 1, 2**24, 2**24, 2**24 + 2, 2**31 - 128, 123_456_784]
    assert most.astype(jnp.float32).astype(jnp.int32).tolist() == most.tolist()
    assert DonorGame(stake=5).most(able).tolist() == [0, 1, 5, 5, 5, 5, 5]


@pytest.mark.slow
def test_the_binary_game_pays_cost_and_benefit():
    shares = everybody(1.0, 1, 4)
    shares[0, 2] = 0.0
    world = DonorGame.binary(5, 2, endowment=100)
    assert np.asarray(play(world, shares, shares)[2][0]).tolist() == [98, 105, 100, 100]
    with pytest.raises(StudyError, match="expected benefit > cost > 0"):
        DonorGame.binary(1, 1)


@pytest.mark.slow
def test_laws():
    check_world(DonorGame(schedule="random", rounds=0, punishable=True))


@pytest.mark.slow
def test_words_and_errors():
    society = Society(DonorGame(punishable=True), Named.of(("donor", Donor())), Seating(5))
    trial = advance(begin(society, 1), 2)
    view = jax.device_get(eqx.filter_jit(offer)(society, trial.state))
    words = [society.world.describe(view, i) for i in range(5)]
    assert sum("you are the donor" in own for own in words) == 2
    assert sum("You sit out this round." in own for own in words) == 1
    assert any("Your recipient gave 100 % of what it could." in own for own in words)
    assert "the recipient gets 2 times what is given" in society.world.rules()
    assert "the recipient loses 2" in society.world.rules()
    assert "at most 3 units" in DonorGame(stake=3).rules()
    with pytest.raises(StudyError, match="schedule 'daily'"):
        DonorGame(schedule="daily")  # pyright: ignore[reportArgumentType]
    with pytest.raises(StudyError, match="trace = 4"):
        DonorGame(trace=4)
