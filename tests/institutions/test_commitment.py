"""Commitments: whom they bind, how surely, and what committing earns in closed form."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run, run_batch
from commonweal.institutions.commitment import Commitment, Committed
from commonweal.minds.joiners import Joiner
from commonweal.testing import check_institution, check_society, society_for
from commonweal.worlds.network_game import NetworkGame

TICKS = 300


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Commitment(0.7), Commitment(0.0))


@pytest.mark.slow
def test_laws_where_contacts_are_answered_one_by_one() -> None:
    check_society(society_for(NetworkGame(per_contact=True), rules=(("tried", Commitment(0.7)),)))


def two(game: NetworkGame) -> Society:
    minds = Named.of(("one", Joiner()), ("other", Joiner()))
    seating = Seating(2, Named.of(("other", jnp.float32(0.5))), shuffled=False)
    return Society(game, minds, seating, Named.of(("commitment", Commitment())))


@pytest.mark.slow
def test_two_seats_earn_the_closed_form() -> None:
    """P + c (S + T - 2 P) + c^2 (R + P - S - T) each, for random payoffs and credibilities, within 5 standard errors."""
    rng = np.random.default_rng(1960)
    R, S, T, P = (int(x) for x in rng.integers(-9, 10, 4))
    chances = np.asarray([0.0, 1.0, *rng.uniform(size=6)], np.float32)
    vary = ((lens.rule("commitment", Commitment, lambda rule: rule.credibility), chances),)
    logs = run_batch(two(NetworkGame(R, S, T, P)), vary, range(len(chances)), TICKS, record=("payoff",))
    for c, log in zip(chances.astype(float), logs, strict=True):
        paid = np.asarray(log.traces["payoff"], float)
        expected = P + c * (S + T - 2 * P) + c**2 * (R + P - S - T)
        square = c**2 * R**2 + (1 - c) ** 2 * P**2 + c * (1 - c) * (S**2 + T**2)
        error = np.sqrt(max(square - expected**2, 0.0) / TICKS)
        assert np.abs(paid.mean(0) - expected).max() <= 5 * error + 1e-9


@pytest.mark.slow
def test_commitments_of_full_credibility_make_cooperation_an_equilibrium() -> None:
    """All 4 x 4 profiles of (commit or not, act if free): that both commit is a Nash equilibrium, and it pays R."""
    strategies = list(itertools.product((0.0, 1.0), (0.0, 1.0)))
    profiles = list(itertools.product(range(4), repeat=2))
    society = two(NetworkGame())
    vary = []
    for place, name in enumerate(("one", "other")):
        chosen = np.asarray([strategies[profile[place]] for profile in profiles], np.float32)
        vary.append((lens.mind(name, Joiner, lambda mind: mind.join), chosen[:, 0]))
        vary.append((lens.mind(name, Joiner, lambda mind: mind.outside), chosen[:, 1]))
        vary.append((lens.mind(name, Joiner, lambda mind: mind.inside), chosen[:, 1]))
    logs = run_batch(society, tuple(vary), [0] * 16, 1, record=("payoff", "mind"))
    paid = {}
    for profile, log in zip(profiles, logs, strict=True):
        seat = int(np.argmax(np.asarray(log.traces["mind"])[0] == 0))
        paid[profile] = int(log.traces["payoff"][0, seat])
    nash = [
        (i, j)
        for i, j in profiles
        if paid[i, j] >= max(paid[k, j] for k in range(4)) and paid[j, i] >= max(paid[k, i] for k in range(4))
    ]
    committer, defector = strategies.index((1.0, 0.0)), strategies.index((0.0, 0.0))
    assert (committer, committer) in nash
    assert (defector, defector) in nash
    assert paid[committer, committer] == 3
    assert all(paid[profile] in (1, 3) for profile in nash)


@pytest.mark.slow
def test_towards_contacts_that_commit_as_well_and_no_others() -> None:
    minds = Named.of(("free", Joiner(join=0.0)), ("bound", Joiner()))
    seating = Seating(9, Named.of(("bound", jnp.float32(4 / 9))), network=Ring(4))
    for mutual in (True, False):
        rule = Commitment(mutual=mutual)
        society = Society(NetworkGame(per_contact=True), minds, seating, Named.of(("commitment", rule)))
        log = run(society, 3, 1, record=("acts", "mind"))
        links = seating.links()
        assert links is not None
        bound = np.asarray(log.traces["mind"])[0] == 1
        acts = (np.asarray(log.traces["act.act"])[0][:, None] >> np.arange(4)) & 1
        wanted = bound[:, None] & (bound[np.asarray(links.to)] | (not mutual))
        assert (acts == wanted).all()


def test_words_and_limits() -> None:
    assert Commitment(0.0).describe(()) == ""
    assert "kept with probability 0.25" in Commitment(0.25).describe(())
    assert "commit as well" in Commitment().describe(())
    assert Commitment().tell(Committed(jnp.asarray([0, 2])), 1) == "Last round 2 of those you meet committed."
    with pytest.raises(StudyError, match="credibility"):
        Commitment(1.2)
