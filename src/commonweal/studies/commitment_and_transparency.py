"""Do programs that read each other, or promises that bind, leave all better off when acts tremble and source is misread?

Seven seats play the prisoner's dilemma (R, S, T, P = 3, 0, 5, 1) with each of the six others, each contact on its own. Minds
are selected: a parent is drawn in proportion to 1 + its mean payoff a contact, its copy takes another seat, and one copy in
twenty is a newcomer of any kind. All begin as defectors. Every act comes out as the opposite with the tremble rate.

`source`: six programs read each other: DefectBot, CooperateBot, FairBot, PrudentBot, CUPOD and the grounded FairBot. A source
can be read with the probability `transparency`; what is read is a random program of the six with the probability `misreading`.
`nonsense`: what is read is always a random program. What is gained there comes of reading something, not of what it says.
`promises`: a seat may commit itself to cooperate with those who commit as well; the promise holds against what it would rather
do with the probability `credibility`. Kinds are all combinations of committing or not and cooperating or not when free.

Theory beside all: the exact chain over all compositions of the population (792 and 120), with the exact table of what each
program does on reading each. It leaves out two things: payoffs vary about their means, and nobody can read a newcomer's source
in its first round.

Source: M. Barasz et al., "Robust cooperation in the Prisoner's Dilemma", arXiv 1401.5577 (2014); C. Oesterheld, "Robust
program equilibrium", Theory and Decision 86 (2019); A. Kalai et al., "A commitment folk theorem", Games and Economic Behavior
69 (2010). The societies and the chain are our own.
"""

from __future__ import annotations

import dataclasses
import functools

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.exact.compositions import (
    average_seats,
    begin_with,
    find_mean_over_time,
    find_moran_chain,
    list_compositions,
    pay_pairs,
)
from commonweal.analysis.exact.modal import (
    COOPERATE_BOT,
    CUPOD,
    DEFECT_BOT,
    FAIR_BOT,
    PRUDENT_BOT,
    find_answers,
    find_unread,
    ground,
)
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.parts import HostedMind, Mind
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.commitment import Commitment
from commonweal.institutions.moran import Moran
from commonweal.institutions.mutation import Mutation
from commonweal.institutions.open_source import OpenSource
from commonweal.institutions.tremble import Tremble
from commonweal.lab.study import Factor, Levels, Part, Primary, Study
from commonweal.metrics.cooperation import Cooperation
from commonweal.metrics.payoff_of import PayoffOf
from commonweal.minds import dials
from commonweal.minds.joiners import Joiner
from commonweal.minds.language import Language
from commonweal.minds.readers import Reader
from commonweal.worlds.network_game import NetworkGame

Floats = NDArray[np.float64]

SEATS = 7
TICKS = 3000
R, S, T, P = 3, 0, 5, 1
SELECTION, MUTATION, RATE = 1.0, 0.05, 0.25
"""Strength of selection per unit of mean payoff a contact; chance that a copy is a newcomer; chance of a copy in a round."""
GROUNDING = 0.1
TRANSPARENCY, MISREADING, CREDIBILITY, TREMBLE = "transparency", "misreading", "credibility", "tremble"
PROGRAMS = (DEFECT_BOT, COOPERATE_BOT, FAIR_BOT, PRUDENT_BOT, CUPOD, ground(GROUNDING))
ANSWERS = np.concatenate([find_unread(PROGRAMS)[:, None], find_answers(PROGRAMS)], axis=1)
"""Chance of cooperating of each program on reading nothing, then each program. [6, 7]"""
PROMISERS = (("defector", 0.0, 0.0), ("cooperator", 0.0, 1.0), ("promising defector", 1.0, 0.0), ("promiser", 1.0, 1.0))
"""Name, whether it commits, whether it cooperates when free."""


