"""Audit against fines worked out by hand, and the frequency of detection."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.questions import Choice
from commonweal.core.streams import Key
from commonweal.core.views import Fined, Offer, Ruling, Tick
from commonweal.institutions.audit import Audit, Docket

KEY = Key.root(5)


@eqx.filter_jit
def settle(rule: Audit, memory: Docket, tick: Tick) -> Ruling:
    return rule.settle(memory, tick, KEY)


def docket(offences: list[int], due: int = 0) -> Docket:
    return Docket(jnp.asarray(offences, jnp.int32), jnp.int32(due))


def test_fines_by_hand(bench) -> None:
    menu, acts = bench.harvest([10, 15, 30, 40], 10.0)
    purse = [0, 0, 100, 1000]
    ruling = settle(Audit(detect=1.0), docket([0, 0, 1, 5]), bench.tick(menu, acts, [10, 15, 30, 40], purse))
    # Excess 0, 5, 20, 30; multiples 1, 1, 2, 4.
    assert ruling.public.amount.tolist() == [0, 5, 40, 120]
    assert ruling.payoff.tolist() == [10, 10, -10, -80]
    assert int(ruling.burnt) == 165
    assert int(ruling.held) == 0
    assert ruling.memory.offences.tolist() == [0, 1, 2, 6]


def test_nobody_is_fined_more_than_it_has(bench) -> None:
    menu, acts = bench.harvest([10, 15, 30, 40], 10.0)
    ruling = settle(Audit(detect=1.0), docket([9, 9, 9, 9]), bench.tick(menu, acts, [10, 15, 30, 40], [0, 0, 2, -41]))
    # Fourfold excess 0, 20, 80, 120 against 10, 15, 32 and less than nothing.
    assert ruling.public.amount.tolist() == [0, 15, 32, 0]


def test_tolerance_and_who_was_not_asked(bench) -> None:
    menu, acts = bench.harvest([10, 11, 12, 50], 10.0, asked=[True, True, True, False])
    tick = bench.tick(menu, acts, [10, 11, 12, 50])
    # Levels 1, .909, .833; the last seat was asked nothing.
    assert settle(Audit(detect=1.0, tolerance=0.9), docket([0] * 4), tick).public.amount.tolist() == [0, 0, 2, 0]
    assert settle(Audit(detect=1.0), docket([0] * 4), tick).public.amount.tolist() == [0, 1, 2, 0]


def test_excess_of_a_choice_is_what_lies_above_the_norm(bench) -> None:
    game = Choice(jnp.ones(3, bool), ("defect", "half", "cooperate"), jnp.asarray([0.0, 0.5, 1.0]))
    acts = Named.of(("play", jnp.asarray([0, 1, 2], jnp.int32)))
    ruling = settle(Audit(detect=1.0), docket([0] * 3), bench.tick(Named.of(("play", game)), acts, [5, 6, 3]))
    assert ruling.public.amount.tolist() == [5, 3, 0]


def test_large_excess_does_not_overflow(bench) -> None:
    menu, acts = bench.harvest([0], 0.0)
    menu = eqx.tree_at(lambda m: m["harvest"].high, menu, jnp.full(1, 2**30, jnp.int32))
    acts = Named.of(("harvest", jnp.full(1, 2**30, jnp.int32)))
    ruling = settle(Audit(detect=1.0, schedule=(1e6,)), docket([0]), bench.tick(menu, acts, [2**30], [2**30 - 1]))
    assert ruling.public.amount.tolist() == [2**31 - 1]


def test_inspections_are_paid_by_all_and_the_rest_is_kept(bench) -> None:
    menu, acts = bench.harvest([10] * 4, 10.0, asked=[True, True, True, False])
    tick, memory, seen = bench.tick(menu, acts, [10] * 4), docket([0] * 4), []
    for _ in range(4):
        ruling = settle(Audit(detect=1.0, cost=3, payer="all"), memory, tick)
        memory = ruling.memory
        seen.append((ruling.payoff.tolist(), int(memory.due), int(ruling.burnt)))
    # Three inspections at 3 a tick over four seats: 9, 9 + 1, 9 + 2, 9 + 3.
    assert seen == [([8] * 4, 1, 8), ([8] * 4, 2, 8), ([8] * 4, 3, 8), ([7] * 4, 0, 12)]


def test_fines_pay_first_and_seats_pay_what_they_can(bench) -> None:
    menu, acts = bench.harvest([10, 10, 10, 16], 10.0)
    ruling = settle(
        Audit(detect=1.0, cost=3, payer="fines"), docket([0] * 4), bench.tick(menu, acts, [10, 10, 0, 16], [0, 0, 0, 0])
    )
    # Four inspections cost 12, the fine of 6 covers half, and the seat that has nothing pays nothing of the rest.
    assert ruling.payoff.tolist() == [9, 9, 0, 9]
    assert int(ruling.memory.due) == 2
    assert int(ruling.burnt) == 9


def test_repeat_offenders_are_held_to_the_norm(bench) -> None:
    menu, acts = bench.harvest([30, 30, 5, 30], 10.4, asked=[True, True, True, False])
    offer = Offer(bench.ring(4), menu, jnp.zeros(4, jnp.int32), menu.map(lambda q: q.asked), jnp.int32(0))
    bound = Audit().bind(docket([1, 2, 3, 3]), offer, acts, KEY)
    assert bound.acts["harvest"].tolist() == [30, 10, 5, 30]
    never = Audit(hold_after=0).bind(docket([1, 2, 3, 9]), offer, acts, KEY)
    assert never.acts["harvest"].tolist() == [30, 30, 5, 30]


def test_detection_is_binomial(bench) -> None:
    n, detect = 20_000, 0.3
    menu, acts = bench.harvest([20] * n, 10.0)
    ruling = settle(Audit(detect=detect), docket([0] * n), bench.tick(menu, acts, [20] * n))
    found = int(ruling.memory.offences.sum())
    assert abs(found - n * detect) < 4 * np.sqrt(n * detect * (1 - detect))
    assert int(ruling.burnt) == 10 * found


def test_offenders_take_no_more_than_their_share_in_a_society(bench) -> None:
    hold = np.asarray([seed % 2 for seed in bench.seeds], np.int32)
    place = lens.rule("rule", Audit, lambda rule: rule.hold_after)
    logs = bench.sweep(40, Named.of(("rule", Audit(detect=1.0, hold_after=0))), place, hold)
    for held, log in zip(hold, logs, strict=True):
        took, stock = log.traces["act.harvest"], log.readings["world.stock"]
        fair = (stock // 2) / 40
        caught = np.cumsum(took * 0.95 > fair[:, None], axis=0)
        before = np.vstack([np.zeros(40, int), caught[:-1]])
        again = (before >= 1) & (took > np.maximum(fair, 0)[:, None])
        assert again.any() == (held == 0)


def test_identity_and_books(check_inert) -> None:
    check_inert(Audit(cost=7, payer="all"), lambda rule: rule.detect, 0.0, 0.6)


def test_words_and_errors() -> None:
    assert Audit(detect=0.0).describe(docket([0])) == ""
    words = Audit(cost=2, payer="all").describe(docket([0, 2, 3]))
    assert "inspected with probability 0.5" in words
    assert "1, then 2, then 4 times" in words
    assert "(now: 2 of you)" in words
    assert "costs 2 units, paid by all of you alike" in words
    assert Audit().tell(Fined(jnp.asarray([0, 9])), 1) == "You were inspected last round and fined 9 units."
    assert Audit().tell(Fined(jnp.asarray([0, 9])), 0) == ""
    with pytest.raises(StudyError, match="detect = 50"):
        Audit(detect=50)
    with pytest.raises(StudyError, match="at least one multiple"):
        Audit(schedule=())
    with pytest.raises(StudyError, match="an audit paid by 'me'"):
        Audit(payer="me")  # pyright: ignore[reportArgumentType]
