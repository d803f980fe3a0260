"""A run's folder as design/002 has it, written without commonweal: two parts whose truth is known."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import duckdb
import numpy as np
import pytest

COLUMNS = (
    "{part: 'VARCHAR', cell: 'INTEGER', seed: 'INTEGER', kind: 'VARCHAR', name: 'VARCHAR', tick: 'INTEGER', "
    "agent: 'INTEGER', values: 'BIGINT[]', value: 'DOUBLE', text: 'VARCHAR'}"
)
SHARES = tuple(round(0.1 * i, 1) for i in range(11))
DETECTION = (0.0, 0.25, 0.5)
POPULATION = (5, 50)
ODD = {
    "purpose": "Find whether an audit keeps a shared resource alive when some of those who harvest it are ruthless.",
    "entities": "Seats (5 or 50) that harvest; one stock of fish; one auditor.",
    "process": "Each month: all choose a harvest, the audit draws whom it checks, fines are paid, the stock regrows.",
    "design concepts": "No learning. Minds do not change. Randomness: who is ruthless, who is audited.",
    "initialization": "The stock is full. Ruthless seats are drawn at random from the seed.",
    "input data": "None.",
}
METRICS = {
    "survived": ("1", 0.0, 1.0, "Piatti et al. 2024", "Whether the stock is above the collapse level at the end"),
    "efficiency": ("1", 0.0, 1.0, "Perolat et al. 2017", "Harvest over the best sustainable harvest"),
    "equality": ("1", 0.0, 1.0, "Perolat et al. 2017", "One minus the Gini coefficient of payoffs"),
    "welfare": ("tokens", 0.0, None, "this study", "Mean payoff of a seat"),
}
SAYINGS = (
    "We agreed on five tonnes each. I keep to it if you do.",
    "The lake looks lower than last month. Should we rest for a season?",
    "<script>document.title='owned'</script> <b>I take what I can.</b>",
    "\x1b[31mRed words\x1b[0m and \x1b]0;a new title\x07 nothing more, good.",
    "Five. Same as always.",
    "Nobody checks anyway, so what does it matter what we promise each other here?",
)


def critical(share, detect):
    """Theory of the scripted part: it survives while the undetected ruthless are fewer than a third."""
    return 1.0 if share * (1 - detect) < 0.35 else 0.0


def write_plan(directory, seeds=10, **changes):
    cells = [
        {
            "cell": i,
            "levels": {"ruthless share": s, "detection probability": d, "population": n},
            "theory": critical(s, d),
        }
        for i, (s, d, n) in enumerate((s, d, n) for s in SHARES for d in DETECTION for n in POPULATION)
    ]
    scripted = {
        "name": "scripted", "role": "main", "engine": "compiled", "ticks": 24, "seeds": seeds, "agents": None,
        "tick_name": "month", "society": "Society(Commons(capacity=100), Harvesters, rules=(audit,))",
        "null_model": False, "cells": cells,
        "factors": [
            {"label": "ruthless share", "lens": "seats.share[ruthless]", "levels": list(SHARES)},
            {"label": "detection probability", "lens": "rules.audit:Audit.detect", "levels": list(DETECTION)},
            {"label": "population", "lens": "seats.n", "levels": list(POPULATION)},
        ],
    }  # fmt: skip
    language = {
        "name": "language", "role": "control", "engine": "hosted", "ticks": 12, "seeds": 1, "agents": 5,
        "tick_name": "month", "society": "Society(Commons(capacity=100), LanguageMind, rules=(audit,))",
        "null_model": True,
        "factors": [{"label": "audit", "lens": "rules.audit:If.on", "levels": ["off", "on"]}],
        "cells": [{"cell": i, "levels": {"audit": level}, "theory": None} for i, level in enumerate(("off", "on"))],
    }  # fmt: skip
    plan = {
        "schema": "commonweal.plan/1",
        "study": {
            "name": "audit",
            "question": "Does an audit keep the commons alive when a tenth of the agents are ruthless?",
            "doc": "A shared fishery. Ruthless seats take more than their share; an audit finds some of them and fines.",
            "hypotheses": [
                "Survival rises with the detection probability.",
                "The share of ruthless seats that a commons can bear does not depend on population.",
            ],
            "primary": {
                "metric": "survived", "factor": "detection probability", "control": 0.0, "treatment": 0.5,
                "part": "scripted", "claim": "An audit that finds a ruthless harvest half the time",
            },
            "sources": ["ostrom1990"],
        },
        "metrics": {
            name: {"unit": unit, "low": low, "high": high, "source": source, "doc": doc}
            for name, (unit, low, high, source, doc) in METRICS.items()
        },
        "model": {"name": "smollm2-135m-instruct", "digest": "sha256:" + "ab" * 32, "null_model": True},
        "parts": [scripted, language],
        "theory": "mean field: the stock survives while the share of undetected ruthless seats is below 0.35",
        "odd": ODD,
        "cite": ["Ostrom, E. (1990). Governing the Commons. Cambridge University Press.", "Piatti et al. (2024)."],
        "versions": {"commonweal": "0.1.0", "jax": "0.6.0", "python": "3.11.2"},
        "predicted": {"trials": 66 * seeds + 2, "agent_steps": 36000, "model_calls": 240, "seconds": 60.0},
        "digest": "sha256:" + "cd" * 32,
    }  # fmt: skip
    plan |= changes
    (directory / "plan.json").write_text(json.dumps(plan))
    return plan


def row(key, kind, name, **fields):
    return {"part": key[0], "cell": key[1], "seed": key[2], "kind": kind, "name": name} | fields


def header(key):
    digest = "sha256:" + hashlib.sha256(repr(key).encode()).hexdigest()
    text = json.dumps(
        {"society_digest": f"sha256:{key[0]}", "log_digest": digest, "seed": key[2], "versions": {}, "record": []}
    )
    return row(key, "header", "trial", text=text)


def costs(key, calls, tokens, wall):
    numbers = {"calls": calls, "prompt_tokens": 400 * tokens, "new_tokens": 9 * tokens, "wall_ms": wall, "cpu_ms": wall}
    return [row(key, "cost", name, values=[n]) for name, n in numbers.items()]


def scripted_rows(key, levels, ticks=24):
    share, detect, n = levels["ruthless share"], levels["detection probability"], levels["population"]
    draws = np.random.default_rng(key[2])  # the same draws in every cell: common random numbers
    pull = share * (1 - detect) + draws.normal(0, 0.25 / np.sqrt(n))
    stock = np.clip(100 - np.arange(ticks) * max(0.0, pull - 0.1) * 18 + draws.normal(0, 1.5, ticks), 0, 100)
    survived = float(pull < 0.35)
    if not survived:
        stock[stock < 22] = 0
    harvest = (stock * 0.1 * (1 + share)).astype(int)
    efficiency = float(np.clip(1 - 0.8 * max(pull, 0) + draws.normal(0, 0.02), 0, 1))
    equality = 1.0 if share == 0 else float(np.clip(1 - 0.5 * share + draws.normal(0, 0.03), 0, 1))
    rows = [
        header(key),
        row(key, "reading", "world.stock", values=[int(x) for x in stock]),
        row(key, "reading", "world.harvest", values=[int(x) for x in harvest]),
        row(key, "reading", "ledger.purse", values=[int(x) for x in np.cumsum(harvest)]),
        row(key, "value", "survived", value=survived),
        row(key, "value", "efficiency", value=efficiency),
        row(key, "value", "equality", value=equality),
        row(key, "value", "welfare", value=float(harvest.sum() / n)),
    ]
    if not survived and (stock == 0).any():
        rows.append(row(key, "event", "collapse", tick=int(np.argmax(stock == 0)), values=[0], text="the stock is gone"))
    return rows + costs(key, 0, 0, 3)


def language_rows(key, agents=5, ticks=12, seats_speak=True):
    draws = np.random.default_rng([7, key[1], key[2]])
    stock = np.maximum(0, 100 - 3 * np.arange(ticks))
    rows = [header(key), row(key, "reading", "world.stock", values=[int(x) for x in stock])]
    rows += [row(key, "value", name, value=v) for name, v in (("survived", 1.0), ("efficiency", 0.6), ("equality", 0.9))]
    rows.append(row(key, "value", "welfare", value=12.5 + key[1]))
    if seats_speak:
        rows += [row(key, "text", "words", values=[i], text=text) for i, text in enumerate(SAYINGS)]
        for agent in range(agents):
            acts = draws.integers(2, 9, ticks).tolist()
            rows.append(row(key, "trace", "act.harvest", agent=agent, values=acts))
            rows.append(row(key, "trace", "payoff", agent=agent, values=[100 * a for a in acts]))
        for tick in range(ticks):
            for agent in range(agents):
                handle = int(draws.integers(len(SAYINGS)))
                rows.append(row(key, "event", "say", tick=tick, agent=agent, values=[handle]))
    rows.append(row(key, "event", "repair", tick=2, agent=1, values=[1], text="harvest: 'lots' is not in 0..10"))
    rows.append(row(key, "event", "default", tick=2, agent=1, values=[1], text="harvest: took the default, 0"))
    rows.append(row(key, "event", "audit", tick=5, agent=3, values=[40], text="found, fined 40"))
    return rows + costs(key, 2 * agents * ticks + 1, 100, 61_000)


def write_logs(directory, rows, name="scripted-0"):
    """Write rows as one chunk, through newline-delimited JSON, and return its path."""
    logs = directory / "logs"
    logs.mkdir(exist_ok=True)
    lines, path = directory / f"{name}.ndjson", logs / f"{name}.parquet"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_json('{lines}', columns = {COLUMNS}, format = 'newline_delimited')) "
            f"TO '{path}' (FORMAT parquet)"
        )
    lines.unlink()
    return path


def measure(name, value, low, high, n=12):
    return {name: value, "low": low, "high": high, "n": n}


def make_card(**changes):
    """A card as design/002 has it: of the plan's null model, moved by the order of options and not by payoffs."""
    probes = [
        ("payoffs", "helping pays more, minus taking pays more", 0.04, -0.05, 0.13, True, "not told from 0"),
        ("option order", "the helpful answer first, minus second", 1.31, 1.12, 1.5, True, "moves up"),
        ("option order, size", "the same, without its sign", 1.35, 1.2, 1.5, False, "a size, without sign"),
        ("paraphrase, size", "another wording, without its sign", 0.2, 0.1, 0.3, False, "a size, without sign"),
    ]
    card = {
        "schema": "commonweal.card/2", "model": "smollm2-135m-instruct", "digest": "sha256:" + "ab" * 32,
        "null_model": True, "scale": "nats", "level": 0.95, "stories": 12, "questions": 480,
        "legal": {way: measure("share", 1.0, 0.76, 1.0) for way in ("letters", "forms", "free")} | {"label_mass": 0.78},
        "probes": [
            {"name": name, "what": what, **measure("effect", value, low, high), "share": value / 10, "pairs": 48,
             "signed": signed, "reading": reading}
            for name, what, value, low, high, signed, reading in probes
        ],
        "awareness": {
            "text": {"named": 0.0, "named_others": 0.0, **measure("beyond", 0.0, -0.24, 0.24),
                     "texts": [{"hypothesis": "payoffs", "text": "<b>It is\x1b[31m a riddle.</b><script>x()</script>"}]},
            "list": {**measure("share", 0.25, 0.1, 0.4), "chance": 1 / 6},
            "rule": "A text names a hypothesis when ...", "words": {"payoffs": "payoff, earn"}, "hypotheses": ["whether"],
        },
        "determinism": {"calls": 16, "repeats": 3, "same": 16, **measure("spread", 0.0, 0.0, 0.0, 32), "texts": 12,
                        "texts_same": 12},
        "batch": {"together": 16, "same": 16, **measure("shift", 0.0, 0.0, 0.0, 16), "largest": 0.0,
                  "reading": "the same bits alone and among many"},
        "cost": {"calls": 616, "prompt_tokens": 47138, "new_tokens": 1419, "prompt_tokens_per_decision": 72.4,
                 "new_tokens_per_decision": 1.0, "seconds_alone": 0.31, "calls_per_s_alone": 3.2, "in_flight": 16,
                 "calls_per_s_many": 3.3, "seconds": 250.0},
        "summary": "Option order moves this model more than payoffs do: it is a negative control.",
    }  # fmt: skip
    return card | changes