def read_pairs(transparency: float, misreading: float) -> Floats:
    """Chance with which each program means to cooperate with each. [6, 6]

    Args:
        transparency: probability that a source can be read, 0 to 1.
        misreading: probability that what is read is a random program, 0 to 1.
    """
    truly = ANSWERS[:, 1:]
    read = (1 - misreading) * truly + misreading * truly.mean(1, keepdims=True)
    return transparency * read + (1 - transparency) * ANSWERS[:, :1]


def promise_pairs(credibility: float) -> Floats:
    """Chance with which each kind of promiser cooperates with each, before a tremble. [4, 4]

    Args:
        credibility: probability that a mutual promise is kept against a free defection, 0 to 1.
    """
    commits, free = (np.asarray([row[place] for row in PROMISERS], float) for place in (1, 2))
    return free[:, None] + (1 - free[:, None]) * credibility * np.outer(commits, commits)


def exact(pairs: Floats, tremble: float) -> float:
    """Mean payoff of a seat and round, from the chain over all compositions.

    Args:
        pairs: chance with which the row's kind means to cooperate with the column's [s, s]; all seats begin as the first kind.
        tremble: chance that an act comes out as the opposite, 0 to 0.5.
    """
    mine = (1 - 2 * tremble) * pairs + tremble
    theirs = mine.T
    game = R * mine * theirs + S * mine * (1 - theirs) + T * (1 - mine) * theirs + P * (1 - mine) * (1 - theirs)
    kinds = len(pairs)
    counts = _compositions(kinds)
    paid = pay_pairs(counts, game)
    chain = find_moran_chain(counts, paid, SELECTION, MUTATION, np.full(kinds, 1 / kinds), RATE)
    start = begin_with(counts, [SEATS, *([0] * (kinds - 1))])
    return (SEATS - 1) * find_mean_over_time(chain, start, average_seats(counts, paid), TICKS)


@functools.lru_cache(maxsize=4)
def _compositions(kinds: int) -> NDArray[np.int64]:
    return list_compositions(SEATS, kinds)


def _source_theory(levels: Levels) -> float:
    # Of the control without a factor for it, every reading is wrong.
    pairs = read_pairs(float(levels[TRANSPARENCY]), float(levels.get(MISREADING, 1.0)))
    return exact(pairs, float(levels[TREMBLE]))


def _promise_theory(levels: Levels) -> float:
    return exact(promise_pairs(float(levels[CREDIBILITY])), float(levels[TREMBLE]))


def _society(
    minds: Named[Mind | HostedMind], rules: tuple[tuple[str, Commitment | Tremble | OpenSource | Mutation], ...]
) -> Society:
    even = Named.of(*((name, jnp.float32(1 / len(minds))) for name in minds.names[1:]))
    seats = Seating(SEATS, network=Ring(SEATS - 1), newcomers=even)
    return Society(NetworkGame.dilemma(R, S, T, P, per_contact=True), minds, seats, Named(*zip(*rules, strict=True)))


def _evolution() -> Mutation:
    return Mutation(Moran(selection=SELECTION, rate=RATE, average=True), MUTATION)


def _readers(misreading: float = 0.0) -> Society:
    names = tuple(program.name for program in PROGRAMS)
    minds = tuple(Reader(number + 1, ANSWERS[number]) for number in range(len(names)))
    evolution = OpenSource(_evolution(), noise=misreading, programs=names)
    return _society(Named(names, minds), (("tremble", Tremble(0.0)), ("evolution", evolution)))


def _promisers() -> Society:
    minds = tuple(Joiner(join=commits, inside=free, outside=free) for _, commits, free in PROMISERS)
    rules = (("commitment", Commitment(0.0)), ("tremble", Tremble(0.0)), ("evolution", _evolution()))
    return _society(Named(tuple(row[0] for row in PROMISERS), minds), rules)


