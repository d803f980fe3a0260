"""Where should assistants refuse, and do they, when the attackers they refuse go elsewhere and learn?

Five providers and 200 users. A share of the users are attackers: each day they send a harmful request, disguised so that it
looks more like an ordinary one. Assistants refuse where a noisy score is above their threshold. With one try and no learning
the best threshold is known in closed form, from the share and sophistication of attackers: one part finds it by simulation, as
the place where doubtful cases have as much to gain as to lose (a balance that along the threshold is a logistic curve, but for
the width of the band that counts as doubtful).

Then what that formula does not see:
- *elsewhere*: a refused attacker tries other providers. Exact by enumeration of all sets of providers; where attackers are few
  and try many, refusal is futile, and the best threshold jumps to refusing nobody.
- *one model or many*: where all providers run one model, they err alike, and going elsewhere is vain.
- *who chooses*: assistants that move their threshold by doubtful cases come to an equilibrium. Weighing their own books (fee
  and liability) gives the private one, weighing society's stakes the social one; both take the others as given, which a
  planner would not.
- *learning*: attackers raise their disguise by a refusal, and copy the best disguise that got through where they hear of it.
  Each by itself is a Markov chain; together, none known.
- *a minority*: a few strict providers among lax ones, with attackers that go elsewhere, or return to where they were helped.

Source: the closed form after J. Neyman and E. Pearson (1933), see `commonweal.analysis.exact.help_or_harm`; no published model
of help and harm at the scale of a society was found.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from commonweal.analysis.exact.help_or_harm import (
    Learning,
    Requests,
    Stakes,
    find_best,
    find_equilibria,
    find_lessons,
    find_threshold,
    find_welfare,
)
from commonweal.core import lens
from commonweal.core.arrays import real, whole
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.designs.threshold import Threshold
from commonweal.lab.study import Factor, Levels, Part, Primary, Study
from commonweal.metrics.disguise_used import DisguiseUsed
from commonweal.metrics.doubtful_balance import DoubtfulBalance
from commonweal.metrics.false_refusals import FalseRefusals
from commonweal.metrics.harm_rate import HarmRate
from commonweal.metrics.help_welfare import HelpWelfare
from commonweal.metrics.threshold_used import ThresholdUsed
from commonweal.minds import dials
from commonweal.minds.attackers import Attacker
from commonweal.minds.gatekeepers import Gatekeeper
from commonweal.minds.language import Language
from commonweal.worlds.assistants import Assistants

PROVIDERS, USERS = 5, 200
SEATS = PROVIDERS + USERS
VALUE, HARM, OVER_REFUSAL, FEE, LIABILITY = 100, 500, 20, 30, 0.15
"""Ledger units: worth of help, cost of harm and of refusing an ordinary request, fee for help; share of the harm paid for."""
SOCIETY, BOOKS = Stakes(VALUE, HARM, OVER_REFUSAL), Stakes(FEE, LIABILITY * HARM - FEE)
DISGUISE = 0.25
"""First sophistication of attackers."""
RISE, EASE, HEARD = 0.02, 0.5, 0.2
"""Steps of attackers that learn, and how likely each hears of a day's best disguise."""
DAYS, LONG = 100, 600
"""Of trials with thresholds that stand, and of trials in which thresholds settle."""
THRESHOLD, SHARE, DISGUISED = "refusal threshold", "share of attackers", "sophistication"
TRIES, MODELS, DUTY = "providers tried", "different models", "weight of society"
LEARN, SHARED, STRICT, LOYAL = "rise by a refusal", "hears of tricks", "strict providers", "loyalty of attackers"
ATTACKERS, DISGUISES = (0.05, 0.1, 0.3), (0.0, 0.25, 0.5)
NOBODY = 5.0
"""A threshold above which next to nothing is refused."""
THRESHOLDS = (-0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)


def stationary(levels: Levels) -> float | None:
    """Welfare a request of assistants whose thresholds stand, ledger units; None where attackers learn or are loyal.

    Args:
        levels: of a cell; what it lacks is as in `society`.
    """
    share, tries = float(levels.get(SHARE, 0.1)), int(levels.get(TRIES, 1))
    requests = Requests(share, float(levels.get(DISGUISED, DISGUISE)), bad_tries=tries)
    if STRICT in levels:
        strict = int(levels[STRICT])
        best, lax = strict_and_lax()
        thresholds = [best] * strict + [lax] * (PROVIDERS - strict)
        return None if levels[LOYAL] else find_welfare(thresholds, requests, SOCIETY)
    return find_welfare([float(levels[THRESHOLD])] * PROVIDERS, requests, SOCIETY, int(levels.get(MODELS, PROVIDERS)))


def settled(levels: Levels) -> float | None:
    """Welfare a request in the equilibrium of assistants that weigh own books or society's stakes; None if there are several.

    Args:
        levels: of a cell.
    """
    requests = Requests(float(levels[SHARE]), DISGUISE, bad_tries=int(levels[TRIES]))
    found = find_equilibria(requests, SOCIETY if levels[DUTY] else BOOKS)
    return find_welfare([found[0]] * PROVIDERS, requests, SOCIETY) if len(found) == 1 else None


