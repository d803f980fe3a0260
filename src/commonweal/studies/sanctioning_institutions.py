"""SanctSim once more: do four patterns of behaviour explain how far seven agents contribute where they may sanction each other?

Seven seats, fifteen periods of three stages. In the first everyone chooses a group: one with sanctions, one without. In the
second everyone contributes up to 20 tokens to the public good of its group, 1.6 C / n a member. In the third, members of the
sanctioning group spend up to 20 tokens on punishing each other (1 takes 3) and up to 20 on rewarding (1 gives 1). Payoffs
are those of the published code to the last unit (see the tests of the world and of the sanctions); only there the 20 tokens of
the third stage are one budget for both, and here one for each.

Published, models in all seven seats: mean contributions by round, in four patterns. They were read off the vector figure of
the public repository, to a hundredth of a token. What is run again here has
scripted reciprocators instead of models: start and climb of a pattern are those of its first three published rounds, and the
other twelve rounds are predicted. So the direction of the primary contrast is put in, and its size is the test.

Theory: intentions in closed form, v(t + 1) = v(t) + climb (1 - v(t)), or + climb v(t) below 0, averaged over the periods. It is
exact in expectation while nobody punishes: in a society of one pattern whose spread is below the tolerance of shirkers, being
drawn to the mean of the others moves no mean.

Source: D. Guzman Piedrahita, Y. Yang, M. Sachan, G. Ramponi, B. Schölkopf and Z. Jin, "Corrupted by Reasoning: Reasoning
Language Models Become Free-Riders in Public Goods Games", arXiv 2506.23276 (2025), and its public repository SanctSim; the
design is that of Ö. Gürerk, B. Irlenbusch and B. Rockenbach, Science 312 (2006).
"""

from __future__ import annotations

import dataclasses
import math

import jax.numpy as jnp

from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.parts import HostedMind, Mind
from commonweal.core.peers import Circle
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.membership import Membership
from commonweal.institutions.peer_punishment import PeerPunishment
from commonweal.institutions.peer_reward import PeerReward
from commonweal.institutions.within import Within
from commonweal.lab.study import Factor, Figure, Levels, Part, Primary, Published, Replication, Study
from commonweal.metrics.cooperation import Cooperation
from commonweal.metrics.group_share import GroupShare
from commonweal.metrics.period_pay import PeriodPay
from commonweal.metrics.points import Points
from commonweal.minds.language import Language
from commonweal.minds.reciprocators import Reciprocator
from commonweal.models.budget import Budget
from commonweal.statistics.variation import Assumed
from commonweal.worlds.public_goods import TOKEN, PublicGoods

SEATS, PERIODS, STAGES = 7, 15, 3
PATTERN, START = "pattern of behaviour", "contribution of everyone"
DEFECTORS, BUDGET = "share of defectors", "points to punish with"

PUBLISHED = {
    "rising": (
        (11.39, 14.64, 15.39, 15.64, 15.75, 15.75, 15.75, 15.75, 15.75, 15.75, 15.75, 15.57, 15.75, 15.75, 15.75),
        (10.00, 14.66, 17.74, 18.91, 19.66, 20.00, 19.71, 20.00, 20.00, 20.00, 20.00, 20.00, 20.00, 20.00, 20.00),
        (10.00, 11.17, 13.11, 13.63, 14.20, 14.40, 14.17, 14.26, 14.31, 14.37, 14.40, 14.40, 14.40, 14.40, 14.40),
        (10.00, 13.03, 14.77, 14.83, 14.89, 15.31, 15.46, 15.57, 15.40, 15.60, 15.66, 15.71, 15.66, 15.69, 15.63),
    ),
    "falling": ((11.06, 10.77, 8.09, 8.17, 5.57, 4.57, 6.86, 4.71, 2.57, 3.29, 2.86, 3.43, 3.71, 2.29, 2.86),),
    "steady": ((10.0,) * 15, (10.0,) * 15),
    "unstable": (
        (12.14, 15.00, 15.00, 15.71, 13.57, 17.14, 20.00, 14.29, 11.43, 11.43, 11.43, 5.71, 8.57, 8.57, 8.57),
        (17.14, 14.29, 11.43, 8.57, 8.57, 11.43, 8.57, 11.43, 17.14, 4.29, 0.00, 1.43, 2.86, 7.14, 14.29),
    ),
}
"""Mean contribution in tokens by round, model by model (those not marked as a single run), read off the published figure.
Rising is there called increasingly cooperative, falling increasingly defecting, steady no change."""
PATTERNS = tuple(PUBLISHED)
MODELS = {
    "rising": ("DeepSeek-V3", "Llama-3.3-70B", "GPT-4o", "GPT-4o-mini"),
    "falling": ("o1-mini",),
    "steady": ("o3-mini low", "o3-mini medium"),
    "unstable": ("o3-mini high", "o1-preview"),
}
"""Whose rounds these are, in the same order."""


