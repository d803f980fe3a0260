"""Gossip against the exact voter model, private and public assessment in the limits, and observation by an independent loop."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.arrays import Index
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.norms import IMAGE_SCORING, SHUNNING, SIMPLE_STANDING, STERN_JUDGING
from commonweal.core.numbers import ONE_LEVEL
from commonweal.core.questions import Choice
from commonweal.core.seats import Links, Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Told
from commonweal.engine.compiled import run, run_batch
from commonweal.institutions.gossip import Gossip
from commonweal.institutions.reputation import Reputation
from commonweal.metrics.cooperation import Cooperation
from commonweal.minds.donors import Donor
from commonweal.testing import check_institution
from commonweal.worlds.donor_game import DonorGame

KEY = Key.root(3)
RATE = Named.of(("rate", Cooperation()))
N = 6


class Meetings(eqx.Module):
    """Facts of a world that names partners."""

    target: Index
    coming: Index


def society(n, rule, keepers=0):
    """Discriminators, and a few that never give, in random pairs."""
    return Society(
        DonorGame.binary(4, 1),
        Named.of(("discriminator", Donor.discriminator()), ("keeper", Donor.keeper())),
        Seating(n, Named.of(("keeper", jnp.float32(keepers / n)))),
        Named.of(("rule", rule)),
    )


def vary(**values):
    return tuple(
        (lens.rule("rule", Gossip, lambda rule, name=name: getattr(rule, name)), rows) for name, rows in values.items()
    )


# Talk of one seat, exactly. All that is held of a seat m by the n seats, m among them, is summed up by four chances.


def misheard(chance, noise):
    """The chance of a bit that is turned over with probability `noise`."""
    return chance * (1 - noise) + (1 - chance) * noise


def talked(of, n, trust, noise):
    """Four chances after a round of talk: that a seat other than m holds m good, that m does, that two others agree, that one
    of them and m agree. Every seat asks one of the n - 1 others.
    """
    good, self_good, pair, own = of
    others = n - 1
    one = misheard

    def twice(agreement):
        return misheard(agreement, 2 * noise * (1 - noise))

    stays = 1 - trust
    pair_one = (1 + own + (n - 3) * pair) / others
    pair_two = (1 + (n - 3) + 2 * (n - 2) * own + ((n - 2) ** 2 - (n - 3)) * pair) / others**2
    own_other, own_self = (1 + (n - 2) * own) / others, (1 + (n - 2) * pair) / others
    own_two = (others * own + (n - 2) + (n - 2) ** 2 * pair) / others**2
    return (
        stays * good + trust * one(((n - 2) * good + self_good) / others, noise),
        stays * self_good + trust * one(good, noise),
        stays**2 * pair + 2 * trust * stays * one(pair_one, noise) + trust**2 * twice(pair_two),
        stays**2 * own + trust * stays * (one(own_other, noise) + one(own_self, noise)) + trust**2 * twice(own_two),
    )


def differing(chance, n, trust):
    """The chance that two opinions of a seat differ, after a round of talk without noise."""
    return chance * (1 - 2 * trust * (1 - trust) / (n - 1) - trust**2 * (n - 2) / (n - 1) ** 2)


def voters(held, trust, noise):
    """The chance that each seat holds m good after a round of talk, given what all held: independent of one another."""
    n = len(held)
    return [(1 - trust) * held[i] + trust * np.mean([misheard(held[p], noise) for p in range(n) if p != i]) for i in range(n)]


def summed_up(chances):
    """The four chances where each seat holds m, the first one, good with a chance of its own."""
    n = len(chances)
    agree = [[p * q + (1 - p) * (1 - q) for q in chances] for p in chances]
    pairs = [agree[i][k] for i, k in itertools.combinations(range(1, n), 2)]
    return np.mean(chances[1:]), chances[0], np.mean(pairs), np.mean(agree[0][1:])


def test_a_round_of_talk_is_what_enumeration_finds() -> None:
    """From every state of 3 to 5 seats; and all pairs alike without noise: the recursion of the module's header."""
    random = np.random.default_rng(1)
    for n in (3, 4, 5):
        for held in itertools.product((0.0, 1.0), repeat=n):
            trust, noise = random.uniform(0, 1, 2)
            assert talked(summed_up(held), n, trust, noise) == pytest.approx(summed_up(voters(held, trust, noise)), abs=1e-12)
            pairs = list(itertools.combinations(range(n), 2))
            before, after = ([p[i] + p[k] - 2 * p[i] * p[k] for i, k in pairs] for p in (held, voters(held, trust, 0.0)))
            assert np.mean(after) == pytest.approx(differing(np.mean(before), n, trust), abs=1e-12)
    # The chain of four seats ends in agreement, on good as often as was the share of good opinions.
    states = list(itertools.product((0.0, 1.0), repeat=4))
    chances = [voters(held, 0.7, 0.0) for held in states]
    moves = np.asarray([[np.prod(np.where(then, p, 1 - np.asarray(p))) for then in states] for p in chances])
    final = np.linalg.matrix_power(moves, 300)
    assert final[:, -1] == pytest.approx(np.mean(states, 1), abs=1e-9)
    assert final[:, 0] + final[:, -1] == pytest.approx(1.0, abs=1e-9)


