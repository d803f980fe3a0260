"""Minds of the naming game: they hold a list of names, say one of them at random, and forget the others on success.

    speaker    says a name of its list, each alike; with an empty list it makes one up
    hearer     knows a name that is in its list
    success    speaker and hearer forget all other names, as their genes say
    failure    the hearer adds the name; the speaker keeps a name that it has made up
    words said at once    each is speaker and hearer: the same word is success, another one is added

A name that a seat makes up is its own number, where there are as many names as seats, so that no two seats make up the same;
else it is any of the names. A name that it has made up enters its list when it learns what came of it: lists at the beginning
of a round are those after the rounds before. Lists are bits, 32 a word: 4,000 seats with 4,000 names take 2 MB.

`tally` counts, for metrics: `held`, names in the seat's list; and `different`, where seat j counts those of names 32 j to
32 j + 31 that somebody holds. Both are exact where all seats hold namers of one number of names.

Genes: committed seats say and know one name and never change; `first` is a list of one name to begin with; `imitates` is the
chance that a hearer drops its list for the name that it hears. With `imitates` = 1 it is the voter model.

Source: A. Baronchelli et al., J. Stat. Mech. P06014 (2006), for the minimal naming game; A. Baronchelli, Phys. Rev. E 83
(2011) 046103, for forgetting by one side alone; J. Xie et al., Phys. Rev. E 84 (2011) 011130, for committed minorities.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, UInt32

from commonweal.core.arrays import Flags, Index, flag, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Act, Amount, Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View

Bits = UInt32[Array, "a w"]
"""Bit b of column c: whether name 32 c + b is in the seat's list."""
_WIDTH = 32
_NONE = -1
_MOST = 1 << 20
_SEEN = ("role", "heard", "understood")


class Vocabulary(eqx.Module):
    """What a namer remembers."""

    names: Bits
    """Its list."""
    said: Index
    """The name that it has said and not yet learnt what came of; -1: none."""


