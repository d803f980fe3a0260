"""A group's own rule: the identity outside the group, the rule itself where all are members."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import advance, run
from commonweal.engine.trial import begin
from commonweal.institutions.audit import Audit
from commonweal.institutions.peer_punishment import PeerPunishment
from commonweal.institutions.quota import Quota
from commonweal.institutions.tax import Tax
from commonweal.institutions.within import Within
from commonweal.minds.scripted import Scripted
from commonweal.testing import Wild, check_institution
from commonweal.worlds.commons import Commons
from commonweal.worlds.public_goods import PublicGoods

N = 12
HALF = np.stack([np.arange(N) % 2 == 0, np.arange(N) % 3 == 0, np.ones(N, bool)], 1)
RECORD = ("acts", "payoff", "purse")


def society(rules, world=None, mind=None) -> Society:
    """Twelve seats in three groups: half, a third, all."""
    minds = Named.of(("wild", Wild() if mind is None else mind))
    return Society(Commons() if world is None else world, minds, Seating(N, groups=jnp.asarray(HALF)), Named.of(*rules))


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Within(Tax(rate=0.3), group=1), Within())


@pytest.mark.slow
@pytest.mark.parametrize("rule", [Audit(detect=0.7, hold_after=1), PeerPunishment()])
def test_where_all_are_members_it_is_the_rule_itself(rule) -> None:
    bare, own = (run(society((("r", given),)), 3, 4, record=RECORD) for given in (rule, Within(rule, 2)))
    assert all(np.array_equal(bare.traces[name], own.traces[name]) for name in bare.traces)
    assert all(np.array_equal(bare.readings[name], own.readings[name]) for name in bare.readings)


@pytest.mark.slow
def test_a_tax_on_a_group_leaves_the_others_alone_and_burns_their_share() -> None:
    """By hand: members pay half, the pool is split among all twelve, and what falls to outsiders is burnt."""
    log = run(society((("r", Within(Tax(rate=0.5))),), PublicGoods(1.6), Scripted(level=0.0)), 1, 1, record=RECORD)
    made = 20 * 12_600
    share = 6 * made // 2 // N
    assert log.traces["payoff"][0].tolist() == [made // 2 + share if i % 2 == 0 else made for i in range(N)]
    assert log.readings["ledger.burnt"][0] == 6 * share


@pytest.mark.slow
def test_an_audit_and_a_quota_bind_members_alone() -> None:
    audited = run(society((("r", Within(Audit(detect=1.0, hold_after=0))),), mind=Scripted(greed=1.5)), 1, 2, record=RECORD)
    free = run(society((), mind=Scripted(greed=1.5)), 1, 2, record=RECORD)
    fined = audited.traces["payoff"] != free.traces["payoff"]
    assert fined[0].tolist() == HALF[:, 0].tolist()
    trial = begin(society((("r", Within(Quota(0.5), 1)),)), 1)
    menu = trial.society.rules["r"].permit(
        (), trial.state.seats, trial.society.world.menu(trial.state.world, trial.state.seats, trial.state.purse)
    )
    bare = trial.society.world.menu(trial.state.world, trial.state.seats, trial.state.purse)
    narrowed = np.asarray(menu["harvest"].high < bare["harvest"].high)
    assert narrowed.tolist() == HALF[:, 1].tolist()


@pytest.mark.slow
def test_only_members_are_asked_what_the_rule_adds_and_told_what_it_tells() -> None:
    log = run(society((("r", Within(PeerPunishment(), 1)),), PublicGoods()), 2, 3, record=RECORD)
    assert log.readings["asked.punish"].tolist() == [4] * 3
    assert not log.traces["act.punish"][:, ~HALF[:, 1]].any()
    rule = Within(Tax(rate=0.5), 1)
    trial = advance(begin(society((("r", rule),), PublicGoods()), 1), 1)
    told = jax.device_get(trial.state.public["r"])
    assert [bool(rule.tell(told, seat)) for seat in range(N)] == HALF[:, 1].tolist()
    assert "In group 1, and nowhere else: Each round" in rule.describe(())
    assert Within().describe(()) == ""


def test_a_group_that_is_not_there_is_refused() -> None:
    for group in (-1, 3):
        with pytest.raises(StudyError, match="with 3 groups"):
            begin(society((("r", Within(Tax(), group)),)), 1)