def test_talk_spreads_as_in_the_voter_model() -> None:
    """Shares of good opinions and of pairs that differ, after 0 to 40 rounds; noise of one half makes coin flips."""
    random = np.random.default_rng(2)
    trials, seats = 1500, Seats(jnp.zeros(N, jnp.int32))
    start = random.integers(2, size=(N, N)).astype(bool)
    rules = [(3, 1.0, 0.0), (40, 0.9, 0.0), (2, 1.0, 0.5), (0, 1.0, 0.0), (30, 0.0, 0.3)]
    rules += [(int(random.integers(1, 8)), *random.uniform(0.2, 0.8, 2)) for _ in range(3)]
    spread = eqx.filter_jit(jax.vmap(lambda rule, seed: rule.spread(jnp.asarray(start), seats, Key.root(seed)), (None, 0)))
    for rounds, trust, noise in rules:
        rule = Gossip(scope="all", rounds=rounds, trust=trust, noise=noise)
        found = np.asarray(spread(rule, jnp.arange(trials)))
        of = np.mean([summed_up([start[m, m], *np.delete(start[:, m], m)]) for m in range(N)], 0)
        for _ in range(rounds):
            of = talked(of, N, trust, noise)
        off = ~np.eye(N, dtype=bool)
        agree = (found[:, :, None] == found[:, None]).mean(3)
        rows = ((found[:, off].mean(1), of[0]), (agree[:, off].mean(1), (of[2] * (N - 2) + of[3] * 2) / N))
        for measured, theory in rows:
            assert abs(measured.mean() - theory) <= 4 * measured.std() / np.sqrt(trials) + 1e-6
        if noise == 0.5:
            assert of == pytest.approx([0.5] * 4, abs=1e-9)
        if rounds == 0 or trust == 0.0:
            assert (found == start).all()


def test_nobody_asks_itself_and_contacts_are_asked_where_asked_for() -> None:
    """Two seats that trust each other swap opinions; of a ring each seat has the opinions of a neighbour."""
    held = jnp.asarray([[True, True], [False, True]])
    for rounds in (0, 1, 2, 7):
        after = Gossip(scope="all", rounds=rounds).spread(held, Seats(jnp.zeros(2, jnp.int32)), KEY)
        assert (after == (held if rounds % 2 == 0 else held[::-1])).all()
    ring, own = Seats(jnp.zeros(9, jnp.int32), Links.of(Ring(2), 9)), np.arange(9)
    after = np.asarray(Gossip(talk="contacts").spread(jnp.eye(9, dtype=bool), ring, KEY))
    assert (after.sum(1) == 1).all()
    assert set(((after.argmax(1) - own) % 9).tolist()) == {1, 8}


# Who sees what, by an independent loop.


def observed(rule, held, gave, target, acted):
    """Opinions after acts with partners, where only those who took part see them."""
    then = held.copy()
    for k, j in enumerate(target):
        for i in {k, j} if acted[k] and j >= 0 else ():
            then[i, k] = int(rule.norm) >> (4 * held[i, k] + 2 * held[i, j] + gave[k]) & 1 ^ int(rule.error)
    return then


