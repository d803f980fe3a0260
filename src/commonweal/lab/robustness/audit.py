"""The audit of a study: further parts, one a specification, that ask its primary question of a changed society."""

from __future__ import annotations

import dataclasses
import re

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Metric, Mind
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.check import check
from commonweal.lab.robustness.basis import Basis, Change, basis_of
from commonweal.lab.robustness.controls import ablations, baselines, other_authors, slips
from commonweal.lab.robustness.perturbations import perturbations
from commonweal.lab.study import Part, Specification, Study
from commonweal.models.model import Model


def robust(study: Study, second: Model | None = None) -> Study:
    """The same study with an audit of its primary outcome: parts of the role `audit`, one a specification.

    Each asks the primary question of the primary part's society, thinned to at most 8 cells, with one thing changed. What can
    be changed is found in the society itself; a change that it does not admit (no contacts, no words, a factor that stands
    in its way) is left out. Parts of an earlier audit are replaced. In `analysis/robustness.py` they become a verdict.

    Args:
        study: whose primary outcome is audited.
        second: a language model of another family than the study's; None: the claim is tried with one family only.

    Raises:
        StudyError: nothing is left of the primary part when it is thinned.
    """
    own = tuple(part for part in study.parts if part.role != "audit")
    basis = basis_of(study)
    found: list[Part] = []
    for changes in (perturbations(basis, second), slips(basis), ablations(basis), baselines(basis), other_authors(basis)):
        for change in changes:
            part = _made(basis, change, len(found) + 1, study.metrics)
            if part is not None:
                found.append(part)
    return dataclasses.replace(study, parts=(*own, *found))


def _made(basis: Basis, change: Change, number: int, metrics: Named[Metric]) -> Part | None:
    """The part of a change; None where the society does not admit it."""
    name = f"audit-{number:02d}-{re.sub(r'[^a-z0-9]+', '-', change.axis.lower())}"
    try:
        part = dataclasses.replace(change.make(), name=name, specification=Specification(change.axis, change.what))
        societies = [part.society_of(levels) for levels in part.cells()]
        _begin(societies[0])
        if change.axis == "shuffle":
            # A second part that moves contacts shows itself only in a tick, which takes far longer to try than a beginning.
            check(societies[0], metrics)
    except StudyError:
        return None
    same = all(own.digest == old for own, old in zip(societies, _digests(basis), strict=False))
    unchanged = same and part.ticks == basis.part.ticks and len(societies) == len(basis.part.cells())
    return None if unchanged and change.axis != "fresh seeds" else part


def _begin(society: Society) -> None:
    """Begin a trial, so far as parts may refuse to.

    Raises:
        StudyError: a part refuses its seats.
    """
    seats = society.seats.seat(society.minds.names, society.seats.links(), Key.root(0))
    world = society.world.reset(Key.root(0), seats)
    society.channel.begin(seats)
    for rule in society.rules.values:
        rule.begin(seats)
    for mind in society.minds.values:
        if isinstance(mind, Mind):
            mind.init(Key.root(0), seats)
    society.world.observe(world.state, seats, world.endowment)
    society.world.menu(world.state, seats, world.endowment)


def _digests(basis: Basis) -> list[str]:
    return [basis.part.society_of(levels).digest for levels in basis.part.cells()]
