"""A mind with a voice: one mind answers what is asked on the forum, another everything else.

Source: ours; the two planes, what agents do and what they mean, as two minds in one seat.
"""

from __future__ import annotations

from typing import Any, ClassVar

from commonweal.core.arrays import Index
from commonweal.core.feed import ANCHOR, FOLLOW, LIKE, POST, REPLY
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, Memory, View
from commonweal.minds.adopters import Adopter
from commonweal.minds.posters import Poster

_VOICE = (POST, REPLY, LIKE, FOLLOW, ANCHOR)


class Voiced(Mind):
    """A mind that acts by one mind and posts by another."""

    memory_depth: ClassVar[float] = float("inf")

    inner: Mind = Adopter()
    """Answers everything but what the forum asks."""
    voice: Mind = Poster()
    """Posts, replies, likes and follows."""

    def init(self, key: Key, seats: Seats) -> Memory:
        """What both remember."""
        return self.inner.init(key.child("inner"), seats), self.voice.init(key.child("voice"), seats)

    def act(self, memory: Any, view: View, key: Key) -> Decision:
        """Each answers its questions."""
        acts = self.inner.act(memory[0], view, key.child("inner"))
        said = self.voice.act(memory[1], view, key.child("voice"))
        both = [(name, act) for name, act in acts.acts.items() if name not in _VOICE]
        both += [(name, act) for name, act in said.acts.items() if name in _VOICE]
        return Decision(Named.of(*both), (acts.memory, said.memory))

    def tally(self, memory: Any) -> Named[Index]:
        """What the inner mind counts."""
        return self.inner.tally(memory[0])
