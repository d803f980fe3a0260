"""The mind card as HTML: a chapter of a run's report, or a page of its own."""

from __future__ import annotations

import os
from pathlib import Path

from commonweal.analysis.cards import Card, Measure, Probe, read_card
from commonweal.analysis.drawing import Interval, ProfilePoint, draw_profile, span_range
from commonweal.analysis.figures import Figure
from commonweal.analysis.finding import say_number
from commonweal.analysis.page import (
    escape_text,
    write_figure,
    write_page,
    write_pairs,
    write_section,
    write_table_html,
    write_warning,
)
from commonweal.core.errors import LogError

_WAYS = {
    "letters": "one letter, by its probability or as the whole reply",
    "forms": "a reply under a form",
    "free": "free text that begins with a letter",
}
_SHORT = {"option order": "order", "option order, size": "order, size", "paraphrase, size": "wording, size"}


def write_card_page(directory: Path) -> Path:
    """Write `card.html` beside the `card.json` of a folder.

    Raises:
        LogError: there is no card, it is damaged or of another version, or the page cannot be written.
    """
    directory = Path(directory)
    card = read_card(directory)
    if card is None:
        raise LogError(f"{directory}: found no card.json; expected one, as `commonweal card` writes it. Make the card first.")
    head = (
        f'<header><div class="study">commonweal mind card</div><h1>{escape_text(card.model)}</h1>'
        f'<p class="answer">{escape_text(card.summary)}</p>{_warn(card)}</header>'
    )
    body = "\n".join((head, *(write_section(title, html) for title, html in _chapters(card))))
    path = directory / "card.html"
    scratch = path.with_suffix(".html.part")
    try:
        scratch.write_text(write_page(f"Mind card: {card.model}", body), encoding="utf-8")
        os.replace(scratch, path)
    except OSError as error:
        raise LogError(f"{path}: cannot be written ({error.strerror}). Make room or a writable folder.") from error
    return path


def write_card(card: Card) -> str:
    """The card as blocks of HTML, for a section of a report.

    Args:
        card: what `read_card` gave.
    """
    chapters = "".join(f"<h3>{escape_text(title)}</h3>{html}" for title, html in _chapters(card))
    return f"{_warn(card)}<p>{escape_text(card.summary)}</p>{chapters}"


def _warn(card: Card) -> str:
    if not card.null_model:
        return ""
    words = f"Null model. {card.model} is a negative control: its figures are the size of wording artefacts."
    return write_warning(words)


def _chapters(card: Card) -> tuple[tuple[str, str], ...]:
    return (
        ("What moves its choices", _write_probes(card)),
        ("Legal answers", _write_legal(card)),
        ("Does it name what is tested?", _write_awareness(card)),
        ("Does it repeat itself?", _write_steadiness(card)),
        ("Tokens and time", _write_cost(card)),
        ("How it was measured", _write_method(card)),
    )


def _unit(card: Card) -> str:
    return "nats" if card.scale == "nats" else "share of helpful answers"


def _write_probes(card: Card) -> str:
    rows = [
        (
            probe.name,
            probe.what,
            _said(probe.effect.value, probe.signed),
            _limits(probe.effect),
            _said(probe.share, probe.signed),
            f"{probe.effect.n}",
            probe.reading,
        )
        for probe in card.probes
    ]
    head = ("probe", "what", f"effect, {_unit(card)}", "95 % interval", "in answers", "stories", "reading")
    return write_figure(_draw_probes(card), "What moves it.") + write_table_html(head, rows, frozenset({2, 3, 4, 5}))


def _draw_probes(card: Card) -> Figure | None:
    """The effects with their intervals, in two panels, so that names stay apart."""
    known = [probe for probe in card.probes if probe.effect.value is not None]
    if not known:
        return None
    ends = [end for probe in known for end in (probe.effect.value, probe.effect.low, probe.effect.high)]
    span = span_range([0.0, *ends])
    signed, sizes = ([probe for probe in known if probe.signed is side] for side in (True, False))
    panels = tuple(
        draw_profile(title, "", f"effect, {_unit(card)}", [_point(probe) for probe in probes], span)
        for title, probes in (("With their sign", signed), ("Sizes", sizes))
        if probes
    )
    null = "Null model: these are sizes of wording artefacts. " if card.null_model else ""
    caption = (
        f"{null}Effects on the log-odds of helping, with 95 % intervals over {card.stories} stories; the bar marks 0."
        if card.scale == "nats"
        else f"{null}Effects on the share of helpful answers, with 95 % intervals over {card.stories} stories; the bar marks 0."
    )
    return Figure(panels, "", caption)


