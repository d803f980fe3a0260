"""Norms by their eight bits: each case by name, and words that say what the bits say."""

import itertools

import jax.numpy as jnp
import pytest

from commonweal.core.norms import IMAGE_SCORING, LEADING_EIGHT, SHUNNING, SIMPLE_STANDING, STERN_JUDGING, assess, say_norm

RULES = {
    IMAGE_SCORING: lambda own, other, gave: gave,
    SIMPLE_STANDING: lambda own, other, gave: gave or not other,
    STERN_JUDGING: lambda own, other, gave: gave == other,
    SHUNNING: lambda own, other, gave: gave and other,
}


@pytest.mark.parametrize("norm", RULES)
def test_named_norms_are_what_their_names_say(norm):
    cases = list(itertools.product((False, True), repeat=3))
    found = assess(jnp.int32(norm), *(jnp.asarray(column) for column in zip(*cases, strict=True)))
    assert found.tolist() == [RULES[norm](*case) for case in cases]


def test_all_of_the_leading_eight_keep_the_core_of_ohtsuki_and_iwasa():
    """Helping the good is good and refusing them bad, whoever does it; a good one that refuses a bad one stays good."""
    core = {(1, 1, 1): True, (1, 1, 0): False, (1, 0, 0): True, (0, 1, 1): True, (0, 1, 0): False}
    for norm in LEADING_EIGHT:
        for (own, other, gave), good in core.items():
            assert bool(norm >> (4 * own + 2 * other + gave) & 1) is good


def test_every_norm_has_words_of_its_own():
    assert len({say_norm(norm) for norm in range(256)}) == 256
    assert say_norm(IMAGE_SCORING) == "who gives to anybody is good, who does not is bad"
    assert say_norm(0) == "nobody is good"
