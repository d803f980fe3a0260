"""Every institution and every world of the catalogue with the parameters they are tried with, one beside another.

A rule stands at a strength, beside the same rule at none; where it can name the questions that it binds, it names those of the
world. A name of the catalogue that is missing here is an error, so that a new part is not forgotten.
"""

import dataclasses
from collections.abc import Callable

from commonweal.channels.broadcast import Broadcast
from commonweal.core.ballots.plurality import Plurality
from commonweal.core.ballots.schulze import Schulze
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu
from commonweal.core.named import Named
from commonweal.core.norms import STERN_JUDGING
from commonweal.core.parts import Channel, Institution, NoChannel, World
from commonweal.core.peers import Circle
from commonweal.core.questions import Choice
from commonweal.institutions.allotment import Allotment
from commonweal.institutions.arrival import Arrival
from commonweal.institutions.audit import Audit
from commonweal.institutions.best import Best
from commonweal.institutions.boundary import Boundary
from commonweal.institutions.commitment import Commitment
from commonweal.institutions.contracts import Contracts
from commonweal.institutions.decree import Decree
from commonweal.institutions.delegation import Delegation
from commonweal.institutions.disclosure import Disclosure
from commonweal.institutions.dispositions import Dispositions
from commonweal.institutions.exclusion import Exclusion
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.generations import Generations
from commonweal.institutions.gossip import Gossip
from commonweal.institutions.identity import Identity
from commonweal.institutions.insurance import Insurance
from commonweal.institutions.interview import Interview
from commonweal.institutions.mediation import Mediation
from commonweal.institutions.mediator import Mediator
from commonweal.institutions.meetings import Meetings
from commonweal.institutions.membership import Membership
from commonweal.institutions.moderation import Moderation
from commonweal.institutions.moran import Moran
from commonweal.institutions.mutation import Mutation
from commonweal.institutions.negotiation import AlternatingOffers
from commonweal.institutions.nested import Nested
from commonweal.institutions.notice import Notice
from commonweal.institutions.office import Office
from commonweal.institutions.one_of import OneOf
from commonweal.institutions.open_source import OpenSource
from commonweal.institutions.peer_punishment import PeerPunishment
from commonweal.institutions.peer_reward import PeerReward
from commonweal.institutions.presence import If
from commonweal.institutions.quota import Quota
from commonweal.institutions.reputation import Reputation
from commonweal.institutions.rewiring import Rewiring
from commonweal.institutions.sanction import Sanction
from commonweal.institutions.shared_page import SharedPage
from commonweal.institutions.shuffle import Shuffle
from commonweal.institutions.side_payments import SidePayments
from commonweal.institutions.sunset import Sunset
from commonweal.institutions.tax import Tax
from commonweal.institutions.town_hall import TownHall
from commonweal.institutions.treaty import Treaty
from commonweal.institutions.tremble import Tremble
from commonweal.institutions.truce import Truce
from commonweal.institutions.truncation import Truncation
from commonweal.institutions.turnover import Turnover
from commonweal.institutions.turns import Turns, kinds_of
from commonweal.institutions.voting import Vote
from commonweal.institutions.watching import Watching
from commonweal.institutions.wealth_tax import WealthTax
from commonweal.institutions.within import Within
from commonweal.institutions.witness import Witness
from commonweal.worlds.assistants import Assistants
from commonweal.worlds.commons import Commons
from commonweal.worlds.commonwealth import Commonwealth
from commonweal.worlds.conflict import Conflict
from commonweal.worlds.donor_game import DonorGame
from commonweal.worlds.market import Market
from commonweal.worlds.naming_game import NamingGame
from commonweal.worlds.network_game import NetworkGame
from commonweal.worlds.platform import Platform
from commonweal.worlds.public_goods import PublicGoods
from commonweal.worlds.villages import Villages


@dataclasses.dataclass(frozen=True)
class Case:
    """A rule as it is tried in a world."""

    rule: Institution
    """At a strength."""
    inert: Institution | None
    """At none; None: it has no such value, and is only tried absent behind `If`."""
    channel: Channel = dataclasses.field(default_factory=NoChannel)