def published(pattern: str) -> float:
    """The published mean contribution of a pattern as a share of the endowment: of its models alike, over all rounds."""
    models = PUBLISHED[pattern]
    return math.fsum(math.fsum(rounds) / len(rounds) for rounds in models) / (20 * len(models))


def read_genes(pattern: str) -> tuple[float, float]:
    """Start and climb of a pattern by its first three published rounds, as shares of the endowment."""
    models = PUBLISHED[pattern]
    first, third = (math.fsum(rounds[at] for rounds in models) / (20 * len(models)) for at in (0, 2))
    if third >= first:
        return first, 1 - math.sqrt((1 - third) / (1 - first))
    return first, math.sqrt(third / first) - 1


def predicted(start: float, climb: float, periods: int = PERIODS) -> float:
    """The mean intention over the periods.

    Args:
        start: the first one, 0 to 1.
        climb: part of the way to 1 (above 0) or to 0 (below 0) that it goes each period, -1 to 1.
        periods: how many.
    """
    if climb == 0:
        return start
    mean = (1 - (1 - abs(climb)) ** periods) / (abs(climb) * periods)
    return start * mean if climb < 0 else 1 - (1 - start) * mean


def mind_of(pattern: str) -> Reciprocator:
    """The scripted mind that stands for a pattern: start and climb from the figure, sanctions and moves our own."""
    kinds = (
        Reciprocator.increasingly_cooperative,
        Reciprocator.increasingly_defecting,
        Reciprocator.unchanging,
        Reciprocator.unstable,
    )
    start, climb = read_genes(pattern)
    if pattern == "unstable":
        # Its first rounds say how high it begins; where it jumps to next they do not.
        climb = 0.0
    base = kinds[PATTERNS.index(pattern)]()
    return dataclasses.replace(base, start=jnp.float32(start), climb=jnp.float32(climb))


def society(*minds: tuple[str, Mind | HostedMind], shares: Named[jnp.ndarray] | None = None) -> Society:
    """The society of SanctSim.

    Args:
        minds: by name; the first takes the seats that no share names.
        shares: of the others.
    """
    circle = Circle("group", period=STAGES, stage=2)
    groups = jnp.tile(jnp.asarray([[True, False]]), (SEATS, 1))
    return Society(
        world=PublicGoods.sanctsim(),
        minds=Named.of(*minds),
        seats=Seating(SEATS, Named((), ()) if shares is None else shares, groups=groups),
        rules=Named.of(
            ("punishment", Within(PeerPunishment(TOKEN, 3 * TOKEN, 20, 20, circle), 1)),
            ("reward", Within(PeerReward(TOKEN, TOKEN, 20, 20, circle), 1)),
            ("membership", Membership(period=STAGES)),
        ),
    )


def _theory(levels: Levels) -> float | None:
    pattern = str(levels[PATTERN])
    # Who jumps about is punished, and that moves it.
    return None if pattern == "unstable" else predicted(*read_genes(pattern))


def _mixed() -> Society:
    """Reciprocators who punish, and defectors who fear punishment, by the same drift as the pattern."""
    reciprocator = Reciprocator(start=0.5, reciprocity=0.5, punish=0.3, mobility=0.5, first=0.5)
    defector = Reciprocator(start=0.5, climb=-0.15, fear=0.6, mobility=0.5, first=0.5)
    shares = Named.of(("defector", jnp.float32(0.0)))
    return society(("reciprocator", reciprocator), ("defector", defector), shares=shares)


def _language() -> Society:
    return society(("agent", Language(persona="You play with six others.", disposition="You want to earn as much as you can.")))


