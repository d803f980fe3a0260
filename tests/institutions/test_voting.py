"""Votes against outcomes counted by hand."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.ballots import Approval, Jury, Median, Plurality, Quadratic, Schulze, SchulzeByScore, Stake
from commonweal.core.ballots.approval import subsets
from commonweal.core.ballots.schulze import orders
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Institution
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Tick
from commonweal.engine.compiled import run_batch
from commonweal.institutions.audit import Audit
from commonweal.institutions.presence import If
from commonweal.institutions.quota import Quota
from commonweal.institutions.tax import Tax
from commonweal.institutions.voting import Polled, Vote
from commonweal.minds.scripted import Scripted
from commonweal.testing import check_institution
from commonweal.worlds.commons import Commons

KEY = Key.root(4)
settled = eqx.filter_jit(lambda rule, memory, tick: rule.settle(memory, tick, KEY))
QUOTA = Vote.on(Quota(3.0), Quota, lambda rule: rule.multiple, (1.0, 2.0), every=3)


def poll(bench, given: list[int], by: list[bool]) -> tuple[Tick, Polled]:
    """One tick in which these ballots were cast."""
    menu, acts = bench.harvest([10] * 5, 10.0)
    memory = QUOTA.begin(bench.ring(5))
    menu = QUOTA.permit(memory, bench.ring(5), menu)
    acts = acts.add("ballot", jnp.asarray(given, jnp.int32))
    tick = bench.tick(menu, acts, [10] * 5)
    return dataclasses.replace(tick, answered=tick.answered.replace("ballot", jnp.asarray(by))), memory


@pytest.mark.parametrize(
    ("given", "by", "value", "votes"),
    [
        ([1, 1, 2, 0, 0], [True] * 5, 3.0, [2, 2, 1]),  # a tie with keeping things keeps them
        ([1, 1, 2, 0, 0], [True, True, True, True, False], 1.0, [1, 2, 1]),  # a default is no vote
        ([2, 2, 1, 1, 0], [True, True, True, True, False], 1.0, [0, 2, 2]),  # ties go to the lowest answer
        ([2, 2, 2, 1, 0], [True] * 5, 2.0, [1, 1, 3]),
        ([0, 0, 0, 2, 0], [False, False, False, True, False], 2.0, [0, 0, 1]),
        ([2, 2, 2, 2, 2], [False] * 5, 3.0, [0, 0, 0]),  # nobody voted
    ],
)
def test_plurality(bench, given: list[int], by: list[bool], value: float, votes: list[int]) -> None:
    tick, memory = poll(bench, given, by)
    after = settled(QUOTA, memory, tick).memory
    assert float(after.value) == value
    assert after.votes.tolist() == votes
    assert QUOTA.permit(after, bench.ring(5), bench.harvest([10] * 5, 10.0)[0])["harvest"].high.tolist() == [10 * value] * 5


def test_who_is_asked_when(bench) -> None:
    seats, memory = bench.ring(5), QUOTA.begin(bench.ring(5))
    menu, _ = bench.harvest([10] * 5, 10.0, [True, False, False, False, False])
    over, _ = bench.harvest([0] * 5, 10.0, [False] * 5)
    asked = []
    for tick in range(4):
        now = dataclasses.replace(memory, tick=jnp.int32(tick))
        asked.append(int(QUOTA.permit(now, seats, menu)["ballot"].asked.sum()))
    assert asked == [5, 0, 0, 5]
    assert not QUOTA.permit(memory, seats, over)["ballot"].asked.any()


def society(rule: Institution) -> Society:
    """One greedy seat in five, whose ballots differ from the others'."""
    minds = Named.of(("civil", Scripted()), ("greedy", Scripted(greed=2.0)))
    return Society(Commons(), minds, Seating(5, Named.of(("greedy", jnp.float32(0.2)))), Named.of(("rule", rule)))