WORLDS: dict[str, World] = {
    "assistants": Assistants(reach=0.5, models=2),
    "commons": Commons(capacity_per_seat=900.0),
    "commonwealth": Commonwealth(optional=True),
    "conflict": Conflict(arms=1, misread=0.1),
    "donor-game": DonorGame(schedule="random", rounds=0, punishable=True),
    "market": Market(posted=0.5),
    "naming-game": NamingGame(names=("amber", "birch", "cedar"), form="together"),
    "network-game": NetworkGame(),
    "platform": Platform(),
    "public-goods": PublicGoods(1.6, mpcr=0.1, prize=2, provision=3.5),
    "villages": Villages(2, 900.0, growth=2.0, spill=0.1),
}
MOVERS = ("arrival", "best", "fermi", "generations", "moran", "mutation", "one-of", "open-source", "truncation", "turnover")
"""Rules that move minds, of which a society has one at most."""
_CONTACTS = Circle("contacts")
_LEVELS = (0.25, 0.5, 0.75, 1.0)
_UNITS = ((4, 2, 1), ("household", "village", "region"))
_SWITCHED = Named.of(
    ("quota", If(Quota(0.7))), ("audit", If(Audit(detect=0.6))), ("tax", If(Tax(0.4))), ("imitation", If(Fermi(0.3, rate=0.5)))
)
_PLAIN: dict[str, tuple[Institution, Institution | None]] = {
    "allotment": (Allotment(7.0), Allotment()),
    "arrival": (Arrival(count=2, at=2), Arrival(count=0, at=2)),
    "audit": (Audit(detect=0.6, hold_after=1), Audit(detect=0.0)),
    "best": (Best(0.5, every=2), Best(0.0, every=2)),
    "boundary": (
        Boundary(0.7, 3, leaving=2, entering=5, applicants=1, count=Plurality()),
        Boundary(0.0, 3, leaving=2, entering=5, applicants=1, count=Plurality()),
    ),
    "commitment": (Commitment(0.7), Commitment(0.0)),
    "contracts": (Contracts(3, 0.7, 0.8, quorum=0.2), Contracts(0)),
    "decree": (
        Decree.on(Audit(detect=0.6, hold_after=1), Audit, lambda audit: audit.detect, 1.0, 0.5),
        Decree.on(Audit(detect=0.0, hold_after=1), Audit, lambda audit: audit.detect, 1.0, 0.0),
    ),
    "delegation": (Delegation(limit=0.4, creep=0.1, given=True), Delegation(given=True)),
    "disclosure": (Disclosure("contacts"), Disclosure("contacts", reach=0.0)),
    "dispositions": (Dispositions(_LEVELS, noise=0.3, reach=0.6), Dispositions(_LEVELS, reach=0.0)),
    "exclusion": (
        Exclusion(term=2, tolerance=0.6, share=0.2, shared=True, circle=_CONTACTS),
        Exclusion(term=0, share=0.2, shared=True, circle=_CONTACTS),
    ),
    "fermi": (Fermi(beta=0.3), Fermi(rate=0.0)),
    "generations": (Generations(2, 0.05, rate=0.7), Generations(2, rate=0.0)),
    "gossip": (Gossip(STERN_JUDGING, seen=0.6, error=0.1, rounds=2, trust=0.7, noise=0.1, reach=0.8), Gossip(reach=0.0)),
    "identity": (
        Identity(levy=4, price=1, most=3, detect=0.4, fine=2, lasting=True),
        Identity(levy=0, detect=0.4, lasting=True),
    ),
    "insurance": (Insurance(premium=2, floor=9, cover=0.5), Insurance(premium=0, floor=9, endowment=100)),
    "mediation": (Mediation(_LEVELS, every=2, lasts=2, quorum=0.3), Mediation(_LEVELS, every=2, lasts=2, binds=0.0)),
    "mediator": (Mediator(0.6, quorum=0.5), Mediator(0.0)),
    "membership": (Membership(), Membership(mobility=0.0)),
    "moran": (
        Moran("death-birth", 0.05, "exponential", average=True, events=3),
        Moran("death-birth", 0.05, "exponential", average=True, events=3, rate=0.0),
    ),
    "mutation": (Mutation(Fermi(0.3), 0.5), Mutation(Fermi(rate=0.0), 1.0)),
    "negotiation": (AlternatingOffers(1, 0.5, 2), AlternatingOffers(0)),
    "nested": (
        Nested(Audit(detect=0.7, hold_after=1), *_UNITS, (0.2, 0.6, 1.0), share=0.5),
        Nested(Audit(detect=0.0), *_UNITS, (0.2, 0.6, 1.0), share=0.5),
    ),
    "notice": (Notice(0.6), Notice(0.0)),
    "one-of": (OneOf(_SWITCHED, 2), OneOf(_SWITCHED, 0)),
    "open-source": (OpenSource(Fermi(0.3), reach=0.7, noise=0.2), OpenSource(Fermi(rate=0.0), reach=0.0)),
    "peer-reward": (PeerReward(circle=_CONTACTS), PeerReward(budget=0, circle=_CONTACTS)),
    "presence": (If(Tax(rate=0.5), on=True), If(Tax(rate=0.5), on=False)),
    "quota": (Quota(multiple=1.5), Quota(multiple=float("inf"))),
    "reputation": (Reputation(norm=STERN_JUDGING, error=0.2, noise=0.1, reach=0.8), Reputation(reach=0.0)),
    "rewiring": (Rewiring(0.5), Rewiring(0.0)),
    "sanction": (Sanction(levy=2, fine=9), Sanction(levy=0)),
    "shuffle": (Shuffle(Disclosure("contacts", reach=0.7)), Shuffle(Disclosure("contacts", reach=0.0))),
    "interview": (Interview(first=0, ticks=5), Interview()),
    "meetings": (Meetings(7, same=1.0, prize=2.0, loss=1.0, prey=1.5, gain=0.5, supply=0.8), Meetings()),
    "shared-page": (SharedPage(edits=0.5, loss=0.2), SharedPage()),
    "side-payments": (SidePayments(7, 0.7, 0.4, _CONTACTS), SidePayments(0, circle=_CONTACTS)),
    "sunset": (
        Sunset.on(Tax(0.3), Tax, lambda tax: tax.rate, after=2),
        Sunset.on(Tax(0.0), Tax, lambda tax: tax.rate, after=2),
    ),
    "tax": (Tax(rate=0.3), Tax(rate=0.0)),
    "town-hall": (
        TownHall((0.25, 0.5, 0.75, 1.0), every=2, lasts=1),
        TownHall((0.25, 0.5, 0.75, 1.0), every=2, lasts=1, binds=0.0),
    ),
    "treaty": (Treaty(Audit(detect=0.7, hold_after=1), threshold=2), Treaty(Audit(detect=0.0), threshold=1)),
    "tremble": (Tremble(0.3), Tremble(0.0)),
    "truce": (Truce(1, 3), Truce(0, 3)),
    "truncation": (Truncation(0.4, every=2), Truncation(1.0, every=2)),
    "turnover": (Turnover(Fermi(0.1), 0.3), Turnover(Fermi(rate=0.0), rate=0.0)),
    "wealth-tax": (WealthTax(0.2), WealthTax(0.0)),
    "within": (Within(Tax(rate=0.3), group=1), Within(Tax(rate=0.0), group=1)),
    "witness": (Witness(0.5), Witness(0.0)),
}


