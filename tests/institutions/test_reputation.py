"""Reputation against exact chains, the condition of image scoring, and the leading eight found by enumeration."""

import itertools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.norms import IMAGE_SCORING, LEADING_EIGHT, SHUNNING, SIMPLE_STANDING, STERN_JUDGING
from commonweal.core.questions import Choice
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Told
from commonweal.engine.compiled import run, run_batch
from commonweal.institutions.reputation import Reputation
from commonweal.metrics.cooperation import Cooperation
from commonweal.minds.donors import Donor
from commonweal.testing import check_institution
from commonweal.worlds.donor_game import DonorGame

BENEFIT, COST = 4, 1
KEY = Key.root(3)
LEADING_WAYS = (0b1011, 0b1011, *[0b1010] * 6)
"""Who gives to whom under each of the leading eight: bit 2 own + other."""


def society(n, keepers):
    """Discriminators, and a few that never give, in random pairs."""
    return Society(
        DonorGame.binary(BENEFIT, COST),
        Named.of(("discriminator", Donor.discriminator()), ("keeper", Donor.keeper())),
        Seating(n, Named.of(("keeper", jnp.float32(keepers / n)))),
        Named.of(("reputation", Reputation(scope="partner"))),
    )


def place(get):
    return lens.rule("reputation", Reputation, get)


NORM, REACH = place(lambda rule: rule.norm), place(lambda rule: rule.reach)
ERROR, NOISE = place(lambda rule: rule.error), place(lambda rule: rule.noise)


def bit(norm, own, other, gave):
    return norm >> (4 * own + 2 * other + gave) & 1


# Errors spread: an exact chain over the reputations of four seats, all discriminators.


def chain(norm, error, noise, ticks, n=4):
    """The expected mean share of donors that give over the first ticks, from all good, by enumeration.

    Every order of the seats is as likely; the first and third are donors, the second and fourth their recipients. A donor
    gives to who is good, or reads the opposite with probability `noise`; nothing is read before the first round.
    """
    states = list(itertools.product((0, 1), repeat=n))
    number = {state: at for at, state in enumerate(states)}
    moves, gives = {}, {}
    for blur in {0.0, noise}:
        moves[blur], gives[blur] = np.zeros((2**n, 2**n)), np.zeros(2**n)
        for state, order in itertools.product(states, list(itertools.permutations(range(n)))):
            pairs = [(order[0], order[1]), (order[2], order[3])]
            for acts in itertools.product((0, 1), repeat=2):
                chance = np.prod([1 - blur if act == state[j] else blur for act, (_, j) in zip(acts, pairs, strict=True)]) / 24
                gives[blur][number[state]] += chance * sum(acts) / 2
                for slips in itertools.product((0, 1), repeat=2):
                    then = list(state)
                    for act, slip, (i, j) in zip(acts, slips, pairs, strict=True):
                        then[i] = bit(norm, state[i], state[j], act) ^ slip
                    weight = np.prod([error if slip else 1 - error for slip in slips])
                    moves[blur][number[state], number[tuple(then)]] += chance * weight
    at, found = np.eye(2**n)[number[(1,) * n]], []
    for tick in range(ticks):
        blur = noise if tick else 0.0
        found.append(at @ gives[blur])
        at = at @ moves[blur]
    return np.asarray(found)


def test_long_runs_of_the_chain_have_closed_forms() -> None:
    """With e of error: one half under image scoring and shunning, 1 - e under standing and stern judging, whatever e is.

    With noise v: who is good under standing is (1 - e) / (1 + (1 - 2e) v).
    """
    random = np.random.default_rng(5)
    for error in (0.02, *random.uniform(0.02, 0.3, 2)):
        for norm, rate in ((IMAGE_SCORING, 0.5), (SHUNNING, 0.5), (SIMPLE_STANDING, 1 - error), (STERN_JUDGING, 1 - error)):
            assert chain(norm, error, 0.0, 1500)[-1] == pytest.approx(rate, abs=1e-9)
    error, noise = random.uniform(0.02, 0.2, 2)
    good = (1 - error) / (1 + (1 - 2 * error) * noise)
    assert chain(SIMPLE_STANDING, error, noise, 1500)[-1] == pytest.approx(good * (1 - noise) + (1 - good) * noise, abs=1e-9)


