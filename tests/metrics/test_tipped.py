"""Tipped: words of ticks made by hand, and what cannot be measured."""

import dataclasses

import jax.numpy as jnp
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.tipped import Tipped
from commonweal.testing import check_metric
from commonweal.worlds.naming_game import NamingFacts, NamingGame


@pytest.fixture
def turn(month):
    """A tick in which these words are said."""

    def make(*words: int):
        said = jnp.asarray([*words, -1], jnp.int32)
        some, none = jnp.int32(len(words)), jnp.int32(-1)
        facts = NamingFacts(said, some, said[:-1].min(initial=2**31 - 1) if words else none, said.max(), some, some)
        return dataclasses.replace(month([0]), facts=facts)

    return make


@pytest.mark.slow
def test_laws() -> None:
    check_metric(Tipped(), NamingGame())


def test_only_the_last_rounds_in_which_words_are_said_count(turn, measure) -> None:
    silent = turn()
    ticks = turn(0, 1), silent, turn(0, 0), silent, turn(0), silent
    assert measure(Tipped(window=2), *ticks) == 1
    assert measure(Tipped(window=3), *ticks) == 0
    assert measure(Tipped(word=1, window=1), *ticks) == 0
    assert measure(Tipped(word=3), turn(3), turn(3)) == 1
    assert measure(Tipped(), silent) == 0


def test_what_cannot_be_is_refused() -> None:
    for wrong in ({"word": -1}, {"window": 0}):
        with pytest.raises(StudyError, match="at least 1 round"):
            Tipped(**wrong)
