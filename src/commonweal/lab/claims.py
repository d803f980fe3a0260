"""What a study may not claim: a society of recorded minds says nothing of societies until its record is validated."""

from __future__ import annotations

from collections.abc import Iterator

from commonweal.core.errors import StudyError
from commonweal.lab.study import Part, Study
from commonweal.metrics.off_record import OffRecord
from commonweal.minds.recorded import Recorded


def refuse_unvalidated(study: Study) -> None:
    """Refuse recorded minds that carry a claim which they cannot bear.

    Raises:
        StudyError: a main part seats a recorded mind whose record is not validated or failed, or decisions outside a record
            would go unreported.
    """
    for part in study.parts:
        for name, mind in _recorded(part):
            if not any(isinstance(metric, OffRecord) for metric in study.metrics.values):
                raise StudyError(
                    f"part {part.name!r} seats the recorded mind {name!r} and the study does not measure how often it decides "
                    'outside its record; expected that measure in the table: add ("off-record", OffRecord()) to the metrics'
                )
            if part.role == "main":
                _refuse(part, name, mind)


def _refuse(part: Part, name: str, mind: Recorded) -> None:
    tried = mind.validation
    if tried is not None and tried.passed and tried.record == mind.record.digest:
        return
    found = "is not validated"
    if tried is not None:
        failed = [own.name for own in tried.statistics if not own.passed]
        found = f"failed its validation ({', '.join(failed) or 'nothing was compared'})"
        if tried.record != mind.record.digest:
            found = "was validated with another record"
    raise StudyError(
        f"main part {part.name!r} seats the recorded mind {name!r}, whose record {found}; expected societies of it to match "
        "held-out groups before anything is claimed of societies: validate the record with analysis.held_out and pass "
        "Recorded(validation=...), or make the part a control"
    )


def _recorded(part: Part) -> Iterator[tuple[str, Recorded]]:
    """The recorded minds of all cells of a part, by name."""
    values = [value for factor in part.factors for value in factor.values or ()]
    if not any(isinstance(mind, Recorded) for mind in (*part.society.minds.values, *values)):
        return
    for levels in part.cells():
        for name, mind in part.society_of(levels).minds.items():
            if isinstance(mind, Recorded):
                yield name, mind