@pytest.mark.slow
def test_errors_spread_as_in_the_chain() -> None:
    random = np.random.default_rng(11)
    ticks, each = 300, 64
    norms = np.asarray([IMAGE_SCORING, SIMPLE_STANDING, STERN_JUDGING, SHUNNING, random.integers(256), random.integers(256)])
    errors = np.asarray([0.05, 0.05, 0.05, 0.05, *random.uniform(0.02, 0.2, 2)], np.float32)
    noises = np.asarray([0.0, 0.1, 0.0, 0.0, *random.uniform(0.02, 0.2, 2)], np.float32)
    vary = tuple((at, np.repeat(rows, each)) for at, rows in ((NORM, norms), (ERROR, errors), (NOISE, noises)))
    logs = run_batch(society(4, 0), vary, range(each * len(norms)), ticks, Named.of(("rate", Cooperation())))
    for at, (norm, error, noise) in enumerate(zip(norms.tolist(), errors.tolist(), noises.tolist(), strict=True)):
        rates = np.asarray([log.values["rate"] for log in logs[at * each : (at + 1) * each]])
        assert abs(rates.mean() - chain(norm, error, noise, ticks).mean()) < 4 * rates.std() / np.sqrt(each) + 1e-3


# Image scoring holds against defectors iff q > c / b.


def scorers(n, q, keepers=1):
    """Payoffs a round of a discriminator and of a keeper among them: exact, since reputations enter linearly.

    A discriminator gives where it does not know, or knows of somebody good: g = (1 - q) + q g (n - 1 - k) / (n - 1).
    """
    others = (n - 1 - keepers) / (n - 1)
    good = (1 - q) / (1 - q * others)
    return (BENEFIT * others * (1 - q + q * good) - COST * good) / 2, BENEFIT * (n - keepers) / (n - 1) * (1 - q) / 2


@pytest.mark.slow
def test_image_scoring_holds_iff_scores_are_known_more_often_than_cost_over_benefit() -> None:
    """Nowak and Sigmund (1998): for a rare defector the theory's sign changes at c/b; simulated payoffs are the theory's."""
    for q in np.random.default_rng(2).uniform(0.02, 0.95, 50):
        own, keeper = scorers(10**7, q)
        assert (own > keeper) == (q > COST / BENEFIT)
    n, rounds, each = 60, 500, 36
    chances = np.asarray([0.1, 0.25, 0.45, 0.8], np.float32)
    vary = (
        (REACH, np.repeat(chances, each)),
        (ERROR, np.zeros(4 * each, np.float32)),
        (NORM, np.full(4 * each, IMAGE_SCORING)),
    )
    earned = payoffs(n, vary, rounds, each)
    for q, rows in zip(chances.tolist(), earned, strict=True):
        for found, theory in zip(rows, scorers(n, q), strict=True):
            # The first rounds, in which all are good, are kept in: they weigh less than the sampling error.
            assert abs(found.mean() - theory) < 4 * found.std() / np.sqrt(each) + 0.02
        assert q == 0.25 or (rows[0].mean() > rows[1].mean()) == (q > COST / BENEFIT)


def payoffs(n, vary, rounds, each):
    """Payoffs a round of discriminators and of the one keeper, trial by trial [r], one pair for each `each` trials."""
    logs = run_batch(society(n, 1), vary, range(len(vary[0][1])), rounds, record=("payoff", "mind"))
    found = []
    for log in logs:
        paid, mind = log.traces["payoff"], log.traces["mind"][0]
        found.append((paid[:, mind == 0].mean(), paid[:, mind == 1].mean()))
    rows = np.asarray(found).reshape(-1, each, 2)
    return [(own[:, 0], own[:, 1]) for own in rows]


# The leading eight, out of all norms and all ways to act on them.


def weights(good):
    """Probabilities of (own, other) by bit 2 own + other, [..., 4], for own and other good with `good` [..., 2]."""
    own, other = good[..., 0], good[..., 1]
    return np.stack([(1 - own) * (1 - other), (1 - own) * other, own * (1 - other), own * other], -1)


def settled(norm, giving, other, error):
    """The long-run chance to be good, from all good, where others are with `other` (None: where all act alike)."""
    table = norm[..., None] >> np.arange(8) & 1
    judged = giving * table[..., 1::2] + (1 - giving) * table[..., 0::2]
    judged = (1 - 2 * error) * judged + error
    good = np.ones(judged.shape[:-1])
    # Half of the seats act at a time, so that a norm that turns everybody over settles as well.
    for _ in range(500):
        good = (good + (weights(np.stack([good, good if other is None else other], -1)) * judged).sum(-1)) / 2
    return good


