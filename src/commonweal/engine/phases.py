"""A tick is offer -> decide -> commit: the three functions that both engines share.

`offer` gives each seat its view; `decide` asks the scripted and learned minds; `commit` binds the acts, steps the world,
settles the rules in the society's order, pays the purses, delivers, seats heirs. `barrier` keeps the compiler from fusing one
into the next, so that what floats there are stay equal in both engines.
"""

from __future__ import annotations

from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int32, PyTree

from commonweal.core.arrays import Flags, Index, PackedActs, Units
from commonweal.core.branches import apart
from commonweal.core.menu import Acts, choose, defaults, lawful_or_default
from commonweal.core.named import Named
from commonweal.core.numbers import Total, added, total
from commonweal.core.parts import Mind
from commonweal.core.seats import Links, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Fined, Memory, Offer, Ruling, Tick, Told, View, same_seats
from commonweal.engine.families import decide_families, families, newborn


class State(eqx.Module):
    """A trial between two ticks: everything that what follows depends on, beside the society and the key."""

    tick: Int32[Array, ""]
    world: PyTree[Any]
    purse: Units
    seats: Seats
    minds: tuple[Memory, ...]
    """Memory of each family of minds, [a, ...], in the order of `families`."""
    rules: tuple[Memory, ...]
    channel: Memory
    payoff: Units
    born: Flags
    public: Named[PyTree[Any]]
    """What each rule told last tick; zeros before the first."""
    inbox: PyTree[Any]
    endowment: Units
    """Purses before the first tick."""


class Ledger(eqx.Module):
    """The books of one tick, in 64 bits: made - burnt = change of purses + held."""

    made: Total
    burnt: Total
    held: Total
    purse: Total


class Choices(eqx.Module):
    """What was decided: legal answers, who gave them, and what the minds remember next."""

    acts: Acts
    answered: Named[Flags]
    minds: tuple[Memory, ...]


class Committed(eqx.Module):
    """What a tick leaves behind."""

    state: State
    tick: Tick
    ledger: Ledger
    movable: tuple[str, ...] = eqx.field(static=True, default=())
    """Names of the minds, where a rule may move them; else none."""


def barrier(tree: Any, given: State, key: Key) -> Any:
    """The same value, with nothing fused across this point.

    Args:
        tree: what is to be computed once.
        given: the state it is computed from; what is its own needs no branch.
        key: the trial's, which the compiler does not know (it knows the first tick, and what follows from it).
    """
    leaves, shape = jax.tree.flatten(tree)
    there = {id(leaf) for leaf in jax.tree.leaves(given)}
    made = {id(leaf): leaf for leaf in leaves if eqx.is_array(leaf) and id(leaf) not in there}
    passed = dict(zip(made, apart(tuple(made.values()), (key.first | 1) > 0), strict=True))
    return jax.tree.unflatten(shape, [passed.get(id(leaf), leaf) for leaf in leaves])


def start(society: Society, links: Links | None, key: Key) -> State:
    """The state of a trial before its first tick."""
    seats = society.seats.seat(society.minds.names, links, key.child("seats"))
    begin = society.world.reset(key.child("world").child("reset"), seats)
    minds = newborn(society, seats, key.child("mind").child("init"))
    n = seats.n
    state = State(
        tick=jnp.zeros((), jnp.int32),
        world=begin.state,
        purse=begin.endowment.astype(jnp.int32),
        seats=seats,
        minds=minds,
        rules=tuple(rule.begin(seats) for rule in society.rules.values),
        channel=society.channel.begin(seats),
        payoff=jnp.zeros(n, jnp.int32),
        born=jnp.ones(n, bool),
        public=Named(society.rules.names, (None,) * len(society.rules)),
        inbox=None,
        endowment=begin.endowment.astype(jnp.int32),
    )

    def once(at: State) -> tuple[Named[PyTree[Any]], PyTree[Any]]:
        view = offer(society, at)
        acts = defaults(view.menu)
        nobody = view.menu.map(lambda question: jnp.zeros_like(question.asked))
        after = commit(society, at, view, Choices(acts, nobody, at.minds), key).state
        return after.public, after.inbox

    public, inbox = jax.eval_shape(once, state)
    return cast(
        "State",
        eqx.tree_at(lambda at: (at.public, at.inbox), state, (_blank(public), _blank(inbox)), is_leaf=lambda x: x is None),
    )


