"""Ablations, baselines and other authors: what each leaves of the society."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.channels.broadcast import Broadcast
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.parts import NoChannel
from commonweal.core.seats import Links, Seating
from commonweal.core.society import Society
from commonweal.institutions.audit import Audit
from commonweal.institutions.disclosure import Disclosure
from commonweal.institutions.presence import If
from commonweal.institutions.rewiring import Rewiring
from commonweal.institutions.shuffle import Shuffle
from commonweal.lab.robustness.basis import Basis, Change, basis_of
from commonweal.lab.robustness.controls import DRAWS, ablations, around, baselines, other_authors, slip, slips
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.welfare import Welfare
from commonweal.minds.forgetful import Forgetful
from commonweal.minds.language import Language
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons
from commonweal.worlds.network_game import NetworkGame
from commonweal.worlds.reframed import Reframed


def basis(society: Society, factor: Factor) -> Basis:
    main = Part("main", society, (factor,), 8, 5)
    primary = Primary("welfare", "main", factor.label, factor.levels[0], factor.levels[-1], "It")
    return basis_of(Study("tried", "Is it?", (main,), Named.of(("welfare", Welfare())), primary))


def talking(mind=None, scope="contacts") -> Basis:
    society = Society(
        Commons(),
        Named.of(("one", Scripted(level=0.8) if mind is None else mind), ("two", Scripted(greed=2.0))),
        Seating(8, Named.of(("two", jnp.float32(0.5))), network=Ring(2)),
        Named.of(("audit", Audit(detect=0.0)), ("news", Disclosure(scope=scope))),
        Broadcast(),
    )
    return basis(society, Factor("detection", lens.rule("audit", Audit, lambda rule: rule.detect), (0.0, 0.5)))


def playing() -> Basis:
    society = Society(
        NetworkGame(),
        Named.of(("one", MemoryOne.tit_for_tat()), ("two", MemoryOne.always_defect())),
        Seating(12, Named.of(("two", jnp.float32(0.5))), network=Ring(4)),
    )
    return basis(society, Factor("temptation", lens.world(NetworkGame, lambda world: world.temptation), (4, 5)))


def named(changes, axis: str) -> list[Change]:
    return [change for change in changes if change.axis == axis]


def test_a_shuffle_is_of_contacts_and_of_news():
    contacts, news = (change.make().society for change in named(ablations(talking()), "shuffle"))
    assert isinstance(contacts.rules["restless"], Rewiring)
    assert bool(contacts.rules["restless"].blind)
    assert isinstance(news.rules["news"], Shuffle)
    assert len(named(ablations(talking(scope="all")), "shuffle")) == 1  # all are told the same: nothing to shuffle


def test_mute_takes_news_and_words_away_and_keeps_lenses_whole():
    own = talking()
    (mute,) = named(ablations(own), "mute")
    part = mute.make()
    rule = part.society.rules["news"]
    assert isinstance(rule, If)
    assert not bool(rule.on)
    assert isinstance(part.society.channel, NoChannel)
    assert isinstance(part.society.rules["audit"], Audit)


def test_the_rule_in_question_is_not_muted():
    own = talking()
    factor = Factor("reach", lens.rule("news", Disclosure, lambda rule: rule.reach), (0.0, 1.0))
    (mute,) = named(ablations(basis(own.part.society, factor)), "mute")
    assert isinstance(mute.make().society.rules["news"], Disclosure)


def test_a_world_that_tells_is_muted_and_contacts_are_cut():
    (mute,) = named(ablations(playing()), "mute")
    world = mute.make().society.world
    assert isinstance(world, Reframed)
    assert not world.told
    (apart,) = named(ablations(playing()), "baseline")
    assert int(Links.of(apart.make().society.seats.network, 12).degree.max()) == 0


def test_baselines():
    quiet = basis(
        Society(Commons(), Named.of(("one", Language(persona="You fish."))), Seating(6)),
        Factor("growth", lens.world(Commons, lambda world: world.growth), (2.0, 3.0)),
    )
    alone, scripted, random = (change.make().society for change in baselines(quiet))
    assert alone.seats.n == 1
    assert isinstance(scripted.minds["one"], Scripted)
    assert float(random.minds["one"].random) == 1.0


@pytest.mark.parametrize("seed", range(20))
def test_random_minds_stay_within_reach_and_range(seed):
    random = np.random.default_rng(seed)
    reach = random.random()
    mind = Scripted(level=0.9, condition=0.1, greed=3.0, tremble=0.02, ballot=2.0)
    found = around(mind, random, reach)
    for name, width in (("level", 0.25), ("condition", 0.25), ("prior", 0.25), ("tremble", 0.01), ("random", 0.0)):
        value, own = float(getattr(found, name)), float(getattr(mind, name))
        assert 0.0 <= value <= 1.0
        assert abs(value - own) <= reach * width + 1e-6
    assert 3.0 / 1.5**reach - 1e-5 <= float(found.greed) <= 3.0 * 1.5**reach + 1e-5
    assert float(found.ballot) == 2.0
    assert float(around(Scripted(), random).greed) >= 1.0


def test_random_minds_are_the_same_on_every_machine_and_reach_inside():
    one, two = (around(Forgetful(Scripted(level=0.5)), np.random.default_rng(3)) for _ in range(2))
    assert float(one.inner.level) == float(two.inner.level) != 0.5
    game = around(MemoryOne.tit_for_tat(), np.random.default_rng(3))
    assert float(game.cc) < 1.0
    assert float(game.dd) > 0.0


def test_other_authors_are_draws_programs_and_a_second_scale():
    commons, game = list(other_authors(talking())), list(other_authors(playing()))
    assert [len(named(commons, axis)) for axis in ("random minds", "programs", "norm scale")] == [DRAWS, 0, 1]
    assert [len(named(game, axis)) for axis in ("random minds", "programs", "norm scale")] == [DRAWS, 4, 0]
    levels = {float(change.make().society.minds["one"].level) for change in named(commons, "random minds")}
    assert len(levels) == DRAWS
    program = named(game, "programs")[0].make().society.minds
    assert float(program["one"].dd) == 1.0  # win-stay, lose-shift
    assert float(program["two"].cc) == 0.0


def test_slips_are_at_least_so_frequent_and_reach_inside():
    found = slip(Forgetful(Scripted(random=0.3)), 0.05)
    assert float(found.inner.random) == pytest.approx(0.3)
    assert float(slip(Scripted(), 0.05).random) == pytest.approx(0.05)
    assert float(slip(MemoryOne.always_defect(), 0.02).tremble) == pytest.approx(0.02)
    assert [change.what for change in slips(playing())] == ["1 % of acts are random", "5 % of acts are random"]
    part = next(iter(slips(playing()))).make()
    assert [float(mind.tremble) for mind in part.society.minds.values] == pytest.approx([0.01, 0.01])
