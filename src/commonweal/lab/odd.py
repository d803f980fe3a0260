"""A description of the model after the ODD protocol, generated from the study's value.

Source: V. Grimm et al., "The ODD protocol ... a second update", JASSS 23(2) 7 (2020).
"""

from __future__ import annotations

import inspect
import sys

from commonweal.core.parts import HostedMind, Institution
from commonweal.lab.study import Part, Study


def describe_model(study: Study) -> dict[str, str]:
    """The seven elements of ODD, in words, from the parts that the study is made of."""
    worlds = _each(part.society.world for part in study.parts)
    minds = _each(mind for part in study.parts for mind in part.society.minds.values)
    rules = _each(rule for part in study.parts for rule in _unwrapped(part))
    channels = _each(part.society.channel for part in study.parts)
    submodels = [f"{type(part).__name__}: {_summary(part)}" for part in (*worlds, *minds, *rules, *channels)]
    hosted = any(isinstance(mind, HostedMind) for mind in minds)
    return {
        "Purpose and patterns": f"{study.question} {study.doc}".strip(),
        "Entities, state variables and scales": "; ".join(
            f"{part.name}: {part.society.seats.n if not _sized(part) else 'a varied number of'} seats, {_ticks(part)} "
            f"{part.society.world.tick_name}s, world {type(part.society.world).__name__}, minds "
            f"{', '.join(part.society.minds)}, rules {', '.join(part.society.rules) or 'none'}"
            for part in study.parts
        ),
        "Process overview and scheduling": "Each tick every seat is offered a view; all decide at once from that snapshot; the "
        "rules bind the acts, the world steps, the rules settle payoffs in their order, purses are paid in whole units, the "
        "channel delivers, heirs are seated. The next tick sees the result."
        + (" Language minds are asked in the same place and committed in seat order." if hosted else ""),
        "Design concepts": "Interaction through the world, the rules and the channel only. Stochasticity: named counter-based "
        "streams from one seed a trial, shared by the cells of a part. Observation: metrics read inside the run.",
        "Initialization": "; ".join(f"{part.name}: {str(part.society).splitlines()[0]}" for part in study.parts),
        "Input data": "None.",
        "Submodels": " ".join(submodels),
    }


def _ticks(part: Part) -> str:
    return "a varied number of" if any(factor.lens.lasts for factor in part.factors) else str(part.ticks)


def _sized(part: Part) -> bool:
    return any(factor.lens.path == ("n",) for factor in part.factors)


def _unwrapped(part: Part) -> list[Institution]:
    found: list[Institution] = []
    for rule in part.society.rules.values:
        own: object = rule
        while isinstance(own, Institution):
            found.append(own)
            own = getattr(own, "inner", None)
    return found


def _each(parts: object) -> list[object]:
    found: dict[type, object] = {}
    for part in parts:  # pyright: ignore[reportGeneralTypeIssues]
        found.setdefault(type(part), part)
    return list(found.values())


def _summary(part: object) -> str:
    text = inspect.getdoc(sys.modules[type(part).__module__]) or inspect.getdoc(type(part)) or ""
    return text.split("\n\n")[0].replace("\n", " ")
