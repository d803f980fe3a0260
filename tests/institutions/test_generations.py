"""Wright-Fisher generations against the binomial Markov chain, neutral fixation and the decay of heterozygosity."""

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.institutions.generations import Generations
from commonweal.worlds.network_game import NetworkGame

OWN = NetworkGame(1, 1, 0, 0)
"""Pays 1 a contact to who cooperates, whatever the others do: constant fitness."""
KEY = Key.root(4)


def chain(n, r):
    """Transition matrix of the number of mutants of fitness r among n: all seats drawn anew, binomially."""
    steps = np.zeros((n + 1, n + 1))
    for m in range(n + 1):
        p = r * m / (r * m + n - m)
        steps[m] = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    return steps


def fixation(n, r, start):
    steps = chain(n, r)
    return float(np.linalg.solve(np.eye(n - 1) - steps[1:n, 1:n], steps[1:n, n])[start - 1])


def test_neutral_drift(bench):
    # Fixation is the share at first; heterozygosity 2x(1-x) falls by the factor 1 - 1/N a generation (Wright 1931).
    n, start, trials = 10, 3, 3000
    assert fixation(n, 1.0, 1) == pytest.approx(1 / n)
    paths = bench.held(bench.contest(n, Generations(selection=0.0), OWN, mutants=start), trials, 60)
    assert bench.agrees(paths[:, -1] == n, start / n, 0.002)
    x = paths[:, :13] / n
    mixed = 2 * x * (1 - x)
    for t in (1, 3, 6, 12):
        error = mixed[:, t].std() / np.sqrt(trials)
        assert abs(mixed[:, t].mean() - 2 * 0.3 * 0.7 * (1 - 1 / n) ** t) < 4 * error


@pytest.mark.parametrize("fitness", ["linear", "exponential"])
def test_selection_follows_the_binomial_chain(bench, fitness):
    # Two fitnesses drawn at random and one below 1; linear ones through payoffs of either sign.
    n, each = 8, 1500
    rates = [0.8, *np.random.default_rng(8).uniform(1.1, 2.5, 2)]
    sign = np.repeat([1 if r > 1 else -1 for r in rates], each)
    lead = [abs(r - 1) if fitness == "linear" else abs(np.log(r)) for r in rates]
    vary = (
        (lens.rule("rule", Generations, lambda rule: rule.selection), np.repeat(lead, each) / (n - 1)),
        (lens.world(NetworkGame, lambda world: world.reward), sign),
        (lens.world(NetworkGame, lambda world: world.sucker), sign),
    )
    paths = bench.held(bench.contest(n, Generations(fitness=fitness), OWN), sign.size, 40, vary).reshape(3, each, -1)
    for r, own in zip(rates, paths, strict=True):
        assert bench.agrees(own[..., -1] == n, fixation(n, r, 1), 0.005)
        third = np.linalg.matrix_power(chain(n, r), 3)[1]
        assert bench.agrees(own[:, 3] == 0, third[0])


def test_a_part_of_the_seats_at_a_time(bench):
    # Half of the seats are replaced: after one tick each of N seats is a mutant's with probability x, or 1/2 + x/2 if it was.
    n, trials = 10, 3000
    paths = bench.held(bench.contest(n, Generations(selection=0.0, rate=0.5), OWN, mutants=4), trials, 1)[:, 1]
    assert bench.agrees(paths == 0, (0.5 * 0.6) ** 4 * (1 - 0.5 * 0.4) ** 6)
    assert abs(paths.mean() - 4) < 4 * paths.std() / np.sqrt(trials)


def test_payoffs_add_up_over_a_generation(bench):
    # Only who earned something over both ticks has offspring.
    rule, seats = Generations(2, selection=1e6), Seats(jnp.zeros(3, jnp.int32))
    menu, acts = bench.harvest([0, 0, 0], 10.0)
    first = rule.settle(rule.begin(seats), bench.tick(menu, acts, [0, 9, 0]), KEY)
    assert (first.heir.tolist(), first.memory.tolist()) == ([0, 1, 2], [0, 9, 0])
    later = eqx.tree_at(lambda t: t.tick, bench.tick(menu, acts, [-1, -1, -1]), jnp.int32(1))
    second = rule.settle(first.memory, later, KEY)
    assert (second.heir.tolist(), second.memory.tolist()) == ([1, 1, 1], [0, 0, 0])


def test_words_and_errors():
    assert Generations(rate=0.0).describe(()) == ""
    assert Generations().describe(()).startswith("After each round everybody is replaced")
    assert Generations(5, rate=0.5).describe(()).startswith("After every 5 rounds each of you, with probability 0.5,")
    for given, message in (
        ({"every": 0}, "generations of 0 ticks"),
        ({"fitness": "log"}, "fitness = 'log'; expected 'linear' or 'exponential'"),
        ({"selection": -1.0}, "selection = -1"),
        ({"rate": 2.0}, "rate = 2"),
    ):
        with pytest.raises(StudyError, match=message):
            Generations(**given)
