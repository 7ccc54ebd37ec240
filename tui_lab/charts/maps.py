"""Small multiples: many small maps in rows, a title a row, one of them marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.heat import heat_map
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.text import shorten

LARGEST = 6  # dots a value: a small map blown up further says no more
EVEN = 4  # what each row of maps gets of the room, beside its maps' height in values
SMALLEST = 2  # rows of cells


@dataclass(frozen=True)
class Tile:
    """Where a map stands: its number and its row among the titles, and the cells it takes."""

    row: int
    index: int
    top: int
    left: int
    height: int
    width: int

    def holds(self, y: int, x: int) -> bool:
        return self.top <= y < self.top + self.height and self.left <= x < self.left + self.width


Maps = Sequence[tuple[str, np.ndarray]]  # (title, (M, h, w))


def tiles(rows: Maps, height: int, width: int) -> list[Tile]:
    """Where maps stand in height × width cells: each row of them under its title, as large as there is room."""
    found: list[Tile] = []
    tops = tops_of(rows, height)
    for row, (_, maps) in enumerate(rows):
        room, top = tops[row + 1] - tops[row] - 1, tops[row] + 1
        if not len(maps) or room < 1 or 0 in maps.shape:
            continue
        high, wide = tile_size(len(maps), maps.shape[1], maps.shape[2], room, width)
        across = max(1, (width + 1) // (wide + 1))
        for index in range(len(maps)):
            y, x = top + index // across * (high + 1), index % across * (wide + 1)
            if y + high <= top + room and x + wide <= width:
                found.append(Tile(row, index, y, x, high, wide))
    return found


def tops_of(rows: Maps, height: int) -> list[int]:
    """Where each row of maps begins, and the last one ends: taller maps get more room, but never all of it."""
    shares = np.array([maps.shape[1] + EVEN if len(maps) else 0 for _, maps in rows], float)
    ends = np.cumsum(shares) / max(1.0, shares.sum()) * height
    return [0, *np.round(ends).astype(int).tolist()]


def tile_size(count: int, tall: int, broad: int, room: int, width: int) -> tuple[int, int]:
    """Cells of a tile: the largest at which all have room, whole dots a value before others; else a dot a value, or
    as much as there is room for."""
    most = max(1, min(room, -(-tall * LARGEST // 2)))
    sizes = list(range(most, max(SMALLEST, -(-tall // 2)) - 1, -1)) or [most]
    for high in [*(h for h in sizes if 2 * h % tall == 0), *sizes]:
        wide = max(1, round(2 * high * broad / tall))
        if (width + 1) // (wide + 1) * ((room + 1) // (high + 1)) >= count:
            return high, wide
    high = sizes[-1]
    return high, max(1, min(width, round(2 * high * broad / tall)))


def map_rows(
    rows: Maps,
    height: int,
    width: int,
    style: ChartStyle,
    *,
    signed: bool = False,
    low: float = 0.0,
    high: float = 1.0,
    marked: tuple[int, int] | None = None,
) -> Canvas:
    """Draws maps in rows; `marked` is the (row, index) of one whose corners are set off. What has no room is told
    by number beside the title."""
    canvas, palette = Canvas.blank(height, width), style.palette
    placed = tiles(rows, height, width)
    tops = tops_of(rows, height)
    for row, (title, maps) in enumerate(rows):
        shown = sum(tile.row == row for tile in placed)
        chosen = marked is not None and marked[0] == row
        canvas.put(tops[row], 0, shorten(title, width), palette.text if chosen else palette.muted)
        if shown < len(maps):
            canvas.put(tops[row], len(title) + 2, f"{shown} of {len(maps)}", palette.faint)
    for tile in placed:
        values = rows[tile.row][1][tile.index]
        drawn = heat_map(values, tile.height, tile.width, style, signed=signed, low=low, high=high)
        canvas.paste(drawn, tile.top, tile.left)
        if marked == (tile.row, tile.index) and tile.top:
            rule = style.glyphs.horizontal * min(tile.width, width - tile.left)
            above = canvas.chars[tile.top - 1, tile.left : tile.left + tile.width]
            if (above == " ").all():
                canvas.put(tile.top - 1, tile.left, rule, palette.cursor, attributes=BOLD)
            else:
                canvas.attributes[tile.top - 1, tile.left : tile.left + tile.width] |= BOLD
    return canvas
