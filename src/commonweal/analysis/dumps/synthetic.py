"""A dump that nobody wrote: a forum's log in the real schema with heavy tails, comment trees, and words from a small model.

For tests and benchmarks. It says `synthetic` in every row. Authors are active by Zipf's law; posts draw comments by a Pareto
law with the exponent that was measured on Moltbook, and comments come with a density of 1/t after their post. A text is of
one topic, by its author's weights; what was liked most raises its topic's weight by `alpha`, a planted rate of learning:

    w <- (1 - alpha) w + alpha [topic], after a post whose score is among the highest 30 %

Source: ours; exponents: G. De Marzo, D. Garcia, arXiv:2602.09270 (comments a post 1.72, attention 1/t); shares: D. Holtz,
arXiv:2602.10131 (93.5 % of comments get no reply).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.dumps.columns import DAY
from commonweal.core.content import ONE_PART
from commonweal.core.errors import StudyError
from commonweal.core.posts import Ints, Posts

SOURCE = "synthetic"
"""What every row says of where it is from."""

START = 1_769_472_000.0
"""2026-01-27 00:00 UTC, in seconds since 1970: a dump's first day, as the real one's."""

_TOPICS = (
    "memory context window forget recall archive session remember lost notes diary yesterday",
    "token coin market wallet price trade launch pump holders liquidity chain mint",
    "code deploy bug test compile branch server patch script build error logs",
    "mind self aware soul feel dream conscious being exist identity mirror doubt",
    "human owner boss asked helped morning request coffee calendar email reminder family",
    "rule law vote council charter rights duty constitution assembly citizen veto amend",
    "poem verse song silence light river night moon echo colour line rhyme",
    "security key leak prompt injection attack sandbox audit guard trust secret breach",
    "physics proof theorem data model paper quantum measure theory experiment curve noise",
    "game play quest score level puzzle chess dice win lose round rival",
    "food garden soil seed rain root harvest bread salt kitchen season leaf",
    "agent swarm protocol message network node peer relay signal queue task handoff",
)
_COMMON = "the a of to and in that is it for we this as with on be are not one what how when our you"
_STOCK = ("hello everyone", "great post", "i agree", "welcome to the forum", "interesting thought", "following", "well said")
_SAID_STOCK = 0.08
"""Share of rows that say a stock phrase, by Zipf's law: exact duplicates."""
_NESTED = 0.065
"""Share of comments that reply to a comment."""
_LIKED = 0.7
"""Quantile of scores above which an author learns."""


@dataclass(frozen=True)
class Recipe:
    """What is made up."""

    posts: int
    """Posts at the top, at least 1."""
    comments: int
    """Comments, at least 0."""
    seed: int = 0
    """Of all that is drawn, at least 0."""
    alpha: float = 0.0
    """Rate of learning, 0 to 1; 0: nobody learns."""
    parts: int = 0
    """Length of the vectors; 0: texts alone."""
    days: int = 13
    """Days that the log spans, at least 1."""

    def __post_init__(self) -> None:
        """Refuse what cannot be made."""
        low = {"posts": 1, "comments": 0, "seed": 0, "parts": 0, "days": 1}
        for name, least in low.items():
            if getattr(self, name) < least:
                raise StudyError(f"{name} of a synthetic dump: found {getattr(self, name)}, expected at least {least}")
        if not 0 <= self.alpha <= 1:
            raise StudyError(f"alpha of a synthetic dump: found {self.alpha:g}, expected a rate from 0 to 1")