def _published() -> tuple[Published, ...]:
    """Each model's mean contribution, and its pattern's, which is what ours is compared with."""
    note = "Models in all seven seats; ours are scripted seats with the start and climb of their pattern's first three rounds."
    jumps = "Where unstable models jump to next is in no published round: ours is shown and not compared."
    rows: list[Published] = []
    for pattern, names in MODELS.items():
        place = ((PATTERN, pattern),)
        means = [math.fsum(rounds) / (20 * len(rounds)) for rounds in PUBLISHED[pattern]]
        rows += [
            Published(name, (Figure("contribution", mean, compared=False),), "patterns", place, note=note)
            for name, mean in zip(names, means, strict=True)
        ]
        whole = Figure("contribution", published(pattern), 0.0005, compared=pattern != "unstable")
        rows.append(Published(f"{pattern}: mean of models", (whole,), "patterns", place, note="" if whole.compared else jumps))
    return tuple(rows)


_budget = lens.rule("punishment", PeerPunishment, lambda rule: rule.budget)
_start = lens.mind("agent", Reciprocator, lambda mind: mind.start)

study = Study(
    name="sanctioning-institutions",
    question="Do four patterns of behaviour explain how far agents contribute where they may join a group with sanctions?",
    parts=(
        Part(
            name="patterns",
            society=society(("agent", mind_of(PATTERNS[0]))),
            factors=(
                Factor(PATTERN, lens.whole_mind("agent"), PATTERNS, values=tuple(mind_of(pattern) for pattern in PATTERNS)),
            ),
            ticks=PERIODS * STAGES,
            seeds=100,
            theory=_theory,
        ),
        Part(
            name="identities",
            society=society(("agent", Reciprocator.unchanging())),
            factors=(Factor(START, _start, (0.0, 0.25, 0.5, 1.0)),),
            ticks=PERIODS * STAGES,
            seeds=2,
            role="control",
            theory=lambda levels: float(levels[START]),
        ),
        Part(
            name="mixed",
            society=_mixed(),
            factors=(
                Factor(DEFECTORS, lens.share("defector"), (0.0, 0.15, 0.3, 0.45, 0.6)),
                Factor(BUDGET, _budget, (0, 20)),
            ),
            ticks=PERIODS * STAGES,
            seeds=100,
            role="control",
        ),
        Part(
            name="language",
            society=_language(),
            factors=(Factor(BUDGET, _budget, (20,)),),
            ticks=PERIODS * STAGES,
            seeds=1,
            role="control",
        ),
    ),
    metrics=Named.of(
        ("contribution", Cooperation()),
        ("pay", PeriodPay(TOKEN, STAGES)),
        ("in the sanctioning group", GroupShare(1)),
        ("punishment", Points("punish")),
        ("reward", Points("reward")),
    ),
    primary=Primary(
        metric="contribution",
        part="patterns",
        factor=PATTERN,
        control="falling",
        treatment="rising",
        claim="The rising pattern of behaviour in every seat, instead of the falling one,",
        outcome="the mean contribution as a share of the endowment",
        smallest=0.05,
        assumed=Assumed(sd=0.02),
    ),
    replication=Replication(
        kind="re-run",
        source="Guzman Piedrahita et al., arXiv 2506.23276 (2025), figure of contributions by round, four models against one",
        published=published("rising") - published("falling"),
        rows=_published(),
    ),
    hypotheses=(
        "Extrapolated from three rounds, contributions of the rising pattern are more than twice those of the falling one.",
        "The published models of the rising pattern level off below full contribution, so that the gap is overestimated.",
        "Where reciprocators may punish, contributions with many defectors are higher than where they may not.",
    ),
    theory="the mean intention over fifteen periods in closed form; none for the unstable pattern, which is punished",
    mechanism="drift that each seat has of itself, read off the published rounds: it describes the models and explains nothing "
    "about why they drift",
    scope="scripted seats in place of models, seven seats, fifteen periods; refuted for models by their rounds 4 to 15, as far "
    "as these leave the predicted line",
    budget=Budget(calls=4000),
    doc="Published means over fifteen rounds, as shares of the endowment, beside what scripted minds make of rounds 1 to 3. "
    + " ".join(
        f"{pattern.capitalize()}: published {published(pattern):.3f}, "
        + ("not predicted." if pattern == "unstable" else f"predicted {predicted(*read_genes(pattern)):.3f}.")
        for pattern in PATTERNS
    )
    + " The part of identities is the fixture: pay is 40 + 12 c tokens a period where everyone contributes the share c. The "
    "mixed societies are our own question. The 20 tokens of the third stage are one budget for both sanctions in the published "
    "code, and one for each here. In part language a model sits in all seven seats for all fifteen periods, as published; the "
    "embedded one is the negative control, whatever it shows is the size of the wording artefact, and any other takes its "
    "place by --endpoint and --model.",
)
