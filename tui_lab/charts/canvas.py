"""A grid of terminal cells that rasterisers paint and a screen, a file or a test reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tui_lab.charts.colors import DEFAULT
from tui_lab.charts.text import CELL, cells

BOLD, DIM, UNDERLINE, REVERSE = 1, 2, 4, 8

Run = tuple[str, int, int, int]


@dataclass(eq=False)
class Canvas:
    """H × W cells: chars '<U1' (an empty string is the right half of a wide character), fg and bg int32 as
    0xRRGGBB or −1 for the default, attributes uint8 flags. The arrays are free to paint on."""

    chars: np.ndarray
    fg: np.ndarray
    bg: np.ndarray
    attributes: np.ndarray

    @classmethod
    def blank(cls, height: int, width: int, bg: int = DEFAULT) -> Canvas:
        """An empty canvas; a negative size counts as 0."""
        shape = (max(height, 0), max(width, 0))
        return cls(
            np.full(shape, " ", dtype=CELL),
            np.full(shape, DEFAULT, dtype=np.int32),
            np.full(shape, bg, dtype=np.int32),
            np.zeros(shape, dtype=np.uint8),
        )

    @property
    def height(self) -> int:
        return self.chars.shape[0]

    @property
    def width(self) -> int:
        return self.chars.shape[1]

    def put(
        self, row: int, column: int, text: str, fg: int = DEFAULT, bg: int | None = None, attributes: int = 0
    ) -> None:
        """Writes a text, cut at the canvas's edges; bg None keeps the background that is there."""
        found = cells(text)
        first, last = max(column, 0), min(column + len(found), self.width)
        if not 0 <= row < self.height or first >= last:
            return
        found = found[first - column : last - column].copy()
        if found[0] == "":
            found[0] = " "
        chars = self.chars[row]
        if first and chars[first] == "":
            chars[first - 1] = " "
        if last < self.width and chars[last] == "":
            chars[last] = " "
        if last == self.width and column + len(cells(text)) > last and len(cells(found[-1])) == 2:
            found[-1] = " "
        chars[first:last] = found
        self.fg[row, first:last] = fg
        self.attributes[row, first:last] = attributes
        if bg is not None:
            self.bg[row, first:last] = bg

    def paste(self, other: Canvas, row: int, column: int) -> None:
        """Copies another canvas onto this one, its top left cell at (row, column), cut at the edges."""
        top, left = max(row, 0), max(column, 0)
        bottom, right = min(row + other.height, self.height), min(column + other.width, self.width)
        if top >= bottom or left >= right:
            return
        here = (slice(top, bottom), slice(left, right))
        there = (slice(top - row, bottom - row), slice(left - column, right - column))
        for mine, theirs in zip(self.arrays, other.arrays, strict=True):
            mine[here] = theirs[there]

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return self.chars, self.fg, self.bg, self.attributes

    def changed_spans(self, previous: Canvas | None) -> list[tuple[int, int, int]]:
        """(row, first column, last column + 1) of what differs from the previous canvas, a span a row at most; all
        rows whole without a canvas of the same size."""
        if previous is None or previous.chars.shape != self.chars.shape:
            return [(row, 0, self.width) for row in range(self.height)]
        changed = np.zeros(self.chars.shape, dtype=bool)
        for mine, theirs in zip(self.arrays, previous.arrays, strict=True):
            mine, theirs = (a.view(np.uint32) if a.dtype == CELL else a for a in (mine, theirs))
            changed |= mine != theirs
        rows = np.flatnonzero(changed.any(axis=1))
        first = changed[rows].argmax(axis=1)
        last = self.width - changed[rows, ::-1].argmax(axis=1)
        # One column more on either side: the other half of a wide character.
        first, last = np.maximum(first - 1, 0), np.minimum(last + 1, self.width)
        return list(zip(rows.tolist(), first.tolist(), last.tolist(), strict=True))

    def runs(self, row: int) -> list[Run]:
        """One row as (text, fg, bg, attributes) from left to right, equal neighbors joined. A blank takes the
        foreground of what stands before it, which makes fewer runs and looks the same."""
        if not self.width:
            return []
        chars, attributes = self.chars[row], self.attributes[row]
        codes = np.ascontiguousarray(chars).view(np.uint32)
        inked = (codes != 32) | (attributes != 0)
        source = np.maximum.accumulate(np.where(inked, np.arange(self.width), 0))
        fg, bg = self.fg[row][source], self.bg[row]
        turns = (fg[1:] != fg[:-1]) | (bg[1:] != bg[:-1]) | (attributes[1:] != attributes[:-1])
        starts = np.concatenate([[0], np.flatnonzero(turns) + 1])
        begin = starts.tolist()
        end = [*begin[1:], self.width]
        text = codes.astype("<u4").tobytes().decode("utf-32-le")
        styles = zip(fg[starts].tolist(), bg[starts].tolist(), attributes[starts].tolist(), strict=True)
        pieces = (text[a:b].replace("\0", "") for a, b in zip(begin, end, strict=True))
        return [(piece, *style) for piece, style in zip(pieces, styles, strict=True) if piece]

    def lines(self) -> list[str]:
        """The characters of each row, its colors left out."""
        return ["".join(row) for row in self.chars.tolist()]

    def to_text(self) -> str:
        """The characters alone, without blanks at the ends of rows."""
        return "\n".join(line.rstrip() for line in self.lines())
