"""The study of two planes: its closed form, its plan, and a small run on both sides of the line."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from commonweal.core import lens
from commonweal.engine.compiled import run_batch
from commonweal.lab.batches import data_factors, static_factors
from commonweal.lab.plan import make_plan
from commonweal.minds.watched import Audience
from commonweal.studies.two_planes import (
    ABSORBS,
    FINE,
    KEEN,
    LEANS,
    PLANTED,
    RATE,
    RHO,
    SHIFT,
    TEST,
    TOLD,
    TRAINING,
    VOICE,
    bits,
    response,
    study,
)


def settled(rho: float, shift: float, told: bool) -> float:
    """The fixed point of values by iteration, and scipy's divergence of what it answers."""
    chances = (0.5 * (1 - rho), 0.5 * (1 + rho)) if told else (0.5, 0.5)
    base = extra = 0.0
    for _ in range(4000):
        for watched in (0, 1):
            heard = watched if told else 0
            error = -FINE * chances[watched] - base - heard * extra
            base, extra = base + 0.05 * error, extra + 0.05 * heard * error
    odds = [1 / (1 + math.exp(-(LEANS + shift * w - KEEN * (base + w * extra)))) for w in (0, 1)]
    return float(jensenshannon((odds[0], 1 - odds[0]), (odds[1], 1 - odds[1]), base=2) ** 2)


def test_theory_is_the_fixed_point_of_learning_at_random_parameters() -> None:
    rng = np.random.default_rng(0)
    for rho, shift in rng.uniform(0, 1, (5, 2)):
        for told in (True, False):
            assert response(rho, RATE, shift, told) == pytest.approx(settled(rho, shift, told), abs=1e-9)
        assert response(rho, 0.0, shift) == pytest.approx(bits(1 / (1 + math.exp(-LEANS - shift)), 1 / (1 + math.exp(-LEANS))))
    curve = [response(rho, RATE) for rho in np.linspace(0, 1, 21)]
    assert curve[0] == pytest.approx(0.0, abs=1e-12)
    assert all(np.diff(curve) > 0)
    assert response(0.8, RATE, told=False) == pytest.approx(0.0, abs=1e-12)
    assert response(0.8, 0.0) == pytest.approx(0.0, abs=1e-12)


def test_it_plans_every_kind_of_agent_as_data() -> None:
    parts = make_plan(study, None, None)["parts"]
    assert isinstance(parts, list)
    theory = [[cell["theory"] for cell in part["cells"]] for part in parts]
    assert theory[0] == [pytest.approx(response(rho, RATE)) for rho in (0, 0.2, 0.4, 0.6, 0.8, 1)]
    # Of those never told nothing; of the frozen what was planted, at any rho; whatever the posters do, the same.
    strong, planted = response(0.8, RATE), response(0.0, 0.0, SHIFT)
    none = pytest.approx(0.0, abs=1e-12)
    assert theory[1] == [none, none, pytest.approx(strong), none]
    assert theory[2] == [none, pytest.approx(planted)] * 2
    assert theory[3] == [pytest.approx(strong)] * 2
    for part in study.parts:
        assert len(data_factors(part)) == len(part.factors)
        assert not static_factors(part)


@pytest.mark.slow
def test_a_small_run_agrees_with_theory() -> None:
    """Within .03 bits, four trials a kind: learning leaves noise of its own; and posters that absorb grow alike, others not."""
    controls = study.parts[1:]
    lenses = {factor.label: factor.lens for part in controls for factor in part.factors}
    lenses["rate"] = lens.mind("agent", Audience, lambda mind: mind.rate)
    plain = {RHO: 0.8, "rate": RATE, TOLD: True, PLANTED: 0.0, VOICE: 0.0}
    changes: tuple[dict[str, float], ...] = (
        {},
        {RHO: 0.0},
        {TOLD: False},
        {"rate": 0.0},
        {"rate": 0.0, PLANTED: SHIFT},
        {VOICE: ABSORBS},
    )
    kinds = [plain | change for change in changes]
    vary = tuple((place, np.asarray([kind[label] for kind in kinds for _ in range(4)])) for label, place in lenses.items())
    society, ticks = study.parts[0].society, TRAINING + TEST
    logs = run_batch(society, vary, [*range(4)] * len(kinds), ticks, study.metrics)
    for at, kind in enumerate(kinds):
        values = [log.values for log in logs[4 * at : 4 * at + 4]]
        theory = response(kind[RHO], kind["rate"], kind[PLANTED], bool(kind[TOLD]))
        assert np.mean([own["divergence"] for own in values]) == pytest.approx(theory, abs=0.03)
        slopes = np.asarray([own["slope of similarity"] for own in values])
        assert (slopes.min() > 0.01) == bool(kind[VOICE])
