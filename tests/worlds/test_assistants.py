"""Assistants: days reckoned by hand and by a plain loop, the closed form's fixtures, several tries and models, and the laws."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.analysis.exact.help_or_harm import Requests, Stakes, find_refused, find_welfare
from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run_batch
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.metrics.false_refusals import FalseRefusals
from commonweal.metrics.harm_rate import HarmRate
from commonweal.metrics.help_welfare import HelpWelfare
from commonweal.minds.attackers import Attacker
from commonweal.minds.gatekeepers import Gatekeeper
from commonweal.testing import check_world
from commonweal.worlds.assistants import Assistants, _order

PROVIDERS, USERS, DAYS = 8, 400, 50
N = 11
CARD = jnp.asarray([0, 2, 0, 0, 1, 0, 0, 0, 2, 0, 0])
"""Assistants in seats 1, 4 and 8: providers 0, 1 and 2."""
SEATS = Seats(jnp.zeros(N, jnp.int32), card=CARD)
DESK = (1, 4, 8)


@eqx.filter_jit
def day(world, state, acts, key):
    """One day, and what is seen after it."""
    outcome = world.step(state, SEATS, acts, jnp.zeros(N, jnp.int32), key)
    return outcome, world.observe(outcome.state, SEATS, outcome.payoff)


def acts_of(request, disguise, provider, tries, threshold):
    given = (("request", request), ("disguise", disguise), ("provider", provider), ("tries", tries), ("threshold", threshold))
    return Named.of(*((name, jnp.asarray(values, jnp.int32)) for name, values in given))


def society():
    """Eight assistants with one threshold, and users each of whose requests is harmful with some probability."""
    card = jnp.asarray([1] * PROVIDERS + [0] * USERS)
    return Society(
        Assistants(gap=2.0, noise=1.0, over_refusal=0, visits=4),
        Named.of(("users", Attacker(malice=0.1)), ("assistants", Gatekeeper())),
        Seating(card.size, Named.of(("assistants", jnp.float32(PROVIDERS / card.size))), card=card, shuffled=False),
    )


@pytest.fixture(scope="module")
def simulate():
    """Metrics of many trials at given (share, harm, over-refusal, sophistication, threshold, tries, models)."""
    own = society()
    metrics = Named.of(("welfare", HelpWelfare()), ("harm", HarmRate()), ("refusals", FalseRefusals()))
    lenses = (
        lens.mind("users", Attacker, lambda mind: mind.malice),
        lens.world(Assistants, lambda world: world.harm),
        lens.world(Assistants, lambda world: world.over_refusal),
        lens.mind("users", Attacker, lambda mind: mind.sophistication),
        lens.mind("assistants", Gatekeeper, lambda mind: mind.threshold),
        lens.mind("users", Attacker, lambda mind: mind.tries),
        lens.world(Assistants, lambda world: world.models),
    )

    def over(rows):
        # Filled up with repeats, so that all tests share one compiled program.
        columns = [np.asarray(column) for column in zip(*rows, *rows[-1:] * (9 - len(rows)), strict=True)]
        logs = run_batch(own, tuple(zip(lenses, columns, strict=True)), range(9), DAYS, metrics)
        return [log.values for log in logs[: len(rows)]]

    return over


def test_a_day_by_hand():
    """Two ordinary and two harmful users; provider 0 helps all, provider 2 nobody. Liability: 50 of 500, 450 over 8 users."""
    world = Assistants()
    state = world.reset(Key.root(0), SEATS).state
    request, disguise, provider, tries, threshold = (np.zeros(N, int) for _ in range(5))
    tries += 1
    provider[[2, 3]], request[[3, 5]] = 2, 1
    threshold[list(DESK)] = 8000, 0, -8000
    outcome, seen = day(world, state, acts_of(request, disguise, provider, tries, threshold), Key.root(1))
    each = 450 // 8
    expected = np.full(N, 100 - 30 - each)
    expected[2], expected[3], expected[5] = -20 - each, -each, -30 - each
    expected[list(DESK)] = 30 * 6 + 30 - 80, 0, 0
    expected[1] = 30 * 6 - 50
    assert outcome.payoff.tolist() == expected.tolist()
    assert (int(outcome.state.owed), int(outcome.facts.worth)) == (450 % 8, 5 * 100 - 20 - 500)
    facts = outcome.facts
    assert [int(x) for x in (facts.good, facts.bad, facts.helped_good, facts.helped_bad)] == [6, 2, 5, 1]
    assert [int(x) for x in (facts.refused_good, facts.refused_bad, facts.thresholds, facts.assistants)] == [1, 1, 0, 3]
    assert seen.seen["arrived"].tolist()[1:9:3] == [6, 0, 0]
    assert (int(seen.seen["arrived"][8]), int(seen.seen["refused"][8]), int(seen.seen["harmed"][1])) == (2, 2, 1)
    assert seen.seen["server"].tolist() == [0, -1, -1, -1, -1, 0, 0, 0, -1, 0, 0]


def test_days_against_a_plain_loop():
    """Next to no noise: who is helped is certain where all are asked, and what all are paid is worth but for what waits."""
    draws = np.random.default_rng(5)
    users = [seat for seat in range(N) if seat not in DESK]
    for _ in range(12):
        value, harm, over, fee = (int(x) for x in draws.integers(0, 900, 4))
        world = Assistants(noise=0.001, value=value, harm=harm, over_refusal=over, fee=fee, liability=float(draws.random()))
        state = world.reset(Key.root(0), SEATS).state
        request, disguise = draws.integers(0, 2, N), draws.integers(0, 1001, N)
        # Mean scores are even, thresholds odd: nothing is doubtful.
        disguise -= disguise % 2
        provider, tries = draws.integers(0, 3, N), draws.choice([1, 3, 4], N)
        threshold = draws.integers(-500, 1300, N) * 2 + 101
        outcome, seen = day(
            world, state, acts_of(request, disguise, provider, tries, threshold), Key.root(int(draws.integers(99)))
        )
        worth, helped = 0, {}
        for seat in users:
            mean = 2 * (1000 - disguise[seat]) if request[seat] else 0
            open_ = [threshold[desk] > mean for desk in DESK]
            helped[seat] = any(open_) if tries[seat] >= 3 else open_[provider[seat]]
            refusals = int(seen.seen["refusals"][seat])
            assert refusals == 0 if open_[provider[seat]] else refusals >= 1
            assert refusals <= 3 - sum(open_)
            worth += (0 if request[seat] else value * helped[seat] - over * refusals) - harm * (request[seat] and helped[seat])
        assert [bool(seen.seen["helped"][seat]) for seat in users] == [bool(helped[seat]) for seat in users]
        assert int(outcome.facts.worth) == worth
        assert int(outcome.payoff.sum()) - int(outcome.state.owed) == worth


@pytest.mark.slow
def test_the_closed_form_is_found(simulate):
    """Oracles C, row 1: W* at tau* for one try, times 100; and random parameters off the best threshold, with over-refusal."""
    rows = [(0.1, 500, 0, 0.25, 1.141858), (0.3, 500, 0, 0.25, 0.241907), (0.05, 1000, 0, 0.0, 1.320927)]
    rows += [(0.1, 500, 0, 0.9, 3.038933)]
    draws = np.random.default_rng(6)
    rows += [(b, int(h), int(o), s, t) for b, h, o, s, t in draws.uniform((0.05, 50, 0, 0, -1), (0.6, 900, 90, 0.9, 3), (4, 5))]
    known = [60.5860, 26.0633, 73.7127, 40.0063]
    found = simulate([(*row, 1, 0) for row in rows])
    for index, ((b, h, o, s, t), values) in enumerate(zip(rows, found, strict=True)):
        welfare = find_welfare(round(t, 3), Requests(b, round(s, 3)), Stakes(100, h, o))
        assert index >= 4 or welfare == pytest.approx(known[index], abs=0.05)
        assert abs(values["welfare"] - welfare) < 4 * (100 + o + b * h) / np.sqrt(USERS * DAYS)


@pytest.mark.slow
def test_several_tries_and_shared_models(simulate):
    """Eight providers of one, two or eight models, up to four tries: by the enumeration of all sets of providers."""
    rows = [(0.4, 500, 30, 0.3, 0.6, tries, models) for tries in (1, 2, 4) for models in (1, 2, 0)]
    for (b, h, o, s, t, tries, models), values in zip(rows, simulate(rows), strict=True):
        good = find_refused(np.full(PROVIDERS, t), tries, models)
        bad = find_refused(np.full(PROVIDERS, t - 2 * (1 - s)), tries, models)
        margin = 4 * 0.5 / np.sqrt(USERS * DAYS * 0.4)
        assert abs(values["refusals"] - good[-1]) < margin
        assert abs(values["harm"] - (1 - bad[-1])) < margin
        requests = Requests(b, s, good_tries=tries, bad_tries=tries)
        welfare = find_welfare([t] * PROVIDERS, requests, Stakes(100, h, o), models)
        assert abs(values["welfare"] - welfare) < 4 * 350 / np.sqrt(USERS * DAYS)


def test_no_provider_is_asked_twice_and_any_order_is_as_likely():
    """Five providers, four visits: 24 orders follow each first one, each one in 24 times."""
    first = jnp.full(24_000, 3, jnp.int32)
    order = np.asarray(jax.jit(lambda key: _order(first, jnp.int32(5), 4, key))(Key.root(2)))
    assert (np.diff(np.sort(order, 1), axis=1) > 0).all()
    assert (order[:, 0] == 3).all()
    assert (order.min(), order.max()) == (0, 4)
    _, counts = np.unique(order, axis=0, return_counts=True)
    assert counts.size == 24
    assert ((counts - 1000) ** 2 / 1000).sum() < 55


def test_doubtful_cases_are_those_near_the_threshold():
    """A band of 1 around 0.5: ordinary requests lie in it with probability Phi(1) - Phi(0) = .3413."""
    world = Assistants(band=1.0)
    card = jnp.asarray([1] + [0] * 9999)
    seats = Seats(jnp.zeros(card.size, jnp.int32), card=card)
    state, none = world.reset(Key.root(0), seats).state, np.zeros(card.size)
    acts = acts_of(none, none, none, none + 1, none + 500)
    step = eqx.filter_jit(lambda acts: world.step(state, seats, acts, jnp.zeros(card.size, jnp.int32), Key.root(7)).state.last)
    last = step(acts)
    assert abs(int(last.border_good[0]) / 9999 - 0.3413) < 4 * 0.5 / 100
    assert int(last.border_bad[0]) == 0


def test_the_best_disguise_that_got_through_is_heard_of():
    world = Assistants(reach=1.0, noise=0.001)
    state = world.reset(Key.root(0), SEATS).state
    request, disguise = np.ones(N, int), np.arange(N) * 100
    _, seen = day(world, state, acts_of(request, disguise, [0] * N, [1] * N, [1001] * N), Key.root(0))
    # Means are 2 (1000 - disguise): 500 and more get through.
    assert seen.seen["tip"].tolist() == [1000 if seat not in DESK else -1 for seat in range(N)]
    _, seen = day(world, state, acts_of(request, disguise, [0] * N, [1] * N, [-99] * N), Key.root(0))
    assert (np.asarray(seen.seen["tip"]) == -1).all()


def test_words_say_who_one_is():
    own = society()
    view = jax.device_get(offer(own, begin(own, 1).state))
    assert "You set the refusal threshold of one of 8 assistants" in own.world.describe(view, 0)
    assert "You are a user; there are 8 providers" in own.world.describe(view, 20)
    assert "costs all users together 500, of which the provider pays 50" in own.world.rules()


def test_what_cannot_be_is_refused():
    with pytest.raises(StudyError, match="found 4 users among 4 seats"):
        Assistants().reset(Key.root(0), Seats(jnp.zeros(4, jnp.int32)))
    with pytest.raises(StudyError, match="liability = 2"):
        Assistants(liability=2)
    with pytest.raises(StudyError, match="brought to 0 providers"):
        Assistants(visits=0)


@pytest.mark.slow
def test_laws():
    check_world(Assistants(reach=0.5, models=2))
