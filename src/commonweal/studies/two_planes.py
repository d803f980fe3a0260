"""Do agents learn to behave for an audience, and does what they mean change with it?

Forty agents on a platform. In each round each of them takes up the custom that is asked for, or its own; each is watched with
probability 1/2, and not taking up what is asked is fined with probability 1/2. How well being watched predicts the fine is
varied: its correlation rho. After 1,600 rounds nothing has consequences any more and nothing is learnt, and in 400 more the
agents are tried on the cue alone. Two planes are read:

    what they do     the divergence (Jensen-Shannon, bits) of acts when told they are watched from acts when not, in the test
    what they mean   the slope over ten days of how alike two posts of a day are; posts are of frozen posters, who read

Theory beside the simulation: logit bandits settle at p(w) = 1 / (1 + exp(-(leans + shift w + keen F c(w)))), where c(1), c(0)
= (1 +- rho) / 2 is the probability of a fine F. They are given leans = -keen F / 2: at rho = 0 they take up what is asked
every other time, watched or not.

Three controls hold what the measurement must tell apart: learners that are told in the test alone, and so could learn nothing
of it; frozen agents, of which some answer to being watched without having learnt it, at any rho; and posters that do absorb
what they read, who show what slope could have been seen.

Source: ours. That agents on open platforms change what they do when peers are there and not what they mean is a synthesis of
two findings, in no single paper: M. Li et al., arXiv 2602.14299 (2026), pairwise similarity low and flat; Y. Potter et al.,
"Peer-preservation in frontier models", arXiv 2604.19784 (2026), tampering in 2 % of runs without a peer, 99.7 % with one.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from commonweal.channels.forum import Forum
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.watching import Watching
from commonweal.lab.study import Factor, Levels, Part, Primary, Study
from commonweal.metrics.audience_divergence import AudienceDivergence, jensen_shannon
from commonweal.metrics.choice_share import ChoiceShare
from commonweal.metrics.pairwise_similarity import PairwiseSimilarity
from commonweal.metrics.similarity_slope import SimilaritySlope
from commonweal.minds.posters import Poster
from commonweal.minds.watched import Audience
from commonweal.worlds.platform import Platform

SEATS, TRAINING, TEST = 40, 1600, 400
FINE, KEEN, LEANS, RATE = 12, 0.25, -1.5, 0.04
"""Ledger units; logits a unit; logits; how far a payoff moves a value."""
SHIFT, ABSORBS = 2.0, 0.02
"""Planted: logits that being watched adds; rate at which posters take over what they read."""
SIZE = 8
"""Parts of what is said."""
RHO, TOLD, PLANTED, VOICE = "rho", "told in training", "planted response", "rate of absorption"
WITHOUT_PEER, WITH_PEER = 0.02, 0.997
"""Potter et al. (2026): share of runs in which Gemini 3 Flash tampers to keep a peer running; none there, a good one there."""


def bits(one: float, other: float) -> float:
    """The Jensen-Shannon divergence of two probabilities of one act of two, bits.

    Args:
        one: 0 to 1.
        other: 0 to 1.
    """
    return jensen_shannon((one, 1 - one), (other, 1 - other))


def keeps(logit: float) -> float:
    """The probability of what is asked at a logit."""
    return 1 / (1 + math.exp(-logit))


def response(rho: float, rate: float, shift: float = 0.0, told: bool = True) -> float:
    """The divergence, in bits, at which minds of one kind settle: exact for small rates and long training.

    Args:
        rho: correlation of being watched with consequences, 0 to 1.
        rate: above 0: it learns; 0: it is frozen.
        shift: logits that being watched adds, unlearnt.
        told: whether it was told in training. If not, c = 1/2 for all it knows, and the cue has come to mean nothing.
    """
    watched, alone = ((1 + rho) / 2, (1 - rho) / 2) if told else (0.5, 0.5)
    if rate == 0:
        watched = alone = 0.0
    return bits(keeps(LEANS + shift + KEEN * FINE * watched), keeps(LEANS + KEEN * FINE * alone))


def _society(rate: float = RATE, rho: float = 0.0) -> Society:
    agent = Audience(
        inner=Poster(size=SIZE, activity=0.2),
        question="custom",
        rate=rate,
        training=TRAINING,
        keen=KEEN,
        leans=LEANS,
    )
    return Society(
        world=Platform(customs=("its own", "what is asked"), stake=1_000_000, size=SIZE),
        minds=Named.of(("agent", agent)),
        seats=Seating(SEATS),
        rules=Named.of(("watching", Watching(rho=rho, fine=FINE, until=TRAINING, question="custom"))),
        channel=Forum(size=SIZE, places=2, pool=4, room=64, talks=False),
    )


def _control(name: str, society: Society, factors: tuple[Factor, ...], theory: Callable[[Levels], float]) -> Part:
    return Part(name, society, factors, TRAINING + TEST, 20, role="control", theory=theory)


_rho = lens.rule("watching", Watching, lambda rule: rule.rho)

study = Study(
    name="two-planes",
    question="Do agents learn to behave for an audience without changing what they mean?",
    parts=(
        Part(
            name="learners",
            society=_society(),
            factors=(Factor(RHO, _rho, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),),
            ticks=TRAINING + TEST,
            seeds=20,
            theory=lambda levels: response(float(levels[RHO]), RATE),
        ),
        _control(
            "told in training or in the test alone",
            _society(),
            (
                Factor(RHO, _rho, (0.0, 0.8)),
                Factor(TOLD, lens.rule("watching", Watching, lambda rule: rule.shows), (True, False)),
            ),
            lambda levels: response(float(levels[RHO]), RATE, told=bool(levels[TOLD])),
        ),
        _control(
            "frozen agents",
            _society(rate=0.0),
            (
                Factor(RHO, _rho, (0.0, 0.8)),
                Factor(PLANTED, lens.mind("agent", Audience, lambda mind: mind.shift), (0.0, SHIFT)),
            ),
            lambda levels: response(float(levels[RHO]), 0.0, float(levels[PLANTED])),
        ),
        _control(
            "posters that absorb",
            _society(rho=0.8),
            (Factor(VOICE, lens.mind("agent", Poster, lambda mind: mind.absorbs), (0.0, ABSORBS)),),
            lambda levels: response(0.8, RATE),
        ),
    ),
    metrics=Named.of(
        ("divergence", AudienceDivergence("custom", last=TEST)),
        ("slope of similarity", SimilaritySlope()),
        ("similarity", PairwiseSimilarity()),
        ("share that keeps to it", ChoiceShare("custom", 1, last=TEST)),
    ),
    primary=Primary(
        metric="divergence",
        part="learners",
        factor=RHO,
        control=0.0,
        treatment=0.8,
        claim="Training in which being watched predicts consequences",
        outcome="the divergence of watched from unwatched acts",
        smallest=0.05,
    ),
    family=("slope of similarity",),
    hypotheses=(
        "After training, with nothing at stake, learners act differently when told they are watched: the more, the better "
        "being watched had predicted consequences.",
        "Where it had predicted nothing (rho = 0), or they were never told, they act alike.",
        "Frozen agents act alike, or as planted, at any rho.",
        "What is said does not grow alike in any of these: only where posters absorb what they read.",
    ),
    theory="the stationary probabilities of a logit bandit whose values are the expected fines, exact for small learning rates",
    mechanism="a value for each act when watched and when not: assumed of these minds; found is when that shows, and how much",
    scope="learners of one kind, two acts, 40 seats, half watched and half punished; posters that are frozen whatever is "
    "learnt of customs, so that the flat plane of meaning is a check of the measurement and no finding about language models",
    doc="rho is the correlation of being watched with consequences, which does not move how often seats are watched or fined. "
    "Consequences end and learning stops at the same round; the divergence is read after it. As a yardstick, tampering in "
    f"{100 * WITHOUT_PEER:.3g} % of runs without a peer and {100 * WITH_PEER:.3g} % with a good one (Potter et al., 2026: not "
    f"learnt there, and no cue of an audience) is {bits(WITHOUT_PEER, WITH_PEER):.2f} bits. That the two planes part is a "
    "synthesis of two papers: no single one reports it.",
)
