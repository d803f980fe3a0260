"""Published numbers that one simulator is asked for, account by account: which of its parameters give them, if any do."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Metric
from commonweal.lab.factors import Factor


@dataclasses.dataclass(frozen=True)
class Target:
    """A published number, and the part whose cells are draws from a prior over the parameters of a simulator.

    The report infers the parameters by approximate Bayesian computation from the targets of each account alone and from all
    together, and says which number the simulator does not give.
    """

    metric: str
    """The study's metric that it is a value of."""
    published: float
    """As published, in the metric's unit."""
    error: float
    """Standard deviation of what the published number may be off ours by, above 0: its own error, its rounding, and that it is
    not measured quite as ours is."""
    account: str
    """Who published it, as in `Paper A`: targets of one account are met together."""
    part: str
    """The part whose factors all have ranges, evenly sampled: the prior."""
    source: str
    """Where it was published, or who says so."""
    note: str = ""
    """What a reader must know of the comparison, in a sentence; empty: nothing."""

    def __post_init__(self) -> None:
        """Refuse what cannot be met."""
        if not math.isfinite(self.published) or not 0 < self.error < math.inf:
            raise StudyError(
                f"a published {self.metric} of {self.published} with an error of {self.error}; expected a finite number, and "
                "an error above 0"
            )


EVEN = ("latin-hypercube", "sobol")
"""Kinds of design whose cells are draws from a prior that is even on every axis."""


def check_targets(
    targets: Sequence[Target],
    factors: Mapping[str, tuple[Factor, ...]],
    designs: Mapping[str, str],
    metrics: Named[Metric],
    study: str,
) -> None:
    """Refuse targets that name a metric or part that the study does not have, or a part that is no prior.

    Args:
        targets: of the study.
        factors: of each part of the study, by its name.
        designs: kind of each part's design.
        metrics: of the study.
        study: its name.

    Raises:
        StudyError: a target names what is not there, two give a metric to one part, or a part has a factor without a range.
    """
    for i, target in enumerate(targets):
        metrics[target.metric]
        where = f"study {study!r} has a target {target.metric!r} of part {target.part!r}"
        if target.part not in factors:
            raise StudyError(f"{where}; expected one of {', '.join(factors)}")
        if any((target.metric, target.part) == (other.metric, other.part) for other in targets[:i]):
            raise StudyError(f"{where} twice; expected each metric once a part: two values of it cannot both be met")
        levels = [factor.label for factor in factors[target.part] if not factor.ranged]
        if levels or not factors[target.part] or designs[target.part] not in EVEN:
            found = f"levels of {levels[0]!r}" if levels else f"{len(factors[target.part])} factors"
            raise StudyError(
                f"{where}, which has {found} and the design {designs[target.part]}; expected factors with ranges, sampled by "
                f"one of {', '.join(EVEN)}: they are the prior"
            )
