"""What a hosted mind reads, and how its answers become acts: rows of a view in words, one seat at a time, on the host."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import numpy as np

from commonweal.core.menu import Menu
from commonweal.core.questions import Amount, Choice, Question, Record, Say
from commonweal.core.society import Society
from commonweal.core.views import Ask, HostedDecision, Incident, Told, View, Words
from commonweal.engine.families import families
from commonweal.engine.phases import State

Rows = list[Any]
"""Answers to one question as NumPy arrays, [a, ...]; a record has one a field."""


def in_words(society: Society, state: State, view: View, texts: tuple[str, ...], seats: tuple[int, ...]) -> Iterator[Words]:
    """What each of these seats reads now, one after the other. `state` and `view` hold NumPy arrays.

    The rules are worded once, from what everybody may know; the rest comes from the seat's own rows alone.
    """
    rules = "\n".join(
        [society.world.rules()]
        + [text for rule, memory in zip(society.rules.values, state.rules, strict=True) if (text := rule.describe(memory))]
    )
    places = {index: place for place, group in enumerate(families(society)) for index in group}
    mind = np.asarray(state.seats.mind).tolist()
    memories = [np.asarray(memory) if isinstance(memory, np.ndarray) else None for memory in state.minds]
    contacts = None if view.contacts is None else np.asarray(view.contacts)
    # Methods are looked up once: equinox binds a method in some tens of microseconds.
    tells = [(rule.tell, view.public[name]) for name, rule in society.rules.items() if view.public[name] is not None]
    questions, tick, tick_name = tuple(view.menu.items()), int(view.tick), society.world.tick_name
    describe, hear = society.world.describe, society.channel.describe
    for seat in seats:
        memory = memories[places[mind[seat]]]
        mine, theirs = told_acts(view.told, contacts, seat)
        yield Words(
            seat=seat,
            tick=tick,
            rules=rules,
            situation=describe(view, seat),
            heard=hear(view.inbox, seat, texts) if tick else "",
            ruled="\n".join(text for tell, public in tells if (text := tell(public, seat))),
            memory=() if memory is None else tuple(texts[handle] for handle in memory[seat].tolist() if handle >= 0),
            asks=tuple(ask for name, question in questions for ask in asks_of(name, question, seat)),
            tick_name=tick_name,
            born=bool(view.born[seat]),
            contacts=() if contacts is None else tuple(contacts[seat].tolist()),
            mine=mine,
            theirs=theirs,
        )


def told_acts(told: Told | None, contacts: Any, seat: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What a seat did to each contact last tick, and had done to it, 1 or 0 by slot; empty where it is not told by slot."""
    if told is None or contacts is None or told.mine is None or told.contacts is None or not bool(told.known[seat]):
        return (), ()
    mine, theirs = (
        tuple(int(acts[seat]) >> slot & 1 for slot in range(contacts.shape[1])) for acts in (told.mine, told.contacts)
    )
    return mine, theirs


def asks_of(name: str, question: Question, seat: int) -> Iterator[Ask]:
    """The questions that one seat is asked behind one question of the menu; none where it is not asked.

    With targets there is one for each, `name/slot`; of a record one for each field, `name/field`.
    """
    if not bool(question.asked[seat]):
        return
    if isinstance(question, Record):
        for own, field in zip(question.names, question.fields, strict=True):
            yield from asks_of(f"{name}/{own}", field, seat)
    elif isinstance(question, Choice):
        legal = range(len(question.options)) if question.legal is None else np.flatnonzero(np.asarray(question.legal[seat]))
        words, answers = tuple(question.options[int(k)] for k in legal), tuple(int(k) for k in legal)
        slots = [None] if question.to is None else [j for j, to in enumerate(np.asarray(question.to[seat])) if to >= 0]
        for slot in slots:
            yield Ask(name if slot is None else f"{name}/{slot}", "choice", options=words, answers=answers)
    elif isinstance(question, Amount):
        low, high = np.asarray(question.low[seat]), np.asarray(question.high[seat])
        whole, unit = question.whole, question.unit
        if question.to is None:
            yield Ask(name, "amount", low=low.item(), high=high.item(), whole=whole, unit=unit)
        else:
            for slot, to in enumerate(np.asarray(question.to[seat])):
                if to >= 0 and high[slot] > low[slot]:
                    yield Ask(f"{name}/{slot}", "amount", low=low[slot].item(), high=high[slot].item(), whole=whole, unit=unit)
    elif isinstance(question, Say) and not question.size:
        yield Ask(name, "say", words=question.words)


def blank_rows(menu: Menu) -> dict[str, Any]:
    """Every question's defaults as writable NumPy arrays."""
    return {name: jax.tree.map(lambda leaf: np.array(leaf), question.default()) for name, question in menu.items()}


def write_answers(
    questions: Mapping[str, Question],
    rows: dict[str, Any],
    words: Words,
    decision: HostedDecision,
    handle: Callable[[str], int],
) -> tuple[set[str], list[Incident]]:
    """Write one seat's answers into the rows; what is not legal is left at the default.

    Args:
        questions: of the menu, by name, NumPy arrays.
        rows: from `blank_rows`, changed in place.
        words: what the seat was asked.
        decision: what it answered.
        handle: puts a text into the table and returns its handle.

    Returns:
        The questions that the seat answered in full, and a `default` incident for each answer that is missing or illegal.
    """
    incidents: list[Incident] = []
    missing: set[str] = set()
    for ask in words.asks:
        answer = decision.acts.get(ask.name)
        problem = "no answer" if answer is None else illegal(ask, answer)
        if problem:
            missing.add(ask.name.split("/")[0])
            said_nothing = ask.kind == "say" and answer is None
            already = any(own.kind == "default" and own.question == ask.name for own in decision.incidents)
            if not (said_nothing or already):
                incidents.append(Incident("default", ask.name, problem))
            continue
        assert answer is not None
        _write(questions, rows, words.seat, ask, handle(str(answer)) if ask.kind == "say" else answer)
    answered = {ask.name.split("/")[0] for ask in words.asks} - missing
    return answered, incidents


def illegal(ask: Ask, answer: int | float | str) -> str:
    """Why an answer is not legal, in a few words; empty if it is."""
    if ask.kind == "say":
        return "" if isinstance(answer, str) and answer.strip() else "empty words"
    if isinstance(answer, (str, bool)) or not np.isfinite(answer):
        return f"{str(answer)[:40]!r} is not a number"
    if ask.kind == "choice":
        return "" if answer in ask.answers else f"{answer} is none of {ask.answers}"
    if ask.whole and answer != int(answer):
        return f"{answer} is not a whole number"
    return "" if ask.low <= answer <= ask.high else f"{answer} is not in [{ask.low:g}, {ask.high:g}]"


def _write(questions: Mapping[str, Question], rows: dict[str, Any], seat: int, ask: Ask, answer: int | float | str) -> None:
    name, *rest = ask.name.split("/")
    question, row = questions[name], rows[name]
    if isinstance(question, Record):
        place = question.names.index(rest[0])
        question, row, rest = question.fields[place], row[place], rest[1:]
    if isinstance(question, Choice) and question.to is not None:
        row[seat] = (int(row[seat]) & ~(1 << int(rest[0]))) | (int(answer) << int(rest[0]))
    elif rest:
        row[seat, int(rest[0])] = answer
    else:
        row[seat] = answer