def _blank(shapes: Any) -> Any:
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)


def offer(society: Society, state: State) -> View:
    """What each seat is offered now."""
    seats, purse = state.seats, state.purse
    seen = society.world.observe(state.world, seats, purse)
    menu = society.channel.permit(state.channel, seats, society.world.menu(state.world, seats, purse))
    for rule, memory in zip(society.rules.values, state.rules, strict=True):
        menu = rule.permit(memory, seats, menu)
    told, fined = seen.told, jnp.zeros_like(purse)
    for public in state.public.values:
        if isinstance(public, Fined):
            fined = fined + public.amount
        if isinstance(public, Told):
            told = public if told is None else _told_over(told, public)
    return View(
        seen=seen.seen,
        told=told,
        inbox=state.inbox,
        public=state.public,
        menu=menu,
        payoff=state.payoff,
        fined=fined,
        purse=purse,
        born=state.born,
        contacts=None if seats.links is None else seats.links.to,
        card=seats.card,
        tick=state.tick,
    )


def _told_over(old: Told, new: Told) -> Told:
    """What a later teller says where it says anything, else what an earlier one said."""

    def over(earlier: PackedActs | None, later: PackedActs | None) -> PackedActs | None:
        if earlier is None or later is None:
            return earlier if later is None else later
        return jnp.where(new.known, later, earlier)

    return Told(
        level=jnp.where(new.known, new.level, old.level),
        known=old.known | new.known,
        contacts=over(old.contacts, new.contacts),
        mine=over(old.mine, new.mine),
    )


def decide(society: Society, state: State, view: View, key: Key) -> Choices:
    """The answers of all scripted and learned minds; seats of hosted minds get defaults here."""
    raw, answering, minds = decide_families(society, state.seats.mind, state.minds, view, key)
    return settle_answers(view, raw, answering, minds)


def settle_answers(view: View, raw: Acts, answering: Named[Flags], minds: tuple[Memory, ...]) -> Choices:
    """Answers with every illegal or missing one replaced by its question's default."""
    acts: list[tuple[str, Any]] = []
    answered: list[tuple[str, Flags]] = []
    for name, question in view.menu.items():
        if name not in raw:
            acts.append((name, question.default()))
            answered.append((name, jnp.zeros_like(question.asked)))
            continue
        act, fine = lawful_or_default(question, raw[name])
        by = question.asked & answering[name] & fine
        acts.append((name, choose(by, act, question.default())))
        answered.append((name, by))
    return Choices(Named.of(*acts), Named.of(*answered), minds)