def find_fitness(norm, acts, benefit, error, slip):
    """What residents and each of 16 rare ways to act earn, and how much residents give: norm [...], acts [..., 4] of residents.

    Everybody is assessed alike. W = b P(a resident gives to it) - P(it gives); who means to give fails with chance `slip`.
    """
    giving = acts * (1 - slip)
    good = settled(norm, giving, None, error)
    rare = []
    for way in range(16):
        own = np.broadcast_to((way >> np.arange(4) & 1) * (1 - slip), giving.shape)
        mine = settled(norm, own, good, error)
        gives = (weights(np.stack([mine, good], -1)) * own).sum(-1)
        gets = (weights(np.stack([good, mine], -1)) * giving).sum(-1)
        rare.append(benefit * gets - gives)
    gives = (weights(np.stack([good, good], -1)) * giving).sum(-1)
    return (benefit - 1) * gives, np.stack(rare, -1), gives


def test_the_leading_eight_are_what_enumeration_finds() -> None:
    """Ohtsuki and Iwasa (2004), b/c = 2: of 4,096 pairs eight are stable and refuse no more often than twice per error.

    Stable is to earn more than any rare way to act. Both measures must scale with e, the errors of assessment and of execution
    together: the leading eight refuse in 1.5 e of cases, all other stable pairs in about sqrt(e), which at e = 0.002 is below
    one in ten too; and where only two bad seats meet differently, what stability is worth is of the order of e^2.
    """
    norms, ways = np.broadcast_arrays(np.arange(256)[:, None], np.arange(16))
    # Of each two mirror images, the one in which good is called good.
    leading = set(zip(LEADING_EIGHT, LEADING_WAYS, strict=True))
    both = leading | {(mirror(norm), mirror_way(way)) for norm, way in leading}
    for error, slip in ((0.02, 0.02), (0.001, 0.001)):
        own, rare, gives = find_fitness(norms, ways[..., None] >> np.arange(4) & 1, 2.0, error, slip)
        others = np.where(ways[..., None] == np.arange(16), -np.inf, rare).max(-1)
        refused = {
            (int(norm), int(way)): float(1 - gives[norm, way])
            for norm, way in zip(*np.nonzero(own > others + 1e-9), strict=True)
        }
        assert {pair for pair, share in refused.items() if share < 2 * (error + slip)} == both
        assert min(share for pair, share in refused.items() if pair not in both) > 0.7 * np.sqrt(error + slip)


def test_the_leading_eight_are_stable_and_keep_those_out_who_never_give() -> None:
    """Over random benefits above the cost and random small errors: to first order all refuse error + 2 slip of the time."""
    random = np.random.default_rng(4)
    ways = np.asarray(LEADING_WAYS)
    for _ in range(8):
        benefit, error, slip = random.uniform(1.3, 5.0), *random.uniform(0.001, 0.02, 2)
        own, rare, gives = find_fitness(np.asarray(LEADING_EIGHT), ways[:, None] >> np.arange(4) & 1, benefit, error, slip)
        others = np.where(ways[:, None] == np.arange(16), -np.inf, rare).max(-1)
        assert (own > others + 1e-9).all()
        assert (own > rare[:, 0]).all()
        # One bad seat for each error of assessment, or of execution towards somebody good, which itself is a refusal.
        assert (np.abs(1 - gives - (error + 2 * slip)) < 6 * (error + slip) ** 2).all()


def mirror(norm):
    """The norm with good and bad renamed."""
    return sum(
        (1 - (norm >> (4 * (1 - own) + 2 * (1 - other) + gave) & 1)) << (4 * own + 2 * other + gave)
        for own, other, gave in itertools.product((0, 1), repeat=3)
    )


def mirror_way(way):
    return sum(
        (way >> (2 * (1 - own) + 1 - other) & 1) << (2 * own + other) for own, other in itertools.product((0, 1), repeat=2)
    )


@pytest.mark.slow
def test_discriminators_with_a_leading_norm_out_earn_a_keeper() -> None:
    """The six leading norms that need no look at the own reputation, with errors of assessment, as enumerated."""
    each, error = 24, 0.02
    norms = np.asarray(LEADING_EIGHT[2:])
    count = len(norms) * each
    vary = ((REACH, np.ones(count, np.float32)), (ERROR, np.full(count, error, np.float32)), (NORM, np.repeat(norms, each)))
    acts = np.broadcast_to(0b1010 >> np.arange(4) & 1, (len(norms), 4))
    theory, rare, _ = find_fitness(norms, acts, BENEFIT / COST, error, 0.0)
    for at, (own, keeper) in enumerate(payoffs(60, vary, 500, each)):
        assert own.mean() > keeper.mean() + 0.5
        # In half of its pairs one is donor, in the others recipient; 1 of 60 seats is no rare one.
        assert own.mean() == pytest.approx(theory[at] / 2, abs=0.08)
        assert keeper.mean() == pytest.approx(rare[at, 0] / 2, abs=0.12)


