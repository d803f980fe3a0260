"""Fractions of two-level factorial designs: which runs to take when all combinations are too many, and what is then confused.

A fraction of k factors in 2^q runs is a full factorial in q base factors; each of the other k - q is set to a product of some
of them (its generator). Products of factors that are constant over the runs are the words of the defining relation; the
length of the shortest is the resolution:

    III   main effects are clear of each other, and confused with products of two factors
    IV    main effects are clear of products of two, which are confused with each other
    V     main effects and products of two are clear of each other, and confused with products of three or more

Of all fractions of a size, the one with least aberration has the fewest shortest words, then the fewest of the next length,
and so on. It is found by search here, not read from a table. An effect is a set of factors, held as the bits of a whole number.

Source: G. Box and J. Hunter, "The 2^(k-p) fractional factorial designs", Technometrics 3 (1961); A. Fries and W. Hunter,
Technometrics 22 (1980), for minimum aberration.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError

MOST_FACTORS = 15
"""Factors of a two-level fraction, at most."""
_MOST_FRACTIONS = 2_000_000
"""Fractions that a search looks at, at most."""
_CHUNK = 1 << 16

Effect: TypeAlias = int
"""A set of factors: bit i is factor i."""

_Ranked: TypeAlias = tuple[tuple[int, ...], tuple[Effect, ...]]
"""Numbers of words of each length from 3 on, then generators: the least is the best fraction."""

_ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV")


@dataclass(frozen=True)
class TwoLevelFraction:
    """A regular fraction of a two-level factorial design: base factors first, then those that are generated.

    Raises:
        StudyError: a generator is no product of two or more base factors, or stands twice.
    """

    factors: int
    """How many there are, k."""
    generators: tuple[Effect, ...]
    """Which base factors are multiplied to set each generated factor, the last ones."""

    def __post_init__(self) -> None:
        """Refuse generators that confuse two factors with each other."""
        if not 0 <= len(self.generators) < self.factors <= MOST_FACTORS:
            raise StudyError(
                f"{len(self.generators)} generators for {self.factors} factors; expected fewer generators than factors, of "
                f"which there are at most {MOST_FACTORS}"
            )
        wrong = [g for g in self.generators if g >= 2**self.base or g.bit_count() < 2]
        if wrong or len(set(self.generators)) != len(self.generators):
            found = ", ".join(say_effect(g) for g in self.generators)
            raise StudyError(
                f"generators {found} over {self.base} base factors; expected products of two or more of them, each once: "
                "otherwise two factors would always change together"
            )

    @property
    def base(self) -> int:
        """Number of base factors, q."""
        return self.factors - len(self.generators)

    @property
    def runs(self) -> NDArray[np.int8]:
        """Levels of the factors in each run, -1 or 1, the last base factor running fastest. [2^q, k]"""
        bits = np.arange(2**self.base)[:, None] >> np.arange(self.base - 1, -1, -1) & 1
        base = (2 * bits - 1).astype(np.int8)
        made = [base[:, [i for i in range(self.base) if g >> i & 1]].prod(axis=1, dtype=np.int8) for g in self.generators]
        return np.column_stack([base, *made]) if made else base

    @property
    def relation(self) -> tuple[Effect, ...]:
        """The words of the defining relation without the empty one, shorter ones first. [2^p - 1]"""
        found = [0]
        for i, generator in enumerate(self.generators):
            found += [word ^ generator ^ 1 << (self.base + i) for word in found]
        return tuple(sorted(found[1:], key=lambda word: (word.bit_count(), word)))

    @property
    def resolution(self) -> int:
        """Length of the shortest word; one more than the number of factors for a full factorial, which has none."""
        return min((word.bit_count() for word in self.relation), default=self.factors + 1)

    @property
    def lengths(self) -> tuple[int, ...]:
        """How many words there are of each length from 3 to k."""
        counts = [word.bit_count() for word in self.relation]
        return tuple(counts.count(length) for length in range(3, self.factors + 1))

    def aliases(self, order: int = 2) -> tuple[tuple[Effect, ...], ...]:
        """Effects that cannot be told apart, in groups, by the first of each: products of up to `order` factors.

        The defining relation says which: an effect times a word is its alias. Groups of one are clear of each other.
        """
        words = (0, *self.relation)
        effects = sorted(
            (sum(1 << i for i in chosen) for size in range(1, order + 1) for chosen in combinations(range(self.factors), size)),
            key=lambda effect: (effect.bit_count(), effect),
        )
        groups: dict[int, list[Effect]] = {}
        for effect in effects:
            groups.setdefault(min(effect ^ word for word in words), []).append(effect)
        return tuple(tuple(group) for group in groups.values())

    @property
    def name(self) -> str:
        """Its usual name, as in `2^(7-4), resolution III`."""
        if not self.generators:
            return f"2^{self.factors}, full factorial"
        return f"2^({self.factors}-{len(self.generators)}), resolution {_ROMAN[self.resolution]}"


def say_effect(effect: Effect, labels: Sequence[str] = ()) -> str:
    """An effect in words: `tax x audit`, or letters (`ABD`) without labels; `I` for the empty product."""
    bits = [i for i in range(effect.bit_length()) if effect >> i & 1]
    if labels:
        return " x ".join(labels[i] for i in bits) or "I"
    return "".join("ABCDEFGHJKLMNOPQR"[i] for i in bits) or "I"


def read_effect(text: str) -> Effect:
    """The effect of some letters: `ABD`; there is no factor I, which stands for the empty product.

    Raises:
        StudyError: a letter stands for no factor, or twice.
    """
    places = ["ABCDEFGHJKLMNOPQR".find(letter) for letter in text]
    if not places or min(places) < 0 or len(set(places)) != len(places):
        raise StudyError(f"found the product {text[:40]!r} of factors; expected letters A to H or J to R, each once: ABD")
    return sum(1 << place for place in places)


def say_aliases(fraction: TwoLevelFraction, labels: Sequence[str]) -> tuple[str, ...]:
    """What is confused with what, one line a group: `tax = audit x vote`; groups of one are left out."""
    return tuple(" = ".join(say_effect(effect, labels) for effect in group) for group in fraction.aliases() if len(group) > 1)


def say_confused(runs: NDArray[np.int8], labels: Sequence[str]) -> tuple[str, ...]:
    """As `say_aliases`, read off the runs of any two-level design: products of one or two factors whose columns are the same.

    Args:
        runs: levels of the factors, -1 or 1. [r, k]
        labels: of the factors. [k]
    """
    groups: dict[bytes, list[str]] = {}
    chosen = [(i,) for i in range(len(labels))] + list(combinations(range(len(labels)), 2))
    effects = sorted((sum(1 << i for i in own) for own in chosen), key=lambda effect: (effect.bit_count(), effect))
    for effect in effects:
        column = runs[:, [i for i in range(len(labels)) if effect >> i & 1]].prod(axis=1, dtype=np.int8)
        # A column and its negative tell the same contrast.
        groups.setdefault((column * column[0]).tobytes(), []).append(say_effect(effect, labels))
    return tuple(" = ".join(group) for group in groups.values() if len(group) > 1)


@cache
def find_fraction(factors: int, runs: int) -> TwoLevelFraction:
    """The two-level fraction with least aberration.

    Args:
        factors: how many, at most 15.
        runs: how many, a power of 2 above `factors`, at most 2^factors.

    Raises:
        StudyError: there is no such fraction, or too many to look at.
    """
    base = runs.bit_length() - 1
    if runs != 2**base or not factors < runs <= 2**factors or factors > MOST_FACTORS:
        raise StudyError(
            f"a two-level fraction of {factors} factors in {runs} runs; expected a power of 2 that is above the number of "
            f"factors and at most 2^{factors}, and at most {MOST_FACTORS} factors"
        )
    generated = factors - base
    if generated == 0:
        return TwoLevelFraction(factors, ())
    candidates = np.array([g for g in range(2**base) if g.bit_count() >= 2], dtype=np.int64)
    weights = np.bitwise_count(candidates)
    if math.comb(len(candidates) - 1, generated - 1) > _MOST_FRACTIONS:
        raise StudyError(
            f"there are too many fractions of {factors} factors in {runs} runs to look at; give the generators yourself: "
            "Fraction(runs, generators=('ABC', ...))"
        )
    best: _Ranked | None = None
    # Base factors can be named so that the lightest generator is the product of the first ones.
    for weight in sorted(set(weights.tolist()), reverse=True):
        first = 2**weight - 1
        rest = candidates[(weights >= weight) & (candidates != first)]
        found = _least_aberration(first, rest, base, generated)
        if found is not None and (best is None or found < best):
            best = found
    assert best is not None
    return TwoLevelFraction(factors, best[1])


def _least_aberration(first: int, rest: NDArray[np.int64], base: int, generated: int) -> _Ranked | None:
    """Word lengths from 3 on and generators of the best fraction that has `first` and some of `rest`; None: there is none."""
    best: _Ranked | None = None
    for chunk in _choose(len(rest), generated - 1):
        generators = np.column_stack([np.full(len(chunk), first), rest[chunk]])
        words = np.zeros((len(chunk), 1), dtype=np.int64)
        for i in range(generated):
            words = np.concatenate([words, words ^ generators[:, i : i + 1] ^ 1 << (base + i)], axis=1)
        lengths = np.bitwise_count(words)
        open_rows, counts = np.arange(len(chunk)), list[int]()
        for length in range(3, base + generated + 1):
            number = (lengths[open_rows] == length).sum(axis=1)
            counts.append(int(number.min()))
            open_rows = open_rows[number == number.min()]
        found = (tuple(counts), tuple(generators[open_rows[0]].tolist()))
        if best is None or found < best:
            best = found
    return best


def _choose(n: int, k: int) -> list[NDArray[np.int64]]:
    """All ways to choose k of n, in chunks of rows."""
    if k > n:
        return []
    if k == 0:
        return [np.zeros((1, 0), dtype=np.int64)]
    every = np.fromiter((i for chosen in combinations(range(n), k) for i in chosen), dtype=np.int64).reshape(-1, k)
    return [every[start : start + _CHUNK] for start in range(0, len(every), _CHUNK)]


def find_resolution(factors: int, resolution: int) -> TwoLevelFraction:
    """The smallest two-level fraction of at least a resolution (3, 4 or 5, for at most 11 factors), with least aberration.

    Raises:
        StudyError: the resolution is below 3.
    """
    if resolution < 3:
        raise StudyError(f"a fraction of resolution {resolution}; expected at least 3: below, factors are confused")
    for base in range(max(1, factors.bit_length()), factors):
        if 2**base > factors:
            fraction = find_fraction(factors, 2**base)
            if fraction.resolution >= resolution:
                return fraction
    return TwoLevelFraction(factors, ())
