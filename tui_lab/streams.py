"""The standard streams as every command needs them: all three there, and any character printable."""

import os
import sys
from contextlib import suppress


def prepare_streams() -> None:
    """Put /dev/null in the place of a stream that was closed, and write what the encoding lacks as \\xe9.

    A closed descriptor would be given to the next file that is opened, and what is printed would end up in it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            with suppress(OSError):
                null = os.open(os.devnull, os.O_RDWR)
                if null != number:
                    os.dup2(null, number)
                    os.close(null)
                setattr(sys, name, open(number, mode, encoding="utf-8", errors="replace"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def name_problem(text: str) -> str | None:
    """What is wrong with a name, a file's for instance, whose bytes Python could not read; None if nothing is."""
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return None
    with suppress(UnicodeDecodeError):
        return f"{os.fsencode(text).decode('utf-8')}: this locale cannot read the name; set PYTHONUTF8=1"
    return f"{os.fsencode(text).decode('utf-8', 'backslashreplace')}: the name is not UTF-8; rename it"
