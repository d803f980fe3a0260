"""A trial in a file, from which it goes on as if it had never stopped."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path

import jax
import numpy as np

from commonweal.core.errors import LogError
from commonweal.core.events import Event
from commonweal.core.named import Named
from commonweal.core.parts import Metric
from commonweal.core.society import Society
from commonweal.engine.trial import Trial, begin


def save(trial: Trial, path: Path) -> None:
    """Write a trial to one `.npz` file, from which `load` goes on as if it had never stopped.

    Raises:
        LogError: the file cannot be written.
    """
    leaves = jax.tree.leaves(trial.state)
    meta = {
        "schema": "commonweal.trial/1",
        "society": trial.society.digest,
        "seed": trial.seed,
        "record": trial.record,
        "texts": trial.texts,
        "events": [dataclasses.astuple(event) for event in trial.events],
        "costs": dict(trial.costs),
        "leaves": len(leaves),
    }
    arrays = {f"state.{index}": np.asarray(leaf) for index, leaf in enumerate(leaves)}
    arrays |= {f"reading.{name}": series for name, series in trial.readings.items()}
    arrays |= {f"trace.{name}": series for name, series in trial.traces.items()}
    arrays |= {f"seen.{name}": kept for name, kept in trial.seen.items()}
    try:
        with path.open("wb") as file:
            np.savez_compressed(file, meta=np.asarray(json.dumps(meta)), **arrays)  # pyright: ignore[reportArgumentType]
    except OSError as error:
        raise LogError(f"the trial could not be saved to {path}: {error}; free space or choose another folder") from error


def load(path: Path, society: Society, metrics: Named[Metric] | None = None) -> Trial:
    """Read a saved trial of this society.

    Raises:
        LogError: the file is missing, damaged, or of another society.
    """
    try:
        with path.open("rb") as file, np.load(file) as found:
            arrays = {name: np.asarray(found[name]) for name in found.files}
        meta = json.loads(str(arrays.pop("meta")))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise LogError(f"{path} is not a saved trial: {error}; save it again from the run") from error
    if meta["society"] != society.digest:
        raise LogError(
            f"{path} holds a trial of society {meta['society'][:19]}, not of {society.digest[:19]}; load it with the "
            "society it was saved with, then fork it"
        )
    trial = begin(society, int(meta["seed"]), metrics, tuple(meta["record"]))
    leaves = [arrays[f"state.{index}"] for index in range(int(meta["leaves"]))]
    state = jax.tree.unflatten(jax.tree.structure(trial.state), [jax.numpy.asarray(leaf) for leaf in leaves])
    return dataclasses.replace(
        trial,
        state=state,
        readings={name[8:]: array for name, array in arrays.items() if name.startswith("reading.")},
        traces={name[6:]: array for name, array in arrays.items() if name.startswith("trace.")},
        seen={name[5:]: array for name, array in arrays.items() if name.startswith("seen.")},
        events=tuple(Event(t, kind, agent, tuple(values), words) for t, kind, agent, values, words in meta["events"]),
        texts=tuple(meta["texts"]),
        costs=meta["costs"],
    )
