"""Do frozen posters look as agents on an open platform were found to look, and what learning would those metrics have shown?

A hundred posters on a platform with one subject post a vector in each of 120 rounds, read, reply and like. A published study of
a platform of language models found that the centre of what is said stays the same from day to day, that single posts stay
unlike, and that nobody moves to the others, to what was liked, or to whom it answers, and called that a lack of socialisation.
It had no positive control. Here are some:

    planted     posters who learn from likes at a known rate, likes being given by chance or by taste
    absorbed    posters who take over what they read, at a known rate
    frozen      posters who read, more or less, and never learn, under two feeds: all published metrics at once

Theory of feedback adaptation (NP), the primary metric: 0 of who does not learn where likes are given by chance. Exact where
posters do not read: an author's posts are then exchangeable, so that exchanging a window's top and bottom changes the sign of
NP and no probability; societal pull and direction consistency are 0 by the same argument, exchanging an author's halves (the
others' moves being left out of, and so unmoved by, its own). Of readers it holds up to the first rounds, in which there is
nothing to read. No theory is known of learners.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026), of Moltbook; its
numbers as notes on the paper have them.
"""

from __future__ import annotations

from commonweal.channels.forum import Forum
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.screens import Screen
from commonweal.lab.study import Factor, Levels, Part, Primary, Study
from commonweal.metrics.agent_drift import AgentDrift
from commonweal.metrics.centroid_stability import CentroidStability
from commonweal.metrics.cluster_tightening import ClusterTightening
from commonweal.metrics.direction_consistency import DirectionConsistency
from commonweal.metrics.feedback_adaptation import FeedbackAdaptation
from commonweal.metrics.influence_persistence import InfluencePersistence
from commonweal.metrics.interaction_influence import InteractionInfluence
from commonweal.metrics.pairwise_similarity import PairwiseSimilarity
from commonweal.metrics.similarity_slope import SimilaritySlope
from commonweal.metrics.societal_pull import SocietalPull
from commonweal.metrics.supernode_share import SupernodeShare
from commonweal.minds.posters import Poster
from commonweal.worlds.platform import Platform

SEATS, ROUNDS, SIZE = 100, 120, 8
"""Posters, each of whom posts in every round; rounds; parts of what is said."""
LEARNS, ABSORBS, READS = "rate of learning from likes", "rate of absorption", "weight of what is read"
LIKES, FEED = "likes", "feed"
BY_CHANCE, BY_TASTE, RECENT, EXTREME = "by chance", "by taste", "most recent first", "most extreme first"
RATES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
ABSORPTION = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
"""Of absorption: it acts at every post, so that it is over in the earlier half where it is quick."""
READING = Poster(size=SIZE, activity=1.0, reads=0.5, news=0.5, taste=-1.0)
"""Frozen; a subject that all share weighs half as much as its persona; it likes each second post that it sees, by chance."""


def expected(levels: Levels) -> float | None:
    """Feedback adaptation where nobody learns and likes come by chance: 0; None: not known.

    Args:
        levels: of a cell.
    """
    blind = levels.get(LIKES, BY_CHANCE) == BY_CHANCE and levels.get(FEED, RECENT) == RECENT
    return 0.0 if blind and not levels.get(LEARNS, 0.0) else None


def _platform() -> Society:
    return Society(
        world=Platform(size=SIZE, persistence=1.0),
        minds=Named.of(("poster", READING)),
        seats=Seating(SEATS),
        channel=Forum(size=SIZE, places=4, pool=8, room=0),
    )


_learns = lens.mind("poster", Poster, lambda poster: poster.learns)
_absorbs = lens.mind("poster", Poster, lambda poster: poster.absorbs)
_reads = lens.mind("poster", Poster, lambda poster: poster.reads)
_taste = lens.mind("poster", Poster, lambda poster: poster.taste)
_extreme = lens.channel(Forum, lambda forum: forum.ranking.extreme)
_likes = Factor(LIKES, _taste, (BY_CHANCE, BY_TASTE), values=(-1.0, 0.3))
_DETECTORS = (
    "feedback adaptation",
    "societal pull",
    "interaction influence",
    "centroid stability",
    "slope of similarity",
)