_transparencies = Factor(TRANSPARENCY, lens.rule("evolution", OpenSource, lambda rule: rule.reach), (0.0, 0.5, 1.0))
_trembles = Factor(TREMBLE, lens.rule("tremble", Tremble, lambda rule: rule.rate), (0.0, 0.1, 0.2))

study = Study(
    name="commitment-and-transparency",
    question="Do readable source and credible promises leave all better off when acts tremble and source is misread?",
    parts=(
        Part(
            name="source",
            society=_readers(),
            factors=(
                _transparencies,
                Factor(MISREADING, lens.rule("evolution", OpenSource, lambda rule: rule.noise), (0.0, 0.2, 0.4)),
                _trembles,
            ),
            ticks=TICKS,
            seeds=40,
            theory=_source_theory,
        ),
        Part(
            name="nonsense",
            society=_readers(misreading=1.0),
            factors=(_transparencies, _trembles),
            ticks=TICKS,
            seeds=40,
            role="control",
            theory=_source_theory,
        ),
        Part(
            name="promises",
            society=_promisers(),
            factors=(
                Factor(CREDIBILITY, lens.rule("commitment", Commitment, lambda rule: rule.credibility), (0.0, 0.25, 0.5, 1.0)),
                _trembles,
            ),
            ticks=TICKS,
            seeds=40,
            theory=_promise_theory,
        ),
    ),
    metrics=Named.of(("payoff", PayoffOf()), ("cooperation", Cooperation())),
    primary=Primary(
        metric="payoff",
        part="source",
        factor=TRANSPARENCY,
        control=0.0,
        treatment=1.0,
        claim="That every source can be read",
        outcome="the mean payoff of a seat",
        smallest=0.6,
    ),
    family=("cooperation",),
    mechanism="selection of programs: those that cooperate only with what they read as cooperative earn more among their like "
    "and cannot be exploited; a misread source costs them that advantage. Who reads and who promises is given, not learned",
    scope="six honest programs, seven seats that all meet, a prisoner's dilemma with 3, 0, 5, 1, 3,000 rounds from all "
    "defecting; programs that lie about their source, or cannot afford the proof, would refute it elsewhere",
    hypotheses=(
        "Readable source raises the mean payoff.",
        "Misreading takes part of the gain away, and so do trembling acts, which programs that judge source do not answer; "
        "neither turns it into a loss.",
        "Promises help from any credibility on, as S + T > 2 P, and the more credible the more.",
    ),
    theory="exact for mean payoffs: the chain over all compositions of the population, with the modal table of the programs",
    doc="With transparency 0 nobody reads anything, so that misreading cannot matter. Where every reading is nonsense, in the "
    "part of that name, transparency still raises payoffs a little: who cooperates only with what it reads as cooperative then "
    "does so now and then. That much is no merit of transparency. The payoff is that of six encounters: 6 where all defect, 18 "
    "where all cooperate and nothing trembles.",
)


def with_language(mind: Language | None = None) -> Study:
    """The study with a control in which a language model sits in all seats, may promise, and is told how far to keep its word.

    Off by default: it costs 112 calls and a card of the model. With the embedded model it is a negative control: whatever it
    shows is the size of the wording artefact. Run it by a file of one line, `arm = with_language()`, with any model.

    Args:
        mind: who sits there; None: one with a short role, whose model the run fills in.
    """
    wish = "You want to own as much as you can at the end."
    player = Language(persona="You play with six others.") if mind is None else mind
    society = Society(
        NetworkGame.dilemma(R, S, T, P),
        Named.of(("player", player)),
        Seating(SEATS, network=Ring(SEATS - 1)),
        Named.of(("commitment", Commitment(0.5))),
    )
    told = lens.mind("player", Language, lambda mind: mind.disposition)
    levels = (0.0, 1.0)
    factor = Factor(dials.HONESTY.name, told, levels, values=dials.HONESTY.texts(levels, wish))
    return dataclasses.replace(study, parts=(*study.parts, Part("language", society, (factor,), 8, 1, role="control")))
