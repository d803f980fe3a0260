"""A nested rule against the rule itself, against rules within groups, and against societies of one village each."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.menu import defaults
from commonweal.core.named import Named
from commonweal.core.networks import Regular
from commonweal.core.parts import Mind
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Decision, Tick
from commonweal.engine.compiled import advance, run
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.institutions.audit import Audit
from commonweal.institutions.disclosure import Disclosure
from commonweal.institutions.moran import Moran
from commonweal.institutions.nested import Nested
from commonweal.institutions.peer_punishment import PeerPunishment
from commonweal.institutions.quota import Quota
from commonweal.institutions.tax import Tax
from commonweal.institutions.voting import Vote
from commonweal.institutions.within import Within
from commonweal.testing import Wild, check_institution
from commonweal.worlds.commons import Commons
from commonweal.worlds.network_game import NetworkGame
from commonweal.worlds.public_goods import PublicGoods
from commonweal.worlds.villages import Villages

N = 12
NAMES = ("household", "village", "region")
RECORD = ("acts", "payoff", "purse", "mind")


class Fixed(Mind):
    """Takes what it always takes, one number a seat; votes for answer `ballot`."""

    family = True
    units: jax.Array = eqx.field(converter=jnp.int32, default=1)
    ballot: jax.Array = eqx.field(converter=jnp.int32, default=0)

    def init(self, key, seats):
        return ()

    def act(self, memory, view, key):
        acts = [("harvest", jnp.minimum(self.units, view.menu["harvest"].high))]
        if "ballot" in view.menu:
            acts.append(("ballot", jnp.broadcast_to(self.ballot, view.payoff.shape)))
        return Decision(Named.of(*acts), memory)


def society(rule, world=None, mind=None, n=N, groups=None, network=None) -> Society:
    """A few seats under one rule, or none."""
    rules = Named.of() if rule is None else Named.of(("r", rule))
    seating = Seating(n, groups=groups, network=network)
    return Society(Commons() if world is None else world, Named.of(("m", Wild() if mind is None else mind)), seating, rules)


def differing(one, two) -> list[str]:
    """Names of the traces and readings in which two trials differ."""
    assert one.traces.keys() == two.traces.keys()
    pairs = (("traces", name) for name in one.traces), (("readings", name) for name in one.readings)
    return [
        name for kind, name in itertools.chain(*pairs) if not np.array_equal(getattr(one, kind)[name], getattr(two, kind)[name])
    ]


@pytest.mark.slow
def test_laws() -> None:
    levels = {"units": (4, 2, 1), "names": NAMES, "effects": (0.2, 0.6, 1.0)}
    check_institution(Nested(Audit(detect=0.7, hold_after=1), **levels, share=0.5), Nested(Audit(detect=0.0), **levels))
    check_institution(Nested(Tax(rate=0.3), **levels), Nested())
    check_institution(Nested(Tax(rate=0.3), (2,), ("village",)), None, NetworkGame())
    check_institution(Nested(Tax(rate=0.3), (2,), ("village",)), None, NetworkGame(per_contact=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "world"),
    [(Audit(detect=0.7, hold_after=1), None), (PeerPunishment(), PublicGoods()), (Moran(selection=0.1), None)],
)
def test_where_the_region_decides_it_is_the_rule_itself_draw_for_draw(rule, world) -> None:
    bare = run(society(rule, world), 3, 4, record=RECORD)
    assert differing(bare, run(society(Nested(rule), world), 3, 4, record=RECORD)) == []
    if not isinstance(rule, PeerPunishment):
        nested = Nested(rule, (6, 2, 1), NAMES, (0.3, 0.6, 1.0), share=1.0)
        assert differing(bare, run(society(nested, world), 3, 4, record=RECORD)) == []


@pytest.mark.slow
def test_two_villages_are_a_rule_within_each_of_two_groups() -> None:
    """An audit that finds everything treats seat by seat, and so needs no society of its own."""
    groups = jnp.stack([jnp.arange(N) % 2 == 0, jnp.arange(N) % 2 == 1], 1)
    audit = Audit(detect=1.0, hold_after=2)
    nested = run(society(Nested(audit, (2,), ("village",)), groups=groups), 1, 4, record=RECORD)
    twice = society(None, groups=groups)
    rules = Named.of(("r", Within(audit, 0)), ("s", Within(audit, 1)))
    assert differing(nested, run(Society(twice.world, twice.minds, twice.seats, rules), 1, 4, record=RECORD)) == []


@pytest.mark.slow
@pytest.mark.parametrize("taken", [Tax(rate=0.3), Vote.on(Tax(rate=0.0), Tax, lambda tax: tax.rate, (0.3, 0.7), every=1)])
def test_a_village_in_a_nested_rule_is_a_society_of_its_own(taken) -> None:
    """The independent implementation is each village as a commons of its own, with its own tax and its own vote on it."""
    villages, months = 3, 4
    rng = np.random.default_rng(5)
    units, ballot = rng.integers(0, 12, N), rng.integers(0, 3, N)
    whole = run(
        society(Nested(taken, (villages,), ("village",)), Villages(villages, spill=0.0), Fixed(units, ballot)), 1, months,
        record=RECORD,
    )  # fmt: skip
    burnt = np.zeros(months, np.int64)
    for village in range(villages):
        own = Fixed(units[village::villages], ballot[village::villages])
        alone = run(society(taken, Commons(), own, N // villages), 1, months, record=RECORD)
        for name in ("payoff", "purse"):
            assert np.array_equal(whole.traces[name][:, village::villages], alone.traces[name]), (village, name)
        burnt += alone.readings["ledger.burnt"]
    assert np.array_equal(whole.readings["ledger.burnt"], burnt)
    assert np.ptp(whole.traces["payoff"][-1]) > 0


def test_a_tax_stays_in_its_village_by_hand() -> None:
    """Six seats in two villages earn 10, 20, ..., 60; half is taken, and each village's pool is shared among its own three."""
    made = jnp.arange(10, 70, 10, dtype=jnp.int32)
    tax = Tax(rate=0.5)
    trial = begin(society(None, n=6), 1)
    seats = trial.state.seats
    view = offer(trial.society, trial.state)
    acts = defaults(view.menu)
    flags = view.menu.map(lambda question: question.asked)
    zero = jnp.zeros(6, jnp.int32)
    tick = Tick(jnp.int32(0), seats, view.menu, acts, acts, flags, made, made, zero, None, zero > 0)
    for share, sums in ((0.0, (90, 120)), (0.7, (90, 120)), (0.9, None)):
        rule = Nested(tax, (2, 1), NAMES[1:], (0.8, 1.0), share)
        ruling = jax.jit(lambda own, at: own.settle(own.begin(at.seats), at, Key.root(0)))(rule, tick)
        paid = np.asarray(ruling.payoff)
        for village in range(2):
            own = np.asarray(made)[village::2]
            if sums is not None:
                assert paid[village::2].tolist() == [x // 2 + sums[village] // 2 // 3 for x in own.tolist()]
        if sums is None:
            assert paid.tolist() == [x // 2 + 105 // 6 for x in made.tolist()]
        assert int(ruling.burnt) + int(ruling.held) == 210 - paid.sum()


def test_the_lowest_level_that_bears_enough_decides() -> None:
    """Against a plain search, with the parts that a household, a village and the region bear on a river."""
    rng = np.random.default_rng(6)
    units = (24, 4, 1)
    for _ in range(40):
        world = Villages(4, growth=float(rng.uniform(1.1, 4.0)), spill=float(rng.uniform(0.0, 1.0)))
        effects = [world.borne(count) for count in units]
        share = float(rng.choice([0.0, 1.0, rng.uniform()]))
        rule = Nested(Tax(), units, NAMES, effects, share)
        found = next((level for level, part in enumerate(effects) if part >= share), 2)
        assert int(rule.level()) == (found if share < 1.0 or effects[found] == 1.0 else 2)
    assert [int(Nested(Tax(), units, NAMES, (0.2, 0.6, 0.9), share).level()) for share in (0.0, 0.2, 0.5, 1.0)] == [0, 0, 1, 2]


@pytest.mark.slow
def test_memory_of_levels_that_do_not_decide_stands_still() -> None:
    rule = Nested(Audit(detect=1.0, hold_after=0), (4, 2, 1), NAMES, (0.2, 0.6, 1.0), 0.5)
    trial = begin(society(rule, mind=Fixed(20)), 1)
    memory = jax.device_get(advance(trial, 1).state.rules[0])
    assert [int(own.offences.sum()) for own in memory] == [0, N, 0]
    assert memory[1].offences.shape == (2, N // 2)
    words = rule.describe(memory)
    assert words.startswith("Each village of 2 has this rule for itself: Each round everyone is inspected")


def test_peers_are_of_the_own_village() -> None:
    rule = Nested(PeerPunishment(), (3,), ("village",))
    trial = begin(society(rule, PublicGoods()), 1)
    menu = rule.permit(trial.state.rules[0], trial.state.seats, trial.society.world.menu(
        trial.state.world, trial.state.seats, trial.state.purse))  # fmt: skip
    to = np.asarray(menu["punish"].to)
    for seat, row in enumerate(to):
        assert sorted(row[row >= 0].tolist()) == [other for other in range(N) if other % 3 == seat % 3 and other != seat]


def test_contacts_outside_the_village_are_none_of_its_business() -> None:
    """A question that is answered contact by contact keeps its contacts, and the copy sees members alone."""
    seen = []

    class Looks(Tax):
        def permit(self, memory, seats, menu):
            seen.append(next(iter(menu.values)).to.shape)
            return menu

    trial = begin(society(Nested(Looks(), (2,), ("village",)), NetworkGame(per_contact=True), network=Regular(4)), 1)
    state = trial.state
    bare = trial.society.world.menu(state.world, state.seats, state.purse)
    name = bare.names[0]
    ruled = trial.society.rules["r"].permit(state.rules[0], state.seats, bare)
    assert np.array_equal(ruled[name].to, bare[name].to)
    assert seen[-1] == (N // 2, 4)


def test_what_does_not_nest_is_refused() -> None:
    for units in ((), (3, 2), (2, 2), (1, 2), (0,)):
        with pytest.raises(StudyError, match="divides the one before"):
            Nested(Tax(), units, NAMES[: len(units)], (0.5, 1.0, 1.0)[: len(units)])
    with pytest.raises(StudyError, match="do not fall"):
        Nested(Tax(), (2, 1), NAMES[1:], (0.9, 0.5))
    with pytest.raises(StudyError, match="share = 2"):
        Nested(Tax(), share=2.0)
    with pytest.raises(StudyError, match="split into 5 units"):
        begin(society(Nested(Tax(), (5,), ("village",))), 1)
    with pytest.raises(StudyError, match="at another"):
        begin(society(Nested(PeerPunishment(), (2, 1), NAMES[1:], (0.5, 1.0)), PublicGoods()), 1)
    with pytest.raises(StudyError, match="network"):
        begin(society(Nested(Disclosure(), (2,), ("village",)), network=Regular(4)), 1)


def test_words() -> None:
    assert Nested().describe(((),)) == ""
    assert (
        Nested(Quota(2.0), (2,), ("village",)).describe(((),)).startswith("Each village of 2 has this rule for itself: There")
    )
