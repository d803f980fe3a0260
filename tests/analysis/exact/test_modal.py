"""Modal combat: the published table, a second evaluator of another kind, and simulation of the grounded program."""

import itertools

import numpy as np
import pytest

from commonweal.analysis.exact import modal
from commonweal.analysis.exact.modal import (
    COOPERATE_BOT,
    CUPOD,
    DEFECT_BOT,
    FAIR_BOT,
    JUST_BOT,
    PROGRAMS,
    PRUDENT_BOT,
    UNREADABLE,
    Against,
    Both,
    Constant,
    Either,
    Formula,
    Grounded,
    Not,
    Program,
    Provable,
    Theirs,
    Unknown,
    find_answers,
    find_unread,
    ground,
    play,
)
from commonweal.core.errors import StudyError

TABLE = {
    COOPERATE_BOT: {COOPERATE_BOT: "CC", DEFECT_BOT: "CD", FAIR_BOT: "CC", PRUDENT_BOT: "CD", CUPOD: "CC"},
    FAIR_BOT: {COOPERATE_BOT: "CC", DEFECT_BOT: "DD", FAIR_BOT: "CC", PRUDENT_BOT: "CC", CUPOD: "DC"},
    PRUDENT_BOT: {COOPERATE_BOT: "DC", DEFECT_BOT: "DD", FAIR_BOT: "CC", PRUDENT_BOT: "CC", CUPOD: "DC"},
    CUPOD: {COOPERATE_BOT: "CC", DEFECT_BOT: "DD", FAIR_BOT: "CD", PRUDENT_BOT: "CD", CUPOD: "DD"},
    JUST_BOT: {COOPERATE_BOT: "CC", DEFECT_BOT: "DD", FAIR_BOT: "CC", PRUDENT_BOT: "CC", CUPOD: "DC", JUST_BOT: "CC"},
}
"""Barasz et al. (2014) and Critch et al. (2022), checked by an independent evaluator: acts of the row, then of the column."""


@pytest.mark.parametrize("row", list(TABLE), ids=lambda program: program.name)
def test_the_published_table(row: Program) -> None:
    for column, acts in TABLE[row].items():
        assert play(row, column) == tuple(float(act == "C") for act in acts), (row.name, column.name)
        assert play(column, row) == tuple(float(act == "C") for act in reversed(acts))


def truth(formula: Formula, me: Program, them: Program, world: int) -> bool:
    """Whether a formula is true at a world of the linear frame, straight from its definition, by recursion over worlds."""
    match formula:
        case Constant(value):
            return value
        case Theirs():
            return truth(them.formula, them, me, world)
        case Against(program):
            return truth(them.formula, them, program, world)
        case Not(inner):
            return not truth(inner, me, them, world)
        case Both(left, right):
            return truth(left, me, them, world) and truth(right, me, them, world)
        case Either(left, right):
            return truth(left, me, them, world) or truth(right, me, them, world)
        case Provable(inner, level):
            return all(truth(inner, me, them, below) for below in range(level, world))
        case _:
            raise AssertionError(formula)


def drawn(rng: np.random.Generator, depth: int, inside: bool) -> Formula:
    """A random formula without circles."""
    kind = int(rng.integers(6 if depth else 2))
    if not depth or kind == 0:
        leaves: list[Formula] = [Constant(bool(rng.integers(2)))]
        leaves += [Theirs(), Theirs(), Against([DEFECT_BOT, COOPERATE_BOT, FAIR_BOT][rng.integers(3)])] if inside else []
        return leaves[rng.integers(len(leaves))]
    if kind == 1:
        return Not(drawn(rng, depth - 1, inside))
    if kind in (2, 3):
        pair = drawn(rng, depth - 1, inside), drawn(rng, depth - 1, inside)
        return Both(*pair) if kind == 2 else Either(*pair)
    return Provable(drawn(rng, depth - 1, inside=True), int(rng.integers(3)))


def test_worlds_and_fixed_point_agree_on_random_programs() -> None:
    """The recursion over worlds, at a world past the number of boxes, against the iteration of false boxes."""
    rng = np.random.default_rng(20141)
    programs = [*PROGRAMS, *(Program(f"p{i}", drawn(rng, 3, inside=False)) for i in range(40))]
    seen: set[tuple[float, float]] = set()
    for row, column in itertools.combinations_with_replacement(programs, 2):
        if rng.random() < 0.3 or row in PROGRAMS:
            expected = tuple(float(truth(a.formula, a, b, 8)) for a, b in ((row, column), (column, row)))
            assert play(row, column) == expected, (row, column)
            seen.add(play(row, column))
    assert len(seen) == 4