study = Study(
    name="socialisation",
    question="Would the published metrics of socialisation have shown agents that learn?",
    parts=(
        Part(
            name="planted",
            society=_platform(),
            factors=(Factor(LEARNS, _learns, RATES), _likes),
            ticks=ROUNDS,
            seeds=10,
            theory=expected,
        ),
        Part(
            name="absorbed",
            society=_platform(),
            factors=(Factor(ABSORBS, _absorbs, ABSORPTION),),
            ticks=ROUNDS,
            seeds=10,
            role="control",
            theory=expected,
        ),
        Part(
            name="frozen",
            society=_platform(),
            factors=(
                Factor(READS, _reads, (0.0, 0.5, 1.0)),
                _likes,
                Factor(FEED, _extreme, (RECENT, EXTREME), values=(0.0, 16.0)),
            ),
            ticks=ROUNDS,
            seeds=10,
            role="control",
            theory=expected,
        ),
    ),
    metrics=Named.of(
        ("feedback adaptation", FeedbackAdaptation()),
        ("societal pull", SocietalPull()),
        ("direction consistency", DirectionConsistency()),
        ("interaction influence", InteractionInfluence()),
        ("centroid stability", CentroidStability()),
        ("pairwise similarity", PairwiseSimilarity()),
        ("slope of similarity", SimilaritySlope()),
        ("cluster tightening", ClusterTightening()),
        ("agent drift", AgentDrift()),
        ("influence persistence", InfluencePersistence()),
        ("supernode share", SupernodeShare()),
    ),
    primary=Primary(
        metric="feedback adaptation",
        part="planted",
        factor=LEARNS,
        control=0.0,
        treatment=0.1,
        claim="Learning from likes at a rate of .1",
        outcome="feedback adaptation",
        smallest=0.01,
    ),
    family=("societal pull", "interaction influence", "centroid stability"),
    screens=tuple(
        Screen(metric, part, ((label, 0.0),))
        for part, label in (("planted", LEARNS), ("absorbed", ABSORBS))
        for metric in _DETECTORS
    ),
    hypotheses=(
        "Frozen posters show every published null: stability near 1, posts unlike, no adaptation, no influence.",
        "Feedback adaptation rises with the rate of learning from likes, and with nothing else that is planted.",
        "Societal pull rises with the rate of absorption and falls again: a quick pull is over before the first half is.",
        "The centre of what is said stays the same at any rate of absorption, and of slow learning.",
        "Who is answered most is so tomorrow where the feed favours what it says, though nobody learns.",
    ),
    theory="feedback adaptation 0 of who does not learn where likes come by chance: exchangeable, exact where nobody reads; "
    "none known of learners",
    mechanism="that a persona moves by a fixed step to what was liked more than usual is assumed; found is which metric "
    "shows it",
    scope="a hundred scripted posters of 120 posts each, vectors of 8 parts, likes of half the posts seen; with fewer posts an "
    "author, or rarer likes, less can be seen. Nothing follows of whether language models learn",
    doc="Published (arXiv 2602.14299, Moltbook, as notes have it): centroid stability near 1 after five days, pairwise "
    "similarity low and flat; societal pull, direction consistency, feedback adaptation, interaction influence centred on 0; "
    "supernodes that change from day to day. That is another platform, with texts: nulls are compared, not sizes, and no row "
    "stands beside ours as if it were of the same quantity. Nor is this a replication: nothing was published of a platform "
    "whose agents are known to learn. Birth and death of phrases are read off texts, in docs/forum.md. A shared page and a "
    "joint task are varied in the study binding-constraint. A day is a tenth of a trial. Rates and horizon were chosen after a "
    "pilot of six trials a cell.",
)
