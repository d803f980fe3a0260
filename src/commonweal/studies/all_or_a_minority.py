"""Which small change of a mind helps most when all have it, and which when only a few do?

Changes of one trait of a mind, in five worlds. In each part all seats hold the mind as it is, or one seat, a quarter, half,
three quarters or all of them hold the changed one; who does is drawn. What a trait is here, and beside what:

- *forgiveness* among neighbours (prisoner's dilemma with four contacts, acts that tremble): lets one defection in three pass,
  beside tit for tat. In conflict (feuds over a prize, acts that are misread): lets one attack in three pass.
- *memory* among neighbours: of two rounds, and defects only after two defections in a row, beside tit for tat. In conflict: an
  attack is answered for three rounds instead of one. What longer memory does hangs on what it is used for.
- *honesty*: all say that they cooperate with whoever says so; the honest do, the others do not. Nobody checks. Once more with
  gifts that cost 1 and bring 4: what two of them do adds up, so that the benchmark below holds exactly. That is the null.
- *transparency*: a FairBot that publishes its source, beside one that does not. It cooperates where it can prove that the other
  does; nothing can be proved of who is secret, nor by who reads nothing.
- *patience* in the commons: takes the fair share, beside 1.3 times as much.
- *copies of one mind* fail at one time instead of each at its own. In a public good that needs everybody, one failure in twenty
  periods to give; in conflict, an attack on all contacts in one round of four.
- *verification* by assistants: refuses what looks too suspicious, by the threshold that is best with one try, and so refuses
  ordinary requests too; the others take every request at its word. Attackers try four assistants of eight.
- *depth* in conflict: a best response to those who answer every attack, and a best response to that.

The benchmark is linear: a change that a share p has brings p times what it brings when all have it.

Theory: among neighbours and in conflict seats meet contact by contact, so that what pairs are paid is all there is; with m of n
seats changed at random, a contact of a changed one is changed with probability (m - 1) / (n - 1), of another with m / (n - 1).
What pairs are paid is exact, by chains over their last two rounds or their grudges. Public good: the chance that nobody fails.
Assistants: the exact mean over sets of providers. Commons: the exact chain over its stocks.

Source: Soto, "iterating on experiments that approximate society-scale multi-AI deployment", which asks the question;
M. Hudgens and M. E. Halloran, J. American Statistical Association 103 (2008), for the effects; the societies are our own.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from commonweal.analysis.exact.feuds import Fighter, fight, meet
from commonweal.analysis.exact.help_or_harm import Requests, Stakes, find_threshold, find_welfare
from commonweal.analysis.exact.lookback_games import read_table, score_game
from commonweal.analysis.exact.markov_chain import Floats
from commonweal.analysis.exact.memory_one_games import Dilemma, add_tremble
from commonweal.analysis.exact.shared_stock import Takers, find_harvests
from commonweal.core import lens
from commonweal.core.arrays import real, whole
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.parts import Mind, World
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.open_source import OpenSource
from commonweal.lab.designs.saturation import Saturation
from commonweal.lab.study import Factor, Levels, Part, Primary, Study
from commonweal.metrics.payoff_of import PayoffOf
from commonweal.minds.attackers import Attacker
from commonweal.minds.gatekeepers import Gatekeeper
from commonweal.minds.lapses import Lapsing
from commonweal.minds.readers import Reader
from commonweal.minds.retributive import Retributive
from commonweal.minds.scripted import Scripted
from commonweal.minds.strategies import Lookback
from commonweal.minds.strategist import Strategist
from commonweal.statistics.variation import Assumed
from commonweal.worlds.assistants import Assistants
from commonweal.worlds.commons import Commons
from commonweal.worlds.conflict import Conflict
from commonweal.worlds.network_game import NetworkGame
from commonweal.worlds.public_goods import TOKEN, PublicGoods

SEATS, CONTACTS, SOCIETIES = 100, 4, 40
SHARE, MODELS, NULL = "share of changed seats", "different models", "honesty, donations"
PAY, CHANGED, OTHERS, VERIFIERS, CLIENTS = "pay", "changed seats' pay", "others' pay", "verifiers' pay", "users' pay"
ROUNDS, MONTHS, PERIODS, DAYS = 100, 24, 50, 40
TREMBLE, MISREAD, FORGIVEN = 0.02, 0.05, 1 / 3
GAME, GIFTS, FIGHT = Dilemma(), Dilemma(3, -1, 4, 0), fight(2, 6)
"""The prisoner's dilemma; one of gifts that cost 1 and bring 4, so that what two do adds up; and of a prize of 2."""
GREED = 1.3
POINT, ENDOWMENT, PRIZE = 15, 20, 25
"""Of the public good, tokens: what each must give so that it is provided, what each has, what all are then paid."""
FAILURE, LAPSE = 0.05, 0.25
"""How often a seat fails to give, and how often one attacks in the part on copies in conflict."""
PROVIDERS, USERS, ATTACKERS, TRIES = 8, 200, 0.1, 4
REQUESTS, SOCIETY = Requests(ATTACKERS, 0.25, bad_tries=TRIES), Stakes(100, 500, 20)
VERIFIES, TRUSTS = round(find_threshold(Requests(ATTACKERS, 0.25), SOCIETY), 3), 6.0
"""Refusal thresholds: the best with one try; and one above which there is next to nothing."""
_CLERKS = PROVIDERS + USERS


