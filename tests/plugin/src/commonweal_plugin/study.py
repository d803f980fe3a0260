"""What does a tithe cost?"""

from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.welfare import Welfare
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons
from commonweal_plugin.tithe import Tithe

study = Study(
    name="tithe",
    question="What does a tithe cost?",
    parts=(
        Part(
            name="scripted",
            society=Society(Commons(), Named.of(("civil", Scripted())), Seating(5), Named.of(("tithe", Tithe(rate=0.0)))),
            factors=(Factor("tithe", lens.rule("tithe", Tithe, lambda rule: rule.rate), (0.0, 0.5)),),
            ticks=3,
            seeds=3,
            theory=lambda levels: 30.0 * (1 - float(levels["tithe"])),
        ),
    ),
    metrics=Named.of(("welfare", Welfare())),
    primary=Primary("welfare", "scripted", "tithe", 0.0, 0.5, "A tithe of a half"),
)
