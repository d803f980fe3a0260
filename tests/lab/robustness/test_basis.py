"""What an audit starts from: thinned to 8 cells, with as many trials as the primary part has of its two arms."""

import dataclasses

import jax.numpy as jnp
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.presence import If
from commonweal.institutions.tax import Tax
from commonweal.lab.designs.sobol import Sobol
from commonweal.lab.robustness.basis import BLOCKS, basis_of, inside
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.gain import Gain
from commonweal.minds.scripted import Scripted
from commonweal.studies.commons_audit import DETECT, SHARE, SIZE
from commonweal.studies.commons_audit import study as commons_audit
from commonweal.worlds.commons import Commons

GROWTH = Factor("growth", lens.world(Commons, lambda world: world.growth), (1.5, 2.0, 2.5))


def study(*factors: Factor, seeds: int = 7, **part: object) -> Study:
    society = Society(
        Commons(), Named.of(("one", Scripted()), ("two", Scripted(greed=2.0))), Seating(6, Named.of(("two", jnp.float32(0.5))))
    )
    main = Part("main", society, (GROWTH, *factors), 3, seeds, **part)
    return Study(
        "tried", "Is it?", (main,), Named.of(("gain", Gain())), Primary("gain", "main", "growth", 1.5, 2.5, "More growth")
    )


def test_the_commons_keeps_both_arms_the_middle_size_and_four_shares():
    basis = basis_of(commons_audit)
    levels = {factor.label: factor.levels for factor in basis.part.factors}
    assert levels == {SHARE: (0.0, 0.1, 0.3, 0.6), DETECT: (0.0, 0.5), SIZE: (100,)}
    assert len(basis.part.cells()) == 8
    # The primary part has 8 shares x 4 sizes x 5 seeds in each arm: 160; so have 4 blocks of 40 seeds.
    assert basis.part.seeds == 40
    assert basis.typical.seats.n == 100
    assert (basis.part.role, basis.part.theory is not None) == ("audit", True)


def test_several_factors_share_the_blocks():
    share = Factor("share", lens.share("two"), tuple(round(0.1 * i, 1) for i in range(8)))
    greed = Factor("greed", lens.mind("two", Scripted, lambda mind: mind.greed), (1.0, 2.0, 3.0))
    part = basis_of(study(share, greed)).part
    assert len(part.cells()) <= 2 * BLOCKS
    assert all(len(factor.levels) >= 2 for factor in part.factors)


def test_a_range_keeps_levels_inside_it():
    size = Factor("seats", lens.size(), low=10, high=100, whole=True)
    share = Factor("share", lens.share("two"), low=0.1, high=0.9)
    part = basis_of(study(size, share, design=Sobol(8))).part
    levels = {factor.label: factor.levels for factor in part.factors}
    assert levels["share"] == pytest.approx((0.2, 0.4, 0.6, 0.8))
    assert levels["seats"] == (55,)


def test_no_more_trials_than_the_primary_part_has_in_its_arms():
    assert basis_of(study(seeds=9)).part.seeds == 9
    assert basis_of(study(seeds=2)).part.seeds == 2
    slow = dataclasses.replace(study(seeds=500).parts[0], ticks=100_000)
    assert basis_of(dataclasses.replace(study(), parts=(slow,))).part.seeds < 20


def test_a_constraint_that_leaves_nothing_is_said():
    with pytest.raises(StudyError, match="allows none"):
        basis_of(study(allowed=lambda levels: levels["growth"] == 2.0)).part.cells()


def test_what_a_wrapper_holds():
    rule = If(Tax(rate=0.5))
    assert [type(own) for own in inside(rule)] == [If, Tax]
