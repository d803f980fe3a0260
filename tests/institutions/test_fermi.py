"""Fermi imitation against the logistic curve and against fixation probabilities of an exact Markov chain."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.seats import Links, Seats
from commonweal.core.streams import Key
from commonweal.institutions.fermi import Fermi

KEY = Key.root(9)


@eqx.filter_jit
def heirs(rule: Fermi, seats: Seats, earned: jax.Array, key: Key) -> jax.Array:
    return rule.heirs(seats, earned, key)


@pytest.mark.parametrize("rate", [1.0, 0.25, 0.0])
def test_copying_follows_the_logistic(rate: float) -> None:
    n, beta, lead = 40_000, 0.1, 10
    earned = jnp.where(jnp.arange(n) < n // 2, 0, lead).astype(jnp.int32)
    heir = np.asarray(heirs(Fermi(beta, rate), Seats(jnp.zeros(n, jnp.int32)), earned, KEY))
    poor, rich = heir[: n // 2], heir[n // 2 :]
    for moved, gap in ((poor >= n // 2, lead), (rich < n // 2, -lead)):
        chance = rate * (n / 2) / (n - 1) / (1 + np.exp(-beta * gap))
        assert abs(moved.sum() - n / 2 * chance) <= 4 * np.sqrt(n / 2 * chance * (1 - chance)) + 0.0005 * n / 2 * rate
    equal = rate * (n / 2 - 1) / (n - 1) / 2
    stayed_among_equals = (poor != np.arange(n // 2)) & (poor < n // 2)
    assert abs(stayed_among_equals.sum() - n / 2 * equal) <= 4 * np.sqrt(n / 2 * equal) + 0.0005 * n / 2 * rate


def test_models_are_contacts(bench) -> None:
    ring = heirs(Fermi(0.0), bench.ring(400), jnp.zeros(400, jnp.int32), KEY)
    steps = (np.asarray(ring) - np.arange(400)) % 400
    assert set(steps.tolist()) == {0, 1, 399}
    # A path 0 - 1 - 2 and a seat alone, with gaps in the rows.
    to = jnp.asarray([[-1, 1], [0, 2], [1, -1], [-1, -1]], jnp.int32)
    path = Seats(jnp.zeros(4, jnp.int32), Links(to, jnp.zeros_like(to), full=False))
    seen = jax.vmap(lambda k: heirs(Fermi(0.0), path, jnp.zeros(4, jnp.int32), KEY.child(k)))(jnp.arange(400))
    assert [set(column.tolist()) for column in np.asarray(seen).T] == [{0, 1}, {0, 1, 2}, {1, 2}, {3}]
    half = (np.asarray(seen)[:, 1] == 0).mean()
    assert abs(half - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 400)


def test_payoffs_add_up_between_times(bench) -> None:
    rule, seats = Fermi(beta=100.0, every=2), Seats(jnp.zeros(2, jnp.int32))
    menu, acts = bench.harvest([0, 0], 10.0)
    memory = rule.begin(seats)
    first = rule.settle(memory, bench.tick(menu, acts, [5, 0]), KEY)
    assert (first.heir.tolist(), first.memory.tolist()) == ([0, 1], [5, 0])
    later = eqx.tree_at(lambda t: t.tick, bench.tick(menu, acts, [0, 1]), jnp.int32(1))
    second = rule.settle(first.memory, later, KEY)
    # 5 against 1: the second seat copies the first; by the last payoff alone it would be the other way round.
    assert (second.heir.tolist(), second.memory.tolist()) == ([0, 0], [0, 0])


def chain(n: int, beta: float, rate: float) -> float:
    """Fixation of one mutant with a payoff lead of 1 when all seats reconsider at once: from the transition matrix."""

    def binomial(trials: int, chance: float) -> np.ndarray:
        law = np.ones(1)
        for _ in range(trials):
            law = np.convolve(law, [1 - chance, chance])
        return law

    up, down = 1 / (1 + np.exp(-beta)), 1 / (1 + np.exp(beta))
    steps = np.zeros((n + 1, n + 1))
    for m in range(n + 1):
        gain = binomial(n - m, rate * m / (n - 1) * up)
        loss = binomial(m, rate * (n - m) / (n - 1) * down)
        for more, p in enumerate(gain):
            for less, q in enumerate(loss):
                steps[m, m + more - less] += p * q
    inside = np.eye(n - 1) - steps[1:n, 1:n]
    return float(np.linalg.solve(inside, steps[1:n, n])[0])


def test_fixation_agrees_with_the_chain() -> None:
    # With one seat at a time the chain is the closed form (1 - e^-bd) / (1 - e^-Nbd): N = 10, b = .1, d = 1.
    assert chain(10, 0.1, 1e-6) == pytest.approx(0.150545, abs=2e-6)
    trials, ticks, rule = 6000, 150, Fermi(0.1)
    seats = Seats(jnp.zeros(10, jnp.int32))

    @eqx.filter_jit
    def shares(start: jax.Array) -> jax.Array:
        def one(trial: jax.Array) -> jax.Array:
            def step(kind: jax.Array, tick: jax.Array) -> tuple[jax.Array, None]:
                return kind[rule.heirs(seats, kind, KEY.child(trial).child(tick))], None

            return jax.lax.scan(step, start, jnp.arange(ticks))[0].sum()

        return jax.vmap(one)(jnp.arange(trials))

    counts = np.asarray(shares(jnp.asarray([1] + [0] * 9, jnp.int32)))
    exact = chain(10, 0.1, 1.0)
    assert ((counts == 0) | (counts == 10)).mean() > 0.999
    # Monte Carlo error, and the table's error of 0.0005 in each probability of copying.
    assert abs((counts == 10).mean() - exact) < 4 * np.sqrt(exact * (1 - exact) / trials) + 0.002


def cycle_steps(b: int, c: int, beta: float, rate: float) -> np.ndarray:
    """Transition matrix over the 2^8 states of a cycle of 8 donors and defectors who all reconsider at `rate`."""
    n, states = 8, (np.arange(256)[:, None] >> np.arange(8)) & 1
    pay = b * (np.roll(states, 1, 1) + np.roll(states, -1, 1)) - 2 * c * states
    turns = np.zeros((256, n))
    for step in (1, -1):
        copies = rate / (1 + np.exp(-beta * (np.roll(pay, step, 1) - pay)))
        turns += 0.5 * copies * (np.roll(states, step, 1) != states)
    flips = states[:, None, :] != states[None, :, :]
    return np.where(flips, turns[:, None, :], 1 - turns[:, None, :]).prod(2)


def cycle_fixation(steps: np.ndarray) -> float:
    """Fixation of one donor on the cycle."""
    return float(np.linalg.solve(np.eye(254) - steps[1:-1, 1:-1], steps[1:-1, -1])[0])


def test_help_is_never_favoured_under_imitation_on_a_cycle(bench) -> None:
    # Ohtsuki et al. 2006: under pairwise comparison no b/c > 0 favours help. One seat at a time (rate -> 0), weak selection;
    # on the cycle of 8 the sign would change at b/c = -7.0025 only.
    for ratio in (1.5, 5.0, 50.0):
        assert cycle_fixation(cycle_steps(ratio, 1.0, 1e-4, 1e-7)) < 1 / 8
    # A cost below 0 and a benefit of 7 or of 7.01 of it: on either side of the critical value.
    for benefit, sign in ((6.9, 1), (7.1, -1)):
        assert np.sign(cycle_fixation(cycle_steps(benefit, -1.0, 1e-4, 1e-7)) - 1 / 8) == sign
    # All at once and at a selection that can be seen, the rule is the chain.
    trials, pair, beta = 5000, (50, 10), 0.02
    to = (np.arange(8)[:, None] + np.asarray([1, -1])) % 8
    links = Links.in_rows(to.astype(np.int32))
    seats, rule = Seats(jnp.zeros(8, jnp.int32), links), Fermi(beta, 0.5)

    @eqx.filter_jit
    def shares(start: jax.Array) -> jax.Array:
        def one(trial: jax.Array) -> jax.Array:
            def step(kind: jax.Array, tick: jax.Array) -> tuple[jax.Array, None]:
                earned = pair[0] * links.sums(kind) - 2 * pair[1] * kind
                return kind[rule.heirs(seats, earned, Key.root(trial).child(tick))], None

            return jax.lax.scan(step, start, jnp.arange(150))[0].sum()

        return jax.vmap(one)(jnp.arange(trials))

    counts = np.asarray(shares(jnp.asarray([1] + [0] * 7, jnp.int32)))
    exact = cycle_fixation(cycle_steps(*pair, beta, 0.5))
    assert exact < 1 / 8 - 0.02
    assert ((counts == 0) | (counts == 8)).mean() > 0.998
    assert bench.agrees(counts == 8, exact, 0.003)


def test_identity_and_books(check_inert) -> None:
    check_inert(Fermi(0.5), lambda rule: rule.rate, 0.0, 1.0)


def test_words_and_errors(bench) -> None:
    assert Fermi(rate=0.0).describe(()) == ""
    assert Fermi(every=3).describe(()).startswith("Every 3 rounds, with probability 1, you compare")
    menu, acts = bench.harvest([0], 10.0)
    assert Fermi().settle((), bench.tick(menu, acts, [4]), KEY).heir.tolist() == [0]
    with pytest.raises(StudyError, match="rate = 2"):
        Fermi(rate=2.0)
    with pytest.raises(StudyError, match="every 0 ticks"):
        Fermi(every=0)
