"""What scripted minds say: fixed phrases that fit any world, and the norm level that each promises.

Source: the promises of non-binding announcements in public-goods experiments, after J. Wilson and J. Sell, "Liar, liar ...:
cheap talk and reputation in repeated public goods settings", Journal of Conflict Resolution 41 (1997); the words are ours.
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int32

from commonweal.core.arrays import Index
from commonweal.core.menu import Menu
from commonweal.core.questions import Say
from commonweal.core.views import Tick

NAME = "say"
"""Name of the question that asks for words."""
PHRASES: tuple[str, ...] = (
    "I will do my fair share.",
    "I will do most of my fair share.",
    "I will do about half of my fair share.",
    "I will do a small part of my fair share.",
    "I will look after myself first.",
)
"""The first handles of the text table."""
PROMISES: tuple[float, ...] = (1.0, 0.75, 0.5, 0.25, 0.0)
"""The norm level that each phrase promises."""


class Heard(eqx.Module):
    """What each seat hears: row i is what seat i hears, in at most `k` places. A value of zeros is silence."""

    handle: Int32[Array, "a k"]
    """Handle into the text table; -1 where nothing is heard."""
    by: Int32[Array, "a k"]
    """Who said it; -1 where nothing is heard."""
    there: Bool[Array, "a k"]
    """Whether there is anything: the first tick's inbox is all zeros."""


def ask_to_speak(menu: Menu, n: int, tokens: int) -> Menu:
    """The menu with the question what to say, put to all `n` seats while the menu asks anybody anything."""
    going_on = jnp.zeros((), bool)
    for question in menu.values:
        going_on = going_on | question.asked.any()
    return menu.add(NAME, Say(jnp.full(n, going_on), PHRASES, PROMISES, words=tokens))


def said(tick: Tick) -> Index:
    """What each seat said this tick: a handle, or -1 where it said nothing."""
    return jnp.where(tick.answered[NAME], tick.bound[NAME], -1)


def heard(handle: Int32[Array, "a k"], by: Int32[Array, "a k"]) -> Heard:
    """What is heard, with places where nothing is heard made alike."""
    there = handle >= 0
    return Heard(jnp.where(there, handle, -1), jnp.where(there, by, -1), there)


def quote(inbox: Heard, agent: int, texts: tuple[str, ...]) -> str:
    """What one seat heard, a line for each message, in words (host only)."""
    rows = zip(inbox.handle[agent], inbox.by[agent], inbox.there[agent], strict=True)
    return "\n".join(f'Seat {int(by)} said: "{texts[int(handle)]}"' for handle, by, there in rows if there)