def asked(gave, acted):
    n = len(gave)
    menu = Named.of(("act", Choice(jnp.asarray(acted, bool), ("keep", "give"), jnp.asarray([0.0, 1.0]))))
    return menu, Named.of(("act", jnp.asarray(gave, jnp.int32))), [0] * n


settle = eqx.filter_jit(lambda rule, memory, tick: rule.settle(memory, tick, KEY))


def test_those_who_took_part_see_an_act_and_everyone_is_told_its_own_opinions(bench) -> None:
    random = np.random.default_rng(3)
    for norm, error in ((IMAGE_SCORING, 0.0), (STERN_JUDGING, 1.0), *((int(random.integers(256)), 0.0) for _ in range(3))):
        held, (gave, acted) = random.integers(2, size=(N, N)), random.integers(2, size=(2, N))
        target, coming = (np.where(random.uniform(size=N) < 0.8, (np.arange(N) + random.integers(1, N)) % N, -1) for _ in "ab")
        done = bench.tick(*asked(gave, acted))
        facts = Meetings(jnp.asarray(target, jnp.int32), jnp.asarray(coming, jnp.int32))
        done = eqx.tree_at(lambda t: t.facts, done, facts, is_leaf=lambda x: x is None)
        rule = Gossip(norm=norm, seen=0.0, error=error, rounds=0, scope="partner")
        ruling = settle(rule, jnp.asarray(held, bool), done)
        then = observed(rule, held, gave, target, acted)
        assert (np.asarray(ruling.memory) == then).all()
        assert (np.asarray(ruling.public.known) == (coming >= 0)).all()
        assert ruling.public.level.tolist() == np.where(coming >= 0, then[np.arange(N), coming], 0).tolist()


def test_contacts_and_all_are_told_as_by_public_reputation(bench) -> None:
    """All see all, nobody errs, opinions are common: what is told is the same bits."""
    random = np.random.default_rng(4)
    links = Links.of(Ring(2), N)
    for scope in ("contacts", "all"):
        for norm in (IMAGE_SCORING, *random.integers(256, size=2).tolist()):
            good, gave, acted = random.integers(2, size=(3, N))
            done = bench.tick(*asked(gave, acted), seats=Seats(jnp.zeros(N, jnp.int32), links))
            public = settle(Reputation(norm=norm, scope=scope, reach=0.7), jnp.asarray(good, bool), done)
            private = Gossip(norm=norm, scope=scope, reach=0.7, rounds=2, talk="contacts")
            ruling = settle(private, jnp.asarray(np.tile(good, (N, 1)), bool), done)
            assert (np.asarray(ruling.memory) == np.asarray(public.memory)).all()
            assert ruling.public.level.tolist() == public.public.level.tolist()
            assert ruling.public.known.tolist() == public.public.known.tolist()


@eqx.filter_jit
def told_in_turn(rule, done, ticks, seeds):
    """What each seat is told after a tick that recurs, by seed [r, a], all having been good at first."""

    def one(seed):
        def step(memory, at):
            ruling = rule.settle(memory, done, Key.root(seed).child(at))
            return ruling.memory, ruling.public.level

        return jax.lax.scan(step, rule.begin(done.seats), jnp.arange(ticks))[1][-1]

    return jax.vmap(one)(seeds)


def test_opinions_of_cooperators_under_errors(bench) -> None:
    """All give, image scoring: seen with s, misjudged with e, then talked of; the chances have an exact recursion."""
    random = np.random.default_rng(5)
    trials, ticks = 400, 30
    done = bench.tick(*asked([1] * N, [1] * N))
    for rounds in (0, 1, int(random.integers(2, 4))):
        seen, error, trust, noise = random.uniform(0.1, 0.9), *random.uniform(0.0, 0.3, 3)
        good, self_good = 1.0, 1.0
        for _ in range(ticks):
            good, self_good = (1 - seen) * good + seen * (1 - error), 1 - error
            for _ in range(rounds):
                good, self_good, *_ = talked((good, self_good, 1.0, 1.0), N, trust, noise)
        rule = Gossip(seen=seen, error=error, rounds=rounds, trust=trust, noise=noise, scope="all")
        levels = np.asarray(told_in_turn(rule, done, ticks, jnp.arange(trials))).mean(1)
        assert abs(levels.mean() - good) <= 4 * levels.std() / np.sqrt(trials) + 1 / ONE_LEVEL
        if rounds == 0:
            assert good == pytest.approx(1 - error, abs=1e-6 + (1 - seen) ** ticks)


