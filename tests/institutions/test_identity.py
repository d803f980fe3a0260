"""Identities with a price: a plain loop, the books, and break-even and contest in closed form by enumeration."""

from fractions import Fraction

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.ballots import Heads
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Amount
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Decision, Ruling, Tick
from commonweal.engine.compiled import run
from commonweal.engine.log import TrialLog
from commonweal.institutions.disclosure import Disclosure
from commonweal.institutions.identity import Identity, Register
from commonweal.institutions.sanction import Sanction
from commonweal.institutions.tax import Tax
from commonweal.institutions.voting import Vote
from commonweal.testing import Wild, check_institution
from commonweal.worlds.network_game import NetworkGame

N, TICKS = 6, 400
PAID = 2 * (N - 1)
"""What the world pays each seat, whatever is done."""


def traded(rule: Identity, mind: Mind | None = None, seed: int = 1, endowment: int = 0) -> TrialLog:
    """A game that pays everybody the same, in which only identities matter."""
    minds = Named.of(("one", Wild() if mind is None else mind))
    society = Society(NetworkGame(2, 2, 2, 2, endowment), minds, Seating(N), Named.of(("identity", rule)))
    return run(society, seed, TICKS, record=("acts", "payoff", "purse"))


class Buyers(Mind):
    """Buys what it is told to, up to what it may."""

    wanted: jnp.ndarray

    def init(self, key, seats):
        return ()

    def act(self, memory, view, key):
        return Decision(Named.of(("identities", jnp.minimum(self.wanted, view.menu["identities"].high))), ())


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Identity(levy=4, price=1, most=3, detect=0.4, fine=2, lasting=True), Identity(levy=0, detect=0.4))


