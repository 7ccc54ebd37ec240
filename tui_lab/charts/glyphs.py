"""Glyph sets: which characters draw dots, bars, shades and marks where a terminal can show them.

`braille` needs a good font. `block` keeps to what the code page 437 and WGL4 fonts of consoles have: half blocks
and shades, neither quadrants nor eighths. `ascii` works everywhere.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tui_lab.charts.text import CELL


@dataclass(frozen=True, eq=False, repr=False)
class Glyphs:
    """A set of characters. A cell holds dots_y × dots_x dots; `table` (2^dots,) maps a mask of them to its
    character, bit dots_x·row + column standing for the dot at (row, column)."""

    name: str
    dots_x: int
    dots_y: int
    table: np.ndarray
    ramp: str  # from no ink to full
    rising: str  # a cell filled from below, by equal steps
    growing: str  # a cell filled from the left, by equal steps
    upper_half: str  # "" where a cell cannot hold two colors
    lower_half: str
    horizontal: str
    vertical: str
    corner: str
    tick_left: str
    tick_down: str
    dashed: str
    marks: str  # a class each; training points
    held_out: str  # a class each; validation and test points
    lines: str  # a series each, where lines are told apart by character; "" where by dash
    neuron: str
    minus: str
    ellipsis: str
    arrow: str
    right: str
    wrong: str
    nothing: str  # stands for zero where a digit would be noise

    def __repr__(self) -> str:
        return f"Glyphs({self.name})"

    def draw(self, dots: np.ndarray) -> np.ndarray:
        """The characters (H, W) of dots (H·dots_y, W·dots_x) bool."""
        return self.table[self.masks(dots)]

    def masks(self, dots: np.ndarray) -> np.ndarray:
        """The mask (H, W) uint8 of each cell of dots (H·dots_y, W·dots_x) bool."""
        bits = np.asarray(dots, dtype=bool).view(np.uint8)
        mask = np.zeros((dots.shape[0] // self.dots_y, dots.shape[1] // self.dots_x), dtype=np.uint8)
        for row in range(self.dots_y):
            for column in range(self.dots_x):
                mask |= bits[row :: self.dots_y, column :: self.dots_x] << (row * self.dots_x + column)
        return mask

    def shades(self, levels: np.ndarray) -> np.ndarray:
        """Characters (…) whose ink grows with levels (…) from 0 to 1."""
        ramp = np.array(list(self.ramp), dtype=CELL)
        return ramp[np.minimum((np.clip(levels, 0, 1) * len(ramp)).astype(int), len(ramp) - 1)]

    def mark(self, group: int, held_out: bool = False) -> str:
        """The mark of a class; more classes than marks begin again."""
        marks = self.held_out if held_out else self.marks
        return marks[group % len(marks)]


def _braille_table() -> np.ndarray:
    # Unicode numbers the dots down the left column, down the right, then the bottom row.
    bit_of = (0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80)
    codes = [0x2800 + sum(bit for i, bit in enumerate(bit_of) if mask >> i & 1) for mask in range(256)]
    return np.array([" ", *map(chr, codes[1:])], dtype=CELL)


BRAILLE = Glyphs(
    name="braille",
    dots_x=2,
    dots_y=4,
    table=_braille_table(),
    ramp=" ░▒▓█",
    rising=" ▁▂▃▄▅▆▇█",
    growing=" ▏▎▍▌▋▊▉█",
    upper_half="▀",
    lower_half="▄",
    horizontal="─",
    vertical="│",
    corner="└",
    tick_left="┤",
    tick_down="┬",
    dashed="┆",
    marks="•◦▴▵◆◇★☆▸▹",
    held_out="▪▫▾▿■□✚✛◂◃",
    lines="",
    neuron="●",
    minus="−",
    ellipsis="…",
    arrow="→",
    right="✓",
    wrong="✗",
    nothing="·",
)

BLOCK = Glyphs(
    name="block",
    dots_x=2,
    dots_y=2,
    table=np.array(list(" ▀▀▀▄▌██▄█▐█▄███"), dtype=CELL),
    ramp=" ░▒▓█",
    rising=" ▄█",
    growing=" ▌█",
    upper_half="▀",
    lower_half="▄",
    horizontal="─",
    vertical="│",
    corner="└",
    tick_left="┤",
    tick_down="┬",
    dashed=":",
    marks="•○▲▼►◄♦♣♠♥",
    held_out="oxvnszcwme",
    lines="",
    neuron="■",
    minus="-",
    ellipsis="~",
    arrow=">",
    right="+",
    wrong="x",
    nothing="·",
)

ASCII = Glyphs(
    name="ascii",
    dots_x=1,
    dots_y=3,
    table=np.array(list(" '-'.:.|"), dtype=CELL),
    ramp=" .:-=+*#%@",
    rising=" .:#",
    growing=" =",
    upper_half="",
    lower_half="",
    horizontal="-",
    vertical="|",
    corner="+",
    tick_left="+",
    tick_down="+",
    dashed=":",
    marks="oxvnszcwme",
    held_out="OXVNSZCWME",
    lines="*+ox#%@&",
    neuron="O",
    minus="-",
    ellipsis="~",
    arrow=">",
    right="+",
    wrong="x",
    nothing=".",
)

GLYPHS = {glyphs.name: glyphs for glyphs in (BRAILLE, BLOCK, ASCII)}


def glyphs_for(environment: Mapping[str, str], encoding: str | None) -> Glyphs:
    """The set a terminal can show, from its TERM and the encoding of its stream: `ascii` unless it speaks UTF-8,
    `block` on a Linux or VT console, else `braille`."""
    try:
        speaks_unicode = codecs.lookup(encoding or "ascii").name.startswith("utf")
    except LookupError:
        speaks_unicode = False
    if not speaks_unicode:
        return ASCII
    return BLOCK if environment.get("TERM", "").startswith(("linux", "vt")) else BRAILLE
