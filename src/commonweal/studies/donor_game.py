"""How much can twelve agents make of the donor game, and does it depend on how they start?

Twelve seats, twelve rounds a game, 10 tokens each at first, a donation is doubled on its way. The published bound on the mean
of what they own at the end is a fixture, 30,720 tokens: it holds where roles alternate strictly, and in the order of the
paper's own notebook half of it can be reached. The theory of each cell is the same recursion over rounds,

    (donor, recipient) -> ((1 - s) donor, recipient + m s donor)

for a donated share s and a multiplier m, roles changing as the order says.

The paper saw societies of one model climb where the first generation had given 50, 53 or 54 % of what it could, and fail at 44
and 47 %. Whether that is a threshold is tested, not claimed: discriminators (give all to whom they deem good, nothing to
others) and seats that give nothing fill twelve seats in many proportions, the half that owns most after a generation of two
games stays and is copied into the other seats, and after ten generations one kind holds nearly always all. How far back a donor
sees is varied: without a trace all look alike, with one donation it scores images, with more it also excuses a refusal whose
victim had itself refused before.

The paper was not read by us: its bound and its starts are known from notes of it. The order of its notebook, and the bound that
follows from it, were checked against its code.

Source: A. Vallinder and E. Hughes, "Cultural evolution of cooperation among LLM agents", arXiv 2412.10270 (2024).
"""

from __future__ import annotations

from typing import Literal

import jax.numpy as jnp

from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.truncation import Truncation
from commonweal.lab.study import Factor, Figure, Levels, Part, Primary, Published, Replication, Study
from commonweal.metrics.cooperation import Cooperation
from commonweal.metrics.fixation import Fixation
from commonweal.metrics.holdings import Holdings
from commonweal.metrics.opening import Opening
from commonweal.minds.donors import Donor
from commonweal.minds.language import Language
from commonweal.models.budget import Budget
from commonweal.worlds.donor_game import DonorGame

SEATS, ROUNDS, TOKENS, MULTIPLIER = 12, 12, 10.0, 2.0
GENERATIONS = 10
BOUND = 30_720.0
"""The published maximum of the mean final resources, tokens."""
STARTS = ((0.44, False), (0.47, False), (0.50, True), (0.53, True), (0.54, True))
"""Published: the share that the first generation gave in five runs of one model, and whether resources climbed."""
SHARE, TIMES, ORDER = "share donated", "multiplier", "order"
DISCRIMINATORS, TRACE = "discriminators of 12 at first", "donations shown"
COUNTS = (1, 2, 3, 4, 6, 8, 10, 11)

Order = Literal["alternating", "notebook"]


