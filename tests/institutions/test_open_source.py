"""Who reads which program of whom: truthfully, not at all, or wrongly, and along with minds that move."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Links, Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import advance
from commonweal.engine.trial import begin
from commonweal.institutions.disclosure import Disclosure
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.open_source import OpenSource
from commonweal.institutions.turnover import Turnover
from commonweal.minds.readers import Reader
from commonweal.testing import check_institution
from commonweal.worlds.network_game import NetworkGame

PROGRAMS = ("one", "two", "three")


@pytest.mark.slow
def test_laws() -> None:
    check_institution(OpenSource(Fermi(0.3), reach=0.7, noise=0.2), OpenSource(reach=0.0))


@pytest.mark.slow
def test_a_source_moves_with_the_mind() -> None:
    """What is read of a contact is the program of the mind that sits there now; of a newcomer, nothing."""
    minds = Named.of(*((name, Reader(index, (0.5,))) for index, name in enumerate(PROGRAMS, 1)))
    share = Named.of(("two", jnp.float32(0.3)), ("three", jnp.float32(0.3)))
    rule = OpenSource(Turnover(Fermi(0.2), 0.2), programs=PROGRAMS)
    society = Society(NetworkGame(), minds, Seating(12, share, network=Ring(4)), Named.of(("open", rule)))
    trial = begin(society, 4)
    arrived = 0
    for _ in range(12):
        before = np.asarray(trial.state.seats.mind)
        trial = advance(trial, 1)
        state = trial.state
        assert state.seats.links is not None
        to, mind = np.asarray(state.seats.links.to), np.asarray(state.seats.mind)
        read = np.asarray(state.public["open"].program)
        fresh = np.asarray(state.born)
        assert ((read == mind[to] + 1) | ((read == 0) & fresh[to])).all()
        assert (read[~fresh[to]] > 0).all()
        arrived += int((read == 0).any())
        assert before.shape == mind.shape
    assert arrived > 2


def test_reach_and_noise_are_the_shares_that_are_read() -> None:
    """By counting: nothing with 1 - reach, a uniform program with reach noise, else the truth."""
    n, rng = 4000, np.random.default_rng(8)
    reach, noise = rng.uniform(0.3, 0.9, 2)
    seats = Seats(jnp.zeros(n, jnp.int32), Links.of(Ring(4), n))
    published = jnp.asarray(rng.integers(0, 4, n), jnp.int32)
    assert seats.links is not None
    theirs = np.asarray(published)[np.asarray(seats.links.to)]
    read = np.asarray(OpenSource(reach=reach, noise=noise, programs=PROGRAMS).read(seats, published, Key.root(5)))
    assert (read[theirs == 0] == 0).all()
    shown = theirs > 0
    right, other = reach * (1 - noise * 2 / 3), reach * noise / 3
    for wanted, share in ((theirs, right), (theirs % 3 + 1, other), (np.zeros_like(theirs), 1 - reach)):
        assert abs(np.mean(read[shown] == wanted[shown]) - share) < 4 * np.sqrt(share * (1 - share) / shown.sum())


def test_words() -> None:
    rule = OpenSource(reach=0.5, noise=0.1, programs=PROGRAMS)
    assert "probability 0.5" in rule.describe(())
    assert "wrong" in rule.describe(())
    assert OpenSource(reach=0.0).describe(()) == ""
    told = jax.tree.map(
        np.asarray, rule.read(Seats(jnp.zeros(5, jnp.int32), Links.of(Ring(2), 5)), jnp.full(5, 2), Key.root(1))
    )
    public = type("Shown", (), {"program": np.asarray([[2, 0]])})
    assert rule.tell(public, 0) == "Contact 0 decides by two."
    assert told.shape == (5, 2)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(StudyError, match=r"reach = 1\.5"):
        OpenSource(reach=1.5)
    with pytest.raises(StudyError, match="at least one"):
        OpenSource(programs=())
    with pytest.raises(StudyError, match="without a network"):
        OpenSource().begin(Seats(jnp.zeros(3, jnp.int32)))
    minds = Named.of(("one", Reader(1)))
    society = Society(NetworkGame(), minds, Seating(6, network=Ring(2)), Named.of(("open", OpenSource(Disclosure()))))
    with pytest.raises(StudyError, match="tells seats something itself"):
        begin(society, 1)
