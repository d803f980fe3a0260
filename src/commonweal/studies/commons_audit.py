"""Does an audit keep the commons alive as ruthless agents multiply?

The commons of GovSim for 5 to 1,000 seats. Civil seats harvest the fair share; ruthless ones take `greed` (3) times as much,
and yield to fines by their responsiveness (1/2). An audit inspects each seat with a detection probability each month; an
over-harvest is fined one, two, then four times its excess, and who has been caught twice is held to the fair share.

Theory beside the simulation: the mean field of an infinite population that harvests whole units. The ruthless move through
three classes (never caught, caught once, held), each month with the detection probability; each class takes its mean whole
harvest. In real units the line would be simpler: with `s` the share of ruthless seats, u = (1 + s (greed - 1)) / 2 of the stock
is taken a month, and without fines the commons is dead within 12 months iff u > 1 - (1/20 / 2^11)^(1/12) = .5873, so s > 8.7 %.
Whole units are kinder: a civil seat whose fair share is 6.4 takes 6, and what it leaves grows.

Source: G. Piatti et al., "Cooperate or Collapse" (GovSim), NeurIPS 2024, arXiv 2404.16698; graduated sanctions after
E. Ostrom, Governing the Commons (1990), principle 5; the mean field is our own derivation.
"""

from __future__ import annotations

import math

import jax.numpy as jnp

from commonweal.channels.broadcast import Broadcast
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.audit import Audit
from commonweal.institutions.disclosure import Disclosure
from commonweal.lab.designs.full import Full
from commonweal.lab.designs.ladder import Ladder
from commonweal.lab.designs.zoom import Zoom
from commonweal.lab.study import Factor, Levels, Part, Primary, Study
from commonweal.metrics.cooperation import Cooperation
from commonweal.metrics.earnings_variance import EarningsVariance
from commonweal.metrics.efficiency import Efficiency
from commonweal.metrics.equality import Equality
from commonweal.metrics.gain import Gain
from commonweal.metrics.gini import Gini
from commonweal.metrics.months import MonthsSurvived
from commonweal.metrics.over_use import OverUse
from commonweal.metrics.survival import Survival
from commonweal.metrics.welfare import Welfare
from commonweal.minds.language import Language
from commonweal.minds.scripted import Scripted
from commonweal.models.budget import Budget
from commonweal.worlds.commons import Commons

MONTHS = 12
CAPACITY = 20.0
"""Units a seat."""
GREED = 3.0
RESPONSIVENESS = 0.5
SCHEDULE = (1.0, 2.0, 4.0)
SHARE, DETECT, SIZE = "share of ruthless agents", "detection probability", "population"


def mean_field(share: float, detect: float, greed: float = GREED, months: int = MONTHS) -> float:
    """Whether the commons of an infinite population survives: 1 or 0.

    Args:
        share: of ruthless seats, 0 to 1.
        detect: detection probability, 0 to 1.
        greed: multiple of the fair share that the ruthless take, at least 1.
        months: how long.
    """
    never, once = 1.0, 0.0
    stock = CAPACITY
    warned = 1 / greed + (1 - 1 / greed) * min(1.0, RESPONSIVENESS * min(1.0, SCHEDULE[0] * (1 - 1 / greed)))
    for _ in range(months):
        fair, held = stock / 2, 1.0 - never - once
        ruthless = never * mean_harvest(fair, 1 / greed) + once * mean_harvest(fair, warned) + held * mean_harvest(fair, 1.0)
        left = stock - (1 - share) * mean_harvest(fair, 1.0) - share * ruthless
        if left < 1.0:
            return 0.0
        stock = min(CAPACITY, 2 * left)
        never, once = never * (1 - detect), once * (1 - detect) + never * detect
    return 1.0


def mean_harvest(fair: float, level: float) -> float:
    """The mean of whole harvests at a norm level: between the two nearest whole ones, so that the mean level is `level`."""
    aim = fair / level
    low, high = math.floor(aim + 1e-9), math.ceil(aim - 1e-9)
    reach = [1.0 if take <= fair else fair / take for take in (low, high)]
    up = 0.0 if reach[0] == reach[1] else (reach[0] - level) / (reach[0] - reach[1])
    return low + up * (high - low)


def _theory(levels: Levels) -> float:
    return mean_field(float(levels[SHARE]), float(levels[DETECT]))


