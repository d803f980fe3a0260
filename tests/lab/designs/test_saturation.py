"""A saturation design: each share has societies of its own, or the same ones where they are matched."""

import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.lab.designs.saturation import Saturation
from commonweal.lab.factors import Factor

SHARE = Factor("givers", lens.share("giver"), low=0.0, high=1.0)
KIND = Factor("network", lens.graph(), ("ring", "lattice"))
DESIGN = {"share": "givers", "treated": "y1", "untreated": "y0", "everybody": "y"}


def yes(levels):
    return True


def test_each_saturation_has_societies_of_its_own():
    cells = Saturation(**DESIGN, levels=(0.0, 0.5), replicates=10).begin((SHARE, KIND), yes)
    assert [tuple(cell.levels.values()) for cell in cells] == [(0.0, "ring"), (0.0, "lattice"), (0.5, "ring"), (0.5, "lattice")]
    assert [(cell.first, cell.seeds) for cell in cells] == [(0, 10), (10, 10), (20, 10), (30, 10)]


def test_matched_societies_share_their_seeds():
    cells = Saturation(**DESIGN, replicates=4, matched=True).begin((SHARE,), yes)
    assert [(cell.first, cell.seeds) for cell in cells] == [(0, 4)] * 4


@pytest.mark.parametrize(
    ("design", "factors", "message"),
    [
        ({"levels": (0.5,)}, (SHARE,), "expected 0"),
        ({"levels": (0.0,)}, (SHARE,), "expected 0"),
        ({"levels": (0.0, 1.5)}, (SHARE,), "at most 1"),
        ({}, (KIND,), "no factor"),
        ({}, (Factor("givers", lens.share("giver"), (0.0, 0.5)),), "does not admit the saturation 0.25"),
        ({}, (SHARE, Factor("x", lens.size(), low=2, high=5)), "has a range"),
        ({"replicates": 0}, (SHARE,), "at least 1"),
    ],
)
def test_mistakes_are_told(design, factors, message):
    with pytest.raises(StudyError, match=message):
        Saturation(**DESIGN, **design).begin(factors, yes)


def test_nothing_allowed_is_refused():
    with pytest.raises(StudyError, match="no combination"):
        Saturation(**DESIGN).begin((SHARE,), lambda levels: False)
