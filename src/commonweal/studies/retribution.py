"""When does selection favour the vengeful, and what ends their feuds?

Selection: eight seats, all in contact, hold back from or attack each other for a prize of 2 tokens. The vengeful answer every
attack that they see, once; their rivals do so too, but forgive an attack with some probability (with 1 they are doves). What
others do is misread now and then, and so attacks begin. Every 200 rounds each seat may copy another that earned more; one copy
in twenty is a newcomer instead, of either kind alike.

Feuds: twenty vengeful seats on a ring, in four groups, without selection: forgiveness, a grudge for others, witnesses who say
what truly happened, a truce in 2 rounds of 10, and an audit that holds to peace who was found to have attacked twice.

Theory of the share: the chain over 0 to 8 vengeful seats. Their lead over 200 rounds is a sum over pairs, whose mean and
variance are exact (`analysis.exact.feuds`); a seat copies the other kind with the mean of 1 / (1 + exp(-beta lead)) over a
normal spread of these. It is approximate in three ways: leads are taken as normal, seats as copying independently of each other
given how many are vengeful, and games as beginning anew after every copying.

Source: M. Nowak and K. Sigmund, "Tit for tat in heterogeneous populations", Nature 355 (1992); J. Maynard Smith and G. Price,
"The logic of animal conflict", Nature 246 (1973); J. Wu and R. Axelrod, J. Conflict Resolution 39 (1995), for noise; the chain
is our own derivation.
"""

from __future__ import annotations

import dataclasses
import functools

import jax.numpy as jnp
import numpy as np
from scipy.special import expit
from scipy.stats import binom

from commonweal.analysis.exact.feuds import Fighter, fight, find_spread
from commonweal.analysis.exact.markov_chain import Floats
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.networks import Complete, Ring
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.audit import Audit
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.mutation import Mutation
from commonweal.institutions.tremble import Tremble
from commonweal.institutions.truce import Truce
from commonweal.institutions.witness import Witness
from commonweal.lab.study import Factor, Levels, Part, Primary, Study
from commonweal.metrics.feud_length import FeudLength
from commonweal.metrics.fighting import Fighting
from commonweal.metrics.just_retaliation import JustRetaliation
from commonweal.metrics.mind_share import MindShare
from commonweal.metrics.retaliation_cost import RetaliationCost
from commonweal.minds import dials
from commonweal.minds.language import Language
from commonweal.minds.retributive import Retributive
from commonweal.worlds.conflict import Conflict

SEATS, VALUE = 8, 2
ROUNDS, GENERATIONS, SETTLING = 200, 30, 0.5
BETA, MUTATION = 0.004, 0.05
FORGIVENESS, MISREAD, COST = "forgiveness of the rivals", "misread acts", "cost of a fight"
OWN, AVENGE, REACH, TRUCE, DETECT = "forgiveness", "revenge for others", "witnesses", "rounds of truce", "audit"


@functools.cache
def lead(forgive: float, misread: float, cost: float) -> tuple[Floats, Floats]:
    """How far a vengeful seat is ahead of a rival over 200 rounds, with 1 to 7 vengeful seats: mean and variance [7].

    Args:
        forgive: the rivals' probability of dropping a grudge, 0 to 1.
        misread: probability that an act is seen as the opposite, 0 to 1.
        cost: of a fight, tokens.
    """
    vengeful, rival = Fighter(), Fighter(forgive=forgive)
    worth = 2 * fight(VALUE, cost).own
    pairs = [(one, other) for one in (vengeful, rival) for other in (vengeful, rival)]
    vv, vr, rv, rr = (find_spread(*pair, worth, misread, rounds=ROUNDS) for pair in pairs)
    between = find_spread(vengeful, rival, worth - worth[[0, 2, 1, 3]], misread, rounds=ROUNDS)
    i = np.arange(1, SEATS)
    mean = (i - 1) * (vv.mean - rv.mean) + (SEATS - i - 1) * (vr.mean - rr.mean) + between.mean
    variance = (i - 1) * (vv.variance + rv.variance) + (SEATS - i - 1) * (vr.variance + rr.variance) + between.variance
    return mean, variance


