"""The memory-one reduction of a strategy: how often it cooperated after each last outcome, in matches it was seen to play.

A memory-one strategy of the same frequencies is another strategy. It meets the same opponents with other payoffs, because
what a program does after the last turn also depends on turns before it. So a reduction carries the name of what it was
reduced from (`MemoryOne.reduction_of`), shows it in societies and tournaments, and cannot be entered under that name.

Example, exact: tit for two tats against a random opponent (1/2) cooperates after CC, CD, DC, DD with 1, 2/3, 1, 0. Against an
opponent that alternates, it cooperates always, for (R + S) / 2 a turn; the reduction earns (2 R + T) / 6 + S / 2.

Source: the frequencies are the state-to-action distributions of V. Knight and others, J. Open Research Software 4 (2016), the
Axelrod library; memory-one strategies after M. Nowak, K. Sigmund, Acta Applicandae Mathematicae 20 (1990).
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.engine.matches import Entrant, match
from commonweal.minds.memory_one import MemoryOne


def reduction(
    original: Entrant,
    name: str,
    opponents: Named[Entrant],
    turns: int = 1000,
    matches: int = 16,
    seed: int = 0,
    tremble: float = 0.0,
) -> MemoryOne:
    """The memory-one strategy with a strategy's conditional frequencies of cooperation.

    Args:
        original: what is reduced: one player.
        name: what it is called; the reduction bears it as `reduction_of`.
        opponents: whom it plays, one player each; all states are pooled over them.
        turns: of each match.
        matches: with each opponent.
        seed: 0 to 2^32 - 1.
        tremble: probability, from 0 to below 0.5, that an act of either side comes out as the opposite; frequencies are
            freed of it.

    Raises:
        StudyError: no opponents, a number out of range, or an outcome after which it was never seen.
    """
    if not len(opponents) or tremble >= 0.5:
        raise StudyError(f"{len(opponents)} opponents and a tremble of {tremble:g}; expected at least one, and below 0.5")
    seen, cooperated = np.zeros(5, np.int64), np.zeros(5, np.int64)
    for place, (_, opponent) in enumerate(opponents.items()):
        played = match(original, opponent, turns, (seed + place) % 2**32, tremble, matches)
        mine, theirs = played.first, played.second
        state = np.concatenate([np.full((1, mine.shape[1]), 4), 3 - 2 * mine[:-1].astype(np.int64) - theirs[:-1]])
        seen += np.bincount(state.ravel(), minlength=5)
        cooperated += np.bincount(state.ravel(), weights=mine.ravel(), minlength=5).astype(np.int64)
    unmet = [outcome for outcome, count in zip(("CC", "CD", "DC", "DD"), seen, strict=False) if count == 0]
    if unmet:
        raise StudyError(
            f"{name!r} was never seen after {', '.join(unmet)}; expected each outcome at least once: add opponents or a tremble"
        )
    straight = np.clip((cooperated / seen - tremble) / (1 - 2 * tremble), 0.0, 1.0)
    cc, cd, dc, dd, start = (jnp.float32(share) for share in straight)
    return MemoryOne(start, cc, cd, dc, dd, reduction_of=name)
