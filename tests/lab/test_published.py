"""Published rows are refused where they name what a study has not."""

import dataclasses

import pytest

from commonweal.core.errors import StudyError
from commonweal.lab.published import Figure, Published, check_published
from commonweal.studies.commons_audit import study
from commonweal.studies.govsim import study as govsim

FACTORS = {part.name: part.factors for part in study.parts}
GOOD = Published("a row", (Figure("survived", 0.5, 0.005),), "scripted", (("population", 5),))


def checked(**changes):
    check_published((dataclasses.replace(GOOD, **changes),), FACTORS, study.metrics, study.name)


def test_a_row_of_cells_a_difference_and_a_row_alone_are_taken():
    checked()
    checked(levels=(("detection probability", 0.5),), against=(("detection probability", 0.0),), compared="direction")
    checked(part="", levels=())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"figures": (Figure("survival", 1.0),)}, "survival"),
        ({"part": "script"}, "'script'; expected one of scripted, map"),
        ({"part": ""}, "levels of no part"),
        ({"compared": "direction"}, "against"),
        ({"against": GOOD.levels}, "one at another level"),
        ({"against": (("population", 20), ("detection probability", 0.0))}, "one at another level"),
        ({"levels": (("population", 6),)}, "population = 6"),
        ({"levels": (("size", 5),)}, "expected a factor among"),
    ],
)
def test_a_row_that_names_what_is_not_there_is_refused(changes, words):
    with pytest.raises(StudyError, match=words):
        checked(**changes)


def test_a_rounding_is_no_negative_number():
    with pytest.raises(StudyError, match="rounded by -1"):
        Figure("survived", 0.5, -1.0)


def test_a_study_refuses_such_rows_too():
    assert govsim.replication is not None
    wrong = dataclasses.replace(govsim.replication, rows=(GOOD,))
    with pytest.raises(StudyError, match="'scripted'"):
        dataclasses.replace(govsim, replication=wrong)
