"""None in force is the identity; one in force is that rule bare, draw for draw; books balance whichever it is."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.streams import Key
from commonweal.institutions.audit import Audit
from commonweal.institutions.disclosure import Disclosure
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.one_of import OneOf
from commonweal.institutions.presence import If
from commonweal.institutions.quota import Quota
from commonweal.institutions.tax import Tax
from commonweal.testing import check_institution

RULES = Named.of(
    ("quota", Quota(0.7)), ("audit", Audit(detect=0.6)), ("tax", Tax(0.4)), ("imitation", Fermi(beta=0.3, rate=0.5))
)


def test_each_rule_is_as_if_it_stood_there_bare(bench, bare) -> None:
    switched = Named.of(("rule", OneOf(RULES.map(If))))
    place = lens.rule("rule", OneOf, lambda rule: rule.which)
    wanted = np.arange(len(bench.seeds)) % (len(RULES) + 1)
    found = bench.sweep(40, switched, place, wanted)
    known = [bare(40), *(bench.sweep(40, Named.of(("rule", rule))) for rule in RULES.values)]
    for seed, which in enumerate(wanted):
        assert bench.same(known[which][seed], found[seed])
        assert not bench.same(known[(which + 1) % len(known)][seed], found[seed])


@pytest.mark.slow
def test_laws() -> None:
    check_institution(OneOf(RULES.map(If), 2), OneOf(RULES.map(If), 0))


def test_fines_are_told_as_by_one_rule(bench) -> None:
    menu, acts = bench.harvest([10, 40, 10, 40], 10.0)
    tick = bench.tick(menu, acts, [10, 40, 10, 40], [0, 0, 0, 0])
    fined = {}
    for which in (0, 1, 2):
        rule = OneOf(Named.of(("audit", If(Audit(detect=1.0))), ("tax", If(Tax(0.5)))), which)
        ruling = rule.settle(rule.begin(tick.seats), tick, Key.root(4))
        fined[which] = ruling.public.amount.tolist()
        words = [rule.tell(ruling.public, seat) for seat in range(4)]
        assert [bool(word) for word in words] == [which == 2, which > 0] * 2
        assert bool(rule.describe(ruling.memory)) == (which > 0)
    assert fined == {0: [0] * 4, 1: [0, 30, 0, 30], 2: [0] * 4}


def test_errors(bench) -> None:
    with pytest.raises(StudyError, match="a Tax, which has no switch"):
        OneOf(Named.of(("tax", Tax())))
    with pytest.raises(StudyError, match="rule 2 of 1"):
        OneOf(Named.of(("tax", If(Tax()))), 2)
    menu, acts = bench.harvest([10, 40], 10.0)
    tick = bench.tick(menu, acts, [10, 40])
    rule = OneOf(Named.of(("shown", If(Disclosure(scope="all")))), 1)
    with pytest.raises(StudyError, match="'shown' tells of others' acts"):
        rule.settle(rule.begin(tick.seats), tick, Key.root(4))
    assert OneOf(Named.of(("tax", If(Tax()))), jnp.int32(1)).which == 1
