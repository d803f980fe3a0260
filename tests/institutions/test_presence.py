"""A rule off is the rule absent, and a rule on is the rule bare, draw for draw."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import LawError
from commonweal.core.menu import Menu
from commonweal.core.named import Named
from commonweal.core.parts import Institution
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Fined, Memory, Told
from commonweal.engine.compiled import run_batch
from commonweal.institutions.audit import Audit
from commonweal.institutions.disclosure import Disclosure
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.presence import If
from commonweal.institutions.quota import Quota
from commonweal.institutions.tax import Tax
from commonweal.institutions.voting import Vote

RULES = Named.of(
    ("quota", Quota(1.8)),
    ("audit", Audit(detect=0.7, cost=1, payer="all")),
    ("told", Disclosure("group", delay=1, noise=0.1)),
    ("vote", Vote.on(Tax(0.3), Tax, lambda rule: rule.rate, (0.5,), every=2)),
    ("copy", Fermi(0.3, every=2)),
)


@pytest.mark.parametrize("n", [5, 40])
def test_off_is_absent_and_on_is_bare(bench, bare, n: int) -> None:
    wrapped = bench.society(n, Named(RULES.names, tuple(If(rule) for rule in RULES.values)))
    on = np.asarray([seed % 2 == 1 for seed in bench.seeds])
    vary = tuple((lens.rule(name, If, lambda rule: rule.on), on) for name in RULES)
    record = ("acts", "payoff", "purse", "mind")
    ruled = bench.sweep(n, RULES)
    for here, log, with_rules, without in zip(
        on, run_batch(wrapped, vary, bench.seeds, bench.ticks, record=record), ruled, bare(n), strict=True
    ):
        assert bench.same(with_rules if here else without, log)
        assert not bench.same(without, with_rules)
        if not here:
            assert log.readings["asked.ballot"].tolist() == [0] * bench.ticks


class Veto(Institution):
    """Makes the last answer of a choice illegal for everyone."""

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        def narrow(question: Choice) -> Choice:
            legal = jnp.ones((seats.n, len(question.options)), bool).at[:, -1].set(False)
            return Choice(question.asked, question.options, question.serves, legal)

        return menu.map(narrow)


class Rename(Institution):
    """Changes the words of a question, which no rule inside a wrapper may."""

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        return menu.map(lambda question: Choice(question.asked, ("x", "y", "z")))


def test_table_of_legal_answers_is_undone() -> None:
    seats = Seats(jnp.zeros(2, jnp.int32))
    menu = Named.of(("pick", Choice(jnp.ones(2, bool), ("a", "b", "c"))))
    assert If(Veto(), False).permit((), seats, menu)["pick"].legal.tolist() == [[True] * 3] * 2
    assert If(Veto(), True).permit((), seats, menu)["pick"].legal.tolist() == [[True, True, False]] * 2
    with pytest.raises(LawError, match="Rename changes the kind or the words of question 'pick'"):
        If(Rename()).permit((), seats, menu)


def test_memory_stands_still_while_off(bench) -> None:
    menu, acts = bench.harvest([30, 30], 10.0)
    tick = bench.tick(menu, acts, [30, 30])
    rule = If(Audit(detect=1.0))
    off = eqx.tree_at(lambda own: own.on, rule, jnp.asarray(False))
    memory = rule.settle(rule.begin(Seats(jnp.zeros(2, jnp.int32))), tick, Key.root(0)).memory
    assert memory.offences.tolist() == [1, 1]
    still = off.settle(memory, tick, Key.root(0))
    assert still.memory.offences.tolist() == [1, 1]
    assert still.public.amount.tolist() == [0, 0]
    assert int(still.burnt) == 0


def test_words() -> None:
    rule = If(Audit(), False)
    assert rule.describe(()) == ""
    assert If(Quota(2.0)).describe(()) == Quota(2.0).describe(())
    assert rule.tell(Fined(jnp.asarray([0, 9])), 0) == ""
    assert "fined 9 units" in rule.tell(Fined(jnp.asarray([0, 9])), 1)
    blank = Told(jnp.zeros(2, jnp.float32), jnp.zeros(2, bool))
    assert If(Disclosure("all")).tell(blank, 0) == ""
    assert If().tell(None, 0) == ""