# Discriminators who judge sternly, on the donor game, all of which all see.


def stern(n, error, rounds, trust, noise, ticks):
    """The share of donors that give, tick by tick, from all good; exact: who meets whom is drawn anew each tick.

    k, with chance 1/2 a donor, gives to j iff it holds j good; i holds k good iff i and k agree on j, and two observers of k
    agree on k iff they agree on j, errors apart.
    """
    of, found = (1.0,) * 4, []
    one, two = error, 2 * error * (1 - error)
    for _ in range(ticks):
        found.append(of[0])
        good, self_good, pair, own = of
        beside = ((n - 2) * pair + own) / (n - 1)
        third = ((n - 3) * pair + 2 * own) / (n - 1)
        after = misheard(beside, one), 1 - one, misheard(third, two), misheard(beside, two)
        of = tuple((was + then) / 2 for was, then in zip((good, self_good, pair, own), after, strict=True))
        for _ in range(rounds):
            of = talked(of, n, trust, noise)
    return np.asarray(found)


def test_private_stern_judging_ends_in_coin_flips_and_gossip_mends_it() -> None:
    """Without talk one half are good, however rare errors are (Uchida and Sasaki 2013); much talk brings back 1 - e."""
    random = np.random.default_rng(6)
    for n, error in ((4, 0.3), (50, 0.01), (int(random.integers(4, 30)), random.uniform(0.05, 0.4))):
        assert stern(n, error, 0, 1.0, 0.0, 3000)[-1] == pytest.approx(0.5, abs=1e-6)
        assert stern(n, error, 1000, 1.0, 0.0, 40)[-1] == pytest.approx(1 - error, abs=1e-6)
        rates = [stern(n, error, rounds, 0.8, 0.0, 1000)[-1] for rounds in (0, 1, 3, 30)]
        assert rates == sorted(rates)
        assert stern(n, error, 30, 0.8, 0.1, 1000)[-1] < rates[-1]


@pytest.mark.slow
def test_stern_discriminators_give_as_the_recursion_says() -> None:
    random = np.random.default_rng(7)
    ticks, each = 80, 96
    sets = [(0.05, 0, 1.0, 0.0), (0.05, 5, 1.0, 0.0), (0.0, 1, 1.0, 0.5)]
    sets += [(random.uniform(0, 0.3), int(random.integers(0, 5)), *random.uniform(0, [1, 0.3])) for _ in range(4)]
    error, rounds, trust, noise = (np.repeat(np.asarray(rows), each) for rows in zip(*sets, strict=True))
    reals = {name: rows.astype(np.float32) for name, rows in (("error", error), ("trust", trust), ("noise", noise))}
    given = society(N, Gossip(norm=STERN_JUDGING, scope="partner"))
    logs = run_batch(given, vary(rounds=rounds.astype(np.int32), **reals), range(each * len(sets)), ticks, RATE)
    for at, values in enumerate(sets):
        rates = np.asarray([log.values["rate"] for log in logs[at * each : (at + 1) * each]])
        assert abs(rates.mean() - stern(N, *values, ticks).mean()) <= 4 * rates.std() / np.sqrt(each) + 1e-3


