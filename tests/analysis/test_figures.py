import dataclasses
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from commonweal.analysis.drawing import Course, draw_courses
from commonweal.analysis.estimates import write_estimates
from commonweal.analysis.figures import (
    choose_layout,
    choose_pair,
    draw_acts,
    draw_arms,
    draw_phase_map,
    draw_theory,
    draw_trace,
)
from commonweal.analysis.findings import read_findings
from commonweal.analysis.plans import read_plan
from commonweal.analysis.trials import read_trials


@pytest.fixture(scope="module")
def run(finished):
    means = read_findings(write_estimates(finished).parent).index_means()
    return finished, read_plan(finished), read_trials(finished), means


def texts(panel, style):
    return [t.text for t in ET.fromstring(panel).iter("text") if t.get("class") in style]


def test_the_primary_factor_goes_up_the_side(run):
    _, plan, _, _ = run
    layout = choose_layout(plan.part("scripted"), "detection probability")
    assert (layout.x.label, layout.y.label, layout.panel.label) == ("ruthless share", "detection probability", "population")
    alone = choose_layout(plan.part("language"), "detection probability")
    assert (alone.x.label, alone.y, alone.panel) == ("audit", None, None)
    assert choose_layout(dataclasses.replace(plan.part("language"), factors=()), "x") is None
    other = choose_layout(plan.part("scripted"), "nothing")
    assert (other.x.label, other.y.label) == ("ruthless share", "detection probability")


def test_a_phase_map_shows_each_cells_mean(run):
    _, plan, _, means = run
    figure = draw_phase_map(plan, plan.part("scripted"), "survived", means)
    assert len(figure.panels) == 2
    shown = texts(figure.panels[1], ("onpale", "ondeep"))
    part = plan.part("scripted")
    expected = []
    for detect in (0.0, 0.25, 0.5):
        for share in part.factors[0].levels:
            levels = {"ruthless share": share, "detection probability": detect, "population": 50.0}
            cell = next(c.cell for c in part.cells if c.levels == levels)
            expected.append(f"{means['scripted', cell, 'survived'].value:.2f}".rstrip("0").rstrip(".") or "0")
    assert shown == expected
    assert 'class="theory"' in figure.panels[0]
    assert 'class="theory"' not in draw_phase_map(plan, part, "welfare", means).panels[0]
    assert draw_phase_map(plan, plan.part("language"), "survived", means) is None


def test_dots_count_every_trial(run):
    _, plan, trials, _ = run
    figure = draw_arms(plan, plan.part("scripted"), "survived", trials)
    dots = sum(len(re.findall("h0", p.get("d"))) for panel in figure.panels for p in ET.fromstring(panel).iter("path"))
    assert dots >= 660
    assert texts(figure.panels[0], ("small",)) == ["n = 110"] * 3
    assert "up and down" in figure.caption
    assert "up and down" not in draw_arms(plan, plan.part("scripted"), "efficiency", trials).caption
    assert "(treatment)" in figure.legend
    assert draw_arms(plan, plan.part("language"), "survived", trials).legend == ""


def test_theory_stands_beside_every_cell(run):
    _, plan, _, means = run
    figure = draw_theory(plan, plan.part("scripted"), means)
    assert len(figure.panels) == 6
    assert sum(panel.count('class="expected"') for panel in figure.panels) == 66
    assert sum(panel.count('class="mean"') for panel in figure.panels) == 66
    inside = sum(
        finding.low <= cell.theory <= finding.high
        for cell in plan.part("scripted").cells
        for finding in [means["scripted", cell.cell, "survived"]]
    )
    assert f"Of 66 cells, {inside} have the theory value inside" in figure.caption
    assert draw_theory(plan, plan.part("language"), means) is None


def test_the_trace_shows_one_seed_in_both_arms(run):
    directory, plan, trials, _ = run
    (control, low), (treatment, high) = choose_pair(plan, trials)
    assert (low, high) == ("control", "treatment")
    cells = {cell.cell: cell.levels for cell in plan.part("scripted").cells}
    assert cells[control[1]] | {"detection probability": 0.5} == cells[treatment[1]]
    assert control[2] == treatment[2]
    index = {key: i for i, key in enumerate(zip(trials.part, trials.cell, trials.seed, strict=True))}
    assert trials.metrics["survived"][index[control]] != trials.metrics["survived"][index[treatment]]
    figure = draw_trace(plan, trials, directory)
    assert [texts(panel, ("head",))[0] for panel in figure.panels] == ["world.stock", "world.harvest", "ledger.purse"]
    assert figure.panels[0].count("course") == 2
    assert "mark control" in figure.panels[0]
    assert "an example, not evidence" in figure.caption


def test_without_pairs_one_trial_is_shown(run):
    _, plan, trials, _ = run
    own = trials.where((trials.part == "scripted") & (trials.factors["detection probability"] == 0.25))
    assert len(choose_pair(plan, own)) == 1
    assert choose_pair(plan, trials.where(trials.part == "none")) == ()


def test_acts_are_a_line_an_agent(run):
    directory, plan, _, _ = run
    figure = draw_acts(directory, ("language", 0, 0), plan.part("language"))
    assert len(figure.panels) == 1
    assert figure.panels[0].count("course other") == 5
    assert draw_acts(directory, ("scripted", 0, 0), plan.part("scripted")) is None


def test_acts_of_a_long_trial_are_drawn_through_as_many_points_as_there_are_pixels(synthetic, tmp_path):
    key, ticks = ("language", 0, 0), 2400
    acts = np.random.default_rng(3).integers(2, 9, ticks).tolist()
    rows = [synthetic.header(key), synthetic.row(key, "reading", "ledger.purse", values=list(range(ticks)))]
    rows += [synthetic.row(key, "trace", "act.harvest", agent=0, values=acts)]
    synthetic.write_plan(tmp_path)
    synthetic.write_logs(tmp_path, rows)
    part = read_plan(tmp_path).part("language")
    panel = draw_acts(tmp_path, key, dataclasses.replace(part, ticks=ticks)).panels[0]
    shown = [Course("agent 0", tuple(acts[::3]), "other", (), 3)]
    assert panel == draw_courses("harvest", "month", shown)
    path = next(p.get("d") for p in ET.fromstring(panel).iter("path") if "course" in (p.get("class") or ""))
    assert path.count("L") == 799