def test_the_world_at_which_all_is_settled() -> None:
    """No entry of the table changes between world 8 and world 12."""
    for row, column in itertools.product(PROGRAMS, repeat=2):
        assert truth(row.formula, row, column, 8) == truth(row.formula, row, column, 9)


def test_deeper_prudence_needs_more_consistency() -> None:
    """PrudentBot without the assumption of consistency defects against itself: it cannot prove that a proof is not found."""
    naive = Program("naive", Both(Provable(Theirs()), Provable(Not(Against(DEFECT_BOT)))))
    assert play(naive, naive) == (0.0, 0.0)
    assert play(PRUDENT_BOT, PRUDENT_BOT) == (1.0, 1.0)


def simulate(row: Program, column: Program, rng: np.random.Generator, depth: int = 0) -> bool:
    """One run of a program against another, the proof-based ones by their table."""
    assert depth < 5000
    if isinstance(row.formula, Grounded):
        if rng.random() < row.formula.chance:
            return True
        return simulate(column, row, rng, depth + 1)
    return bool(play(row, column).row)


def test_the_grounded_program_by_closed_form_and_by_running_it() -> None:
    rng = np.random.default_rng(2019)
    for chance in (0.05, float(rng.uniform(0.2, 0.8)), 1.0):
        fair = ground(chance)
        against = {COOPERATE_BOT: 1.0, DEFECT_BOT: chance, FAIR_BOT: 1.0, PRUDENT_BOT: chance, CUPOD: 1.0, JUST_BOT: 1.0}
        for column, expected in {**against, fair: 1.0, ground(chance / 2): 1.0}.items():
            assert play(fair, column).row == pytest.approx(expected)
            runs = 400
            share = np.mean([simulate(fair, column, rng) for _ in range(runs)])
            assert abs(share - expected) <= 4 * np.sqrt(expected * (1 - expected) / runs) + 1e-9, column.name


def test_how_programs_answer_a_grounded_one() -> None:
    """FairBot proves that it is met with cooperation, whatever the coin shows; PrudentBot cannot prove that the coin fails."""
    fair = ground(0.1)
    assert [play(program, fair).row for program in PROGRAMS] == [1, 0, 1, 0, 1, 1]
    surely = Program("always grounded", Grounded(1.0))
    assert play(FAIR_BOT, surely) == (1.0, 1.0)


def test_without_source_nothing_is_proved() -> None:
    assert find_unread((*PROGRAMS, ground(0.2))).tolist() == [1, 0, 0, 0, 1, 0, 0.2]
    assert play(UNREADABLE, FAIR_BOT) == (0.0, 0.0)


def test_the_table_of_all_programs() -> None:
    answers = find_answers(PROGRAMS)
    assert answers.shape == (6, 6)
    for row, column in TABLE.items():
        for other, acts in column.items():
            assert answers[PROGRAMS.index(row), PROGRAMS.index(other)] == (acts[0] == "C")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Program("copy", Theirs()), "outside of a proof"),
        (lambda: Program("copy", Not(Against(FAIR_BOT))), "outside of a proof"),
        (lambda: Program("low", Provable(Theirs(), -1)), "level -1"),
        (lambda: Program("odd", Not(Unknown())), "whole of a program"),
        (lambda: Program("odd", Provable(Grounded(0.1))), "whole of a program"),
        (lambda: ground(0.0), "chance 0"),
        (lambda: ground(1.5), "chance 1.5"),
    ],
)
def test_programs_without_an_outcome_are_refused(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(StudyError, match=message):
        make()


def test_levels_shift_the_frame() -> None:
    """[k]F is true up to world k and false from k + 1 on: consistency is not provable at its own level."""
    for level in range(3):
        assert play(Program("never", Provable(Constant(False), level)), COOPERATE_BOT).row == 0.0
    assert play(Program("unless", Not(Provable(Constant(False)))), COOPERATE_BOT).row == 1.0
    assert modal.play(COOPERATE_BOT, FAIR_BOT) == (1.0, 1.0)
