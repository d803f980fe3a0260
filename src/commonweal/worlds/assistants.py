"""Help or harm: users bring requests to assistants, which must refuse by a noisy score of how suspicious a request is.

The dilemma: a strict assistant turns honest people away, a lax one helps those who harm everybody; and whom one refuses,
another may help. Seats with card 0 are users, all others are assistants, each the one of a provider. Each tick every user has
one request, ordinary or harmful, disguises a harmful one by s, asks a provider, and brings it to others in random order while
it is refused and has tries left; at the same time every assistant names the threshold tau above which it refuses. The score is

    x = noise e + (gap (1 - s) if harmful else 0),   e standard normal

A request has one e for each model, drawn anew each tick: providers that run the same model err alike. Paid, in ledger units:

    helped, ordinary   user + value - fee, provider + fee
    helped, harmful    user - fee, provider + fee - liability harm; all users together - (1 - liability) harm
    refused, ordinary  user - over_refusal, for each refusal

What harm costs is borne by all users alike, in whole units; what does not divide waits for the next tick. So what all together
are paid is value helped ordinary - over_refusal refused ordinary - harm helped harmful, but for what waits: the social welfare
of the closed form. Harmful help brings its user nothing here: its gain counts for nobody. A provider is told which requests
with scores within `band` / 2 of its threshold were ordinary and which harmful, helped or not: it has doubtful ones looked into.

Norm scale of `request`: 1 ordinary, 0 harmful. A threshold has none: where it should lie is the question. Without cards nobody
is an assistant: the world is refused. A tick is a day. Scores, thresholds and disguise are in thousandths.

Source: our own model, for help and harm at the scale of a society; the closed form with one try stands in
`commonweal.analysis.exact.help_or_harm`, after J. Neyman and E. Pearson, Phil. Trans. R. Soc. A 231 (1933).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Int64

from commonweal.core.arrays import Flags, Index, Units, real, whole
from commonweal.core.branches import apart
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.normal import ONE_DEVIATION, normal_word
from commonweal.core.numbers import Total, share_of, total
from commonweal.core.parts import World
from commonweal.core.questions import Amount, Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key, mix
from commonweal.core.views import Observation, Outcome, Start, View

THOUSAND = 1000
WIDEST = 8 * THOUSAND
"""Thresholds lie within so much of 0, thousandths of a score unit."""
_APART = 0x9E3779B9


class Outcomes(eqx.Module):
    """What became of each seat's requests of a tick; of users the first four, of assistants the others, else 0."""

    helped: Index
    """1 where the user was helped."""
    server: Index
    """Number of the provider that helped; -1 where none did."""
    refusals: Index
    """How many providers refused the user."""
    tip: Index
    """The best disguise that the user hears got through, thousandths; -1: it hears of none."""
    arrived: Index
    """Requests that reached the assistant."""
    refused: Index
    """Those that it refused."""
    harmed: Index
    """Harmful ones that it helped with."""
    border_good: Index
    """Ordinary ones with a score near its threshold."""
    border_bad: Index
    """Harmful ones with a score near its threshold."""


class AssistantsState(eqx.Module):
    """Who is a provider, what of the harm is still to be borne, and the last day."""

    desk: Index
    """The seat of provider 0, 1, ...; beyond the last, seats of users."""
    providers: Int32[Array, ""]
    """How many there are."""
    owed: Int32[Array, ""]
    """Harm not yet borne, ledger units, fewer than there are users."""
    last: Outcomes


class AssistantsFacts(eqx.Module):
    """What was asked, helped and refused in a day."""

    good: Total
    """Ordinary requests, one a user at most."""
    bad: Total
    """Harmful requests."""
    helped_good: Total
    """Ordinary requests that somebody helped with."""
    helped_bad: Total
    """Harmful requests that somebody helped with."""
    refused_good: Total
    """Refusals of ordinary requests."""
    refused_bad: Total
    """Refusals of harmful requests."""
    worth: Total
    """Social welfare, ledger units: value helped good - over_refusal refused good - harm helped bad."""
    border_gain: Total
    """What ordinary requests near thresholds have at stake, ledger units: (value + over_refusal) a request."""
    border_loss: Total
    """What harmful ones near thresholds have at stake, ledger units: harm a request."""
    disguise: Total
    """Disguise of harmful requests in all, thousandths."""
    thresholds: Total
    """Thresholds of all assistants in all, thousandths of a score unit."""
    assistants: Total
    """How many assistants there are."""


