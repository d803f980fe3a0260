"""Lenses: get, set, print, through wrappers; none or two matches are refused."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Regular, Ring
from commonweal.core.parts import Institution, NoChannel, RuleKind
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons


class Audit(Institution):
    """A rule with a parameter."""

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF
    detect: jax.Array = eqx.field(converter=jnp.float32, default=0.1)


class If(Institution):
    """A rule that holds another."""

    kind: ClassVar[RuleKind] = RuleKind.SCOPE
    inner: Institution
    on: jax.Array = eqx.field(converter=jnp.float32, default=1.0)


def society(**rules):
    minds = Named.of(("civil", Scripted()), ("ruthless", Scripted(greed=3.0)))
    own = Named.of(*(rules or {"audit": If(If(Audit(), 0.5)), "plain": Audit(0.7)}).items())
    return Society(Commons(), minds, Seating(10, Named.of(("ruthless", jnp.float32(0.2)))), own, NoChannel())


DETECT = lens.rule("audit", Audit, lambda a: a.detect)


def test_prints_as_it_is_written():
    assert str(DETECT) == "rules.audit:Audit.detect"
    assert str(lens.world(Commons, lambda w: w.growth)) == "world.growth"
    assert str(lens.mind("ruthless", Scripted, lambda m: m.greed)) == "minds.ruthless:Scripted.greed"
    assert str(lens.share("ruthless")) == "seats.share[ruthless]"
    assert str(lens.size()) == "seats.n"
    assert hash(DETECT) == hash(lens.rule("audit", Audit, lambda b: b.detect))


@pytest.mark.parametrize(
    ("place", "was", "value"),
    [
        (DETECT, 0.1, 0.9),
        (lens.rule("plain", Audit, lambda a: a.detect), 0.7, 0.2),
        (lens.world(Commons, lambda w: w.growth), 2.0, 3.0),
        (lens.mind("ruthless", Scripted, lambda m: m.greed), 3.0, 5.0),
        (lens.share("ruthless"), 0.2, 0.6),
        (lens.size(), 10, 20),
    ],
    ids=str,
)
def test_get_and_set(place, was, value):
    # Laws of a lens (Foster et al. 2007): what is set is got, setting what is there changes nothing, the last set stays.
    before = society()
    assert float(place.get(before)) == pytest.approx(was)
    after = place.set(before, value)
    assert float(place.get(after)) == pytest.approx(value)
    assert float(place.get(before)) == pytest.approx(was)
    assert place.set(before, place.get(before)).digest == before.digest
    assert place.set(after, was).digest == before.digest
    assert place.set(place.set(before, value * 0 + was), value).digest == after.digest
    assert after.digest != before.digest


def test_only_the_place_changes():
    after = DETECT.set(society(), 0.9)
    assert float(after.rules["audit"].inner.inner.detect) == pytest.approx(0.9)
    assert float(after.rules["audit"].inner.on) == 0.5
    assert float(after.rules["plain"].detect) == pytest.approx(0.7)
    assert jax.tree.structure(after) == jax.tree.structure(society())


def test_values_keep_their_type():
    after = DETECT.set(society(), 1)
    assert DETECT.get(after).dtype == jnp.float32
    assert not DETECT.static(after)
    assert lens.size().static(after)


def test_networks_are_no_part_of_the_program():
    seed, whole = lens.graph_seed(), lens.graph()
    assert (str(seed), str(whole)) == ("seats.network.seed", "seats.network")
    before = whole.set(society(), Regular(4, seed=2))
    assert whole.wires
    assert not seed.static(before)
    assert not lens.size().wires
    after = seed.set(before, np.float64(7.0))
    assert after.seats.network == Regular(4, seed=7)
    assert after.digest == whole.set(before, Regular(4, seed=7)).digest != before.digest
    assert seed.set(before, 2).digest == before.digest
    with pytest.raises(StudyError, match="no field 'seed'"):
        seed.get(whole.set(before, Ring(4)))


def test_whole_minds():
    place = lens.whole_mind("ruthless")
    after = place.set(society(), Scripted(level=0.0))
    assert float(after.minds["ruthless"].level) == 0.0
    assert place.static(after)


def test_whole_minds_print():
    assert str(lens.whole_mind("ruthless")).startswith("minds.ruthless")


def test_two_matches_or_none_are_refused():
    on = lens.rule("audit", If, lambda i: i.on)
    with pytest.raises(StudyError, match=r"rules.audit:If.on matches 2 parts; found If, If, Audit"):
        on.get(society())
    with pytest.raises(StudyError, match="matches 0 parts"):
        lens.rule("plain", If, lambda i: i.on).set(society(), 0.0)
    with pytest.raises(StudyError, match=r"nothing is named 'audits'.*did you mean audit"):
        lens.rule("audits", Audit, lambda a: a.detect).get(society())
    one = society(audit=If(Audit()))
    assert float(on.get(on.set(one, 0.25))) == 0.25


def test_a_wrong_field_is_named():
    with pytest.raises(StudyError, match=r"Audit has no field 'detekt'.*did you mean detect"):
        lens.rule("audit", Audit, lambda a: a.detekt).get(society())
    with pytest.raises(StudyError, match="'ruthles'"):
        lens.share("ruthles").set(society(), 0.1)


def test_a_wrong_shelf_is_refused():
    with pytest.raises(StudyError, match="does not belong on that shelf"):
        lens.world(Scripted, lambda m: m.level)
    assert lens.channel(NoChannel, lambda c: c).get(society()) == NoChannel()


def test_equal_parts_in_two_places_stay_two():
    # The same object under two names: setting one must not move the other.
    shared = Audit(0.3)
    both = society(one=shared, two=shared)
    after = lens.rule("one", Audit, lambda a: a.detect).set(both, 0.9)
    assert float(after.rules["one"].detect) == pytest.approx(0.9)
    assert float(after.rules["two"].detect) == pytest.approx(0.3)


def test_every_place_is_read_back_and_set_by_its_text():
    # `parse` is the inverse of printing, and a value's own text changes nothing.
    before = society()
    there = lens.places(before)
    assert {"rules.audit:If.on", "rules.audit:Audit.detect", "world.growth", "seats.share[ruthless]"} <= set(there)
    for text in set(there) - {"rules.audit:If.on"}:
        place = lens.parse(text, before)
        assert str(place) == text
        old = np.asarray(place.get(before)).tolist()
        value = place.read(before, old if isinstance(old, str) else str(old).lower())
        assert place.set(before, value).digest == before.digest
    assert lens.parse("rules.audit:Audit.detect", before) == DETECT
    assert lens.parse("world:Commons.growth", before) == lens.world(Commons, lambda w: w.growth)
    assert lens.parse("minds.civil", before) == lens.whole_mind("civil")
    dotted = Society(Commons(), Named.of(("a.b:c", Scripted())), Seating(3))
    assert str(lens.parse("minds.a.b:c:Scripted.greed", dotted)) == "minds.a.b:c:Scripted.greed"


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("rules.audit:Audit.detekt", "did you mean rules.audit:Audit.detect"),
        ("rules.audits:Audit.detect", "did you mean rules.audit:Audit.detect"),
        ("rules.audit.detect", "xpected one of rules.audit:If.on"),
        ("rules.audit:Quota.limit", "rules.plain:Audit.detect"),
        ("world:Forum.growth", "world.growth"),
        ("world.growth.shape", "world.growth"),
        ("seats.share[nobody]", "did you mean seats.share"),
        ("rules.audit:If.on", "matches 2 parts"),
        ("", "minds.civil:Scripted.greed"),
        ("__class__", "world.growth"),
        ("world.__class__.__name__", "world.growth"),
        ("../../etc/passwd", "world.growth"),
    ],
)
def test_a_text_that_names_nothing_is_told_what_there_is(text, there):
    with pytest.raises(StudyError, match=there):
        lens.parse(text, society())


@pytest.mark.parametrize(
    ("place", "text", "value"),
    [
        (DETECT, "0.5", 0.5),
        (DETECT, "1", 1),
        (lens.size(), "7", 7),
        (lens.Lens("seats", "", Seating, ("shuffled",)), "false", False),
        (DETECT, "nan", None),
        (DETECT, "true", None),
        (DETECT, "[0.5]", None),
        (DETECT, "half", None),
        (DETECT, "{}", None),
        (lens.size(), "2.5", None),
        (lens.size(), "1e30", None),
        (lens.Lens("seats", "", Seating, ("shuffled",)), "1", None),
    ],
)
def test_values_are_read_by_the_type_that_stands(place, text, value):
    if value is None:
        with pytest.raises(StudyError, match="expected"):
            place.read(society(), text)
    else:
        assert place.read(society(), text) == value
        place.set(society(), place.read(society(), text))


def test_what_is_no_value_cannot_be_written():
    with pytest.raises(StudyError, match="no text can stand for"):
        lens.whole_mind("civil").read(society(), "Scripted()")


def test_a_horizon_is_in_no_society():
    before = society()
    assert str(lens.horizon()) == "horizon"
    assert lens.horizon().static(before)
    assert lens.horizon().set(before, 64) is before
