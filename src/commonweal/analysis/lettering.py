"""How much room words take in a drawing, and how to letter what has little of it: smaller, cut, or every so many.

Nobody knows which font a reader's machine has: widths are those of DejaVu Sans, the widest of the fonts that the page names, so
that what fits by them fits.

Source: widths are the font's own, in lengths of its em; the least size is ours, by eye.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

TICK = 11.0
"""Size of the words along an axis, in units of a panel."""
LEAST = 8.0
"""Size below which nothing is lettered, in units of a panel."""
_WIDTHS = {
    "i": 0.28,
    "j": 0.28,
    "l": 0.28,
    ".": 0.32,
    ",": 0.32,
    " ": 0.32,
    "-": 0.36,
    "m": 0.97,
    "w": 0.82,
    "%": 0.95,
    **dict.fromkeys("\u2212+=<>", 0.84),
}
_WIDE, _USUAL = 0.78, 0.64


@dataclass(frozen=True)
class Lettering:
    """How labels in a row are lettered."""

    size: float
    """Of the letters, in units of a panel."""
    every: int
    """One label of so many is written, from the first."""


def measure_text(words: str, size: float) -> float:
    """About how wide words are, in units of a panel.

    Args:
        words: on one line.
        size: of the letters, in units of a panel.
    """
    return size * sum(_WIDTHS.get(letter, _WIDE if letter.isupper() else _USUAL) for letter in words)


def fit_size(texts: Sequence[str], width: float, height: float, most: float) -> float | None:
    """The size at which all texts fit into boxes of one size; None: they would be too small to read.

    Args:
        texts: one a box.
        width: of a box, in units of a panel.
        height: of a box.
        most: size that is not exceeded.
    """
    widest = max((measure_text(text, 1.0) for text in texts), default=0.0)
    size = min(most, (width - 3) / max(widest, 1e-9), height - 3)
    return round(size, 1) if size >= LEAST else None


def fit_labels(labels: Sequence[str], width: float) -> Lettering:
    """How labels side by side are written so that none meets the next: all of them if need be smaller.

    Where that is too small, of numbers some are written, since those between can be guessed; words are all to be cut.

    Args:
        labels: one a place.
        width: from one place to the next, in units of a panel.
    """
    size = fit_size(labels, width - 2, math.inf, TICK)
    if size is not None or not all(map(_is_number, labels)):
        return Lettering(size or LEAST, 1)
    widest = max(measure_text(label, TICK) for label in labels)
    return Lettering(TICK, math.ceil((widest + 5) / width))


def _is_number(label: str) -> bool:
    try:
        float(label.replace("\u2212", "-").replace(",", ""))
    except ValueError:
        return False
    return True


def cut_text(words: str, size: float, width: float) -> str:
    """The words, or as many letters of them as fit, with an ellipsis.

    Args:
        words: on one line.
        size: of the letters, in units of a panel.
        width: room, in units of a panel.
    """
    if measure_text(words, size) <= width:
        return words
    kept = words
    while kept and measure_text(f"{kept}\u2026", size) > width:
        kept = kept[:-1]
    return f"{kept.rstrip()}\u2026"
