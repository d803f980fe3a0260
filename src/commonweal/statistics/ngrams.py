"""On which days n words in a row are first, last and ever said in a log of posts: what lexical turnover is made of.

Words of a text are its runs of letters, digits and underscores, in lower case. Of posts that are vectors alone a word is the
place and sign of a part, and a post says its three largest parts, in order of size, the first place first of equals: n = 4 and
5 are not to be had. No n words reach over two posts.

    A_t: the n-grams, of those said at least twice in the whole log, that are said on day t
    B_t: those of them that are first said on day t;    E_t: those last said on day t

An n-gram is told from another by a hash of 64 bits less those that a day's number takes: of ten million n-grams in a log of
1,000 days, two are taken for one with a chance of about .003.

Letters: `p` posts, `w` words, `u` texts, `t` days.

Source: formulas of Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026); hash:
G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

from __future__ import annotations

import dataclasses
import re
from array import array
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from commonweal.core.posts import Ints, Posts

LONGEST = 5
"""Words in a row at most."""

_LARGEST = 3
"""Parts of a vector that are read as words."""
_BLOCK = 1 << 15
"""Posts that are read at a time."""
_WORD = re.compile(r"\w+")

_Hashes = NDArray[np.uint64]


@dataclasses.dataclass(frozen=True)
class Turnover:
    """How many n-grams were said, first said and last said on each day, of those said at least twice in all."""

    active: Ints
    """|A_t| [t]"""
    born: Ints
    """|B_t| [t]"""
    ended: Ints
    """|E_t|: those that die on the day after. [t]"""


@dataclasses.dataclass(frozen=True)
class _Words:
    """The words of texts, one text after the other."""

    word: NDArray[np.int32]
    """A number for each word. [w]"""
    begin: Ints
    """Where each text begins, and the end of the last. [u + 1]"""


def turnover_of(posts: Posts, n: int) -> Turnover | None:
    """The n-grams of each day, from that of the first post to that of the last; None where nothing is said.

    Args:
        posts: a log with texts or with vectors; where it has both, its texts are read.
        n: words in a row, 1 to 5.
    """
    if len(posts.text) == len(posts) > 0:
        words, text = _words_of(posts.texts), posts.text
    elif posts.vector is not None and len(posts):
        words, text = _largest_parts(posts.vector), np.arange(len(posts))
    else:
        return None
    days = posts.days
    count = int(days[-1]) + 1
    keys = _keys_of(words, text, days, n, count)
    if not len(keys):
        return None
    keys.sort()
    shift = _bits(count)
    gram = keys >> shift
    day = (keys & np.uint64((1 << int(shift)) - 1)).astype(np.int64)
    start = np.flatnonzero(np.r_[True, gram[1:] != gram[:-1]])
    end = np.r_[start[1:], len(keys)]
    often = end - start >= 2
    once_a_day = np.r_[True, keys[1:] != keys[:-1]] & np.repeat(often, end - start)
    found = (day[once_a_day], day[start[often]], day[end[often] - 1])
    return Turnover(*(np.bincount(days, minlength=count).astype(np.int64) for days in found))


def _bits(days: int) -> np.uint64:
    """Bits that a day's number takes."""
    return np.uint64(max(1, (days - 1).bit_length()))


def _keys_of(words: _Words, text: Ints, days: Ints, n: int, count: int) -> _Hashes:
    """Of each n words in a row in each post: their hash, with the day in its lowest bits."""
    text = np.where(text < 0, len(words.begin) - 1, text)
    begin = words.begin[text]
    length = np.maximum(np.r_[words.begin, words.begin[-1]][text + 1] - begin - n + 1, 0)
    mixed = _mix(np.arange(int(words.word.max(initial=-1)) + 1, dtype=np.uint64))
    keys = np.empty(int(length.sum()), np.uint64)
    shift, filled = _bits(count), 0
    for start in range(0, len(text), _BLOCK):
        many = length[start : start + _BLOCK]
        ends = np.cumsum(many)
        inside = np.arange(ends[-1]) - np.repeat(ends - many, many)
        at = np.repeat(begin[start : start + _BLOCK], many) + inside
        hashed = np.zeros(len(at), np.uint64)
        for step in range(n):
            hashed = _mix(hashed + mixed[words.word[at + step]])
        day = np.repeat(days[start : start + _BLOCK], many).astype(np.uint64)
        keys[filled : filled + len(at)] = ((hashed >> shift) << shift) | day
        filled += len(at)
    return keys


def _mix(values: _Hashes) -> _Hashes:
    """SplitMix64's step: neighbouring numbers become unlike ones."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@lru_cache(maxsize=2)
def _words_of(texts: tuple[str, ...]) -> _Words:
    """The words of texts; those of the latest two logs are kept."""
    numbers: dict[str, int] = {}
    word, begin = array("i"), array("q", [0])
    for text in texts:
        word.extend([numbers.setdefault(found, len(numbers)) for found in _WORD.findall(text.lower())])
        begin.append(len(word))
    return _Words(np.array(word, np.int32), np.array(begin, np.int64))


def _largest_parts(vectors: NDArray[np.float32]) -> _Words:
    """Twice the place, and 1 more below 0, of the three largest parts of each vector, largest first; a part of 0 is none."""
    largest = min(_LARGEST, vectors.shape[1])
    words, there = np.zeros((len(vectors), largest), np.int32), np.zeros((len(vectors), largest), bool)
    for start in range(0, len(vectors), _BLOCK):
        rows = vectors[start : start + _BLOCK]
        size, at = np.abs(rows), np.arange(len(rows))
        for rank in range(largest):
            place = size.argmax(1)
            words[start + at, rank] = 2 * place + (rows[at, place] < 0)
            there[start + at, rank] = rows[at, place] != 0
            size[at, place] = -1.0
    return _Words(words[there], np.r_[0, np.cumsum(there.sum(1))])
