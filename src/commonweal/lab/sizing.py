"""How many trials a study needs: power for its smallest effect of interest, reckoned before anything runs.

What trials vary by is taken from a pilot (an earlier run's folder), else from what the study assumes, else, of an outcome
between 0 and 1, from the worst case: half of the trials are 1 and arms are not paired.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from commonweal.core.errors import StudyError
from commonweal.lab.finished import read_outcomes
from commonweal.lab.plan import Json
from commonweal.lab.stopping import arms_of
from commonweal.lab.study import Part, Study
from commonweal.statistics.power import Comparison, Power, detectable_effect, power_at, trials_needed
from commonweal.statistics.variation import Pilot, Share, Variation


def size_study(study: Study, predicted: Json, pilot: Path | None = None) -> Json | None:
    """The trials that a study needs, what they cost, and what its own number of them shows, as JSON with a sentence.

    Args:
        study: with its primary outcome.
        predicted: work of the plan, for the cost.
        pilot: folder of an earlier run of this study, or of one with the same part and metric; None: there is none.

    Returns:
        None where no smallest effect of interest is declared, or nothing is known of how trials vary.

    Raises:
        StudyError: the pilot has no trials of the contrast.
    """
    primary = study.primary
    if primary.smallest is None:
        return None
    part = study.part(primary.part)
    pairs = arms_of(part, primary)
    variation, source = _variation(study, part, pilot)
    if variation is None or not pairs:
        return None
    comparison = Comparison(blocks=len(pairs))
    facts: Json = {"smallest": primary.smallest, "wanted": primary.power, "source": source, "blocks": len(pairs)}
    effect = (
        -primary.smallest if isinstance(variation, Share) and variation.control + primary.smallest > 1 else primary.smallest
    )
    own = power_at(part.seeds, effect, variation, comparison, draws=4000)
    facts |= {"planned": part.seeds, "power": own.value, "error": own.error, "method": own.method}
    try:
        found: Power | None = trials_needed(effect, variation, primary.power, comparison)
        facts |= {"needed": found.n, "trials": found.trials}
    except StudyError as error:
        found = None
        facts |= {"needed": None, "why": str(error)}
    try:
        facts["detectable"] = abs(detectable_effect(part.seeds, variation, primary.power, comparison).effect)
    except StudyError:
        facts["detectable"] = None
    facts["words"] = _say(study, facts, predicted, part)
    return facts


def _variation(study: Study, part: Part, pilot: Path | None) -> tuple[Variation | None, str]:
    metric = study.metrics[study.primary.metric]
    if pilot is not None:
        return _pilot(study, part, pilot), f"pilot {_digest(pilot)}"
    if study.primary.assumed is not None:
        return study.primary.assumed, "assumed by the study"
    if (metric.low, metric.high) == (0.0, 1.0):
        smallest = study.primary.smallest or 0.0
        return Share(0.5 - smallest / 2 if smallest <= 1 else 0.0), "the worst case of an outcome between 0 and 1, unpaired"
    return None, ""


def _pilot(study: Study, part: Part, pilot: Path) -> Pilot:
    name = study.primary.metric
    rows = read_outcomes(pilot, part.name, name, study.metrics[name].across)
    value = {(cell, seed): number for cell, seed, number, _ in rows if not math.isnan(number)}
    both = [
        (value[treatment, seed], value[control, seed])
        for treatment, control in arms_of(part, study.primary)
        for seed in sorted(
            {seed for cell, seed in value if cell == treatment} & {seed for cell, seed in value if cell == control}
        )
    ]
    if len(both) < 2:
        raise StudyError(
            f"the pilot {pilot} holds {len(both)} pairs of trials of part {part.name!r} at both levels of "
            f"{study.primary.factor}; expected at least 2: run the study there with a few seeds, as with --seeds 5"
        )
    return Pilot(tuple(control for _, control in both), tuple(treatment for treatment, _ in both), paired=True)


def _digest(pilot: Path) -> str:
    try:
        return str(json.loads((pilot / "plan.json").read_text())["digest"])[:23]
    except (OSError, ValueError, KeyError) as error:
        raise StudyError(f"the pilot {pilot} has no plan.json that can be read ({error}); name a run's folder") from error


def _say(study: Study, facts: Json, predicted: Json, part: Part) -> str:
    """The sizing in one or two sentences."""
    blocks = f" in each of {facts['blocks']} blocks" if facts["blocks"] != 1 else ""
    power = float(str(facts["power"]))
    told = (
        f"{part.seeds} trials an arm{blocks} find a difference of {study.primary.smallest:g} in {study.primary.metric} with "
        f"power {power:.2f}"
    )
    needed = facts["needed"]
    if needed is None:
        told += f"; power {study.primary.power:g} is out of reach"
    else:
        seconds = float(str(predicted["seconds"])) * int(str(needed)) / part.seeds
        told += f"; power {study.primary.power:g} needs {needed} (about {seconds:.0f} core-seconds for the study)"
    if facts["detectable"] is not None:
        told += f"; the smallest they find so is {float(str(facts['detectable'])):.2g}"
    return f"{told}. How trials vary: {facts['source']}."
