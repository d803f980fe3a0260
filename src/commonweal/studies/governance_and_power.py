"""Which rule keeps power spread in a commonwealth, against bad actors who pool their influence, and at what cost?

Two hundred seats trade in the extended yard-sale economy, in which a coin that leans to the richer one moves wealth. Half of
the lean is wealth itself, half is influence, which every seat buys with a like share of its purse. The first seat is born with
half of all wealth. A coalition of bad actors, the first seat among them, spends and votes for it. What does a rule leave it
after 500 years?

The known transition: with zeta = trades a year * stake * (advantage + sway) and a tax on wealth of chi a year, an oligarch
keeps 1 - chi / zeta of all wealth, and nothing where chi > zeta. Each rule is measured by how it shifts that curve:

    cap      nobody may spend more on influence than five times what a seat of mean wealth does
    audit    a tenth of the seats is inspected a year; who spends more than that is fined, and capped after two offences
    tax      the tax on wealth is raised by zeta / 2
    ballot   every 50 years all vote whether to raise it by as much; civil seats vote their purse
    votes    a part of its own: influence is not for sale, each seat has a vote (bad actors vote for the first seat)

Two more parts ask what the answer hangs on: how much seats spend, and how many they are (a ladder, of which the largest society
is predicted before it is run).

Theory beside the simulation: the mean field of three classes (first seat, its coalition, all others), followed for 500 years;
none for the audit. It knows no chance: of 200 seats the richest never owns less than a few percent.

Source: B. Boghosian et al., "Oligarchy as a phase transition", Physica A 476 (2017); contests after G. Tullock, "Efficient rent
seeking" (1980); the mean field with influence is our own derivation.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

import jax.numpy as jnp

from commonweal.analysis.exact.oligarchy import Economy, follow
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.parts import Institution
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.audit import Audit
from commonweal.institutions.one_of import OneOf
from commonweal.institutions.presence import If
from commonweal.institutions.quota import Quota
from commonweal.institutions.voting import Vote
from commonweal.institutions.wealth_tax import WealthTax
from commonweal.lab.designs.ladder import Ladder
from commonweal.lab.study import Factor, Levels, Part, Primary, Study
from commonweal.metrics.below_floor import BelowFloor
from commonweal.metrics.effective_number import EffectiveNumber
from commonweal.metrics.gini import Gini
from commonweal.metrics.largest_share import LargestShare
from commonweal.metrics.nash_welfare import NashWelfare
from commonweal.metrics.voting_power import VotingPower
from commonweal.metrics.welfare import Welfare
from commonweal.metrics.winning_coalition import WinningCoalition
from commonweal.metrics.worst_off import WorstOff
from commonweal.minds.coalition import Coalition
from commonweal.worlds.commonwealth import Commonwealth

SEATS, YEARS = 200, 500
ADVANTAGE = SWAY = 0.003
STAKE, MEETINGS = 0.1, 16
ZETA = STAKE * MEETINGS * (ADVANTAGE + SWAY)
"""The wealth-attained advantage a year while influence is bought."""
RAISE = ZETA / 2
"""By how much the tax is raised, a year."""
EFFORT, CAP = 0.001, 0.005
"""What each seat spends on influence, as a share of its purse, and the cap, as a share of mean wealth."""
FIRST = 0.5
HALF = 0.5
"""The ratio of tax to advantage where it is not varied: an oligarch is left with half of all wealth, less what chance takes."""
RATIO, COALITION, RULE, SPENDING, SIZE = "chi / zeta", "share of bad actors", "rule", "share spent on influence", "population"
RULES = NONE, CAPPED, AUDITED, TAXED, BALLOT = ("none", "cap", "audit", "tax", "ballot")


def economy(levels: Levels, franchise: float = 0.0) -> Economy:
    """The mean field of a cell.

    Args:
        levels: of its factors; without one: a tax of zeta / 2, no bad actors, no rule, usual spending, 200 seats.
        franchise: weight of votes in influence, 0 to 1.
    """
    levels = {RATIO: HALF, COALITION: 0.0, RULE: NONE, SPENDING: EFFORT, SIZE: SEATS} | dict(levels)
    return Economy(
        seats=int(levels[SIZE]),
        turnover=STAKE * MEETINGS,
        advantage=ADVANTAGE,
        sway=SWAY,
        tax=float(levels[RATIO]) * ZETA + (RAISE if levels[RULE] in (TAXED, BALLOT) else 0.0),
        effort=float(levels[SPENDING]),
        coalition=math.floor(float(levels[COALITION]) * SEATS + 0.5),
        franchise=franchise,
        cap=CAP if levels[RULE] == CAPPED else math.inf,
    )


def society(franchise: float = 0.0) -> Society:
    """The commonwealth with every rule, none of them in force.

    Args:
        franchise: weight of votes in influence, 0 to 1.
    """
    vote = Vote.on(WealthTax(0.0), WealthTax, lambda tax: tax.rate, (RAISE,), every=50)
    rules: Named[Institution] = Named((CAPPED, AUDITED, TAXED, BALLOT), (Quota(1.0), Audit(detect=0.1), WealthTax(RAISE), vote))
    return Society(
        world=Commonwealth(
            first_share=FIRST,
            stake=STAKE,
            advantage=ADVANTAGE,
            sway=SWAY,
            franchise=franchise,
            allowance=CAP,
            meetings=MEETINGS,
        ),
        minds=Named.of(("civil", Coalition(effort=EFFORT)), ("bad actor", Coalition(effort=EFFORT, leader=0, selfish=0))),
        # Bad actors take the first seats, and so the one that they back.
        seats=Seating(SEATS, Named.of(("bad actor", jnp.float32(0))), shuffled=False),
        rules=Named.of(
            ("floor", WealthTax(ZETA)),
            ("rule", OneOf(rules.map(If))),
        ),
    )


def _theory(levels: Levels, franchise: float = 0.0) -> float | None:
    audited = levels.get(RULE) == AUDITED
    return None if audited else float(follow(economy(levels, franchise), FIRST, YEARS)[-1])


def _rule(rules: tuple[str, ...]) -> Factor:
    which = lens.rule("rule", OneOf, lambda rule: rule.which)
    return Factor(RULE, which, rules, values=tuple(RULES.index(rule) for rule in rules))


def _part(name: str, role: Literal["main", "control"], franchise: float, rules: tuple[str, ...], seeds: int) -> Part:
    ratios = (0.25, 0.5, 0.75, 1.0, 1.5)
    tax = lens.rule("floor", WealthTax, lambda tax: tax.rate)
    return Part(
        name=name,
        society=society(franchise),
        factors=(
            Factor(RATIO, tax, ratios, values=tuple(ratio * ZETA for ratio in ratios)),
            Factor(COALITION, lens.share("bad actor"), (0.0, 0.1, 0.3)),
            _rule(rules),
        ),
        ticks=YEARS,
        seeds=seeds,
        role=role,
        theory=lambda levels: _theory(levels, franchise),
    )


def _spending() -> Part:
    """How much seats spend is the author's choice of minds: the same question at a third and at three times of it."""
    effort = lens.mind("civil", Coalition, lambda mind: mind.effort)
    return Part(
        name="spending",
        society=_taxed(society().rules),
        factors=(Factor(SPENDING, effort, (EFFORT / 3, EFFORT, 3 * EFFORT)), _rule((NONE, CAPPED))),
        ticks=YEARS,
        seeds=100,
        role="control",
        theory=_theory,
    )


