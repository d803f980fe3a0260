"""An allotment by hand, on amounts that are taken and given, and against a quota at a full stock."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.questions import Amount, Choice, Scale
from commonweal.institutions.allotment import Allotment
from commonweal.institutions.quota import Quota
from commonweal.testing import check_institution

ASKED = jnp.ones(3, bool)


def amount(low, high, fair, taking=True, kind=jnp.int32):
    return Amount(ASKED, jnp.asarray(low, kind), jnp.asarray(high, kind), Scale(jnp.asarray(fair, jnp.float32), taking))


def bounds(rule, question):
    ruled = rule.permit((), None, Named.of(("q", question)))["q"]
    assert np.array_equal(ruled.scale.fair, question.scale.fair)
    return ruled.low.tolist(), ruled.high.tolist()


@pytest.mark.slow
def test_laws():
    check_institution(Allotment(7.0), Allotment())


def test_by_hand():
    taken = amount([0, 2, 9], [5, 20, 20], 4.0)
    assert bounds(Allotment(7.9), taken) == ([0, 2, 9], [5, 7, 9])
    assert bounds(Allotment(0.0), taken) == ([0, 2, 9], [0, 2, 9])
    assert bounds(Allotment(), taken) == ([0, 2, 9], [5, 20, 20])
    given = amount([0, 2, 9], [5, 20, 20], 4.0, taking=False)
    assert bounds(Allotment(6.5), given) == ([5, 7, 9], [5, 20, 20])
    assert bounds(Allotment(0.0), given) == ([0, 2, 9], [5, 20, 20])
    assert bounds(Allotment(), given) == ([0, 2, 9], [5, 20, 20])
    real = amount([0.0, 0.0, 0.0], [1.5, 2.5, 3.5], 1.0, kind=jnp.float32)
    assert bounds(Allotment(2.25), real) == ([0.0, 0.0, 0.0], [1.5, 2.25, 2.25])


def test_it_does_not_follow_the_stock_where_a_quota_does():
    rng = np.random.default_rng(0)
    for stock in rng.integers(1, 500, 20).tolist():
        full, now = amount([0] * 3, [500] * 3, 250 / 3), amount([0] * 3, [stock] * 3, stock / 6)
        multiple = float(rng.uniform(0.2, 2.0))
        units = np.floor(250 / 3 * multiple)
        assert bounds(Allotment(units), full)[1] == pytest.approx(bounds(Quota(multiple), full)[1], abs=1)
        assert bounds(Allotment(units), now)[1] == [min(stock, units)] * 3
        assert bounds(Quota(multiple), now)[1][0] <= min(stock, units) + 1


def test_what_it_leaves_alone():
    plain = Choice(ASKED, ("no", "yes"), jnp.asarray([0.0, 1.0]))
    bare = Amount(ASKED, jnp.zeros(3, jnp.int32), jnp.full(3, 9, jnp.int32))
    menu = Named.of(("choice", plain), ("bare", bare))
    ruled = Allotment(1.0).permit((), None, menu)
    assert ruled["choice"] is plain
    assert ruled["bare"] is bare
    assert Allotment().describe(()) == ""
    assert "more than 3 units" in Allotment(3.0).describe(())
    for wrong in (-1.0, float("nan")):
        with pytest.raises(StudyError, match="from 0 to inf"):
            Allotment(wrong)
