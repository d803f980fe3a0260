"""Mediation: one text of private wishes, who must accept it, how long and whom it binds; against a town hall."""

import dataclasses
from itertools import product

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.agreements import Agreement
from commonweal.core.errors import StudyError
from commonweal.core.streams import Key
from commonweal.core.views import Offer
from commonweal.institutions.mediation import Mediation, Talks
from commonweal.testing import check_institution

LEVELS = (0.25, 0.5, 0.75, 1.0)
N = 5


@pytest.fixture(scope="module")
def talks(bench):
    """Ticks with these answers, to whichever question is asked: what was told after each."""

    @eqx.filter_jit
    def one(rule, memory, given):
        menu, acts = bench.harvest([10] * N, 10.0)
        menu = rule.permit(memory, bench.ring(N), menu)
        acts = acts.add("wish", given).add("wish_text", jnp.minimum(given, 1))
        ruling = rule.settle(memory, bench.tick(menu, acts, [10] * N), Key.root(1))
        return ruling.memory, ruling.public

    def ticks(rule: Mediation, rows: list[list[int]]):
        memory, seen = rule.begin(bench.ring(N)), []
        for row in rows:
            memory, public = one(rule, memory, jnp.asarray(row, jnp.int32))
            seen.append((int(public.text[0]), float(public.level[0]), int(public.left[0])))
        return seen

    return ticks


def test_wishes_make_a_text_and_acceptance_an_agreement(talks) -> None:
    rule = Mediation(LEVELS, every=4, lasts=2)
    rows = [[1, 4, 3, 3, 2], [1] * N, [4] * N, [4] * N, [0, 0, 4, 4, 4], [1, 1, 1, 1, 0]]
    assert talks(rule, rows) == [(3, 0.0, 0), (0, 0.75, 2), (0, 0.75, 1), (0, 0.0, 0), (4, 0.0, 0), (0, 0.0, 0)]
    # Four of five are enough for a quorum of 0.8, and too few for one of 0.9; nobody named a level, so there is no text.
    assert talks(Mediation(LEVELS, quorum=0.8), rows[4:])[1] == (0, 1.0, 4)
    assert talks(Mediation(LEVELS, quorum=0.9), rows[4:])[1] == (0, 0.0, 0)
    assert talks(rule, [[0] * N, [1] * N]) == [(0, 0.0, 0)] * 2


def test_a_text_passes_iff_the_median_is_at_most_twice_the_lowest_best_level(talks) -> None:
    """Single peaks on a line with no agreement at 0, seats that accept what they like no worse; a town hall passes all."""
    rule = Mediation(LEVELS, every=2)
    random = np.random.default_rng(8)
    passed = []
    for _ in range(25):
        best = random.integers(1, 5, N)
        text = int(np.sort(best)[N // 2])
        accepts = [abs(text - own) <= own for own in best.tolist()]
        seen = talks(rule, [best.tolist(), [int(yes) for yes in accepts]])
        assert seen[0][0] == text
        assert (seen[1][2] > 0) == (text <= 2 * best.min())
        passed.append(seen[1][2] > 0)
    assert {True, False} == set(passed)
    # The enumerated share of profiles that pass, of which the draws above are some.
    share = np.mean([sorted(own)[2] <= 2 * min(own) for own in product(range(1, 5), repeat=N)])
    assert abs(np.mean(passed) - share) < 4 * np.sqrt(share * (1 - share) / 25)


@pytest.mark.parametrize("binds", [0.0, 1.0])
def test_binding_or_cheap_talk(bench, binds: float) -> None:
    menu, acts = bench.harvest([20, 20, 5, 10, 40], 10.0)
    offer = Offer(bench.ring(N), menu, jnp.zeros(N, jnp.int32), menu.map(lambda question: question.asked), jnp.int32(0))
    memory = Talks(Agreement(jnp.float32(0.5), jnp.int32(1), jnp.int32(3)), jnp.int32(0))
    rule = Mediation(LEVELS, binds=binds)
    assert rule.bind(memory, offer, acts, Key.root(2)).acts["harvest"].tolist() == [20, 20, 5, 10, 20 if binds else 40]


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Mediation(LEVELS, every=2, lasts=2, quorum=0.3), Mediation(LEVELS, binds=0.0))


def test_words_and_errors(bench) -> None:
    rule = Mediation(LEVELS, binds=0.5, quorum=0.6)
    begun = rule.begin(bench.ring(N))
    for part in ("in private", "at least 0.6 of you", "with probability 0.5", "the answer in the middle wins"):
        assert part in rule.describe(begun)
    assert Mediation(()).describe(begun) == ""
    told = jax.device_get(dataclasses.replace(_public(), text=jnp.full(2, 3)))
    assert rule.tell(told, 1).startswith("You have all agreed to serve the others at 0.5")
    assert rule.tell(told, 1).endswith("The mediator's text: everyone serves the others at 0.75 of what is fair, or better.")
    assert len(rule.words) == 5
    for wrong, message in (
        (lambda: Mediation((1.5,)), "levels"),
        (lambda: Mediation(every=1), "at least 2 ticks"),
        (lambda: Mediation(quorum=1.5), "quorum = 1.5"),
        (lambda: Mediation(binds=2.0), "binds = 2"),
    ):
        with pytest.raises(StudyError, match=message):
            wrong()


def _public():
    from commonweal.institutions.mediation import Mediated

    return Mediated(jnp.full(2, 0.5), jnp.full(2, 3), jnp.zeros(2, jnp.int32))
