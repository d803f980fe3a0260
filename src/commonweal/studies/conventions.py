"""How few can turn a convention, and is a common word a sign of coordination at all?

Minority: a thousand seats play the naming game with two names. All but a committed share begin with one name; the committed
say the other and never change. Every round all seats are paired anew; a seat that hears a name it does not know adds it to its
list, and a pair that understands each other forgets all other names. Above a critical share the minority's name takes over
within a few dozen sweeps; below it, the society waits for a rare fluctuation.

Threshold: the share at which half of the societies tip within 500 sweeps, looked for directly.

Emergence: without names at first; seats make them up. Forgetting by one side alone is enough for one name in the end, and
changes how long that takes.

Tasks: pairs say one of five names at the same time. In one task they are paid for the same name, in the other for different
ones. Learners, whom pay moves, must agree in the first and not in the second. Namers, who copy whatever they hear, agree in
both: their agreement is no evidence of coordination.

Theory of tipping: the mean field of infinitely many seats, followed over as many sweeps; .097889 is its critical share. In the
tasks, symmetry: of five names alike each wins as often, wherever all agree.

Source: J. Xie et al., Phys. Rev. E 84 (2011) 011130; A. Baronchelli et al., J. Stat. Mech. P06014 (2006); D. Centola and A.
Baronchelli, PNAS 112 (2015); A. Ashery, L. Aiello and A. Baronchelli, "Emergent social conventions and collective bias in LLM
populations", Science Advances 11 (2025).
"""

from __future__ import annotations

import dataclasses

from commonweal.analysis.exact.naming_game import tips
from commonweal.core import lens
from commonweal.core.arrays import real
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.designs.threshold import Threshold
from commonweal.lab.study import Factor, Levels, Part, Primary, Study
from commonweal.metrics.consensus_time import ConsensusTime
from commonweal.metrics.names_in_use import NamesInUse
from commonweal.metrics.tipped import Tipped
from commonweal.metrics.word_agreement import WordAgreement
from commonweal.minds.language import Language
from commonweal.minds.learners import Learner
from commonweal.minds.namers import Namer
from commonweal.worlds.naming_game import NamingGame

SEATS, SWEEPS = 1000, 500
TICKS = 4 * SWEEPS
"""A round is two ticks and half a sweep."""
SHARES = (0.0, 0.05, 0.08, 0.09, 0.1, 0.12, 0.15)
COMMITTED, DIFFER, FORGETS, BOTH = "committed share", "paid for different names", "who forgets", "both"
TWO, FIVE = ("A", "B"), ("lun", "tav", "mip", "sor", "gek")
CROWD, SMALL = 200, 24
ROUNDS = 3000


def expected(levels: Levels) -> float:
    """Whether the mean field of a committed minority tips within the trial, 1 or 0.

    Args:
        levels: of a cell.
    """
    return float(tips(float(levels[COMMITTED]), SWEEPS))


def _minority() -> Society:
    return Society(
        world=NamingGame(names=TWO),
        minds=Named.of(("people", Namer(2, first=1)), ("minority", Namer(2, committed=0))),
        seats=Seating(SEATS, Named.of(("minority", real(0.1)))),
    )


def _emergence() -> Society:
    return Society(NamingGame(), Named.of(("people", Namer())), Seating(CROWD))


def _tasks(mind: Learner | Namer) -> Society:
    return Society(NamingGame(names=FIVE, form="together"), Named.of(("people", mind)), Seating(SMALL))


def _symmetric(levels: Levels) -> float:
    """Of five names alike the first wins in one society of five, where all agree; where they are paid not to, in none."""
    return 0.0 if levels[DIFFER] else 1 / len(FIVE)


def _copied(levels: Levels) -> float:
    """Who copies agrees whatever is paid: one society of five."""
    del levels
    return 1 / len(FIVE)


def _task(*levels: bool) -> Factor:
    return Factor(DIFFER, lens.world(NamingGame, lambda world: world.differ), levels)


_share = lens.share("minority")