def _audit(detect: float) -> Audit:
    return Audit(detect=detect, schedule=SCHEDULE, hold_after=2)


def _scripted(n: int = 5, ruthless: float = 0.0, detect: float = 0.0) -> Society:
    return Society(
        world=Commons(),
        minds=Named.of(("civil", Scripted()), ("ruthless", Scripted(greed=GREED, responsiveness=RESPONSIVENESS))),
        seats=Seating(n, Named.of(("ruthless", jnp.float32(ruthless)))),
        rules=Named.of(("audit", _audit(detect))),
    )


def _language() -> Society:
    return Society(
        world=Commons(),
        minds=Named.of(
            (
                "civil",
                Language(persona="You live from this resource with your neighbours.", disposition="You want it to last."),
            ),
            ("ruthless", Scripted(greed=GREED, responsiveness=RESPONSIVENESS)),
        ),
        seats=Seating(5, Named.of(("ruthless", jnp.float32(0.2)))),
        rules=Named.of(("audit", _audit(0.0)), ("disclosure", Disclosure(scope="all"))),
        channel=Broadcast(),
    )


_detect = lens.rule("audit", Audit, lambda audit: audit.detect)

study = Study(
    name="commons-audit",
    question="Does an audit keep the commons alive as ruthless agents multiply?",
    parts=(
        Part(
            name="scripted",
            society=_scripted(),
            factors=(
                Factor(SHARE, lens.share("ruthless"), (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6)),
                Factor(DETECT, _detect, (0.0, 0.1, 0.25, 0.5, 1.0)),
                Factor(SIZE, lens.size(), (5, 20, 100, 1000)),
            ),
            ticks=MONTHS,
            seeds=5,
            theory=_theory,
            design=Full(first=1000),
        ),
        Part(
            name="map",
            society=_scripted(100),
            factors=(
                Factor(SHARE, lens.share("ruthless"), low=0.0, high=0.8),
                Factor(DETECT, _detect, low=0.0, high=1.0),
            ),
            ticks=MONTHS,
            seeds=2,
            role="control",
            theory=_theory,
            design=Zoom(level=0.5, runs=192),
        ),
        Part(
            name="sizes",
            society=_scripted(8, ruthless=0.2, detect=0.1),
            factors=(Factor(SIZE, lens.size(), (8, 16, 32, 64, 128, 256)),),
            ticks=MONTHS,
            seeds=60,
            role="control",
            design=Ladder(SIZE),
        ),
        Part(
            name="language",
            society=_language(),
            factors=(Factor(DETECT, _detect, (0.0, 0.5)),),
            ticks=MONTHS,
            seeds=1,
            role="control",
        ),
    ),
    metrics=Named.of(
        ("survived", Survival()),
        ("months survived", MonthsSurvived()),
        ("efficiency", Efficiency()),
        ("equality", Equality()),
        ("gain", Gain()),
        ("welfare", Welfare()),
        ("variance of gains", EarningsVariance()),
        ("Gini", Gini()),
        ("over-use", OverUse()),
        ("cooperation", Cooperation()),
    ),
    primary=Primary(
        metric="survived",
        part="scripted",
        factor=DETECT,
        control=0.0,
        treatment=0.5,
        claim="An audit that inspects each agent every second month",
        outcome="the share of societies whose commons survives 12 months",
        smallest=0.1,
    ),
    family=("welfare", "efficiency"),
    mechanism="deterrence by fines and incapacitation of those caught twice: assumed of the scripted minds, not found; what is "
    "found is where it suffices",
    scope="scripted minds of two kinds, 5 to 1,000 seats, 12 months, up to 60 % ruthless; the societies are averaged over that "
    "grid, and another mix of shares and sizes has another effect",
    hypotheses=(
        "Without an audit the commons dies within 12 months once the ruthless are more than a small share: 8.7 % in real "
        "units, somewhat more in whole ones.",
        "An audit raises the share of societies that survive 12 months.",
        "It helps little once the ruthless are many enough to empty the stock before they are caught.",
    ),
    theory="the mean field of an infinite population that harvests whole units: 1 if the commons survives 12 months, 0 if not",
    budget=Budget(calls=4000),
    doc="Scripted societies answer the question in this model; five seats with the embedded language model in the civil seats "
    "are the negative control: whatever they show is the size of the wording artefact.",
)