def commit(society: Society, state: State, view: View, choices: Choices, key: Key) -> Committed:
    """Bind the acts, step the world, settle the rules, pay, deliver, seat heirs."""
    at = key.child("tick").child(state.tick)
    bound, memories = _bind(society, state, view, choices, at)
    outcome = society.world.step(state.world, state.seats, bound, state.purse, at.child("world"))
    made = outcome.payoff.astype(jnp.int32)
    tick = Tick(
        tick=state.tick,
        seats=state.seats,
        menu=view.menu,
        chosen=choices.acts,
        bound=bound,
        answered=choices.answered,
        made=made,
        payoff=made,
        purse=state.purse,
        facts=outcome.facts,
        born=state.born,
        tallies=_tallies(society, state, choices),
        inbox=state.inbox,
    )
    rulings: list[Ruling] = []
    for name, rule, memory in zip(society.rules.names, society.rules.values, memories, strict=True):
        ruling = rule.settle(memory, tick, at.child("rule").child(name).child("settle"))
        rulings.append(ruling)
        tick = eqx.tree_at(lambda t: t.payoff, tick, ruling.payoff.astype(jnp.int32))
    delivery = society.channel.deliver(state.channel, tick, at.child("channel"))
    purse = state.purse + tick.payoff
    ledger = Ledger(
        total(made), added(*(ruling.burnt for ruling in rulings)), added(*(ruling.held for ruling in rulings)), total(purse)
    )
    seats = state.seats if delivery.links is None else eqx.tree_at(lambda s: s.links, state.seats, delivery.links)
    moved = _reseat(society, seats, choices.minds, rulings, key.child("mind"), state.tick)
    after = State(
        tick=state.tick + 1,
        world=outcome.state,
        purse=purse,
        seats=moved.seats,
        minds=moved.minds,
        rules=tuple(ruling.memory for ruling in rulings),
        channel=delivery.memory,
        payoff=tick.payoff,
        born=moved.born,
        public=Named(society.rules.names, tuple(ruling.public for ruling in rulings)),
        inbox=delivery.inbox,
        endowment=state.endowment,
    )
    movable = society.minds.names if any(ruling.heir is not None for ruling in rulings) else ()
    return Committed(after, tick, ledger, movable)


def _tallies(society: Society, state: State, choices: Choices) -> Named[Index]:
    """What each mind counts of the decisions of its own seats."""
    found: list[tuple[str, Index]] = []
    for group, memory in zip(families(society), choices.minds, strict=True):
        for index in group:
            mind, name = society.minds.values[index], society.minds.names[index]
            if isinstance(mind, Mind):
                mine = state.seats.mind == index
                found += [(f"{name}.{own}", jnp.where(mine, count, 0)) for own, count in mind.tally(memory).items()]
    return Named.of(*found)


def _bind(society: Society, state: State, view: View, choices: Choices, at: Key) -> tuple[Acts, list[Memory]]:
    acts, memories = choices.acts, []
    seen = Offer(state.seats, view.menu, state.purse, choices.answered, state.tick)
    for name, rule, memory in zip(society.rules.names, society.rules.values, state.rules, strict=True):
        bound = rule.bind(memory, seen, acts, at.child("rule").child(name).child("bind"))
        acts = bound.acts
        memories.append(bound.memory)
    return acts, memories


class _Moved(eqx.Module):
    seats: Seats
    minds: tuple[Memory, ...]
    born: Flags


def _reseat(
    society: Society, seats: Seats, minds: tuple[Memory, ...], rulings: list[Ruling], key: Key, tick: Int32[Array, ""]
) -> _Moved:
    """Contacts, groups and minds as the rulings leave them; two rules that move the same thing were refused by the plan."""
    links, groups, heir = seats.links, seats.groups, None
    for ruling in rulings:
        links = links if ruling.links is None else ruling.links
        groups = groups if ruling.groups is None else ruling.groups
        heir = heir if ruling.heir is None else ruling.heir
    still = Seats(seats.mind, links, groups, seats.card)
    if heir is None:
        return _Moved(still, minds, jnp.zeros(seats.n, bool))
    own = same_seats(seats.n)
    parent = jnp.where(heir < 0, own, heir)
    fresh = heir < 0
    arrived = society.seats.arrive(society.minds.names, key.child("newcomer").child(tick))
    moved = eqx.tree_at(lambda s: s.mind, still, jnp.where(fresh, arrived, seats.mind[parent]))
    fresh_minds = newborn(society, moved, key.child("birth").child(tick))
    after = tuple(
        choose(fresh, young, jax.tree.map(lambda leaf: leaf[parent], memory))
        for young, memory in zip(fresh_minds, minds, strict=True)
    )
    return _Moved(moved, after, heir != own)
