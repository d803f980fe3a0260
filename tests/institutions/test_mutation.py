"""Mutation of copies against the exact chain of the Moran process with mutation, and as the identity at rate 0."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.engine.compiled import run
from commonweal.institutions.audit import Audit
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.moran import Moran
from commonweal.institutions.mutation import Mutation
from commonweal.worlds.network_game import NetworkGame

OWN = NetworkGame(1, 1, 0, 0)
RATE = lens.rule("rule", Mutation, lambda rule: rule.rate)


def chain(n, r, u, q):
    """Transition matrix of mutants of fitness r under death-birth on K_n; a copy is a newcomer with probability u."""
    steps = np.zeros((n + 1, n + 1))
    for m in range(n + 1):
        for dies, chance in ((1, m / n), (0, 1 - m / n)):
            if chance:
                left = m - dies
                copied = r * left / (r * left + n - 1 - left)
                born = (1 - u) * copied + u * q
                steps[m, left + 1] += chance * born
                steps[m, left] += chance * (1 - born)
    return steps


@pytest.mark.parametrize("q", [0.5, 0.2])
def test_mutation_and_selection_balance(bench, q):
    n, each, ticks, start = 6, 1200, 150, 3
    pairs = ((1.0, 0.3), (1.0, 0.02), (1.8, 0.1))
    # Without selection the mean goes to q; with symmetric mutation that is 1/2.
    law = np.linalg.matrix_power(chain(n, 1.0, 0.3, q), 4000)[start]
    assert law @ np.arange(n + 1) / n == pytest.approx(q)
    rule = Mutation(Moran("death-birth"), 0.1)
    newcomers = Named.of(("mutant", jnp.float32(q)))
    given = bench.contest(n, rule, OWN, mutants=start, newcomers=newcomers)
    vary = (
        (RATE, np.repeat([u for _, u in pairs], each)),
        (lens.rule("rule", Moran, lambda own: own.selection), np.repeat([(r - 1) / (n - 1) for r, _ in pairs], each)),
    )
    last = bench.held(given, each * len(pairs), ticks, vary)[:, -1].reshape(-1, each)
    for (r, u), own in zip(pairs, last, strict=True):
        exact = np.linalg.matrix_power(chain(n, r, u, q), ticks)[start]
        for count in (0, n // 2, n):
            assert bench.agrees(own == count, exact[count]), (r, u, count)
        assert abs(own.mean() - exact @ np.arange(n + 1)) < 4 * own.std() / np.sqrt(each)


def test_identity_around_a_rule_that_moves_and_one_that_does_not(bench):
    bare = bench.sweep(40, Named.of(("rule", Fermi(0.3, every=2))))
    rates = np.asarray([seed % 2 for seed in bench.seeds], np.float32)
    wrapped = bench.sweep(40, Named.of(("rule", Mutation(Fermi(0.3, every=2)))), RATE, rates)
    for rate, alone, log in zip(rates, bare, wrapped, strict=True):
        assert bench.same(alone, log) == (rate == 0)
    audit = bench.society(12, Named.of(("rule", Audit(0.5))))
    around = bench.society(12, Named.of(("rule", Mutation(Audit(0.5), rate=1.0))))
    assert bench.same(run(audit, 1, 4, record=("purse", "mind")), run(around, 1, 4, record=("purse", "mind")))


def test_every_copy_and_no_other_seat(bench):
    menu, acts = bench.harvest([0] * 6, 10.0)
    tick = bench.tick(menu, acts, [0, 3, 0, 9, 0, 0], seats=Seats(jnp.zeros(6, jnp.int32)))
    for seed in range(5):
        plain = np.asarray(Fermi(0.3).settle((), tick, Key.root(seed)).heir)
        wrong = np.asarray(Mutation(Fermi(0.3), 1.0).settle((), tick, Key.root(seed)).heir)
        assert np.array_equal(wrong, np.where(plain == np.arange(6), plain, -1))


def test_words_and_errors():
    rule = Mutation(Fermi(0.1), 0.25)
    assert rule.describe(()) == Fermi(0.1).describe(()) + " With probability 0.25 somebody new comes instead of a copy."
    assert Mutation(Fermi(0.1), 0.0).describe(()) == Fermi(0.1).describe(())
    assert Mutation(Fermi(rate=0.0)).describe(()) == ""
    assert Mutation().tell(None, 0) == ""
    with pytest.raises(StudyError, match="rate = 2"):
        Mutation(Fermi(), 2.0)
