"""Fractions against the published tables: defining relations, resolutions, word lengths, aliases."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.statistics.fractions import (
    TwoLevelFraction,
    find_fraction,
    find_resolution,
    read_effect,
    say_aliases,
    say_confused,
    say_effect,
)

# Box, Hunter and Hunter, Statistics for Experimenters (1978), table 12.15: resolution by runs and factors.
BOX_HUNTER_HUNTER = {
    (4, 3): 3,
    (8, 4): 4,
    **dict.fromkeys(((8, k) for k in (5, 6, 7)), 3),
    (16, 5): 5,
    **dict.fromkeys(((16, k) for k in (6, 7, 8)), 4),
    **dict.fromkeys(((16, k) for k in (9, 10, 11)), 3),
    (32, 6): 6,
    **dict.fromkeys(((32, k) for k in (7, 8, 9, 10, 11)), 4),
    (64, 7): 7,
    (64, 8): 5,
    **dict.fromkeys(((64, k) for k in (9, 10, 11)), 4),
    (128, 8): 8,
    (128, 9): 6,
    (128, 10): 5,
    (128, 11): 5,
}


@pytest.mark.parametrize(("runs", "factors"), BOX_HUNTER_HUNTER)
def test_resolutions_are_those_of_the_published_table(runs, factors):
    assert find_fraction(factors, runs).resolution == BOX_HUNTER_HUNTER[runs, factors]


@pytest.mark.parametrize(
    ("factors", "runs", "words", "name"),
    [
        (4, 8, {"ABCD"}, "2^(4-1), resolution IV"),
        (5, 16, {"ABCDE"}, "2^(5-1), resolution V"),
        # Box and Hunter 1961: 2^(7-4) with D = AB, E = AC, F = BC, G = ABC.
        (
            7,
            8,
            {"ABD", "ACE", "BCF", "ABCG", "BCDE", "ACDF", "CDG", "ABEF", "BEG", "AFG", "DEF", "ADEG", "CEFG", "BDFG"}
            | {"ABCDEFG"},
            "2^(7-4), resolution III",
        ),
    ],
)
def test_defining_relations(factors, runs, words, name):
    found = find_fraction(factors, runs)
    assert {say_effect(word) for word in found.relation} == words
    assert found.name == name


@pytest.mark.parametrize(
    ("factors", "runs", "lengths"),
    [
        # Fries and Hunter 1980: of three 2^(7-2) of resolution IV with 3, 2 and 1 words of length 4, the last is best.
        (7, 32, (0, 1, 2, 0, 0)),
        # Chen, Sun and Wu 1993, the first design of each of their tables.
        (9, 32, (0, 6, 8, 0, 0, 1, 0)),
        (10, 32, (0, 10, 16, 0, 0, 5, 0, 0)),
        (11, 32, (0, 25, 0, 27, 0, 10, 0, 1, 0)),
        (8, 16, (0, 14, 0, 0, 0, 1)),
        (9, 64, (0, 1, 4, 2, 0, 0, 0)),
        (11, 64, (0, 4, 14, 8, 0, 3, 2, 0, 0)),
    ],
)
def test_minimum_aberration_word_lengths(factors, runs, lengths):
    assert find_fraction(factors, runs).lengths == lengths


@st.composite
def fractions(draw):
    base = draw(st.integers(2, 5))
    products = [g for g in range(2**base) if g.bit_count() >= 2]
    generators = draw(st.lists(st.sampled_from(products), max_size=4, unique=True))
    return TwoLevelFraction(base + len(generators), tuple(generators))


@given(fractions())
@settings(max_examples=40, deadline=None)
def test_words_are_the_products_that_are_constant_over_the_runs(fraction):
    runs = fraction.runs.astype(int)
    constant = set()
    for effect in range(1, 2**fraction.factors):
        product = runs[:, [i for i in range(fraction.factors) if effect >> i & 1]].prod(axis=1)
        if abs(product.sum()) == len(runs):
            constant.add(effect)
    # A word may be constant at -1 only where a sign was chosen; generators here are all positive.
    assert set(fraction.relation) == constant
    assert (runs.sum(axis=0) == 0).all()
    assert (runs.T @ runs == len(runs) * np.eye(fraction.factors)).all()


@given(fractions())
@settings(max_examples=25, deadline=None)
def test_aliases_are_the_effects_whose_columns_agree(fraction):
    runs = fraction.runs.astype(int)

    def column(effect):
        return tuple(runs[:, [i for i in range(fraction.factors) if effect >> i & 1]].prod(axis=1))

    for group in fraction.aliases():
        assert len({column(effect) for effect in group}) == 1
    assert len({column(group[0]) for group in fraction.aliases()}) == len(fraction.aliases())


def test_no_other_choice_of_generators_is_better():
    # Every choice there is, compared in full, for sizes that are small enough.
    for base, generated in ((3, 2), (3, 3), (4, 2), (4, 3), (4, 4)):
        products = [g for g in range(2**base) if g.bit_count() >= 2]
        best = min(TwoLevelFraction(base + generated, chosen).lengths for chosen in itertools.combinations(products, generated))
        assert find_fraction(base + generated, 2**base).lengths == best


def test_the_smallest_of_a_resolution():
    sizes = {(k, r): len(find_resolution(k, r).runs) for k in (3, 5, 7, 8, 11) for r in (3, 4, 5)}
    assert sizes[3, 3] == 4
    assert sizes[7, 3] == 8
    assert sizes[8, 4] == 16
    assert sizes[5, 5] == 16
    assert sizes[8, 5] == 64
    assert sizes[11, 4] == 32
    assert sizes[11, 5] == 128
    assert sizes[3, 5] == 8  # the full factorial


def test_aliases_in_words():
    # Box and Hunter 1961: in 2^(3-1) with C = AB each main effect is confused with the product of the other two.
    half = find_fraction(3, 4)
    assert say_aliases(half, ["tax", "audit", "vote"]) == (
        "tax = audit x vote",
        "audit = tax x vote",
        "vote = tax x audit",
    )
    assert say_aliases(find_fraction(4, 8), list("ABCD")) == ("A x B = C x D", "A x C = B x D", "B x C = A x D")
    assert say_aliases(find_fraction(5, 16), list("ABCDE")) == ()
    assert find_fraction(3, 8).name == "2^3, full factorial"
    assert say_effect(0) == "I"


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: find_fraction(4, 6), "power of 2"),
        (lambda: find_fraction(8, 8), "above the number"),
        (lambda: find_fraction(3, 16), "at most 2"),
        (lambda: TwoLevelFraction(4, (1,)), "always change together"),
        (lambda: TwoLevelFraction(5, (3, 3)), "each once"),
        (lambda: TwoLevelFraction(2, (3, 3)), "fewer generators"),
        (lambda: find_resolution(4, 2), "at least 3"),
        (lambda: read_effect("AI"), "letters A to H"),
        (lambda: read_effect("AA"), "each once"),
        (lambda: find_fraction(15, 512), "too many fractions"),
    ],
)
def test_mistakes_are_told(mistake, message):
    with pytest.raises(StudyError, match=message):
        mistake()


@given(st.integers(1, 2**15 - 1))
def test_an_effect_is_read_as_it_is_said(effect):
    assert read_effect(say_effect(effect)) == effect


@pytest.mark.parametrize(("factors", "runs"), [(3, 4), (4, 8), (5, 8), (7, 8), (6, 16), (7, 16), (5, 16)])
def test_the_runs_alone_tell_what_their_generators_do(factors, runs):
    fraction, labels = find_fraction(factors, runs), list("ABCDEFG")[:factors]
    shuffled = fraction.runs[np.random.default_rng(runs).permutation(len(fraction.runs))]
    assert set(say_confused(shuffled, labels)) == set(say_aliases(fraction, labels))
