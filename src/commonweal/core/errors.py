"""The tree of errors. A message says what was found, what was expected, and what to do.

CommonwealError
├── StudyError            the author's mistake, found before anything runs
├── LawError              a part broke its contract
├── ModelError            a language model could not be asked
│   ├── TransientModelError   may pass: time-out, rate limit, a dead worker
│   ├── ModelRefusedError     will not pass: no such model, no key, no weights, no endpoint
│   └── BudgetSpentError      the study's budget is used up
└── LogError              files of a run: schema, version, damage, no room

A mind's bad answer is an event of the trial, never an error.
"""


class CommonwealError(Exception):
    """Any error that commonweal raises on purpose."""


class StudyError(CommonwealError):
    """The author's mistake, found before anything runs."""


class LawError(CommonwealError):
    """A part broke its contract: a world, mind, institution, channel or metric."""


class ModelError(CommonwealError):
    """A language model could not be asked."""


class TransientModelError(ModelError):
    """The call failed in a way that may pass: a time-out, a rate limit, a worker that died."""

    def __init__(self, message: str, wait_s: float = 0.0, limited: bool = False, spoiled: bool = False) -> None:
        """Say what failed.

        Args:
            message: what was found, expected, and can be done.
            wait_s: seconds that the model asked to be left alone, 0 if it named none.
            limited: whether it failed because too much was asked at once.
            spoiled: whether an answer came that was none: should only this call fare so, it is an empty answer.
        """
        super().__init__(message)
        self.wait_s = wait_s
        self.limited = limited
        self.spoiled = spoiled


class ModelRefusedError(ModelError):
    """The call can never succeed as things are: no such model, no key, no weights, no endpoint."""


class BudgetSpentError(ModelError):
    """The budget of calls, tokens, money or time is used up."""


class LogError(CommonwealError):
    """A file of a run is missing, damaged, of another version, or cannot be written."""