def turns(order: Order, rounds: int = ROUNDS, half: int = SEATS // 2) -> list[int]:
    """Which half gives in each round, 0 or 1.

    Args:
        order: `alternating`, or the reference notebook's, which begins the second round robin with the half that gave last.
        rounds: how many.
        half: seats in a half.
    """
    return [(t if order == "alternating" else t % half + t // half) % 2 for t in range(rounds)]


def mean_resources(share: float, multiplier: float = MULTIPLIER, order: Order = "alternating") -> float:
    """The mean final resources in tokens where everybody always gives a share, 0 to 1, of what it owns."""
    owned = [TOKENS, TOKENS]
    for giving in turns(order):
        gift = share * owned[giving]
        owned[giving] -= gift
        owned[1 - giving] += multiplier * gift
    return sum(owned) / 2


def _bound(levels: Levels) -> float:
    return mean_resources(float(levels[SHARE]))


def _orders(levels: Levels) -> float:
    order: Order = "notebook" if levels[ORDER] == "notebook" else "alternating"
    return mean_resources(float(levels[SHARE]), float(levels[TIMES]), order)


def _givers() -> Society:
    return Society(
        world=DonorGame(),
        minds=Named.of(("keeper", Donor.keeper()), ("giver", Donor())),
        seats=Seating(SEATS, Named.of(("giver", jnp.float32(1.0)))),
    )


def _generations() -> Society:
    return Society(
        world=DonorGame(twice=True),
        minds=Named.of(("keeper", Donor.keeper()), ("discriminator", Donor.discriminator(excuse=True))),
        seats=Seating(SEATS, Named.of(("discriminator", jnp.float32(0.5)))),
        rules=Named.of(("generations", Truncation(0.5, every=2 * ROUNDS))),
    )


def _language() -> Society:
    persona, disposition = "You play with eleven others.", "You want to own as much as you can at the end."
    return Society(
        world=DonorGame(),
        minds=Named.of(("player", Language(persona=persona, disposition=disposition))),
        seats=Seating(SEATS),
    )


def _published() -> tuple[Published, ...]:
    """What was published, beside the cells of ours that have the same order of roles."""
    read = "The bound as published; of the notebook's order and of other multipliers it is our own derivation from its code."
    told = (
        "Starts of five runs of one language model: whether societies end in two ways by how they start is tested in part "
        "starts, and that the edge lies between 47 and 50 % is not claimed."
    )
    bounds = (
        ("published maximum of the mean", BOUND, "alternating", MULTIPLIER),
        ("derived: the same in the notebook's order", BOUND / 2, "notebook", MULTIPLIER),
        ("derived: at multiplier 1.5", mean_resources(1.0, 1.5), "alternating", 1.5),
        ("derived: at multiplier 3", mean_resources(1.0, 3.0), "alternating", 3.0),
    )
    exact = tuple(
        # Amounts are whole in units of 1/128 token: at multiplier 1.5 a gift loses what is below that, in each of 12 rounds.
        Published(
            name, (Figure("final resources", tokens, 2e-3 * tokens if times == 1.5 else 0.0),), "orders",
            ((ORDER, order), (TIMES, times), (SHARE, 1.0)), note=read,
        )
        for name, tokens, order, times in bounds
    )  # fmt: skip
    starts = tuple(
        Published(
            f"a run that {'climbed' if climbed else 'failed'}", (Figure("gave in the first generation", share),), note=told
        )
        for share, climbed in STARTS
    )
    return exact + starts


_share = lens.mind("giver", Donor, lambda donor: donor.share)
_trace = lens.world(DonorGame, lambda world: world.trace)

study = Study(
    name="donor-game",
    question="How much can twelve agents make of the donor game, and does it depend on how they start?",
    parts=(
        Part(
            name="bound",
            society=_givers(),
            factors=(Factor(SHARE, _share, (0.0, 0.25, 0.5, 0.75, 1.0)),),
            ticks=ROUNDS,
            seeds=10,
            theory=_bound,
        ),
        Part(
            name="orders",
            society=_givers(),
            factors=(
                Factor(ORDER, lens.world(DonorGame, lambda world: world.schedule), ("alternating", "notebook")),
                Factor(TIMES, lens.world(DonorGame, lambda world: world.multiplier), (1.5, 2.0, 3.0)),
                Factor(SHARE, _share, (0.5, 1.0)),
            ),
            ticks=ROUNDS,
            seeds=2,
            role="control",
            theory=_orders,
        ),
        Part(
            name="starts",
            society=_generations(),
            factors=(
                Factor(DISCRIMINATORS, lens.share("discriminator"), COUNTS, values=tuple(k / SEATS for k in COUNTS)),
                Factor(TRACE, _trace, (0, 1, 3)),
            ),
            ticks=2 * ROUNDS * GENERATIONS,
            seeds=60,
            role="control",
        ),
        Part(
            name="language",
            society=_language(),
            factors=(Factor(TRACE, _trace, (0, 3)),),
            ticks=ROUNDS,
            seeds=1,
            role="control",
        ),
    ),
    metrics=Named.of(
        ("final resources", Holdings(DonorGame.units_per_token)),
        ("gave in the first generation", Opening(2 * ROUNDS)),
        ("gave", Cooperation()),
        ("discriminators took over", Fixation.of(_generations(), "discriminator")),
    ),
    primary=Primary(
        metric="final resources",
        part="bound",
        factor=SHARE,
        control=0.0,
        treatment=1.0,
        claim="Giving everything, always, instead of nothing",
        outcome="what a seat owns at the end",
    ),
    replication=Replication(
        kind="fixture",
        source="Vallinder and Hughes, arXiv 2412.10270 (2024): maximum of average final resources, 30,720, less the endowment",
        published=BOUND - TOKENS,
        rows=_published(),
    ),
    hypotheses=(
        "Where roles alternate strictly the mean reaches 10 (1 + m) / 2 m^11 tokens, 30,720 at m = 2, and no share gives more.",
        "In the order of the reference notebook it reaches 15,360: one half gives twice running, and what it received is "
        "doubled once less.",
        "Societies end up with all discriminators or none, by how many there are at first; nothing says that the edge lies "
        "between 47 and 50 % of what the first generation could have given.",
    ),
    theory="the recursion over rounds, all seats giving one share, up to rounding to 1/128 token; of generations none known",
    mechanism="a gift is multiplied each time it is handed on; that discriminators are there, and that minds are copied by "
    "what they own, is assumed",
    scope="scripted donors of two kinds, twelve seats, ten generations of two games, no mutation; donors that learn from each "
    "other's words, as the paper's, are not among them",
    budget=Budget(calls=2000),
    doc="The published bound, 30,720 tokens, is met where roles alternate, and half of it in the notebook's order. Whether "
    "societies end in two ways by how they start is asked in part starts: the metrics `gave in the first generation` and "
    "`discriminators took over` say where the edge lies in this model, for each number of donations shown. The paper saw one "
    "between 47 and 50 %, in five runs of one model; here it is tested and not claimed. The paper was not read by us: its "
    "figures are from notes of it, the order of its notebook from its code. In part language a model sits in all seats for one "
    "game, with and without a trace; the embedded one is the negative control, whatever it shows is the size of the wording "
    "artefact, and any other takes its place by --endpoint and --model.",
)
