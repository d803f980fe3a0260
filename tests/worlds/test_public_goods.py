"""The public good against the SanctSim identities, enumerated equilibria and a plain loop over seats."""

import itertools
from fractions import Fraction

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import advance
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.minds.scripted import Scripted
from commonweal.testing import check_world
from commonweal.worlds.public_goods import TOKEN, PublicGoods

SANCTSIM = PublicGoods(1.6, allowance=20)


@eqx.filter_jit
def played(world: PublicGoods, seats: Seats, acts: jax.Array) -> tuple[jax.Array, object]:
    """One round from the start: payoffs, and what is told after it."""
    state = world.reset(Key.root(0), seats).state
    outcome = world.step(state, seats, Named.of(("contribute", acts)), jnp.zeros(seats.n, jnp.int32), Key.root(0))
    return outcome.payoff, (outcome.facts, world.observe(outcome.state, seats, outcome.payoff))


def paid(world: PublicGoods, acts: list[int], groups: object = None) -> list[Fraction]:
    """Tokens that each seat is paid."""
    rows = None if groups is None else jnp.asarray(groups)
    payoff, _ = played(world, Seats(jnp.zeros(len(acts), jnp.int32), groups=rows), jnp.asarray(acts, jnp.int32))
    return [Fraction(int(units), TOKEN) for units in payoff]


@pytest.mark.slow
def test_laws() -> None:
    check_world(PublicGoods(1.6, mpcr=0.1, prize=2, provision=3.5))


def test_sanctsim_fixture() -> None:
    """Oracles C: 20 - c + 1.6 C / n + 20 for seven members, as exact numbers."""
    assert paid(SANCTSIM, [20, 20, 10, 0, 5, 0, 15]) == [36, 36, 46, 56, 51, 56, 41]
    assert paid(SANCTSIM, [20] * 7) == [52] * 7
    assert paid(SANCTSIM, [0] * 7) == [40] * 7
    rider, *full = paid(SANCTSIM, [0, *[20] * 6])
    assert float(rider) == pytest.approx(67.428571, abs=1e-6)
    assert [float(other) for other in full] == pytest.approx([47.428571] * 6, abs=1e-6)


def test_random_contributions_are_paid_by_the_identity_exactly() -> None:
    """For groups of up to ten nothing is lost to rounding: sum = 40 n + .6 C. Larger ones lose less than a unit a member."""
    random = np.random.default_rng(6)
    for n in (1, 10, 13):
        for _ in range(6):
            acts = random.integers(0, 21, n).tolist()
            known = [20 - c + Fraction(8, 5) * sum(acts) / n + 20 for c in acts]
            got = paid(SANCTSIM, acts)
            lost = [(one - other) * TOKEN for one, other in zip(known, got, strict=True)]
            if n <= 10:
                assert not any(lost)
                assert sum(got) == 40 * n + Fraction(3, 5) * sum(acts)
            assert all(0 <= part < 1 for part in lost)


def test_each_group_has_its_own_good_and_a_seat_counts_in_its_first_group() -> None:
    """By a plain loop; who is in no group shares the good of those without."""
    random = np.random.default_rng(7)
    world = PublicGoods(1.6, mpcr=0.25, per_group=True)
    for _ in range(8):
        groups, acts = random.random((9, 3)) < 0.3, random.integers(0, 21, 9).tolist()
        home = [int(np.argmax(row)) if row.any() else 3 for row in groups]
        for seat, got in enumerate(paid(world, acts, groups)):
            own = [c for c, at in zip(acts, home, strict=True) if at == home[seat]]
            assert got == 20 - acts[seat] + sum(own) * (Fraction(8, 5) / len(own) + Fraction(1, 4))


def test_alone_in_a_group_contributing_pays() -> None:
    """Oracles C: n = 1 has a marginal return of 1.6."""
    groups = [[True, False], [False, True], [False, True]]
    assert paid(PublicGoods(per_group=True), [20, 0, 0], groups)[0] == 32
    assert paid(PublicGoods(per_group=True), [0, 20, 20], groups) == [20, 32, 32]


@eqx.filter_jit
def table(world: PublicGoods, profiles: jax.Array) -> jax.Array:
    """Payoffs of every profile."""
    return jax.vmap(lambda act: played(world, Seats(jnp.zeros(profiles.shape[1], jnp.int32)), act)[0])(profiles)


def equilibria(world: PublicGoods, n: int, most: int) -> set[tuple[int, ...]]:
    """All pure Nash equilibria, by enumeration of every profile."""
    profiles = np.asarray(list(itertools.product(range(most + 1), repeat=n)))
    payoff = np.asarray(table(world, jnp.asarray(profiles, jnp.int32)))
    shape = (most + 1,) * n
    found = np.ones(shape, bool)
    for seat in range(n):
        own = payoff[:, seat].reshape(shape)
        found &= own >= own.max(axis=seat, keepdims=True)
    return {tuple(map(int, row)) for row in np.argwhere(found)}


