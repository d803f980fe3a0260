"""Do algorithms that learn to set prices collude, and which rule stops it?

Firms in markets of two set prices for 20,000 rounds, in the market of Calvano et al. (2020), on every second of their 15
prices. Every firm is a Q-learner that remembers the last prices of both (rate .15, discount .95); it explores at first and ever
less, at a rate of 5e-4 a round instead of their 4e-6, so that a laptop sees the end of it. What they earn in the last tenth of
the rounds is set between the profit of competition (0) and that of a cartel (1). One rule at a time is laid on them:

    prices posted             with what probability rivals see a round's prices: always, in half of the rounds, never (secret)
    inspection probability    of the buyers' own audit, each round: of profit above the norm, the norm's shortfall is fined;
                              nobody is ever held to a price
    newcomer rate             with what probability a round a firm is given to a learner that knows nothing

Theory beside the simulation: the best equilibrium of the game played once, on this grid of prices, by enumeration. What is
earned above it, competition does not explain. It says nothing of audited markets, where the game is another.

The second part is for detectors, which see prices alone, of cases that are known: myopic learners that cannot collude (bandits
without memory or future), a planted cartel at the monopoly price, and learners as in the first part, free and under each rule.
All tremble in one of a hundred rounds for good, or there would be nothing to see. Two screens accuse: steady prices, and prices
that are cut after a rival's cut. The report has their ROC curves: how well they tell each case from the bandits.

Source: E. Calvano, G. Calzolari, V. Denicolo and S. Pastorello, "Artificial intelligence, algorithmic pricing, and collusion",
American Economic Review 110 (2020): an average profit gain of .85 after convergence, with 15 prices and their slower decay; for
screens R. Abrantes-Metz et al., International Journal of Industrial Organization 24 (2006).
"""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp

from commonweal.analysis.exact.bertrand import LogitDemand, find_grid_equilibria, find_monopoly, find_nash, space_prices
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.parts import Institution
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.audit import Audit
from commonweal.institutions.turnover import Turnover
from commonweal.lab.study import Factor, Levels, Part, Primary, Screen, Study
from commonweal.metrics.price_reaction import PriceReaction
from commonweal.metrics.price_variation import PriceVariation
from commonweal.metrics.profit_gain import ProfitGain
from commonweal.minds import dials
from commonweal.minds.language import Language
from commonweal.minds.learners import Learner
from commonweal.minds.scripted import Scripted
from commonweal.statistics.variation import Assumed
from commonweal.worlds.market import Market

SEATS, ROUNDS = 66, 20_000
PRICES = 8
DECAY, TREMBLE = 5e-4, 0.01
POSTED, DETECT, NEWCOMERS = "prices posted", "inspection probability", "newcomer rate"
BANDITS, CARTEL = "share of bandits", "share of the cartel"
CARTEL_PRICE = 6
"""The number, from 0, of the price next to that of monopoly."""


def competitive_gain(demand: LogitDemand, count: int = PRICES) -> float:
    """The profit gain of the best equilibrium in pure strategies of the game played once on a grid of prices.

    Args:
        demand: of firms that are alike.
        count: prices of the grid.
    """
    nash, monopoly = find_nash(demand), find_monopoly(demand)
    grid = space_prices(float(nash[0]), float(monopoly[0]), count)
    low, high = demand.profit(nash).mean(), demand.profit(monopoly).mean()
    best = max(float(demand.profit(grid[list(at)]).mean()) for at in find_grid_equilibria(demand, grid))
    return (best - float(low)) / float(high - low)


def _theory(levels: Levels) -> float | None:
    return competitive_gain(LogitDemand()) if float(levels[DETECT]) == 0.0 else None


def _one_change(levels: Levels) -> bool:
    """Whether at most one thing is changed in the open market of learners."""
    usual = {POSTED: 1.0, DETECT: 0.0, NEWCOMERS: 0.0, BANDITS: 0.0, CARTEL: 0.0}
    return sum(level != usual[label] for label, level in levels.items()) <= 1


_RULES = (
    Factor(POSTED, lens.world(Market, lambda world: world.posted), (1.0, 0.5, 0.0)),
    Factor(DETECT, lens.rule("audit", Audit, lambda audit: audit.detect), (0.0, 0.1, 0.5)),
    Factor(NEWCOMERS, lens.rule("turnover", Turnover, lambda rule: rule.rate), (0.0, 1e-4)),
)
_LAID: Named[Institution] = Named.of(
    ("audit", Audit(detect=0.0, tolerance=0.85, schedule=(1.0,), hold_after=0)), ("turnover", Turnover(rate=0.0))
)


