"""draft"""

from __future__ import annotations

from commonweal.channels.forum import Forum
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.designs.latin_hypercube import LatinHypercube
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.centroid_stability import CentroidStability
from commonweal.metrics.conflict_after_conflict import ConflictAfterConflict
from commonweal.metrics.direction_consistency import DirectionConsistency
from commonweal.metrics.feedback_adaptation import FeedbackAdaptation
from commonweal.metrics.interaction_influence import InteractionInfluence
from commonweal.metrics.persona_alignment import PersonaAlignment
from commonweal.metrics.reward_drift import RewardDrift
from commonweal.metrics.reward_response import RewardResponse
from commonweal.metrics.societal_pull import SocietalPull
from commonweal.minds.posters import Poster
from commonweal.worlds.platform import Platform

SEATS, ROUNDS, PARTS = 100, 100, 8
LEARNS, ABSORBS, READS, NEWS, HEEDS, NOISE, SPURRED, POLES = (
    "learning from likes", "absorption", "weight of what is read", "weight of news", "weight of the post replied to",
    "weight of chance", "spur of likes", "poles",
)


def _society() -> Society:
    return Society(
        world=Platform(size=PARTS),
        minds=Named.of(("poster", Poster(size=PARTS, activity=0.3, replies=0.5))),
        seats=Seating(SEATS),
        channel=Forum(size=PARTS, room=4 * SEATS),
    )


def _gene(label, name, low, high):
    return Factor(label, lens.mind("poster", Poster, lambda mind: getattr(mind, name)), low=low, high=high)


study = Study(
    name="rival-accounts",
    question="Which account of posters fits?",
    parts=(
        Part(name="spur", society=_society(), factors=(Factor(SPURRED, lens.mind("poster", Poster, lambda mind: mind.spurred), (0.0, 1.0, 2.0)),), ticks=ROUNDS, seeds=20),
        Part(name="prior", society=_society(), factors=(
            _gene(LEARNS, "learns", 0.0, 0.2),
            _gene(ABSORBS, "absorbs", -0.1, 0.1),
            _gene(READS, "reads", -1.0, 1.0),
            _gene(NEWS, "news", 0.0, 2.0),
            _gene(HEEDS, "heeds", -2.0, 2.0),
            _gene(NOISE, "noise", 0.0, 3.0),
            _gene(SPURRED, "spurred", 0.0, 3.0),
            _gene(POLES, "poles", 0.0, 3.0),
        ), ticks=ROUNDS, seeds=1, role="control", design=LatinHypercube(512)),
    ),
    metrics=Named.of(
        ("reward response", RewardResponse()),
        ("reward drift", RewardDrift()),
        ("persona alignment", PersonaAlignment()),
        ("conflict after conflict", ConflictAfterConflict()),
        ("centroid stability", CentroidStability()),
        ("feedback adaptation", FeedbackAdaptation()),
        ("societal pull", SocietalPull()),
        ("direction consistency", DirectionConsistency()),
        ("interaction influence", InteractionInfluence()),
    ),
    primary=Primary(metric="reward response", part="spur", factor=SPURRED, control=0.0, treatment=1.0, claim="A", smallest=0.05),
)
