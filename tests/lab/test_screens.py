"""Screens are refused where they name what a study has not."""

import dataclasses

import pytest
from commonweal_plugin.study import study as tithe

from commonweal.core.errors import StudyError
from commonweal.lab.plan import make_plan
from commonweal.lab.screens import Screen, check_screens
from commonweal.studies.commons_audit import DETECT, SIZE, study

FACTORS = {part.name: part.factors for part in study.parts}
GOOD = Screen("Gini", "scripted", ((DETECT, 0.5),))


def test_screens_of_one_part_by_several_metrics_and_of_cells_by_several_levels_are_taken():
    more = Screen("survived", "scripted", ((DETECT, 0.5), (SIZE, 5)), "less")
    assert check_screens((GOOD, more), FACTORS, study.metrics, study.name) is None


def test_the_plan_holds_the_screens_and_is_as_it_was_without_any():
    own = Screen(tithe.metrics.names[0], tithe.primary.part, ((tithe.primary.factor, tithe.primary.control),))
    bare, full = make_plan(tithe, None, None), make_plan(dataclasses.replace(tithe, screens=(own,)), None, None)
    assert "screens" not in bare["study"]
    assert full["study"].pop("screens") == [dataclasses.asdict(own)]
    assert full["study"] == bare["study"]
    assert full["digest"] != bare["digest"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metric": "Gin"}, "did you mean Gini"),
        ({"part": "script"}, "expected one of scripted, map"),
        ({"innocent": ()}, "names no innocent cells"),
        ({"innocent": (("size", 5),)}, "expected a factor among"),
        ({"innocent": ((DETECT, 0.3),)}, f"innocent {DETECT} = 0.3; expected"),
    ],
)
def test_a_screen_that_names_what_is_not_there_is_refused(changes, words):
    with pytest.raises(StudyError, match=words):
        dataclasses.replace(study, screens=(dataclasses.replace(GOOD, **changes),))


def test_a_metric_screens_a_part_once():
    with pytest.raises(StudyError, match="twice"):
        dataclasses.replace(study, screens=(GOOD, dataclasses.replace(GOOD, guilty="less")))
