"""Targets are kept in the plan, and refused where they name what a study has not, or a part that is no prior."""

import dataclasses
import json
import math

import pytest

from commonweal.core.errors import StudyError
from commonweal.lab.designs.full import Full
from commonweal.lab.designs.latin_hypercube import LatinHypercube
from commonweal.lab.designs.morris import Morris
from commonweal.lab.designs.sobol import Sobol
from commonweal.lab.plan import make_plan
from commonweal.lab.targets import Target, check_targets
from planted import DETECT, PAYER, TOLERANCE, WELFARE, study_of

GOOD = Target("welfare", 3.0, 0.5, "Paper A", "main", "noted by others")
FACTORS = {"main": (DETECT, TOLERANCE)}
SOBOL = {"main": "sobol"}


def prior():
    """A study of four draws, of which nothing is run."""
    return study_of(LatinHypercube(4), (DETECT, TOLERANCE), WELFARE)


def test_targets_of_even_designs_are_taken_and_the_same_number_of_two_parts() -> None:
    for design in (LatinHypercube(4), Sobol(4)):
        study = study_of(design, (DETECT, TOLERANCE), WELFARE)
        assert dataclasses.replace(study, targets=(GOOD,)).targets == (GOOD,)
    two = {"main": (DETECT,), "other": (DETECT,)}
    other = dataclasses.replace(GOOD, part="other")
    assert check_targets((GOOD, other), two, dict.fromkeys(two, "sobol"), WELFARE, "s") is None


def test_the_plan_holds_the_targets_and_is_as_it_was_without_any() -> None:
    bare, full = (make_plan(dataclasses.replace(prior(), targets=own), None, None) for own in ((), (GOOD,)))
    assert "targets" not in bare["study"]
    kept = full["study"].pop("targets")
    assert json.loads(json.dumps(kept)) == [dataclasses.asdict(GOOD)]
    assert full["study"] == bare["study"]
    assert full["digest"] != bare["digest"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metric": "welfar"}, "did you mean welfare"),
        ({"part": "prior"}, "expected one of main"),
        ({"error": 0.0}, "error above 0"),
        ({"error": math.inf}, "error above 0"),
        ({"published": math.nan}, "a finite number"),
    ],
)
def test_a_target_that_cannot_be_met_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(StudyError, match=words):
        check_targets((dataclasses.replace(GOOD, **changes),), FACTORS, SOBOL, WELFARE, "s")


def test_a_number_is_published_once_a_part() -> None:
    with pytest.raises(StudyError, match="twice"):
        check_targets((GOOD, dataclasses.replace(GOOD, account="Paper B")), FACTORS, SOBOL, WELFARE, "s")


def test_a_part_that_is_no_prior_is_refused() -> None:
    for design, factors, words in (
        (Full(), (PAYER,), "levels of 'payer' and the design full"),
        (Sobol(2), (DETECT, PAYER), "levels of 'payer'"),
        (Morris(2), (DETECT, TOLERANCE), "2 factors and the design morris"),
    ):
        with pytest.raises(StudyError, match=words):
            dataclasses.replace(study_of(design, factors, WELFARE), targets=(GOOD,))
    with pytest.raises(StudyError, match="0 factors"):
        check_targets((GOOD,), {"main": ()}, SOBOL, WELFARE, "s")
