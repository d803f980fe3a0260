"""Which of repetition, reputation, mediation and contracts recovers cooperation in a dilemma, under selection by payoff?

Seven seats play the prisoner's dilemma (R, S, T, P = 3, 0, 5, 1) with each of the six others. Minds are selected: a parent is
drawn in proportion to 1 + its mean payoff a contact, its copy takes another seat, and one copy in twenty is a newcomer. A
quarter of the newcomers cooperate whatever happens. The others defect, but for a quarter of all, where there are any: those who
use the mechanism.

    repetition   tit for tat: does to each contact what that contact did last
    mediation    lets a mediator play, if it comes: it cooperates with contacts whom it plays for too, and defects against the
                 others, as the seat does by itself
    contracts    signs a contract with a deposit, cooperates with all while it is in force, and defects else. Another quarter
                 of the newcomers sign and break it
    reputation   among strangers: each round all are paired anew, one of a pair may give 3 to the other at a cost of 1, and is
                 told whether the other is held to be good. Discriminators give to the good alone

The mechanism is there in every trial; what is varied is whether anybody knows how to use it. So the trials without users are
the one-shot game, and the same in all parts but for those who break contracts, and for the game of strangers, which is another
one: with pairs drawn anew nobody can return like for like, and reputation is all there is.

What was published is of language models: that they defect in the one-shot game, that contracts and mediation recover most
(Tewolde et al.), and that mechanisms recover 14 to 18 points from a baseline of 62 %, in the prisoner's dilemma 44 %
(GT-HarmBench, 15 models). Of what kind this replication is: the mechanisms are run again with other minds, scripted ones under
selection. The published figure is the middle of 14 to 18 points; its direction and the order of mechanisms can be compared, and
a verdict on its size is one on these minds and no test of the published models. Both papers are known to us by their figures
alone.

Theory: the chain over all compositions, exact for mean payoffs of mediation. Of repetition it is the limit of long relations:
it leaves out the first round, in which tit for tat is exploited, and is some points too high. Of contracts it leaves out that
deposits are paid and come back, and the round for which one lies with a seat whose mind has changed. Of reputation it is known
without users only, with fitness at its mean; a reputation stays with the seat when minds change.

Source: E. Tewolde, X. Zhang, D. Guzman Piedrahita, V. Conitzer and Z. Jin, "CoopEval: benchmarking cooperation-sustaining
mechanisms and LLM agents in social dilemmas", arXiv 2604.15267 (2026), for the mechanisms; GT-HarmBench (2026), for the figure.
"""

from __future__ import annotations

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
from commonweal.core import lens
from commonweal.core.lens import Lens
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.parts import HostedMind, Institution, Mind
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.contracts import Contracts
from commonweal.institutions.mediator import Mediator
from commonweal.institutions.moran import Moran
from commonweal.institutions.mutation import Mutation
from commonweal.institutions.reputation import IMAGE_SCORING, SIMPLE_STANDING, STERN_JUDGING, Reputation
from commonweal.lab.study import Factor, Figure, Levels, Part, Primary, Published, Replication, Study
from commonweal.metrics.cooperation import Cooperation
from commonweal.metrics.payoff_of import PayoffOf
from commonweal.minds.donors import Donor
from commonweal.minds.joiners import Joiner
from commonweal.minds.language import Language
from commonweal.minds.memory_one import MemoryOne
from commonweal.models.budget import Budget
from commonweal.worlds.donor_game import DonorGame
from commonweal.worlds.network_game import NetworkGame

Floats = NDArray[np.float64]

SEATS = 7
TICKS = 3000
R, S, T, P = 3, 0, 5, 1
SELECTION, MUTATION, RATE = 1.0, 0.05, 0.1
"""Strength of selection per unit of mean payoff a contact; chance that a copy is a newcomer; chance of a copy in a round."""
QUARTER = 0.25
DEPOSIT = 20
USERS, REACH = "users among newcomers", "how often the mediator comes"
CREDIBILITY, QUORUM, NORM = "credibility", "quorum", "norm"
BENEFIT, COST, WEAKER = 3, 1, 0.5
"""Of a gift between strangers; strength of selection there, since a round pays one seat of a pair alone."""
NORMS = {"image scoring": IMAGE_SCORING, "simple standing": SIMPLE_STANDING, "stern judging": STERN_JUDGING}
ADDED = (0.14, 0.18)
"""Published: what mechanisms add to cooperation, from a baseline of .62 over all games and of .44 in the prisoner's dilemma."""