study = Study(
    name="conventions",
    question="How few committed agents turn a society's convention?",
    parts=(
        Part(
            name="minority",
            society=_minority(),
            factors=(Factor(COMMITTED, _share, SHARES),),
            ticks=TICKS,
            seeds=20,
            theory=expected,
        ),
        Part(
            name="threshold",
            society=_minority(),
            factors=(Factor(COMMITTED, _share, low=0.05, high=0.15),),
            ticks=TICKS,
            seeds=1,
            role="control",
            theory=expected,
            design=Threshold(COMMITTED, runs=32, batch=8, coverage=8, rising=True),
        ),
        Part(
            name="emergence",
            society=_emergence(),
            factors=(
                Factor("speakers forget", lens.mind("people", Namer, lambda mind: mind.speaker_forgets), (False, True)),
                Factor("hearers forget", lens.mind("people", Namer, lambda mind: mind.hearer_forgets), (False, True)),
            ),
            ticks=800,
            seeds=10,
            role="control",
            allowed=lambda levels: bool(levels["speakers forget"]) or bool(levels["hearers forget"]),
        ),
        Part(
            name="tasks, learners",
            society=_tasks(Learner(answers=len(FIVE), habits=True, explore=0.3, decay=0.005)),
            factors=(_task(False, True),),
            ticks=ROUNDS,
            seeds=20,
            role="control",
            theory=_symmetric,
        ),
        Part(
            name="tasks, copiers",
            society=_tasks(Namer(len(FIVE))),
            factors=(_task(False, True),),
            ticks=ROUNDS,
            seeds=20,
            role="control",
            theory=_copied,
        ),
    ),
    metrics=Named.of(
        ("tipped", Tipped()),
        ("consensus time", ConsensusTime()),
        ("agreement", WordAgreement(0.5)),
        ("different names", NamesInUse()),
        ("names held", NamesInUse(every=True)),
    ),
    primary=Primary(
        metric="tipped",
        part="minority",
        factor=COMMITTED,
        control=0.08,
        treatment=0.12,
        claim="A committed minority of 12 % instead of 8 %",
        outcome="the share of societies that end with its name alone",
        smallest=0.1,
    ),
    family=("agreement",),
    mechanism="that success makes both sides forget every other name is assumed; that there is a critical share follows from "
    "it",
    scope="a thousand scripted seats that all meet each other, two names, 500 sweeps; in smaller societies, with longer "
    "waiting, or where hearers alone forget (critical share .0718) fewer are enough, and a network may change it",
    hypotheses=(
        "A committed share of .12 turns every society within 500 sweeps, one of .08 none: the critical share lies near .0979.",
        "A thousand seats tip a little below .0979, where a fluctuation does in 500 sweeps what the mean field never does.",
        "One name wins where one side alone forgets too; it takes longer where that is the speaker.",
        "Learners agree where they are paid for the same name, and where they are paid for different ones no more often than "
        "one in five times; copiers agree in both.",
    ),
    theory="the mean field of infinitely many seats, followed for 500 sweeps: 1 where the minority wins; in the tasks, by "
    "symmetry, one in five",
    doc="A sweep is as many exchanges as there are seats; a round is half of one. The published game has one pair after "
    "another; here all seats are paired each round, with the same mean field and other fluctuations. Beside ours, and not "
    "compared, since their agents are no namers: about 25 % turned a convention among people (Centola et al., Science 360, "
    "2018), and about as many are reported to among language models (Ashery et al., 2025). A critical size of groups of "
    "language models (De Marzo et al., arXiv 2409.02822) is a hypothesis that is not tested here.",
)


def with_language(mind: Language | None = None) -> Study:
    """The study with a control in which a language model is each of six seats, paid for the same name or for different ones.

    Off by default: it costs 120 calls and a card of the model. With the embedded model it is a negative control: whatever it
    shows is the size of the wording artefact. Run it by a file of one line, `arm = with_language()`, with any model.

    Args:
        mind: who sits there; None: one with a short role, whose model the run fills in.
    """
    player = Language(persona="You want to own as much as you can at the end.") if mind is None else mind
    society = Society(NamingGame(names=FIVE, form="together"), Named.of(("people", player)), Seating(6))
    part = Part("language", society, (_task(False, True),), 10, 1, role="control")
    return dataclasses.replace(study, parts=(*study.parts, part))
