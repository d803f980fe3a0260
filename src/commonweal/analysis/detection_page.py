"""What a detector sees, as HTML: a sentence, a table of areas, and ROC curves for each cell beside the innocent one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

from commonweal.analysis.detection import ALARMS, Detection, Suspect
from commonweal.analysis.drawing import WIDTH, Range, draw_side, draw_text, wrap_panel
from commonweal.analysis.figures import MOST_PANELS, Figure
from commonweal.analysis.finding import say_number
from commonweal.analysis.page import escape_text, write_figure, write_section, write_table_html
from commonweal.analysis.plans import Level, Plan, say_level
from commonweal.statistics.inference import Estimate

_TONES = ("treatment", "control", "other")
_LEFT, _TOP, _HEIGHT = 50.0, 26.0, 190.0
_UNIT = Range(0.0, 1.0)


def write_detection(plan: Plan, found: Sequence[Detection]) -> str:
    """The section of all screens of a study; nothing where it has none.

    Args:
        plan: of the run.
        found: what `find_detection` gave.
    """
    groups: dict[tuple[str, str], list[Detection]] = {}
    for one in found:
        groups.setdefault((one.part, say_place(one.innocent, {})), []).append(one)
    return write_section("What a detector sees", *(_write_part(plan, group) for group in groups.values()))


def _write_part(plan: Plan, screens: Sequence[Detection]) -> str:
    first = screens[0]
    usual = usual_levels([cell.levels for cell in plan.part(first.part).cells])
    known = f"{first.n:,} trials that are known to be innocent ({say_place(first.innocent, {})})"
    accused = " and ".join(f"{screen.guilty} {screen.metric}" for screen in screens)
    suspects = sorted({one.cell: one for screen in screens for one in screen.suspects}.values(), key=lambda one: one.cell)
    rows = [
        (say_place(one.levels, usual), screen.metric, *_write_suspect(found))
        for one in suspects
        for screen in screens
        if (found := _of(screen, one.cell)) is not None
    ]
    head = ("cell", "screen", "area", "95 % interval", f"found at {ALARMS:.0%} false alarms".replace("%", " %"))
    opening = (
        f"In part {first.part}, trials of each cell are told from {known}: the guilty are said to have {accused}. An area "
        "under the ROC curve of 0.5 is a screen that sees nothing, 1 one that never errs; below 0.5 it points at the innocent."
    )
    about = f"The usual levels, where a cell does not say another: {say_place(usual, {})}." if len(usual) > 1 else ""
    panels = tuple(
        _draw([(screen, _of(screen, one.cell)) for screen in screens], say_place(one.levels, usual)) for one in suspects
    )
    legend = "".join(f'<span class="key {_tone(i)}">{escape(screen.metric)}</span>' for i, screen in enumerate(screens))
    cut = f" The first {MOST_PANELS} of {len(panels)} cells are shown." if len(panels) > MOST_PANELS else ""
    caption = (
        "Share of a cell's trials that is accused against the share of innocent trials that is accused with them, over all "
        f"thresholds; the diagonal is chance.{cut}"
    )
    figure = write_figure(Figure(panels[:MOST_PANELS], legend, caption), "ROC.") if panels else ""
    table = write_table_html(head, rows, frozenset({2, 3, 4}))
    return f"<p>{escape_text(opening)}</p>{table}<p class=meta>{escape_text(about)}</p>{figure}"


def _of(screen: Detection, cell: int) -> Suspect | None:
    return next((one for one in screen.suspects if one.cell == cell), None)


def _write_suspect(one: Suspect) -> tuple[str, str, str]:
    return say_number(one.area.value), _limits(one.area), f"{one.power:.0%}".replace("%", " %")


def _limits(area: Estimate) -> str:
    return f"{say_number(area.low)} to {say_number(area.high)}" if area.bounded else "none"


def usual_levels(cells: Sequence[Mapping[str, Level]]) -> dict[str, Level]:
    """The level of each factor that most cells have, the first of them where several are as frequent.

    Args:
        cells: levels of each cell.
    """
    labels = dict.fromkeys(label for levels in cells for label in levels)
    return {label: Counter(levels[label] for levels in cells if label in levels).most_common(1)[0][0] for label in labels}


def say_place(levels: Mapping[str, Level], usual: Mapping[str, Level]) -> str:
    """Levels in words, those left out that are usual.

    Args:
        levels: by factor.
        usual: what is left out, by factor.
    """
    told = [f"{label} {say_level(level)}" for label, level in levels.items() if usual.get(label) != level]
    return ", ".join(told) or "the usual levels"


def _tone(i: int) -> str:
    return _TONES[min(i, len(_TONES) - 1)]


def _draw(curves: Sequence[tuple[Detection, Suspect | None]], title: str) -> str:
    """One panel: the curve of each screen for one cell."""
    right, foot = WIDTH - 8.0, _TOP + _HEIGHT
    drawn = [draw_text(_LEFT, 15, title, "head", "start")]
    for share in (0.0, 0.5, 1.0):
        x, y = _UNIT.place(share, _LEFT, right), _UNIT.place(share, foot, _TOP)
        drawn.append(f'<path d="M{_LEFT:.1f} {y:.1f}H{right:.1f}" class="grid"/>')
        drawn.append(draw_text(_LEFT - 6, y + 4, f"{share:g}", "tick", "end"))
        drawn.append(draw_text(x, foot + 15, f"{share:g}", "tick"))
    drawn.append(f'<path d="M{_LEFT:.1f} {foot:.1f}L{right:.1f} {_TOP:.1f}" class="grid"/>')
    for i, (screen, one) in enumerate(curves):
        if one is None:
            continue
        places = [
            f"{_UNIT.place(alarm, _LEFT, right):.1f} {_UNIT.place(share, foot, _TOP):.1f}"
            for alarm, share in zip(one.alarms, one.found, strict=True)
        ]
        hover = f"<title>{escape(screen.metric)}: area {one.area.value:.2f}</title>"
        drawn.append(f'<path d="M{"L".join(places)}" class="course {_tone(i)}">{hover}</path>')
    drawn.append(draw_text((_LEFT + right) / 2, foot + 31, "innocent trials accused", "axis"))
    drawn.append(draw_side(13, (_TOP + foot) / 2, "trials accused"))
    return wrap_panel(drawn, foot + 38, f"{title}: ROC curve")
