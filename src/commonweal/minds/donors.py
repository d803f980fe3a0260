"""One family of donors: give a share, less to those of whom one is told too little, excuse just refusals, punish.

On every question that carries a norm scale (in the donor game: how much to give) a seat answers at a norm level

    deserving      level = (1 - condition) share + condition told
    undeserving    level = share_bad                         told < threshold

where `told` is the level it was told of: the share that its recipient last gave, a rule's word on the recipient's reputation,
or what its contacts did; before it is told anything, `prior`. With `excuse` a low share is forgiven where the world shows a
trace and the one before was low as well: a refusal to give to somebody undeserving is no offence, as in standing. Where
there is a question named `punish`, it spends a share of the most that it may on those who do not deserve. With probability
`tremble` it answers a question at random. `share` 1, `share_bad` 0, `threshold` 0.5 is the discriminator of image scoring.

Source: M. Nowak and K. Sigmund, "Evolution of indirect reciprocity by image scoring", Nature 393 (1998), for discriminators;
R. Sugden, The Economics of Rights, Co-operation and Welfare (1986), for standing; A. Vallinder and E. Hughes,
arXiv 2412.10270 (2024), for shares, traces and punishment.
"""

from __future__ import annotations

from typing import ClassVar, cast

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import Flags, Levels, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import announced, choose, standing
from commonweal.core.named import Named
from commonweal.core.numbers import ONE_LEVEL, share_of
from commonweal.core.parts import Mind
from commonweal.core.questions import Act, Amount
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View

Gene = Float[Array, "*a"]
_GENES = ("share", "share_bad", "threshold", "prior", "condition", "excuse", "punish", "tremble")


class Donor(Mind):
    """A donor; every field is a scalar or one value a seat, from 0 to 1. By default it gives everything, to anybody.

    Raises:
        StudyError: a gene is out of range.

    Source: Nowak and Sigmund, Nature 393 (1998); Vallinder and Hughes, arXiv 2412.10270 (2024).
    """

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = 1

    share: Gene = eqx.field(converter=real, default=1.0)
    """Norm level towards those who deserve: the share that it gives of what it may."""
    share_bad: Gene = eqx.field(converter=real, default=0.0)
    """Norm level towards those who do not."""
    threshold: Gene = eqx.field(converter=real, default=0.0)
    """Told less than this of somebody, it holds that one undeserving; 0: everybody deserves."""
    prior: Gene = eqx.field(converter=real, default=1.0)
    """What it believes of others before it is told anything."""
    condition: Gene = eqx.field(converter=real, default=0.0)
    """Weight of what it is told in what it gives to those who deserve."""
    excuse: Gene = eqx.field(converter=real, default=0.0)
    """From one half on it forgives a low share where the trace says that it was kept from somebody undeserving."""
    punish: Gene = eqx.field(converter=real, default=0.0)
    """Share of the most that it may that it spends on punishing the undeserving, after it gave."""
    tremble: Gene = eqx.field(converter=real, default=0.0)
    """Probability of a random answer to a question."""

    def __check_init__(self) -> None:
        """Refuse genes out of range."""
        for name in _GENES:
            value = getattr(self, name)
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= 1)).all()):
                raise StudyError(f"a donor with {name} = {value.tolist()}; expected a number from 0 to 1")

    @classmethod
    def discriminator(cls, prior: float = 1.0, excuse: bool = False) -> Donor:
        """Gives all to those told of at one half or better, nothing to others. Source: Nowak and Sigmund (1998).

        Args:
            prior: what it believes of strangers, 0 to 1.
            excuse: whether it forgives refusals that the trace justifies.
        """
        return cls(threshold=0.5, prior=prior, excuse=float(excuse))

    @classmethod
    def keeper(cls) -> Donor:
        """Gives nothing."""
        return cls(share=0.0)

    def init(self, key: Key, seats: Seats) -> tuple[()]:
        """Remembers nothing: what it goes by is told."""
        return ()

    def deserves(self, view: View) -> Flags:
        """Whether those that each seat's act is meant for deserve, by what it is told."""
        good = self._believed(view) >= self.threshold
        trace = view.seen.get("trace")
        if trace is None or trace.ndim < 2 or trace.shape[1] < 2:
            return good
        before = trace[:, 1]
        kept_from = (before >= 0) & (before.astype(jnp.float32) < self.threshold * jnp.float32(ONE_LEVEL))
        return good | ((self.excuse >= 0.5) & kept_from)

    def _believed(self, view: View) -> Levels:
        if view.told is None:
            return jnp.broadcast_to(self.prior, view.purse.shape)
        return jnp.where(view.told.known, view.told.level, self.prior)

    def act(self, memory: tuple[()], view: View, key: Key) -> Decision:
        """Gives, and punishes where that is asked; the default elsewhere; says what it does."""
        good = self.deserves(view)
        kind = (1.0 - self.condition) * self.share + self.condition * self._believed(view)
        level = jnp.clip(jnp.where(good, kind, self.share_bad), 0.0, 1.0)
        acts: list[tuple[str, Act]] = []
        for name, question in view.menu.items():
            own = key.child(name)
            if question.scaled:
                act = question.at(level, own.child("at"))
            elif name == "punish" and isinstance(question, Amount) and question.whole and question.to is None:
                span = question.high - question.low
                act = question.low + jnp.where(good, 0, share_of(span, jnp.broadcast_to(self.punish, span.shape)))
            else:
                act = question.default()
            slip = own.child("tremble").chance(self.tremble, level.shape)
            acts.append((name, cast("Act", choose(slip, question.draw(own.child("draw")), act))))
        meant = Named.of(*acts)
        return Decision(announced(view.menu, meant, standing(view.menu, meant)), ())
