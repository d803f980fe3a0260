"""Membership by choice: who belongs where, what is told of it, and mobility."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import advance
from commonweal.engine.trial import begin
from commonweal.institutions.membership import Membership, belonging
from commonweal.minds.scripted import Scripted
from commonweal.testing import Wild, check_institution
from commonweal.worlds.public_goods import TOKEN, PublicGoods

FREE = jnp.tile(jnp.asarray([[True, False]]), (8, 1))


def society(rule: Membership, mind=None, groups=FREE) -> Society:
    """Eight seats, at first all in the sanction-free group, with a public good for each group."""
    minds = Named.of(("mind", Wild() if mind is None else mind))
    return Society(PublicGoods.sanctsim(), minds, Seating(8, groups=groups), Named.of(("membership", rule)))


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Membership(), Membership(mobility=0.0))


@pytest.mark.slow
def test_seats_go_where_they_choose_and_their_public_good_with_them() -> None:
    """Against the choices of the log, over four periods: answer 0 stays, j joins group j - 1; pay is by the chosen group."""
    rule = Membership(period=3)
    trial = begin(society(rule), 4, record=("acts", "payoff"))
    home = np.zeros(8, int)
    for _ in range(4):
        trial = advance(trial, 1)
        choice = trial.traces["act.membership"][-1]
        home = np.where(choice > 0, choice - 1, home)
        assert np.asarray(trial.state.seats.groups).tolist() == [[at == 0, at == 1] for at in home]
        trial = advance(trial, 1)
        c, pay = trial.traces["act.contribute"][-1], trial.traces["payoff"][-1]
        for seat in range(8):
            own = c[home == home[seat]]
            assert pay[seat] == (40 - c[seat]) * TOKEN + 8 * TOKEN * own.sum() // (5 * own.size)
        trial = advance(trial, 1)
        told = jax.device_get(trial.state.public["membership"])
        for group in range(2):
            here = pay[home == group]
            assert told.members[0, group] == here.size
            assert told.paid[5, group] == (here.sum() // here.size if here.size else 0)
        assert told.group.tolist() == home.tolist()
    assert trial.readings["asked.membership"].tolist() == [8, 0, 0] * 4
    assert len(set(home.tolist())) == 2


@pytest.mark.slow
def test_mobility_is_the_probability_to_get_there() -> None:
    """Everybody names the second group; within 5 standard errors of mobility after one choice."""
    groups = jnp.tile(jnp.asarray([[True, False]]), (4000, 1))
    given = Society(
        PublicGoods(per_group=True),
        Named.of(("second", Scripted(ballot=2.0))),
        Seating(4000, groups=groups),
        Named.of(("membership", Membership(mobility=0.3))),
    )
    moved = np.asarray(advance(begin(given, 1), 1).state.seats.groups)[:, 1].mean()
    assert abs(moved - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 4000)


@pytest.mark.slow
def test_nobody_is_asked_and_told_without_mobility() -> None:
    trial = advance(begin(society(Membership(mobility=0.0)), 1), 2)
    assert trial.readings["asked.membership"].tolist() == [0, 0]
    assert not any(np.asarray(leaf).any() for leaf in jax.tree.leaves(trial.state.public["membership"]))


def test_belonging_by_a_loop() -> None:
    random = np.random.default_rng(2)
    groups, earned = random.random((20, 3)) < 0.4, random.integers(-(2**30), 2**30, 20)
    told = belonging(jnp.asarray(groups), jnp.asarray(earned, jnp.int32))
    home = [int(np.argmax(row)) if row.any() else -1 for row in groups]
    assert told.group.tolist() == home
    for group in range(3):
        own = [int(pay) for pay, at in zip(earned, home, strict=True) if at == group]
        assert int(told.members[0, group]) == len(own)
        assert int(told.paid[0, group]) == (sum(own) // len(own) if own else 0)


def test_refused_and_in_words() -> None:
    with pytest.raises(StudyError, match="mobility"):
        Membership(mobility=1.5)
    with pytest.raises(StudyError, match="stage 3 of 3"):
        Membership(period=3, stage=3)
    with pytest.raises(StudyError, match="found 2"):
        begin(society(Membership(names=("a", "b", "c"))), 1)
    assert "(stage 1 of 3)" in Membership(period=3).describe(None)  # pyright: ignore[reportArgumentType]
    assert Membership(mobility=0.0).describe(None) == ""  # pyright: ignore[reportArgumentType]
    told = jax.device_get(belonging(FREE, jnp.full(8, 100, jnp.int32)))
    assert Membership().tell(told, 0).startswith("You belong to the sanction-free group. Members of the sanction-free group: 8")
