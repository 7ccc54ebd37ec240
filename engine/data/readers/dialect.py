"""Dialect: how a file of separated values is written, seen from its first lines."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BLANKS = " "  # any run of blanks and tabs separates
SEPARATORS = (",", ";", "\t", "|")
SAMPLE = 200  # lines that are looked at
CONSISTENT = 0.9
SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "|", BLANKS: "blanks"}


@dataclass(frozen=True)
class Dialect:
    """The separator, how many lines stand before the table, and whether lines that begin with # are comments."""

    separator: str = ","
    skip: int = 0
    comments: bool = False
    notes: tuple[str, ...] = ()


def seen_from(lines: Sequence[str], separator: str = "", tabs: bool = False) -> Dialect:
    """The dialect of a file that begins with these lines. `tabs`: its name says that it is separated by tabs."""
    skip, notes = 0, []
    match = SEP.fullmatch(lines[0]) if lines else None
    if match:
        separator, skip = separator or match[1], 1
    rest = lines[skip:]
    comments = any(line.startswith("#") for line in rest)
    plain = [line for line in rest if line.strip() and not (comments and line.startswith("#"))]
    if not separator:
        separator = "\t" if tabs and any("\t" in line for line in plain) else guessed(plain)
    if comments:
        comments, renamed = comments_of(rest, separator)
        if not comments and renamed:
            notes.append("the header begins with #")
    count = sum(line.startswith("#") for line in rest) if comments else 0
    if count:
        notes.append(f"lines that begin with # are comments ({count:,} of the first {len(lines):,})")
    return Dialect(separator, skip, comments, tuple(notes))


def comments_of(lines: Sequence[str], separator: str) -> tuple[bool, bool]:
    """Whether lines that begin with # are comments, and whether one of them is the header."""
    marked = [line for line in lines if line.startswith("#")]
    plain = [line for line in lines if line.strip() and not line.startswith("#")]
    if not plain:
        return False, False
    width = Counter(widths(plain, separator)).most_common(1)[0][0]
    alike = [line for line in marked if widths([line], separator) == [width]]
    if width == 1 or len(alike) < len(marked) or len(marked) > 1:
        return True, False
    first = next(line for line in lines if line.strip())
    return first != marked[0], first == marked[0]


def guessed(lines: Sequence[str]) -> str:
    """The separator that parts most lines alike; blanks where no other does."""
    best = ","
    score: tuple[bool, float] = (False, 0.0)
    inner = any(s in line for line in lines for s in ";\t|")
    for separator in SEPARATORS:
        # 1,5;2,5 has two values: commas within numbers do not part them where another separator is there
        sample = (
            [re.sub(r"(?<=\d),(?=\d)", "", line) for line in lines] if separator == "," and inner else lines
        )
        counted = Counter(widths(sample, separator))
        if not counted:
            continue
        width, count = max(counted.items(), key=lambda item: (item[1], item[0]))
        fraction = count / counted.total()
        if width > 1 and (fraction >= CONSISTENT, width if fraction >= CONSISTENT else fraction) > score:
            best, score = separator, (fraction >= CONSISTENT, width if fraction >= CONSISTENT else fraction)
    if score[0]:
        return best
    blanks = Counter(widths(lines, BLANKS))
    if blanks:
        width, count = blanks.most_common(1)[0]
        if width > 1 and count >= CONSISTENT * blanks.total():
            return BLANKS
    return best


def widths(lines: Iterable[str], separator: str) -> list[int]:
    """How many cells each line has; trailing separators do not count."""
    found = []
    try:
        for row in csv.reader(parted(lines, separator), delimiter=separator, skipinitialspace=True):
            while len(row) > 1 and not row[-1].strip():
                row.pop()
            if row:
                found.append(len(row))
    except csv.Error:
        pass
    return found


def parted(lines: Iterable[str], separator: str) -> Iterable[str]:
    """The lines as Python's csv reads them: of a run of blanks one is left."""
    if separator != BLANKS:
        return lines
    return (line.strip().replace("\t", " ") + "\n" for line in lines)
