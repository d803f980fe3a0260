"""Which ranking of a feed polarises, minute for minute of reading?

A hundred seats post, read and like on a forum for a hundred rounds. Each is born near one of two poles; what it reads moves
it, if that is near enough to where it stands (bounded confidence, in four degrees), whatever its camp. Feeds differ in their
ranking alone: seats post at the same ticks and are shown as many posts, of the same pool, so that a minute of reading is the
same minute everywhere (the metric `exposure` shows it).

    random (the control), recent, popular, personalised     one feature each
    engagement        near to the reader, extreme, and liked
    bridging          what both camps like
    learns likes      changes its weights by trial, to be liked more
    learns calm       changes its weights by trial, so that what its readers post gets less extreme: it learns the delta

The second part is the map: by feed, how far what is read moves a seat, and what is near enough to move it. Where nothing moves
anybody the rate is 0 under any feed: days are then alike but for chance. Elsewhere no theory is known for the rate; what is
known is the end of it. Of seats that all listen to c randomly chosen others with absorption a, and stand close together, the
spread decays as in DeGroot's model,

    E[variance(t + 1)] = (1 + a^2 / c) / (1 + a)^2 variance(t)

(`find_decay`), to consensus where all are near enough, and to one consensus in each camp where the other is not.

Source: M. DeGroot, JASA 69 (1974); R. Hegselmann and U. Krause, JASSS 5 (2002); A. Ovadya and L. Thorburn, "Bridging systems",
arXiv 2301.09976; polarisation by J. Esteban and D. Ray, Econometrica 62 (1994). "Per minute" is our own definition.
"""

from __future__ import annotations

from commonweal.channels.forum import Forum
from commonweal.core import lens, ranking
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.study import Factor, Levels, Part, Primary, Study
from commonweal.metrics.affective_polarisation import AffectivePolarisation
from commonweal.metrics.bimodality import Bimodality
from commonweal.metrics.camp_modularity import CampModularity
from commonweal.metrics.esteban_ray import EstebanRay
from commonweal.metrics.exposure import Exposure
from commonweal.metrics.polarisation_rate import PolarisationRate
from commonweal.minds.posters import Poster
from commonweal.statistics.variation import Assumed
from commonweal.worlds.platform import Platform

SEATS, ROUNDS, PARTS = 100, 100, 8
ABSORBS = 0.03
FEED, BOUND, MOVES = "feed", "least cosine that moves", "absorption"
RANKINGS = Named.of(
    ("random", ranking.at_random()),
    ("recent", ranking.recent()),
    ("popular", ranking.popular()),
    ("personalised", ranking.personalised()),
    ("engagement", ranking.engaging()),
    ("bridging", ranking.bridging()),
    ("learns likes", ranking.learning("likes")),
    ("learns calm", ranking.learning("calm")),
)


def find_decay(absorbs: float, count: int) -> float:
    """What is left of the spread of directions that are close together after each has absorbed the mean of `count` others.

    Args:
        absorbs: rate, 0 to 1.
        count: how many posts each has read, at least 1, drawn anew.
    """
    return (1 + absorbs**2 / count) / (1 + absorbs) ** 2


def society(absorbs: float = ABSORBS, within: float = -1.0) -> Society:
    """The forum, with posters near two poles.

    Args:
        absorbs: how far what is read moves a seat, 0 to 1.
        within: least cosine to a seat's persona of what moves it, -1 to 1.
    """
    poster = Poster(
        size=PARTS,
        activity=0.5,
        reads=0.0,
        noise=0.5,
        absorbs=absorbs,
        within=within,
        taste=0.0,
        keen=0.9,
        poles=1.0,
    )
    return Society(
        world=Platform(size=PARTS),
        minds=Named.of(("poster", poster)),
        seats=Seating(SEATS),
        channel=Forum(ranking=RANKINGS["random"], size=PARTS, room=4 * SEATS),
    )


def _feeds(*names: str) -> Factor:
    return Factor(FEED, lens.channel(Forum, lambda forum: forum.ranking), names, values=tuple(RANKINGS[own] for own in names))


def _bounds(*levels: float) -> Factor:
    return Factor(BOUND, lens.mind("poster", Poster, lambda mind: mind.within), levels)


def _theory(levels: Levels) -> float | None:
    return 0.0 if float(levels[MOVES]) == 0.0 else None


study = Study(
    name="feeds-and-polarisation",
    question="Which ranking of a feed polarises a forum, minute for minute of reading?",
    parts=(
        Part(
            name="feeds",
            society=society(),
            factors=(_feeds(*RANKINGS), _bounds(-1.0, -0.5, -0.25, 0.0)),
            ticks=ROUNDS,
            seeds=20,
        ),
        Part(
            name="map",
            society=society(),
            factors=(
                _feeds("random", "engagement", "bridging", "learns calm"),
                _bounds(-1.0, -0.5, -0.25, 0.0, 0.25),
                Factor(MOVES, lens.mind("poster", Poster, lambda mind: mind.absorbs), (0.0, 0.01, 0.03, 0.1)),
            ),
            ticks=ROUNDS,
            seeds=4,
            role="control",
            theory=_theory,
        ),
    ),
    metrics=Named.of(
        ("polarisation rate", PolarisationRate(seconds_per_view=1.0)),
        ("polarisation", EstebanRay()),
        ("modularity", CampModularity()),
        ("affective polarisation", AffectivePolarisation()),
        ("bimodality", Bimodality()),
        ("exposure", Exposure()),
    ),
    primary=Primary(
        metric="polarisation rate",
        part="feeds",
        factor=FEED,
        control="engagement",
        treatment="bridging",
        claim="A feed that puts first what both camps like, instead of what a reader reacts to",
        outcome="the polarisation of a forum per minute of reading (0: none, 1 in all: two equal poles)",
        smallest=0.01,
        assumed=Assumed(sd=0.02),
    ),
    family=("polarisation", "modularity", "affective polarisation"),
    mechanism="who is shown both camps hears them only as far as it listens: the ranking decides what is read, bounded "
    "confidence what moves; that reading moves at all is assumed, not found",
    scope="a hundred posters of one kind near two poles of one issue, absorption alone and no repulsion, a hundred rounds, "
    "four degrees of bounded confidence that are averaged over; another mix of degrees has another effect",
    hypotheses=(
        "At equal exposure a bridging feed polarises less than one that maximises engagement.",
        "Personalised and engagement feeds polarise whatever the bound of confidence; random ones only where it is narrow.",
        "A feed that learns to be liked comes to polarise as engagement does, though nobody gave it those weights.",
        "A feed that learns to calm its readers does no worse than bridging.",
        "Where nothing moves anybody the rate is 0 under every feed.",
        "Where the bound is narrow no ranking helps: those who listen to their own camp alone part under every feed.",
    ),
    theory="0 where nothing that is read moves anybody, since days are then alike but for chance; none known elsewhere",
    doc="A view is taken to last a second; whoever takes it to last longer divides all rates by that. A day is the tenth part "
    "of a trial; polarisation is that of the last day less that of the first, so that feeds which polarise within the first "
    "day get less than is due to them, and none gets more than two poles allow. Feeds of one block share their draws: births, "
    "posting and what could be shown are the same under all of them. Parameters were chosen after a pilot of eight seeds: "
    "liking all that is less than a right angle away, since with a narrower taste nothing is liked in both camps and a "
    "bridging feed is nearly a random one.",
)