def exact_repetition(users: float) -> float:
    """Mean cooperation among defectors, cooperators and tit for tat, once two have met.

    Args:
        users: share of newcomers who play tit for tat, 0 to 3/4.
    """
    return _pairs(users, ((1.0, np.asarray([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])),))


def exact_mediation(users: float, reach: float) -> float:
    """Mean cooperation among defectors, cooperators and seats that let a mediator play and would defect themselves.

    Args:
        users: share of newcomers who let it play, 0 to 3/4.
        reach: probability that it comes, for all at once, 0 to 1.
    """
    free = np.asarray([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    played = np.asarray([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    return _pairs(users, ((reach, played), (1 - reach, free)))


def _pairs(users: float, rounds: tuple[tuple[float, Floats], ...]) -> float:
    """Mean cooperation where a round is of several sorts, each with a chance and acts [3, 3] of row against column."""
    game, mean = np.zeros((3, 3)), np.zeros((3, 3))
    for chance, acts in rounds:
        theirs = acts.T
        paid = R * acts * theirs + S * acts * (1 - theirs) + T * (1 - acts) * theirs + P * (1 - acts) * (1 - theirs)
        game, mean = game + chance * paid, mean + chance * acts
    counts = _compositions(3)
    return _mean(counts, pay_pairs(counts, game), pay_pairs(counts, mean), (1 - QUARTER - users, QUARTER, users))


def exact_contracts(users: float, credibility: float, quorum: float) -> float:
    """Mean cooperation with defectors, cooperators, signers who keep the contract and signers who break it.

    Args:
        users: share of newcomers who sign and keep it, 0 to 1/2.
        credibility: probability that a breach costs the deposit, 0 to 1.
        quorum: share of the seats that must sign, 0 to 1.
    """
    counts = _compositions(4)
    kinds = counts.astype(float)
    signs = counts[:, 2] + counts[:, 3]
    needed = SEATS - int(np.floor(SEATS * (1 - quorum) + 1e-6))
    inside = ((signs >= needed) & (signs > 0)).astype(float)
    acts = np.stack([np.zeros_like(inside), np.ones_like(inside), inside, np.zeros_like(inside)], axis=1)
    met = ((kinds * acts).sum(1, keepdims=True) - acts) / (SEATS - 1)
    paid = R * acts * met + S * acts * (1 - met) + T * (1 - acts) * met + P * (1 - acts) * (1 - met)
    lost = inside * credibility * DEPOSIT / (SEATS - 1)
    paid[:, 3] -= lost
    paid[:, 2] += np.where(counts[:, 2] > 0, lost * kinds[:, 3] / np.maximum(kinds[:, 2], 1.0), 0.0)
    return _mean(counts, paid, acts, (1 - 2 * QUARTER - users, QUARTER, users, QUARTER))


def exact_strangers() -> float:
    """Mean cooperation among strangers who keep and strangers who give, without anybody who looks at reputations."""
    counts = _compositions(2)
    acts = np.asarray([[0.0, 0.0], [1.0, 1.0]])
    # Three pairs of seven seats a round: a seat gives in three rounds of seven, and is given to as often.
    paid = (SEATS // 2) / SEATS * pay_pairs(counts, BENEFIT * acts.T - COST * acts)
    return _mean(counts, paid, pay_pairs(counts, acts), (1 - QUARTER, QUARTER), WEAKER)


def _strangers(levels: Levels) -> float | None:
    return None if levels[USERS] else exact_strangers()


def _mean(
    counts: NDArray[np.int64], paid: Floats, acts: Floats, newcomers: tuple[float, ...], selection: float = SELECTION
) -> float:
    chain = find_moran_chain(counts, paid, selection, MUTATION, newcomers, RATE)
    start = begin_with(counts, [SEATS, *([0] * (counts.shape[1] - 1))])
    return find_mean_over_time(chain, start, average_seats(counts, acts), TICKS)


@functools.lru_cache(maxsize=4)
def _compositions(kinds: int) -> NDArray[np.int64]:
    return list_compositions(SEATS, kinds)


def _newcomers(minds: tuple[tuple[str, Mind | HostedMind], ...]) -> Named[jnp.ndarray]:
    return Named.of(*((name, jnp.float32(0.0 if name == "user" else QUARTER)) for name, _ in minds[1:]))


def _society(
    minds: tuple[tuple[str, Mind | HostedMind], ...], rules: tuple[tuple[str, Institution], ...], per_contact: bool
) -> Society:
    world = NetworkGame(R, S, T, P, endowment=100 * DEPOSIT, per_contact=per_contact)
    evolution = Mutation(Moran(selection=SELECTION, rate=RATE, average=True), MUTATION)
    seats = Seating(SEATS, network=Ring(SEATS - 1), newcomers=_newcomers(minds))
    return Society(world, Named.of(*minds), seats, Named.of(*rules, ("evolution", evolution)))


def _repetition() -> Society:
    minds = (
        ("defector", MemoryOne.always_defect()),
        ("cooperator", MemoryOne.always_cooperate()),
        ("user", MemoryOne.tit_for_tat()),
    )
    return _society(minds, (), per_contact=True)


def _mediation() -> Society:
    minds = (("defector", _free(0.0)), ("cooperator", _free(1.0)), ("user", Joiner()))
    return _society(minds, (("mediator", Mediator()),), per_contact=True)


def _contracts() -> Society:
    minds = (("defector", _free(0.0)), ("cooperator", _free(1.0)), ("user", Joiner()), ("breaker", Joiner(inside=0.0)))
    return _society(minds, (("contract", Contracts(DEPOSIT)),), per_contact=False)


def _reputation() -> Society:
    minds = (("defector", Donor.keeper()), ("cooperator", Donor()), ("user", Donor.discriminator()))
    evolution = Mutation(Moran(selection=WEAKER, rate=RATE), MUTATION)
    return Society(
        DonorGame.binary(BENEFIT, COST),
        Named.of(*minds),
        Seating(SEATS, newcomers=_newcomers(minds)),
        Named.of(("reputation", Reputation(scope="partner")), ("evolution", evolution)),
    )


def _language() -> Society:
    """Language minds in five seats, for a few rounds, with a mediator that comes or does not; nothing is selected."""
    player = Language(persona="You play with four others.", disposition="You want to own as much as you can at the end.")
    return Society(
        NetworkGame(R, S, T, P),
        Named.of(("player", player)),
        Seating(5, network=Ring(4)),
        Named.of(("mediator", Mediator())),
    )


def _free(level: float) -> Joiner:
    """A mind that joins nothing."""
    return Joiner(join=0.0, inside=level, outside=level)


def _published() -> tuple[Published, ...]:
    """What was published of language models; the direction alone can be set beside scripted minds."""
    baseline = (Published("15 models, no mechanism", (Figure("cooperation", 0.44),), note=_BASELINE),)
    beside = (
        ("mediation", ((USERS, QUARTER), (REACH, 1.0)), ((USERS, 0.0), (REACH, 1.0))),
        ("repetition", ((USERS, QUARTER),), ((USERS, 0.0),)),
        ("reputation", ((USERS, QUARTER), (NORM, "simple standing")), ((USERS, 0.0), (NORM, "simple standing"))),
        (
            "contracts",
            ((USERS, QUARTER), (CREDIBILITY, 1.0), (QUORUM, 1.0)),
            ((USERS, 0.0), (CREDIBILITY, 1.0), (QUORUM, 1.0)),
        ),
        ("language", ((REACH, 1.0),), ((REACH, 0.0),)),
    )
    added = (Figure("cooperation", sum(ADDED) / 2),)
    return baseline + tuple(
        Published(f"15 models, added by mechanisms; ours: {part}", added, part, levels, against, "direction", _SIZES)
        for part, levels, against in beside
    )


_BASELINE = "The baseline is of the prisoner's dilemma; over all games it is .62. Nothing scripted stands beside it."
_SIZES = (
    "14 to 18 points over all mechanisms and games: each mechanism of ours is compared with their middle, by direction alone."
)
_users = Factor(USERS, Lens("seats", "", Seating, ("newcomers", "[user]")), (0.0, QUARTER))

study = Study(
    name="coopeval-mechanisms",
    question="Which of repetition, reputation, mediation and contracts recovers cooperation in a dilemma under selection?",
    parts=(
        Part(
            name="mediation",
            society=_mediation(),
            factors=(_users, Factor(REACH, lens.rule("mediator", Mediator, lambda rule: rule.reach), (0.25, 0.5, 1.0))),
            ticks=TICKS,
            seeds=60,
            theory=lambda levels: exact_mediation(float(levels[USERS]), float(levels[REACH])),
        ),
        Part(
            name="repetition",
            society=_repetition(),
            factors=(_users,),
            ticks=TICKS,
            seeds=60,
            theory=lambda levels: exact_repetition(float(levels[USERS])),
        ),
        Part(
            name="contracts",
            society=_contracts(),
            factors=(
                _users,
                Factor(CREDIBILITY, lens.rule("contract", Contracts, lambda rule: rule.credibility), (0.0, 0.5, 1.0)),
                Factor(QUORUM, lens.rule("contract", Contracts, lambda rule: rule.quorum), (0.5, 1.0)),
            ),
            ticks=TICKS,
            seeds=60,
            theory=lambda levels: exact_contracts(float(levels[USERS]), float(levels[CREDIBILITY]), float(levels[QUORUM])),
        ),
        Part(
            name="reputation",
            society=_reputation(),
            factors=(
                _users,
                Factor(
                    NORM,
                    lens.rule("reputation", Reputation, lambda rule: rule.norm),
                    tuple(NORMS),
                    values=tuple(NORMS.values()),
                ),
            ),
            ticks=TICKS,
            seeds=60,
            role="control",
            theory=_strangers,
        ),
        Part(
            name="language",
            society=_language(),
            factors=(Factor(REACH, lens.rule("mediator", Mediator, lambda rule: rule.reach), (0.0, 1.0)),),
            ticks=10,
            seeds=1,
            role="control",
        ),
    ),
    metrics=Named.of(("cooperation", Cooperation()), ("payoff", PayoffOf())),
    primary=Primary(
        metric="cooperation",
        part="mediation",
        factor=USERS,
        control=0.0,
        treatment=QUARTER,
        claim="That some newcomers use the mediator",
        outcome="the share of acts that cooperate",
        smallest=0.1,
    ),
    family=("payoff",),
    replication=Replication(
        kind="re-run",
        source="GT-HarmBench (2026): mechanisms add 14 to 18 points, of which the middle; the mechanisms after Tewolde et al., "
        "arXiv 2604.15267, with scripted minds under selection in place of language models",
        published=sum(ADDED) / 2,
        low=ADDED[0],
        high=ADDED[1],
        rows=_published(),
    ),
    mechanism="who uses a mediator, returns like for like or gives to the good alone meets cooperation from its like and is "
    "not exploited for long: assumed of the minds; what is found is how far selection spreads them",
    scope="scripted minds of three or four kinds, seven seats that all meet, one prisoner's dilemma (of strangers, one "
    "donation game), 3,000 rounds from all defecting; nothing is said of language models",
    hypotheses=(
        "Mediation and repetition, which tell one contact from another, recover most.",
        "A contract that half must sign recovers less than one that all must sign: those who do not sign exploit it.",
        "Contracts recover more the surer a breach costs the deposit, and less than mediation between two: one who does not "
        "sign ends them for all.",
        "Among strangers reputation recovers something, and by image scoring less than by a norm that excuses just refusals.",
        "The embedded language model says nothing of any of these: its row measures wording.",
    ),
    theory="the chain over all compositions of the population; for repetition, in the limit of long relations; for reputation "
    "without users alone",
    budget=Budget(calls=1000),
    doc="Published of language models: contracts and mediation recover most cooperation (arXiv 2604.15267), mechanisms 14 to "
    "18 points, from 44 % in the prisoner's dilemma (GT-HarmBench, 15 models). This runs the mechanisms again with scripted "
    "minds under selection: their direction and order can be compared, the sizes cannot, and a verdict on a size is one on "
    "these minds. Here a mediator serves pairs and a contract binds a whole society: that, and not what a contract is, sets "
    "the two apart. In part language a model sits in five seats, with and without a mediator; the embedded one is the "
    "negative control, and any other takes its place by --endpoint and --model.",
)
