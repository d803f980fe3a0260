"""Word agreement: exchanges counted by hand, and what cannot be measured."""

import dataclasses

import jax.numpy as jnp
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.word_agreement import WordAgreement
from commonweal.testing import check_metric
from commonweal.worlds.naming_game import NamingFacts, NamingGame


@pytest.mark.slow
def test_laws() -> None:
    check_metric(WordAgreement(), NamingGame())


def test_understood_over_met_after_the_first_ticks(month, measure) -> None:
    none = jnp.int32(-1)
    ticks = [
        dataclasses.replace(
            month([0]), facts=NamingFacts(none[None], jnp.int32(0), none, none, jnp.int32(met), jnp.int32(understood))
        )
        for met, understood in ((4, 0), (0, 0), (4, 1), (2, 2))
    ]
    assert measure(WordAgreement(0.0), *ticks) == pytest.approx(0.3)
    assert measure(WordAgreement(), *ticks) == pytest.approx(0.5)
    assert measure(WordAgreement(), ticks[1]) == 0


def test_not_everything_is_left_out() -> None:
    with pytest.raises(StudyError, match="a share of 1 of the ticks"):
        WordAgreement(1.0)
