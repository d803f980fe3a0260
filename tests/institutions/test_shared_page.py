"""A shared page: who writes there, what is told, and the agreement that it makes by itself, by its formula."""

import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run_batch
from commonweal.institutions.shared_page import SharedPage
from commonweal.minds.adopters import Adopter
from commonweal.testing import check_institution
from commonweal.worlds.platform import Platform

SEATS, SOCIETIES, TICKS, CUSTOMS = 30, 300, 12, 4


@pytest.fixture(scope="module")
def logs():
    """Readers of a page that is edited at every tick, by how often they do as they like and how often they are not told."""
    society = Society(
        Platform(size=2),
        Named.of(("reader", Adopter(answers=CUSTOMS, consults=1.0))),
        Seating(SEATS),
        Named.of(("page", SharedPage(edits=1.0))),
    )
    draw = np.random.default_rng(4)
    rates, losses = draw.uniform(0.1, 0.5, 2), (0.0, 1.0)
    rows = [(rate, loss) for rate in rates for loss in losses for _ in range(SOCIETIES)]
    vary = (
        (lens.mind("reader", Adopter, lambda mind: mind.explores), np.array([rate for rate, _ in rows], np.float32)),
        (lens.rule("page", SharedPage, lambda page: page.loss), np.array([loss for _, loss in rows], np.float32)),
    )
    done = run_batch(society, vary, list(range(len(rows))), TICKS, record=("acts",))
    acts = np.stack([log.traces["act.custom"][-1] for log in done]).reshape(2, 2, SOCIETIES, SEATS)
    return rates, acts


def test_all_agree_but_for_those_who_do_as_they_like(logs):
    rates, acts = logs
    counts = np.stack([(acts == custom).sum(-1) for custom in range(CUSTOMS)], -1)
    agree = (counts * (counts - 1)).sum(-1) / (SEATS * (SEATS - 1))
    for at, rate in enumerate(rates):
        # Two seats agree where both took up what stands there, else by accident.
        expected = (1 - rate) ** 2 + (1 - (1 - rate) ** 2) / CUSTOMS
        spread = agree[at, 0].std() / np.sqrt(SOCIETIES)
        assert abs(agree[at, 0].mean() - expected) < 4 * spread
        alone = agree[at, 1].std() / np.sqrt(SOCIETIES)
        assert abs(agree[at, 1].mean() - 1 / CUSTOMS) < 4 * alone


def test_words_and_refusals():
    assert SharedPage().describe(()) == ""
    assert "a page that all can see" in SharedPage(edits=0.5).describe(())
    with pytest.raises(StudyError, match="loss"):
        SharedPage(loss=2.0)
    with pytest.raises(StudyError, match="name another question"):
        SharedPage(question="custm").written(Named((), ()))


@pytest.mark.slow
def test_laws():
    check_institution(SharedPage(edits=0.5, loss=0.2), SharedPage(), Platform())
