"""Contracts: what is in escrow, who gets it, and the credibility from which on keeping them is an equilibrium."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run_batch
from commonweal.institutions.contracts import Contract, Contracts
from commonweal.minds.joiners import Joiner
from commonweal.testing import check_institution
from commonweal.worlds.network_game import NetworkGame

NAMES = ("a", "b", "c")


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Contracts(3, 0.7, 0.8, quorum=0.2), Contracts(0))


def signed(bench, rule: Contracts, escrow: list[int], acts: list[int], signs: list[int], purse: list[int]):
    """One tick by hand: a fair harvest is 10, so that 20 is level 1/2."""
    n = len(acts)
    menu, chosen = bench.harvest(acts, 10.0)
    menu = rule.permit(jnp.asarray(escrow), Seats(jnp.zeros(n, jnp.int32)), menu)
    tick = bench.tick(menu, chosen.add("contract", jnp.asarray(signs)), [0] * n, purse)
    return rule.settle(jnp.asarray(escrow, jnp.int32), tick, Key.root(1))


def test_a_forfeited_deposit_goes_to_those_who_kept_the_contract(bench) -> None:
    """By hand: two of five forfeit 7 each, 14 over three keepers is 4 each and 2 are burnt."""
    ruling = signed(bench, Contracts(7), [7, 7, 7, 7, 7, 0], [10, 20, 5, 11, 10, 99], [0] * 6, [0] * 6)
    assert ruling.payoff.tolist() == [11, 0, 11, 0, 11, 0]
    assert int(ruling.burnt) == 2
    assert int(ruling.held) == -35
    assert ruling.memory.tolist() == [0] * 6


def test_without_keepers_it_is_burnt_and_without_a_court_returned(bench) -> None:
    lost = signed(bench, Contracts(7), [7, 7], [20, 20], [0, 0], [0, 0])
    assert (lost.payoff.tolist(), int(lost.burnt), int(lost.held)) == ([0, 0], 14, -14)
    kept = signed(bench, Contracts(7, credibility=0.0), [7, 7], [20, 20], [0, 0], [0, 0])
    assert (kept.payoff.tolist(), int(kept.burnt), int(kept.held)) == ([7, 7], 0, -14)


def test_it_is_concluded_by_a_quorum_that_can_pay(bench) -> None:
    """Three sign and one of them owns less than the deposit, unless its old deposit comes back this very tick."""
    rule = Contracts(7, quorum=0.5)
    for escrow, parties in (([0, 0, 0, 0, 0], 0), ([0, 0, 7, 0, 0], 3)):
        ruling = signed(bench, rule, escrow, [10] * 5, [1, 1, 1, 0, 0], [9, 7, 6, 9, 9])
        assert ruling.memory.tolist() == ([7, 7, 7, 0, 0] if parties else [0] * 5)
        assert ruling.public.parties.tolist() == [parties] * 5
        assert int(ruling.held) == 7 * parties - sum(escrow)


def earned(game: NetworkGame, deposit: int, credibility: float, ticks: int) -> dict[tuple[int, ...], np.ndarray]:
    """Mean payoffs of three seats that have all signed, in the 8 profiles of keeping (1) and breaking (0) the contract."""
    minds = Named.of(*((name, Joiner()) for name in NAMES))
    seating = Seating(3, Named.of(*((name, jnp.float32(1 / 3)) for name in NAMES[1:])), shuffled=False)
    society = Society(game, minds, seating, Named.of(("contract", Contracts(deposit, credibility))))
    profiles = list(itertools.product((0, 1), repeat=3))
    vary = [
        (lens.mind(name, Joiner, lambda mind: mind.inside), np.asarray([own[place] for own in profiles], np.float32))
        for place, name in enumerate(NAMES)
    ]
    vary.append((lens.rule("contract", Contracts, lambda rule: rule.credibility), np.full(8, credibility, np.float32)))
    vary.append((lens.rule("contract", Contracts, lambda rule: rule.deposit), np.full(8, deposit, np.int32)))
    found = {}
    for profile, log in zip(profiles, run_batch(society, tuple(vary), [0] * 8, ticks, record=("purse", "mind")), strict=True):
        order = np.argsort(np.asarray(log.traces["mind"])[0])
        purse = np.asarray(log.traces["purse"], float)[:, order]
        found[profile] = (purse[-1] - purse[0]) / (ticks - 1)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("deposit", [5, 20])
def test_the_credibility_at_which_the_equilibrium_flips(deposit: int) -> None:
    """Of 8 profiles enumerated, all keep is Nash iff credibility >= (n - 1) (T - R) / deposit = 4 / deposit, R 3 and T 5."""
    threshold = 4 / deposit
    for credibility in (threshold - 0.2, threshold + 0.2):
        paid = earned(NetworkGame(endowment=5000), deposit, credibility, 400)
        assert abs(paid[0, 1, 1][0] - (10 - credibility * deposit)) < 5 * deposit * 0.5 / 20
        keeps = all(paid[1, 1, 1][seat] >= paid[tuple(int(k != seat) for k in range(3))][seat] for seat in range(3))
        assert keeps == (credibility >= threshold)
        assert (paid[1, 1, 1] == 6).all()


def test_words_and_limits() -> None:
    none = jnp.zeros(2, jnp.int32)
    assert Contracts(0).describe(none) == ""
    assert "deposit of 4 units" in Contracts(4, 0.5).describe(none)
    assert "Now 1 of you" in Contracts(4).describe(jnp.asarray([4, 0]))
    told = Contract(jnp.asarray([True, False]), jnp.asarray([3, 3]))
    assert Contracts().tell(told, 0) == "You and 2 others are bound by a contract this round."
    assert Contracts().tell(told, 1) == ""
    for wrong in ({"deposit": -1}, {"credibility": 1.1}, {"floor": -0.1}, {"quorum": 2.0}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            Contracts(**wrong)
