"""Programs that read their partner: how often they cooperate, by the exact table, what is read, and the tremble."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.analysis.exact.modal import PROGRAMS, find_answers, find_unread, ground
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.institutions.open_source import OpenSource
from commonweal.minds.readers import Reader
from commonweal.testing import check_mind
from commonweal.worlds.network_game import NetworkGame

SEATS, TICKS = 9, 400
READ = (*PROGRAMS[:5], ground(0.1))
ANSWERS = np.concatenate([find_unread(READ)[:, None], find_answers(READ)], axis=1)


def society(reach: float, noise: float, tremble: float, per_contact: bool) -> Society:
    names = [program.name for program in READ]
    minds = Named.of(*((name, Reader(i + 1, ANSWERS[i], tremble)) for i, name in enumerate(names)))
    share = Named.of(*((name, jnp.float32(1 / 6)) for name in names[1:]))
    rule = OpenSource(reach=reach, noise=noise, programs=tuple(names))
    seating = Seating(SEATS, share, network=Ring(SEATS - 1))
    return Society(NetworkGame(per_contact=per_contact), minds, seating, Named.of(("open", rule)))


def shares(given: Society, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who sits where [a], the contacts [a, k], and how often each cooperated with each contact [a, k], after tick 0."""
    log = run(given, seed, TICKS, record=("acts", "mind"))
    links = given.seats.links()
    assert links is not None
    acts = np.asarray(log.traces["act.act"])[1:]
    bits = (acts[:, :, None] >> np.arange(SEATS - 1)) & 1
    return np.asarray(log.traces["mind"])[0], np.asarray(links.to), bits.mean(0)


@pytest.mark.slow
def test_laws() -> None:
    check_mind(Reader(1, (0.2, 0.9, 0.4), 0.1))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 4])
def test_cooperation_is_that_of_the_table_what_is_read_and_the_tremble(seed: int) -> None:
    """Each of 72 pairs within 5 standard errors of its closed form, at random noise; exactly the table without any."""
    rng = np.random.default_rng(seed)
    reach, noise, tremble = (1.0, 0.0, 0.0) if seed == 3 else (rng.uniform(0.5, 1), rng.uniform(0, 0.4), rng.uniform(0, 0.3))
    mind, to, found = shares(society(reach, noise, tremble, per_contact=True), seed)
    expected = np.empty(found.shape)
    for seat in range(SEATS):
        row = ANSWERS[mind[seat]]
        for slot, contact in enumerate(to[seat]):
            true = row[mind[contact] + 1]
            p = reach * ((1 - noise) * true + noise * row[1:].mean()) + (1 - reach) * row[0]
            expected[seat, slot] = (1 - 2 * tremble) * p + tremble
    error = np.sqrt(expected * (1 - expected) / (TICKS - 1))
    assert (np.abs(found - expected) <= 5 * error + 1e-4).all()


@pytest.mark.slow
def test_one_act_for_all_is_the_mean_over_those_that_are_read() -> None:
    given = society(1.0, 0.0, 0.0, per_contact=False)
    log = run(given, 7, TICKS, record=("acts", "mind"))
    mind = np.asarray(log.traces["mind"])[0]
    found = np.asarray(log.traces["act.act"])[1:].mean(0)
    for seat in range(SEATS):
        others = np.delete(mind, seat)
        expected = ANSWERS[mind[seat]][others + 1].mean()
        assert abs(found[seat] - expected) <= 5 * np.sqrt(expected * (1 - expected) / (TICKS - 1)) + 1e-4


@pytest.mark.slow
def test_a_liar_is_met_as_what_it_says() -> None:
    """A defector that publishes FairBot's number is trusted by FairBot: the table holds for honest sources alone."""
    names = ("fair", "liar")
    minds = Named.of(("fair", Reader(1, (0.0, 1.0, 0.0))), ("liar", Reader(1, (0.0, 0.0, 0.0))))
    seating = Seating(SEATS, Named.of(("liar", jnp.float32(1 / SEATS))), network=Ring(SEATS - 1))
    given = Society(NetworkGame(per_contact=True), minds, seating, Named.of(("open", OpenSource(programs=names))))
    mind, _, found = shares(given, 2)
    assert (found[mind == 0] == 1.0).all()
    assert (found[mind == 1] == 0.0).all()


def test_out_of_range_is_refused() -> None:
    for wrong in ({"answers": (0.5, 1.2)}, {"tremble": 0.7}, {"program": -1}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            Reader(**wrong)
    with pytest.raises(StudyError, match="shape"):
        Reader(answers=0.5)