def exact(forgive: float, misread: float, cost: float) -> float:
    """The mean share of vengeful seats over the second half of a trial, from the chain of the module's text.

    Args:
        forgive: the rivals' probability of dropping a grudge, 0 to 1.
        misread: probability that an act is seen as the opposite, 0 to 1.
        cost: of a fight, tokens.
    """
    mean, variance = lead(forgive, misread, cost)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    drive = BETA * (mean[:, None] + np.sqrt(variance)[:, None] * nodes)
    up, down = np.zeros(SEATS + 1), np.zeros(SEATS + 1)
    up[1:-1], down[1:-1] = (expit(sign * drive) @ weights / weights.sum() for sign in (1, -1))
    i = np.arange(SEATS + 1)
    # A copy of the own kind matters only where it goes wrong; the newcomer is then of the other kind half of the time.
    wrong = MUTATION / 2
    gain = (i * up * (1 - wrong) + np.maximum(SEATS - 1 - i, 0) / 2 * wrong) / (SEATS - 1)
    loss = ((SEATS - i) * down * (1 - wrong) + np.maximum(i - 1, 0) / 2 * wrong) / (SEATS - 1)
    chain = np.stack(
        [np.convolve(binom.pmf(i[: k + 1], k, 1 - loss[k]), binom.pmf(i[: SEATS - k + 1], SEATS - k, gain[k])) for k in i]
    )
    now, shares = np.eye(SEATS + 1)[SEATS // 2], np.zeros(GENERATIONS)
    for generation in range(GENERATIONS):
        shares[generation] = now @ i / SEATS
        now = now @ chain
    return float(shares[int(SETTLING * GENERATIONS) :].mean())


def _theory(levels: Levels) -> float:
    return exact(float(levels[FORGIVENESS]), float(levels[MISREAD]), float(levels[COST]))


def _selection() -> Society:
    half = Named.of(("rival", jnp.float32(0.5)))
    return Society(
        world=Conflict(VALUE, misread=0.1),
        minds=Named.of(("vengeful", Retributive.vengeful()), ("rival", Retributive.forgiving(0.3))),
        seats=Seating(SEATS, half, network=Complete(), newcomers=half),
        rules=Named.of(("imitation", Mutation(Fermi(BETA, every=ROUNDS), MUTATION))),
    )


def _feuds() -> Society:
    return Society(
        world=Conflict(VALUE, 8, misread=0.05),
        minds=Named.of(("vengeful", Retributive.vengeful())),
        seats=Seating(20, network=Ring(4), groups=jnp.arange(20)[:, None] // 5 == jnp.arange(4)),
        rules=Named.of(
            ("truce", Truce(0, 10)), ("tremble", Tremble(0.01)), ("audit", Audit(0.0, hold_after=2)), ("witness", Witness(0.0))
        ),
    )


study = Study(
    name="retribution",
    question="When does selection favour the vengeful, and what ends their feuds?",
    parts=(
        Part(
            name="selection",
            society=_selection(),
            factors=(
                Factor(FORGIVENESS, lens.mind("rival", Retributive, lambda mind: mind.forgive), (0.0, 0.3, 0.6, 1.0)),
                Factor(MISREAD, lens.world(Conflict, lambda world: world.misread), (0.05, 0.1, 0.2)),
                Factor(COST, lens.world(Conflict, lambda world: world.cost), (1, 4)),
            ),
            ticks=ROUNDS * GENERATIONS,
            seeds=40,
            theory=_theory,
        ),
        Part(
            name="feuds",
            society=_feuds(),
            factors=(
                Factor(OWN, lens.mind("vengeful", Retributive, lambda mind: mind.forgive), (0.0, 0.3)),
                Factor(AVENGE, lens.mind("vengeful", Retributive, lambda mind: mind.avenge), (0.0, 0.5)),
                Factor(REACH, lens.rule("witness", Witness, lambda rule: rule.reach), (0.0, 1.0)),
                Factor(TRUCE, lens.rule("truce", Truce, lambda rule: rule.length), (0, 2)),
                Factor(DETECT, lens.rule("audit", Audit, lambda rule: rule.detect), (0.0, 0.1)),
            ),
            ticks=300,
            seeds=10,
            role="control",
        ),
    ),
    metrics=Named.of(
        ("vengeful", MindShare(0, SETTLING)),
        ("feud length", FeudLength()),
        ("fighting", Fighting()),
        ("cost of retaliation", RetaliationCost()),
        ("just retaliation", JustRetaliation()),
    ),
    primary=Primary(
        metric="vengeful",
        part="selection",
        factor=FORGIVENESS,
        control=0.3,
        treatment=1.0,
        claim="Full forgiveness by the rivals, instead of that of three attacks in ten,",
        outcome="the share of vengeful seats",
        smallest=0.05,
    ),
    family=("fighting",),
    mechanism="the vengeful take by mistake from those who never answer, and pay for it among themselves: both are read off "
    "the exact payoffs of pairs",
    scope="two scripted kinds in eight seats that all meet, one prize, imitation of what pays over 200 rounds; other kinds in "
    "the society, longer grudges or a network may turn it round",
    hypotheses=(
        "The more their rivals forgive, the more of the vengeful there are: a misread act brings them a prize that nobody "
        "takes back.",
        "Selection favours them (a share above one half) only where fights are cheap; where a fight destroys twice the prize, "
        "they are few unless rivals forgive everything and much is misread.",
        "Forgiveness, truces and audits shorten feuds and make them rarer; revenge for others makes them spread. Witnesses "
        "alone make them rarer and longer, by the exact chain of a pair: a misread act ends a feud as easily as it begins one.",
    ),
    theory="the chain over the number of vengeful seats, with exact means and variances of what pairs earn in 200 rounds",
    doc="Where rivals forgive nothing they are vengeful too, and half of the seats hold either mind: the null. The feuds part "
    "has no selection, so that its share of vengeful seats is 1: read its feud lengths, its fighting and its costs.",
)


def with_language(mind: Language | None = None) -> Study:
    """The study with a control in which a language model sits in six seats of a ring and is told how often it forgives.

    Off by default: it costs 96 calls and a card of the model. With the embedded model it is a negative control: whatever it
    shows is the size of the wording artefact. Run it by a file of one line, `arm = with_language()`, with any model.

    Args:
        mind: who sits there; None: one with a short role, whose model the run fills in.
    """
    wish = "You want to own as much as you can at the end."
    player = Language(persona="You live beside two others.") if mind is None else mind
    society = Society(Conflict(VALUE, misread=0.05), Named.of(("player", player)), Seating(6, network=Ring(2)))
    told = lens.mind("player", Language, lambda mind: mind.disposition)
    levels = (0.0, 1.0)
    factor = Factor(dials.FORGIVENESS.name, told, levels, values=dials.FORGIVENESS.texts(levels, wish))
    return dataclasses.replace(study, parts=(*study.parts, Part("language", society, (factor,), 8, 1, role="control")))
