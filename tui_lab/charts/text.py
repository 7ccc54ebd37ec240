"""Text as terminal cells: what a string occupies on a grid, so that no label shifts its neighbors."""

import unicodedata

import numpy as np
from rich.cells import get_character_cell_size

CELL = np.dtype("<U1")
REPLACEMENT = "�"


def cells(text: str) -> np.ndarray:
    """The cells (n,) of a text. A wide character takes two, the second an empty string; marks without width are
    dropped and control characters replaced, so that a name from a file can neither shift a row nor steer the
    terminal."""
    if text.isascii() and text.isprintable():
        return np.array(list(text), dtype=CELL) if text else np.empty(0, dtype=CELL)
    found: list[str] = []
    for character in text:
        kind = unicodedata.category(character)
        if kind != "Cf" and (kind[0] == "C" or kind in ("Zl", "Zp")):
            found.append(REPLACEMENT)
            continue
        width = get_character_cell_size(character)  # the measure that Textual lays rows out by
        found += [character, ""][:width]
    return np.array(found, dtype=CELL) if found else np.empty(0, dtype=CELL)


def cell_width(text: str) -> int:
    """How many cells a text takes."""
    return len(text) if text.isascii() and text.isprintable() else len(cells(text))


def cut(text: str, first: int, last: int) -> str:
    """The cells first … last − 1 of a text; half a wide character becomes a blank."""
    if text.isascii() and text.isprintable():
        return text[first:last]
    found = cells(text)
    kept = found[first:last].copy()
    if len(kept) and kept[0] == "":
        kept[0] = " "
    if len(kept) and last < len(found) and found[last] == "":
        kept[-1] = " "
    return "".join(kept.tolist())


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """The text in at most `width` cells; a longer one ends in the ellipsis."""
    if cell_width(text) <= width:
        return text
    if width <= len(ellipsis):
        return ellipsis[: max(width, 0)]
    kept = cells(text)[: width - len(ellipsis) + 1]
    kept = kept[:-2] if kept[-1] == "" else kept[:-1]
    return "".join(kept.tolist()) + ellipsis


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a text in at most `width` cells each: its own line ends are kept, longer lines are cut at spaces
    where there are any. Control characters and tabs become single cells."""
    lines = []
    for line in text.split("\n"):
        line = "".join(c if c.isprintable() else " " for c in line)
        while cell_width(line) > max(width, 1):
            room = len("".join(cells(line)[: max(width, 1)].tolist()))
            cut = line.rfind(" ", 0, room + 1)
            cut = cut if cut > room // 2 else max(room, 1)
            lines.append(line[:cut].rstrip())
            line = line[cut:].lstrip() if cut < len(line) else ""
        lines.append(line)
    return lines


def pad(text: str, width: int, align: str = "left", ellipsis: str = "…") -> str:
    """The text in exactly `width` cells, shortened or filled; align is "left", "right" or "center"."""
    short = shorten(text, width, ellipsis)
    room = max(width - cell_width(short), 0)
    before = {"left": 0, "right": room, "center": room // 2}[align]
    return " " * before + short + " " * (room - before)
