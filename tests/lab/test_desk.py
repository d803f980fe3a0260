"""The desk of a run: which studies need one, who gets it, and the file by which it is found."""

import asyncio
import dataclasses
import json
import stat

import aiohttp
import jax.numpy as jnp
import pytest

from commonweal.core.errors import LogError
from commonweal.core.lens import mind
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.hosted import run_hosted
from commonweal.lab.desk import FILE, SCHEMA, bind_desk, desk_for, outside_names, served
from commonweal.lab.plan import make_plan
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.welfare import Welfare
from commonweal.minds.desk import Desk
from commonweal.minds.outside import Outside
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons


def study(*guests):
    """A part without outside seats, and one a guest."""
    parts = [Part("plain", Society(Commons(), Named.of(("civil", Scripted())), Seating(3)), ticks=1, seeds=1)]
    for index, guest in enumerate(guests):
        minds = Named.of(("civil", Scripted()), ("guest", guest))
        seats = Seating(3, Named.of(("guest", jnp.float32(0.7))))
        parts.append(Part(f"held{index}", Society(Commons(), minds, seats), ticks=1, seeds=1))
    return Study("tried", "Does it run?", Primary("welfare", "mean"), Named.of(("welfare", Welfare())), tuple(parts))
