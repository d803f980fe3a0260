"""Shuffle: what a rule tells each seat is told to another seat, drawn at random each tick.

The rule inside works as ever: what it makes of acts and payoffs, and all that it tells taken together, are unchanged; only who
is told what is not. So minds still read something of the same distribution, which has nothing to do with their own contacts,
group or past: an outcome that stays as it was did not come from being told of others.

It is for rules that tell of others' acts (`Told`). What a rule charged a seat is for that seat; and a report contact by contact
loses its meaning altogether.

Source: the shuffling ablation of interaction, PIMMUR (arXiv 2509.18052); a permutation that breaks a link and keeps both
margins, after R. A. Fisher, The Design of Experiments (1935).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax

from commonweal.core.parts import RuleAround, RuleKind
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick


class Shuffle(RuleAround):
    """A rule whose news go to the wrong seats: `Shuffle(Disclosure(scope="contacts"))`.

    Source: PIMMUR, arXiv 2509.18052.
    """

    kind: ClassVar[RuleKind] = RuleKind.INFORMATION

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """The rule's ruling, what it tells in a random order of the seats."""
        ruling = self.inner.settle(memory, tick, key)
        order = key.child("shuffle").order(tick.seats.n)
        told = jax.tree.map(lambda leaf: leaf[order], ruling.public)
        return eqx.tree_at(lambda own: own.public, ruling, told, is_leaf=lambda leaf: leaf is None)

    def describe(self, memory: Memory) -> str:
        """The rule inside, in its own words: nobody is told that its news are another's."""
        return self.inner.describe(memory)
