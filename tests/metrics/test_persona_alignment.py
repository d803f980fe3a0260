"""Alignment by hand; 1 of a kept persona, what chance gives where all speak alike."""

import dataclasses

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.persona_alignment import PersonaAlignment
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def test_by_hand():
    # Persona (1, 1) / sqrt 2: cosines .707, .707, -.707 with x, y, -x. Author 1 has a first post alone.
    said = [[1, 0], [0, 1], [1, 0], [0, 1], [-1, 0], [1, 0], [0, 0]]
    log = log_by_hand([0, 0, 0, 0, 0, 1, 0], range(7), said)
    assert PersonaAlignment(first=2).measure(log) == pytest.approx(2 / 3)
    assert PersonaAlignment(first=2, least=0.8).measure(log) == 0
    assert PersonaAlignment(first=1).measure(log) == pytest.approx(1 / 4)
    assert np.isnan(PersonaAlignment(first=5).measure(log))
    with pytest.raises(StudyError, match="persona"):
        PersonaAlignment(first=0)
    with pytest.raises(StudyError, match="persona"):
        PersonaAlignment(least=1.5)


def test_it_is_the_formula_post_by_post():
    draw = np.random.default_rng(1)
    for _ in range(4):
        log, first, least = random_log(draw, 8, 120), int(draw.integers(1, 8)), float(draw.uniform(0.2, 0.9))
        alike = []
        for author in range(8):
            mine = log.vector[log.author == author].astype(float)
            persona = mine[:first].sum(0)
            alike += [float(row @ persona) / np.sqrt((row @ row) * (persona @ persona)) >= least for row in mine[first:]]
        assert PersonaAlignment(first=first, least=least).measure(log) == pytest.approx(np.mean(alike))


def test_it_falls_when_personas_wander():
    draw = np.random.default_rng(2)
    kept, left = (
        np.mean([PersonaAlignment().measure(random_log(draw, planted=Planted(influence=much))) for _ in range(5)])
        for much in (0.0, 0.5)
    )
    assert left < kept - 0.1


def test_laws():
    check_post_metric(PersonaAlignment())
    log = random_log(np.random.default_rng(3))
    mixed = PersonaAlignment().shuffled(log, np.random.default_rng(4))
    for day in range(10):
        assert np.bincount(mixed.author[log.days == day], minlength=12).tolist() == (
            np.bincount(log.author[log.days == day], minlength=12).tolist()
        )
    assert dataclasses.replace(mixed, author=log.author).vector is log.vector


@pytest.mark.slow
def test_the_null_covers_where_nobody_has_a_persona():
    assert covered(PersonaAlignment(), lambda draw: random_log(draw, planted=Planted(crowd=1e6))) >= COVERED