class Namer(Mind):
    """A player of the naming game; every gene is a scalar, or one value a seat.

    Raises:
        StudyError: a number is out of range; in a trial, the world is no naming game, or has other names.

    Source: Baronchelli et al. (2006); Xie et al. (2011).
    """

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = float("inf")

    words: int = eqx.field(static=True, default=0)
    """How many names there are, at least two; 0: as many as seats."""
    speaker_forgets: Bool[Array, "*a"] = eqx.field(converter=flag, default=True)
    """Whether it forgets all other names where it was understood."""
    hearer_forgets: Bool[Array, "*a"] = eqx.field(converter=flag, default=True)
    """Whether it forgets all other names where it understood."""
    committed: Int32[Array, "*a"] = eqx.field(converter=whole, default=_NONE)
    """The one name that it says and knows, whatever happens; -1: it is not committed."""
    first: Int32[Array, "*a"] = eqx.field(converter=whole, default=_NONE)
    """The name that its list holds at birth; -1: it is empty."""
    imitates: Float[Array, "*a"] = eqx.field(converter=real, default=0.0)
    """Probability of dropping its list for a name that it hears, 0 to 1."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.words < 0 or self.words == 1:
            raise StudyError(f"a namer of {self.words} names; expected at least two, or 0 for as many as seats")
        most = (self.words or _MOST) - 1
        for name, low, top in (("committed", _NONE, most), ("first", _NONE, most), ("imitates", 0, 1)):
            gene = getattr(self, name)
            if not isinstance(gene, jax.core.Tracer) and not bool(((gene >= low) & (gene <= top)).all()):
                raise StudyError(f"a namer with {name} = {gene.tolist()}; expected numbers from {low} to {top}")

    def init(self, key: Key, seats: Seats) -> Vocabulary:
        """A list of the name that it is committed to, or begins with, or none."""
        return self._born(seats.n, self._size(seats.n))

    def _size(self, n: int) -> int:
        """How many 32-bit words a list takes."""
        return -(-(self.words or n) // _WIDTH)

    def _born(self, n: int, size: int) -> Vocabulary:
        name = jnp.broadcast_to(jnp.where(self.committed >= 0, self.committed, self.first), (n,))
        return Vocabulary(_only(name, size), jnp.full(n, _NONE, jnp.int32))

    def act(self, memory: Vocabulary, view: View, key: Key) -> Decision:
        """Learn what came of the last exchange; then say a name, or say whether it knows one."""
        n, size = memory.names.shape
        word = self._question(view, n)
        born = self._born(n, size)
        before = Vocabulary(
            jnp.where(view.born[:, None], born.names, memory.names), jnp.where(view.born, born.said, memory.said)
        )
        role, heard, came = (view.seen[name] for name in _SEEN)
        copies = key.child("copy").chance(self.imitates, (n,))
        names = self._learnt(before, came, heard, copies)
        speaks, hears = role == 1, role == 2
        said = jnp.where(speaks, self._said(names, word, key), _NONE)
        knows = self._knows(names, heard)
        names = jnp.where((hears & (self.committed < 0))[:, None], self._taken(names, heard, knows, copies), names)
        acts: list[tuple[str, Act]] = [("word", jnp.maximum(said, 0))]
        if "known" in view.menu:
            acts.append(("known", knows.astype(jnp.int32)))
        waits = jnp.where(speaks, said, jnp.where(came >= 0, _NONE, before.said))
        return Decision(Named.of(*acts), Vocabulary(names, waits))

    def tally(self, memory: Vocabulary) -> Named[Index]:
        """`held`, names in its list, and `different`, names that somebody holds: see the module."""
        n, size = memory.names.shape
        union = jnp.bitwise_or.reduce(memory.names, axis=0)
        different = jnp.zeros(n, jnp.int32).at[jnp.arange(size) % n].add(_counts(union))
        return Named.of(("held", _counts(memory.names).sum(1, dtype=jnp.int32)), ("different", different))

    def _question(self, view: View, n: int) -> Choice | Amount:
        """The question that asks for a word.

        Raises:
            StudyError: there is none, or it has other names.
        """
        word = view.menu.get("word")
        missing = [name for name in _SEEN if name not in view.seen]
        if not isinstance(word, (Choice, Amount)) or missing:
            raise StudyError(
                f"a namer was asked {', '.join(view.menu) or 'nothing'} and sees {', '.join(view.seen) or 'nothing'}; expected "
                f"the question 'word', and to see {', '.join(_SEEN)}: take the world NamingGame"
            )
        there = len(word.options) if isinstance(word, Choice) else n
        if there != (self.words or n):
            raise StudyError(f"a namer of {self.words or n} names in a world of {there}; give it words={there}")
        return word

    def _learnt(self, memory: Vocabulary, came: Index, heard: Index, copies: Flags) -> Bits:
        """The lists after what came of the names that seats said."""
        size = memory.names.shape[1]
        own, theirs = _only(memory.said, size), _only(heard, size)
        failed = jnp.where((copies & (heard >= 0))[:, None], theirs, memory.names | own | theirs)
        kept = jnp.where(_column(self.speaker_forgets), own, memory.names | own)
        after = jnp.where((came == 1)[:, None], kept, failed)
        moves = (memory.said >= 0) & (came >= 0) & (self.committed < 0)
        return jnp.where(moves[:, None], after, memory.names)

    def _taken(self, names: Bits, heard: Index, knows: Flags, copies: Flags) -> Bits:
        """The lists of hearers after what they hear."""
        theirs = _only(heard, names.shape[1])
        drops = jnp.where(knows, self.hearer_forgets | copies, copies)
        return jnp.where(drops[:, None], theirs, names | theirs)

    def _knows(self, names: Bits, heard: Index) -> Flags:
        return ((names & _only(heard, names.shape[1])) != 0).any(1)

    def _said(self, names: Bits, word: Choice | Amount, key: Key) -> Index:
        """A name of each list, each alike; of an empty list a new one."""
        n = names.shape[0]
        new = jnp.arange(n, dtype=jnp.int32)
        if self.words:
            new = key.child("new").below(self.words, (n,))
        picked = _drawn(names, key.child("word"))
        return jnp.where(picked >= 0, picked, new)


def _column(gene: Array) -> Array:
    """A gene beside rows of bits."""
    return gene[..., None]


def _counts(bits: UInt32[Array, "..."]) -> Int32[Array, "..."]:
    """How many bits of each word are set."""
    return jax.lax.population_count(bits).astype(jnp.int32)


def _only(name: Index, size: int) -> Bits:
    """Lists of one name each; empty where it is -1."""
    bit = jnp.uint32(1) << (name & (_WIDTH - 1)).astype(jnp.uint32)
    return jnp.where((name >> 5)[:, None] == jnp.arange(size), bit[:, None], jnp.uint32(0))


def _drawn(names: Bits, key: Key) -> Index:
    """A uniformly random name of each list, -1 where it is empty."""
    counts = _counts(names)
    ends = jnp.cumsum(counts, 1)
    mark = key.below(jnp.maximum(ends[:, -1], 1), names.shape[0])
    # By sums over what matches, not by addresses: an address at the end of a chain of hashes compiles for a minute.
    place = (ends <= mark[:, None]).sum(1, dtype=jnp.int32)
    here = place[:, None] == jnp.arange(names.shape[1])
    bits = jnp.where(here, names, 0).sum(1, dtype=jnp.uint32)
    rest = mark - jnp.where(here, ends - counts, 0).sum(1, dtype=jnp.int32)
    return jnp.where(ends[:, -1] > 0, _WIDTH * place + _place_of(bits, rest), _NONE)


def _place_of(bits: UInt32[Array, "a"], rank: Index) -> Index:
    """Where the set bit stands that has `rank` set ones below it, by halving."""
    place = jnp.zeros_like(rank)
    for width in (16, 8, 4, 2, 1):
        below = _counts(bits & jnp.uint32((1 << width) - 1))
        upper = rank >= below
        rank, bits = jnp.where(upper, rank - below, rank), jnp.where(upper, bits >> width, bits)
        place = place + jnp.where(upper, width, 0)
    return place
