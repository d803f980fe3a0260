"""A forum: what is said stays there to be found, ranked, liked, replied to and followed.

Posts live in a ring of the latest `room` for each community. At the end of each tick the platform picks for each seat `pool`
posts at random from the ring, the latest of those that the seat follows among them, and shows the `places` that its ranking
puts first, each once and never the seat's own. At the next tick the seat may post, reply to what it sees, like it, and follow
its authors.

    number of a post    its place among all posts, in the order of ticks, and of seats within a tick
    taste               t <- (3 t + v) / 4 stretched to length 1, for each v the seat posts, and for the first that it likes
    camp                the sign of the first part of a seat's taste

What is said is a vector of `size` parts (`core/content.py`), or text by its handle. With `sight` off nobody sees anything, and
what is posted is lost; `width` is a bottleneck, behind which everybody sees the same few. Where more is posted in a tick than
there is room for, neighbours in seat order from a random one on are kept. What is shown again may be liked again. All is kept
in whole numbers.

Source: ours; the parts are those of Reddit-like platforms (communities, ranking, votes, replies, follows), as of Moltbook in
arXiv 2602.14299; retrieval before ranking as in P. Covington et al., RecSys 2016.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, PyTree

from commonweal.core.arrays import Flag, Flags, Index, flag, real, whole
from commonweal.core.board import Board, empty_feed, tell_feed
from commonweal.core.branches import apart
from commonweal.core.content import ONE_PART, of_length_one
from commonweal.core.errors import StudyError
from commonweal.core.feed import FOLLOW, LIKE, POST, REPLY, Feed
from commonweal.core.menu import Menu
from commonweal.core.parts import Channel
from commonweal.core.questions import PACKED_CONTACTS, Choice, Say
from commonweal.core.ranking import FEATURES, Ranking, Weights
from commonweal.core.seats import Seats
from commonweal.core.speech import PHRASES, PROMISES
from commonweal.core.streams import Key
from commonweal.core.views import Delivery, Tick, same_seats


class Forum(Channel):
    """A platform on which posts are found, ranked, liked and answered. By default vectors, the most recent first.

    Raises:
        StudyError: a number is out of range.

    Source: ours, after Reddit-like platforms.
    """

    ranking: Ranking = Ranking()
    """What is shown first."""
    sight: Flag = eqx.field(converter=flag, default=True)
    """Whether seats see what others post."""
    shows_scores: Flag = eqx.field(converter=flag, default=True)
    """Whether seats see likes: of posts, and of their own."""
    shows_authors: Flag = eqx.field(converter=flag, default=True)
    """Whether seats see who wrote a post."""
    home: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a post is picked from the seat's own community, 0 to 1; else from all alike."""
    width: Int32[Array, ""] = eqx.field(converter=whole, default=1 << 30)
    """How many posts of a tick get through, at least 1: each with probability width / posts; the others are never found."""
    size: int = eqx.field(static=True, default=16)
    """Parts of the vector that is said; 0: posts are texts."""
    places: int = eqx.field(static=True, default=4)
    """How many posts a seat is shown, 1 to 8."""
    pool: int = eqx.field(static=True, default=16)
    """How many are picked to be ranked, at least `places`."""
    room: int = eqx.field(static=True, default=1024)
    """Posts of a community that can still be found, the latest; 0: as many as it has seats, a tick's at most."""
    communities: int = eqx.field(static=True, default=1)
    """How many communities there are; seat i is of number i modulo so many."""
    follows: int = eqx.field(static=True, default=0)
    """How many authors a seat can follow, at most `pool`; 0: nobody is asked."""
    talks: bool = eqx.field(static=True, default=True)
    """Whether seats are asked to reply and to like."""
    carries: str = eqx.field(static=True, default="")
    """Name of a choice whose answers posts show beside what they say; empty: none."""
    tokens: int = eqx.field(static=True, default=40)
    """Most tokens of a text."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if not 1 <= self.places <= min(self.pool, PACKED_CONTACTS):
            raise StudyError(
                f"a forum shows {self.places} of {self.pool} posts; expected 1 to {PACKED_CONTACTS}, of at least as many"
            )
        if min(self.communities, self.tokens) < 1 or self.room < 0 or self.size < 0 or not 0 <= self.follows <= self.pool:
            raise StudyError(
                f"a forum of {self.communities} communities with room for {self.room} posts of {self.tokens} tokens or "
                f"{self.size} parts, in which {self.follows} are followed; expected at least 1 of each (0 parts: texts), and "
                f"to follow at most {self.pool}"
            )
        if not isinstance(self.width, jax.core.Tracer) and int(self.width) < 1:
            raise StudyError(f"a forum that lets {int(self.width)} posts through; expected at least 1")
        if self.ranking.aim == "calm" and not self.size:
            raise StudyError("a forum of texts whose ranking aims at calm; expected one of vectors: texts have no stance")
        if not isinstance(self.home, jax.core.Tracer) and not 0.0 <= float(self.home) <= 1.0:
            raise StudyError(f"a forum that shows the own community with probability {float(self.home):g}; expected 0 to 1")

    @property
    def phrases(self) -> tuple[str, ...]:
        """What scripted minds say where posts are texts."""
        return () if self.size else PHRASES

    def kept(self, seats: int) -> int:
        """Posts of a community that can still be found.

        Args:
            seats: how many there are.
        """
        return self.room or -(-seats // self.communities)

    def begin(self, seats: Seats) -> Board:
        """Nothing has been posted."""
        n, slots = seats.n, self.kept(seats.n) * self.communities
        none, blank = jnp.zeros(n, jnp.int32), jnp.full(slots, -1, jnp.int32)
        return Board(
            number=blank,
            vector=jnp.zeros((slots, self.size), jnp.int16),
            handle=blank,
            by=blank,
            at=blank,
            answer=blank,
            votes=jnp.zeros((slots, 4), jnp.int32),
            filled=jnp.zeros(self.communities, jnp.int32),
            count=jnp.zeros((), jnp.int32),
            shown=jnp.zeros((n, self.places), jnp.int32),
            feed=empty_feed(n, self.places, self.size),
            taste=jnp.zeros((n, self.size), jnp.int32),
            karma=none,
            follows=jnp.full((n, self.follows), -1, jnp.int32),
            latest=none - 1,
            weights=self.ranking.weights,
            half=none > 0,
            way=jnp.zeros(len(FEATURES), jnp.int32),
            stance=none - 1,
        )

    def permit(self, memory: Board, seats: Seats, menu: Menu) -> Menu:
        """The menu with the questions what to post, which place to reply to, which to like, and whom to follow."""
        going_on = jnp.zeros((), bool)
        for question in menu.values:
            going_on = going_on | question.asked.any()
        asked = jnp.full(seats.n, going_on)
        say = Say(asked, size=self.size) if self.size else Say(asked, PHRASES, PROMISES, words=self.tokens)
        menu = menu.add(POST, say)
        feed = memory.feed
        seen = asked & feed.there.any(1)
        names = ("nobody", *(f"post {place + 1}" for place in range(self.places)))
        if self.talks:
            own = jnp.arange(self.places, dtype=jnp.int32)
            whom = jnp.where(feed.there, jnp.where(feed.by >= 0, feed.by, own), -1)
            menu = menu.add(REPLY, Choice(seen, names)).add(LIKE, Choice(seen, ("pass", "like"), to=whom))
        return menu.add(FOLLOW, Choice(seen, names)) if self.follows else menu

    def deliver(self, memory: Board, tick: Tick, key: Key) -> Delivery:
        """What each seat is shown, [a, places]."""
        liked = self._liked(memory, tick)
        board = self._counted(memory, tick, liked)
        replied = self._replied(board, tick)
        board = self._posted(board, tick, key)
        got = board.karma - memory.karma
        return self._show(board, got, replied, tick, key)

    def _liked(self, memory: Board, tick: Tick) -> Bool[Array, "a k"]:
        """Which places each seat likes."""
        if not self.talks:
            return jnp.zeros_like(memory.feed.there)
        bits = jnp.where(tick.answered[LIKE], tick.bound[LIKE], jnp.uint8(0))
        own = jnp.arange(self.places, dtype=jnp.uint8)
        return ((bits[:, None] >> own) & 1 > 0) & memory.feed.there

    def _counted(self, memory: Board, tick: Tick, liked: Bool[Array, "a k"]) -> Board:
        """Views and likes of this tick are counted, and what is liked moves a seat's taste."""
        feed, n = memory.feed, tick.seats.n
        camp = (memory.taste[:, :1] < 0 if self.size else jnp.zeros((n, 1), bool)).astype(jnp.int32)
        slots = jnp.where(feed.there, memory.shown, memory.number.shape[0])
        votes = memory.votes.at[slots, 2 + camp].add(1, mode="drop")
        votes = votes.at[jnp.where(liked, slots, memory.number.shape[0]), jnp.broadcast_to(camp, slots.shape)].add(
            1, mode="drop"
        )
        author = jnp.where(liked, memory.by[memory.shown], n)
        karma = memory.karma.at[author].add(1, mode="drop")
        taste = memory.taste
        if self.size:
            first = jnp.argmax(liked, 1)
            what = jnp.take_along_axis(feed.vector, first[:, None, None], 1)[:, 0]
            taste = jnp.where(liked.any(1)[:, None], of_length_one(3 * taste + what), taste)
        follows = memory.follows
        if self.follows:
            place = jnp.where(tick.answered[FOLLOW], tick.bound[FOLLOW], 0) - 1
            whom = jnp.take_along_axis(memory.by[memory.shown], jnp.maximum(place, 0)[:, None], 1)[:, 0]
            new = (place >= 0) & jnp.take_along_axis(feed.there, jnp.maximum(place, 0)[:, None], 1)[:, 0]
            new = new & ~(follows == whom[:, None]).any(1)
            follows = jnp.where(new[:, None], jnp.concatenate([whom[:, None], follows[:, :-1]], 1), follows)
        weights = self._learnt(memory, tick, liked)
        return dataclasses.replace(memory, votes=votes, karma=karma, taste=taste, follows=follows, weights=weights)

    def _learnt(self, memory: Board, tick: Tick, liked: Bool[Array, "a k"]) -> Weights:
        """The ranking's weights after this tick's trial."""
        there = memory.feed.there.any(1)
        if self.ranking.aim == "likes":
            gain = liked.sum(1, dtype=jnp.int32) * (ONE_PART // self.places)
        else:
            said, _ = self._said(tick)
            gain = memory.stance - jnp.abs(tick.bound[POST][:, 0])
            there = there & said & (memory.stance >= 0)
        return self.ranking.learnt(memory.weights, memory.half, memory.way, gain, there)

    def _replied(self, board: Board, tick: Tick) -> Index:
        """How many replies each seat's posts got in this tick."""
        n = tick.seats.n
        if not self.talks:
            return jnp.zeros(n, jnp.int32)
        said, _ = self._said(tick)
        place = jnp.where(tick.answered[REPLY] & said, tick.bound[REPLY], 0) - 1
        slot = jnp.maximum(place, 0)[:, None]
        there = (place >= 0) & jnp.take_along_axis(board.feed.there, slot, 1)[:, 0]
        whom = board.by[jnp.take_along_axis(board.shown, slot, 1)[:, 0]]
        return jnp.zeros(n, jnp.int32).at[jnp.where(there, whom, n)].add(1, mode="drop")

    def _said(self, tick: Tick) -> tuple[Flags, Array]:
        """Who said something, and what."""
        what = tick.bound[POST]
        return tick.answered[POST] & ((what != 0).any(1) if self.size else what >= 0), what

    def _posted(self, board: Board, tick: Tick, key: Key) -> Board:
        """What is posted is put into the ring of its author's community; of a tick's surplus, a random stretch is lost."""
        said, what = self._said(tick)
        n, slots = tick.seats.n, board.number.shape[0]
        home, room = same_seats(n) % self.communities, self.kept(n)
        through = said & key.child("width").chance(self.width / jnp.maximum(said.sum(dtype=jnp.int32), 1), n)
        mine = (home[:, None] == jnp.arange(self.communities)[None]) & through[:, None]
        rank = jnp.cumsum(mine.astype(jnp.int32), 0)
        order = jnp.take_along_axis(rank, home[:, None], 1)[:, 0] - 1
        if n > room * self.communities:
            # Else the seats with the highest numbers would always be those who are heard.
            posts = jnp.maximum(rank[-1], 1)
            first = jnp.where(posts > room, key.child("kept").below(posts, posts.shape), 0)
            order = (order + first[home]) % posts[home]
        place = board.filled[home] + order
        filled = board.filled + rank[-1]
        kept = through & (place >= filled[home] - room)
        slot = apart(jnp.where(kept, home * room + place % room, slots), tick.tick >= 0)
        taste = board.taste
        stance = board.stance
        if self.size:
            taste = jnp.where(said[:, None], of_length_one(3 * taste + what), taste)
            stance = jnp.where(said, jnp.abs(what[:, 0]), stance)
        answer = jnp.full(n, -1, jnp.int32)
        if self.carries:
            answer = jnp.where(tick.answered[self.carries], self._carried(tick), -1)

        def put(rows: Array, values: Array) -> Array:
            return rows.at[slot].set(values, mode="drop")

        return dataclasses.replace(
            board,
            number=put(board.number, board.count + jnp.cumsum(said.astype(jnp.int32)) - 1),
            vector=put(board.vector, what.astype(jnp.int16)) if self.size else board.vector,
            handle=board.handle if self.size else put(board.handle, what),
            by=put(board.by, same_seats(n)),
            at=put(board.at, jnp.full(n, tick.tick)),
            answer=put(board.answer, answer),
            votes=put(board.votes, jnp.zeros((n, 4), jnp.int32)),
            filled=filled,
            count=board.count + said.sum(dtype=jnp.int32),
            taste=taste,
            latest=jnp.where(kept, slot, board.latest),
            stance=stance,
        )

    def _carried(self, tick: Tick) -> Index:
        """What each seat answered to the choice that posts carry.

        Raises:
            StudyError: there is no such choice.
        """
        question = tick.menu.get(self.carries)
        if isinstance(question, Choice) and question.to is None:
            return tick.bound[self.carries]
        raise StudyError(
            f"a forum whose posts carry the answers to {self.carries!r} found no such choice in {', '.join(tick.menu)}; "
            "expected a choice with one answer for all"
        )

    def _show(self, board: Board, got: Index, replied: Index, tick: Tick, key: Key) -> Delivery:
        """Pick, rank and show."""
        n = tick.seats.n
        slots, live = self._picked(board, n, tick, key.child("pool"))
        weights, half, way = self.ranking.served(board.weights, key.child("trial"), n)
        features = board.features(slots, tick, key.child("chance"))
        worth = sum(weights[:, at, None] * feature for at, feature in enumerate(features))
        number = board.number[slots]
        worth = jnp.where(live, worth, LEAST)
        places: list[Array] = []
        for _ in range(self.places):
            best = jnp.argmax(worth, 1)
            places.append(jnp.where(jnp.take_along_axis(worth, best[:, None], 1)[:, 0] > LEAST, best, -1))
            taken = jnp.take_along_axis(number, best[:, None], 1)
            worth = jnp.where(number == taken, LEAST, worth)
        place = jnp.stack(places, 1)
        shown = jnp.take_along_axis(slots, jnp.maximum(place, 0), 1)
        there = (place >= 0) & self.sight
        feed = self._feed(board, shown, there, tick, got, replied)
        after = dataclasses.replace(board, shown=jnp.where(there, shown, 0), feed=feed, half=half, way=way)
        return Delivery(feed, after)

    def _picked(self, board: Board, n: int, tick: Tick, key: Key) -> tuple[Int32[Array, "a c"], Bool[Array, "a c"]]:
        """The slots that each seat could be shown, and which of them hold a post that is not its own."""
        shape = (n, self.pool)
        home = jnp.broadcast_to((same_seats(n) % self.communities)[:, None], shape)
        if self.communities > 1:
            away = ~key.child("home").chance(self.home, shape)
            home = jnp.where(away, key.child("away").below(self.communities, shape), home)
        room = self.kept(n)
        held = jnp.minimum(board.filled, room)
        back = key.child("back").below(jnp.maximum(held[home], 1), shape)
        slots = home * room + (board.filled[home] - 1 - back) % room
        if self.follows:
            followed = jnp.where(board.follows >= 0, board.latest[jnp.maximum(board.follows, 0)], -1)
            # Another's post may have taken the place of it since.
            there = (followed >= 0) & (board.by[jnp.maximum(followed, 0)] == board.follows)
            slots = slots.at[:, : self.follows].set(jnp.where(there, followed, slots[:, : self.follows]))
        # An address that ends a chain of hashes is looked through by the compiler for a minute, unless it is set apart.
        slots = apart(slots, tick.tick >= 0)
        return slots, (board.number[slots] >= 0) & (board.by[slots] != same_seats(n)[:, None])

    def _feed(
        self, board: Board, shown: Int32[Array, "a k"], there: Bool[Array, "a k"], tick: Tick, got: Index, replied: Index
    ) -> Feed:
        """What is seen of what is shown, by the switches."""
        scores, authors = self.shows_scores, self.shows_authors
        return Feed(
            handle=jnp.where(there, board.handle[shown], -1),
            vector=jnp.where(there[..., None], board.vector[shown].astype(jnp.int32), 0),
            there=there,
            number=jnp.where(there, board.number[shown], -1),
            by=jnp.where(there & authors, board.by[shown], -1),
            likes=jnp.where(there & scores, board.votes[:, :2].sum(1, dtype=jnp.int32)[shown], 0),
            age=jnp.where(there, tick.tick + 1 - board.at[shown], 0),
            answer=jnp.where(there, board.answer[shown], -1),
            mine=jnp.where(scores, got, 0),
            karma=jnp.where(scores, board.karma, 0),
            replied=jnp.where(self.sight, replied, 0),
        )

    def describe(self, inbox: PyTree[Any], agent: int, texts: tuple[str, ...]) -> str:
        """What one seat sees of the forum, a line for each post, and what became of its own."""
        return tell_feed(inbox, agent, texts)


LEAST = -(1 << 30)
"""Worth of what cannot be shown."""
