"""Minds that join or not, and act by whether they are bound."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.institutions.contracts import Contracts
from commonweal.minds.joiners import Joiner
from commonweal.testing import check_mind
from commonweal.worlds.network_game import NetworkGame


@pytest.mark.slow
def test_laws() -> None:
    check_mind(Joiner(0.5, 0.9, 0.2))


@pytest.mark.slow
def test_a_conditional_signer_cooperates_from_the_tick_after_it_signed() -> None:
    """Signed at tick 0, in force from tick 1 on: level 0 outside, 1 inside; who does not sign stays outside."""
    minds = Named.of(("out", Joiner(join=0.0)), ("in", Joiner()))
    seating = Seating(8, Named.of(("in", jnp.float32(0.5))))
    rule = Contracts(5, quorum=0.5)
    log = run(Society(NetworkGame(endowment=50), minds, seating, Named.of(("contract", rule))), 2, 5, record=("acts", "mind"))
    inside, acts = np.asarray(log.traces["mind"])[0] == 1, np.asarray(log.traces["act.act"])
    assert (acts[0] == 0).all()
    assert (acts[1:] == inside).all()


@pytest.mark.slow
def test_it_joins_as_often_as_its_gene_says() -> None:
    minds = Named.of(("some", Joiner(join=0.3)))
    log = run(
        Society(NetworkGame(endowment=50), minds, Seating(400), Named.of(("contract", Contracts()))), 2, 4, record=("acts",)
    )
    share = np.asarray(log.traces["act.contract"]).mean()
    assert abs(share - 0.3) < 4 * np.sqrt(0.21 / 1600)


def test_out_of_range_is_refused() -> None:
    for wrong in ({"join": 1.5}, {"inside": -0.1}, {"outside": 2.0}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            Joiner(**wrong)
