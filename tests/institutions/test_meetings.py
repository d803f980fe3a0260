"""Meetings: pairs that meet once, what each case is worth against enumeration, and that what is announced is not paid."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.arrays import Flags
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.questions import Choice, Say
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Tick
from commonweal.institutions.meetings import (
    Meetings,
    joint_task,
    mutual_vulnerability,
    scarce_resource,
    stake_to_lose,
)
from commonweal.testing import check_institution
from commonweal.worlds.platform import Platform

N = 20_000
CUSTOMS = ("amber", "birch", "cedar")


def tick(answers, there=None, purse=1000):
    """A tick in which seats gave these answers."""
    n = len(answers)
    flags: Flags = jnp.ones(n, bool)
    none = jnp.zeros(n, jnp.int32)
    acts = Named.of(("custom", jnp.asarray(answers, jnp.int32)))
    answered = Named.of(("custom", flags if there is None else jnp.asarray(there)))
    menu = Named.of(("custom", Choice(flags, CUSTOMS)))
    return Tick(
        jnp.zeros((), jnp.int32),
        Seats(none),
        menu,
        acts,
        acts,
        answered,
        none,
        none,
        jnp.full(n, purse, jnp.int32),
        None,
        flags,
    )


def settle(rule, given, seed=0):
    ruling = rule.settle((), given, Key.root(seed))
    return np.asarray(ruling.payoff), np.asarray(ruling.public.points), int(ruling.burnt)


def random_rule(draw, **fixed):
    shares = {name: float(draw.integers(0, 5)) for name in ("same", "prize", "unlike", "loss", "prey", "gain")}
    return Meetings(int(draw.integers(1, 9)), **{**shares, **fixed})


def test_expected_earnings_are_those_of_the_formula():
    # Three customs held by known shares: what a holder of each earns, by the share x of others who hold it.
    draw = np.random.default_rng(7)
    answers = draw.choice(3, N, p=(0.5, 0.3, 0.2))
    for _ in range(4):
        rule = random_rule(draw, supply=float(draw.uniform(0.2, 1)))
        paid, _, burnt = settle(rule, tick(answers), int(draw.integers(1000)))
        assert burnt == -paid.sum()
        for custom in range(3):
            own = paid[answers == custom]
            x = ((answers == custom).sum() - 1) / (N - 1)
            apart = rule.unlike - rule.loss - rule.prey / 2 + rule.gain / 2
            expected = float(rule.worth * rule.supply * (x * (rule.same + rule.prize / 2) + (1 - x) * apart))
            assert abs(own.mean() - expected) < 5 * own.std() / np.sqrt(len(own)) + 1e-6


def test_every_seat_meets_one_other_and_a_pair_gets_what_its_case_is_worth():
    draw = np.random.default_rng(8)
    rule = random_rule(draw, same=3.0, prize=1.0, unlike=0.0, loss=2.0, prey=1.0, gain=4.0)
    for answers in itertools.product(range(2), repeat=2):
        paid, points, _ = settle(rule, tick(answers))
        both = sorted((paid / int(rule.worth)).tolist())
        assert both == ([3.0, 4.0] if answers[0] == answers[1] else [-3.0, 2.0])
        assert (points == paid).all()
    # An odd seat out meets nobody, and who gave no answer is met by nobody.
    assert sorted(settle(joint_task(5), tick([1, 1, 1]))[0].tolist()) == [0, 5, 5]
    assert settle(joint_task(5), tick([1, 1], there=[True, False]))[0].tolist() == [0, 0]


def test_what_is_announced_is_told_and_not_paid():
    answers = np.random.default_rng(9).integers(0, 3, 500)
    for binds, told, pays in ((0, False, False), (1, True, False), (2, True, True)):
        paid, points, burnt = settle(Meetings(10, same=1.0, loss=1.0, binds=binds), tick(answers))
        assert ((points != 0).any(), (paid != 0).any()) == (told, pays)
        assert burnt == -paid.sum()


def test_nobody_loses_more_than_it_has():
    answers = np.random.default_rng(10).integers(0, 3, 500)
    paid, points, _ = settle(stake_to_lose(10), tick(answers, purse=4))
    assert paid.min() == -4
    assert points.min() == -10


def test_constraints_of_the_docs():
    assert settle(joint_task(4), tick([2, 2]))[0].tolist() == [4, 4]
    assert sorted(settle(scarce_resource(4, supply=1.0), tick([2, 2]))[0].tolist()) == [0, 8]
    assert settle(scarce_resource(4, supply=1.0), tick([1, 2]))[0].tolist() == [-4, -4]
    assert settle(stake_to_lose(4), tick([1, 2]))[0].tolist() == [-4, -4]
    assert sorted(settle(mutual_vulnerability(4), tick([1, 2]))[0].tolist()) == [-8, 2]
    assert settle(Meetings(4, unlike=1.0), tick([1, 2]))[0].tolist() == [4, 4]


def test_words():
    assert Meetings().describe(()) == ""
    assert Meetings(10, same=1.0, binds=0).describe(()) == ""
    assert "if you both did the same, each of you gets 10" in joint_task().describe(())
    assert "with probability 0.5" in scarce_resource().describe(())
    assert "nothing is paid" in Meetings(10, same=1.0, binds=1).describe(())
    public = Meetings().settle((), tick([0, 0]), Key.root(0)).public
    assert Meetings().tell(public, 0) == ""


def test_refusals():
    with pytest.raises(StudyError, match="supply"):
        Meetings(supply=1.5)
    with pytest.raises(StudyError, match="expected a choice or an amount"):
        Meetings().permit((), Seats(jnp.zeros(2, jnp.int32)), Named.of(("say", Say(jnp.ones(2, bool)))))
    with pytest.raises(StudyError, match="name another question"):
        Meetings(question="custm").permit((), Seats(jnp.zeros(2, jnp.int32)), tick([0, 0]).menu)


@pytest.mark.slow
def test_laws():
    rule = Meetings(7, same=1.0, prize=2.0, loss=1.0, prey=1.5, gain=0.5, supply=0.8)
    check_institution(rule, Meetings(), Platform())
    check_institution(rule, Meetings(7, same=1.0, supply=0.0))
