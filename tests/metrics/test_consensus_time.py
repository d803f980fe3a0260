"""Consensus time: against a plain search over random words, and what cannot be measured."""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.metrics.consensus_time import ConsensusTime
from commonweal.metrics.names_in_use import NamesInUse
from commonweal.minds.namers import Namer
from commonweal.testing import check_metric
from commonweal.worlds.naming_game import NamingGame


@pytest.mark.slow
def test_laws() -> None:
    check_metric(ConsensusTime(2), NamingGame())


def test_random_words_against_a_plain_search() -> None:
    """One or two words a round, every other tick silent; windows of 1 to 4 rounds."""
    draws = np.random.default_rng(4)
    for window in range(1, 5):
        for _ in range(50):
            rounds = [draws.integers(0, 2, 2) // draws.integers(1, 3) for _ in range(12)]
            least, most = (np.asarray([x for own in rounds for x in (pick(own), -1)]) for pick in (min, max))
            starts = [i for i in range(12 - window + 1) if len({int(x) for own in rounds[i : i + window] for x in own}) == 1]
            expected = 2 * starts[0] if starts else 24
            assert ConsensusTime(window).value({"least": least, "most": most}) == expected


def test_it_is_the_tick_from_which_lists_agree() -> None:
    """Forty namers, all paired each round: words are one within a few rounds of when all lists are, and stay so."""
    society = Society(NamingGame(), Named.of(("namer", Namer())), Seating(40))
    log = run(society, 3, 200, Named.of(("time", ConsensusTime()), ("names", NamesInUse())))
    agree = (log.readings["names.held"][::2] == 40) & (log.readings["names.different"][::2] == 1)
    assert agree.any()
    assert abs(log.values["time"] - 2 * agree.argmax()) <= 8
    short = {name: log.readings[f"time.{name}"][:20] for name in ("least", "most")}
    assert ConsensusTime().value(short) == 20


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(StudyError, match="0 rounds"):
        ConsensusTime(0)
