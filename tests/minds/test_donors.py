"""Donors: who deserves by hand-made views, giving by recursion, punishing, and the laws of minds."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Told
from commonweal.engine.compiled import run_batch
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.metrics.holdings import Holdings
from commonweal.minds.donors import Donor
from commonweal.testing import check_mind
from commonweal.worlds.donor_game import DonorGame

N = 12


@pytest.fixture(scope="module")
def view():
    """What twelve seats are offered in the first round, the even ones donors; each owns 1,280 units."""
    society = Society(DonorGame(punishable=True), Named.of(("donor", Donor())), Seating(N))
    return jax.device_get(eqx.filter_jit(offer)(society, begin(society, 1).state))


@eqx.filter_jit
def act(mind, view, key):
    return mind.act((), view, key).acts


def shown(view, level, known=True, trace=None):
    """The view of seats that are all told a level, and the last two shares of a trace."""
    told = Told(jnp.full(N, level, jnp.float32), jnp.full(N, known))
    rows = jnp.full((N, 3), -1, jnp.int32) if trace is None else jnp.tile(jnp.asarray([*trace, -1], jnp.int32), (N, 1))
    return eqx.tree_at(lambda v: (v.told, v.seen), view, (told, view.seen.replace("trace", rows)))


def given(mind, view):
    """What the first donor gives, and spends on punishing, units."""
    acts = act(mind, view, Key.root(4))
    return int(acts["donate"][0]), int(acts["punish"][0])


def test_discriminators_go_by_what_they_are_told(view):
    mind = Donor.discriminator()
    assert given(mind, shown(view, 0.5)) == (1280, 0)
    assert given(mind, shown(view, 0.49)) == (0, 0)
    assert given(mind, shown(view, 0.0, known=False)) == (1280, 0)
    assert given(Donor.discriminator(prior=0.0), shown(view, 1.0, known=False)) == (0, 0)
    assert given(Donor.keeper(), shown(view, 1.0)) == (0, 0)
    assert given(Donor(), shown(view, 0.0)) == (1280, 0)


def test_shares_conditions_and_punishment(view):
    mind = Donor(share=0.5, share_bad=0.25, threshold=0.4, condition=0.5, punish=0.5)
    assert given(mind, shown(view, 1.0)) == (960, 0)
    assert given(mind, shown(view, 0.5)) == (640, 0)
    assert given(mind, shown(view, 0.3)) == (320, 640)
    assert given(eqx.tree_at(lambda m: m.punish, mind, jnp.float32(0.0)), shown(view, 0.3)) == (320, 0)


def test_a_refusal_that_the_trace_justifies_is_excused(view):
    low, high = 65_536 // 10, 65_536
    for excuse, before, gives in ((True, low, 1280), (True, high, 0), (True, -1, 0), (False, low, 0)):
        mind = Donor.discriminator(excuse=excuse)
        assert given(mind, shown(view, 0.0, trace=(0, before))) == (gives, 0)


def test_tremble_draws_any_amount(view):
    amounts = [int(act(Donor(tremble=1.0), view, Key.root(seed))["donate"][0]) for seed in range(200)]
    assert min(amounts) >= 0
    assert max(amounts) <= 1280
    assert np.mean(amounts) == pytest.approx(640, abs=4 * 1280 / np.sqrt(12 * 200))


@pytest.mark.slow
def test_a_family_of_givers_follows_the_recursion():
    """Where all give a share s and roles alternate: (donor, recipient) -> (recipient + m s donor, (1 - s) donor)."""
    draws = np.random.default_rng(6)
    shares = np.concatenate([[0.0, 0.5, 1.0], draws.uniform(0, 1, 9)]).astype(np.float32)
    minds = Named.of(("giver", Donor(share=0.0)), ("same", Donor(share=0.0)))
    society = Society(DonorGame(), minds, Seating(N, Named.of(("same", jnp.float32(0.5)))))
    vary = tuple((lens.mind(name, Donor, lambda donor: donor.share), shares) for name in minds)
    logs = run_batch(society, vary, range(12), 12, Named.of(("tokens", Holdings(DonorGame.units_per_token))))
    for share, log in zip(shares.tolist(), logs, strict=True):
        donor, recipient = 10.0, 10.0
        for _ in range(12):
            donor, recipient = recipient + 2 * share * donor, (1 - share) * donor
        assert log.values["tokens"] == pytest.approx((donor + recipient) / 2, rel=1e-3)


@pytest.mark.slow
def test_laws():
    check_mind(Donor(threshold=0.5, share=0.8, share_bad=0.1, condition=0.3, excuse=1.0, punish=0.3, tremble=0.1))


def test_errors():
    with pytest.raises(StudyError, match="share = 2"):
        Donor(share=2.0)
    with pytest.raises(StudyError, match="tremble = -"):
        Donor(tremble=-0.1)