def test_society_votes_an_audit_in_from_the_next_tick_on() -> None:
    voted = society(Vote.on(If(Audit(detect=1.0, hold_after=0), False), If, lambda rule: rule.on, (1.0,)))
    civil = lens.mind("civil", Scripted, lambda mind: mind.ballot)
    greedy = lens.mind("greedy", Scripted, lambda mind: mind.ballot)
    share = lens.share("greedy")
    cells = np.asarray([(0, 0, 0.2), (1, 0, 0.2), (0, 1, 0.2), (1, 0, 0.6)], np.float32)
    vary = tuple((place, cells[:, column]) for column, place in enumerate((civil, greedy, share)))
    kept, passed, failed, outvoted = run_batch(voted, vary, (3,) * 4, 4, record=("acts", "payoff"))
    assert kept.readings["ledger.burnt"].tolist() == [0] * 4
    # 100, then 80 (60 were taken): the greedy seat takes twice a fair share of 8 and is fined the excess of 8.
    assert passed.readings["world.stock"].tolist()[:2] == [100, 80]
    assert passed.readings["ledger.burnt"].tolist()[:2] == [0, 8]
    assert failed.readings["ledger.burnt"].tolist() == [0] * 4
    assert outvoted.readings["ledger.burnt"].tolist() == [0] * 4
    assert passed.readings["answered.ballot"].tolist() == [5] * 4


def test_votes_to_keep_are_the_rule_inside(bench) -> None:
    rule = Audit(detect=0.5, hold_after=2)
    inside = bench.sweep(40, Named.of(("rule", rule)))
    voted = bench.sweep(40, Named.of(("rule", Vote.on(rule, Audit, lambda audit: audit.detect, (0.0, 1.0)))))
    assert all(bench.same(one, other) for one, other in zip(inside, voted, strict=True))
    empty = Vote(rule)
    assert empty.permit(empty.begin(bench.ring(5)), bench.ring(5), bench.harvest([1] * 5, 1.0)[0]).names == ("harvest",)


def test_words(bench) -> None:
    tick, memory = poll(bench, [1, 1, 2, 0, 0], [True, True, True, True, False])
    after = settled(QUOTA, memory, tick).memory
    words = QUOTA.describe(after)
    assert words.startswith("There is a quota: you may take at most your fair share,")
    assert "Every 3 rounds all of you vote whether to keep multiple as it is (now 1) or to set it to 1 or 2" in words
    assert words.endswith("In the last vote there were 1 to keep it, 2 for 1, 1 for 2.")
    assert QUOTA.names == ("Keep things as they are", "Set multiple to 1", "Set multiple to 2")


def test_path_through_wrappers_and_errors() -> None:
    assert Vote.on(If(Audit()), Audit, lambda rule: rule.detect, (0.5,)).parameter == ("inner", "detect")
    with pytest.raises(StudyError, match="a vote on Quota was given If"):
        Vote.on(If(Audit()), Quota, lambda rule: rule.multiple, (1.0,))
    with pytest.raises(StudyError, match="no field 'detekt'"):
        Vote(Audit(), ("detekt",), (0.5,))
    with pytest.raises(StudyError, match="no single number"):
        Vote(Audit(), ("schedule",), (0.5,))
    with pytest.raises(StudyError, match="every 0 ticks"):
        Vote(every=0)


def counted(bench, rule: Vote, given: list[int], purse: list[int] | None = None):
    """The ruling on ballots that everybody cast."""
    menu, acts = bench.harvest([10] * 5, 10.0)
    memory = rule.begin(bench.ring(5))
    menu = rule.permit(memory, bench.ring(5), menu)
    acts = acts.add("ballot", jnp.asarray(given, jnp.int32))
    return settled(rule, memory, bench.tick(menu, acts, [10] * 5, [0] * 5 if purse is None else purse))


def multiple(count, lot: bool = False) -> Vote:
    """A vote on a quota of 3 times the fair share, to be kept or set to 1 or 2."""
    return Vote(Quota(3.0), ("multiple",), (1.0, 2.0), count=count, by_lot=lot)


def test_ways_to_count(bench) -> None:
    # Two keep, two want 1, one wants 2 and would rather have 1 than keep.
    first = counted(bench, multiple(Plurality()), [0, 0, 1, 1, 2]).memory
    assert (float(first.value), first.votes.tolist()) == (3.0, [2, 2, 1])
    ranked = counted(bench, multiple(Schulze()), [0, 0, 1, 1, orders(3).index((2, 1, 0))]).memory
    assert (float(ranked.value), ranked.votes.tolist()) == (1.0, [1, 2, 0])
    approved = counted(bench, multiple(Approval()), [0, 0, 1, 1, subsets(3).index((1, 2))]).memory
    assert (float(approved.value), approved.votes.tolist()) == (1.0, [2, 3, 1])
    # Along the line of values 1, 2, 3 the one in the middle is 2, though fewest want it most.
    assert float(counted(bench, multiple(Median()), [0, 0, 1, 1, 2]).memory.value) == 2.0
    rich = counted(bench, multiple(Stake()), [0, 0, 1, 1, 2], [0, 0, 0, 0, 31]).memory
    assert (float(rich.value), rich.votes.tolist()) == (2.0, [20, 20, 41])