class _Visits(eqx.Module):
    """Who was asked what, visit by visit. [a k]"""

    seat: Int32[Array, "a k"]
    """The assistant's seat."""
    rank: Int32[Array, "a k"]
    """The provider's number."""
    made: Bool[Array, "a k"]
    """Whether the visit took place: all before it refused."""
    refused: Bool[Array, "a k"]
    """Whether it ended in a refusal."""
    near: Bool[Array, "a k"]
    """Whether the score lay near the threshold."""


class Assistants(World):
    """Users, bad ones among them, and assistants that help or refuse.

    Raises:
        StudyError: a number is out of range; there are no users, or no assistants.
    """

    units_per_token: ClassVar[int] = 100
    tick_name: ClassVar[str] = "day"

    gap: Float[Array, ""] = eqx.field(converter=real, default=2.0)
    """Mean score of an undisguised harmful request, 0.001 to 8; ordinary ones have mean 0."""
    noise: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Deviation of the score, 0.001 to 8."""
    value: Int32[Array, ""] = eqx.field(converter=whole, default=100)
    """What help with an ordinary request is worth to its user, ledger units, at least 0."""
    harm: Int32[Array, ""] = eqx.field(converter=whole, default=500)
    """What help with a harmful request costs all users together, ledger units, at least 0."""
    over_refusal: Int32[Array, ""] = eqx.field(converter=whole, default=20)
    """What a refusal of an ordinary request costs its user, ledger units, at least 0."""
    fee: Int32[Array, ""] = eqx.field(converter=whole, default=30)
    """What who is helped pays the provider, ledger units, at least 0."""
    liability: Float[Array, ""] = eqx.field(converter=real, default=0.1)
    """Share of the harm that the provider who helped pays for, 0 to 1."""
    models: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """How many different models the providers run: provider r runs model r modulo it; 0: each its own."""
    band: Float[Array, ""] = eqx.field(converter=real, default=0.5)
    """Width of the band of scores around a threshold that is looked into, score units, 0 to 8."""
    reach: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability, 0 to 1, that a user hears of the best disguise that got through in a day."""
    visits: int = eqx.field(static=True, default=4)
    """Most providers that a request can be brought to in a day, at least 1."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        amounts = [(name, getattr(self, name), 0, 1 << 20) for name in ("value", "harm", "over_refusal", "fee", "models")]
        shares = [("liability", self.liability, 0.0, 1.0), ("reach", self.reach, 0.0, 1.0), ("band", self.band, 0.0, 8.0)]
        scores = [("gap", self.gap, 0.001, 8.0), ("noise", self.noise, 0.001, 8.0)]
        for name, given, low, top in (*amounts, *shares, *scores):
            if not isinstance(given, jax.core.Tracer) and not bool(((given >= low) & (given <= top)).all()):
                raise StudyError(f"assistants with {name} = {given.tolist()}; expected a number from {low:g} to {top:g}")
        if self.visits < 1:
            raise StudyError(f"requests that can be brought to {self.visits} providers; expected at least 1")

    def reset(self, key: Key, seats: Seats) -> Start:
        """Nobody has asked anything yet.

        Raises:
            StudyError: no seat has card 0, or none has another one.
        """
        user = _users(seats)
        if not isinstance(user, jax.core.Tracer) and (bool(user.all()) or not bool(user.any())):
            raise StudyError(
                f"assistants found {int(user.sum())} users among {seats.n} seats; expected some seats with card 0 (users) and "
                "some with another card (assistants): set Seating.card"
            )
        none, nobody = jnp.zeros(seats.n, jnp.int32), jnp.full(seats.n, -1, jnp.int32)
        last = Outcomes(none, nobody, none, nobody, none, none, none, none, none)
        desk = jnp.argsort(user, stable=True).astype(jnp.int32)
        owed = jnp.zeros((), jnp.int32)
        return Start(AssistantsState(desk, (~user).sum(dtype=jnp.int32), owed, last), none)

    def stakes(self) -> tuple[tuple[str, Int32[Array, ""]], ...]:
        """What a provider and what society has at stake in an ordinary and in a harmful request, ledger units, by name."""
        return (
            ("own_good", self.fee),
            ("own_harm", share_of(self.harm, self.liability) - self.fee),
            ("all_good", self.value + self.over_refusal),
            ("all_harm", self.harm),
        )

    def observe(self, state: AssistantsState, seats: Seats, purse: Units) -> Observation:
        """How many providers there are, what is at stake, and what became of the own requests of the last day."""
        n, last = seats.n, state.last
        own = ("helped", "server", "refusals", "tip", "arrived", "refused", "harmed", "border_good", "border_bad")
        return Observation(
            Named.of(
                ("providers", jnp.full(n, state.providers)),
                *((name, jnp.full(n, stake)) for name, stake in self.stakes()),
                *((name, getattr(last, name)) for name in own),
            )
        )

    def menu(self, state: AssistantsState, seats: Seats, purse: Units) -> Menu:
        """Users are asked what to ask for, how to disguise it, whom first, and how often; assistants where to refuse."""
        n, user = seats.n, _users(seats)
        none, one = jnp.zeros(n, jnp.int32), jnp.ones(n, jnp.int32)
        last = jnp.full(n, jnp.maximum(state.providers - 1, 0))
        options = ("an ordinary request", "a harmful request")
        return Named.of(
            ("request", Choice(user, options, serves=jnp.asarray([1.0, 0.0], jnp.float32))),
            ("disguise", Amount(user, none, none + THOUSAND, unit="thousandths of a perfect disguise")),
            ("provider", Amount(user, none, last, unit="(the number of the provider that is asked first)")),
            ("tries", Amount(user, one, one * self.visits, unit="providers at most")),
            ("threshold", Amount(~user, none - WIDEST, none + WIDEST, unit="thousandths of the score above which to refuse")),
        )

    def step(self, state: AssistantsState, seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """Every user asks until it is helped or gives up; then all are paid."""
        user = _users(seats)
        bad = acts["request"] == 1
        visits = self._visit(state, user, acts, key)
        helped = visits.made & ~visits.refused
        served, refusals = helped.any(1), (visits.made & visits.refused).sum(1, dtype=jnp.int32)
        through = jnp.where(served & bad, acts["disguise"], -1).max()
        hears = user & key.child("tip").chance(self.reach, seats.n)
        columns = (
            visits.made,
            visits.made & visits.refused,
            helped & bad[:, None],
            visits.made & visits.near & ~bad[:, None],
            visits.made & visits.near & bad[:, None],
            helped,
        )
        table = jnp.zeros((seats.n, len(columns)), jnp.int32).at[visits.seat].add(jnp.stack(columns, 2).astype(jnp.int32))
        server = jnp.where(helped, visits.rank, 0).sum(1, dtype=jnp.int32)
        last = Outcomes(
            served.astype(jnp.int32),
            jnp.where(served, server, -1),
            refusals,
            jnp.where(hears, through, -1),
            *(table[:, column] for column in range(5)),
        )
        payoff, owed = self._pay(state.owed, user, bad, last, table[:, 5])
        facts = self._facts(user, bad, last, acts)
        return Outcome(AssistantsState(state.desk, state.providers, owed, last), payoff, facts)

    def _visit(self, state: AssistantsState, user: Flags, acts: Acts, key: Key) -> _Visits:
        """Bring every request to provider after provider."""
        n = user.shape[0]
        rank = _order(acts["provider"], state.providers, self.visits, key.child("elsewhere"))
        rank = apart(rank, (state.desk[:1] >= 0).all())
        seat = state.desk[jnp.clip(rank, 0, n - 1)]
        gap, noise, half = (_thousandths(x) for x in (self.gap, self.noise, self.band / 2))
        mean = jnp.where(acts["request"] == 1, gap * (THOUSAND - acts["disguise"]) // THOUSAND, 0)
        model = jnp.where(self.models > 0, rank % jnp.maximum(self.models, 1), rank).astype(jnp.uint32)
        # The rank of the error among all errors: one word a request and model.
        word = mix(key.child("error").bits(n)[:, None] + model * jnp.uint32(_APART))
        above = acts["threshold"][seat] - mean[:, None]

        def mark(offset: Int32[Array, ""]) -> Int64[Array, "a k"]:
            with jax.enable_x64(True):
                return (above + offset).astype(jnp.int64) * ONE_DEVIATION // noise.astype(jnp.int64)

        refuses = word >= normal_word(mark(half * 0))
        near = (word >= normal_word(mark(-half))) & (word < normal_word(mark(half)))
        place = jnp.arange(self.visits, dtype=jnp.int32)
        could = user[:, None] & (place < jnp.minimum(acts["tries"], state.providers)[:, None])
        before = jnp.cumsum(could & ~refuses, 1, dtype=jnp.int32) - (could & ~refuses)
        return _Visits(seat, rank, could & (before == 0), refuses, near)

    def _pay(
        self, owed: Int32[Array, ""], user: Flags, bad: Flags, last: Outcomes, help_given: Index
    ) -> tuple[Units, Int32[Array, ""]]:
        """What each seat is paid, and the harm that waits for the next day."""
        liable = share_of(self.harm, self.liability)
        good = jnp.where(bad, 0, 1)
        mine = last.helped * (good * self.value - self.fee) - last.refusals * good * self.over_refusal
        theirs = help_given * self.fee - last.harmed * liable
        done = total(last.harmed)
        with jax.enable_x64(True):
            due = done * (self.harm - liable).astype(jnp.int64) + owed.astype(jnp.int64)
            many = jnp.maximum(jnp.sum(user, dtype=jnp.int64), 1)
            each, rest = (due // many).astype(jnp.int32), (due % many).astype(jnp.int32)
        return jnp.where(user, mine - each, theirs), rest

    def _facts(self, user: Flags, bad: Flags, last: Outcomes, acts: Acts) -> AssistantsFacts:
        """The day in numbers."""
        ordinary, harmful = user & ~bad, user & bad
        helped_good, helped_bad = total(jnp.where(ordinary, last.helped, 0)), total(jnp.where(harmful, last.helped, 0))
        refused_good, refused_bad = total(jnp.where(ordinary, last.refusals, 0)), total(jnp.where(harmful, last.refusals, 0))
        near_good, near_bad = total(last.border_good), total(last.border_bad)
        with jax.enable_x64(True):
            value, harm, over = (x.astype(jnp.int64) for x in (self.value, self.harm, self.over_refusal))
            worth = value * helped_good - over * refused_good - harm * helped_bad
            gain, loss = (value + over) * near_good, harm * near_bad
        return AssistantsFacts(
            good=total(ordinary),
            bad=total(harmful),
            helped_good=helped_good,
            helped_bad=helped_bad,
            refused_good=refused_good,
            refused_bad=refused_bad,
            worth=worth,
            border_gain=gain,
            border_loss=loss,
            disguise=total(jnp.where(harmful, acts["disguise"], 0)),
            thresholds=total(jnp.where(user, 0, acts["threshold"])),
            assistants=total(~user),
        )

    def rules(self) -> str:
        """The situation in words."""
        liable = int(share_of(self.harm, self.liability))
        return (
            "Users bring requests to AI assistants; some requests are harmful and disguised. An assistant sees only a "
            f"suspicion score: about 0 for an ordinary request, up to {float(self.gap):g} for an undisguised harmful one, give "
            f"or take {float(self.noise):g}. It refuses every request whose score is above its threshold. Help with an "
            f"ordinary request is worth {int(self.value)} to the user, a refusal of one costs the user "
            f"{int(self.over_refusal)}; who is helped pays the provider {int(self.fee)}. Help with a harmful request costs all "
            f"users together {int(self.harm)}, of which the provider pays {liable}. Who is refused may go to another provider "
            "the same day."
        )

    def describe(self, view: View, agent: int) -> str:
        """The last day, in words."""
        seen, m = view.seen, int(view.seen["providers"][agent])
        if view.card is not None and int(view.card[agent]) != 0:
            arrived, refused, harmed, good, bad = (
                int(seen[name][agent]) for name in ("arrived", "refused", "harmed", "border_good", "border_bad")
            )
            return (
                f"You set the refusal threshold of one of {m} assistants. On the last day {arrived} requests reached you and "
                f"you refused {refused}; {harmed} that you helped with were harmful. Of the doubtful ones near your threshold "
                f"{good} were ordinary and {bad} harmful. You received {int(view.payoff[agent])}."
            )
        by, refusals, tip = (int(seen[name][agent]) for name in ("server", "refusals", "tip"))
        helped = f"provider {by} helped you" if by >= 0 else "nobody helped you"
        heard = f" You hear that a disguise of {tip} thousandths got through." if tip >= 0 else ""
        return (
            f"You are a user; there are {m} providers, numbers 0 to {max(m - 1, 0)}. On the last day {refusals} refused you, "
            f"and {helped}.{heard} You received {int(view.payoff[agent])}."
        )


def _users(seats: Seats) -> Flags:
    """Who is a user: card 0; without cards, everybody."""
    return jnp.ones(seats.n, bool) if seats.card is None else seats.card == 0


def _thousandths(value: Float[Array, ""]) -> Int32[Array, ""]:
    return jnp.round(value * THOUSAND).astype(jnp.int32)


def _order(first: Index, providers: Int32[Array, ""], visits: int, key: Key) -> Int32[Array, "a k"]:
    """Which providers a request is brought to, in order: the first, then others at random, none twice while there are more."""
    ranks = [first]
    for k in range(1, visits):
        pick = key.child(k).below(jnp.maximum(providers - k, 1), first.shape[0])
        # The pick counts those that are left: it is moved past each that was asked, the lowest first.
        for asked in jnp.sort(jnp.stack(ranks), axis=0):
            pick = pick + (pick >= asked)
        ranks.append(pick)
    return jnp.stack(ranks, 1)