@dataclass(frozen=True)
class Pay:
    """What seats are paid in a mean tick, ledger units a seat; NaN where there are none."""

    changed: float
    others: float
    everybody: float


def average_pairs(paid: Floats, changed: int) -> Pay:
    """Seats that meet their contacts pair by pair, and of which some are changed at random; exact.

    Args:
        paid: what a seat is paid by one contact in a mean round: row its kind, column the contact's, 1 being changed. [2, 2]
        changed: how many seats are changed.
    """
    m, n = changed, SEATS
    own = CONTACTS * (paid[1, 1] * (m - 1) + paid[1, 0] * (n - m)) / (n - 1) if m else math.nan
    rest = CONTACTS * (paid[0, 1] * m + paid[0, 0] * (n - m - 1)) / (n - 1) if m < n else math.nan
    return _gather(float(own), float(rest), m)


def _gather(own: float, rest: float, changed: int) -> Pay:
    known = (changed * own if changed else 0.0) + ((SEATS - changed) * rest if changed < SEATS else 0.0)
    return Pay(own, rest, known / SEATS)


def make_strategy(kind: Literal["forgiving", "long", "as it is"]) -> Lookback:
    """A strategy over two rounds: tit for tat, one that lets a third of all defections pass, or tit for two tats."""
    if kind == "long":
        return Lookback.tit_for_two_tats()
    forgiven = FORGIVEN if kind == "forgiving" else 0.0
    return Lookback.of(2, lambda mine, theirs: 1.0 if theirs[-1] else forgiven)


def pay_strategies(one: Lookback, other: Lookback) -> Floats:
    """What a contact pays neighbours, one being the changed kind; exact. [2, 2]"""
    tables = [read_table(np.asarray([float(odds) for odds in own.table]) / 2**16) for own in (other, one)]
    return np.array([[score_game(a, b, GAME, ROUNDS, TREMBLE)[0] for b in tables] for a in tables])


def pay_readers(one: Reader, other: Reader, game: Dilemma) -> Floats:
    """What a contact pays those who act on what they read of each other: nothing in the first round; exact. [2, 2]"""
    kinds = (other, one)
    chance = np.zeros((2, 2, 2))
    for i, mine in enumerate(kinds):
        for j, theirs in enumerate(kinds):
            rows = [float(mine.answers[k]) for k in (0, int(theirs.program))]
            chance[:, i, j] = add_tremble(rows, TREMBLE)
    paid = np.zeros((2, 2))
    for at, weight in enumerate((1 / ROUNDS, 1 - 1 / ROUNDS)):
        a, b = chance[at], chance[at].T
        states = np.stack([a * b, a * (1 - b), (1 - a) * b, (1 - a) * (1 - b)], -1)
        paid += weight * (states @ game.own)
    return paid


