"""Whose conclusion it is: forced by theory, robust to other authors' choices, or authored.

    theorem    theory was given, and lies inside the interval of the primary outcome and of every audited cell that it speaks of
    robust     the claim holds with random minds around the author's, with programs that others wrote, and with norm levels
               squared, as far as the society admits them: on average, in half of them at least, and reversed in none
    authored   it does not; or the primary factor is itself a parameter of a mind; or nothing of this could be tried

The random minds of an audit are fixed draws: "on average" is over these draws, not over all minds that could have been drawn.

Source: own definition; the many-analysts reading of a result, R. Silberzahn and others, Advances in Methods and Practices in
Psychological Science 1 (2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from commonweal.analysis.contrasts import measure, measure_difference
from commonweal.analysis.plans import Part, Plan
from commonweal.analysis.specifications import AXES, Claim, Specified, Verdict, claim_level, judge, primary_contrast
from commonweal.analysis.theory_gap import find_theory_gap
from commonweal.analysis.trials import Trials
from commonweal.statistics.inference import Contrast

Label = Literal["theorem", "robust", "authored", "no claim"]


def label_claim(
    plan: Plan, trials: Trials, parts: Sequence[Part], found: Sequence[Specified], claim: Claim
) -> tuple[Label, tuple[str, ...]]:
    """Theorem, robust or authored, and why, in sentences.

    Args:
        plan: of the run.
        trials: its table.
        parts: all of the audit.
        found: what was found in them.
        claim: what is claimed.
    """
    if claim == "none":
        return "no claim", (
            "The primary outcome claims no effect of either sign, and no smallest effect of interest excludes one.",
        )
    gap = find_theory_gap(plan, trials).primary
    proven = "" if gap is not None and gap.inside is False else _theorem(plan, trials, parts)
    sound, reasons = _tried(plan, trials, found, claim)
    factor = next(own for own in plan.part(plan.primary.part).factors if own.label == plan.primary.factor)
    if proven:
        return "theorem", (proven, *reasons)
    if factor.lens.startswith("minds.") and "." in factor.lens.partition(":")[2]:
        words = f"{factor.label} is a parameter of a mind ({factor.lens}): the author's choice is what is compared."
        return "authored", (words, *reasons)
    if not reasons:
        return "authored", ("No other minds or norm scale could be tried on this society.",)
    return ("robust" if sound else "authored"), reasons


def _tried(plan: Plan, trials: Trials, found: Sequence[Specified], claim: Claim) -> tuple[bool, tuple[str, ...]]:
    """Whether the claim survives other authors' choices, and what became of it under each kind, in sentences."""
    reasons, sound = list[str](), True
    for axis in (axis for axis, group in AXES.items() if group == "author"):
        own = [each for each in found if each.axis == axis]
        if own:
            held, words = _holds_over(plan, trials, [plan.part(each.part) for each in own], claim)
            turned = [each.what for each in own if each.verdict == "reversed"]
            sound = sound and held and not turned
            ending = f", and is reversed with {'; '.join(turned)}" if turned else ""
            reasons.append(f"{axis[:1].upper()}{axis[1:]}: {words}{ending}.")
    return sound, tuple(reasons)


def _holds_over(plan: Plan, trials: Trials, parts: Sequence[Part], claim: Claim) -> tuple[bool, str]:
    """Whether a claim holds on average over several parts, all blocks counting the same, and in half of them at least."""
    card, smallest = plan.metrics[plan.primary.metric], plan.primary.smallest
    each = [primary_contrast(plan, trials, part) for part in parts]
    verdicts = [judge(measure_difference(own, card, claim_level(claim)), claim, smallest) for own in each]
    verdict = judge(measure_difference(_joined(each), card, claim_level(claim)), claim, smallest)
    if len(parts) == 1:
        return verdict == "holds", f"the claim {_say(verdict)}"
    held = verdicts.count("holds")
    return verdict == "holds" and 2 * held >= len(
        parts
    ), f"the claim {_say(verdict)} on average, and holds in {held} of {len(parts)}"


def _say(verdict: Verdict) -> str:
    return {"holds": "holds", "undecided": "is not told from no effect", "reversed": "is reversed", "no data": "was not tried"}[
        verdict
    ]


def _joined(contrasts: Sequence[Contrast]) -> Contrast:
    """The blocks of several contrasts, one behind another."""
    starts = np.cumsum([0, *(own.blocks for own in contrasts)])[:-1].tolist()
    return Contrast(
        np.concatenate([own.treatment for own in contrasts]),
        np.concatenate([own.control for own in contrasts]),
        np.concatenate([own.treatment_block + start for own, start in zip(contrasts, starts, strict=True)]),
        np.concatenate([own.control_block + start for own, start in zip(contrasts, starts, strict=True)]),
        all(own.paired for own in contrasts),
    )


def _theorem(plan: Plan, trials: Trials, parts: Sequence[Part]) -> str:
    """In words, that every audited cell of which theory speaks is surely closer to it than matters; empty where one is not.

    A wide interval that holds theory shows little, so theory has to be inside every interval, and every interval inside
    theory +- the smallest effect of interest. The intervals cover together at 95 %: each is at 1 - 0.05 / cells.
    """
    metric, smallest = plan.primary.metric, plan.primary.smallest
    cells = [(part, cell, cell.theory) for part in parts for cell in part.cells if cell.theory is not None]
    if not cells or smallest is None:
        return ""
    for part, cell, theory in cells:
        values = trials.metrics[metric][(trials.part == part.name) & (trials.cell == cell.cell)]
        own = measure(values, plan.metrics[metric], 1 - 0.05 / len(cells))
        inside = own.bounded and own.low <= theory <= own.high
        if not inside or max(theory - own.low, own.high - theory) >= smallest:
            return ""
    return (
        f"Theory ({plan.theory}) lies inside the interval of each of the {len(cells)} audited cells that it speaks of, and no "
        f"interval reaches further than {smallest:g} from it."
    )