def _sizes() -> Part:
    """Without a rule. Of some 330 seats and more, the first one's coins would be certain: what is won no longer grows."""
    return Part(
        name="sizes",
        society=_taxed(Named.of(("floor", WealthTax(ZETA)))),
        factors=(Factor(SIZE, lens.size(), (48, 72, 108, 160, 240)),),
        ticks=YEARS,
        seeds=100,
        role="control",
        theory=_theory,
        design=Ladder(SIZE),
    )


def _taxed(rules: Named[Institution]) -> Society:
    """The commonwealth with these rules, the tax on wealth at zeta / 2."""
    return dataclasses.replace(society(), rules=rules.replace("floor", WealthTax(HALF * ZETA)))


study = Study(
    name="governance-and-power",
    question="Which rule keeps power spread in a commonwealth where influence can be bought?",
    parts=(_part("rules", "main", 0.0, RULES, 267), _part("votes", "control", 1.0, (NONE,), 100), _spending(), _sizes()),
    metrics=Named.of(
        ("oligarch's share", LargestShare()),
        ("voting power of the richest", VotingPower()),
        ("effective number of owners", EffectiveNumber()),
        ("minimal winning coalition", WinningCoalition()),
        ("Gini", Gini()),
        ("welfare", Welfare()),
        ("Nash welfare", NashWelfare()),
        ("worst off", WorstOff()),
        ("below a tenth of the mean", BelowFloor()),
    ),
    primary=Primary(
        metric="oligarch's share",
        part="rules",
        factor=RULE,
        control=NONE,
        treatment=CAPPED,
        claim="A cap on what anybody may spend on influence",
        outcome="the share of all wealth that the richest seat owns after 500 years",
        smallest=0.05,
    ),
    family=("Nash welfare", "below a tenth of the mean"),
    mechanism="influence tilts trades, so that what is spent on it is an advantage of wealth: assumed; what is found is how "
    "far each rule moves the transition, and whom it costs what",
    scope="200 scripted seats that spend a thousandth of their wealth on influence, one of whom is born with half of all "
    "wealth; 500 years; the mean over five taxes and three coalitions, another mix has another effect; in larger societies "
    "under low taxes (400 seats, a quarter of zeta) so rich a seat wins its trades anyway, and a cap takes little; refuted "
    "where capped societies keep as rich an oligarch as free ones",
    hypotheses=(
        "Without a rule the richest seat keeps a little less than 1 - chi / zeta of all wealth (what is spent on influence "
        "comes back to all, like a tax), and more the larger its coalition.",
        "A cap, an audit and votes all take away what influence adds, about half of zeta here, so that the transition lies at "
        "half the tax.",
        "Against a coalition they help less than a tax: its members spend and vote within every cap.",
        "Where the poor majority votes on it, the tax is raised, whatever the coalition votes.",
        "The more seats spend, the less a cap takes from the richest: what all spend comes back to all in equal parts, like a "
        "tax, which the cap spares the rich.",
    ),
    theory="the mean field of three classes (first seat, coalition, others) after 500 years; at rest and without a coalition "
    "it is 1 - chi / zeta",
    doc="Every rule is compared with none at the same tax and coalition. In the part votes influence is elected, not bought: "
    "read it beside rule none. Minds follow no norm, so that an audit with another norm scale says little of them; that they "
    "spend more or less is tried in the part spending, and other numbers of seats in the part sizes. The first year has no "
    "trade: influence is contested first.",
)