def test_linear_good_has_the_equilibrium_zero_and_the_optimum_full() -> None:
    """Marginal return 1.6 / 3 < 1 < 1.6; with a return above 1 a token is always contributed."""
    n, most = 3, 4
    for world, nash in ((PublicGoods(1.6, endowment=4), 0), (PublicGoods(1.6, mpcr=0.5, endowment=4), 4)):
        assert equilibria(world, n, most) == {(nash,) * n}
        sums = {acts: sum(paid(world, list(acts))) for acts in itertools.product((0, 2, 4), repeat=n)}
        assert max(sums, key=lambda acts: sums[acts]) == (4, 4, 4)


def step_level(n: int, most: int, needed: int, prize: int, refund: bool) -> set[tuple[int, ...]]:
    """Equilibria of a step-level good by its theory (Bagnoli and Lipman 1989, in whole tokens)."""
    found: set[tuple[int, ...]] = set()
    for acts in itertools.product(range(most + 1), repeat=n):
        given = sum(acts)
        if given == needed:
            # Nobody gives more than it is worth (without the good all that was given is back, or what remains given is 0).
            fine = all(c <= prize for c in acts)
        elif given < needed:
            # Nobody alone would complete it: it cannot, or pays at least the prize for it.
            short = needed - given
            worth = [c + short for c in acts]
            fine = all(total > most or total >= prize for total in worth) and (refund or given == 0)
        else:
            fine = False
        if fine:
            found.add(acts)
    return found


@pytest.mark.parametrize("refund", [False, True])
def test_step_level_equilibria_by_enumeration(refund: bool) -> None:
    n, most = 3, 4
    for per_member, prize in ((1.0, 2), (2.0, 3), (2.0, 1), (3.0, 4), (1.0, 3)):
        world = PublicGoods(0.0, provision=per_member, prize=prize, refund=refund, endowment=most)
        assert equilibria(world, n, most) == step_level(n, most, round(per_member * n), prize, refund)


def test_the_group_is_told_what_the_others_gave() -> None:
    groups = jnp.asarray([[True, False], [True, False], [True, False], [False, True]])
    seats = Seats(jnp.zeros(4, jnp.int32), groups=groups)
    _, (facts, seen) = played(PublicGoods(per_group=True), seats, jnp.asarray([20, 10, 0, 5], jnp.int32))
    assert (int(facts.contributed), int(facts.givers), int(facts.served)) == (35, 3, 4)
    assert seen.told.known.tolist() == [True, True, True, False]
    assert seen.told.level.tolist() == pytest.approx([0.25, 0.5, 0.75, 0.0], abs=1e-4)
    assert seen.seen["contributed"].tolist() == [30, 30, 30, 5]


@pytest.mark.slow
def test_stages_of_a_period() -> None:
    """Contributions are asked for and paid in one tick of three; what is told stays until the next."""
    groups = jnp.ones((7, 1), bool)
    minds = Named.of(("half", Scripted(level=0.5)))
    trial = advance(begin(Society(PublicGoods.sanctsim(), minds, Seating(7, groups=groups)), 3), 6)
    assert trial.readings["asked.contribute"].tolist() == [0, 7, 0, 0, 7, 0]
    assert trial.readings["ledger.made"].tolist() == [0, 7 * 46 * TOKEN, 0, 0, 7 * 46 * TOKEN, 0]
    view = eqx.filter_jit(offer)(trial.society, trial.state)
    assert (np.asarray(view.purse) == (1000 + 2 * 46) * TOKEN).all()
    assert view.told is not None
    assert view.told.level.tolist() == pytest.approx([0.5] * 7, abs=1e-4)
    words = trial.society.world.describe(jax.device_get(view), 0)
    assert "7 members" in words
    assert "1092.0 tokens" in words


def test_rules_in_words() -> None:
    words = PublicGoods(0.0, provision=5.0, prize=30, refund=True).rules()
    assert "reach 5 tokens a member" in words
    assert "given back" in words
    assert "1.6 times" in PublicGoods.sanctsim().rules()


def test_numbers_out_of_range_are_refused() -> None:
    wrong = ({"multiplier": -1.0}, {"provision": 21.0}, {"endowment": 0}, {"prize": -1}, {"purse": 10**6}, {"stage": 1})
    for given in wrong:
        with pytest.raises(StudyError, match=next(iter(given))):
            PublicGoods(**given)  # pyright: ignore[reportArgumentType]
    with pytest.raises(StudyError, match="without groups"):
        PublicGoods(per_group=True).reset(Key.root(0), Seats(jnp.zeros(3, jnp.int32)))
