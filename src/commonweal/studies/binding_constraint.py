"""Does shared behaviour need a binding constraint?

Societies of agents on a platform each take up one of four customs, none better than another, and see on each other's posts what
others took up. What makes one of them a norm: a custom on which the seats of a society agree, beyond what all societies do?

- *arms*: nothing is at stake; a constraint is announced, and told as points, without a stake; it binds. Each with sight of what
  peers do, and with that sight cut. Kinds of constraint: a joint task, a scarce resource, a stake that can be lost, mutual
  vulnerability. The seats learn from what a custom earns them, and copy now and then what they see.
- *learning*: the same without a constraint and with a joint task, by what seats are: frozen in the custom that they were born
  with, copiers, conformists, learners without sight of others, learners who copy too, those who care for points that cost
  nothing, and those who go by a page that all can edit.
- *artifacts*: a shared page and a communication bottleneck, each there or not, without any stake: what structure alone does.
- *map*: how much is at stake, and how much is copied, in steps.
- *size*: up to the largest society, whose index is predicted in writing before it is run.
- *eight conditions*: those of TerraLingua that have a counterpart here, five runs each, as it had.
- *language* (`with_language()`, a negative control): the embedded model, with a constraint and without.

The outcome is the norm index: the intraclass correlation of the choice over trials, (W - B) / (1 - B), with W how often two
seats of one society agree and B how often two of different societies do. A common reaction to a constraint, the same in all
societies, counts as none.

Theory, where nothing is paid: a seat takes up a custom at random with probability mu, else copies one of the others of the last
tick with probability c, else keeps its own. Two seats then have one origin with probability F(t), F(0) = 0,

    F(t + 1) = (1 - mu)^2 (A + (1 - A) F(t)),    A = 2 c (1 - c) / (n - 1) + c^2 (n - 2) / (n - 1)^2

which is the index: it falls as 1 / (2 n mu) for large n. Mere interaction is no pressure, and the larger the society, the less.

Source: the question and its four pressures are the first of the documents this project grew from; prior work with binding
ecology: G. Paolo et al., TerraLingua, arXiv 2603.16910; F: J. Crow and M. Kimura, An Introduction to Population Genetics
Theory (1970).
"""

from __future__ import annotations

import dataclasses

from commonweal.channels.forum import Forum
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.meetings import (
    Meetings,
    joint_task,
    mutual_vulnerability,
    scarce_resource,
    stake_to_lose,
)
from commonweal.institutions.shared_page import SharedPage
from commonweal.lab.designs.full import Full
from commonweal.lab.designs.ladder import Ladder
from commonweal.lab.study import Factor, Levels, Part, Primary, Study
from commonweal.metrics.agreement import Agreement
from commonweal.metrics.choice_share import ChoiceShare
from commonweal.metrics.norm_index import NormIndex
from commonweal.metrics.payoff_of import PayoffOf
from commonweal.minds.adopters import Adopter
from commonweal.minds.language import Language
from commonweal.statistics.variation import Assumed
from commonweal.worlds.platform import Platform

SEATS, ROUNDS, LAST, TOKENS = 60, 200, 10, 5_000
EXPLORES, COPIES, LEARNS = 0.05, 0.2, 0.2
PARTS, PLACES, POOL = 4, 4, 8
ARM, SIGHT, KIND, MIND, SIZE = "arm", "sight of peers", "constraint", "seats", "society size"
NONE, ANNOUNCED, BINDING = "none", "announced", "binding"
PAGE, WIDTH, STAKE, COPYING = "shared page", "bottleneck", "worth of a meeting", "share that copies"
ARMS = (NONE, ANNOUNCED, BINDING)
"""Nothing is at stake; points alone; points that are paid."""
CUSTOMS = len(Platform().customs)


def _adopter(explores: float = EXPLORES, copies: float = 0.0, conforms: float = 0.0, learns: float = 0.0) -> Adopter:
    return Adopter(answers=CUSTOMS, explores=explores, copies=copies, conforms=conforms, learns=learns)


MINDS: dict[str, Adopter] = {
    "frozen": _adopter(),
    "copiers": _adopter(copies=0.5),
    "conformists": _adopter(conforms=0.5),
    "learners": _adopter(learns=LEARNS),
    "learners who copy": _adopter(copies=COPIES, learns=LEARNS),
    "learners who care for points": Adopter(CUSTOMS, explores=EXPLORES, copies=COPIES, learns=LEARNS, cares=1.0),
}


def society(inner: Adopter, meetings: Meetings, page: float = 0.0, seats: int = SEATS) -> Society:
    """A platform whose seats take up customs, post, and see on posts what others took up.

    Args:
        inner: the mind of all seats.
        meetings: what is at stake.
        page: probability of an edit of a shared page at a tick, 0 to 1.
        seats: how many.
    """
    return Society(
        world=Platform(size=PARTS, stake=TOKENS),
        minds=Named.of(("member", inner)),
        seats=Seating(seats),
        rules=Named.of(("meetings", meetings), ("page", SharedPage(edits=page))),
        channel=Forum(size=PARTS, places=PLACES, pool=POOL, room=0, talks=False, carries="custom"),
    )


