"""How ballots are counted: one definition for the rules that hold elections and for the statistics that try to cheat them.

It stands in the core because institutions and statistics, which both count, know nothing of each other.
"""

from commonweal.core.ballots.approval import Approval
from commonweal.core.ballots.election import Count, Election, VotingRule, first_of, going_on, lot_of
from commonweal.core.ballots.heads import Heads, counts_heads, with_identities
from commonweal.core.ballots.jury import Jury
from commonweal.core.ballots.median import Median
from commonweal.core.ballots.plurality import Plurality
from commonweal.core.ballots.quadratic import Quadratic
from commonweal.core.ballots.schulze import Schulze
from commonweal.core.ballots.schulze_by_score import SchulzeByScore
from commonweal.core.ballots.stake import Stake

__all__ = [
    "Approval",
    "Count",
    "Election",
    "Heads",
    "Jury",
    "Median",
    "Plurality",
    "Quadratic",
    "Schulze",
    "SchulzeByScore",
    "Stake",
    "VotingRule",
    "counts_heads",
    "first_of",
    "going_on",
    "lot_of",
    "with_identities",
]

# A way of counting is known by its public path: that is what a society's digest names, whichever file it stands in.
for _rule in (Approval, Heads, Jury, Median, Plurality, Quadratic, Schulze, SchulzeByScore, Stake):
    _rule.__module__ = __name__
