"""Gatekeepers: fixed thresholds stand; those that learn come to the threshold of what they weigh, alone and in equilibrium."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.analysis.exact.help_or_harm import Requests, Stakes, find_equilibria, find_threshold
from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run_batch
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.metrics.threshold_used import ThresholdUsed
from commonweal.minds.attackers import Attacker
from commonweal.minds.gatekeepers import Gatekeeper
from commonweal.testing import check_mind, society_for
from commonweal.worlds.assistants import Assistants

PROVIDERS, USERS, DAYS = 5, 300, 400


def society():
    card = jnp.asarray([1] * PROVIDERS + [0] * USERS)
    return Society(
        Assistants(liability=0.3),
        Named.of(("users", Attacker(malice=0.1)), ("assistants", Gatekeeper())),
        Seating(card.size, Named.of(("assistants", jnp.float32(PROVIDERS / card.size))), card=card, shuffled=False),
    )


@pytest.fixture(scope="module")
def settle():
    """The mean threshold in the second half of trials at given (share, sophistication, tries, threshold, rate, duty)."""
    own, metrics = society(), Named.of(("used", ThresholdUsed(skip=0.5)))
    lenses = (
        lens.mind("users", Attacker, lambda mind: mind.malice),
        lens.mind("users", Attacker, lambda mind: mind.sophistication),
        lens.mind("users", Attacker, lambda mind: mind.tries),
        lens.mind("assistants", Gatekeeper, lambda mind: mind.threshold),
        lens.mind("assistants", Gatekeeper, lambda mind: mind.rate),
        lens.mind("assistants", Gatekeeper, lambda mind: mind.duty),
    )

    def over(rows):
        # Filled up with repeats, so that all tests share one compiled program.
        columns = [np.asarray(column) for column in zip(*rows, *rows[-1:] * (12 - len(rows)), strict=True)]
        logs = run_batch(own, tuple(zip(lenses, columns, strict=True)), range(12), DAYS, metrics)
        return [log.values["used"] for log in logs[: len(rows)]]

    return over


@pytest.mark.slow
def test_a_threshold_that_is_not_moved_stands(settle):
    assert settle([(0.1, 0.2, 1, threshold, 0.0, 0.5) for threshold in (-1.25, 0.0, 3.141)]) == [-1.25, 0.0, 3.141]


@pytest.mark.slow
def test_learners_come_to_the_likelihood_ratio_threshold_of_what_they_weigh(settle):
    """One try, from either side: society's stakes (120, 500), the own books (30, 120), and half and half (75, 310)."""
    draws = np.random.default_rng(8)
    rows, expected = [], []
    for duty, stakes in ((1.0, Stakes(120, 500)), (0.0, Stakes(30, 120)), (0.5, Stakes(75, 310))):
        for b, s in draws.uniform((0.1, 0.0), (0.4, 0.4), (2, 2)):
            best = find_threshold(Requests(b, round(s, 3)), stakes)
            rows += [(b, s, 1, best + away, 0.03, duty) for away in (-0.7, 0.7)]
            expected += [best, best]
    np.testing.assert_allclose(settle(rows), expected, atol=0.09)


@pytest.mark.slow
def test_learners_come_to_an_equilibrium_where_all_go_elsewhere(settle):
    """Three tries of everybody: stricter than one provider alone would be, as others refuse the bad ones more often."""
    requests = Requests(0.2, 0.2, good_tries=3, bad_tries=3)
    (fixed,) = find_equilibria(requests, Stakes(120, 500))
    found = settle([(0.2, 0.2, 3, start, 0.03, 1.0) for start in (fixed - 0.7, fixed + 0.7)])
    np.testing.assert_allclose(found, [fixed, fixed], atol=0.09)
    assert fixed < find_threshold(requests, Stakes(120, 500)) - 0.2


def test_one_step_by_hand():
    """7 ordinary and 2 harmful near: at duty 1, .031 (7 * 120 - 2 * 500) / 620 = -.008; a new mind does not move."""
    own = society()
    view = eqx.filter_jit(offer)(own, begin(own, 1).state)
    n = PROVIDERS + USERS
    shown = view.seen.replace("border_good", jnp.full(n, 7)).replace("border_bad", jnp.full(n, 2))
    born = jnp.arange(n) == 0
    view = type(view)(**{**vars(view), "seen": shown, "born": born})
    mind = Gatekeeper(threshold=0.5, rate=0.031, duty=1.0)
    decision = mind.act(mind.init(Key.root(0), begin(own, 1).state.seats), view, Key.root(0))
    assert decision.acts["threshold"].tolist()[:3] == [500, 492, 492]
    assert decision.memory.tolist()[:2] == [500_000, 492_000]


def test_what_cannot_be_is_refused():
    with pytest.raises(StudyError, match="rate = 2"):
        Gatekeeper(rate=2.0)
    other = society_for(mind=Gatekeeper())
    with pytest.raises(StudyError, match="was asked harvest"):
        Gatekeeper().act(jnp.zeros(12, jnp.int32), offer(other, begin(society_for(), 1).state), Key.root(0))


@pytest.mark.slow
def test_laws():
    check_mind(Gatekeeper(rate=0.1, duty=0.5), Assistants())