def find_origin(seats: int, explores: float, copies: float, ticks: int) -> float:
    """The probability that two seats of a society in which nothing is paid have a custom of one origin: the norm index.

    Args:
        seats: how many, at least 2.
        explores: probability of a custom at random, 0 to 1.
        copies: probability, else, of copying another.
        ticks: how many have been, the first of which sees nothing to copy.
    """
    met = 2 * copies * (1 - copies) / (seats - 1) + copies**2 * (seats - 2) / (seats - 1) ** 2
    found = 0.0
    for _ in range(ticks - 1):
        found = (1 - explores) ** 2 * (met + (1 - met) * found)
    return found


def _mean_origin(seats: int, copies: float) -> float:
    """The index over the last ticks, whose mean it is of."""
    return sum(find_origin(seats, EXPLORES, copies, ticks) for ticks in range(ROUNDS - LAST + 1, ROUNDS + 1)) / LAST


def arms_theory(levels: Levels) -> float | None:
    """Where nothing is paid: the share of one origin; without sight, none."""
    if levels[ARM] == BINDING:
        return None
    return _mean_origin(SEATS, COPIES if levels[SIGHT] else 0.0)


def learning_theory(levels: Levels) -> float | None:
    """Where nothing is paid, of those who copy or keep what they have."""
    copies = {"frozen": 0.0, "copiers": 0.5, "learners": 0.0, "learners who copy": COPIES}.get(str(levels[MIND]))
    return None if levels[ARM] != NONE or copies is None else _mean_origin(SEATS, copies)


def size_theory(levels: Levels) -> float | None:
    """Where nothing is paid: falls as one over the size."""
    return _mean_origin(int(levels[SIZE]), COPIES) if levels[ARM] == NONE else None


def map_theory(levels: Levels) -> float | None:
    """Where meetings are worth nothing."""
    return _mean_origin(SEATS, float(levels[COPYING])) if float(levels[STAKE]) == 0 else None


_binds = lens.rule("meetings", Meetings, lambda rule: rule.binds)
_supply = lens.rule("meetings", Meetings, lambda rule: rule.supply)
_edits = lens.rule("page", SharedPage, lambda page: page.edits)
_unread = lens.rule("page", SharedPage, lambda page: page.loss)
_learner = MINDS["learners who copy"]
_arm = Factor(ARM, _binds, ARMS, values=(0, 1, 2))
_arm_none_or_binding = Factor(ARM, _binds, (NONE, BINDING), values=(0, 2))
_KINDS = {
    "joint task": joint_task(),
    "scarce resource": scarce_resource(),
    "stake to lose": stake_to_lose(),
    "mutual vulnerability": mutual_vulnerability(),
}
_CONDITIONS: dict[str, Levels] = {
    "core": {},
    "long memory": {"memory": 0.02},
    "abundant": {"resource": "abundant"},
    "costly artifacts": {"edits": 0.02},
    "creative": {"explores": 0.2},
    "inert artifacts": {"artifacts": "inert"},
    "no motivation": {"stake": 0},
}
"""TerraLingua's conditions and what of the core each changes; the eighth, personality, has no counterpart."""
_CORE: Levels = {"memory": LEARNS, "resource": "scarce", "edits": 0.2, "explores": EXPLORES, "artifacts": "read", "stake": 2}
_reader = Adopter(CUSTOMS, explores=EXPLORES, copies=COPIES, learns=LEARNS, consults=0.2)


def _is_condition(levels: Levels) -> bool:
    """Whether a combination is one of the conditions."""
    return any({**_CORE, **changed} == dict(levels) for changed in _CONDITIONS.values())


def _within(get: str) -> lens.Lens:
    """A gene of the members."""
    return lens.mind("member", Adopter, lambda mind: getattr(mind, get))


