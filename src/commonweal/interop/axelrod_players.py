"""Players of the Axelrod library as programs: any of its strategies plays in our tournaments and societies.

    from axelrod import OmegaTFT
    entrants = Named.of(("omega", AxelrodPlayer(OmegaTFT())), ("tft", MemoryOne.tit_for_tat()))

Needs the extra `axelrod`. A player's chance is seeded from the match's key, and its history is that of the acts as they came
out. It is told of the game what `AxelrodPlayer.length` says and the library's default payoffs (R, S, T, P = 3, 0, 5, 1).

Refused, by the library's own classifier: strategies that read their opponent's source or that change it or its state: what
plays here against them has no such object.

Source: V. Knight, O. Campbell, M. Harper and others, "An open framework for the reproducible study of the iterated prisoner's
dilemma", J. Open Research Software 4 (2016); https://github.com/Axelrod-Python/Axelrod
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Protocol, cast

import equinox as eqx

from commonweal.core.errors import StudyError
from commonweal.minds.programs import Player, Program

REFUSED = ("inspects_source", "manipulates_source", "manipulates_state")
"""Entries of the library's classifier whose players are refused."""


class LibraryPlayer(Protocol):
    """What is used of an `axelrod.Player`."""

    @property
    def history(self) -> Sequence[Any]:
        """Its own actions so far."""
        ...

    def clone(self) -> LibraryPlayer:
        """A new player of the same settings."""
        ...

    def set_seed(self, seed: int) -> None:
        """Seed its random numbers."""
        ...

    def set_match_attributes(self, length: float, game: Any, noise: float) -> None:
        """Tell it of the match."""
        ...

    def strategy(self, opponent: LibraryPlayer) -> Any:
        """Its next action."""
        ...

    def update_history(self, play: Any, coplay: Any) -> None:
        """Take note of a turn."""
        ...


class AxelrodPlayer(Program):
    """A player of the Axelrod library, seated as a program.

    Raises:
        StudyError: the library is not installed, or the player inspects or manipulates its opponents.
    """

    player: LibraryPlayer = eqx.field(static=True)
    """A player with its settings, such as `axelrod.GoByMajority(memory_depth=5)`: a template that itself never plays."""
    length: int | None = eqx.field(static=True, default=None)
    """Turns of a match as the player is told them; None: it is told that no end is known."""

    def __check_init__(self) -> None:
        """Refuse what cannot be seated."""
        classifiers = _library().Classifiers
        found = [trait for trait in REFUSED if classifiers[trait](self.player)]
        if found:
            raise StudyError(
                f"the Axelrod player {self.player!r} has the traits {', '.join(found)}; expected one that only reads the two "
                "histories: leave it out"
            )

    @property
    def digest(self) -> str:
        """The library's version."""
        return f"axelrod {_library().__version__}"

    def begin(self, seed: int) -> Player:
        """A clone that meets a stand-in, which holds the opponent's history."""
        library = _library()
        player = self.player.clone()
        player.set_match_attributes(-1 if self.length is None else self.length, library.DefaultGame, 0)
        player.set_seed(seed)
        opponent = cast("LibraryPlayer", library.MockPlayer())
        actions = (library.Action.D, library.Action.C)

        def move(mine: Sequence[int], theirs: Sequence[int]) -> int:
            for turn in range(len(player.history), len(mine)):
                own, other = actions[mine[turn]], actions[theirs[turn]]
                player.update_history(own, other)
                opponent.update_history(other, own)
            return int(player.strategy(opponent) is library.Action.C)

        return move


def _library() -> Any:
    try:
        return importlib.import_module("axelrod")
    except ImportError as error:
        raise StudyError(
            f"the Axelrod library could not be imported ({error}); install the extra: pip install 'commonweal[axelrod]'"
        ) from error
