"""Signals in small: many short curves side by side, each over its caption."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tui_lab.charts.canvas import Canvas
from tui_lab.charts.images import Caption, draw_caption
from tui_lab.charts.palette import ChartStyle

NARROWEST = 16
TALLEST, LOWEST = 6, 2


def signal(
    values: np.ndarray, height: int, width: int, style: ChartStyle, *, low: float, high: float, color: int
) -> Canvas:
    """A curve through values (T,) over height × width cells; low and high are the bottom and the top."""
    canvas = Canvas.blank(height, width)
    values = np.asarray(values, dtype=np.float64)
    if not canvas.chars.size or not len(values):
        return canvas
    rows, columns = height * style.glyphs.dots_y, width * style.glyphs.dots_x
    at = np.interp(np.linspace(0, len(values) - 1, columns), np.arange(len(values)), np.nan_to_num(values))
    up = np.clip((at - low) / max(high - low, 1e-12), 0, 1)
    y = ((1 - up) * (rows - 1) + 0.5).astype(int)
    before = np.concatenate([y[:1], y[:-1]])
    first, last = np.minimum(y, before), np.maximum(y, before)
    first = np.where(first < y, first + 1, first)  # a steep stretch begins where the one before ended
    last = np.where(last > y, last - 1, last)
    row = np.arange(rows)[:, None]
    canvas.chars[:] = style.glyphs.draw((row >= first) & (row <= last))
    canvas.fg[:] = color
    return canvas


def signals(
    values: np.ndarray, captions: Sequence[Caption], height: int, width: int, style: ChartStyle
) -> Canvas:
    """Signals (N, T) as small curves on one scale, as many as there is room for, each over its caption."""
    canvas, palette = Canvas.blank(height, width), style.palette
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape or height < 2 or width < 4:
        return canvas
    across = max(1, (width + 2) // (NARROWEST + 2))
    wide = (width + 2) // across - 2
    high = next(
        (h for h in range(TALLEST, LOWEST, -1) if (height + 1) // (h + 2) * across >= len(values)), LOWEST + 1
    )
    high = min(high, height - 1)
    down = max(1, (height + 1) // (high + 2))
    finite = values[np.isfinite(values)]
    low, top = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    for i in range(min(len(values), across * down)):
        y, x = i // across * (high + 2), i % across * (wide + 2)
        right = captions[i].right if i < len(captions) else None
        color = palette.fault if right is False else palette.train
        canvas.paste(signal(values[i], high, wide, style, low=low, high=top, color=color), y, x)
        if i < len(captions):
            draw_caption(canvas, y + high, x, wide, captions[i], style)
    return canvas