def _office(menu: Menu) -> Case:
    """Of a rule that inspects nobody: elections are held, and whoever holds office sets what nobody feels."""
    rule, none = (
        dataclasses.replace(
            Office.on(Audit(detect=detect), Audit, lambda audit: audit.tolerance, (0.3, 0.9), every=1),
            nominees=3,
            terms=1,
            recall=0.2,
            count=Schulze(),
        )
        for detect in (0.6, 0.0)
    )
    return Case(rule, none)


def _peer_punishment(menu: Menu) -> Case:
    """Under a name of its own where the world lets seats punish already."""
    name = "punish-peers" if "punish" in menu else "punish"
    rules = (PeerPunishment(circle=_CONTACTS, question=name), PeerPunishment(budget=0, circle=_CONTACTS, question=name))
    return Case(*rules)


def _turns(menu: Menu) -> Case:
    """Holds whatever the world asks that can be held."""
    return Case(Turns(0.4, kinds_of(menu)), Turns(1.0, kinds_of(menu)))


def _moderation(menu: Menu) -> Case:
    """There must be talk to moderate."""
    rule = Moderation(term=2, share=0.2, tolerance=0.7, circle=_CONTACTS)
    return Case(rule, dataclasses.replace(rule, term=0), Broadcast())


def _voting(menu: Menu) -> Case:
    """As an office."""
    rule, none = (Vote.on(Audit(detect=x), Audit, lambda audit: audit.tolerance, (0.3, 0.9), every=2) for x in (0.6, 0.0))
    return Case(rule, none)


def _watching(menu: Menu) -> Case:
    """By the norm scale; where there is none, by the first choice with one answer for all."""
    plain = [name for name, own in menu.items() if isinstance(own, Choice) and own.to is None]
    by = "" if any(question.scaled for question in menu.values) or not plain else plain[0]
    return Case(Watching(rho=0.6, fine=3, question=by), Watching(shows=False, question=by))


_BY_MENU: dict[str, Callable[[Menu], Case]] = {
    "moderation": _moderation,
    "office": _office,
    "peer-punishment": _peer_punishment,
    "turns": _turns,
    "voting": _voting,
    "watching": _watching,
}


def case_of(name: str, menu: Menu) -> Case:
    """The rule of a name of the catalogue, for a world that asks this.

    Raises:
        StudyError: it was not given parameters yet.
    """
    if name in _PLAIN:
        return Case(*_PLAIN[name])
    if name not in _BY_MENU:
        raise StudyError(
            f"the institution {name!r} of the catalogue is not tried on the worlds; add it to benchmarks/pairs_cases.py"
        )
    return _BY_MENU[name](menu)


def world_of(name: str) -> World:
    """The world of a name of the catalogue.

    Raises:
        StudyError: it was not given parameters yet.
    """
    if name not in WORLDS:
        raise StudyError(
            f"the world {name!r} of the catalogue is not tried with the rules; add it to benchmarks/pairs_cases.py"
        )
    return WORLDS[name]