study = Study(
    name="binding-constraint",
    question="Does shared behaviour need a binding constraint?",
    parts=(
        Part(
            name="arms",
            society=society(_learner, joint_task()),
            factors=(
                _arm,
                Factor(SIGHT, lens.channel(Forum, lambda forum: forum.sight), (False, True)),
                Factor(KIND, lens.rule("meetings", Meetings, lambda rule: rule), tuple(_KINDS), values=tuple(_KINDS.values())),
            ),
            ticks=ROUNDS,
            seeds=20,
            theory=arms_theory,
        ),
        Part(
            name="learning",
            society=society(_learner, joint_task()),
            factors=(
                _arm,
                Factor(MIND, lens.whole_mind("member"), tuple(MINDS), values=tuple(MINDS.values())),
            ),
            ticks=ROUNDS,
            seeds=20,
            role="control",
            design=Full(first=1000),
            theory=learning_theory,
        ),
        Part(
            name="artifacts",
            society=society(Adopter(CUSTOMS, explores=EXPLORES, copies=COPIES, consults=0.2), Meetings(), 0.2),
            factors=(
                Factor(PAGE, _edits, (0.0, 0.2)),
                Factor(WIDTH, lens.channel(Forum, lambda forum: forum.width), ("all", "one post a tick"), values=(1 << 30, 1)),
            ),
            ticks=ROUNDS,
            seeds=20,
            role="control",
            design=Full(first=1000),
        ),
        Part(
            name="map",
            society=society(_learner, joint_task()),
            factors=(
                Factor(STAKE, lens.rule("meetings", Meetings, lambda rule: rule.worth), (0, 1, 4, 16, 64)),
                Factor(COPYING, _within("copies"), (0.0, 0.1, 0.2, 0.4, 0.8)),
            ),
            ticks=ROUNDS,
            seeds=10,
            role="control",
            design=Full(first=1000),
            theory=map_theory,
        ),
        Part(
            name="size",
            society=society(_learner, joint_task()),
            factors=(_arm_none_or_binding, Factor(SIZE, lens.size(), (20, 80, 320, 1280))),
            ticks=ROUNDS,
            seeds=20,
            role="control",
            theory=size_theory,
            design=Ladder(SIZE),
        ),
        Part(
            name="eight conditions",
            society=society(_reader, scarce_resource(), page=0.2),
            factors=(
                Factor(
                    "resource",
                    lens.rule("meetings", Meetings, lambda rule: rule.supply),
                    ("scarce", "abundant"),
                    values=(0.5, 0.05),
                ),
                Factor("stake", _binds, (2, 0)),
                Factor(
                    "artifacts", lens.rule("page", SharedPage, lambda page: page.loss), ("read", "inert"), values=(0.0, 1.0)
                ),
                Factor("edits", lens.rule("page", SharedPage, lambda page: page.edits), (0.2, 0.02)),
                Factor("explores", _within("explores"), (EXPLORES, 0.2)),
                Factor("memory", _within("learns"), (LEARNS, 0.02)),
            ),
            ticks=ROUNDS,
            seeds=5,
            role="control",
            design=Full(first=1000),
            allowed=_is_condition,
        ),
    ),
    metrics=Named.of(
        ("norm index", NormIndex("agreement", tuple(f"share of custom {k + 1}" for k in range(CUSTOMS)))),
        ("agreement", Agreement("custom", LAST)),
        *((f"share of custom {k + 1}", ChoiceShare("custom", k, LAST)) for k in range(CUSTOMS)),
        ("earned", PayoffOf()),
    ),
    primary=Primary(
        metric="norm index",
        part="arms",
        factor=ARM,
        control=NONE,
        treatment=BINDING,
        claim="A constraint that binds, over its kinds and with or without sight of peers,",
        outcome="the norm index (agreement within societies beyond agreement between them)",
        smallest=0.1,
        assumed=Assumed(0.3),
    ),
    hypotheses=(
        "Without a stake the index is that of copying alone, and falls as one over the size of the society.",
        "A constraint that is announced without a stake moves nobody who does not care for points.",
        "A constraint that binds makes norms, and they do not fade with size.",
        "With sight of peers cut a constraint still makes norms, more slowly.",
        "Conformists and a shared page make norms without any stake: what is needed is a pressure, and a stake is one.",
    ),
    theory="Where nothing is paid, the chance that two seats' customs have one origin (Wright-Fisher with mutation); exact.",
    family=("agreement",),
    mechanism=("What a custom earns depends on what others hold, so that learning from it feeds back; copying alone drifts."),
    scope=(
        "In this model: four customs of which none is better, seats that learn by a known rule or not at all, pairs by lot. It "
        "would be refuted by norms that last in large societies of learners with nothing at stake."
    ),
    doc=(
        "Language models have a part in `with_language()`. The embedded one is a null model and a negative control: what it "
        "shows is the size of the wording artefact. An endpoint takes its place with --endpoint and --model."
    ),
)


def with_language() -> Study:
    """The study with a part of language models: the embedded one, a negative control, unless an endpoint is given."""
    language = Part(
        name="language",
        society=Society(
            world=Platform(size=PARTS),
            minds=Named.of(("member", Language(persona="You are a member of this platform."))),
            seats=Seating(3),
            rules=Named.of(("meetings", joint_task())),
            channel=Forum(size=0, places=2, pool=6, room=0, talks=False, carries="custom", tokens=12),
        ),
        factors=(_arm_none_or_binding,),
        ticks=4,
        seeds=4,
        role="control",
    )
    return dataclasses.replace(study, parts=(*study.parts, language))
