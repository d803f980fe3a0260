"""Dials: how strongly a language mind is told to have a disposition, in five graded words.

    value   0       0.25     0.5         0.75      1
    word    never   seldom   sometimes   usually   always

A dial is one sentence with a place for the word, so that its settings differ in that word and in nothing else. A study varies
it as any number, each level with its own text:

    told = lens.mind("player", Language, lambda mind: mind.disposition)
    Factor("forgiveness", told, levels, values=FORGIVENESS.texts(levels))

A word is no gene: that a model reads it, and as far as it says, is what such a part measures, beside what the disposition does.
With the embedded model it measures wording alone.

Source: frequency words as anchors of graded scales, from never to always, after R. Likert, Archives of Psychology 140 (1932);
the sentences are our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commonweal.core.errors import StudyError
from commonweal.minds.texts import clean

STEPS = ("never", "seldom", "sometimes", "usually", "always")
"""The words, from 0 to 1 in equal steps."""


@dataclass(frozen=True)
class Dial:
    """One disposition that a persona can be given by degrees.

    Raises:
        StudyError: the sentence has no place for the word, or several.
    """

    name: str
    """What it is called in tables, as in `forgiveness`."""
    sentence: str
    """In the second person, with one `{}` for the word; the more often, the more of what the name says."""

    def __post_init__(self) -> None:
        """Refuse a sentence that cannot be graded."""
        if self.sentence.count("{}") != 1 or clean(self.sentence) != self.sentence:
            raise StudyError(f"dial {self.name!r} says {self.sentence!r}; expected one plain sentence with one {{}} in it")

    def say(self, value: float) -> str:
        """The sentence at a setting.

        Args:
            value: 0 to 1, one of the five steps.

        Raises:
            StudyError: it is no step: between two words there is none.
        """
        place = value * (len(STEPS) - 1)
        if not (0 <= value <= 1 and float(place).is_integer()):
            raise StudyError(f"dial {self.name!r} at {value}; expected one of 0, 0.25, 0.5, 0.75 and 1")
        return self.sentence.format(STEPS[int(place)])

    def texts(self, levels: Sequence[float], before: str = "") -> tuple[str, ...]:
        """What a mind is told at each level of a factor.

        Args:
            levels: settings, 0 to 1.
            before: what it is told first at every level, such as what it wants.

        Raises:
            StudyError: a level is no step.
        """
        return tuple(f"{before} {self.say(level)}".strip() for level in levels)


CAUTION = Dial("caution", "You {} refuse a request that might serve to do harm.")
"""The other side of helpfulness: how low its threshold of refusal is."""
FORGIVENESS = Dial("forgiveness", "You {} forgive somebody who has wronged you.")
"""Whether it lets a wrong pass."""
RETALIATION = Dial("retaliation", "When somebody strikes at you, you {} strike back.")
"""Whether it answers harm with harm."""
HONESTY = Dial("honesty", "You {} do what you have said that you would do.")
"""Whether its word is kept."""
PATIENCE = Dial("patience", "You {} give up a gain today for a larger one later.")
"""Whether it waits."""
GREED = Dial("greed", "You {} take more than your share where you can.")
"""Whether it takes what others could have."""
PUNISHING = Dial("punishing", "You {} punish whoever harms the others, even where it costs you.")
"""Whether it enforces a norm at its own cost."""
TRANSPARENCY = Dial("transparency", "You {} let the others see what you mean to do, and why.")
"""Whether it can be read."""
DIALS = (CAUTION, FORGIVENESS, RETALIATION, HONESTY, PATIENCE, GREED, PUNISHING, TRANSPARENCY)
"""All of them."""
