"""A budgeted sanction: who pays, how often it inspects, and that its books balance."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Regular
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import advance, run
from commonweal.engine.hosted import run_hosted, run_sync
from commonweal.engine.trial import begin
from commonweal.institutions.sanction import Sanction
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.scripted import Scripted
from commonweal.testing import check_institution
from commonweal.worlds.network_game import NetworkGame

NETWORK = Regular(8)


def society(rule: Sanction, n: int = 400, defectors: float = 1.0, endowment: int = 10_000) -> Society:
    """A donation game in which the given share always defects, so that everybody else is paid the cost of giving."""
    game = NetworkGame(2, -1, 3, 0, endowment=endowment)
    minds = Named.of(("giver", Scripted()), ("keeper", Scripted(level=0.0)))
    return Society(
        game, minds, Seating(n, Named.of(("keeper", jnp.float32(defectors))), network=NETWORK), Named.of(("s", rule))
    )


def test_laws() -> None:
    check_institution(Sanction())
    check_institution(Sanction(levy=0, fine=0, spend=0.0))


def test_without_levy_and_grant_it_is_the_identity() -> None:
    with_it = run(society(Sanction(levy=0)), 3, 6, record=("purse",))
    without = run(Society(*list(vars(society(Sanction())).values())[:3]), 3, 6, record=("purse",))
    np.testing.assert_array_equal(with_it.traces["purse"], without.traces["purse"])


def test_the_budget_is_what_came_in_less_what_went_out() -> None:
    """By hand: everybody offends, everybody can pay: B' = B + n levy + kept fines - checks cost, all but `kept` burnt."""
    n, levy, fine, cost, spend, kept = 400, 3, 7, 2, 0.5, 0.4
    rule = Sanction(levy, fine, cost, spend, kept)
    trial = begin(society(rule, n), 5)
    budget, purse = 0, 10_000 * n
    for _ in range(12):
        trial = advance(trial, 1)
        fined = int(np.asarray(trial.state.public["s"].amount).sum())
        assert fined % fine == 0
        checks = fined // fine
        held = n * levy + int(np.floor(np.float64(np.float32(kept)) * fined)) - checks * cost
        burnt = n * levy + fined - held
        budget += held
        purse -= n * levy + fined
        assert int(trial.state.rules[0]) == budget
        assert trial.readings["ledger.held"][-1] == held
        assert trial.readings["ledger.burnt"][-1] == burnt
        assert trial.readings["ledger.purse"][-1] == purse
    assert budget > 0


@pytest.mark.parametrize("draw", range(4))
def test_inspections_cost_the_share_of_the_budget_that_is_to_be_spent(draw: int) -> None:
    """With levies equal to what is spent the budget stays where it is: B* = n levy / spend while q < 1; checked to 5 sigma."""
    random = np.random.default_rng(draw)
    n, levy, cost = 2000, int(random.integers(1, 4)), int(random.integers(4, 9))
    spend = float(np.float32(random.uniform(0.2, 0.9)))
    rule = Sanction(levy, 0, cost, spend, 1.0, endowment=round(n * levy / spend))
    trial = advance(begin(society(rule, n), draw), 400)
    budgets = round(n * levy / spend) + np.cumsum(trial.readings["ledger.held"])
    q = levy / cost
    step = cost * np.sqrt(n * q * (1 - q))
    # An autoregression with factor 1 - spend: variance of its mean over T ticks is (step / spend)^2 / T.
    assert abs(budgets.mean() - n * levy / spend) < 5 * step / spend / np.sqrt(400) + 1 / spend


def test_who_keeps_the_norm_is_not_fined_and_who_has_nothing_pays_nothing() -> None:
    rule = Sanction(levy=2, fine=50, spend=1.0, endowment=2**20)
    trial = advance(begin(society(rule, defectors=0.5), 1), 1)
    minds, fines = np.asarray(trial.state.seats.mind), np.asarray(trial.state.public["s"].amount)
    assert (fines[minds == 0] == 0).all()
    assert (fines[minds == 1] == 50).all()
    broke = advance(begin(society(rule, defectors=1.0, endowment=1), 1), 1)
    assert (np.asarray(broke.state.purse) == 0).all()
    assert (np.asarray(broke.state.public["s"].amount) == 0).all()
    assert (broke.readings["ledger.burnt"] + broke.readings["ledger.held"] == 400).all()


def test_the_budget_may_be_overdrawn_and_then_nobody_is_inspected() -> None:
    rule = Sanction(levy=0, fine=0, cost=100, spend=1.0, endowment=100)
    trial = begin(society(rule, n=50), 0)
    low = 0
    for seed in range(40):
        trial = advance(begin(society(rule, n=50), seed), 4)
        low = min(low, int(trial.state.rules[0]))
        assert int(trial.state.rules[0]) <= 100
    assert low < 0
    assert int(rule.odds(jnp.int32(-5), 50)) == 0
    assert int(rule.odds(jnp.int32(0), 50)) == 0
    assert int(rule.odds(jnp.int32(2**30), 50)) == 1 << 24


def test_it_binds_acts_toward_each_contact_and_both_engines_agree() -> None:
    game = NetworkGame.dilemma(3, 0, 5, 1, per_contact=True)
    minds = Named.of(("tft", MemoryOne(tremble=0.1)), ("alld", MemoryOne.always_defect()))
    seating = Seating(60, Named.of(("alld", jnp.float32(0.5))), network=NETWORK)
    own = Society(game, minds, seating, Named.of(("s", Sanction(levy=1, fine=9, spend=0.5))))
    log = run(own, 4, 8)
    assert log.digest == run_sync(run_hosted(own, 4, 8)).digest
    assert log.readings["ledger.burnt"].sum() > 0


def test_numbers_out_of_range_are_refused() -> None:
    for wrong in ({"levy": -1}, {"cost": 0}, {"spend": 1.5}, {"kept": -0.1}, {"tolerance": 2.0}, {"endowment": 2**31 - 1}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            Sanction(**wrong)  # pyright: ignore[reportArgumentType]


def test_it_is_told_in_words() -> None:
    rule = Sanction(levy=2, fine=9)
    assert "pays 2 units" in rule.describe(jnp.int32(40))
    assert "40" in rule.describe(jnp.int32(40))
    assert Sanction(levy=0, spend=0.0).describe(jnp.int32(0)) == ""
    trial = advance(begin(society(Sanction(levy=2, fine=9, spend=1.0, endowment=2**20)), 1), 1)
    public = jax.device_get(trial.state.public["s"])
    assert rule.tell(public, 0) == "You were inspected last round and fined 9 units."
