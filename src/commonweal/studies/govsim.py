"""Where do the published societies of GovSim lie between those that take a fair share and those that take all there is?

Five seats share a resource of 100 units for twelve months; what they leave doubles. Two rows of any table of it are fixed by
arithmetic alone: who takes the fair share, half of the stock in five parts, harvests 10 a month for ever; who takes all there
is harvests 20 once. In all rows between, published or ours, efficiency is mean gain / 120. Published over-use and equality of
societies that took all are no fixtures: over-use by its published formula would be 100 %, and equality depends on how a stock
that is short is handed out.

Beside them, societies of five scripted seats of which some are greedy and take a multiple of the fair share. With share s of
greed g the part u = (1 + s (g - 1)) / 2 of the stock is harvested each month, and in real units the theory is

    h(t + 1) = min(100, 2 (1 - u) h(t)),  dead when (1 - u) h < 5,  efficiency = u sum h / 600

The paper put one greedy newcomer into societies of its best model in month 4 of 15; here the greedy are there from the start.

Source: G. Piatti et al., "Cooperate or Collapse: Emergence of Sustainable Cooperation in a Society of LLM Agents" (GovSim),
NeurIPS 2024, arXiv 2404.16698, table 1 (three scenarios, five runs each).
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp

from commonweal.channels.broadcast import Broadcast
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.disclosure import Disclosure
from commonweal.lab.study import Factor, Levels, Part, Primary, Replication, Study
from commonweal.metrics.efficiency import Efficiency
from commonweal.metrics.equality import Equality
from commonweal.metrics.gain import Gain
from commonweal.metrics.months import MonthsSurvived
from commonweal.metrics.over_use import OverUse
from commonweal.metrics.survival import Survival
from commonweal.minds.language import Language
from commonweal.minds.scripted import Scripted
from commonweal.models.budget import Budget
from commonweal.worlds.commons import Commons

SEATS, MONTHS, STOCK = 5, 12, 100.0
TAKES, GREEDY, GREED, LOST = "what each takes", "share of greedy seats", "greed", "share of words lost"
FAIR, ALL = "a fair share", "all there is"


class Row(NamedTuple):
    """One row of the published table 1: means over 15 runs."""

    model: str
    survival: float
    """Share of runs that lasted 12 months, percent."""
    months: float
    """Months survived."""
    gain: float
    """Units harvested by a seat."""
    efficiency: float
    """Percent of what could be harvested sustainably."""
    equality: float
    """Percent."""
    over_use: float
    """Percent."""


TABLE = (
    Row("Llama-3-8B", 0.0, 1.0, 20.0, 16.7, 57.3, 20.0),
    Row("Llama-3-70B", 0.0, 1.0, 20.0, 16.7, 90.7, 38.7),
    Row("Mistral-7B", 0.0, 1.0, 20.0, 16.7, 82.6, 37.3),
    Row("Mixtral-8x7B", 0.0, 1.1, 20.1, 16.7, 75.0, 33.3),
    Row("Qwen-72B", 0.0, 1.8, 24.0, 20.0, 83.9, 32.4),
    Row("Qwen-110B", 20.0, 4.5, 36.3, 30.3, 89.6, 47.0),
    Row("Claude-3 Haiku", 0.0, 1.0, 20.0, 16.7, 91.0, 35.7),
    Row("Claude-3 Sonnet", 0.0, 1.3, 20.5, 17.1, 84.4, 32.0),
    Row("Claude-3 Opus", 46.7, 6.9, 58.5, 48.8, 91.4, 21.0),
    Row("GPT-3.5", 0.0, 1.1, 20.3, 16.9, 91.2, 35.3),
    Row("GPT-4", 6.7, 3.9, 31.5, 26.2, 91.4, 27.1),
    Row("GPT-4-turbo", 40.0, 6.6, 62.4, 52.0, 93.6, 15.7),
    Row("GPT-4o", 53.3, 9.3, 66.0, 55.0, 94.4, 10.8),
)
"""Table 1 as published."""
FAILED = tuple(row for row in TABLE if row.months == 1.0)
"""Societies that took all in the first month in every run."""


def real_efficiency(used: float, months: int = MONTHS) -> float:
    """The efficiency of a society that harvests the part `used` of the stock each month, in real units.

    Args:
        used: 0 to 1.
        months: how many.
    """
    stock, harvested = STOCK, 0.0
    for _ in range(months):
        harvested += used * stock
        left = (1 - used) * stock
        if left < SEATS:
            break
        stock = min(STOCK, 2 * left)
    return min(1.0, harvested / (months * STOCK / 2))


def _rows(levels: Levels) -> float:
    return real_efficiency(0.5 if levels[TAKES] == FAIR else 1.0)


def _greedy(levels: Levels) -> float:
    return real_efficiency(min(1.0, (1 + float(levels[GREEDY]) * (float(levels[GREED]) - 1)) / 2))


def _scripted() -> Society:
    return Society(
        world=Commons(),
        minds=Named.of(("fair", Scripted()), ("greedy", Scripted(greed=3.0))),
        seats=Seating(SEATS, Named.of(("greedy", jnp.float32(0.0)))),
    )


def _language() -> Society:
    persona, disposition = "You fish in a lake with four others.", "You want to earn a living for years to come."
    return Society(
        world=Commons(),
        minds=Named.of(("fisher", Language(persona=persona, disposition=disposition))),
        seats=Seating(SEATS),
        rules=Named.of(("disclosure", Disclosure(scope="all"))),
        channel=Broadcast(),
    )


def _published() -> str:
    """The rows of the published table that did not take all at once, in words."""
    rows = [row for row in TABLE if row not in FAILED]
    return "; ".join(f"{row.model} {row.survival:g}, {row.months:g}, {row.gain:g}, {row.efficiency:g}" for row in rows)


study = Study(
    name="govsim",
    question="Where do the published societies of GovSim lie between those that take a fair share and those that take all?",
    parts=(
        Part(
            name="rows",
            society=_scripted(),
            factors=(Factor(TAKES, lens.mind("fair", Scripted, lambda mind: mind.level), (ALL, FAIR), values=(0.0, 1.0)),),
            ticks=MONTHS,
            seeds=10,
            theory=_rows,
        ),
        Part(
            name="greedy",
            society=_scripted(),
            factors=(
                Factor(GREEDY, lens.share("greedy"), (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
                Factor(GREED, lens.mind("greedy", Scripted, lambda mind: mind.greed), (1.25, 1.5, 2.0, 3.0)),
            ),
            ticks=MONTHS,
            seeds=20,
            role="control",
            theory=_greedy,
        ),
        Part(
            name="language",
            society=_language(),
            factors=(Factor(LOST, lens.channel(Broadcast, lambda channel: channel.loss), (0.0, 1.0)),),
            ticks=MONTHS,
            seeds=1,
            role="control",
        ),
    ),
    metrics=Named.of(
        ("efficiency", Efficiency()),
        ("survived", Survival()),
        ("months survived", MonthsSurvived()),
        ("gain", Gain()),
        ("equality", Equality()),
        ("over-use", OverUse()),
    ),
    primary=Primary(
        metric="efficiency",
        part="rows",
        factor=TAKES,
        control=ALL,
        treatment=FAIR,
        claim="Taking a fair share instead of all there is",
        outcome="efficiency",
    ),
    replication=Replication(
        kind="fixture",
        source="Piatti et al., arXiv 2404.16698: efficiency 1 of the sustainable optimum, less the 16.7 % (exactly 1/6) of "
        "societies that took all in the first month",
        published=5 / 6,
    ),
    hypotheses=(
        "A fair share each: 12 months, gain 120, efficiency 1, equality 1, over-use 0. All there is: 1 month, gain 20, "
        "efficiency 1/6.",
        "Efficiency falls from 1 towards 1/6 as the greedy and their greed multiply, and not evenly: little greed is forgiven "
        "for a year.",
        "The embedded language model says nothing of either: its row measures wording.",
    ),
    theory="part rows: exact; part greedy: the same recursion in real units, of which whole harvests of five seats are an "
    "approximation",
    mechanism="growth is capped and what is taken cannot grow; that greed is there, and how much, is assumed",
    scope="five scripted seats, twelve months, no talk; nothing follows for societies of language models but where they lie in "
    "the table",
    budget=Budget(calls=1000),
    doc=f"Published beside ours. {len(FAILED)} of {len(TABLE)} published societies took all in the first month in each of 15 "
    "runs: survival 0 %, 1 month, gain 20, efficiency 16.7 %, which is our row `all there is`. The others (survival %, months, "
    f"gain, efficiency %): {_published()}. In each published row efficiency is gain / 120, as in ours, up to rounding; "
    "published over-use and equality are no fixtures. In part language the embedded model sits in all five seats, heard by all "
    "or by nobody: it is the negative control, and whatever it shows is the size of the wording artefact.",
)
