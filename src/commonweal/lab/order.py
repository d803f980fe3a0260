"""What a run was asked to do, as a value that every process of the run can rebuild its study from."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path

from commonweal.lab.desk import bind_desk, desk_for
from commonweal.lab.plan import Json, bound_study, make_plan, needs_model
from commonweal.lab.stages import staged
from commonweal.lab.study import Study, load_study, source_file
from commonweal.minds.desk import Desk
from commonweal.models.choice import ModelChoice
from commonweal.models.model import Model


@dataclasses.dataclass(frozen=True)
class Order:
    """One call of `commonweal run`, without where and with how many processes."""

    reference: str
    """A study's name in the catalogue, or a path to a Python file that holds one."""
    seeds: int | None = None
    """Trials a cell in main parts; None: as the study says."""
    quick: bool = False
    """At most 2 seeds, and 3 ticks with language minds."""
    audit: bool = False
    """Whether a robustness audit is run with it."""
    model: ModelChoice = dataclasses.field(default_factory=ModelChoice)

    def study(self) -> Study:
        """The study that is meant, without models.

        Raises:
            StudyError: there is no such study, or it cannot be audited.
        """
        study = load_study(self.reference).scaled(self.seeds, self.quick)
        if not self.audit:
            return study
        from commonweal.lab.robustness import robust

        return robust(study)

    def words(self) -> str:
        """The order as it is typed: what a reader runs to repeat it."""
        pieces = ["commonweal", "run", self.reference]
        pieces += ["--seeds", str(self.seeds)] if self.seeds is not None else []
        pieces += ["--quick"] if self.quick else []
        pieces += ["--audit"] if self.audit else []
        pieces += ["--model", self.model.name] if self.model.name != "embedded" else []
        pieces += ["--endpoint", self.model.url] if self.model.url is not None else []
        pieces += ["--scoring", self.model.scoring] if self.model.scoring != "auto" else []
        return shlex.join(pieces)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A study that is ready to run."""

    study: Study
    """Its societies hold their models."""
    model: Model | None
    """The run's model; None: no mind needs one."""
    source: Path | None
    """The study's file."""
    desk: Desk | None = None
    """Where seats that are held from outside are offered; None: there are none."""

    def plan(self) -> Json:
        """What will be run."""
        return make_plan(self.study, self.model, self.source)

    def staged(self, directory: Path) -> Prepared:
        """The same with the cells that later stages of a run added.

        Args:
            directory: the run's folder.

        Raises:
            LogError: a stage cannot be read.
        """
        return dataclasses.replace(self, study=staged(self.study, directory))


def prepare(order: Order, replies: Path | None = None) -> Prepared:
    """The study of an order.

    Args:
        order: what is asked for.
        replies: where replies of the model are stored; None: nowhere.

    Raises:
        StudyError: there is no such study, or it cannot be run.
        ModelRefusedError: its model cannot be had.
    """
    study = order.study()
    choice = dataclasses.replace(order.model, budget=order.model.budget.within(study.budget))
    model = choice.open(replies) if needs_model(study) else None
    desk = desk_for(study, replies, order.model.replies)
    seated = bound_study(study if desk is None else bind_desk(study, desk), model)
    return Prepared(seated, model, source_file(order.reference), desk)