def test_votes_are_paid_for(bench) -> None:
    ruling = counted(bench, multiple(Quadratic(3, price=2)), [0, 0, 0, 0, 7], [0, 0, 0, 0, 8])
    assert float(ruling.memory.value) == 3.0
    assert ruling.memory.votes.tolist() == [4, 3, 0]
    assert ruling.payoff.tolist() == [8, 8, 8, 8, -8]
    assert int(ruling.burnt) == 26


def test_ties_by_lot(bench) -> None:
    rule = multiple(Plurality(), lot=True)
    memory = rule.begin(bench.ring(5))
    menu, acts = bench.harvest([10] * 5, 10.0)
    tick = bench.tick(rule.permit(memory, bench.ring(5), menu), acts.add("ballot", jnp.asarray([0, 0, 1, 1, 2])), [10] * 5)
    values = jax.jit(jax.vmap(lambda seed: rule.settle(memory, tick, Key.root(seed)).memory.value))(jnp.arange(400))
    assert set(np.asarray(values).tolist()) == {1.0, 3.0}
    assert abs((np.asarray(values) == 1.0).mean() - 0.5) < 4 * 0.5 / 20


def test_laws_hold_where_votes_are_bought_and_lots_are_drawn() -> None:
    count = Jury(Quadratic(2, 1, shared=True), 4)
    check_institution(Vote.on(Tax(), Tax, lambda tax: tax.rate, (0.5, 0.2), every=2, count=count), Vote(count=count))


EIGHT = (1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5)


def by_score() -> Vote:
    """A vote on eight alternatives: to keep a quota of 3 times the fair share, or to set it to one of seven others."""
    return Vote(
        Quota(3.0), ("multiple",), EIGHT, count=SchulzeByScore(), labels=tuple(f"plan {letter}" for letter in "bcdefgh")
    )


def test_rankings_of_eight_alternatives(bench) -> None:
    """Three want plan b most, two plan h; all have plan e second, which beats either: the Condorcet winner."""
    rule = by_score()
    menu, acts = bench.harvest([10] * 5, 10.0)
    memory = rule.begin(bench.ring(5))
    menu = rule.permit(memory, bench.ring(5), menu)
    paper = menu["ballot"]
    assert paper.names == ("Keep things as they are", *(f"plan {letter}" for letter in "bcdefgh"))
    points = np.zeros((5, 8), int)
    points[:2, 1], points[2:4, 7], points[:, 4] = 7, 7, 6
    given = tuple(jnp.asarray(points[:, j], jnp.int32) for j in range(8))
    assert paper.lawful(given).all()
    after = settled(rule, memory, bench.tick(menu, acts.add("ballot", given), [10] * 5)).memory
    assert float(after.value) == EIGHT[3]
    assert after.votes[4] == 7
    assert "(now plan e) or to set it to plan b or plan c" in rule.describe(after)
    # Who gives no points to anything says nothing, and things stay as they are.
    still = settled(rule, memory, bench.tick(menu, acts.add("ballot", paper.default()), [10] * 5)).memory
    assert float(still.value) == 3.0
    with pytest.raises(StudyError, match="1 labels"):
        Vote(Quota(), ("multiple",), (1.0, 2.0), labels=("one",))


@pytest.mark.slow
def test_laws_hold_where_eight_are_ranked() -> None:
    """With records on the menu, in both engines."""
    check_institution(by_score(), Vote(count=SchulzeByScore()))


def test_words_of_other_counts(bench) -> None:
    after = counted(bench, multiple(Schulze(), lot=True), [0, 0, 1, 1, 2]).memory
    words = multiple(Schulze(), lot=True).describe(after)
    assert "you rank the answers" in words
    assert "a tie is broken by lot. In the last vote keeping it scored 2, 1 for 1, 0 for 2." in words
    with pytest.raises(StudyError, match="6 alternatives"):
        Vote(Quota(), ("multiple",), (1.0, 2.0, 3.0, 4.0, 5.0), count=Schulze())