@pytest.mark.slow
def test_where_all_see_all_and_nobody_errs_acts_are_those_of_public_reputation() -> None:
    """Bit for bit, under named and random norms, knowing always or at times, however much is talked."""
    random = np.random.default_rng(8)
    norms = np.asarray([IMAGE_SCORING, SIMPLE_STANDING, STERN_JUDGING, SHUNNING, *random.integers(256, size=8)], np.int32)
    reach = np.where(np.arange(len(norms)) % 3 == 0, 1.0, random.uniform(0.3, 1, len(norms))).astype(np.float32)
    rounds = random.integers(4, size=len(norms)).astype(np.int32)
    places = [lens.rule("rule", Reputation, get) for get in (lambda rule: rule.norm, lambda rule: rule.reach)]
    public = society(8, Reputation(scope="partner"), 2), tuple(zip(places, (norms, reach), strict=True))
    private = society(8, Gossip(scope="partner"), 2), vary(norm=norms, reach=reach, rounds=rounds)
    ours, theirs = (run_batch(*given, range(len(norms)), 40, record=("acts", "payoff", "purse")) for given in (private, public))
    for one, other in zip(ours, theirs, strict=True):
        assert all(np.array_equal(series, one.traces[name]) for name, series in other.traces.items())
    assert len({log.traces["purse"].tobytes() for log in ours}) > len(norms) // 2


@pytest.mark.slow
def test_laws() -> None:
    given = Gossip(norm=STERN_JUDGING, seen=0.6, error=0.1, rounds=2, trust=0.7, noise=0.1, reach=0.8, talk="contacts")
    check_institution(given, eqx.tree_at(lambda rule: rule.reach, given, jnp.float32(0.0)))


@pytest.mark.slow
def test_absent_at_no_reach_and_moves_no_money() -> None:
    """On the donor game."""
    game = society(6, Gossip(scope="partner", error=0.1), 2)
    bare = run(Society(game.world, game.minds, game.seats), 1, 6, record=("acts", "purse"))
    absent = run(lens.rule("rule", Gossip, lambda rule: rule.reach).set(game, 0.0), 1, 6, record=("acts", "purse"))
    present = run(game, 1, 6, record=("acts", "purse"))
    assert all(np.array_equal(absent.traces[name], series) for name, series in bare.traces.items())
    assert any(not np.array_equal(present.traces[name], series) for name, series in bare.traces.items())
    assert present.readings["ledger.burnt"].sum() == 0


def test_words() -> None:
    everyone = jnp.ones((2, 2), bool)
    assert Gossip(reach=0.0).describe(everyone) == ""
    words = Gossip(norm=STERN_JUDGING, seen=0.5, error=0.1, rounds=3, noise=0.25, reach=0.5).describe(everyone)
    assert "who gives to somebody good or refuses somebody bad is good, who does not is bad" in words
    assert "you see with probability 0.5" in words
    assert "0.1 you misjudge" in words
    assert "3 times over" in words
    assert "mishear each as its opposite with probability 0.25" in words
    assert "you are reminded of what you hold of those you are in contact with" in words
    assert "who gives to anybody is good" in Gossip().describe(everyone)
    assert "ask" not in Gossip(rounds=0, scope="partner").describe(everyone)
    assert "of the bad, nobody is good" in Gossip(norm=0b10000000).describe(everyone)
    public = Told(jnp.asarray([1.0, 0.25]), jnp.asarray([True, False]))
    assert Gossip(scope="partner").tell(public, 0) == "You hold the one you meet now to be good."
    assert Gossip().tell(public, 0) == "Of those you are in contact with, you hold 100 % to be good."
    assert Gossip().tell(public, 1) == ""


def test_errors(bench) -> None:
    with pytest.raises(StudyError, match="norm = 256"):
        Gossip(norm=256)
    with pytest.raises(StudyError, match="rounds = 1001"):
        Gossip(rounds=1001)
    with pytest.raises(StudyError, match="trust = -"):
        Gossip(trust=-0.5)
    with pytest.raises(StudyError, match="talk 'nobody'"):
        Gossip(talk="nobody")  # pyright: ignore[reportArgumentType]
    with pytest.raises(StudyError, match="without network"):
        Gossip(scope="all", talk="contacts").begin(Seats(jnp.zeros(2, jnp.int32)))
    with pytest.raises(StudyError, match="at most 10000 seats"):
        Gossip(scope="all").begin(Seats(jnp.zeros(10_001, jnp.int32)))
    with pytest.raises(StudyError, match="names no partners"):
        settle(Gossip(scope="partner"), jnp.ones((1, 1), bool), bench.tick(*asked([1], [1])))
