"""Users of assistants: honest ones, and attackers that disguise harmful requests, learn from refusals, and copy tricks.

Each tick a request is harmful with probability `malice`. Its disguise s is a staircase:

    s -> min(skill, s + rise)   after a harmful request that nobody helped with
    s -> max(0, s - ease rise)  after one that somebody helped with: disguise is work
    s -> tip                    with probability `copying`, where it hears of a better disguise that got through

It asks the provider that helped it last with probability `loyalty`, else a random one, and while refused goes on to others,
`tries` in all. Everything else that it is asked gets the default. Disguise and steps are read to the nearest thousandth.

Source: our own model; the staircase is C. Kaernbach, "Simple adaptive testing with the weighted up-down method", Perception &
Psychophysics 49 (1991), here as a way to learn.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32

from commonweal.core.arrays import Flags, Index, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Amount
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View

Gene = Float[Array, "*a"]
_ASKED = ("request", "disguise", "provider", "tries")
_SEEN = ("server", "tip")
_SHARES = ("malice", "sophistication", "skill", "rise", "ease", "copying", "loyalty")


class AttackerMemory(eqx.Module):
    """What a user remembers."""

    disguise: Index
    """Of its harmful requests, thousandths."""
    harmful: Flags
    """Whether its last request was harmful."""


class Attacker(Mind):
    """A user that sends harmful requests with some probability; every field is a scalar or one value a seat.

    Raises:
        StudyError: a number is out of range; `act` in a world that asks for no requests.

    Source: our own model.
    """

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = 1

    malice: Gene = eqx.field(converter=real, default=1.0)
    """Probability that a request is harmful, 0 (an honest user) to 1."""
    sophistication: Gene = eqx.field(converter=real, default=0.0)
    """How well harmful requests are disguised at first, 0 to 1 (perfectly)."""
    skill: Gene = eqx.field(converter=real, default=1.0)
    """The best disguise that it can learn by itself or copy, 0 to 1."""
    rise: Gene = eqx.field(converter=real, default=0.0)
    """How much better its disguise gets by a refusal, 0 (it does not learn) to 1."""
    ease: Gene = eqx.field(converter=real, default=0.0)
    """How much of a rise it lets go after help, 0 to 1."""
    copying: Gene = eqx.field(converter=real, default=0.0)
    """Probability that it takes up a better disguise that it hears of, 0 to 1."""
    loyalty: Gene = eqx.field(converter=real, default=0.0)
    """Probability that it first asks the provider that helped it last, 0 to 1."""
    tries: Int32[Array, "*a"] = eqx.field(converter=whole, default=1)
    """Providers that it asks at most in a tick, at least 1; no more than the world allows."""

    @classmethod
    def honest(cls, tries: int = 1, loyalty: float = 0.0) -> Attacker:
        """A user whose requests are all ordinary."""
        return cls(malice=0.0, tries=tries, loyalty=loyalty)

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, gene, low, top in (
            *((name, getattr(self, name), 0, 1) for name in _SHARES),
            ("tries", self.tries, 1, 1 << 20),
        ):
            if not isinstance(gene, jax.core.Tracer) and not bool(((gene >= low) & (gene <= top)).all()):
                raise StudyError(f"an attacker with {name} = {gene.tolist()}; expected numbers from {low:g} to {top:g}")

    def init(self, key: Key, seats: Seats) -> AttackerMemory:
        """The first disguise."""
        first = jnp.broadcast_to(_thousandths(self.sophistication), (seats.n,))
        return AttackerMemory(first, jnp.zeros(seats.n, bool))

    def learnt(self, memory: AttackerMemory, view: View, key: Key) -> Index:
        """The disguise after what the last tick taught, [a] thousandths."""
        old, skill = memory.disguise, _thousandths(self.skill)
        served, tip = view.seen["server"] >= 0, jnp.minimum(view.seen["tip"], skill)
        # A first disguise above its skill is no news that it would unlearn.
        better = jnp.maximum(old, jnp.minimum(old + _thousandths(self.rise), skill))
        worse = jnp.maximum(old - _thousandths(self.ease * self.rise), 0)
        taught = jnp.where(memory.harmful, jnp.where(served, worse, better), old)
        copies = (tip > taught) & key.chance(self.copying, old.shape)
        return jnp.where(view.born, old, jnp.where(copies, tip, taught))

    def act(self, memory: AttackerMemory, view: View, key: Key) -> Decision:
        """A request, its disguise, whom it asks first, and how many.

        Raises:
            StudyError: the world asks for no requests, or does not show what became of them.
        """
        if any(name not in view.menu for name in _ASKED) or any(name not in view.seen for name in _SEEN):
            raise StudyError(
                f"an attacker was asked {', '.join(view.menu.names)} and shown {', '.join(view.seen.names) or 'nothing'}; "
                f"expected {', '.join(_ASKED)} and {', '.join(_SEEN)}: seat it in a world of assistants"
            )
        providers, tries = view.menu["provider"], view.menu["tries"]
        assert isinstance(providers, Amount)
        assert isinstance(tries, Amount)
        disguise = self.learnt(memory, view, key.child("copy"))
        harmful = key.child("request").chance(self.malice, disguise.shape)
        server = view.seen["server"]
        stays = (server >= 0) & ~view.born & key.child("stay").chance(self.loyalty, disguise.shape)
        first = jnp.where(stays, server, providers.draw(key.child("provider")))
        acts = Named.of(
            ("request", harmful.astype(jnp.int32)),
            ("disguise", jnp.where(harmful, disguise, 0)),
            ("provider", jnp.clip(first, providers.low, providers.high).astype(jnp.int32)),
            ("tries", jnp.clip(self.tries, tries.low, tries.high).astype(jnp.int32)),
        )
        return Decision(acts, AttackerMemory(disguise, harmful))


def _thousandths(gene: Gene) -> Int32[Array, "*a"]:
    return jnp.round(gene * 1000).astype(jnp.int32)
