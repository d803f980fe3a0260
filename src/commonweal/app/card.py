"""`commonweal card MODEL`: measure what moves a model's choices, before a study trusts it."""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commonweal.models.model import Model

    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # pyright: ignore[reportPrivateUsage]

_EVERY_S = 15.0


def add(verbs: _Verbs) -> None:
    """Put the verb on the command line."""
    own = verbs.add_parser("card", help="measure a model: what moves its choices, and whether it repeats itself")
    own.add_argument("model", metavar="MODEL", help="`embedded`, or a name at --endpoint")
    own.add_argument("--endpoint", metavar="URL", help="base URL of an OpenAI-compatible endpoint")
    own.add_argument("--out", metavar="DIR", help="folder of card.json and card.html; default: ./cards/MODEL")
    own.add_argument("--repeats", type=_repeats, metavar="N", help="times a call is asked again, at least 2; default: 3")


def run(given: argparse.Namespace) -> int:
    """Measure, and say where the card lies."""
    import asyncio
    import dataclasses

    from commonweal.analysis.card_page import write_card_page
    from commonweal.core.errors import LogError
    from commonweal.lab.card import save_card
    from commonweal.lab.probes import FULL
    from commonweal.models.choice import ModelChoice

    directory = Path(given.out) if given.out else Path("cards") / folder_name(given.model)
    try:
        # Before anything is asked: a card that cannot be kept must not cost a call.
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogError(f"{directory} cannot be made ({error.strerror}); choose another folder with --out") from error
    size = FULL if given.repeats is None else dataclasses.replace(FULL, repeats=given.repeats)
    model = ModelChoice(given.model, given.endpoint).open()

    async def measure(model: Model) -> dict[str, object]:
        try:
            return await save_card(model, directory, _Progress().show, size)
        finally:
            await model.close()

    card = asyncio.run(measure(model))
    page = write_card_page(directory)
    print(card["summary"])
    print(f"The card is {page} (and {directory / 'card.json'})")
    return 0


def folder_name(model: str) -> str:
    """A folder's name from a model's: letters, digits, dot and dash of it alone, so that no name leads elsewhere.

    Args:
        model: as typed.
    """
    return re.sub(r"[^A-Za-z0-9.-]+", "-", model).strip(".-")[:80] or "model"


class _Progress:
    """Says how far the card is, now and then."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def show(self, share: float) -> None:
        """Say it if it has not been said for a while."""
        if time.monotonic() - self._said > _EVERY_S:
            self._said = time.monotonic()
            print(f"{share:.0%} of the calls", file=sys.stderr, flush=True)


def _repeats(text: str) -> int:
    number = int(text)
    if number < 2:
        raise argparse.ArgumentTypeError(f"{text} is below 2: a call that is asked once says nothing of how it repeats")
    return number
