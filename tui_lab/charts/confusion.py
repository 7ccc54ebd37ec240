"""Confusion matrices: who is taken for whom, the worst mistakes first to be seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.colors import contrasting
from tui_lab.charts.heat import heat_map
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.text import cell_width, pad, shorten
from tui_lab.numbers import percent, si

WORST = 3
LEVELS = 10
LONGEST_NAME = 14
RECALL = 6  # columns of the recall at the right


def confusion_matrix(
    counts: np.ndarray, names: Sequence[str], height: int, width: int, style: ChartStyle, *, title: str = ""
) -> Canvas:
    """Draws counts (C, C), rows the true classes and columns the predicted ones, shaded by the share of their row:
    hits in one hue, mistakes in another, the worst three mistakes bold and marked. The recall of each class stands
    at the right where there is room. Too many classes for the room become a heat map of shares."""
    counts = np.atleast_2d(np.asarray(counts, dtype=np.float64))
    counts = np.where(np.isfinite(counts), np.clip(counts, 0, 1e15), 0.0)
    classes = min(counts.shape)
    counts = counts[:classes, :classes]
    names = [str(n) for n in names[:classes]] + [str(i) for i in range(len(names), classes)]
    canvas = Canvas.blank(height, width)
    header = int(bool(title) and height > classes + 1)
    if header:
        canvas.put(0, 0, title, style.palette.text, attributes=BOLD)
    texts = [[si(c) if c else style.glyphs.nothing for c in row] for row in counts.tolist()]
    digits = max((len(t) for row in texts for t in row), default=1)
    longest = max(map(cell_width, names), default=0)
    label = min(longest, LONGEST_NAME, max(width // 4, 3))
    cell = _cell_width(width - label - 1, classes, digits, longest)
    if not classes or cell is None or height < classes + 1 + header:
        canvas.paste(share_map(counts, height - header, width, style), header, 0)
        return canvas
    _draw_matrix(canvas, header, counts, texts, names, label, cell, style)
    return canvas


def share_map(counts: np.ndarray, height: int, width: int, style: ChartStyle) -> Canvas:
    """The share of each row's counts (C, C) as a heat map, by its root, for a few mistakes are worth seeing."""
    return heat_map(np.sqrt(_shares(counts)), height, width, style, low=0.0, high=1.0)


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _cell_width(room: int, classes: int, digits: int, longest: int) -> int | None:
    """The columns of a cell: as wide as names ask for as far as there is room beside the recall, else as wide as the
    counts need; None where not even these fit."""
    widest = max(min(longest, 8) + 2, digits + 3)
    for free, least in ((room - RECALL, digits + 3), (room, digits + 1)):
        cell = min(widest, free // max(classes, 1))
        if cell >= least:
            return cell
    return None


def _draw_matrix(
    canvas: Canvas,
    top: int,
    counts: np.ndarray,
    texts: list[list[str]],
    names: Sequence[str],
    label: int,
    cell: int,
    style: ChartStyle,
) -> None:
    palette, classes = style.palette, len(names)
    shares, worst = _shares(counts), worst_mistakes(counts, WORST)
    grounds = _grounds(shares, style)
    inks = contrasting(grounds, 0xF4F6FA, 0x14161B)
    left = label + 1
    with_recall = canvas.width - left - classes * cell >= RECALL
    canvas.put(top, 0, ("true \\ pred" if label >= 11 else "true" if label >= 4 else ""), palette.muted)
    for index, name in enumerate(names):
        canvas.put(
            top,
            left + index * cell,
            pad(shorten(name, cell - 1, style.glyphs.ellipsis), cell, "center"),
            palette.muted,
        )
    if with_recall:
        canvas.put(
            top, left + classes * cell, pad("recall" if cell > 5 else "rec", RECALL, "right"), palette.muted
        )
    for i in range(classes):
        row = top + 1 + i
        canvas.put(row, 0, pad(names[i], label, "right", style.glyphs.ellipsis), palette.text)
        for j in range(classes):
            marked = (i, j) in worst
            text = pad(texts[i][j] + ("!" if marked and not style.shaded else ""), cell, "center")
            fg = int(inks[i, j]) if counts[i, j] else palette.faint
            bg = int(grounds[i, j]) if style.shaded and counts[i, j] else None
            bold = BOLD if marked or i == j else 0
            canvas.put(row, left + j * cell, text, fg if style.shaded else palette.text, bg, bold)
        if with_recall and counts[i].sum() > 0:
            canvas.put(row, left + classes * cell, percent(shares[i, i]).rjust(RECALL), palette.muted)


def _grounds(shares: np.ndarray, style: ChartStyle) -> np.ndarray:
    """The color (C, C) behind each count; mistakes by the root of their share, for a few are worth seeing."""
    hit = style.palette.fades(style.palette.good, LEVELS)
    miss = style.palette.fades(style.palette.fault, LEVELS)
    levels = np.clip(shares * 0.75 * LEVELS, 0, LEVELS - 1).astype(int)
    rooted = np.clip(np.sqrt(shares) * LEVELS, 0, LEVELS - 1).astype(int)
    return np.where(np.eye(len(shares), dtype=bool), hit[levels], miss[rooted])


def worst_mistakes(counts: np.ndarray, most: int) -> list[tuple[int, int]]:
    """The (true, predicted) pairs with the highest counts off the diagonal, worst first, none of them zero."""
    wrong = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = zip(*(part.tolist() for part in np.unravel_index(order, wrong.shape)), strict=True)
    return [(i, j) for i, j in pairs if wrong[i, j] > 0]
