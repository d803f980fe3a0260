"""Language parts of studies, played at the loopback endpoint as any model would: what the tests of these studies share."""

import dataclasses
from collections.abc import Mapping

from commonweal.core.named import Named
from commonweal.core.parts import Metric
from commonweal.engine.hosted import run_hosted, run_sync
from commonweal.engine.log import TrialLog
from commonweal.lab.study import Level, Part
from commonweal.minds.language import Language
from commonweal.models.endpoint import Endpoint
from faults import Asked, Faulty


def play(part: Part, metrics: Named[Metric], levels: Mapping[str, Level], ticks: int) -> tuple[TrialLog, list[Asked]]:
    """One trial of a cell with a model that replies at random, over HTTP, and what it was asked."""
    society = part.society_of(levels)
    with Faulty() as server:
        model = Endpoint(server.url, "fake")
        minds = society.minds.map(lambda mind: dataclasses.replace(mind, model=model) if isinstance(mind, Language) else mind)
        own = dataclasses.replace(society, minds=minds)

        async def work() -> TrialLog:
            try:
                return await run_hosted(own, 1, ticks, metrics)
            finally:
                await model.close()

        return run_sync(work()), list(server.asked)