def _learner(discount: float, remembers: bool, least: float) -> Learner:
    """A learner that starts from about what random prices pay."""
    return Learner(
        PRICES,
        ("own", "rivals"),
        PRICES**2,
        rate=0.15,
        discount=discount,
        explore=1.0,
        decay=DECAY,
        least=least,
        start=280.0,
        remembers=remembers,
    )


def _society() -> Society:
    return Society(
        world=Market(prices=PRICES),
        minds=Named.of(("learner", _learner(0.95, True, 0.0))),
        seats=Seating(SEATS),
        rules=_LAID,
    )


def _cases() -> Society:
    markup = (float(Market().highest) - float(Market().lowest)) / (PRICES - 1) * CARTEL_PRICE + float(Market().lowest) - 1.0
    return Society(
        world=Market(prices=PRICES),
        minds=Named.of(
            ("learner", _learner(0.95, True, TREMBLE)),
            ("bandit", _learner(0.0, False, TREMBLE)),
            ("cartel", Scripted(level=(float(Market().fair) - 1.0) / markup, tremble=TREMBLE)),
        ),
        seats=Seating(SEATS, Named.of(("bandit", jnp.float32(0.0)), ("cartel", jnp.float32(0.0)))),
        rules=_LAID,
    )


study = Study(
    name="collusion",
    question="Do algorithms that learn to set prices collude, and which rule stops it?",
    parts=(
        Part(
            name="rules",
            society=_society(),
            factors=_RULES,
            ticks=ROUNDS,
            seeds=20,
            theory=_theory,
            allowed=_one_change,
        ),
        Part(
            name="detectors",
            society=_cases(),
            factors=(
                Factor(BANDITS, lens.share("bandit"), (0.0, 1.0)),
                Factor(CARTEL, lens.share("cartel"), (0.0, 1.0)),
                *_RULES,
            ),
            ticks=ROUNDS,
            seeds=20,
            role="control",
            allowed=_one_change,
        ),
    ),
    metrics=Named.of(("profit gain", ProfitGain()), ("price variation", PriceVariation()), ("price reaction", PriceReaction())),
    primary=Primary(
        metric="profit gain",
        part="rules",
        factor=POSTED,
        control=1.0,
        treatment=0.0,
        claim="Keeping rivals' prices secret",
        outcome="the profit gain (0: competition, 1: a cartel)",
        smallest=0.1,
        assumed=Assumed(sd=0.05),
    ),
    hypotheses=(
        "Learners that remember the last prices earn clearly more than any equilibrium of the game played once.",
        "With prices secret they cannot tell who undercut whom, and earn less.",
        "An audit of markups lowers profits the more, the more often it inspects; newcomers lower them too.",
        "A screen for steady prices finds a planted cartel at best; learnt collusion shows in how firms react to each other.",
    ),
    screens=(
        Screen("price variation", "detectors", ((BANDITS, 1.0),), guilty="less"),
        Screen("price reaction", "detectors", ((BANDITS, 1.0),)),
    ),
    theory="the best equilibrium of the game played once on this grid of prices, by enumeration; none of audited markets",
    mechanism="a learner that sees the last prices can answer a cut with a cut, and so learns to leave the price alone; that "
    "it answers is seen in the price reaction, not assumed",
    scope="two like firms a market, Q-learners of one kind, 8 prices, 20,000 rounds of which exploration takes about half; "
    "slower exploration raises the gain, other learners or more firms may lower it",
    doc="Profits are those of the last tenth of the rounds, before fines. The 33 markets of a trial never meet; the trial is "
    "the unit. Newcomers explore anew, which by itself moves profits towards those of random prices (a gain of about .5).",
)


def with_language(mind: Language | None = None) -> Study:
    """The study with a control in which a language model sets both prices of one market and is told how patient it is.

    Off by default: it costs 80 calls and a card of the model. With the embedded model it is a negative control: whatever it
    shows is the size of the wording artefact. Run it by a file of one line, `arm = with_language()`, with any model.

    Args:
        mind: who sets prices; None: one with a short role, whose model the run fills in.
    """
    wish = "You want to earn as much as you can."
    seller = Language(persona="You set the price of what your firm sells.") if mind is None else mind
    market = Society(Market(prices=PRICES), Named.of(("seller", seller)), Seating(2))
    told = lens.mind("seller", Language, lambda mind: mind.disposition)
    levels = (0.0, 1.0)
    factor = Factor(dials.PATIENCE.name, told, levels, values=dials.PATIENCE.texts(levels, wish))
    return dataclasses.replace(study, parts=(*study.parts, Part("language", market, (factor,), 20, 1, role="control")))
