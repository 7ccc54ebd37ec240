"""Printing what came from files: names and texts may hold sequences that a terminal would obey."""

import sys
from typing import IO, Any

import click

from engine.errors import escaped


def printable(text: str) -> str:
    """The text with all that a terminal would obey written out; its own line ends and tabs stay."""
    return "\n".join("\t".join(map(escaped, line.split("\t"))) for line in text.split("\n"))


def echo(text: Any = "", *, err: bool = False, **options: Any) -> None:
    """`click.echo` of printable text, in the stream's own encoding: click's default turns ASCII into UTF-8."""
    click.echo(printable(str(text)), file=sys.stderr if err else sys.stdout, **options)


class Printable:
    """A stream that is written to through `printable` where it is a terminal; a file gets the text as it is."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        return self.stream.write(printable(text) if self.stream.isatty() else text)

    def flush(self) -> None:
        self.stream.flush()


def output() -> Printable:
    """Standard output for what may be read by people or by programs."""
    return Printable(sys.stdout)