@pytest.mark.slow
def test_every_tick_against_a_plain_loop() -> None:
    """Random rules among random buyers who own little: everybody or nobody is checked; in Python's whole numbers."""
    draws = np.random.default_rng(2002)
    for check, lasting in ((0, True), (1, False), (1, True), (0, False)):
        levy, price, most, fine = (int(draws.integers(*span)) for span in ((1, 15), (0, 8), (1, 9), (0, 30)))
        log = traded(Identity(levy, price, most, check, fine, lasting), seed=int(draws.integers(100)))
        purse, further, rest = [0] * N, [0] * N, 0
        for tick in range(TICKS):
            wanted = log.traces["act.identities"][tick].tolist()
            able = [max(own + PAID, 0) for own in purse]
            levies = [min(levy, has) for has in able]
            bought = [min(w, (has - paid) // price) if price else w for w, has, paid in zip(wanted, able, levies, strict=True)]
            further = [old + new for old, new in zip(further, bought, strict=True)]
            assert max(further) <= most
            pool, heads = rest + sum(levies), N + sum(further)
            share = [pool * (1 + own) // heads for own in further]
            left = [has - paid - price * new + got for has, paid, new, got in zip(able, levies, bought, share, strict=True)]
            fines = [min(check * fine * own, has) for own, has in zip(further, left, strict=True)]
            payoff = [has - f - max(own + PAID, 0) + PAID for has, f, own in zip(left, fines, purse, strict=True)]
            assert log.traces["payoff"][tick].tolist() == payoff
            assert log.readings["ledger.burnt"][tick] == price * sum(bought) + sum(fines)
            assert log.readings["ledger.held"][tick] == pool - sum(share) - rest
            rest = pool - sum(share)
            purse = [own + got for own, got in zip(purse, payoff, strict=True)]
            further = further if lasting and not check else [0] * N


@eqx.filter_jit
def settled(rule: Identity, memory: Register, tick: Tick) -> Ruling:
    """One ruling, compiled once a number of seats."""
    return rule.settle(memory, tick, Key.root(0))


def gains(bench, rule: Identity, bought: list[int]) -> list[int]:
    """What one tick brings each seat, from the rule itself; every seat owns plenty, and buys this many."""
    n = len(bought)
    asks = jnp.ones(n, bool)
    question = Amount(asks, jnp.zeros(n, jnp.int32), jnp.full(n, 10**4, jnp.int32))
    tick = bench.tick(
        Named.of(("identities", question)), Named.of(("identities", jnp.asarray(bought, jnp.int32))), [0] * n, [10**8] * n
    )
    return settled(rule, Register(jnp.zeros(n, jnp.int32), jnp.int32(0)), tick).payoff.tolist()


def test_buying_pays_where_the_closed_form_says_so(bench) -> None:
    """A first identity brings L (n - 1) / (n + 1): it pays iff that exceeds price + detection * fine, by enumeration.

    Expected gains are the mean of a certain check and of none; within 2 units, which are rounding, anything goes.
    """
    draws = np.random.default_rng(1980)
    seen = set[bool]()
    for _ in range(12):
        n, levy, percent = int(draws.choice((2, 5))), int(draws.integers(10_000, 100_000)), int(draws.integers(0, 101))
        brings = Fraction(levy * (n - 1), n + 1)
        price = int(brings * int(draws.integers(20, 101)) / 100)
        fine = int(draws.integers(0, levy))
        none, unseen, found = (
            gains(bench, Identity(levy, price, 10, check, fine), [k] + [0] * (n - 1))[0]
            for k, check in ((0, 0), (1, 0), (1, 1))
        )
        gain = Fraction(unseen * (100 - percent) + found * percent, 100) - none
        margin = brings - price - Fraction(percent * fine, 100)
        assert abs(gain - margin) <= 2
        if abs(margin) > 2:
            seen.add(margin > 0)
    assert seen == {True, False}


def test_the_contest_of_all(bench) -> None:
    """Best answers to everybody's equilibrium of L (n - 1) / (n m) heads, among all that can be bought, are that same number.

    All heads then cost (n - 1) / n of the pool: the effort (n - 1) V / n^2 a seat of a lottery contest over V = n L.
    """
    draws = np.random.default_rng(2008)
    for _ in range(3):
        n, heads, unit = int(draws.choice((2, 5))), int(draws.integers(2, 7)), int(draws.integers(500, 2000))
        price, fine, percent = unit * (n - 1), 2 * unit * (n - 1), 50
        m = price + Fraction(percent * fine, 100)
        levy = int(heads * n * m / (n - 1))
        assert Fraction(levy * (n - 1), n) == heads * m
        assert heads * m == Fraction((n - 1) * n * levy, n**2)

        def expected(k: int, n=n, heads=heads, rule=(levy, price, 50), fine=fine) -> Fraction:
            bought = [k] + [heads - 1] * (n - 1)
            return sum(Fraction(gains(bench, Identity(*rule, check, fine), bought)[0], 2) for check in (0, 1))

        assert max(range(2 * heads), key=expected) == heads - 1


@pytest.mark.slow
def test_lasting_identities_pay_until_they_are_found() -> None:
    """One buyer that always has k: bought anew once found, each tick costs q k (price + fine), to 5 standard errors."""
    draws = np.random.default_rng(7)
    for lasting in (True, False):
        levy, price, fine, q = 60_000, int(draws.integers(100, 999)), int(draws.integers(100, 999)), 0.25
        k = int(draws.integers(1, 6))
        wanted = jnp.asarray([k] + [0] * (N - 1), jnp.int32)
        log = traded(Identity(levy, price, k, q, fine, lasting), Buyers(wanted), seed=k, endowment=10**9)
        mean = log.traces["payoff"][:, 0].mean() - PAID
        brings = N * levy * (1 + k) / (N + k) - levy
        cost = k * q * (price + fine) if lasting else k * (price + q * fine)
        swing = k * (price + fine)
        assert abs(mean - (brings - cost)) < 5 * swing * np.sqrt(q * (1 - q) / TICKS) + (1 + swing / TICKS)


def voted(bench, rule: Identity, given: list[int], bought: list[int]) -> Ruling:
    """One tick in which everybody casts a ballot and buys identities, out of a purse of 1,000."""
    n = len(given)
    menu, acts = bench.harvest([10] * n, 10.0)
    memory = rule.begin(bench.ring(n))
    menu = rule.permit(memory, bench.ring(n), menu)
    acts = acts.add("ballot", jnp.asarray(given, jnp.int32)).add("identities", jnp.asarray(bought, jnp.int32))
    return settled(rule, memory, bench.tick(menu, acts, [0] * n, [1000] * n))


def test_one_seat_buys_a_vote(bench) -> None:
    """It has its way, without a levy, from n - 1 further identities on, and a check comes too late for the ballot."""
    for further, check in ((3, 0), (4, 0), (4, 1), (9, 1)):
        vote = Vote.on(Tax(0.0), Tax, lambda tax: tax.rate, (0.25, 0.5), count=Heads())
        rule = Identity(0, 7, 10, check, 5, inner=vote)
        ruling = voted(bench, rule, [1, 2, 2, 2, 2], [further, 0, 0, 0, 0])
        # At a tie the answer named first, which is the buyer's.
        assert float(ruling.memory.inner.value) == (0.25 if 1 + further >= 4 else 0.5)
        assert ruling.memory.inner.votes.tolist() == [0, 1 + further, 4]
        assert ruling.payoff.tolist() == [-further * (7 + 5 * check), 0, 0, 0, 0]
        assert int(ruling.burnt) == further * (7 + 5 * check)
        assert "have a vote for each of your identities" in rule.describe(ruling.memory)
        assert "may buy up to 10 further identities at 7 units" in rule.describe(ruling.memory)
    # One head, one vote, where ballots are not counted by heads: nobody is asked to buy.
    plain = Identity(0, 7, 10, inner=Vote.on(Tax(0.0), Tax, lambda tax: tax.rate, (0.25, 0.5)))
    menu = plain.permit(plain.begin(bench.ring(3)), bench.ring(3), bench.harvest([1] * 3, 1.0)[0])
    assert not menu["identities"].asked.any()


def test_what_the_rule_inside_takes_and_tells(bench) -> None:
    rule = Identity(5, 2, 3, 1.0, 7, inner=Sanction(levy=2, fine=9))
    menu, acts = bench.harvest([20, 5, 5], 10.0)
    memory = rule.begin(bench.ring(3))
    menu = rule.permit(memory, bench.ring(3), menu)
    bought = Named.of(*acts.items(), ("identities", jnp.asarray([0, 2, 0], jnp.int32)))
    ruling = settled(rule, memory, bench.tick(menu, bought, [50] * 3))
    inner = settled(
        Sanction(levy=2, fine=9), Sanction(levy=2, fine=9).begin(bench.ring(3)), bench.tick(menu, bought, [48, 50, 48])
    )
    assert ruling.public.inner.amount.tolist() == inner.public.amount.tolist()
    assert ruling.public.amount.tolist() == (inner.public.amount + jnp.asarray([0, 14, 0])).tolist()
    seen = Identity(1, inner=Disclosure(scope="all"))
    with pytest.raises(StudyError, match="Disclosure, which tells of others"):
        seen.settle(seen.begin(bench.ring(3)), bench.tick(menu, bought, [50] * 3), Key.root(0))


@pytest.mark.slow
def test_laws_with_a_vote_inside() -> None:
    vote = Vote.on(Tax(), Tax, lambda tax: tax.rate, (0.5,), every=2, count=Heads())
    check_institution(Identity(levy=4, price=1, most=3, detect=0.4, fine=2, inner=vote), Identity(levy=0))


def test_words_and_limits(bench) -> None:
    rule = Identity(levy=5, price=2, most=3, detect=0.25, fine=7)
    memory = rule.begin(bench.ring(3))
    for part in ("pays 5 units", "up to 3 further", "at 2 units each", "probability 0.25", "fined 7 units"):
        assert part in rule.describe(memory)
    assert Identity().describe(memory) == ""
    assert "buy" not in Identity(levy=5, most=0).describe(memory)
    menu, acts = bench.harvest([5, 5, 5], fair=10.0)
    ask = rule.permit(memory, bench.ring(3), menu)
    bought = Named.of(*acts.items(), ("identities", jnp.asarray([2, 0, 0], jnp.int32)))
    certain = Identity(levy=5, price=2, most=3, detect=1.0, fine=7)
    ruling = settled(certain, memory, bench.tick(ask, bought, [9, 9, 9]))
    assert ruling.public.share.tolist() == [9, 3, 3]  # five heads share 15
    assert rule.tell(ruling.public, 0) == (
        "The pool was shared by 5 identities and paid you 9 units. You were fined 9 units for false ones."
    )
    assert ruling.payoff.tolist() == [0, 7, 7]
    for name, wrong in (("levy", {"levy": -1}), ("detect", {"detect": 1.5}), ("most", {"most": 10**5})):
        with pytest.raises(StudyError, match=name):
            Identity(**wrong)
