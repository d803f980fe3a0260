"""A mediator: it plays for those who ask it to, and that all ask is a strong equilibrium of the prisoner's dilemma."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.parts import Mind
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.views import Decision
from commonweal.engine.compiled import run, run_batch
from commonweal.institutions.mediator import Mediated, Mediator
from commonweal.institutions.one_of import OneOf
from commonweal.institutions.presence import If
from commonweal.institutions.voting import Vote
from commonweal.minds.joiners import Joiner
from commonweal.testing import check_institution, check_society, society_for
from commonweal.worlds.network_game import NetworkGame

NAMES = ("a", "b", "c")
JOIN, KEEP, GIVE = (1.0, 0.0), (0.0, 0.0), (0.0, 1.0)


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Mediator(0.6, quorum=0.5), Mediator(0.0))


@pytest.mark.slow
def test_laws_where_contacts_are_answered_one_by_one() -> None:
    check_society(society_for(NetworkGame(per_contact=True), rules=(("tried", Mediator(0.6)),)))


def payoffs(game: NetworkGame) -> dict[tuple[int, ...], np.ndarray]:
    """What three seats earn in each of the 27 profiles of joining, defecting and cooperating, by the engine."""
    minds = Named.of(*((name, Joiner()) for name in NAMES))
    seating = Seating(3, Named.of(*((name, jnp.float32(1 / 3)) for name in NAMES[1:])), shuffled=False)
    society = Society(game, minds, seating, Named.of(("mediator", Mediator())))
    profiles = list(itertools.product(range(3), repeat=3))
    vary = []
    for place, name in enumerate(NAMES):
        chosen = np.asarray([(JOIN, KEEP, GIVE)[profile[place]] for profile in profiles], np.float32)
        vary.append((lens.mind(name, Joiner, lambda mind: mind.join), chosen[:, 0]))
        vary.append((lens.mind(name, Joiner, lambda mind: mind.outside), chosen[:, 1]))
    logs = run_batch(society, tuple(vary), [0] * len(profiles), 1, record=("payoff", "mind"))
    found = {}
    for profile, log in zip(profiles, logs, strict=True):
        order = np.argsort(np.asarray(log.traces["mind"])[0])
        found[profile] = np.asarray(log.traces["payoff"])[0][order]
    return found


@pytest.mark.slow
def test_that_all_hand_over_is_a_strong_equilibrium() -> None:
    """Monderer and Tennenholtz: no coalition of any size can make all of its members better off, for random payoffs."""
    rng = np.random.default_rng(2009)
    S, P, R = (int(x) for x in np.cumsum(rng.integers(1, 5, 3)))
    T = R + int(rng.integers(1, R - S))
    assert 2 * R >= S + T
    paid = payoffs(NetworkGame(R, S, T, P))
    everybody = (0, 0, 0)
    assert (paid[everybody] == 2 * R).all()
    for size in (1, 2, 3):
        for coalition in itertools.combinations(range(3), size):
            for moves in itertools.product(range(3), repeat=size):
                profile = list(everybody)
                for seat, move in zip(coalition, moves, strict=True):
                    profile[seat] = move
                assert not all(paid[tuple(profile)][seat] > 2 * R for seat in coalition)
    assert (paid[1, 0, 0] == 2 * P).all()  # one defects: the mediator punishes, and all earn what defectors earn
    assert (paid[1, 1, 1] == 2 * P).all()
    assert paid[2, 1, 1].tolist() == [2 * S, T + P, T + P]


def test_quorum_counts_those_asked() -> None:
    rule = Mediator(quorum=0.6)
    asked = jnp.ones(10, bool)
    for joined in range(11):
        assert bool(rule.enough(jnp.arange(10) < joined, asked)) == (joined >= 6)


@pytest.mark.slow
def test_contact_by_contact_it_serves_pairs() -> None:
    minds = Named.of(("free", Joiner(join=0.0, outside=1.0)), ("joined", Joiner()))
    seating = Seating(9, Named.of(("joined", jnp.float32(4 / 9))), network=Ring(4))
    society = Society(NetworkGame(per_contact=True), minds, seating, Named.of(("mediator", Mediator())))
    log = run(society, 3, 1, record=("acts", "mind"))
    links = seating.links()
    assert links is not None
    joined = np.asarray(log.traces["mind"])[0] == 1
    acts = (np.asarray(log.traces["act.act"])[0][:, None] >> np.arange(4)) & 1
    assert (acts == (~joined[:, None] | joined[np.asarray(links.to)])).all()


class Elector(Mind):
    """A joiner that votes for mediator `ballot` where its card is 1, else for mediator `other`; who has card 2 never joins."""

    ballot: jnp.ndarray
    other: jnp.ndarray

    def init(self, key, seats):
        return ()

    def act(self, memory, view, key):
        joiner = Joiner(join=jnp.where(view.card == 2, 0.0, 1.0), questions=("strict", "lenient"))
        acts = joiner.act((), view, key).acts
        return Decision(acts.replace("ballot", jnp.where(view.card == 1, self.ballot, self.other)), ())


@pytest.mark.slow
def test_mediators_are_chosen_by_vote() -> None:
    """Of nobody, one who serves if all hand over, and one to whom half are enough: who gets most votes plays from tick 1 on.

    One of five never hands over: with the strict one, as without any, nobody is served; with the lenient one four are.
    """
    strict, lenient = (If(Mediator(quorum=share, question=name), True) for name, share in (("strict", 1.0), ("lenient", 0.5)))
    either = OneOf(Named.of(("strict", strict), ("lenient", lenient)))
    labels = ("the strict mediator", "the lenient one")
    vote = Vote.on(either, OneOf, lambda rule: rule.which, (1.0, 2.0), every=10, labels=labels)
    mind = Elector(jnp.int32(0), jnp.int32(0))
    seating = Seating(5, card=jnp.asarray([1, 1, 1, 0, 2]))
    society = Society(NetworkGame(), Named.of(("mind", mind)), seating, Named.of(("vote", vote)))
    ballots = [(0, 2), (1, 2), (2, 1), (2, 0)]
    vary = tuple(
        (lens.mind("mind", Elector, get), np.asarray([own[at] for own in ballots], np.int32))
        for at, get in enumerate((lambda own: own.ballot, lambda own: own.other))
    )
    for (winner, _), log in zip(ballots, run_batch(society, vary, [0] * 4, 3, record=("acts",)), strict=True):
        acts = log.traces["act.act"]
        assert not acts[0].any()
        assert acts[1:, :4].all() == acts[1:, :4].any() == (winner == 2)
        assert not acts[:, 4].any()
        asked = {name: log.readings[f"asked.{name}"].tolist() for name in ("ballot", "strict", "lenient")}
        assert asked == {"ballot": [5, 0, 0], "strict": [0, *[5 * (winner == 1)] * 2], "lenient": [0, *[5 * (winner == 2)] * 2]}
    words = vote.describe(vote.begin(Seats(jnp.zeros(5, jnp.int32))))
    assert "set it to the strict mediator or the lenient one" in words


def test_words_and_limits() -> None:
    assert Mediator(0.0).describe(()) == ""
    assert "probability 0.5" in Mediator(0.5).describe(())
    assert "at least 0.3" in Mediator(quorum=0.3).describe(())
    assert Mediator().tell(Mediated(jnp.asarray([3])), 0) == "Last round 3 of you let the mediator play."
    for wrong in ({"reach": 2.0}, {"quorum": -0.1}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            Mediator(**wrong)
