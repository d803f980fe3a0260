import numpy as np
import pytest

from commonweal.core.errors import LawError
from commonweal.core.events import Event
from commonweal.engine.log import TrialLog, balance


def log(**changes):
    given = {
        "society_digest": "sha256:0",
        "seed": 1,
        "ticks": 2,
        "readings": {"ledger.made": np.asarray([1, 2])},
        "values": {"welfare": 1.5},
        "events": (Event(0, "say", 1, (0,)),),
        "texts": ("hello",),
        "traces": {"payoff": np.asarray([[1], [2]])},
        "costs": {"wall_ms": 3},
    }
    return TrialLog(**{**given, **changes})


def test_the_digest_covers_everything_but_costs():
    base = log().digest
    assert log(costs={"wall_ms": 99}).digest == base
    changes = {
        "seed": 2,
        "readings": {"ledger.made": np.asarray([1, 3])},
        "values": {"welfare": 1.5000000000000002},
        "events": (),
        "texts": ("hello!",),
        "traces": {"payoff": np.asarray([[1, 2]])},
        "society_digest": "sha256:1",
    }
    assert len({log(**{name: value}).digest for name, value in changes.items()} | {base}) == len(changes) + 1


def test_the_ledger_balances_or_names_the_tick():
    readings = {
        "ledger.made": np.asarray([10, 10]),
        "ledger.burnt": np.asarray([0, 4]),
        "ledger.held": np.asarray([0, 1]),
        "ledger.purse": np.asarray([15, 20]),
    }
    balance(readings, 5)
    with pytest.raises(LawError, match="tick 0 is off by 5"):
        balance(readings, 10)
    with pytest.raises(LawError, match="tick 1 is off by 1"):
        balance({**readings, "ledger.held": np.asarray([0, 0])}, 5)


def test_many_ledgers_are_checked_at_once():
    random = np.random.default_rng(0)
    made, burnt, held = random.integers(-(2**40), 2**40, (3, 6, 9))
    endowed = random.integers(0, 100, 6)
    purse = endowed[:, None] + np.cumsum(made - burnt - held, 1)
    many = {"ledger.made": made, "ledger.burnt": burnt, "ledger.held": held, "ledger.purse": purse}
    balance(many, endowed)
    for row in range(6):
        balance({name: series[row] for name, series in many.items()}, int(endowed[row]))
    made[3, 7] += 2
    with pytest.raises(LawError, match="tick 7 is off by 2"):
        balance(many, endowed)