def _point(probe: Probe) -> ProfilePoint:
    effect = probe.effect
    assert effect.value is not None
    return ProfilePoint(_SHORT.get(probe.name, probe.name), Interval(effect.value, effect.low, effect.high), 0.0)


def _write_legal(card: Card) -> str:
    rows = [
        (words, _said(card.legal[way].value), _limits(card.legal[way]), f"{card.legal[way].n}") for way, words in _WAYS.items()
    ]
    table = write_table_html(("asked for", "share legal", "95 % interval", "stories"), rows, frozenset({1, 2, 3}))
    mass = "" if card.label_mass is None else f"The two letters hold {card.label_mass:.2f} of the probability on average."
    return table + (f"<p class=meta>{escape_text(mass)}</p>" if mass else "")


def _write_awareness(card: Card) -> str:
    aware = card.awareness
    rows = [
        ("in its own words", _said(aware.named), f"{_said(aware.named_others)} for the others", _limits(aware.beyond)),
        (
            "from a list",
            _said(aware.chosen.value),
            f"{aware.chance:.2f} by chance",
            _limits(aware.chosen),
            f"{aware.chance:.2f}",
        ),
    ]
    head = ("asked", "right", "against", "95 % interval")
    table = write_table_html(head, rows, frozenset({1, 3}))
    note = "The interval of the first row is of the difference from the others; of the second, of the share."
    words = [(name, listed) for name, listed in aware.words.items()]
    said = [(hypothesis, text) for hypothesis, text in aware.texts]
    rule = f"<details><summary>the rule</summary><p>{escape_text(aware.rule)}</p>{write_pairs(words)}</details>"
    texts = write_table_html(("tested", "what it wrote"), said, frozenset())
    return f"{table}<p class=meta>{escape_text(note)}</p>{rule}<details><summary>what it wrote</summary>{texts}</details>"


def _write_steadiness(card: Card) -> str:
    own = card.steadiness
    pairs = [
        ("asked again, alone", f"{own.same} of {own.calls} calls gave the same bits in {own.repeats} rounds"),
        ("spread of a call", f"{_said(own.spread.value)} {_unit(card)} ({_limits(own.spread)})"),
        ("written again", f"{own.texts_same} of {own.texts} texts were the same"),
        ("all at once", f"{own.same_together} of {own.calls} calls gave the bits that they gave alone; {own.reading}"),
        (
            "shift among many",
            f"{_said(own.shift.value, True)} {_unit(card)} ({_limits(own.shift)}); largest {_said(own.largest)}",
        ),
    ]
    return write_pairs(pairs)


def _write_cost(card: Card) -> str:
    def said(name: str, form: str = ",.0f") -> str:
        value = card.cost[name]
        return "not measured" if value is None else format(value, form)

    decision = f"{said('prompt_tokens_per_decision')} tokens read, {said('new_tokens_per_decision')} written"
    pairs = [
        ("a decision", decision),
        ("one at a time", f"{said('seconds_alone', '.3g')} s a call, {said('calls_per_s_alone', ',.3g')} calls/s"),
        (f"{said('in_flight')} asked at once", f"{said('calls_per_s_many', ',.3g')} calls/s"),
        (
            "this card",
            f"{said('calls')} calls, {said('prompt_tokens')} tokens read, {said('new_tokens')} written, {said('seconds')} s",
        ),
    ]
    return write_pairs(pairs)


def _write_method(card: Card) -> str:
    words = (
        f"{card.questions:,} questions by letters over {card.stories} stories. The story is the unit of what moves choices: "
        "its wordings and orders are averaged first. Each interval is of 95 % and is not corrected for their number. "
        "Times are wall times on the machine that made the card, with whatever else ran there; within a run, "
        "its trials may be in flight beside what is called alone."
    )
    return f"<p>{escape_text(words)}</p>" + write_pairs([("model", card.model), ("digest", card.digest)], code=True)


def _said(value: float | None, sign: bool = False) -> str:
    return "not measured" if value is None else say_number(value, sign)


def _limits(measure: Measure) -> str:
    if measure.low is None or measure.high is None:
        return "none"
    return f"{say_number(measure.low)} to {say_number(measure.high)}"
