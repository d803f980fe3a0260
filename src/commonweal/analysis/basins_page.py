"""Basins as HTML: two branches along the setting, every trial as a dot, and where either branch flips."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from commonweal.analysis.basins import Basins, Branches, Setting, say_span
from commonweal.analysis.drawing import WIDTH, Range, draw_side, draw_text, span_range, wrap_panel
from commonweal.analysis.figures import MOST_PANELS, Figure
from commonweal.analysis.finding import say_number
from commonweal.analysis.page import escape_text, write_figure, write_table_html, write_warning
from commonweal.analysis.plans import Plan, say_level
from commonweal.statistics.basins import Bistability
from commonweal.statistics.inference import Estimate

_LEFT, _TOP, _HEIGHT = 50.0, 26.0, 210.0
_TONES = ("control", "treatment")
_MOST_DOTS = 60
"""Dots of one setting and start."""
_MOST_WORDS = 12
"""Sentences that are printed; the tables have everything."""


def write_basins(plan: Plan, found: Basins) -> str:
    """The basins of one part: a sentence and a panel for each combination of the other factors, and the table.

    Args:
        plan: of the run.
        found: what `find_basins` gave.
    """
    mark = "Null model. " if found.null_model else ""
    words = f"Null model. Part {found.part} runs on a negative control: its basins are those of wording artefacts."
    warning = write_warning(words) if found.null_model else ""
    card = plan.metrics[found.metric]
    panels = tuple(_draw(found, own, (card.low, card.high)) for own in found.branches[:MOST_PANELS])
    cut = f" The first {MOST_PANELS} of {len(found.branches)} are shown." if len(found.branches) > MOST_PANELS else ""
    legend = "".join(
        f'<span class="key {tone}">{escape(f"{found.start} {say_level(level)}")}</span>'
        for tone, level in zip(_TONES, found.starts, strict=True)
    )
    caption = (
        f"{mark}{found.metric} along {found.along} from two start states: a dot is a trial (the first {_MOST_DOTS} of each "
        "setting), a line joins the means, with their 95 % intervals over trials. Dashed: what parts the basins. Bands: where "
        f"seeds first cross it, coming from either start, 95 % intervals over seeds.{cut}"
    )
    sentences = "".join(f"<p>{escape_text(sentence)}</p>" for sentence in found.words[:_MOST_WORDS])
    return warning + sentences + write_figure(Figure(panels, legend, caption), "Branches.") + _write_table(found)


def _write_table(found: Basins) -> str:
    rows: list[tuple[str, ...]] = []
    for own in found.branches:
        where = ", ".join(f"{label} {say_level(level)}" for label, level in own.levels.items()) or "all"
        for setting in own.settings:
            rows.append(
                (
                    where,
                    f"{setting.place:g}".replace("-", "\u2212"),
                    *(_say(mean) for mean in setting.means),
                    _say(setting.difference, sign=True),
                    *(_say_modes(modes) for modes in setting.modes),
                )
            )
    first, second = (say_level(level) for level in found.starts)
    head = (
        "where",
        found.along,
        f"from {first}",
        f"from {second}",
        "difference",
        f"seeds from {first}",
        f"seeds from {second}",
    )
    table = write_table_html(head, rows, frozenset({1}))
    note = (
        "The difference's intervals hold for all settings together (95 %, Bonferroni). Seeds: whether trials of one start end "
        "in two places, by a mixture of two normals and Hartigan's dip, both at 5 %."
    )
    fold = f"<details><summary>Setting by setting</summary>{table}<p class=meta>{escape_text(note)}</p></details>"
    return _write_loops(found) + fold


def _write_loops(found: Basins) -> str:
    rows: list[tuple[str, ...]] = []
    for own in found.branches:
        if own.decided is not None:
            where = ", ".join(f"{label} {say_level(level)}" for label, level in own.levels.items()) or "all"
            loop = () if own.loop is None else (own.loop.up, own.loop.down, own.loop.width)
            told = tuple(say_span(estimate) for estimate in loop) or ("none",) * 3
            rows.append((where, say_span(own.decided), *told, f"{own.decided.n:,}"))
    first, second = (f"first flip from {say_level(level)}" for level in found.starts)
    head = ("where", "the start decides along", first, second, "width between first flips", "seeds")
    return write_table_html(head, rows, frozenset({5})) if rows else ""


def _say(estimate: Estimate, sign: bool = False) -> str:
    limits = f"{say_number(estimate.low)} to {say_number(estimate.high)}" if estimate.bounded else "no interval"
    return f"{say_number(estimate.value, sign)} ({limits})"


def _say_modes(modes: Bistability | None) -> str:
    if modes is None:
        return "not asked"
    if not modes.found:
        return f"one place (dip p = {modes.dip_p:.2g})"
    return f"{say_number(modes.low)} and {say_number(modes.high)} ({modes.share_high:.0%} in the higher)".replace("%", " %")


def _draw(found: Basins, own: Branches, ends: tuple[float | None, float | None]) -> str:
    """One panel."""
    numbers = [value for setting in own.settings for side in setting.values for value in side]
    span = span_range(numbers, *ends)
    across = Range(own.settings[0].place, own.settings[-1].place)

    def x(value: float) -> float:
        return across.place(value, _LEFT + 16, WIDTH - 20)

    def y(value: float) -> float:
        return span.place(min(max(value, span.low), span.high), _TOP + 0.92 * _HEIGHT, _TOP + 0.08 * _HEIGHT)

    foot = _TOP + _HEIGHT
    title = ", ".join(f"{label} {say_level(level)}" for label, level in own.levels.items())
    drawn = [draw_text(_LEFT, 15, title, "head", "start")] if title else []
    for tick in span.ticks():
        drawn.append(f'<path d="M{_LEFT:.1f} {y(tick):.1f}H{WIDTH - 4}" class="grid"/>')
        drawn.append(draw_text(_LEFT - 6, y(tick) + 4, f"{tick:g}".replace("-", "\u2212"), "tick", "end"))
    if own.loop is not None:
        drawn += [_draw_band(flip, tone, x) for tone, flip in zip(_TONES, (own.loop.up, own.loop.down), strict=True)]
    drawn.append(f'<path d="M{_LEFT:.1f} {y(own.level):.1f}H{WIDTH - 4}" class="theory" style="stroke-width:1"/>')
    room = min(9.0, 0.3 * (WIDTH - _LEFT) / len(own.settings))
    for side, tone in enumerate(_TONES):
        drawn.append(_draw_branch(own.settings, side, tone, room * (side - 0.5), (x, y)))
    drawn += [draw_text(x(tick), foot + 15, f"{tick:g}".replace("-", "\u2212"), "tick") for tick in across.ticks()]
    drawn.append(draw_text(_LEFT + (WIDTH - _LEFT) / 2, foot + 31, found.along, "axis"))
    drawn.append(draw_side(13, _TOP + _HEIGHT / 2, found.metric))
    return wrap_panel(drawn, foot + 38, f"{found.metric} along {found.along} from two starts {title}")


def _draw_band(flip: Estimate, tone: str, x: Callable[[float], float]) -> str:
    if not flip.bounded:
        return ""
    left, right = x(flip.low), x(flip.high)
    box = f'x="{left:.1f}" y="{_TOP:.1f}" width="{max(right - left, 1.0):.1f}" height="{_HEIGHT:.1f}"'
    hover = f"<title>{escape(f'flips at {flip.value:.3g}, interval {flip.low:.3g} to {flip.high:.3g}')}</title>"
    return f'<rect {box} style="fill:var(--{tone});fill-opacity:.16;stroke:none">{hover}</rect>'


def _draw_branch(
    settings: tuple[Setting, ...],
    side: int,
    tone: str,
    shift: float,
    axes: tuple[Callable[[float], float], Callable[[float], float]],
) -> str:
    """The dots of one start, and its means joined by a line; a little beside the setting, so that starts are told apart."""
    x, y = axes
    dots, drawn = list[str](), list[str]()
    for setting in settings:
        for i, value in enumerate(setting.values[side][:_MOST_DOTS]):
            dots.append(f"M{x(setting.place) + shift + ((i * 0.7548776662) % 1 - 0.5) * 1.2 * abs(shift):.1f} {y(value):.1f}h0")
    drawn.append(f'<path d="{"".join(dots)}" class="dots {tone}" stroke-width="3.4" style="stroke-opacity:.35"/>')
    line = "L".join(f"{x(setting.place) + shift:.1f} {y(setting.means[side].value):.1f}" for setting in settings)
    drawn.append(f'<path d="M{line}" class="course {tone}"/>')
    for setting in settings:
        mean, at = setting.means[side], x(setting.place) + shift
        words = f"{setting.place:g}: mean {mean.value:.3g}, n = {mean.n}"
        bar = ""
        if mean.bounded:
            words += f", interval {mean.low:.3g} to {mean.high:.3g}"
            bar = f'<path d="M{at:.1f} {y(mean.high):.1f}V{y(mean.low):.1f}" class="course {tone}"/>'
        dot = f'<circle cx="{at:.1f}" cy="{y(mean.value):.1f}" r="3" style="fill:var(--{tone})"/>'
        drawn.append(f"<g><title>{escape(words)}</title>{bar}{dot}</g>")
    return "".join(drawn)