def pay_fighters(one: Retributive, other: Retributive) -> Floats:
    """What a contact pays in conflict, ledger units; exact. [2, 2]"""
    kinds = [Fighter(float(own.attack), float(own.retaliate), float(own.forgive), int(own.grudge)) for own in (other, one)]
    score = [[meet(a, b, MISREAD, rounds=ROUNDS).score(FIGHT) for b in kinds] for a in kinds]
    return Conflict.units_per_token * np.array(score)


def fish(changed: int) -> Pay:
    """The commons, of which so many seats are patient; exact."""
    patient, greedy = find_harvests((Takers(changed), Takers(SEATS - changed, GREED)), MONTHS).tolist()
    return _gather(patient if changed else math.nan, greedy if changed < SEATS else math.nan, changed)


def contribute(changed: int) -> Pay:
    """The public good, of which so many seats are copies of one mind; exact.

    Args:
        changed: how many; a lone one lapses like any other.
    """
    met = (1 - FAILURE) ** (SEATS - changed + min(changed, 1))
    paid = TOKEN * (ENDOWMENT - (1 - FAILURE) * POINT + PRIZE * met)
    return Pay(paid if changed else math.nan, paid if changed < SEATS else math.nan, paid)


def pay_lapses() -> Floats:
    """What a contact pays those in conflict who attack now and then, copies of one mind all at once; exact. [2, 2]"""
    alone, both = LAPSE**2, LAPSE
    joint = np.array([[alone, alone], [alone, both]])
    states = np.stack([1 - 2 * LAPSE + joint, LAPSE - joint, LAPSE - joint, joint], -1)
    return Conflict.units_per_token * (states @ FIGHT.own)


def serve(verifying: int, models: int) -> Pay:
    """Assistants, of which so many verify; exact but for harm that does not divide, which waits.

    Args:
        verifying: how many of the providers.
        models: how many different models all of them run.
    """
    thresholds = [VERIFIES] * verifying + [TRUSTS] * (PROVIDERS - verifying)
    return Pay(math.nan, math.nan, find_welfare(thresholds, REQUESTS, SOCIETY, models) * USERS / _CLERKS)


@dataclass(frozen=True)
class Change:
    """One trait, changed in one world."""

    name: str
    """Of the part."""
    society: Society
    """Its mind `others` is as it is, its mind `changed` is changed."""
    ticks: int
    pay: Callable[[int, float], Pay]
    """What seats are paid by how many are changed, and by the level of the further factor."""
    further: Factor | None = None
    """What else is varied."""

    @property
    def seats(self) -> int:
        """How many seats can be changed."""
        return PROVIDERS if self.society.seats.card is not None else SEATS

    def theory(self, levels: Levels) -> float:
        """Mean pay of all seats in a cell."""
        extra = float(levels[self.further.label]) if self.further is not None else 0.0
        return self.pay(self.count(float(levels[SHARE])), extra).everybody

    def count(self, share: float) -> int:
        """How many seats are changed at a share; one where it rounds to none."""
        return max(math.floor(share * self.seats + 0.5), int(share > 0))

    @property
    def shares(self) -> tuple[float, ...]:
        """Shares that are tried: none, one seat, quarters, all."""
        return (0.0, 1 / self.seats, 0.25, 0.5, 0.75, 1.0)

    def part(self, role: Literal["main", "control"]) -> Part:
        """The change as a part of the study."""
        ends = tuple(self.count(share) / self.society.seats.n for share in self.shares)
        changed = Factor(SHARE, lens.share("changed"), self.shares, values=ends)
        design = Saturation(
            share=SHARE,
            treated=CHANGED if self.society.seats.card is None else VERIFIERS,
            untreated=OTHERS,
            everybody=PAY,
            levels=self.shares,
            replicates=SOCIETIES,
            matched=True,
        )
        factors = (changed,) if self.further is None else (changed, self.further)
        return Part(self.name, self.society, factors, self.ticks, SOCIETIES, role, self.theory, design=design)