# Where no partner is named.


def told(rule, memory, gave, seats, tick):
    menu = Named.of(("act", Choice(jnp.ones(len(gave), bool), ("keep", "give"), jnp.asarray([0.0, 1.0]))))
    done = tick(menu, Named.of(("act", jnp.asarray(gave, jnp.int32))), [0] * len(gave), seats=seats)
    return eqx.filter_jit(lambda own, was, now: own.settle(was, now, KEY))(rule, jnp.asarray(memory), done)


def test_contacts_groups_and_all_by_hand(bench) -> None:
    gave, memory = [1, 0, 1, 0, 0], [True, True, True, False, False]
    ring = told(Reputation(), memory, gave, bench.ring(5), bench.tick)
    assert ring.memory.tolist() == [True, False, True, False, False]
    assert ring.public.level.tolist() == [0.0, 1.0, 0.0, 0.5, 0.5]
    # Neighbours of 0..4 are good: one of two, both, one of two, one of two, one of two.
    standing = told(Reputation(norm=SHUNNING), memory, [1, 1, 1, 1, 1], bench.ring(5), bench.tick)
    assert standing.memory.all()
    lonely = told(Reputation(norm=SHUNNING), [True, False, False, False, False], [1] * 5, bench.ring(5), bench.tick)
    assert lonely.memory.tolist() == [False, True, False, False, True]
    groups = jnp.asarray([[1, 0], [1, 0], [1, 1], [0, 1], [0, 0]], bool)
    grouped = told(Reputation(scope="group"), memory, gave, Seats(jnp.zeros(5, jnp.int32), groups=groups), bench.tick)
    assert grouped.public.level.tolist() == pytest.approx([0.5, 1.0, 1 / 3, 1.0, 0.0], abs=1e-4)
    assert grouped.public.known.tolist() == [True, True, True, True, False]
    everyone = told(Reputation(scope="all", noise=1.0), memory, gave, Seats(jnp.zeros(5, jnp.int32)), bench.tick)
    assert everyone.public.level.tolist() == pytest.approx([0.75, 0.5, 0.75, 0.5, 0.5])
    assert told(Reputation(error=1.0), memory, gave, bench.ring(5), bench.tick).memory.tolist() == [
        False,
        True,
        False,
        True,
        True,
    ]


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Reputation(norm=STERN_JUDGING, error=0.2, noise=0.1, reach=0.8), Reputation(reach=0.0))


@pytest.mark.slow
def test_books_and_identity_in_pairs() -> None:
    """On the donor game: absent at no reach, and otherwise no money moves."""
    game = society(6, 2)
    bare = run(Society(game.world, game.minds, game.seats), 1, 6, record=("acts", "purse"))
    absent = run(REACH.set(game, 0.0), 1, 6, record=("acts", "purse"))
    present = run(game, 1, 6, record=("acts", "purse"))
    assert all(np.array_equal(absent.traces[name], series) for name, series in bare.traces.items())
    assert any(not np.array_equal(present.traces[name], series) for name, series in bare.traces.items())
    assert present.readings["ledger.burnt"].sum() == 0


def test_words_and_errors(bench) -> None:
    everyone = jnp.ones(2, bool)
    assert Reputation(reach=0.0).describe(everyone) == ""
    words = Reputation(norm=STERN_JUDGING, error=0.1, noise=0.2, reach=0.5).describe(everyone)
    assert "refuses somebody bad is good" in words
    assert "with probability 0.5, you are told" in words
    assert "0.1 an act is misjudged" in words
    assert "0.2 you are told the opposite" in words
    assert "of the good, nobody is good" in Reputation(norm=7).describe(everyone)
    public = Told(jnp.asarray([1.0, 0.25]), jnp.asarray([True, False]))
    assert Reputation(scope="partner").tell(public, 0) == "The one you meet now has a good reputation."
    assert Reputation().tell(public, 0) == "Of those you are in contact with, 100 % have a good reputation."
    assert Reputation().tell(public, 1) == ""
    with pytest.raises(StudyError, match="norm = 256"):
        Reputation(norm=256)
    with pytest.raises(StudyError, match="scope 'nobody'"):
        Reputation(scope="nobody")  # pyright: ignore[reportArgumentType]
    with pytest.raises(StudyError, match="without network"):
        Reputation().begin(Seats(jnp.zeros(2, jnp.int32)))
    with pytest.raises(StudyError, match="names no partners"):
        told(Reputation(scope="partner"), [True], [1], Seats(jnp.zeros(1, jnp.int32)), bench.tick)
