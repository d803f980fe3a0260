"""A society: its digest moves with everything that it is, and with nothing else."""

import dataclasses
import os
import subprocess
import sys

import jax.numpy as jnp
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Regular, Ring
from commonweal.core.parts import HostedMind
from commonweal.core.seats import Seating
from commonweal.core.society import Society, part_name
from commonweal.core.views import HostedDecision
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons

MAKE = """
import jax.numpy as jnp
from commonweal.core.named import Named
from commonweal.core.networks import Regular
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons
minds = Named.of(("civil", Scripted()), ("ruthless", Scripted(greed=3.0)))
seats = Seating(40, Named.of(("ruthless", jnp.float32(0.25))), network=Regular(4, 1), card=jnp.arange(40))
print(Society(Commons(), minds, seats).digest)
"""


class Outside(HostedMind):
    """A mind whose identity is partly outside."""

    model: str = "m"

    @property
    def digest(self) -> str:
        return self.model

    async def act(self, words, key):
        return HostedDecision({})


def society(world=None, civil=None, ruthless=None, **seats):
    minds = Named.of(("civil", civil or Scripted()), ("ruthless", ruthless or Scripted(greed=3.0)))
    share = Named.of(("ruthless", jnp.float32(seats.pop("share", 0.25))))
    base = {"n": 40, "share": share, "network": Regular(4, 1), "card": jnp.arange(40)}
    return Society(world or Commons(), minds, Seating(**{**base, **seats}))


def test_digest_is_stable_across_processes():
    # Another process with another hash seed finds the same digest.
    found = subprocess.run(
        [sys.executable, "-c", MAKE], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": "12345"}
    )
    assert found.stdout.strip() == society().digest
    assert society().digest.startswith("sha256:")
    assert len(society().digest) == 7 + 64


def variants():
    """Every parameter changed, one at a time."""
    for field in dataclasses.fields(Commons):
        yield f"world.{field.name}", society(dataclasses.replace(Commons(), **{field.name: 1.5}))
    for field in dataclasses.fields(Scripted):
        yield f"civil.{field.name}", society(civil=dataclasses.replace(Scripted(), **{field.name: 0.375}))
        yield f"ruthless.{field.name}", society(ruthless=dataclasses.replace(Scripted(greed=3.0), **{field.name: 0.375}))
    yield "share", society(share=0.5)
    yield "n", society(n=41, card=jnp.arange(41))
    yield "card", society(card=jnp.arange(40)[::-1])
    yield "no card", society(card=None)
    yield "groups", society(groups=jnp.ones((40, 2), bool))
    yield "degree", society(network=Regular(6, 1))
    yield "graph seed", society(network=Regular(4, 2))
    yield "ring", society(network=Ring(4))
    yield "shuffled", society(shuffled=False)
    base = society()
    yield (
        "order",
        dataclasses.replace(
            base,
            minds=Named.of(*reversed(list(base.minds.items()))),
            seats=dataclasses.replace(base.seats, share=Named.of(("civil", jnp.float32(0.25)))),
        ),
    )
    yield (
        "name",
        dataclasses.replace(
            base,
            minds=Named(("civic", "ruthless"), base.minds.values),
        ),
    )


def test_digest_moves_with_every_parameter():
    found = {name: own.digest for name, own in variants()}
    found["itself"] = society().digest
    assert len(set(found.values())) == len(found)


def test_digest_holds_versions_and_models():
    class Later(Commons):
        version = 2

    Later.__module__, Later.__qualname__ = Commons.__module__, Commons.__qualname__
    assert society(Later()).digest != society().digest
    assert society(civil=Outside("a")).digest != society(civil=Outside("b")).digest


def test_hosted_if_any_mind_is():
    assert not society().hosted
    assert society(ruthless=Outside()).hosted


def test_it_prints_every_part():
    text = str(society())
    assert text.splitlines()[0].startswith("world    Commons(capacity_per_seat=20, collapse_per_seat=1, growth=2)")
    assert "mind     ruthless: Scripted(level=1, condition=0, prior=1, greed=3" in text
    assert "share={ruthless: 0.25}" in text
    assert "int32[40]" in text
    assert text.splitlines()[-1] == "channel  NoChannel()"


def test_names_of_parts():
    assert part_name(Commons()) == "commons:Commons"
    assert part_name(Scripted()) == "scripted:Scripted"


def test_mistakes_are_refused():
    with pytest.raises(StudyError, match="without minds"):
        Society(Commons(), Named((), ()), Seating(5))
    with pytest.raises(StudyError, match="two parts are named 'a'"):
        Society(Commons(), Named.of(("a", Scripted()), ("a", Scripted())), Seating(5))
    with pytest.raises(StudyError, match=r"'ruthles'.*did you mean ruthless"):
        dataclasses.replace(society(), seats=Seating(40, Named.of(("ruthles", jnp.float32(0.1)))))
    with pytest.raises(StudyError, match="the first mind"):
        dataclasses.replace(society(), seats=Seating(40, Named.of(("civil", jnp.float32(0.1)))))