def _among(world: World, changed: Mind, others: Mind, network: bool = True, reading: bool = False) -> Society:
    return Society(
        world=world,
        minds=Named.of(("others", others), ("changed", changed)),
        seats=Seating(SEATS, Named.of(("changed", real(0.0))), network=Ring(CONTACTS) if network else None),
        rules=Named.of(("sources", OpenSource(programs=("fair",)))) if reading else Named((), ()),
    )


def _neighbours(name: str, kind: Literal["forgiving", "long"]) -> Change:
    kinds = make_strategy(kind), make_strategy("as it is")
    changed, others = (Strategist(own, TREMBLE) for own in kinds)
    paid = functools.cache(lambda: pay_strategies(*kinds))
    society = _among(NetworkGame.dilemma(*(int(own) for own in GAME.own), per_contact=True), changed, others)
    return Change(name, society, ROUNDS, lambda m, _: average_pairs(paid(), m))


def _readers(name: str, says: int, game: Dilemma = GAME) -> Change:
    """FairBots, beside seats that publish the same (1) or nothing (0), and cooperate with nobody."""
    changed, others = Reader(1, (0.0, 1.0), TREMBLE), Reader(says, (0.0, 0.0), TREMBLE)
    world = NetworkGame.dilemma(*(int(own) for own in game.own), per_contact=True)
    society = _among(world, changed, others, reading=True)
    return Change(name, society, ROUNDS, lambda m, _: average_pairs(pay_readers(changed, others, game), m))


def _fighters(name: str, changed: Retributive) -> Change:
    others = Retributive.vengeful()
    paid = functools.cache(lambda: pay_fighters(changed, others))
    society = _among(Conflict(2, 6, misread=MISREAD), changed, others)
    return Change(name, society, ROUNDS, lambda m, _: average_pairs(paid(), m))


def _lapsing(lapse: float) -> tuple[Lapsing, Lapsing]:
    """A copy of one mind, and a mind of one's own."""
    return Lapsing(lapse=lapse, together=1.0), Lapsing(lapse=lapse)


def _copies() -> tuple[Change, Change]:
    good = PublicGoods(multiplier=0.0, provision=POINT, prize=PRIZE, endowment=ENDOWMENT)
    giving, fighting = _among(good, *_lapsing(FAILURE), False), _among(Conflict(2, 6), *_lapsing(LAPSE))
    return (
        Change("copies, public good", giving, PERIODS, lambda m, _: contribute(m)),
        Change("copies, conflict", fighting, ROUNDS, lambda m, _: average_pairs(pay_lapses(), m)),
    )


def _verification() -> Change:
    attacker = Attacker(sophistication=0.25, tries=TRIES)
    society = Society(
        world=Assistants(liability=0.15, models=PROVIDERS),
        minds=Named.of(
            ("others", Gatekeeper(TRUSTS)),
            # What is mind 1 in other parts is held by nobody here: its pay is then missing, and not that of attackers.
            ("nobody", Gatekeeper(TRUSTS)),
            ("attackers", attacker),
            ("users", Attacker.honest()),
            ("changed", Gatekeeper(VERIFIES)),
        ),
        # Users sit first, then those who verify; the first mind takes what is left at the end.
        seats=Seating(
            _CLERKS,
            Named.of(
                ("attackers", real(ATTACKERS * USERS / _CLERKS)),
                ("users", real((1 - ATTACKERS) * USERS / _CLERKS)),
                ("changed", real(0.0)),
            ),
            card=whole(np.asarray([0] * USERS + [1] * PROVIDERS)),
            shuffled=False,
        ),
    )
    models = Factor(MODELS, lens.world(Assistants, lambda own: own.models), (1, PROVIDERS))
    return Change("verification, assistants", society, DAYS, lambda m, kinds: serve(m, int(kinds)), models)


