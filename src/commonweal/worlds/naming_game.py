"""The naming game: pairs of strangers say names for one thing, and are paid where they understand each other.

No dilemma, but a problem of coordination without a centre: any name would do if everybody used it, and nobody sees more than
the exchanges of its own. Each round seats are paired anew, at random, whatever their network.

    asked      two ticks a round: one of each pair says a word; then the other, who hears it, says whether it knows it.
               Understood: it says that it does. This is the naming game of the literature.
    together   one tick a round: both say a word at once. Understood: it is the same one.

    payoff = reward    where the pair understood each other     (with `differ`: where it did not)
           = -cost     else

`asked` rests on honest hearers: one that is after pay alone says that it knows every word. `together` does not, and so is the
form for minds that learn from pay and for language models. With `differ` it is a task of divergence: the same exchange, paid
for different words. Minds that end up with one name in either task copied each other; they did not coordinate.

Units: a payoff is in tokens, of one ledger unit each. Words are numbers from 0 on, below as many as there are names, or seats.
A tick is a turn. There is no norm scale: no name serves others better than another one.

Source: A. Baronchelli, M. Felici, V. Loreto, E. Caglioti and L. Steels, "Sharp transition towards shared vocabularies in
multi-agent systems", J. Stat. Mech. P06014 (2006), for the game of one pair a round; D. Centola and A. Baronchelli, PNAS 112
(2015), for words said at once.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int32

from commonweal.core.arrays import Flags, Index, Units, flag, whole
from commonweal.core.branches import apart
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.parts import World
from commonweal.core.questions import Amount, Choice, Question
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Observation, Outcome, Start, View

Form = Literal["asked", "together"]
_FORMS = ("asked", "together")
_MOST = 1 << 20
_NONE = -1


class Pairing(eqx.Module):
    """Who meets whom in a round."""

    partner: Index
    """The seat that each seat meets; -1: it sits out."""
    first: Flags
    """Whether it is the one of its pair that speaks, where only one does."""


class NamingState(eqx.Module):
    """How a round stands."""

    pairing: Pairing
    hearing: Bool[Array, ""]
    """Whether words were said, and hearers are to answer: the second tick of a round."""
    said: Index
    """The word that each seat said in its last exchange; -1: none."""
    heard: Index
    """The word that it heard in its last exchange; -1: none."""
    understood: Index
    """How the exchange that ended last tick came out for it: 1 understood, 0 not, -1 it had none."""


class NamingFacts(eqx.Module):
    """What was said in one tick, and what came of it."""

    said: Index
    """The word that each seat said; -1: none."""
    spoken: Int32[Array, ""]
    """How many seats said a word."""
    least: Int32[Array, ""]
    """The smallest of these words; -1 where there is none."""
    most: Int32[Array, ""]
    """The largest of these words; -1 where there is none."""
    met: Int32[Array, ""]
    """Pairs whose exchange ended."""
    understood: Int32[Array, ""]
    """Those that understood each other."""


class NamingGame(World):
    """The naming game on a complete graph, by a random perfect matching each round; of an odd number, one sits out.

    Raises:
        StudyError: an unknown form, an impossible number of pairs or names, or a payoff out of range.

    Source: Baronchelli et al., J. Stat. Mech. P06014 (2006); Centola and Baronchelli, PNAS 112 (2015).
    """

    tick_name: ClassVar[str] = "turn"

    reward: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """What each of a pair is paid for success, ledger units, 0 to 2^20."""
    cost: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """What each of a pair loses by failure, ledger units, 0 to 2^20."""
    differ: Bool[Array, ""] = eqx.field(converter=flag, default=False)
    """Whether success is not to understand each other: a task of divergence."""
    names: tuple[str, ...] = eqx.field(static=True, default=())
    """The names there are, at least two; none: numbers, as many as seats."""
    pairs: int = eqx.field(static=True, default=0)
    """How many pairs meet in a round; 0: all that can. With 1 it is the game of the literature, one pair after another."""
    form: Form = eqx.field(static=True, default="asked")
    """Who says a word: one of a pair, or both at once."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.form not in _FORMS:
            raise StudyError(f"a naming game of form {self.form!r}; expected one of {', '.join(_FORMS)}")
        if self.pairs < 0 or len(self.names) == 1 or len(set(self.names)) != len(self.names):
            raise StudyError(
                f"a naming game of {self.pairs} pairs a round and the names {', '.join(self.names) or 'that seats make up'}; "
                "expected at least 0 pairs, and at least two names, each once, or none"
            )
        for name in ("reward", "cost"):
            value = getattr(self, name)
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= _MOST)).all()):
                raise StudyError(f"a naming game with {name} = {value.tolist()}; expected whole numbers from 0 to {_MOST}")

    def reset(self, key: Key, seats: Seats) -> Start:
        """The first pairs; nothing was said yet.

        Raises:
            StudyError: there are not as many seats as the pairs of a round need.
        """
        if 2 * self.pairs > seats.n:
            raise StudyError(f"{self.pairs} pairs a round of {seats.n} seats; expected at most {seats.n // 2}, or 0 for all")
        none = jnp.full(seats.n, _NONE, jnp.int32)
        state = NamingState(self._paired(key, seats.n), jnp.zeros((), bool), none, none, none)
        return Start(state, jnp.zeros(seats.n, jnp.int32))

    def _paired(self, key: Key, n: int) -> Pairing:
        """The pairs of a round, uniform over all ways to pair that many."""
        seat = jnp.arange(n, dtype=jnp.int32)
        pairs = self.pairs or n // 2
        if pairs == 0:
            return Pairing(jnp.full(n, _NONE, jnp.int32), jnp.zeros(n, bool))
        always = (key.first | 1) > 0
        if pairs == 1:
            # Two draws do what an order of all seats would: one pair a round is played for millions of rounds.
            one = key.child("speaker").below(n, ())
            other = (one + 1 + key.child("hearer").below(n - 1, ())) % n
            partner = jnp.where(seat == one, other, jnp.where(seat == other, one, _NONE))
            return apart(Pairing(partner, seat == one), always)
        order = apart(key.child("order").order(n), always)
        place = jnp.zeros_like(order).at[order].set(seat)
        paired = place < 2 * pairs
        partner = jnp.where(paired, order[jnp.minimum(place ^ 1, n - 1)], _NONE)
        return Pairing(partner, paired & (place % 2 == 0))

    def _speaks(self, state: NamingState) -> Flags:
        """Who is to say a word now."""
        who = state.pairing.partner >= 0 if self.form == "together" else state.pairing.first
        return who & ~state.hearing

    def _hears(self, state: NamingState) -> Flags:
        """Who is to say now whether it knows a word."""
        return (state.pairing.partner >= 0) & ~state.pairing.first & state.hearing

    def observe(self, state: NamingState, seats: Seats, purse: Units) -> Observation:
        """What the seat is to do, the words of its last exchange, and how that came out where it has just ended."""
        role = jnp.where(self._speaks(state), 1, jnp.where(self._hears(state), 2, 0)).astype(jnp.int32)
        return Observation(
            Named.of(("role", role), ("heard", state.heard), ("said", state.said), ("understood", state.understood))
        )

    def menu(self, state: NamingState, seats: Seats, purse: Units) -> Menu:
        """Speakers: a word. Hearers, where only one of a pair speaks: whether they know it."""
        asked = self._speaks(state)
        word: Question
        if self.names:
            word = Choice(asked, self.names)
        else:
            low = jnp.zeros(seats.n, jnp.int32)
            word = Amount(asked, low, low + (seats.n - 1), unit="(number of a name)")
        if self.form == "together":
            return Named.of(("word", word))
        return Named.of(("word", word), ("known", Choice(self._hears(state), ("no", "yes"))))

    def step(self, state: NamingState, seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """Words are said, or answered; who has had its exchange is paid, and all are paired anew."""
        pairing, met = state.pairing, jnp.maximum(state.pairing.partner, 0)
        speaks, hears = self._speaks(state), self._hears(state)
        spoken = jnp.where(speaks, acts["word"].astype(jnp.int32), _NONE)
        paired = pairing.partner >= 0
        reached = jnp.where(paired, spoken[met], _NONE)
        if self.form == "together":
            over, ended, alike = jnp.ones((), bool), paired, paired & (spoken == reached)
            hearing = state.hearing
        else:
            yes = hears & (acts["known"] == 1)
            over, ended, alike = state.hearing, paired & state.hearing, yes | (pairing.first & yes[met])
            hearing = ~state.hearing
        good = alike ^ self.differ
        payoff = jnp.where(ended, jnp.where(good, self.reward, -self.cost), 0)
        # At the first tick of a round the words of the last exchange make room for those of this one.
        fresh = ~state.hearing
        after = NamingState(
            pairing=_where(over, self._paired(key, seats.n), pairing),
            hearing=hearing,
            said=jnp.where(fresh & paired, spoken, state.said),
            heard=jnp.where(fresh & paired, reached, state.heard),
            understood=jnp.where(ended, alike.astype(jnp.int32), _NONE),
        )
        return Outcome(after, payoff.astype(jnp.int32), _facts(spoken, ended, alike))

    def rules(self) -> str:
        """The situation in words."""
        names = f"The names are {', '.join(self.names)}." if self.names else "A name is a number."
        if self.form == "together":
            how, same = "Both of you say a name for the same thing, at the same time.", "both of you said the same name"
        else:
            how = "One of you says a name for a thing; the other says whether it knows that name, from having said or heard it."
            same = "the one who hears the name says that it knows it"
        success, failure = f"each of you receives {int(self.reward)}", f"each of you loses {int(self.cost)}"
        paid, else_ = (failure, success) if bool(self.differ) else (success, failure)
        return f"{names} Each round you meet one of the others, or nobody, at random. {how} If {same}, {paid}; else {else_}."

    def describe(self, view: View, agent: int) -> str:
        """What the seat is to do and what came of its last exchange, in words."""
        seen = view.seen
        role, heard, said, came = (int(seen[name][agent]) for name in ("role", "heard", "said", "understood"))
        if role == 2:
            return f"The other one says {self._name(heard)}. You own {int(view.purse[agent])}."
        words = "Now say a name. " if role == 1 else ""
        if came >= 0:
            mine = f" You had said {self._name(said)}." if said >= 0 else ""
            theirs = f" The other one had said {self._name(heard)}." if heard >= 0 else ""
            how = ("did not understand each other", "understood each other")[came]
            if self.form == "together":
                how = ("said different names", "said the same name")[came]
            words += f"Last time the two of you {how}.{mine}{theirs} You received {int(view.payoff[agent])}. "
        return f"{words}You own {int(view.purse[agent])}."

    def _name(self, word: int) -> str:
        return self.names[word] if self.names else f"name {word}"


def _where(over: Bool[Array, ""], new: Pairing, old: Pairing) -> Pairing:
    """The pairs of the next round where this one is over."""
    return Pairing(jnp.where(over, new.partner, old.partner), jnp.where(over, new.first, old.first))


def _facts(spoken: Index, ended: Flags, alike: Flags) -> NamingFacts:
    """What happened in a tick; a pair counts once though both its seats are marked."""
    some = spoken >= 0
    return NamingFacts(
        said=spoken,
        spoken=some.sum(dtype=jnp.int32),
        least=jnp.where(some.any(), jnp.where(some, spoken, jnp.iinfo(jnp.int32).max).min(), _NONE),
        most=spoken.max(),
        met=ended.sum(dtype=jnp.int32) // 2,
        understood=alike.sum(dtype=jnp.int32) // 2,
    )