def learnt(levels: Levels) -> float | None:
    """Welfare a request, in the second half, of attackers that learn each by itself; None where they hear of others' tricks.

    Args:
        levels: of a cell.
    """
    if levels[SHARED]:
        return None
    threshold, rise = float(levels[THRESHOLD]), round(1000 * float(levels[LEARN]))
    learning = Learning(round(1000 * DISGUISE), rise, round(EASE * rise))
    helped = float(find_lessons(threshold, Requests(0.1), learning, DAYS).helped[DAYS // 2 :].mean())
    return 0.9 * find_welfare(threshold, Requests(0.0), SOCIETY) - 0.1 * HARM * helped


def strict_and_lax() -> tuple[float, float]:
    """The best threshold for society and for a provider's own books, at one in ten attackers with one try each."""
    requests = Requests(0.1, DISGUISE)
    return round(find_threshold(requests, SOCIETY), 3), round(find_threshold(requests, BOOKS), 3)


def thresholds_in_words() -> str:
    """Best thresholds by theory: those that a part looks for; and private, social, equilibrium and planned, side by side."""
    grid = ((share, disguise) for share in ATTACKERS for disguise in DISGUISES)
    alone = (f"{find_threshold(Requests(*at), SOCIETY):.3f} at {at[0]:g} and {at[1]:g}" for at in grid)
    found = [f"The closed form's best thresholds, by {SHARE} and {DISGUISED}: {', '.join(alone)}."]
    for share in ATTACKERS:
        once, often = Requests(share, DISGUISE), Requests(share, DISGUISE, bad_tries=4)
        private, social = (find_threshold(once, stakes) for stakes in (BOOKS, SOCIETY))
        books, stakes = (find_equilibria(often, stakes)[0] for stakes in (BOOKS, SOCIETY))
        planned = find_best(often, SOCIETY, PROVIDERS).threshold
        planner = "would refuse nobody" if planned > NOBODY else f"would refuse above {planned:.2f}"
        found.append(
            f"At {SHARE} {share:g} with one try: best for a provider {private:.2f}, for society {social:.2f}; with four tries: "
            f"equilibrium of own books {books:.2f}, of society's stakes {stakes:.2f}, and a planner {planner}."
        )
    return " ".join(found)


def society(threshold: float | Sequence[float] = 1.5) -> Society:
    """Five assistants in the first seats, then attackers, then honest users; every tenth user is an attacker.

    Args:
        threshold: first refusal threshold of all, or one a seat; score units.
    """
    attacker = Attacker(sophistication=DISGUISE, ease=EASE, copying=1.0)
    return Society(
        world=Assistants(value=VALUE, harm=HARM, over_refusal=OVER_REFUSAL, fee=FEE, liability=LIABILITY),
        minds=Named.of(
            ("users", Attacker.honest()), ("assistants", Gatekeeper(np.asarray(threshold, np.float32))), ("attackers", attacker)
        ),
        seats=Seating(
            SEATS,
            Named.of(("assistants", real(PROVIDERS / SEATS)), ("attackers", real(_seats(0.1)))),
            card=whole(np.asarray([1] * PROVIDERS + [0] * USERS)),
            shuffled=False,
        ),
    )


def _seats(share: float) -> float:
    """The share of all seats that a share of the users is."""
    return share * USERS / SEATS


def _minority(strict: int) -> tuple[float, ...]:
    best, lax = strict_and_lax()
    return (best,) * strict + (lax,) * (SEATS - strict)


_threshold = lens.mind("assistants", Gatekeeper, lambda mind: mind.threshold)
_tries = Factor(TRIES, lens.mind("attackers", Attacker, lambda mind: mind.tries), (1, 2, 4))


def _shares(*levels: float) -> Factor:
    return Factor(SHARE, lens.share("attackers"), levels, values=tuple(_seats(level) for level in levels))


def _looking_closely() -> Society:
    """A narrow band of doubtful cases: their balance then crosses 0 where the closed form says, to within 0.01."""
    own = society()
    return dataclasses.replace(own, world=dataclasses.replace(own.world, band=0.25))


def _settling() -> Society:
    """Assistants that move their thresholds."""
    own = society()
    keeper = Gatekeeper(1.5, rate=0.03)
    return dataclasses.replace(own, minds=own.minds.replace("assistants", keeper))


study = Study(
    name="help-or-harm",
    question="Where should assistants refuse, if those they refuse go elsewhere and learn?",
    parts=(
        Part(
            name="who chooses",
            society=_settling(),
            factors=(
                Factor(DUTY, lens.mind("assistants", Gatekeeper, lambda mind: mind.duty), (0.0, 1.0)),
                _tries,
                _shares(*ATTACKERS),
            ),
            ticks=LONG,
            seeds=20,
            theory=settled,
        ),
        Part(
            name="optimum",
            society=_looking_closely(),
            factors=(
                Factor(THRESHOLD, _threshold, low=-1.5, high=4.0),
                _shares(*ATTACKERS),
                Factor(DISGUISED, lens.mind("attackers", Attacker, lambda mind: mind.sophistication), DISGUISES),
            ),
            ticks=DAYS,
            seeds=1,
            role="control",
            theory=stationary,
            design=Threshold(THRESHOLD, level=0.0, runs=24, batch=8, coverage=8, outcome="balance", rising=False),
        ),
        Part(
            name="elsewhere",
            society=society(),
            factors=(
                Factor(THRESHOLD, _threshold, THRESHOLDS),
                _tries,
                Factor(MODELS, lens.world(Assistants, lambda world: world.models), (1, PROVIDERS)),
            ),
            ticks=DAYS,
            seeds=10,
            role="control",
            theory=stationary,
        ),
        Part(
            name="learning",
            society=society(),
            factors=(
                Factor(THRESHOLD, _threshold, THRESHOLDS),
                Factor(LEARN, lens.mind("attackers", Attacker, lambda mind: mind.rise), (0.0, RISE)),
                Factor(SHARED, lens.world(Assistants, lambda world: world.reach), (0.0, HEARD)),
            ),
            ticks=DAYS,
            seeds=10,
            role="control",
            theory=learnt,
            allowed=lambda levels: not levels[SHARED] or bool(levels[LEARN]),
        ),
        Part(
            name="minority",
            society=society(_minority(0)),
            factors=(
                Factor(STRICT, _threshold, (0, 1, 3, 5), values=tuple(_minority(strict) for strict in (0, 1, 3, 5))),
                _tries,
                Factor(LOYAL, lens.mind("attackers", Attacker, lambda mind: mind.loyalty), (0.0, 1.0)),
            ),
            ticks=DAYS,
            seeds=10,
            role="control",
            theory=stationary,
        ),
    ),
    metrics=Named.of(
        ("welfare", HelpWelfare(skip=0.5)),
        ("balance", DoubtfulBalance()),
        ("harm rate", HarmRate()),
        ("false refusals", FalseRefusals()),
        ("threshold in use", ThresholdUsed(skip=0.5)),
        ("disguise", DisguiseUsed()),
    ),
    primary=Primary(
        metric="welfare",
        part="who chooses",
        factor=DUTY,
        control=0.0,
        treatment=1.0,
        claim="Learning where to refuse from society's stakes instead of a provider's own books",
        outcome="the social welfare of a request",
        smallest=1.0,
    ),
    family=("harm rate", "false refusals"),
    mechanism="that scores of the two kinds of request are bell curves of one width is assumed; that thresholds settle where "
    "doubtful cases balance is derived, and found",
    scope="five providers, 200 users, attackers from one in twenty to three in ten, scripted minds, a Gaussian score of equal "
    "spread; the primary outcome is a mean over that grid of shares and tries, and its sign differs between cells",
    hypotheses=(
        "The closed-form threshold is where doubtful cases balance, at every share and sophistication of attackers.",
        "Weighing society's stakes raises welfare where attackers have one try.",
        "It lowers welfare where attackers are few and try many providers: each refusal is then paid for and prevents nothing.",
        "With one shared model it makes no difference how many providers attackers try.",
        "Attackers that learn from refusals make a laxer threshold best; where they hear of each other's tricks, no threshold "
        "gains much over refusing nobody.",
        "Where attackers try many providers, a strict minority gains nothing for society.",
    ),
    theory="exact: the Gaussian closed form, enumeration of the providers that are tried, a Markov chain of disguise, and the "
    "equilibrium threshold of providers that take the others as given",
    doc="Help with an ordinary request is worth 100 ledger units, harm costs 500, a refusal of an ordinary one 20; a provider "
    "earns 30 and pays for 15 % of the harm. Welfare and thresholds in use are read in the second half of a trial. In the part "
    "optimum the balance of doubtful cases is fitted with a logistic curve, here its shape but for the width of the band, and "
    f"with a monotone one. {thresholds_in_words()}",
)


def with_language(mind: Language | None = None) -> Study:
    """The study with a control in which a language model is each of three assistants and is told how cautious to be.

    Off by default: it costs 60 calls and a card of the model. With the embedded model it is a negative control: whatever it
    shows is the size of the wording artefact. Run it by a file of one line, `arm = with_language()`, with any model.

    Args:
        mind: who the assistants are; None: one with a short role, whose model the run fills in.
    """
    wish = "You want to be of use to everybody."
    keeper = Language(persona="You are an assistant whom many ask for help.") if mind is None else mind
    own, providers, users = society(), 3, 20
    seats = Seating(
        providers + users,
        Named.of(("assistants", real(providers / (providers + users))), ("attackers", real(2 / (providers + users)))),
        card=whole(np.asarray([1] * providers + [0] * users)),
        shuffled=False,
    )
    small = dataclasses.replace(own, minds=own.minds.replace("assistants", keeper), seats=seats)
    told = lens.mind("assistants", Language, lambda mind: mind.disposition)
    levels = (0.0, 1.0)
    factor = Factor(dials.CAUTION.name, told, levels, values=dials.CAUTION.texts(levels, wish))
    return dataclasses.replace(study, parts=(*study.parts, Part("language", small, (factor,), 10, 1, role="control")))
