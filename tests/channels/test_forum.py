"""A forum against an implementation of its own in plain Python; what rankings do to a society; laws."""

import dataclasses
import math
from fractions import Fraction

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.channels.forum import Forum
from commonweal.core.content import ONE_PART, directions, of_length_one
from commonweal.core.errors import LawError, StudyError
from commonweal.core.feed import FOLLOW, LIKE, POST, REPLY
from commonweal.core.menu import Acts
from commonweal.core.named import Named
from commonweal.core.parts import HostedMind
from commonweal.core.questions import Choice
from commonweal.core.ranking import FEATURES, Ranking, learning
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import HostedDecision, Tick
from commonweal.engine.compiled import advance
from commonweal.engine.hosted import advance as advance_hosted
from commonweal.engine.hosted import run_sync
from commonweal.engine.saved import load, save
from commonweal.engine.trial import begin, fork
from commonweal.institutions.moderation import Moderation
from commonweal.minds.adopters import Adopter
from commonweal.minds.posters import Poster
from commonweal.minds.voiced import Voiced
from commonweal.testing import check_channel
from commonweal.worlds.platform import Platform


class Plain:
    """The same platform, written from its description: lists of posts, Python's numbers, one seat at a time."""

    def __init__(self, forum, n):
        self.forum, self.n, self.count = forum, n, 0
        self.rings = [[] for _ in range(forum.communities)]
        self.taste = [np.zeros(forum.size, np.int64) for _ in range(n)]
        self.karma, self.follows, self.last, self.stance = [0] * n, [[] for _ in range(n)], [None] * n, [None] * n
        self.feeds = [[] for _ in range(n)]
        self.weights = [round(float(getattr(forum.ranking, name)) * ONE_PART) for name in FEATURES]
        self.half, self.way = [False] * n, [0] * len(FEATURES)

    def tick(self, now, acts, key):
        """One tick: what each seat does, and then sees."""
        got, replied = [0] * self.n, [0] * self.n
        camps = [int(taste[0] < 0) if len(taste) else 0 for taste in self.taste]
        gains = [[], []]
        for seat, act in enumerate(acts):
            feed = self.feeds[seat]
            liked = [post for at, post in enumerate(feed) if act[LIKE] >> at & 1]
            for post in feed:
                post["views"][camps[seat]] += 1
            for post in liked:
                post["likes"][camps[seat]] += 1
                got[post["by"]] += 1
            if liked and self.forum.size:
                self.taste[seat] = unit(3 * self.taste[seat] + liked[0]["what"])
            if 0 < act[FOLLOW] <= len(feed) and feed[act[FOLLOW] - 1]["by"] not in self.follows[seat]:
                self.follows[seat] = [feed[act[FOLLOW] - 1]["by"], *self.follows[seat]][: self.forum.follows]
            said = np.any(act[POST])
            if said and 0 < act[REPLY] <= len(feed):
                replied[feed[act[REPLY] - 1]["by"]] += 1
            if self.forum.ranking.aim == "likes":
                if feed:
                    gains[self.half[seat]].append(len(liked) * (ONE_PART // self.forum.places))
            elif feed and said and self.stance[seat] is not None:
                gains[self.half[seat]].append(self.stance[seat] - abs(int(act[POST][0])))
        if all(gains):
            gap = Fraction(sum(gains[1]), len(gains[1])) - Fraction(sum(gains[0]), len(gains[0]))
            moved = round(max(-1024.0, min(1024.0, float(self.forum.ranking.rate) * float(gap))))
            self.weights = [max(-16384, min(16384, own + moved * way)) for own, way in zip(self.weights, self.way, strict=True)]
        self.post(now, acts, key)
        self.karma = [own + more for own, more in zip(self.karma, got, strict=True)]
        self.feeds = self.shown(now, key)
        return got, replied

    def post(self, now, acts, key):
        """What is said goes to the ring of each community."""
        forum, new = self.forum, [[] for _ in self.rings]
        for seat, act in enumerate(acts):
            if np.any(act[POST]):
                home = seat % forum.communities
                what = np.array(act[POST])
                new[home].append(
                    {"number": self.count, "what": what, "by": seat, "at": now, "answer": act["custom"], "home": home}
                    | {"likes": [0, 0], "views": [0, 0]}
                )
                self.count += 1
                self.taste[seat] = unit(3 * self.taste[seat] + what)
                self.stance[seat] = abs(int(what[0]))
        firsts = key.child("kept").below(jnp.asarray([max(len(own), 1) for own in new]), len(new))
        for home, own in enumerate(new):
            first = int(firsts[home]) if len(own) > forum.room else 0
            own = (own[len(own) - first :] + own[: len(own) - first])[-forum.room :]
            for post in own:
                self.last[post["by"]] = post
            self.rings[home] = (self.rings[home] + own)[-forum.room :]

    def shown(self, now, key):
        """Pick, rank and show."""
        forum, n = self.forum, self.n
        pool, shape = key.child("pool"), (n, forum.pool)
        stays = np.asarray(pool.child("home").chance(forum.home, shape))
        away = np.asarray(pool.child("away").below(forum.communities, shape))
        homes = np.where(stays, (np.arange(n) % forum.communities)[:, None], away)
        held = np.asarray([len(ring) for ring in self.rings])
        back = np.asarray(pool.child("back").below(jnp.asarray(np.maximum(held, 1)[homes]), shape))
        chance = np.asarray(key.child("chance").bits(shape) >> 21).astype(int) - ONE_PART
        self.half = (np.asarray(key.child("trial").child("half").bits(n)) >> 31 > 0).tolist()
        self.way = np.where(np.asarray(key.child("trial").child("way").bits(len(FEATURES))) >> 31 > 0, 1, -1).tolist()
        step = 256 if float(forum.ranking.rate) else 0
        feeds = []
        for seat in range(n):
            worth = {}
            for pick in range(forum.pool):
                ring = self.rings[homes[seat, pick]]
                post = ring[-1 - back[seat, pick]] if ring else None
                if pick < len(self.follows[seat]):
                    last = self.last[self.follows[seat][pick]]
                    post = last if any(own is last for own in self.rings[last["home"]]) else post
                if post is None or post["by"] == seat:
                    continue
                sign = 1 if self.half[seat] else -1
                weights = [own + sign * step * way for own, way in zip(self.weights, self.way, strict=True)]
                parts = [*self.features(seat, post, now), int(chance[seat, pick])]
                own = sum(weight * part for weight, part in zip(weights, parts, strict=True))
                # Of two picks of one post the better counts, of two posts as good the first pick.
                if own > worth.get(post["number"], (-math.inf,))[0]:
                    worth[post["number"]] = own, -pick, post
            best = sorted(worth.values(), key=lambda own: own[:2], reverse=True)
            feeds.append([post for *_, post in best[: forum.places]])
        return feeds

    def features(self, seat, post, now):
        """All but chance, in units of 2^-10."""
        likes = sum(post["likes"]) + 1
        whole = int(math.log2(likes))
        popular = min(128 * whole + (128 * likes // 2**whole - 128), 1024)
        rates = [(good + 1) * 1024 // (seen + 2) for good, seen in zip(post["likes"], post["views"], strict=True)]
        personal = int(self.taste[seat] @ post["what"]) // 1024
        extreme = abs(int(post["what"][0]))
        followed = 1024 * (post["by"] in self.follows[seat])
        return [1024 // (now + 1 - post["at"]), popular, personal, extreme, min(*rates, 1024), followed]


def unit(vector):
    """To length 1."""
    return np.asarray(of_length_one(jnp.asarray(vector, jnp.int32))).astype(np.int64)


def ticked(menu, acts: Acts, now):
    """A finished tick in which everybody who was asked answered."""
    n = len(acts["custom"])
    zero = jnp.zeros(n, jnp.int32)
    done = menu.map(lambda question: question.asked)
    acts = Named(acts.names, tuple(jnp.asarray(act) for act in acts.values))
    return Tick(jnp.asarray(now, jnp.int32), Seats(zero), menu, acts, acts, done, zero, zero, zero, None, jnp.zeros(n, bool))


def chosen(draw, forum, n):
    """What each seat does, at random: some are silent, likes and replies also go to empty places."""
    vectors = np.asarray(directions(Key.root(int(draw.integers(1 << 30))), (n, forum.size)))
    what = np.where(draw.random(n)[:, None] < 0.75, vectors, 0)
    bits = draw.integers(0, 1 << forum.places, n)
    places = draw.integers(0, forum.places + 1, (2, n))
    custom = draw.integers(0, 3, n)
    acts = Named.of(
        ("custom", custom.astype(np.int32)),
        (POST, what.astype(np.int32)),
        (REPLY, places[0].astype(np.int32)),
        (LIKE, bits.astype(np.uint8)),
        (FOLLOW, places[1].astype(np.int32)),
    )
    return acts, [{name: acts[name][seat] for name in acts} for seat in range(n)]


DELIVER = eqx.filter_jit(Forum.deliver)
MIXED = Ranking(recent=0.7, popular=2.0, personal=1.0, extreme=0.3, bridging=-0.5, followed=1.5, chance=0.1, rate=0.3)
SMALL = Forum(MIXED, home=0.7, size=4, places=3, pool=6, room=5, communities=2, follows=2, carries="custom")


def asked_of(n):
    """The world's own menu."""
    return Named.of(("custom", Choice(jnp.ones(n, bool), ("a", "b", "c"))))


def after(forum, ticks, seed, n=7):
    """The board after some ticks of random acts, and the last menu and feed."""
    draw, seats = np.random.default_rng(seed), Seats(jnp.zeros(n, jnp.int32))
    board, menu, feed = forum.begin(seats), asked_of(n), None
    for now in range(ticks):
        menu = forum.permit(board, seats, asked_of(n))
        delivery = DELIVER(forum, board, ticked(menu, chosen(draw, forum, n)[0], now), Key.root(seed).child(now))
        board, feed = delivery.memory, delivery.inbox
    return board, forum.permit(board, seats, asked_of(n)), feed


def compare(forum, n, ticks, seed):
    """The forum and its plain twin, tick by tick, on the same acts and draws."""
    draw = np.random.default_rng(seed)
    plain, seats = Plain(forum, n), Seats(jnp.zeros(n, jnp.int32))
    board = forum.begin(seats)
    for now in range(ticks):
        menu = forum.permit(board, seats, asked_of(n))
        acts, rows = chosen(draw, forum, n)
        seen = np.asarray([bool(feed) for feed in plain.feeds])
        assert np.array_equal(menu[LIKE].asked, seen)
        assert np.array_equal(menu[REPLY].asked, seen)
        key = Key.root(seed).child(now)
        delivery = DELIVER(forum, board, ticked(menu, acts, now), key)
        board, feed = delivery.memory, delivery.inbox
        got, replied = plain.tick(now, rows, key)
        assert feed.mine.tolist() == got
        assert feed.replied.tolist() == replied
        assert feed.karma.tolist() == plain.karma
        assert board.weights.tolist() == plain.weights
        assert np.array_equal(board.taste, plain.taste)
        for seat, own in enumerate(plain.feeds):
            assert feed.there[seat].tolist() == [True] * len(own) + [False] * (forum.places - len(own))
            for place, post in enumerate(own):
                row = [leaf[seat, place].tolist() for leaf in (feed.number, feed.by, feed.answer, feed.age, feed.likes)]
                assert row == [post["number"], post["by"], post["answer"], now + 1 - post["at"], sum(post["likes"])]
                assert np.array_equal(feed.vector[seat, place], post["what"])
                assert post["by"] != seat
    return board, plain


def test_a_forum_is_what_plain_python_makes_of_it():
    """Two communities whose rings wrap, follows, a ranking of all features that learns: nine ticks, all that is seen."""
    board, plain = compare(SMALL, 7, 9, 3)
    assert plain.count > 2 * 5 * 2, "the rings wrapped"
    assert int(board.count) == plain.count
    assert any(plain.follows)
    assert plain.weights != [round(float(getattr(MIXED, name)) * 1024) for name in FEATURES]


@pytest.mark.slow
@pytest.mark.parametrize("aim", ["likes", "calm"])
def test_it_is_so_with_more_posts_than_room_and_for_either_aim(aim):
    """Twelve seats with room for five posts; the next seed likewise."""
    forum = Forum(dataclasses.replace(MIXED, aim=aim), size=4, places=3, pool=6, room=5, follows=1, carries="custom")
    for seed in (4, 5):
        compare(forum, 12, 9, seed)


def test_what_a_switch_hides_reaches_nobody():
    """Scores and authors are not in the feed, nor in whom a like is meant for; without sight nothing is."""
    _, menu, feed = after(SMALL, 3, 6)
    shown = np.asarray(menu[LIKE].to)
    assert np.array_equal(shown, np.where(feed.there, feed.by, -1))
    assert (feed.likes.sum(), feed.karma.sum()) > (0, 0)
    _, menu, feed = after(dataclasses.replace(SMALL, shows_scores=False, shows_authors=False), 3, 6)
    assert feed.there.any()
    assert not any(leaf.any() for leaf in (feed.likes, feed.mine, feed.karma))
    assert (feed.by == -1).all()
    assert np.array_equal(menu[LIKE].to, np.where(feed.there, np.arange(3), -1))
    board, menu, feed = after(dataclasses.replace(SMALL, sight=False), 3, 6)
    assert int(board.count) > 0
    blank = jax.tree.leaves((feed.vector, feed.there, feed.likes, feed.age, feed.mine, feed.karma, feed.replied))
    assert not any(leaf.any() for leaf in blank)
    assert all((leaf == -1).all() for leaf in (feed.number, feed.by, feed.answer, feed.handle, menu[LIKE].to))
    assert not any(menu[name].asked.any() for name in (LIKE, REPLY, FOLLOW))
    assert menu[POST].asked.all()
    assert not board.votes.any()


def test_communities_are_seen_from_outside_as_far_as_home_says():
    """With home = 1 even seats see even seats' posts alone; with home = 0 half of what they see."""
    for home, low, high in ((1.0, 1.0, 1.0), (0.0, 0.35, 0.65)):
        own = []
        for seed in range(12):
            feed = after(dataclasses.replace(SMALL, ranking=Ranking(recent=0.0, chance=1.0), home=home), 3, seed)[2]
            there, by = np.asarray(feed.there), np.asarray(feed.by)
            own += ((by % 2 == (np.arange(7) % 2)[:, None])[there]).tolist()
        # About 240 posts seen, of which those of one tick hang together: 0.15 is over three standard errors of half.
        assert low <= np.mean(own) <= high


def test_a_bottleneck_lets_so_many_through():
    """Of 5 posts a tick on average, 7 tried with probability 3/4, one gets through; the others have a number and no place."""
    boards = [after(dataclasses.replace(SMALL, width=1), 3, seed)[0] for seed in range(12)]
    found = sum(int(board.filled.sum()) for board in boards)
    # 36 expected, each tick's number near Poisson(1): five standard deviations are 30.
    assert 12 <= found <= 66
    assert sum(int(board.count) for board in boards) > 3 * found
    assert int(after(SMALL, 3, 0)[0].filled.sum()) == int(after(SMALL, 3, 0)[0].count)


def test_impossible_numbers_are_refused():
    for wrong, words in (
        ({"places": 9}, "shows 9 of 16"),
        ({"places": 4, "pool": 3}, "shows 4 of 3"),
        ({"room": -1}, "room for -1"),
        ({"follows": 17}, "17 are followed"),
        ({"home": 1.5}, "probability 1.5"),
        ({"width": 0}, "lets 0"),
        ({"size": 0, "ranking": learning("calm")}, "texts have no stance"),
    ):
        with pytest.raises(StudyError, match=words):
            Forum(**wrong)


def test_posts_carry_a_choice_or_nothing():
    board, seats = SMALL.begin(Seats(jnp.zeros(7, jnp.int32))), Seats(jnp.zeros(7, jnp.int32))
    forum = dataclasses.replace(SMALL, carries="post")
    with pytest.raises(StudyError, match="found no such choice"):
        forum._carried(ticked(forum.permit(board, seats, asked_of(7)), chosen(np.random.default_rng(1), forum, 7)[0], 0))


def society(n, channel, voice=None, rules=(), **genes):
    """Voiced adopters on a platform."""
    mind = Voiced(inner=Adopter(copies=0.9), voice=Poster(size=4, **genes) if voice is None else voice)
    return Society(Platform(size=4), Named.of(("voiced", mind)), Seating(n), Named.of(*rules), channel)


@pytest.mark.slow
@pytest.mark.parametrize("forum", [Forum(size=4, follows=2, room=32), Forum(learning("likes"), size=0, communities=3, room=8)])
def test_the_laws_hold(forum):
    check_channel(forum)


@pytest.mark.slow
def test_what_nobody_said_and_what_another_said_are_found_out():
    """A forum that turns vectors round, and one that swaps authors."""

    class Invents(Forum):
        def deliver(self, memory, tick, key):
            done = super().deliver(memory, tick, key)
            return eqx.tree_at(lambda d: d.inbox.vector, done, -done.inbox.vector)

    class Slanders(Forum):
        def deliver(self, memory, tick, key):
            done = super().deliver(memory, tick, key)
            return eqx.tree_at(lambda d: d.inbox.by, done, jnp.where(done.inbox.there, (done.inbox.by + 1) % 12, -1))

    for liar in (Invents, Slanders):
        with pytest.raises(LawError, match="nobody said"):
            check_channel(liar(size=4, room=32))


@pytest.mark.slow
def test_hosted_resumed_saved_and_forked_trials_are_one(tmp_path):
    """All of the board, vectors included: no trace holds what was said."""
    own = society(9, Forum(learning("calm"), size=4, follows=2, room=4, carries="custom"), absorbs=0.1, learns=0.1)
    first = begin(own, 5)
    whole = advance(first, 8).state
    save(advance(first, 3), tmp_path / "half")
    others = (
        run_sync(advance_hosted(first, 8)).state,
        advance(load(tmp_path / "half", own), 5).state,
        advance(fork(advance(first, 5), own), 3).state,
    )
    for other in others:
        assert eqx.tree_equal((whole.channel, whole.minds, whole.inbox), (other.channel, other.minds, other.inbox))
    assert int(whole.channel.count) > 4


@pytest.mark.slow
def test_the_mute_say_nothing_and_remember_nothing_said():
    """With half of the peers' reports a seat is muted for 100 ticks; it is asked all else."""
    rule = Moderation(term=100, share=0.0, said=(POST,))
    own = society(9, Forum(size=4, room=64), rules=(("moderation", rule),), activity=1.0)
    own = dataclasses.replace(own, seats=Seating(9, groups=jnp.ones((9, 1), bool)))
    trial = advance(begin(own, 1), 2)
    state = trial.state
    muted = jnp.arange(9) < 4
    state = eqx.tree_at(lambda s: s.rules[0].left, state, jnp.where(muted, 100, 0).astype(jnp.int32))
    before = np.asarray(state.minds[0][1].said)
    after = advance(dataclasses.replace(trial, state=state), 3).state
    assert np.array_equal(np.asarray(after.minds[0][1].said)[:4], before[:4])
    assert not np.array_equal(np.asarray(after.minds[0][1].said)[4:], before[4:])
    at, by = np.asarray(after.channel.at), np.asarray(after.channel.by)
    assert set(by[at >= 2].tolist()) == {4, 5, 6, 7, 8}
    assert int(after.channel.count) == 2 * 9 + 3 * 5


class Writer(HostedMind):
    """Likes the first post that it sees, replies to it, and writes what it read of it."""

    @property
    def digest(self):
        return ""

    async def act(self, words, key):
        asks = {ask.name for ask in words.asks}
        acts = {name: int(name.endswith("/0")) for name in asks if name.startswith(LIKE)}
        acts |= {REPLY: 1} if REPLY in asks else {}
        first = words.heard.splitlines()[0] if words.heard else "nothing"
        return HostedDecision({"custom": words.seat % 4, POST: f"seat {words.seat} read: {first[:60]}"} | acts)


@pytest.mark.slow
def test_texts_are_posted_read_liked_and_answered_by_hosted_minds():
    forum = Forum(size=0, room=8, places=2, carries="custom")
    own = Society(Platform(), Named.of(("writer", Writer())), Seating(4), channel=forum)
    trial = run_sync(advance_hosted(begin(own, 2, record=("acts",)), 3))
    board, feed = trial.state.channel, trial.state.inbox
    assert int(board.count) == 12
    said = trial.traces["act.post"]
    for seat in range(4):
        for place in np.flatnonzero(feed.there[seat]):
            number = int(feed.number[seat, place])
            assert int(feed.handle[seat, place]) == said[number // 4, number % 4]
            assert int(feed.answer[seat, place]) == int(feed.by[seat, place]) % 4 == number % 4
    words = forum.describe(feed, 0, trial.texts)
    assert f'"{trial.texts[int(feed.handle[0, 0])]}"' in words
    assert f"who chose option {int(feed.by[0, 0]) + 1}" in words
    # Each of four seats liked and answered the first of what it saw, in the second tick and in the third.
    assert int(board.karma.sum()) == 8
    assert int(feed.replied.sum()) == 4


@pytest.mark.slow
def test_one_seat_alone_sees_nothing():
    state = advance(begin(society(1, Forum(size=4, room=4), activity=1.0), 1), 6).state
    assert int(state.channel.count) == 6
    assert not state.inbox.there.any()


@pytest.mark.slow
def test_silence_leaves_the_board_empty():
    state = advance(begin(society(6, Forum(size=4, room=4, follows=1), activity=0.0), 1), 6).state
    assert not any(leaf.any() for leaf in (state.channel.count, state.channel.filled, state.inbox.there))
    assert (state.channel.number == -1).all()


@pytest.mark.slow
def test_everybody_is_heard_where_there_is_too_little_room():
    """40 posts a tick and room for 8: each seat's posts are found in a fifth of the ticks, whatever its number."""
    trial = begin(society(40, Forum(size=4, room=8, pool=8), activity=1.0), 3)
    seen = np.zeros(40, int)
    for _ in range(300):
        trial = advance(trial, 1)
        by = np.asarray(trial.state.channel.by)
        assert len(set(by.tolist())) == 8
        seen[by] += 1
    # Binomial(300, 1/5): six standard deviations of 60 are 42, over 40 seats.
    assert (np.abs(seen - 60) < 42).all()


@pytest.mark.slow
def test_what_is_learnt_raises_likes_and_calms():
    """Where posters like what is near to their persona, likes rise with the rate; aimed at calm, posts become less extreme."""

    def last(aim, rate, value, **genes):
        own = society(200, Forum(learning(aim, rate), size=4, room=512, pool=16), activity=1.0, keen=1.0, **genes)
        trial = begin(own, 7)
        found = []
        for _ in range(6):
            trial = advance(trial, 50)
            found.append(value(trial.state))
        return np.mean(found[2:]), trial.state.channel.weights

    def likes(state):
        return float(state.inbox.mine.sum()) / float(state.inbox.there.sum())

    def extreme(state):
        return float(state.channel.stance.mean()) / ONE_PART

    flat = last("likes", 0.0, likes, taste=0.6, reads=0.0, noise=0.3)
    learnt = last("likes", 1.0, likes, taste=0.6, reads=0.0, noise=0.3)
    assert np.array_equal(flat[1], learning("likes").weights)
    assert learnt[1][FEATURES.index("personal")] > 512
    assert learnt[0] > 1.5 * flat[0]
    # Posts follow what is read: extreme ones make others extreme.
    flat = last("calm", 0.0, extreme, reads=2.0, noise=0.3, poles=2.0)
    learnt = last("calm", 1.0, extreme, reads=2.0, noise=0.3, poles=2.0)
    assert learnt[0] < flat[0]


def test_room_for_a_ticks_posts_goes_by_the_seats():
    assert Forum(room=0).kept(12) == 12
    assert Forum(room=0, communities=5).kept(12) == 3
    assert Forum(room=7).kept(12) == 7
