"""The errors a person reads: each says what was wrong, where, and what would be right."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

MOST_NAMES, FEW_MORE = 24, 6  # listed in an error; a few more are better named than counted


class LabError(Exception):
    """An error with a message for people; the command line prints it as one line, without a traceback."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(escaped(message))  # names from files stand in messages


class InputError(LabError):
    """The user's input cannot be used: a field, a file, a name. Nothing was started, nothing is lost."""

    exit_code = 2


class StorageError(LabError):
    """The disk is full or failing: the command was right, and what is in memory is still good."""


class RenamedWarning(FutureWarning):
    """A name in the user's input has another one now; it still works."""


class TrainingError(LabError):
    """The training itself failed: it diverged, or the machine ran out of memory."""


def escaped(text: str) -> str:
    """The text with all that a terminal would obey or not show written out: "\\x1b", "\\u200b", "\\udcff".

    Names of columns, files and classes come from files: an escape sequence in one must not reach the terminal.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A clause that names the nearest of the `known` names, or lists them where none is near."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {listed(names)}" if names else "there are none"


def listed(names: Sequence[str]) -> str:
    """The names one after the other; of very many the first, and how many more there are."""
    more = len(names) - MOST_NAMES
    if more <= FEW_MORE:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_NAMES])} and {more:,} more"
