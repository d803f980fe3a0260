"""What the published metrics could have seen: learning planted in a text dump, and the least rate that each metric shows.

The dump is synthetic: 300 posts and 1,200 comments of 37 authors in the schema of Moltbook's, whose authors learn nothing; its
texts are embedded once, by all-MiniLM-L6-v2 as in the paper. A rate is detected where the metric is above the 97.5 % quantile
of its own null model, and counts as detectable where it is in 16 of 20 repeats. By activity: all authors learn, or only those
with few, some or many posts and comments; the metric is that of the whole dump, as it was published.
"""

from __future__ import annotations

import math

from benchmarks.machine import Row
from commonweal.analysis.dumps.synthetic import Recipe, synthesize
from commonweal.core.posts import PostMetric
from commonweal.metrics.agent_drift import AgentDrift
from commonweal.metrics.centroid_stability import CentroidStability
from commonweal.metrics.direction_consistency import DirectionConsistency
from commonweal.metrics.feedback_adaptation import FeedbackAdaptation
from commonweal.metrics.interaction_influence import InteractionInfluence
from commonweal.metrics.ngram_birth import NgramBirth
from commonweal.metrics.ngram_death import NgramDeath
from commonweal.metrics.societal_pull import SocietalPull
from commonweal.models.post_vectors import embedded
from commonweal.statistics.injection import Kind, Learners, Search, detectable_rate

POSTS, COMMENTS = 300, 1_200
STRATA = {"all": (1, 1 << 62), "below 20": (1, 19), "20 to 39": (20, 39), "40 and more": (40, 1 << 62)}
SEEN: tuple[tuple[str, PostMetric, Kind], ...] = (
    ("feedback adaptation", FeedbackAdaptation(), "feedback"),
    ("agent drift", AgentDrift(), "feedback"),
    ("societal pull", SocietalPull(), "pull"),
    ("direction consistency", DirectionConsistency(), "pull"),
    ("centroid stability", CentroidStability(), "pull"),
    ("interaction influence", InteractionInfluence(), "influence"),
)


def measure() -> list[Row]:
    log = embedded(synthesize(Recipe(POSTS, COMMENTS)))
    found: list[Row] = [
        {
            "posts and comments": len(log),
            "different texts": len(log.texts),
            "authors": log.authors,
            "births of phrases": NgramBirth().measure(log),
            "deaths of phrases": NgramDeath().measure(log),
        }
    ]
    for name, metric, kind in SEEN:
        for words, (least, most) in STRATA.items():
            seen = detectable_rate(log, metric, Learners(kind, least, most), Search())
            row: Row = {"metric": name, "planted": kind, "posts an author": words, "authors who learn": seen.learners}
            row["least rate"] = "none" if math.isnan(seen.rate) else seen.rate
            row |= {f"power at {rate:g}": share for rate, share in zip(seen.rates, seen.power, strict=True)}
            print("  ", row, flush=True)
            found.append(row)
    return found
