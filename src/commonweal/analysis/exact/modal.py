"""Programs that read each other's source and reason about it, exactly: modal combat, and its runnable cousin.

A program is a formula that says whether it cooperates with an opponent whose source it reads. A formula may ask what the
opponent does to the program itself (`Theirs`) or to another program (`Against`), but only inside `Provable`, which is true
where the proof is found. By the theorems of Solovay such sentences are settled in the linear frame of worlds 0, 1, 2, ...:

    []x   is true at world n    iff x is true at all worlds m < n
    [k]x  likewise over k <= m < n       provable if, beside arithmetic, []^k F is denied

Once a box is false it stays false, and from the last world at which one falls nothing changes any more: that is the outcome.

`Grounded` is no proof: with some probability cooperate, else run the opponent against me and do what it does. It ends almost
surely, since every level of the simulation ends it with that probability. What it may do and what it surely does differ; a box
holds only of what is surely so. `UNREADABLE` stands for an opponent without source: nothing can be proved of it.

Answers hold for unbounded proof search: they say nothing of bounded CUPOD against bounded DUPOC.

Source: M. Barasz, P. Christiano, B. Fallenstein, M. Herreshoff, P. LaVictoire and E. Yudkowsky, "Robust cooperation in the
Prisoner's Dilemma: program equilibrium via provability logic", arXiv 1401.5577 (2014); CUPOD and DUPOC: A. Critch, M. Dennis
and S. Russell, "Cooperative and uncooperative institution designs", arXiv 2208.07006 (2022); grounding: C. Oesterheld,
"Robust program equilibrium", Theory and Decision 86 (2019); M. Tennenholtz, "Program equilibrium", Games and Economic
Behavior 49 (2004).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Constant:
    """Cooperates with everybody, or with nobody."""

    value: bool


@dataclass(frozen=True)
class Theirs:
    """The opponent cooperates with me; b in the literature."""


@dataclass(frozen=True)
class Against:
    """The opponent cooperates with another program."""

    program: Program


@dataclass(frozen=True)
class Not:
    """The inner formula is false."""

    inner: Formula


@dataclass(frozen=True)
class Both:
    """Two formulas are true."""

    left: Formula
    right: Formula


@dataclass(frozen=True)
class Either:
    """At least one of two formulas is true."""

    left: Formula
    right: Formula


@dataclass(frozen=True)
class Provable:
    """The inner formula can be proved, [k]x."""

    inner: Formula
    level: int = 0
    """k: how many layers of "arithmetic is consistent" the proof may use, at least 0."""


@dataclass(frozen=True)
class Grounded:
    """With a probability true, else whether the opponent, run against me, cooperates. It must be the whole of a program."""

    chance: float
    """Above 0, at most 1."""


@dataclass(frozen=True)
class Unknown:
    """Nobody can tell: the act of a program without source. It must be the whole of a program."""


Formula: TypeAlias = Constant | Theirs | Against | Not | Both | Either | Provable | Grounded | Unknown


@dataclass(frozen=True)
class Program:
    """A program: a name and the formula by which it cooperates.

    Raises:
        StudyError: it asks for what the opponent does outside of `Provable` (a circle without an outcome), a level is below 0,
            a grounding is not in (0, 1], or one stands inside another formula.
    """

    name: str
    formula: Formula

    def __post_init__(self) -> None:
        """Refuse a formula without an outcome."""
        if isinstance(self.formula, Grounded):
            if not 0.0 < self.formula.chance <= 1.0:
                raise StudyError(f"{self.name} is grounded with chance {self.formula.chance:g}; expected above 0 and at most 1")
        elif not isinstance(self.formula, Unknown):
            _check(self.name, self.formula, inside=False)


def _check(name: str, formula: Formula, inside: bool) -> None:
    if isinstance(formula, (Theirs, Against)) and not inside:
        raise StudyError(f"{name} asks what its opponent does outside of a proof; expected {formula} inside Provable")
    if isinstance(formula, (Grounded, Unknown)):
        raise StudyError(f"{name} holds {formula} inside another formula; expected it to be the whole of a program")
    if isinstance(formula, Provable) and formula.level < 0:
        raise StudyError(f"{name} proves at level {formula.level}; expected at least 0")
    for part in _parts(formula):
        _check(name, part, inside or isinstance(formula, Provable))


def _parts(formula: Formula) -> tuple[Formula, ...]:
    if isinstance(formula, (Both, Either)):
        return formula.left, formula.right
    return (formula.inner,) if isinstance(formula, (Not, Provable)) else ()


COOPERATE_BOT = Program("CooperateBot", Constant(True))
DEFECT_BOT = Program("DefectBot", Constant(False))
FAIR_BOT = Program("FairBot", Provable(Theirs()))
"""Cooperates iff it proves that the opponent does; DUPOC without a bound."""
PRUDENT_BOT = Program("PrudentBot", Both(Provable(Theirs()), Provable(Not(Against(DEFECT_BOT)), 1)))
"""Cooperates iff it proves that the opponent does, and, given consistency, that it defects against DefectBot."""
CUPOD = Program("CUPOD", Not(Provable(Not(Theirs()))))
"""Cooperates unless it proves that the opponent defects."""
JUST_BOT = Program("JustBot", Provable(Against(FAIR_BOT)))
"""Cooperates iff it proves that the opponent does so with FairBot."""
UNREADABLE = Program("unreadable", Unknown())
PROGRAMS = (COOPERATE_BOT, DEFECT_BOT, FAIR_BOT, PRUDENT_BOT, CUPOD, JUST_BOT)
"""The programs of modal combat."""


def ground(chance: float) -> Program:
    """The epsilon-grounded FairBot.

    Args:
        chance: epsilon, with which it cooperates at once; above 0, at most 1.

    Source: Oesterheld, Theory and Decision 86 (2019).
    """
    return Program("GroundedFairBot", Grounded(chance))


class Outcome(NamedTuple):
    """What two programs do to each other: probabilities of cooperating, 0 or 1 but for grounded ones."""

    row: float
    column: float


class _Sentence(NamedTuple):
    """A formula as one program utters it of another."""

    formula: Formula
    me: Program
    them: Program

    def about(self, formula: Formula) -> _Sentence:
        """Another formula of the same two."""
        return _Sentence(formula, self.me, self.them)

    def asked(self) -> _Sentence:
        """What the opponent decides by, where this asks for its act."""
        whom = self.formula.program if isinstance(self.formula, Against) else self.me
        return _Sentence(self.them.formula, self.them, whom)


def play(row: Program, column: Program) -> Outcome:
    """What two programs that read each other do.

    Args:
        row: a program.
        column: its opponent, perhaps `UNREADABLE`, whose own act is then given as 0.
    """
    one, other = _Sentence(row.formula, row, column), _Sentence(column.formula, column, row)
    fallen = _settle((one, other))
    return Outcome(_chance(one, fallen, ()), _chance(other, fallen, ()))


def find_answers(programs: Sequence[Program]) -> Floats:
    """Probability with which each program cooperates with each. [s, s], row: who acts; column: whose source it reads."""
    return np.array([[play(row, column).row for column in programs] for row in programs])


def find_unread(programs: Sequence[Program]) -> Floats:
    """Probability with which each program cooperates with an opponent that has no source to read. [s]"""
    return np.array([play(program, UNREADABLE).row for program in programs])


def _settle(roots: tuple[_Sentence, ...]) -> frozenset[_Sentence]:
    """The boxes that are false in the end: world by world, until no more fall."""
    boxes = list(dict.fromkeys(box for root in roots for box in _boxes(root, set())))
    last = max(map(_level, boxes), default=0)
    fallen: frozenset[_Sentence] = frozenset()
    world = 0
    while True:
        failing = {box for box in boxes if _level(box) <= world and not _bounds(_inner(box), fallen, ()).surely}
        if failing <= fallen and world >= last:
            return fallen
        fallen, world = fallen | failing, world + 1


def _inner(box: _Sentence) -> _Sentence:
    assert isinstance(box.formula, Provable)
    return box.about(box.formula.inner)


def _level(box: _Sentence) -> int:
    assert isinstance(box.formula, Provable)
    return box.formula.level


def _boxes(sentence: _Sentence, seen: set[_Sentence]) -> Iterator[_Sentence]:
    """All boxes that the truth of a sentence can depend on."""
    if sentence in seen:
        return
    seen.add(sentence)
    if isinstance(sentence.formula, Provable):
        yield sentence
    if isinstance(sentence.formula, (Theirs, Against, Grounded)):
        yield from _boxes(sentence.asked(), seen)
    for part in _parts(sentence.formula):
        yield from _boxes(sentence.about(part), seen)


class _Bounds(NamedTuple):
    surely: bool
    possibly: bool


def _bounds(sentence: _Sentence, fallen: frozenset[_Sentence], running: tuple[_Sentence, ...]) -> _Bounds:
    """Whether a sentence is true whatever chance does, and whether it can be, at a world with these false boxes."""
    formula = sentence.formula
    if isinstance(formula, Constant):
        return _Bounds(formula.value, formula.value)
    if isinstance(formula, Provable):
        return _Bounds(sentence not in fallen, sentence not in fallen)
    if isinstance(formula, Unknown):
        return _Bounds(False, True)
    if isinstance(formula, Grounded):
        # Two that run each other end at some level by cooperating, and then all levels above do.
        fair = sentence in running or _bounds(sentence.asked(), fallen, (*running, sentence)).surely
        return _Bounds(fair, True)
    if isinstance(formula, (Theirs, Against)):
        return _bounds(sentence.asked(), fallen, running)
    parts = [_bounds(sentence.about(part), fallen, running) for part in _parts(formula)]
    if isinstance(formula, Not):
        return _Bounds(not parts[0].possibly, not parts[0].surely)
    join = all if isinstance(formula, Both) else any
    return _Bounds(join(part.surely for part in parts), join(part.possibly for part in parts))


def _chance(sentence: _Sentence, fallen: frozenset[_Sentence], running: tuple[_Sentence, ...]) -> float:
    """The probability of what a program does once the boxes are settled."""
    formula = sentence.formula
    if isinstance(formula, Grounded):
        # p = e + (1 - e) p has the one solution 1.
        met = 1.0 if sentence in running else _chance(sentence.asked(), fallen, (*running, sentence))
        return formula.chance + (1.0 - formula.chance) * met
    if isinstance(formula, Unknown):
        return 0.0
    return float(_bounds(sentence, fallen, ()).surely)