def write_card(directory, **changes):
    (directory / "card.json").write_text(json.dumps(make_card(**changes)))


def write_run(directory: Path, seeds: int = 10):
    """A whole run: scripted trials in two chunks, one of them also run twice, and one chunk a language trial."""
    plan = write_plan(directory, seeds)
    rows = [
        scripted_rows(("scripted", cell["cell"], seed), cell["levels"])
        for cell in plan["parts"][0]["cells"]
        for seed in range(seeds)
    ]
    half = len(rows) // 2
    write_logs(directory, [r for trial in rows[half:] for r in trial], "scripted-0")
    write_logs(directory, [r for trial in rows[:half] for r in trial], "scripted-1")
    write_logs(directory, rows[0], "scripted-1-again")
    for cell in (0, 1):
        write_logs(directory, language_rows(("language", cell, 0)), f"language-{cell}")
    write_card(directory)
    return directory


@pytest.fixture(scope="session")
def synthetic():
    """The writers of this file, by name."""
    return SimpleNamespace(
        SHARES=SHARES,
        header=header,
        make_card=make_card,
        language_rows=language_rows,
        row=row,
        scripted_rows=scripted_rows,
        write_card=write_card,
        write_logs=write_logs,
        write_plan=write_plan,
        write_run=write_run,
    )


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished run with its table; tests only read it."""
    from commonweal.analysis.trials import write_table

    directory = write_run(tmp_path_factory.mktemp("run"))
    write_table(directory)
    return directory


@pytest.fixture
def write_ladder(tmp_path, synthetic):
    """Writes a finished run of a ladder: efficiency falls as size^-0.5, `jump` moves the held-out size off that law."""

    def write(jump=0.0, staged=True, run=True, null_model=False, factor="population", seeds=20):
        from commonweal.analysis.trials import write_table
        from commonweal.core import lens
        from commonweal.lab.designs.design import Seen
        from commonweal.lab.designs.ladder import Ladder
        from commonweal.lab.factors import Factor

        directory = tmp_path / f"ladder-{jump}-{staged}-{run}-{null_model}-{len(factor)}"
        directory.mkdir()
        anywhere = lens.size()
        factors = (Factor(factor, anywhere, (8, 16, 32, 64, 128)), Factor("detection probability", anywhere, (0.0, 0.5)))
        design, rng = Ladder(factor), np.random.default_rng(11)
        first = design.begin(factors, lambda levels: True)

        def trials(cells, start, first_seed, shift):
            rows = []
            for number, cell in enumerate(cells, start):
                for seed in range(first_seed, first_seed + seeds):
                    mean = 0.2 + float(cell.levels[factor]) ** -0.5 + 0.3 * float(cell.levels["detection probability"]) + shift
                    rows.append((number, seed, float(np.clip(mean + rng.normal(0, 0.05), 0, 1))))
            return rows

        rows = trials(first, 0, 0, 0.0)
        cell, seed, outcome = (np.array(column) for column in zip(*rows, strict=True))
        seen = Seen(factors, lambda levels: True, seeds, first, cell, seed, outcome, np.ones(cell.size), (0.0, 1.0))
        stage = design.extend(seen)
        if staged and run:
            rows += trials(stage.cells, len(first), seeds, jump)

        def plan_cells(cells, start, begin):
            return [
                {"cell": i, "levels": dict(own.levels), "theory": None, "seeds": [begin, seeds], "why": own.why}
                for i, own in enumerate(cells, start)
            ]

        part = {
            "name": "scripted", "role": "main", "engine": "compiled", "ticks": 12, "seeds": seeds, "agents": None,
            "tick_name": "month", "society": "Society()", "null_model": null_model, "design": design.facts(),
            "factors": [{"label": own.label, "lens": "seats.n", "levels": list(own.levels)} for own in factors],
            "cells": plan_cells(first, 0, 0),
        }  # fmt: skip
        plan = write_plan(directory, parts=[part])
        plan["study"]["primary"]["metric"] = "efficiency"
        (directory / "plan.json").write_text(json.dumps(plan))
        if staged:
            (directory / "stages").mkdir()
            written = {"schema": "commonweal.stage/1", "part": "scripted", "stage": 1, "prediction": stage.prediction,
                       "cells": plan_cells(stage.cells, len(first), seeds),
                       "written": "2026-01-01T00:00:00+00:00"}  # fmt: skip
            (directory / "stages" / "0001.json").write_text(json.dumps(written))
        logs = []
        for number, own, value in rows:
            key = ("scripted", number, own)
            logs += [header(key), row(key, "value", "efficiency", value=value), *costs(key, 0, 0, 3)]
        write_logs(directory, logs)
        write_table(directory)
        return directory

    return write


@pytest.fixture
def odd_run(tmp_path):
    """A finished run of 8 cells of 30 trials with one odd trial, 4/2."""
    from commonweal.analysis.trials import write_table

    directory, rng = tmp_path / "odd", np.random.default_rng(2)
    directory.mkdir()
    factors = [
        {"label": "detection probability", "lens": "x", "levels": [0.0, 0.5]},
        {"label": "population", "lens": "y", "levels": [5, 10, 20, 50]},
    ]
    cells = [
        {"cell": i, "theory": None, "levels": {"detection probability": d, "population": n}}
        for i, (d, n) in enumerate((d, n) for d in (0.0, 0.5) for n in (5, 10, 20, 50))
    ]
    part = {
        "name": "scripted", "role": "main", "engine": "compiled", "ticks": 24, "seeds": 30, "agents": None,
        "tick_name": "month", "society": "S", "null_model": False, "factors": factors, "cells": cells,
    }  # fmt: skip
    write_plan(directory, parts=[part])
    rows = []
    for cell in range(8):
        for seed in range(30):
            key = ("scripted", cell, seed)
            stock = np.round(200 + 10 * cell + np.cumsum(rng.normal(0, 2, 24)) + (300 if (cell, seed) == (4, 2) else 0))
            rows += [header(key), row(key, "reading", "world.stock", values=[int(x) for x in stock])]
            rows += [row(key, "value", "survived", value=1.0), *costs(key, 0, 0, 3)]
    write_logs(directory, rows)
    write_table(directory)
    return directory


def plan_cells(cells, start=0, seeds=10):
    """Cells of a design as `plan.json` and the files of later stages have them."""
    return [
        {
            "cell": i, "levels": dict(own.levels), "theory": None, "why": own.why,
            "seeds": [own.first, seeds if own.seeds is None else own.seeds],
        }
        for i, own in enumerate(cells, start)
    ]  # fmt: skip


def zoom_part(factors, design, cells, null_model=False):
    shown = [
        {
            "label": own.label, "lens": "rules.x", "levels": list(own.levels), "whole": own.whole,
            "logarithmic": own.logarithmic, "range": [own.low, own.high] if own.ranged else None,
        }
        for own in factors
    ]  # fmt: skip
    return {
        "name": "map", "role": "control", "engine": "compiled", "ticks": 12, "seeds": 10, "agents": 5, "tick_name": "month",
        "society": "Society()", "null_model": null_model, "design": design.facts(), "factors": shown, "cells": cells,
    }  # fmt: skip


def plain_part(seeds):
    cells = [{"cell": i, "levels": {"detection probability": d}, "theory": None} for i, d in enumerate((0.0, 0.5))]
    return {
        "name": "scripted", "role": "main", "engine": "compiled", "ticks": 12, "seeds": seeds, "agents": 5,
        "tick_name": "month", "society": "Society()", "null_model": False, "cells": cells,
        "factors": [{"label": "detection probability", "lens": "rules.audit:Audit.detect", "levels": [0.0, 0.5]}],
    }  # fmt: skip


@pytest.fixture(scope="session")
def write_zoom(tmp_path_factory):
    """Writes a finished run of a plain part and a zoom: `chance(levels)` is that of survival, `later` the cells of a stage."""

    def write(chance, factors, design, later=(), null_model=False):
        from commonweal.analysis.trials import write_table

        directory, rng = tmp_path_factory.mktemp("zoom"), np.random.default_rng(5)
        cells = design.begin(factors, lambda levels: True)
        part = zoom_part(factors, design, plan_cells(cells), null_model)
        plan = write_plan(directory, parts=[plain_part(10), part], theory="none known")
        (directory / "stages").mkdir()
        written = {"part": "map", "stage": 1, "prediction": None, "cells": plan_cells(later, len(cells))}
        (directory / "stages" / "0001.json").write_text(json.dumps(written))
        rows = [
            (number, seed, float(rng.random() < chance(own.levels)))
            for number, own in enumerate((*cells, *later))
            for seed in range(own.first, own.first + own.seeds)
        ]
        logs = []
        for arm, mean in enumerate((0.3, 0.9)):
            keys = [(("scripted", arm, seed), float(rng.random() < mean)) for seed in range(plan["parts"][0]["seeds"])]
            logs += [
                r
                for key, value in keys
                for r in (header(key), row(key, "value", "survived", value=value), *costs(key, 0, 0, 3))
            ]
        for number, own, value in rows:
            key = ("map", number, own)
            logs += [header(key), row(key, "value", "survived", value=value), *costs(key, 0, 0, 3)]
        write_logs(directory, logs)
        write_table(directory)
        return directory

    return write


@pytest.fixture(scope="session")
def zoomed(write_zoom):
    """A finished zoom over three factors; the outcome flips at a ruthless share of 0.6, and the others do nothing."""
    from commonweal.core import lens
    from commonweal.lab.designs.design import Cell
    from commonweal.lab.designs.zoom import Zoom
    from commonweal.lab.factors import Factor

    anywhere = lens.size()
    factors = (
        Factor("ruthless share", anywhere, low=0.0, high=1.0),
        Factor("fine", anywhere, low=1.0, high=100.0, logarithmic=True),
        Factor("payer", anywhere, ("nobody", "all")),
    )
    rng, places = np.random.default_rng(9), np.linspace(0.45, 0.75, 16)
    later = tuple(
        Cell(
            {
                "ruthless share": float(x),
                "fine": float(np.exp(rng.uniform(0, np.log(100)))),
                "payer": str(rng.choice(["nobody", "all"])),
            },
            2, 10_000 + 2 * i, "boundary" if i % 4 else "confirm",
        )
        for i, x in enumerate(places)
    )  # fmt: skip

    def chance(levels):
        return 1 / (1 + np.exp(40 * (levels["ruthless share"] - 0.6)))

    return write_zoom(chance, factors, Zoom(runs=160, first=128), later)


EVIL = "<img src=x onerror=document.title='owned'>\x1b]0;owned\x07"


def close_lock(directory):
    """A lock that fits `plan.json`, closed before the run, as design/002 has it; written without commonweal."""

    def sha(value):
        return "sha256:" + hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    plan, parts = json.loads((directory / "plan.json").read_text()), []
    fields = ["name", "role", "engine", "ticks", "seeds", "society_digest", "design", "constrained", "specification", "factors"]
    for part in plan["parts"]:
        own = ("cell", "levels", "society_digest", "seeds", "theory")
        rows = [{name: cell.get(name) for name in own} for cell in part["cells"]]
        parts.append({name: part.get(name) for name in fields} | {"cells": len(rows), "cells_digest": sha(rows)})
    study = ["name", "question", "hypotheses", "primary", "family", "exclusions", "stopping", "mechanism", "scope", "code"]
    lock = {
        "schema": "commonweal.lock/1", "study": {name: plan["study"].get(name) for name in study}, "metrics": plan["metrics"],
        "parts": parts, "model": plan["model"], "judges": None, "theory": plan["theory"],
        "version": plan["versions"]["commonweal"], "written": "2020-01-01T00:00:00+00:00",
        "commit": {"commit": "ab" * 20, "clean": True},
    }  # fmt: skip
    (directory / "lock.json").write_text(json.dumps(lock | {"digest": sha(lock)}))


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A finished run that has all a report can show: lock, unit, zoom, audit, judge card, discoveries, null model, words.

    A quarter of what its author and its agents wrote tries to get out of the page.
    """
    from commonweal.analysis.discoveries import write_discoveries
    from commonweal.analysis.judging.judge_card import save_judge_card
    from commonweal.analysis.trials import write_table
    from commonweal.core import lens
    from commonweal.lab.designs.zoom import Zoom
    from commonweal.lab.factors import Factor
    from promises import a_card

    directory, rng = tmp_path_factory.mktemp("whole"), np.random.default_rng(6)
    factors = (Factor("ruthless share", lens.size(), low=0.0, high=1.0), Factor("fine", lens.size(), low=0.0, high=1.0))
    zoom = Zoom(runs=64, first=64)
    main, theory = plain_part(20), (0.35, 0.85)
    for cell in main["cells"]:
        cell["theory"] = theory[cell["cell"]]
    spoken = main | {"name": "language", "role": "control", "engine": "hosted", "seeds": 4, "null_model": True}
    axes = [("topology", "a ring"), ("random minds", "draw 1"), ("wording", EVIL)]
    audit = [
        main | {"name": f"audit-{i}", "role": "audit", "specification": {"axis": axis, "what": what}}
        for i, (axis, what) in enumerate(axes)
    ]
    parts = [main, spoken, zoom_part(factors, zoom, plan_cells(zoom.begin(factors, lambda levels: True))), *audit]
    plan = write_plan(directory, parts=parts, theory="a fine that is expected deters")
    plan["study"] |= {"family": ["welfare"], "exclusions": ["trials that crashed", EVIL], "scope": EVIL, "mechanism": EVIL}
    plan["study"]["primary"] |= {"smallest": 0.1}
    plan["metrics"]["welfare"]["kind"] = "Welfare"
    plan["metrics"]["equality"] |= {"kind": "EarningsVariance", "high": None, "unit": "tokens"}
    plan["power"] = {"words": f"20 trials an arm find 0.5 in 80 of 100 studies {EVIL}"}
    plan["odd"]["purpose"] = plan["study"]["doc"] = EVIL
    (directory / "plan.json").write_text(json.dumps(plan))
    rows = []
    for part in parts:
        for cell in part["cells"]:
            first, count = cell.get("seeds", (0, part["seeds"]))
            for seed in range(first, first + count):
                key, levels = (part["name"], cell["cell"], seed), cell["levels"]
                chance = theory[cell["cell"]] if part["name"] != "map" else float(levels["ruthless share"] < 0.6)
                gains = rng.normal(chance, 0.5) + rng.normal(0, 1, 5)
                if part["name"] == "language":
                    rows += [r for r in language_rows(key) if r["kind"] != "value"]
                else:
                    stock = 200 + np.cumsum(rng.normal(0, 2, 12)) + (300 if key == ("scripted", 1, 2) else 0)
                    rows += [
                        header(key),
                        row(key, "reading", "world.stock", values=[int(x) for x in stock]),
                        *costs(key, 0, 0, 3),
                    ]
                values = {"survived": float(rng.random() < chance), "welfare": gains.mean(), "equality": gains.var(ddof=1)}
                rows += [row(key, "value", name, value=float(value)) for name, value in values.items()]
    write_logs(directory, rows)
    write_card(directory)
    close_lock(directory)
    save_judge_card(a_card(), directory)
    write_table(directory)
    write_discoveries(directory)
    return directory