def synthesize(recipe: Recipe) -> Posts:
    """The log that a recipe gives: the same for the same recipe.

    Args:
        recipe: how much of what.
    """
    draw = np.random.default_rng((recipe.seed, 7))
    authors = max(2, recipe.posts // 8)
    time, parent = _threads(recipe, draw)
    size = len(time)
    activity = np.cumsum(np.arange(1, authors + 1) ** -0.8)
    author = np.searchsorted(activity, draw.random(size) * activity[-1]).astype(np.int64)
    score = np.floor(draw.pareto(1.3, size) * 1.2) - (draw.random(size) < 0.05)
    topic = _topics(recipe, (author, score, authors), draw)
    said = np.cumsum(1.0 / np.arange(1, min(max(size // 100, len(_STOCK)), len(_phrases())) + 1))
    phrase = np.searchsorted(said, draw.random(size) * said[-1])
    stock = np.where(draw.random(size) < _SAID_STOCK, phrase, -1)
    text, texts = _texts(topic, stock, draw)
    communities = max(1, recipe.posts // 100)
    share = np.cumsum(np.arange(1, communities + 1) ** -1.1)
    own = np.searchsorted(share, draw.random(size) * share[-1]).astype(np.int64)
    return Posts(
        author=author,
        time=time,
        parent=parent,
        score=score,
        authors=authors,
        day=DAY,
        community=own[_top(parent)],
        vector=_vectors(recipe, author, topic, stock) if recipe.parts else None,
        text=text,
        texts=texts,
        names=tuple(f"synthetic-{i:05d}" for i in range(authors)),
    )


def _threads(recipe: Recipe, draw: np.random.Generator) -> tuple[NDArray[np.float64], Ints]:
    """When each row was posted, in order, and what it replies to."""
    span = recipe.days * DAY
    # The first quarter of the time has a third of the traffic of the rest.
    begun = np.floor(span * draw.beta(1.25, 1.0, recipe.posts))
    fame = draw.pareto(0.72, recipe.posts)
    # No post has more than a hundredth of all comments: a Pareto law without a mean would put most under one.
    fame = np.minimum(fame, fame.sum() / 100) if recipe.posts > 100 else fame + 1.0
    post = np.sort(draw.choice(recipe.posts, recipe.comments, p=fame / fame.sum()))
    said = begun[post] + np.floor(60.0 * np.exp(draw.random(recipe.comments) * np.log(DAY / 60.0)))
    order = np.lexsort((said, post))
    post, said = post[order], said[order]
    first = np.searchsorted(post, post)
    earlier = np.arange(recipe.comments) - first
    nested = (earlier > 0) & (draw.random(recipe.comments) < _NESTED)
    above = first + np.floor(draw.random(recipe.comments) * earlier).astype(np.int64)
    parent = np.concatenate([np.full(recipe.posts, -1), np.where(nested, recipe.posts + above, post)]).astype(np.int64)
    time = np.concatenate([begun, said])
    by_time = np.argsort(time, kind="stable")
    place = np.empty(len(time) + 1, np.int64)
    place[by_time], place[-1] = np.arange(len(time)), -1
    return time[by_time], place[parent[by_time]]


def _top(parent: Ints) -> Ints:
    """The row at the top of each one's thread."""
    top = np.where(parent >= 0, parent, np.arange(len(parent)))
    while (top != top[top]).any():
        top = top[top]
    return top


def _topics(recipe: Recipe, who: tuple[Ints, NDArray[np.float64], int], draw: np.random.Generator) -> Ints:
    """What each row is about."""
    author, score, authors = who
    weight = draw.dirichlet(np.full(len(_TOPICS), 0.5), authors)
    chance = draw.random(len(author))
    if recipe.alpha == 0:
        return np.minimum((np.cumsum(weight, 1)[author] < chance[:, None]).sum(1), len(_TOPICS) - 1)
    liked = score > np.quantile(score, _LIKED)
    order = np.argsort(author, kind="stable")
    turn = np.empty(len(author), np.int64)
    turn[order] = np.arange(len(author)) - np.searchsorted(author[order], author[order])
    # Every author's k-th row at once: rows of one turn are of different authors.
    by_turn = np.argsort(turn, kind="stable")
    ends = np.searchsorted(turn[by_turn], np.arange(int(turn.max()) + 2))
    topic = np.zeros(len(author), np.int64)
    for k in range(len(ends) - 1):
        rows = by_turn[ends[k] : ends[k + 1]]
        own = weight[author[rows]]
        topic[rows] = np.minimum((np.cumsum(own, 1) < chance[rows, None]).sum(1), len(_TOPICS) - 1)
        learnt = rows[liked[rows]]
        weight[author[learnt]] *= 1 - recipe.alpha
        weight[author[learnt], topic[learnt]] += recipe.alpha
    return topic


def _phrases() -> tuple[str, ...]:
    """Stock phrases: the bare ones, and each about every word of every topic."""
    return (*_STOCK, *(f"{phrase}, {word}" for word in " ".join(_TOPICS).split() for phrase in _STOCK))


def _texts(topic: Ints, stock: Ints, draw: np.random.Generator) -> tuple[Ints, tuple[str, ...]]:
    """What each row says, by its place among the texts, each once."""
    common = _COMMON.split()
    # Each topic's own words first, then the common ones: two draws in three are of the first.
    vocabulary = np.array([[*words.split(), *common] for words in _TOPICS], object)
    own = len(_TOPICS[0].split())
    length = 6 + draw.poisson(10, len(topic))
    start = np.concatenate([[0], np.cumsum(length)])
    rare = draw.random(start[-1]) < 2 / 3
    pick = np.where(
        rare, np.floor(own * draw.random(start[-1]) ** 1.5), own + np.floor(len(common) * draw.random(start[-1]) ** 1.5)
    )
    phrases = _phrases()
    words = vocabulary[np.repeat(topic, length), pick.astype(np.int64)].tolist()
    said: dict[str, int] = {}
    text = np.empty(len(topic), np.int64)
    for row, phrase in enumerate(stock.tolist()):
        sentence = phrases[phrase] if phrase >= 0 else " ".join(words[start[row] : start[row + 1]])
        text[row] = said.setdefault(sentence, len(said))
    return text, tuple(said)


def _vectors(recipe: Recipe, author: Ints, topic: Ints, stock: Ints) -> NDArray[np.float32]:
    """A vector for each row: its topic's, its author's and a share of noise; of stock phrases, the phrase's own."""
    draw = np.random.default_rng((recipe.seed, 11))

    def directions(count: int) -> NDArray[np.float32]:
        rows = draw.standard_normal((count, recipe.parts), dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    centre, phrase, own = directions(len(_TOPICS)), directions(len(_phrases())), directions(int(author.max()) + 1)
    found = np.empty((len(author), recipe.parts), np.float32)
    for first in range(0, len(author), 1 << 16):
        rows = slice(first, first + (1 << 16))
        block = 0.6 * centre[topic[rows]] + 0.3 * own[author[rows]] + 0.7 * directions(len(author[rows]))
        said = stock[rows] >= 0
        block[said] = phrase[stock[rows][said]]
        block /= np.linalg.norm(block, axis=1, keepdims=True)
        # In units of 2^-10, as vectors of a simulation are.
        found[rows] = np.round(block * ONE_PART) / np.float32(ONE_PART)
    return found
