"""A Sobol design: more points keep the first cells, constraints are kept to, and a part takes it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.institutions.audit import Audit
from commonweal.lab.designs.sobol import Sobol
from commonweal.lab.factors import Factor
from commonweal.lab.study import Part
from commonweal.testing import society_for

FACTORS = (
    Factor("detect", lens.rule("audit", Audit, lambda audit: audit.detect), low=0.0, high=1.0),
    Factor("other", lens.share("other"), low=0.0, high=1.0),
)


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([None, 1, 3]), st.integers(0, 9))
@settings(max_examples=20, deadline=None)
def test_more_points_keep_the_first_cells_and_their_seeds(few, more, replicates, seed):
    def allowed(levels):
        return levels["detect"] + levels["other"] < 1.2

    short = Sobol(few, replicates, seed).begin(FACTORS, allowed)
    long = Sobol(few + more, replicates, seed).begin(FACTORS, allowed)
    assert long[:few] == short
    assert len(long) == few + more
    assert all(allowed(cell.levels) for cell in long)


def test_a_part_runs_it_on_fresh_seeds():
    society = society_for(rules=(("audit", Audit()),))
    part = Part("map", society, FACTORS, ticks=2, seeds=5, design=Sobol(6, replicates=2))
    assert [list(part.seeds_of(cell)) for cell in range(3)] == [[0, 1], [2, 3], [4, 5]]
    assert part.trials == 12
    assert part.design.facts() == {"kind": "sobol", "points": 6, "replicates": 2, "seed": 0}
    levels = part.cells()[1]
    assert float(part.society_of(levels).seats.share["other"]) == pytest.approx(float(levels["other"]))


def test_levels_are_run_once_each_and_no_more():
    factors = (Factor("a", lens.size(), (1, 2, 3)), Factor("b", lens.size(), ("x", "y")))
    cells = Sobol(6).begin(factors, lambda levels: True)
    assert len({tuple(cell.levels.values()) for cell in cells}) == 6
    with pytest.raises(StudyError, match="6 of"):
        Sobol(7).begin(factors, lambda levels: True)


@pytest.mark.parametrize(("points", "replicates"), [(0, None), (4, 0)])
def test_an_empty_sample_is_refused(points, replicates):
    with pytest.raises(StudyError, match="at least 1"):
        Sobol(points, replicates)
    with pytest.raises(StudyError, match="no factors"):
        Sobol(3).begin((), lambda levels: True)