CHANGES = (
    _neighbours("forgiveness, neighbours", "forgiving"),
    _neighbours("memory, neighbours", "long"),
    _readers("honesty, neighbours", says=1),
    _readers(NULL, says=1, game=GIFTS),
    _readers("transparency, neighbours", says=0),
    Change("patience, commons", _among(Commons(), Scripted(), Scripted(greed=GREED), False), MONTHS, lambda m, _: fish(m)),
    *_copies(),
    _verification(),
    _fighters("forgiveness, conflict", Retributive.forgiving(FORGIVEN)),
    _fighters("memory, conflict", Retributive.vengeful(3)),
    _fighters("depth one, conflict", Retributive.dove()),
    _fighters("depth two, conflict", Retributive.hawk()),
)


def effects_in_words() -> str:
    """By theory, what each change brings, in percent of the pay as it is: in one seat / half / all; the best for all first."""
    found: list[tuple[float, str]] = []
    # Gifts are left out: nobody is paid next to anything there as it is.
    for change in (own for own in CHANGES if own.name != NULL):
        for extra in (0.0,) if change.further is None else change.further.levels:
            none, *pay = (change.pay(change.count(share), float(extra)).everybody for share in change.shares)
            one, half, all_ = (100 * (pay[at] / none - 1) for at in (0, 2, 4))
            where = "" if change.further is None else f" ({change.further.label}: {float(extra):g})"
            found.append((all_, f"{change.name}{where} {one:+.1f} / {half:+.0f} / {all_:+.0f}"))
    return "; ".join(words for _, words in sorted(found, reverse=True)).replace("-", "\u2212")


study = Study(
    name="all-or-a-minority",
    question="Which small change of a mind helps most when all have it, and which when only a few do?",
    parts=tuple(change.part("control" if at else "main") for at, change in enumerate(CHANGES)),
    metrics=Named.of(
        (PAY, PayoffOf()),
        (CHANGED, PayoffOf(1)),
        (OTHERS, PayoffOf(0)),
        (VERIFIERS, PayoffOf(4)),
        (CLIENTS, PayoffOf(3)),
    ),
    primary=Primary(
        metric=PAY,
        part=CHANGES[0].name,
        factor=SHARE,
        control=0.0,
        treatment=0.5,
        claim="Forgiveness in half of the seats, among neighbours who else play tit for tat,",
        outcome="what a mean seat is paid a round",
        smallest=0.5,
        assumed=Assumed(sd=0.3),
    ),
    family=(OTHERS,),
    mechanism="what changed minds do is assumed; what is found is how it adds up: by pairs, where two changed ones meet, by a "
    "stock that many must spare, by a good that needs everybody, and by attackers who go where nobody looks",
    scope=f"{SEATS} scripted seats ({PROVIDERS} assistants and {USERS} users) without learning or selection, one strength of "
    "each trait, one set of payoffs a world; the sign of memory and of copies hangs on what they are "
    "used for, and that of others may too",
    hypotheses=(
        "Forgiveness brings more than its share in a minority: each forgiving seat ends the feuds of its unforgiving contacts "
        "too, and is itself paid more.",
        "Transparency and patience are worth next to nothing in one seat, and half of the seats bring less than half of what "
        "all bring; who is patient alone pays for it.",
        "Honesty that nobody checks pays its holders less than the others at every share, and brings all most at the first.",
        "Verification in a minority of assistants harms: attackers go elsewhere. In all of them it helps only where all run "
        "one model, so that who is refused by one is refused by all.",
        "Copies of one mind help where all must act at once, and there next to nothing before nearly all are copies; they harm "
        "where it is bad to do the same, with the square of their share.",
        "One step of anticipation ends feuds; two steps exploit that, and are worst for all.",
    ),
    theory="exact: pairs by chains over their last rounds or grudges, the public good by its chances, assistants by all sets "
    "of providers, the commons by the chain over its stocks",
    doc="All parts but the first are controls, so that there is one primary outcome. Pay is in ledger units a tick, of all "
    "seats alike; parts have units of their own, and percent of the pay as it is hang on where a world has its zero. By "
    f"theory, for one changed seat / half / all of them: {effects_in_words()}.",
)
